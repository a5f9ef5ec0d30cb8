//! What goes over the wire, and what is made of answers that do not come.

use serde_json::json;
use zeroize::Zeroizing;

use super::{MercadoPago, Settings};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;
use crate::gateway::exchange::canned::{Canned, client, key};
use crate::gateway::{
    ChargeBody, ChargeRequest, Charging, GatewayPort, ListRequest, Listing, Opening, Payment, Reading,
    RefundReason, RefundRequest, Refunding, Searching,
};

const PAYMENT: &str = r#"{"id":9007199254740993,"status":"approved","status_detail":"accredited",
    "transaction_amount":20.00,"currency_id":"MXN","external_reference":"TRX_1-1","live_mode":true}"#;

fn adapter(url: &str) -> MercadoPago {
    let settings = Settings {
        url: url.to_owned(),
        charge_timeout_ms: 200,
        read_timeout_ms: 200,
        statement_descriptor: "HOTSPOT WIFI".into(),
    };
    MercadoPago::new(client(), settings)
}

fn charge(device: Option<&str>) -> ChargeRequest {
    ChargeRequest {
        payment: None,
        idempotency_key: "TRX_1-1-key".into(),
        body: ChargeBody(Zeroizing::new(r#"{"transaction_amount":20.00, "token":"t"}"#.into())),
        device_session: device.map(str::to_owned),
    }
}

fn refund(full: bool) -> RefundRequest {
    RefundRequest {
        payment: "123".into(),
        amount: Money { minor: 500, currency: Currency::Mxn },
        full,
        reason: RefundReason::NotDelivered,
        idempotency_key: "refund-key".into(),
    }
}

#[tokio::test]
async fn a_charge_goes_out_unchanged_under_its_key() {
    let gateway = Canned::answering(201, PAYMENT).await;
    let charged = adapter(&gateway.url).charge(key("APP_USR-1"), charge(Some("armor.1"))).await;
    let payment = Payment { id: "9007199254740993".into(), live: true };
    assert_eq!(charged, Charging::Accepted(Some(payment)));
    let (line, head, body) = gateway.request();
    assert_eq!(line, "POST /v1/payments HTTP/1.1");
    assert_eq!(body, r#"{"transaction_amount":20.00, "token":"t"}"#);
    for header in [
        "authorization: bearer app_usr-1",
        "x-idempotency-key: trx_1-1-key",
        "x-meli-session-id: armor.1",
        "content-type: application/json",
        "accept: application/json",
    ] {
        assert!(head.contains(header), "{header}");
    }
}

#[tokio::test]
async fn a_device_id_that_fits_no_header_stays_at_home() {
    let gateway = Canned::answering(201, PAYMENT).await;
    let charged = adapter(&gateway.url).charge(key("k"), charge(Some("a\r\nX-Evil: 1"))).await;
    assert!(matches!(charged, Charging::Accepted(Some(_))));
    let (_, head, _) = gateway.request();
    assert!(!head.contains("x-meli-session-id") && !head.contains("x-evil"));
}

#[tokio::test]
async fn a_key_that_fits_no_header_is_never_sent() {
    let gateway = Canned::answering(201, PAYMENT).await;
    let adapter = adapter(&gateway.url);
    let refused = Failure::new(Code::GatewayAuthFailed, FailureKind::Gateway);
    assert_eq!(adapter.charge(key("a\nb"), charge(None)).await, Charging::NotSent(refused));
    assert_eq!(adapter.refund(key("a\nb"), refund(true)).await, Refunding::Refused(refused));
    assert_eq!(adapter.read(key("a\nb"), "1".into()).await, Reading::Denied);
    assert!(gateway.requests().is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_whole_is_unknown() {
    let half: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n{\"id\":123,";
    let header: &[u8] = b"HTTP/1.1 201 Cre";
    for answer in
        [&b""[..], header, half, b"HTTP/1.1 307 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", b"noise"]
    {
        let gateway = Canned::raw(answer).await;
        let adapter = adapter(&gateway.url);
        assert_eq!(adapter.charge(key("k"), charge(None)).await, Charging::Unknown);
        assert_eq!(gateway.requests().len(), 1, "a charge is sent once");
        assert_eq!(adapter.read(key("k"), "1".into()).await, Reading::Unknown);
        assert_eq!(adapter.search(key("k"), "TRX_1-1".into()).await, Searching::Unknown);
        assert_eq!(adapter.refund(key("k"), refund(true)).await, Refunding::Unknown);
        assert_eq!(adapter.facts(key("k"), "1".into()).await, Err(Code::GatewayError));
    }
    let nobody = adapter("http://127.0.0.1:1");
    assert_eq!(nobody.charge(key("k"), charge(None)).await, Charging::Unknown);
}

#[tokio::test]
async fn a_payment_is_read_by_its_id_alone() {
    let gateway = Canned::answering(200, PAYMENT).await;
    let read = adapter(&gateway.url).read(key("k"), "12/../3?x".into()).await;
    assert!(matches!(read, Reading::Found(view) if view.amount_minor == 2000));
    assert_eq!(gateway.request().0, "GET /v1/payments/12%2F%2E%2E%2F3%3Fx HTTP/1.1");
}

#[tokio::test]
async fn a_search_asks_for_our_reference_oldest_first() {
    let found = json!({"paging": {"total": 0, "limit": 50, "offset": 0}, "results": []}).to_string();
    let gateway = Canned::answering(200, &found).await;
    let search = adapter(&gateway.url).search(key("k"), "TRX_1-1".into()).await;
    assert_eq!(search, Searching::Found(Vec::new()));
    let query = "external_reference=TRX_1-1&sort=date_created&criteria=asc&limit=50";
    assert_eq!(gateway.request().0, format!("GET /v1/payments/search?{query} HTTP/1.1"));
}

#[tokio::test]
async fn a_cancellation_and_a_refund_carry_their_keys() {
    let gateway = Canned::answering(200, PAYMENT).await;
    adapter(&gateway.url).cancel(key("k"), "123".into()).await;
    let (line, head, body) = gateway.request();
    assert_eq!(
        (line.as_str(), body.as_str()),
        ("PUT /v1/payments/123 HTTP/1.1", r#"{"status":"cancelled"}"#)
    );
    assert!(head.contains("x-idempotency-key: cancel-123"));
    for (full, sent) in [(true, "{}"), (false, r#"{"amount":5.00}"#)] {
        let gateway = Canned::answering(201, r#"{"id":1,"status":"approved"}"#).await;
        assert_eq!(adapter(&gateway.url).refund(key("k"), refund(full)).await, Refunding::Accepted);
        let (line, head, body) = gateway.request();
        assert_eq!((line.as_str(), body.as_str()), ("POST /v1/payments/123/refunds HTTP/1.1", sent));
        assert!(head.contains("x-idempotency-key: refund-key"));
    }
}

#[tokio::test]
async fn paid_payments_are_listed_page_by_page() {
    let page = format!(r#"{{"paging":{{"total":53}},"results":[{PAYMENT},{PAYMENT}]}}"#);
    let gateway = Canned::answering(200, &page).await;
    let (since, until) = (Timestamp(1_772_388_245_123), Timestamp(1_772_388_246_000));
    let list = ListRequest { since, until, cursor: Some("50".into()) };
    let Listing::Page { payments, next } = adapter(&gateway.url).list_paid(key("k"), list).await else {
        panic!("a page")
    };
    assert_eq!((payments.len(), next.as_deref()), (2, Some("52")));
    let query = "status=approved&sort=date_created&criteria=asc&range=date_created\
                 &begin_date=2026-03-01T18%3A04%3A05.123%2B00%3A00&end_date=2026-03-01T18%3A04%3A05.999%2B00%3A00\
                 &limit=50&offset=50";
    assert_eq!(gateway.request().0, format!("GET /v1/payments/search?{query} HTTP/1.1"));
    let odd = ListRequest { since, until, cursor: Some("x".into()) };
    assert_eq!(adapter(&gateway.url).list_paid(key("k"), odd).await, Listing::Unknown);
}

#[tokio::test]
async fn nothing_is_ever_opened() {
    let sale = crate::gateway::Sale {
        purchase_id: "TRX_1".into(),
        attempt: "TRX_1-1".into(),
        price: Money { minor: 500, currency: Currency::Mxn },
        item: "1h".into(),
        product_id: 1,
        buyer: crate::gateway::Buyer { name: "Ana".into(), email: "a@example.org".into(), phone: None },
        labels: Vec::new(),
    };
    let opened = adapter("http://127.0.0.1:1").open(key("k"), sale).await;
    assert!(matches!(opened, Opening::Refused(_)));
}
