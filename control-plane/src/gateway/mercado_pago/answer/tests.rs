//! The whole status table, the whole refusal table, and answers that were never promised.

use serde_json::{Value, json};

use super::{charging, facts, listing, reading, refunding, searching};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::gateway::{
    Card, Charging, Listing, Payment, PaymentStatus, PaymentView, Reading, Refunding, Searching,
};

/// An answer of something between the gateway and us.
const STRANGERS: [&[u8]; 8] = [
    b"<html><body>502 Bad Gateway</body></html>",
    b"",
    b"null",
    b"[]",
    b"\"Forbidden\"",
    br#"{"message":"Forbidden"}"#,
    br#"{"error":"access_denied","error_description":"x"}"#,
    br#"{"message":"limit","error":"x","status":599,"cause":[]}"#,
];

fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

fn body(status: &str, detail: &str) -> Value {
    json!({"id": 123, "status": status, "status_detail": detail, "transaction_amount": 20, "currency_id": "MXN",
           "external_reference": "TRX_1-1", "live_mode": false, "captured": true})
}

fn view(body: &Value) -> PaymentView {
    match reading(200, &bytes(body)) {
        Reading::Found(view) => *view,
        Reading::Denied | Reading::Unknown => panic!("the payment is there: {body}"),
    }
}

fn payment(code: Code) -> Failure {
    Failure::new(code, FailureKind::Payment)
}

fn error(status: u16, cause: &Value) -> Vec<u8> {
    let causes =
        if cause.is_null() { json!([]) } else { json!([{"code": cause, "description": "x", "data": "y"}]) };
    bytes(&json!({"message": "text", "error": "bad_request", "status": status, "cause": causes}))
}

#[test]
fn every_status_has_its_meaning() {
    let later = || PaymentStatus::PendingAsync { review: false };
    let disputed = || PaymentStatus::Reversed(payment(Code::PaymentDisputed));
    let refunded = || PaymentStatus::Reversed(payment(Code::PaymentRefunded));
    let canceled = || PaymentStatus::Closed(payment(Code::PaymentCanceled));
    let table = [
        ("approved", "accredited", PaymentStatus::Paid),
        ("approved", "", PaymentStatus::Paid),
        ("approved", "a_new_word", PaymentStatus::Paid),
        ("approved", "partially_refunded", PaymentStatus::PartlyRefunded),
        ("authorized", "pending_capture", later()),
        ("in_process", "pending_review_manual", PaymentStatus::PendingAsync { review: true }),
        ("in_process", "pending_contingency", later()),
        ("in_process", "offline_process", later()),
        ("in_process", "deferred_retry", later()),
        ("pending", "pending_challenge", PaymentStatus::ActionRequired { redirect: None }),
        ("pending", "pending_waiting_payment", later()),
        ("pending", "pending_waiting_transfer", later()),
        ("pending", "pending_contingency", later()),
        ("pending", "pending_review_manual", PaymentStatus::PendingAsync { review: true }),
        ("pending", "a_new_word", later()),
        ("cancelled", "expired", PaymentStatus::Closed(payment(Code::PaymentExpired))),
        ("cancelled", "by_collector", canceled()),
        ("cancelled", "by_payer", canceled()),
        ("canceled", "", canceled()),
        ("refunded", "refunded", refunded()),
        ("refunded", "by_admin", refunded()),
        ("charged_back", "settled", disputed()),
        ("charged_back", "in_process", disputed()),
        ("charged_back", "reimbursed", disputed()),
        ("in_mediation", "", disputed()),
        ("", "", PaymentStatus::Other),
        ("APPROVED", "accredited", PaymentStatus::Other),
        ("a_new_word", "accredited", PaymentStatus::Other),
    ];
    for (status, detail, meaning) in table {
        let view = view(&body(status, detail));
        assert_eq!(view.status, meaning, "{status} {detail}");
        assert_eq!((view.words.status.as_str(), view.words.detail.as_str()), (status, detail));
    }
}

