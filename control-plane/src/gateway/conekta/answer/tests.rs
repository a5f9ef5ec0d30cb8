//! The whole status table, the whole charge table, and answers that were never promised.

use serde_json::{Value, json};

use super::{charging, listing, opening, reading, refunding, searching};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::money::{Currency, Money};
use crate::gateway::{
    Card, Charging, Listing, Opening, Payment, PaymentStatus, PaymentView, Reading, Refunding, Searching,
};

fn order(status: &Value) -> Value {
    json!({"id": "ord_1", "amount": 2000, "currency": "MXN", "livemode": false, "payment_status": status,
           "metadata": {"sale_id": "TRX_1"}, "charges": null})
}

fn view(body: &Value) -> PaymentView {
    match reading(200, body) {
        Reading::Found(view) => *view,
        Reading::Denied | Reading::Unknown => panic!("the order is there: {body}"),
    }
}

fn payment(code: Code) -> Failure {
    Failure::new(code, FailureKind::Payment)
}

fn error(code: &str) -> Value {
    json!({"object": "error", "type": "processing_error", "log_id": "l", "details": [{"code": code}]})
}

#[test]
fn every_status_word_has_its_meaning() {
    let later = PaymentStatus::PendingAsync { review: false };
    let table = [
        (json!(null), PaymentStatus::NoCharge),
        (json!(""), PaymentStatus::NoCharge),
        (json!(7), PaymentStatus::NoCharge),
        (json!("paid"), PaymentStatus::Paid),
        (json!("pending_payment"), later.clone()),
        (json!("pending"), later.clone()),
        (json!("pre_authorized"), later),
        (json!("under_fraud_review"), PaymentStatus::PendingAsync { review: true }),
        (json!("declined"), PaymentStatus::Declined(payment(Code::PaymentDeclined))),
        (json!("failed"), PaymentStatus::Declined(payment(Code::PaymentFailed))),
        (json!("fraudulent"), PaymentStatus::Declined(payment(Code::PaymentFailed))),
        (json!("expired"), PaymentStatus::Closed(payment(Code::PaymentExpired))),
        (json!("canceled"), PaymentStatus::Closed(payment(Code::PaymentCanceled))),
        (json!("voided"), PaymentStatus::Closed(payment(Code::PaymentVoided))),
        (json!("partially_refunded"), PaymentStatus::PartlyRefunded),
        (json!("refunded"), PaymentStatus::Reversed(payment(Code::PaymentRefunded))),
        (json!("charged_back"), PaymentStatus::Reversed(payment(Code::PaymentDisputed))),
        (json!("chargeback"), PaymentStatus::Reversed(payment(Code::PaymentDisputed))),
        (json!("partially_paid"), PaymentStatus::Other),
        (json!("PAID"), PaymentStatus::Other),
        (json!("paid "), PaymentStatus::Other),
        (json!("a_new_word"), PaymentStatus::Other),
    ];
    for (word, meaning) in table {
        let view = view(&order(&word));
        assert_eq!(view.status, meaning, "{word}");
        assert_eq!(view.words.status, word.as_str().unwrap_or_default());
    }
}

#[test]
fn fraud_found_after_the_payment_is_a_dispute() {
    let mut body = order(&json!("fraudulent"));
    body["charges"] = json!({"data": [{"status": "fraudulent", "paid_at": 1_774_901_374}]});
    assert_eq!(view(&body).status, PaymentStatus::Reversed(payment(Code::PaymentDisputed)));
}

#[test]
fn an_order_with_a_next_action_waits_for_the_buyer() {
    let with = |url: &str| {
        let mut body = order(&json!("pending_payment"));
        body["next_action"] = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
        view(&body).status
    };
    let good = "https://3ds-pay.conekta.com/x?y=1";
    assert_eq!(with(good), PaymentStatus::ActionRequired { redirect: Some(good.into()) });
    for bad in ["http://pay.conekta.com/", "https://conekta.com.evil.example/", "https://evilconekta.com/"] {
        assert_eq!(with(bad), PaymentStatus::ActionRequired { redirect: None }, "{bad}");
    }
    let mut body = order(&json!("pending_payment"));
    body["next_action"] = json!({});
    assert_eq!(view(&body).status, PaymentStatus::ActionRequired { redirect: None });
}

