//! What goes over the wire, and what is made of answers that do not come.

use serde_json::json;
use zeroize::Zeroizing;

use super::{Conekta, Settings};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;
use crate::gateway::exchange::canned::{Canned, client, key};
use crate::gateway::{
    Buyer, ChargeBody, ChargeRequest, Charging, GatewayPort, ListRequest, Listing, Opening, Payment, Reading,
    RefundReason, RefundRequest, Refunding, Sale, Searching,
};

const ORDER: &str = r#"{"id":"ord_1","amount":2000,"currency":"MXN","livemode":true,"payment_status":"paid",
    "created_at":1,"metadata":{"sale_id":"TRX_1"}}"#;

fn adapter(url: &str) -> Conekta {
    let settings = Settings {
        url: url.to_owned(),
        version: "2.3.0".into(),
        charge_timeout_ms: 200,
        read_timeout_ms: 200,
    };
    Conekta::new(client(), settings)
}

fn sale() -> Sale {
    Sale {
        purchase_id: "TRX_1".into(),
        attempt: "TRX_1-1".into(),
        price: Money { minor: 2000, currency: Currency::Mxn },
        item: "Una hora".into(),
        product_id: 1,
        buyer: Buyer {
            name: "Ana Ruiz".into(),
            email: "a@example.org".into(),
            phone: Some("+525512345678".into()),
        },
        labels: Vec::new(),
    }
}

fn charge(payment: Option<&str>) -> ChargeRequest {
    ChargeRequest {
        payment: payment.map(str::to_owned),
        idempotency_key: "k".into(),
        body: ChargeBody(Zeroizing::new(r#"{"payment_method": {}}"#.into())),
        device_session: None,
    }
}

fn refund() -> RefundRequest {
    RefundRequest {
        payment: "ord_1".into(),
        amount: Money { minor: 500, currency: Currency::Mxn },
        full: false,
        reason: RefundReason::NotDelivered,
        idempotency_key: "k".into(),
    }
}

#[tokio::test]
async fn a_charge_goes_out_unchanged_to_its_order() {
    let gateway = Canned::answering(200, r#"{"object":"charge","id":"69cad87e"}"#).await;
    assert_eq!(
        adapter(&gateway.url).charge(key("key_1"), charge(Some("ord_1"))).await,
        Charging::Accepted(None)
    );
    let (line, head, body) = gateway.request();
    assert_eq!(
        (line.as_str(), body.as_str()),
        ("POST /orders/ord_1/charges HTTP/1.1", r#"{"payment_method": {}}"#)
    );
    for header in [
        "authorization: bearer key_1",
        "accept: application/vnd.conekta-v2.3.0+json",
        "accept-language: es",
        "content-type: application/json",
    ] {
        assert!(head.contains(header), "{header}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let gateway = Canned::answering(200, ORDER).await;
    let adapter = adapter(&gateway.url);
    let unopened = Failure::new(Code::InternalError, FailureKind::Fault);
    assert_eq!(adapter.charge(key("k"), charge(None)).await, Charging::NotSent(unopened));
    let refused = Failure::new(Code::GatewayAuthFailed, FailureKind::Gateway);
    assert_eq!(adapter.charge(key("a\nb"), charge(Some("ord_1"))).await, Charging::NotSent(refused));
    assert_eq!(adapter.open(key("a\nb"), sale()).await, Opening::Refused(refused));
    assert_eq!(adapter.refund(key("a\nb"), refund()).await, Refunding::Refused(refused));
    assert!(gateway.requests().is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_whole_is_unknown() {
    let half: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{\"id\":\"ord_1\",";
    for answer in [&b""[..], half, b"noise"] {
        let gateway = Canned::raw(answer).await;
        let adapter = adapter(&gateway.url);
        assert_eq!(adapter.charge(key("k"), charge(Some("ord_1"))).await, Charging::Unknown);
        assert_eq!(gateway.requests().len(), 1, "a charge is sent once");
        assert_eq!(adapter.open(key("k"), sale()).await, Opening::Unknown);
        assert_eq!(adapter.read(key("k"), "ord_1".into()).await, Reading::Unknown);
        assert_eq!(adapter.search(key("k"), "TRX_1".into()).await, Searching::Unknown);
        assert_eq!(adapter.refund(key("k"), refund()).await, Refunding::Unknown);
    }
}

#[tokio::test]
async fn an_order_is_opened_read_and_closed() {
    let gateway = Canned::answering(200, ORDER).await;
    let opened = adapter(&gateway.url).open(key("k"), sale()).await;
    assert_eq!(opened, Opening::Opened(Payment { id: "ord_1".into(), live: true }));
    assert_eq!(gateway.request().0, "POST /orders HTTP/1.1");
    let gateway = Canned::answering(200, ORDER).await;
    let read = adapter(&gateway.url).read(key("k"), "ord_1".into()).await;
    assert!(matches!(read, Reading::Found(view) if view.amount_minor == 2000));
    assert_eq!(gateway.request().0, "GET /orders/ord_1 HTTP/1.1");
    let gateway = Canned::answering(200, ORDER).await;
    adapter(&gateway.url).cancel(key("k"), "ord_1".into()).await;
    assert_eq!(gateway.request().0, "POST /orders/ord_1/cancel HTTP/1.1");
}

#[tokio::test]
async fn a_refund_names_amount_and_reason() {
    let gateway = Canned::answering(200, ORDER).await;
    assert_eq!(adapter(&gateway.url).refund(key("k"), refund()).await, Refunding::Accepted);
    let (line, _, body) = gateway.request();
    assert_eq!(line, "POST /orders/ord_1/refunds HTTP/1.1");
    assert_eq!(body, r#"{"amount":500,"reason":"cannot_be_fulfilled"}"#);
}

#[tokio::test]
async fn a_search_asks_for_our_purchase() {
    let gateway = Canned::answering(200, &format!(r#"{{"has_more":false,"data":[{ORDER}]}}"#)).await;
    let search = adapter(&gateway.url).search(key("k"), "TRX_1".into()).await;
    assert!(matches!(search, Searching::Found(views) if views.len() == 1));
    assert_eq!(gateway.request().0, "GET /orders?search=TRX_1&limit=250 HTTP/1.1");
}

#[tokio::test]
async fn paid_orders_are_listed_page_by_page() {
    let next = "http://elsewhere.example/orders?limit=250&next=ord_9";
    let page = json!({"has_more": true, "data": [], "next_page_url": next}).to_string();
    let gateway = Canned::answering(200, &page).await;
    let mut list = ListRequest { since: Timestamp(1_500), until: Timestamp(9_000), cursor: None };
    let cursor = match adapter(&gateway.url).list_paid(key("k"), list.clone()).await {
        Listing::Page { next, .. } => next,
        Listing::Denied | Listing::Unknown => panic!("a page"),
    };
    assert_eq!(cursor.as_deref(), Some("ord_9"));
    let filters = "created_at.gte=1&created_at.lte=8&payment_status=paid&limit=250";
    assert_eq!(gateway.request().0, format!("GET /orders?{filters} HTTP/1.1"));
    list.cursor = cursor;
    let gateway = Canned::answering(200, &page).await;
    adapter(&gateway.url).list_paid(key("k"), list).await;
    assert_eq!(gateway.request().0, format!("GET /orders?{filters}&next=ord_9 HTTP/1.1"));
}