#[test]
fn every_rejection_has_its_code() {
    let table = [
        ("cc_rejected_insufficient_amount", Code::InsufficientFunds),
        ("insufficient_amount", Code::InsufficientFunds),
        ("cc_amount_rate_limit_exceeded", Code::InsufficientFunds),
        ("cc_rejected_bad_filled_card_number", Code::CardNumberInvalid),
        ("cc_rejected_bad_filled_date", Code::CardExpiryInvalid),
        ("cc_rejected_bad_filled_security_code", Code::CardCvvInvalid),
        ("cc_rejected_bad_filled_other", Code::CardInvalid),
        ("cc_rejected_card_disabled", Code::CardBlocked),
        ("cc_rejected_high_risk", Code::CardDeclined),
        ("rejected_high_risk", Code::CardDeclined),
        ("cc_rejected_blacklist", Code::CardDeclined),
        ("cc_rejected_other_reason", Code::CardDeclined),
        ("rejected_by_bank", Code::CardDeclined),
        ("cc_rejected_card_error", Code::ProcessingError),
        ("bank_error", Code::ProcessingError),
        ("cc_rejected_duplicated_payment", Code::DuplicatePayment),
        ("cc_rejected_call_for_authorize", Code::CallIssuer),
        ("cc_rejected_max_attempts", Code::TooManyAttempts),
        ("cc_rejected_card_type_not_allowed", Code::CardNotSupported),
        ("cc_rejected_3ds_challenge", Code::ThreeDsFailed),
        ("cc_rejected_3ds_mandatory", Code::ThreeDsFailed),
        ("invalid_payment_method", Code::PaymentMethodInvalid),
        ("invalid_token", Code::TokenInvalid),
        ("invalid_user", Code::PayerInvalid),
        ("invalid_installments", Code::InstallmentsInvalid),
        ("cc_rejected_invalid_installments", Code::InstallmentsInvalid),
        ("rejected_insufficient_data", Code::ProcessingError),
        ("rejected_by_regulations", Code::ProcessingError),
        ("some_cc_rejected_high_risk_like_word", Code::ProcessingError),
        ("", Code::ProcessingError),
    ];
    for (detail, code) in table {
        assert_eq!(
            view(&body("rejected", detail)).status,
            PaymentStatus::Declined(payment(code)),
            "{detail}"
        );
    }
}

#[test]
fn a_hold_is_not_paid() {
    for status in ["accredited", "partially_refunded"] {
        let mut held = body("approved", status);
        held["captured"] = json!(false);
        assert_eq!(view(&held).status, PaymentStatus::PendingAsync { review: false });
    }
    for captured in [json!(null), json!("false"), json!(0), json!(true)] {
        let mut paid = body("approved", "accredited");
        paid["captured"] = captured;
        assert_eq!(view(&paid).status, PaymentStatus::Paid);
    }
}

#[test]
fn only_the_gateways_own_page_is_shown_to_a_buyer() {
    let with = |url: Value| {
        let mut body = body("pending", "pending_challenge");
        body["three_ds_info"] = json!({"external_resource_url": url, "creq": "x"});
        view(&body).status
    };
    for good in [
        "https://www.mercadopago.com.mx/challenge?x=1",
        "https://api.mercadopago.com/x",
        "https://acs.mercadolibre.com/x",
    ] {
        assert_eq!(with(json!(good)), PaymentStatus::ActionRequired { redirect: Some(good.into()) });
    }
    for bad in [
        json!("http://www.mercadopago.com/"),
        json!("https://mercadopago.com.evil.example/"),
        json!("https://evilmercadopago.com/"),
        json!(null),
        json!(5),
    ] {
        assert_eq!(with(bad), PaymentStatus::ActionRequired { redirect: None });
    }
}