#[test]
fn a_recorded_order_is_read_in_full() {
    let body = json!({
        "object": "order", "id": "ord_2x", "livemode": true, "amount": 1999, "currency": "MXN",
        "payment_status": "paid", "amount_refunded": null, "metadata": {"sale_id": 77, "list": [1, {"a": null}]},
        "next_action": null, "tax_lines": null, "an_unknown_field": {"x": [1]},
        "charges": {"object": "list", "total": 2, "has_more": false, "data": [
            {"status": "paid", "failure_code": null, "refunds": null, "paid_at": 1_774_901_374, "payment_method": {
                "object": "card_payment", "type": "credit", "brand": "visa", "last4": "4242",
                "issuer": "BANAMEX", "auth_code": "582483", "exp_month": "08", "name": "Ana"}},
            {"status": "declined", "failure_code": "suspected_fraud", "payment_method": {"last4": "0002"}}
        ]},
    });
    let view = view(&body);
    assert_eq!(
        (view.id.as_str(), view.live, view.amount_minor, view.refunded_minor),
        ("ord_2x", true, 1999, 0)
    );
    assert_eq!((view.currency.as_str(), view.reference.as_deref()), ("MXN", Some("77")));
    let owned = |text: &str| Some(text.to_owned());
    let card = Card {
        brand: owned("visa"),
        kind: owned("credit"),
        last4: owned("4242"),
        issuer: owned("BANAMEX"),
        auth_code: owned("582483"),
    };
    assert_eq!(view.card, Some(card));
}

#[test]
fn the_charge_tells_why_an_order_was_declined() {
    for (word, code) in [
        (json!("suspected_fraud"), Code::CardDeclined),
        (json!("insufficient_funds"), Code::InsufficientFunds),
        (json!("a_new_word"), Code::PaymentDeclined),
        (json!(null), Code::PaymentDeclined),
        (json!(3), Code::PaymentDeclined),
    ] {
        let mut body = order(&json!("declined"));
        body["charges"] = json!({"data": [{"status": "declined", "failure_code": word}]});
        let view = view(&body);
        assert_eq!(view.status, PaymentStatus::Declined(payment(code)), "{word}");
        assert_eq!(view.words.detail, word.as_str().unwrap_or_default());
    }
}

#[test]
fn what_went_back_is_counted_whatever_its_sign() {
    let refunded = |told: Value, refunds: Value| {
        let mut body = order(&json!("partially_refunded"));
        body["amount_refunded"] = told;
        body["charges"] = json!({"data": [{"status": "partially_refunded", "refunds": refunds}]});
        view(&body).refunded_minor
    };
    let two = json!({"data": [{"amount": -500}, {"amount": -250, "status": "refunded"}]});
    assert_eq!(refunded(json!(750), two.clone()), 750);
    assert_eq!(refunded(json!(-750), json!(null)), 750);
    assert_eq!(refunded(json!(null), two), 750);
    let pending = json!({"data": [{"amount": -500, "status": "pending"}, {"amount": -250}]});
    assert_eq!(refunded(json!(null), pending.clone()), 250);
    let mut body = order(&json!("partially_refunded"));
    body["charges"] = json!({"data": [{"status": "partially_refunded", "refunds": pending}]});
    assert_eq!(view(&body).refund_pending_minor, 500);
    assert_eq!(refunded(json!(null), json!({"data": null})), 0);
}

#[test]
fn lists_may_be_empty_null_or_something_else() {
    for charges in [json!(null), json!({}), json!({"data": []}), json!({"data": null}), json!([]), json!("x")]
    {
        let mut body = order(&json!("paid"));
        body["charges"] = charges;
        assert_eq!((view(&body).status, view(&body).card), (PaymentStatus::Paid, None));
    }
    for metadata in
        [json!(null), json!([]), json!({}), json!({"sale_id": null}), json!({"sale_id": ["TRX_1"]})]
    {
        let mut body = order(&json!("paid"));
        body["metadata"] = metadata;
        assert_eq!(view(&body).reference, None);
    }
}

