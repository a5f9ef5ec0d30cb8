use axum::extract::Request;
use futures_util::stream;
use serde_json::{Value, json};

use super::{Body, Fields, read_bytes};
use crate::domain::code::Code;
use crate::http::error::ApiError;
use crate::text::Language;

fn body(value: &Value) -> Body {
    Body::parse(value.to_string().as_bytes()).expect("an object")
}

#[expect(clippy::needless_pass_by_value, reason = "reads better with literals")]
fn read<T>(value: Value, reading: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
    body(&value).read(reading)
}

/// `type` and last element of `loc` of each issue.
fn faults<T>(result: Result<T, ApiError>) -> Vec<(String, String)> {
    let Err(error) = result else { return Vec::new() };
    let body = error.body(Language::English, "r");
    let issues = body["detail"].as_array().expect("a list").clone();
    issues
        .iter()
        .map(|issue| {
            let loc = issue["loc"].as_array().expect("a list");
            let last = loc.last().expect("a place");
            (issue["type"].as_str().expect("a type").to_owned(), last.as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

fn fault<T>(result: Result<T, ApiError>) -> String {
    let faults = faults(result);
    assert!(faults.len() <= 1, "{faults:?}");
    faults.into_iter().next().map(|(kind, _)| kind).unwrap_or_default()
}

#[test]
fn all_faults_come_at_once_under_the_first_name() {
    let result = read(json!({"product_id": "x", "customer_email": "no"}), |fields| {
        (
            fields.required_integer(("producto_id", "product_id")),
            fields.required_string(("nombre_cliente", "customer_name"), 255),
            fields.required_email(("email_cliente", "customer_email")),
        )
    });
    let expected =
        [("int_parsing", "producto_id"), ("missing", "nombre_cliente"), ("value_error", "email_cliente")];
    assert_eq!(faults(result), expected.map(|(kind, place)| (kind.to_owned(), place.to_owned())));
}

#[test]
fn the_first_name_wins() {
    let read = read(json!({"producto_id": 1, "product_id": 2}), |fields| {
        fields.required_integer(("producto_id", "product_id"))
    });
    assert_eq!(read, Ok(1));
}

#[test]
fn integers_accept_numeric_texts_and_whole_floats() {
    let integer = |value: Value| read(json!({"n": value}), |fields| fields.required_integer("n"));
    for (sent, expected) in
        [(json!(7), 7), (json!("7"), 7), (json!(" 7 "), 7), (json!(7.0), 7), (json!("-7.0"), -7)]
    {
        assert_eq!(integer(sent), Ok(expected));
    }
    assert_eq!(fault(integer(json!(7.5))), "int_from_float");
    assert_eq!(fault(integer(json!("seven"))), "int_parsing");
    assert_eq!(fault(integer(json!("99999999999999999999"))), "int_parsing");
    assert_eq!(fault(integer(json!(true))), "int_type");
    assert_eq!(fault(integer(Value::Null)), "int_type");
    assert_eq!(fault(read(json!({}), |fields| fields.required_integer("n"))), "missing");
}

#[test]
fn strings_do_not_accept_numbers_but_texts_do() {
    let sent = json!({"a": 5512345678_u64, "b": "x", "c": null});
    assert_eq!(fault(read(sent.clone(), |fields| fields.required_string("a", 32))), "string_type");
    assert_eq!(read(sent.clone(), |fields| fields.optional_text("a", 32)), Ok(Some("5512345678".to_owned())));
    assert_eq!(read(sent.clone(), |fields| fields.optional_string("c", 32)), Ok(None));
    assert_eq!(fault(read(sent, |fields| fields.required_string("b", 0))), "string_too_long");
    assert_eq!(fault(read(json!({"z": "a\u{0}b"}), |fields| fields.required_string("z", 9))), "string_type");
}

#[test]
fn booleans_accept_the_usual_words() {
    let boolean = |value: Value| read(json!({"b": value}), |fields| fields.boolean("b", false));
    for sent in [json!(true), json!(1), json!("ON"), json!("yes"), json!("t"), json!("1")] {
        assert_eq!(boolean(sent), Ok(true));
    }
    for sent in [json!(false), json!(0), json!("off"), json!("N"), json!("0")] {
        assert_eq!(boolean(sent), Ok(false));
    }
    for sent in [json!(2), json!("maybe"), json!([]), Value::Null] {
        assert_eq!(fault(boolean(sent)), "bool_parsing");
    }
    assert_eq!(read(json!({}), |fields| fields.boolean("b", true)), Ok(true));
}

#[test]
fn addresses_must_parse_and_may_be_empty() {
    let sent = json!({"mac": "a0-b1-c2-d3-e4-f5", "ip": "10.0.0.7", "none": "", "bad": "10.0.0"});
    assert_eq!(
        read(sent.clone(), |fields| fields.optional_mac("mac")),
        Ok(Some("A0:B1:C2:D3:E4:F5".to_owned()))
    );
    assert_eq!(read(sent.clone(), |fields| fields.optional_ipv4("ip")), Ok(Some("10.0.0.7".to_owned())));
    assert_eq!(read(sent.clone(), |fields| fields.optional_mac("none")), Ok(None));
    assert_eq!(fault(read(sent.clone(), |fields| fields.optional_mac("bad"))), "value_error");
    assert_eq!(fault(read(sent, |fields| fields.optional_ipv4("bad"))), "value_error");
}

#[test]
fn absent_null_and_set_differ_in_a_change() {
    let sent = json!({"null": null, "set": "x"});
    assert_eq!(read(sent.clone(), |fields| fields.change_of_string("absent", 9)), Ok(None));
    assert_eq!(read(sent.clone(), |fields| fields.change_of_string("null", 9)), Ok(Some(None)));
    assert_eq!(read(sent, |fields| fields.change_of_string("set", 9)), Ok(Some(Some("x".to_owned()))));
}

#[test]
fn what_is_no_object_is_refused() {
    assert_eq!(faults(Body::parse(b"")), [("missing".to_owned(), "body".to_owned())]);
    assert_eq!(faults(Body::parse(b"[]")), [("dict_type".to_owned(), "body".to_owned())]);
    assert_eq!(fault(Body::parse(b"{")), "json_invalid");
}

#[test]
fn card_data_is_refused_by_name() {
    for field in super::CARD_FIELDS {
        let error = body(&json!({field: "4242"})).refuse_card_data().expect_err("refused");
        assert_eq!((error.status().as_u16(), error.code().as_str()), (400, "card_data_refused"));
    }
    assert!(body(&json!({"token_tarjeta": "tok_1"})).refuse_card_data().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let never = stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = Request::new(axum::body::Body::from_stream(never));
    let refused = read_bytes(request, 100).await.expect_err("given up");
    assert_eq!(refused.code(), Code::RequestInvalid);
}