#[test]
fn a_payment_is_read_in_full() {
    let body = br#"{"id": 9007199254740993, "status": "approved", "status_detail": "accredited",
        "transaction_amount": 19.99, "currency_id": "MXN", "external_reference": "TRX_1-1", "live_mode": true,
        "captured": true, "transaction_amount_refunded": 0, "refunds": [], "payment_method_id": "visa",
        "payment_type_id": "credit_card", "issuer_id": "310", "authorization_code": "301299",
        "card": {"last_four_digits": "4242", "first_six_digits": "424242", "cardholder": {"name": "APRO"}},
        "an_unknown_field": {"deep": [null, 1e400]}}"#;
    let Reading::Found(view) = reading(200, body) else { panic!("the payment is there") };
    assert_eq!((view.id.as_str(), view.amount_minor, view.live), ("9007199254740993", 1999, true));
    assert_eq!((view.currency.as_str(), view.reference.as_deref()), ("MXN", Some("TRX_1-1")));
    let owned = |text: &str| Some(text.to_owned());
    let card = Card {
        brand: owned("visa"),
        kind: owned("credit_card"),
        last4: owned("4242"),
        issuer: owned("310"),
        auth_code: owned("301299"),
    };
    assert_eq!(view.card, Some(card));
}

#[test]
fn amounts_are_read_as_they_were_written() {
    let minor = |amount: &str, currency: &str| {
        let body = format!(
            r#"{{"id":1,"status":"approved","transaction_amount":{amount},"currency_id":"{currency}"}}"#
        );
        match reading(200, body.as_bytes()) {
            Reading::Found(view) => Some(view.amount_minor),
            Reading::Denied | Reading::Unknown => None,
        }
    };
    for (amount, currency, expected) in [
        ("19.99", "MXN", Some(1999)),
        ("20", "MXN", Some(2000)),
        ("20.0", "MXN", Some(2000)),
        ("1e2", "MXN", Some(10_000)),
        ("1500", "CLP", Some(1500)),
        ("1500.0", "COP", Some(1500)),
        ("1500", "VES", Some(150_000)),
        ("90071992547409.93", "MXN", Some(9_007_199_254_740_993)),
        ("1500.5", "CLP", None),
        ("19.999", "MXN", None),
        ("-5", "MXN", None),
        ("\"20.00\"", "MXN", None),
        ("null", "MXN", None),
        ("[20]", "MXN", None),
        ("20", "", None),
    ] {
        assert_eq!(minor(amount, currency), expected, "{amount} {currency}");
    }
}

#[test]
fn what_went_back_is_counted() {
    let refunded = |told: Value, refunds: Value| {
        let mut body = body("approved", "partially_refunded");
        body["transaction_amount_refunded"] = told;
        body["refunds"] = refunds;
        view(&body).refunded_minor
    };
    let two = json!([{"id": 1, "amount": 5, "status": "approved"}, {"id": 2, "amount": 2.5}]);
    assert_eq!(refunded(json!(7.5), two.clone()), 750);
    assert_eq!(refunded(json!(null), two.clone()), 750);
    assert_eq!(refunded(json!(0), two), 750);
    let mut body = body("approved", "accredited");
    body["refunds"] =
        json!([{"id": 1, "amount": 5, "status": "in_process"}, {"id": 2, "amount": 1, "status": "rejected"}]);
    assert_eq!(view(&body).refund_pending_minor, 500);
    assert_eq!(refunded(json!(7.5), json!(null)), 750);
    assert_eq!(refunded(json!(7.5), json!([{"id": 1}])), 750);
    assert_eq!(refunded(json!(null), json!([{"amount": 5, "status": "rejected"}])), 0);
    assert_eq!(refunded(json!("x"), json!("y")), 0);
}

#[test]
fn odd_fields_do_not_hide_a_payment() {
    let mut odd = body("approved", "accredited");
    for (name, value) in [
        ("external_reference", json!(77)),
        ("live_mode", json!("yes")),
        ("card", json!(null)),
        ("payment_method_id", json!({})),
        ("metadata", json!([1])),
    ] {
        odd[name] = value;
    }
    let view = view(&odd);
    assert_eq!((view.reference.as_deref(), view.live, view.card), (Some("77"), false, None));
    for (name, value) in [("id", json!(null)), ("id", json!("a/b")), ("currency_id", json!(5))] {
        let mut body = body("approved", "accredited");
        body[name] = value;
        assert_eq!(reading(200, &bytes(&body)), Reading::Unknown, "{name}");
    }
}