#[test]
fn every_answer_to_a_charge_has_its_meaning() {
    let of = |code, kind| Failure::new(code, kind);
    let declined = of(Code::CardDeclined, FailureKind::Payment);
    let charge =
        json!({"object": "charge", "id": "69cad87e5325490001cdd48d", "status": "paid", "livemode": true});
    let table = [
        (200, charge.clone(), Charging::Accepted(None)),
        (201, charge, Charging::Accepted(None)),
        (200, json!({"object": "charge"}), Charging::Unknown),
        (200, Value::Null, Charging::Unknown),
        (302, Value::Null, Charging::Unknown),
        (400, error("x"), Charging::Refused(of(Code::ProcessingError, FailureKind::Request))),
        (401, error("x"), Charging::NotCharged(of(Code::ProcessingError, FailureKind::Gateway))),
        (402, error("conekta.errors.processing.bank.declined"), Charging::Refused(declined)),
        (403, error("x"), Charging::Refused(of(Code::ProcessingError, FailureKind::Gateway))),
        (404, error("x"), Charging::Refused(of(Code::ProcessingError, FailureKind::Gateway))),
        (408, error("x"), Charging::Unknown),
        (409, error("x"), Charging::Refused(of(Code::ProcessingError, FailureKind::Gateway))),
        (422, error("x"), Charging::Refused(of(Code::ProcessingError, FailureKind::Values))),
        (428, error("x"), Charging::Accepted(None)),
        (428, Value::Null, Charging::Accepted(None)),
        (429, error("x"), Charging::Refused(of(Code::ProcessingError, FailureKind::Throttled))),
        (500, error("x"), Charging::Unknown),
        (502, Value::Null, Charging::Unknown),
        (503, error("x"), Charging::Unknown),
        (504, Value::Null, Charging::Unknown),
    ];
    for (status, body, meaning) in table {
        assert_eq!(charging(status, &body), meaning, "{status} {body}");
    }
    for status in [400, 401, 402, 403, 404, 409, 422, 429] {
        for body in [Value::Null, json!({"message": "a proxy's own words"}), json!([]), json!("no")] {
            assert_eq!(charging(status, &body), Charging::Unknown, "{status} {body}");
        }
    }
}

#[test]
fn an_order_is_open_only_with_its_id_and_our_amount() {
    let price = Money { minor: 2000, currency: Currency::Mxn };
    let opened = Opening::Opened(Payment { id: "ord_1".into(), live: false });
    assert_eq!(opening(201, &order(&json!(null)), price), opened);
    assert_eq!(opening(200, &json!({"amount": 2000}), price), Opening::Unknown);
    assert_eq!(opening(200, &json!({"id": "ord_1", "amount": "2000"}), price), Opening::Unknown);
    assert_eq!(opening(502, &Value::Null, price), Opening::Unknown);
    let wrong = Failure::new(Code::GatewayError, FailureKind::Gateway);
    assert_eq!(opening(200, &json!({"id": "ord_1", "amount": 1999}), price), Opening::Refused(wrong));
    let phone = Failure::new(Code::PhoneInvalid, FailureKind::Values);
    assert_eq!(opening(422, &error("x.invalid_phone"), price), Opening::Refused(phone));
}

#[test]
fn a_read_that_is_not_understood_is_unknown() {
    for body in [
        json!({"id": "ord_1"}),
        json!({"id": "ord_1", "amount": 20.5, "currency": "MXN"}),
        json!({"id": "ord_1", "amount": 2000, "currency": null}),
        json!({"id": 5, "amount": 2000, "currency": "MXN"}),
        Value::Null,
    ] {
        assert_eq!(reading(200, &body), Reading::Unknown, "{body}");
    }
    for status in [401, 403, 404] {
        assert_eq!(reading(status, &Value::Null), Reading::Denied);
    }
    for status in [302, 400, 429, 500, 502] {
        assert_eq!(reading(status, &Value::Null), Reading::Unknown);
    }
}

