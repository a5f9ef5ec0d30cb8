use super::*;
use serde_json::json;

fn body() -> Value {
    json!({
        "currency": "MXN",
        "customer_info": { "name": "Ana Diaz", "email": "ana@example.mx", "phone": "+525512345678" },
        "line_items": [{ "name": "WiFi 1 hora", "unit_price": 2000, "quantity": 2 }],
    })
}

fn read(body: &Value) -> Result<OrderDraft, Failure> {
    order(body.to_string().as_bytes())
}

/// The fields that are refused when one value is put in place of another.
fn refused(pointer: &str, value: Value) -> Vec<String> {
    let mut body = body();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match field.parse::<usize>() {
        Ok(at) => parent[at] = value,
        Err(_) => parent[field] = value,
    }
    let failure =
        read(&body).map_or_else(|failure| failure, |_| panic!("{pointer} should be refused: {body}"));
    assert_eq!((failure.status, failure.kind), (422, "parameter_validation_error"));
    failure.details.into_iter().filter_map(|detail| detail.param).collect()
}

#[test]
fn an_order_adds_its_lines_up() {
    let mut body = body();
    body["tax_lines"] = json!([{ "description": "IVA", "amount": 640 }]);
    body["shipping_lines"] = json!([{ "amount": 100 }]);
    body["discount_lines"] = json!([{ "code": "x", "amount": 40 }]);
    assert_eq!(read(&body).unwrap().amount, 4700);
}

#[test]
fn each_wrong_field_is_named() {
    let rows = [
        ("/currency", json!("PESOS"), "currency"),
        ("/currency", json!("EUR"), "currency"),
        ("/customer_info", json!(null), "customer_info"),
        ("/customer_info/name", json!("Ana"), "customer_info.name"),
        ("/customer_info/name", json!("Ana 2 Diaz"), "customer_info.name"),
        ("/customer_info/name", json!(null), "customer_info.name"),
        ("/customer_info/email", json!("ana"), "customer_info.email"),
        ("/customer_info/phone", json!("123"), "customer_info.phone"),
        ("/customer_info/phone", json!("55-1234-5678"), "customer_info.phone"),
        ("/line_items", json!([]), "line_items"),
        ("/line_items/0", json!("x"), "line_items[0]"),
        ("/line_items/0/name", json!("ab"), "line_items[0].name"),
        ("/line_items/0/unit_price", json!(19.99), "line_items[0].unit_price"),
        ("/line_items/0/unit_price", json!("2000"), "line_items[0].unit_price"),
        ("/line_items/0/unit_price", json!(-1), "line_items[0].unit_price"),
        ("/line_items/0/quantity", json!(0), "line_items[0].quantity"),
        ("/line_items/0/description", json!("x"), "line_items[0].description"),
        ("/line_items/0/tags", json!([]), "line_items[0].tags"),
        ("/metadata", json!({ "a": { "b": 1 } }), "metadata.a"),
        ("/metadata", json!({ "a": [1] }), "metadata.a"),
        ("/metadata", json!({ "a": "x".repeat(250) }), "metadata.a"),
        ("/three_ds_mode", json!(null), "three_ds_mode"),
        ("/three_ds_mode", json!("always"), "three_ds_mode"),
        ("/pre_authorize", json!("yes"), "pre_authorize"),
        ("/checkout", json!({ "type": "HostedPayment" }), "checkout"),
        ("/charges", json!([]), "charges"),
    ];
    for (pointer, value, param) in rows {
        assert_eq!(refused(pointer, value.clone()), [param], "{pointer} = {value}");
    }
    let many: Map<String, Value> = (0..101).map(|n| (format!("k{n}"), json!(1))).collect();
    assert_eq!(refused("/metadata", Value::Object(many)), ["metadata"]);
}

#[test]
fn a_charge_is_read_alone_and_inside_an_order() {
    let method = json!({ "type": "card", "token_id": "tok_1", "customer_ip_address": "203.0.113.7" });
    let alone = json!({ "payment_method": method, "reference_id": "a-1" });
    let draft = charge(alone.to_string().as_bytes(), 4000).unwrap();
    assert_eq!((draft.token_id.as_str(), draft.reference_id.as_deref()), ("tok_1", Some("a-1")));
    let mut with_charge = body();
    with_charge["charges"] = json!([alone]);
    assert_eq!(read(&with_charge).unwrap().charge, Some(draft));
}

#[test]
fn a_wrong_charge_is_refused() {
    let rows = [
        (json!({}), "parameter_validation.charges0.payment_method.type.invalid"),
        (
            json!({ "payment_method": { "type": "card", "token_id": "4242" } }),
            "parameter_validation.payment_method.token_id.nonexistent_token",
        ),
        (
            json!({ "payment_method": { "type": "bnpl", "token_id": "tok_1" } }),
            "parameter_validation.charges0.payment_method.type.invalid",
        ),
        (
            json!({ "amount": 1, "payment_method": { "type": "card", "token_id": "tok_1" } }),
            "parameter_validation.charges0.amount.invalid",
        ),
    ];
    for (body, code) in rows {
        let failure = charge(body.to_string().as_bytes(), 4000).unwrap_err();
        assert_eq!((failure.status, failure.details[0].code.as_str()), (422, code), "{body}");
    }
}

#[test]
fn a_refund_needs_amount_and_reason() {
    let right = json!({ "amount": 100, "reason": "other" });
    assert_eq!(refund(right.to_string().as_bytes()).unwrap().amount, 100);
    for wrong in
        [json!({ "amount": 100 }), json!({ "reason": "other" }), json!({ "amount": 0, "reason": "x" })]
    {
        assert_eq!(refund(wrong.to_string().as_bytes()).unwrap_err().status, 422, "{wrong}");
    }
}

#[test]
fn what_is_no_object_is_malformed() {
    for body in [&b""[..], b"{", b"[]", b"\xff"] {
        assert_eq!(order(body).unwrap_err().status, 400);
    }
}