#[test]
fn a_read_that_is_refused_or_not_understood_says_nothing_about_money() {
    for stranger in STRANGERS {
        assert_eq!(reading(200, stranger), Reading::Unknown);
        for status in [401, 403, 404] {
            assert_eq!(reading(status, stranger), Reading::Denied);
        }
        for status in [302, 400, 409, 423, 429, 500, 502] {
            assert_eq!(reading(status, stranger), Reading::Unknown);
        }
    }
}

#[test]
fn a_payment_was_made_only_if_the_answer_names_it() {
    let accepted = |id: &str, live| Charging::Accepted(Some(Payment { id: id.into(), live }));
    assert_eq!(
        charging(201, br#"{"id":18446744073709551615,"live_mode":true}"#),
        accepted("18446744073709551615", true)
    );
    assert_eq!(
        charging(201, br#"{"id":9007199254740993,"status":"rejected"}"#),
        accepted("9007199254740993", false)
    );
    assert_eq!(charging(200, br#"{"id":"123","live_mode":null}"#), accepted("123", false));
    for cut in [&br#"{"id":12"#[..], br#"{"status":"approved"}"#, br#"{"id":null}"#, br#"{"id":1.5e3}"#] {
        assert_eq!(charging(201, cut), Charging::Unknown);
    }
    for stranger in STRANGERS {
        assert_eq!(charging(200, stranger), Charging::Unknown);
    }
}

#[test]
fn every_cause_of_a_refused_charge_has_its_code() {
    let request = FailureKind::Request;
    let table = [
        (json!(1), Code::RequestInvalid, request),
        (json!(4000), Code::RequestInvalid, request),
        (json!(4037), Code::RequestInvalid, request),
        (json!(4020), Code::RequestInvalid, request),
        (json!(4292), Code::RequestInvalid, request),
        (json!(2002), Code::RequestInvalid, request),
        (json!(2006), Code::TokenInvalid, request),
        (json!("2006"), Code::TokenInvalid, request),
        (json!(2062), Code::TokenInvalid, request),
        (json!(3003), Code::TokenInvalid, request),
        (json!(3008), Code::TokenInvalid, request),
        (json!(145), Code::PayerInvalid, request),
        (json!(2034), Code::PayerInvalid, request),
        (json!(109), Code::InstallmentsInvalid, request),
        (json!(129), Code::AmountInvalid, request),
        (json!(204), Code::PaymentMethodInvalid, request),
        (json!(205), Code::CardInvalid, FailureKind::Payment),
        (json!(224), Code::CardInvalid, FailureKind::Payment),
        (json!(316), Code::CardInvalid, FailureKind::Payment),
        (json!(326), Code::CardInvalid, FailureKind::Payment),
        (json!("E301"), Code::CardNumberInvalid, FailureKind::Payment),
        (json!("E203"), Code::CardCvvInvalid, FailureKind::Payment),
        (json!("invalid_token"), Code::TokenInvalid, request),
        (json!("invalid_payment_method"), Code::PaymentMethodInvalid, request),
        (json!("invalid_user"), Code::PayerInvalid, request),
        (json!("invalid_installments"), Code::InstallmentsInvalid, request),
        (json!("x.invalid_access_token"), Code::GatewayAuthFailed, FailureKind::Gateway),
        (json!(999_999), Code::RequestInvalid, request),
        (json!({"a": 1}), Code::RequestInvalid, request),
        (json!(null), Code::RequestInvalid, request),
    ];
    for (cause, code, kind) in table {
        let told = Charging::NotCharged(Failure::new(code, kind));
        assert_eq!(charging(400, &error(400, &cause)), told, "{cause}");
    }
    for cause in [json!(2001), json!(801), json!("2001"), json!(2004), json!(2007), json!(126)] {
        assert_eq!(charging(400, &error(400, &cause)), Charging::Unknown, "{cause}");
    }
}

#[test]
fn one_open_cause_among_several_leaves_it_open() {
    let body = json!({"message": "x", "error": "bad_request", "status": 400, "cause": [{"code": 4000}, null, {"code": 2001}]});
    assert_eq!(charging(400, &bytes(&body)), Charging::Unknown);
}

#[test]
fn every_status_of_a_refused_charge_has_its_meaning() {
    let not = |code, kind| Charging::NotCharged(Failure::new(code, kind));
    let gateway = FailureKind::Gateway;
    let table = [
        (400, not(Code::RequestInvalid, FailureKind::Request)),
        (401, not(Code::GatewayAuthFailed, gateway)),
        (402, Charging::Unknown),
        (403, not(Code::GatewayAuthFailed, gateway)),
        (404, not(Code::GatewayNotFound, gateway)),
        (405, not(Code::GatewayError, gateway)),
        (408, Charging::Unknown),
        (409, Charging::Unknown),
        (415, not(Code::GatewayError, gateway)),
        (422, not(Code::RequestInvalid, FailureKind::Values)),
        (423, Charging::Unknown),
        (424, Charging::Unknown),
        (429, not(Code::RateLimited, FailureKind::Throttled)),
        (500, Charging::Unknown),
        (502, Charging::Unknown),
        (503, Charging::Unknown),
        (504, Charging::Unknown),
    ];
    for (status, meaning) in table {
        assert_eq!(charging(status, &error(status, &json!(null))), meaning, "{status}");
        for stranger in STRANGERS {
            assert_eq!(
                charging(status, stranger),
                Charging::Unknown,
                "{status}: something in between answered"
            );
        }
    }
}

#[test]
fn the_gateways_own_form_of_an_error_is_recognised() {
    let auth = Charging::NotCharged(Failure::new(Code::GatewayAuthFailed, FailureKind::Gateway));
    for body in [
        json!({"message": "invalid_token", "error": "not_found", "status": 401, "cause": []}),
        json!({"message": "x", "error": "unauthorized", "status": "401", "cause": null}),
        json!({"message": "x", "error": "unauthorized", "cause": []}),
        json!({"message": "x", "code": "unauthorized"}),
    ] {
        assert_eq!(charging(401, &bytes(&body)), auth, "{body}");
    }
    let other = json!({"message": "x", "error": "y", "status": 500, "cause": []});
    assert_eq!(charging(400, &bytes(&other)), Charging::Unknown);
}

fn ids(found: Searching) -> Option<Vec<String>> {
    match found {
        Searching::Found(views) => Some(views.into_iter().map(|view| view.id).collect()),
        Searching::Denied | Searching::Unknown => None,
    }
}

#[test]
fn a_search_finds_exactly_our_reference_oldest_first() {
    let row = |id: u64, reference: &str, created: &str| {
        json!({"id": id, "transaction_amount": 20, "currency_id": "MXN", "date_created": created,
               "external_reference": reference})
    };
    let results = json!([
        row(2, "TRX_1-1", "2026-01-31T10:04:58.396-04:00"),
        row(9, "TRX_1-10", "2026-01-31T10:04:58.396-04:00"),
        row(1, "TRX_1-1", "2026-01-31T11:04:58.396-02:00"),
        row(3, "TRX_1-1", "2026-01-31T14:05:58.396Z"),
        null
    ]);
    let search = |body: &Value| searching(200, &bytes(body), "TRX_1-1", 50);
    let all = json!({"paging": {"total": 5, "limit": 50, "offset": 0}, "results": results});
    assert_eq!(ids(search(&all)), Some(["1", "2", "3"].map(str::to_owned).to_vec()));
    assert_eq!(search(&json!({"paging": null, "results": null})), Searching::Found(Vec::new()));
    let unreadable = json!({"results": [{"id": 1, "external_reference": "TRX_1-1"}]});
    for body in [
        json!({"paging": {"total": 6}, "results": results}),
        json!({"paging": {"total": 0}}),
        json!({"results": {}}),
        json!(null),
        unreadable,
    ] {
        assert_eq!(search(&body), Searching::Unknown, "{body}");
    }
    assert_eq!(searching(200, &bytes(&json!({"results": results})), "TRX_1-1", 5), Searching::Unknown);
    for stranger in STRANGERS {
        assert_eq!(searching(200, stranger, "TRX_1-1", 50), Searching::Unknown);
        assert_eq!(searching(401, stranger, "TRX_1-1", 50), Searching::Denied);
        assert_eq!(searching(500, stranger, "TRX_1-1", 50), Searching::Unknown);
    }
}

#[test]
fn a_list_holds_what_was_paid_and_where_to_go_on() {
    let page = |total: Value| {
        let results = [
            body("approved", "accredited"),
            body("approved", "partially_refunded"),
            body("refunded", ""),
            json!(null),
        ];
        bytes(&json!({"paging": {"total": total}, "results": results}))
    };
    let next = |listing| match listing {
        Listing::Page { payments, next } => {
            assert_eq!(payments.len(), 2);
            next
        }
        Listing::Denied | Listing::Unknown => panic!("a page"),
    };
    assert_eq!(next(listing(200, &page(json!(9)), 4, 4)).as_deref(), Some("8"));
    assert_eq!(next(listing(200, &page(json!(8)), 4, 4)), None);
    assert_eq!(next(listing(200, &page(json!(null)), 4, 4)).as_deref(), Some("8"));
    assert_eq!(next(listing(200, &page(json!(null)), 4, 50)), None);
    let cut = bytes(&json!({"paging": {"total": 9}, "results": null}));
    assert_eq!(listing(200, &cut, 4, 4), Listing::Unknown, "a list is never cut short");
    let none = bytes(&json!({"paging": {"total": 0}, "results": null}));
    assert_eq!(listing(200, &none, 0, 4), Listing::Page { payments: Vec::new(), next: None });
    for stranger in STRANGERS {
        assert_eq!(listing(200, stranger, 0, 4), Listing::Unknown);
        assert_eq!(listing(403, stranger, 0, 4), Listing::Denied);
        assert_eq!(listing(429, stranger, 0, 4), Listing::Unknown);
    }
}

#[test]
fn a_refund_is_taken_refused_or_unknown() {
    assert_eq!(
        refunding(201, br#"{"id":9007199254740993,"payment_id":1,"status":"approved"}"#),
        Refunding::Accepted
    );
    assert_eq!(refunding(201, br#"{"id":1,"status":"in_process"}"#), Refunding::Accepted);
    assert_eq!(refunding(201, br#"{"id":1}"#), Refunding::Accepted);
    assert_eq!(refunding(201, br#"{"status":"approved"}"#), Refunding::Unknown);
    let no = Failure::new(Code::GatewayError, FailureKind::Gateway);
    assert_eq!(refunding(201, br#"{"id":1,"status":"rejected"}"#), Refunding::Refused(no));
    for status in [400, 401, 403, 404, 422, 429] {
        assert!(matches!(refunding(status, &error(status, &json!(2024))), Refunding::Refused(_)), "{status}");
    }
    for status in [402, 408, 409, 423, 424, 500, 503] {
        assert_eq!(refunding(status, &error(status, &json!(null))), Refunding::Unknown, "{status}");
    }
    for stranger in STRANGERS {
        for status in [200, 400, 401, 404, 429, 502] {
            assert_eq!(refunding(status, stranger), Refunding::Unknown, "{status}");
        }
    }
}

#[test]
fn the_payment_is_told_in_the_gateways_words() {
    let body = br#"{"id":123456789,"status":"approved","status_detail":"accredited","transaction_amount":20,
        "currency_id":"MXN","date_approved":"2026-03-01T12:04:06.000-06:00","date_last_updated":null}"#;
    let facts_of = facts(200, body).expect("facts");
    assert_eq!(facts_of.amount.as_ref().map(ToString::to_string).as_deref(), Some("20.0"));
    assert_eq!(facts_of.date_approved.as_deref(), Some("2026-03-01T12:04:06.000-06:00"));
    assert_eq!((facts_of.id.as_str(), facts_of.date_last_updated), ("123456789", None));
    for (status, code) in [
        (400, Code::RequestInvalid),
        (401, Code::GatewayAuthFailed),
        (403, Code::GatewayAuthFailed),
        (404, Code::PaymentNotFound),
        (429, Code::GatewayError),
        (500, Code::GatewayError),
        (200, Code::GatewayError),
    ] {
        assert_eq!(facts(status, b"<html>"), Err(code), "{status}");
    }
}