fn ids(found: Searching) -> Option<Vec<String>> {
    match found {
        Searching::Found(views) => Some(views.into_iter().map(|view| view.id).collect()),
        Searching::Denied | Searching::Unknown => None,
    }
}

#[test]
fn a_search_finds_exactly_our_reference_oldest_first() {
    let row = |id: &str, sale: &str, created: i64| json!({"id": id, "amount": 2000, "currency": "MXN", "created_at": created, "metadata": {"sale_id": sale}});
    let rows = json!({"object": "list", "has_more": false, "data": [
        row("ord_3", "TRX_1", 9), row("ord_x", "TRX_10", 9), row("ord_2", "TRX_1", 9), row("ord_1", "TRX_1", 8), null]});
    let expected = ["ord_1", "ord_2", "ord_3"].map(str::to_owned).to_vec();
    assert_eq!(ids(searching(200, &rows, "TRX_1")), Some(expected));
    assert_eq!(searching(200, &json!({"data": null}), "TRX_1"), Searching::Found(Vec::new()));
    let unreadable = json!({"data": [{"id": "ord_1", "metadata": {"sale_id": "TRX_1"}}]});
    for body in
        [json!({}), json!({"data": {}}), json!({"data": [], "has_more": true}), unreadable, Value::Null]
    {
        assert_eq!(searching(200, &body, "TRX_1"), Searching::Unknown, "{body}");
    }
    assert_eq!(searching(401, &Value::Null, "TRX_1"), Searching::Denied);
    assert_eq!(searching(500, &Value::Null, "TRX_1"), Searching::Unknown);
}

#[test]
fn a_list_holds_what_was_paid_and_where_to_go_on() {
    let rows = |more: Value, next: Value| {
        let data =
            [order(&json!("paid")), order(&json!("partially_refunded")), order(&json!("expired")), json!(3)];
        json!({"data": data, "has_more": more, "next_page_url": next})
    };
    let url = json!("https://api.conekta.io/orders?limit=250&next=ord_9%2B");
    match listing(200, &rows(json!(true), url.clone())) {
        Listing::Page { payments, next } => {
            assert_eq!((payments.len(), next.as_deref()), (2, Some("ord_9+")));
        }
        Listing::Denied | Listing::Unknown => panic!("a page"),
    }
    match listing(200, &rows(json!(false), url)) {
        Listing::Page { next, .. } => assert_eq!(next, None),
        Listing::Denied | Listing::Unknown => panic!("a page"),
    }
    assert_eq!(listing(200, &json!({"data": null})), Listing::Page { payments: Vec::new(), next: None });
    for next in [json!(null), json!("nonsense"), json!("https://api.conekta.io/orders?limit=2"), json!(4)] {
        assert_eq!(listing(200, &rows(json!(true), next)), Listing::Unknown, "a list is never cut short");
    }
    assert_eq!(listing(403, &Value::Null), Listing::Denied);
    assert_eq!(listing(200, &Value::Null), Listing::Unknown);
}

#[test]
fn a_refund_is_taken_refused_or_unknown() {
    assert_eq!(refunding(200, &order(&json!("refunded"))), Refunding::Accepted);
    assert_eq!(refunding(200, &Value::Null), Refunding::Unknown);
    let amount = Failure::new(Code::AmountInvalid, FailureKind::Values);
    assert_eq!(refunding(422, &error("conekta.errors.x.invalid_amount")), Refunding::Refused(amount));
    for status in [400, 401, 402, 403, 404, 409, 428, 429] {
        assert!(matches!(refunding(status, &error("x")), Refunding::Refused(_)), "{status}");
        assert_eq!(refunding(status, &Value::Null), Refunding::Unknown, "{status}");
    }
    for status in [408, 500, 502, 504] {
        assert_eq!(refunding(status, &error("x")), Refunding::Unknown, "{status}");
    }
}
