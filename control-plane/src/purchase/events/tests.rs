//! Every fact is told, once, and nothing else.

use serde_json::{Value, json};

use super::{Told, since};
use crate::domain::alert::Alert;
use crate::domain::code::Code;
use crate::domain::event::{EventKind, News};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;
use crate::gateway::{GatewayName, Payment};
use crate::purchase::state::{
    Buyer, CardChoice, Charge, Device, DrawnUser, Phase, Product, Purchase, Terms, UserType,
};

const NOW: Timestamp = Timestamp(1_772_388_245_000);

fn purchase() -> Purchase {
    let terms = Terms {
        id: PurchaseId::new("TRX_1"),
        company: CompanyId::new("EMP_1"),
        router: RouterId::new("RTR_1"),
        api_key: ApiKeyId::new("key_1"),
        created_at: Timestamp(0),
        product: Product {
            id: 7,
            name: "Una hora".into(),
            profile: "1h".into(),
            price: Money { minor: 2_000, currency: Currency::Mxn },
        },
        buyer: Buyer { name: "Ana".into(), email: "a@b.mx".into(), phone: None, phone_typed: None },
        user_type: UserType::Password,
        device: Device::default(),
        gateway: GatewayName::Conekta,
        credentials_version: 1,
        live_only: false,
        idempotency_key: "k".into(),
        card: CardChoice::default(),
    };
    let user = DrawnUser { name: "PT-1".into(), password_sealed: "sealed".into() };
    let mut purchase = Purchase::new(terms, user, "the bytes".into());
    purchase.payment = Some(Payment { id: "ord_1".into(), live: false });
    purchase.charge = Some(Charge {
        started_at: NOW,
        sent_at: NOW,
        resends: 0,
        refusal: None,
        search: false,
        redirect: None,
        review: false,
    });
    purchase
}

fn at(phase: Phase) -> Purchase {
    Purchase { phase, ..purchase() }
}

fn paid() -> Purchase {
    Purchase { paid_at: Some(NOW), ..at(Phase::Paid) }
}

fn ended(phase: Phase, code: Code, kind: FailureKind) -> Purchase {
    Purchase { failure: Some(Failure::new(code, kind)), ..at(phase) }
}

fn told(before: &Purchase, after: &Purchase) -> News {
    since(Told::of(before), after, NOW)
}

fn kinds(news: &News) -> Vec<EventKind> {
    news.events.iter().map(|event| event.kind).collect()
}

fn data(news: &News) -> Value {
    serde_json::from_str::<Value>(&news.events[0].body).expect("JSON")["data"].clone()
}

#[test]
fn on_the_way_nothing_is_told() {
    let way = [Phase::Requested, Phase::Reserved, Phase::ChargeSent, Phase::Verifying];
    for pair in way.windows(2) {
        assert!(told(&at(pair[0]), &at(pair[1])).is_empty(), "{pair:?}");
    }
    assert!(told(&paid(), &Purchase { confirmed: true, ..paid() }).is_empty());
    assert!(told(&paid(), &Purchase { phase: Phase::Completed, ..paid() }).is_empty());
    let away = ended(Phase::Failed, Code::RouterUnreachable, FailureKind::Unavailable);
    assert!(told(&at(Phase::Requested), &away).is_empty(), "no payment was refused");
}

#[test]
fn a_paid_purchase_is_told_with_its_user_and_without_a_secret() {
    let news = told(&at(Phase::Verifying), &paid());
    assert_eq!(kinds(&news), [EventKind::PaymentCompleted]);
    let expected = json!({"id_transaccion": "ord_1", "compra_id": "TRX_1", "empresa_id": "EMP_1", "router_id": "RTR_1",
        "producto_id": 7, "monto": 20.0, "moneda": "MXN", "estado_pago": "paid", "gateway": "conekta",
        "usuario_hotspot": "PT-1"});
    assert_eq!(data(&news), expected);
    assert!(!news.events[0].body.contains("sealed"));
    assert!(matches!(&news.alerts[..], [(id, Alert::SaleApproved { .. })] if *id == news.events[0].id));
}

#[test]
fn a_refused_payment_is_told_without_its_user() {
    let declined = ended(Phase::Declined, Code::CardDeclined, FailureKind::Payment);
    let news = told(&at(Phase::Verifying), &declined);
    assert_eq!(kinds(&news), [EventKind::PaymentRejected]);
    assert_eq!(
        (&data(&news)["estado_pago"], &data(&news)["usuario_hotspot"]),
        (&json!("declined"), &Value::Null)
    );
    assert!(matches!(&news.alerts[..], [(_, Alert::SaleRejected { code, .. })] if code == "card_declined"));
    assert!(told(&declined, &Purchase { phase: Phase::RolledBack, ..declined.clone() }).is_empty());
}

#[test]
fn waiting_is_told_once() {
    let news = told(&at(Phase::ChargeSent), &at(Phase::ActionRequired));
    assert_eq!((kinds(&news), news.alerts.len()), (vec![EventKind::PaymentPending], 0));
    assert_eq!(data(&news)["estado_pago"], "pending");
    assert!(told(&at(Phase::ActionRequired), &at(Phase::PendingAsync)).is_empty());
    // It may come to wait again; then it is the same message.
    let again = told(&at(Phase::Verifying), &at(Phase::Unknown));
    assert_eq!(again.events[0].id, news.events[0].id);
}

#[test]
fn each_part_that_goes_back_is_told_and_the_last_with_the_end() {
    let completed = Purchase { phase: Phase::Completed, ..paid() };
    let part = Purchase { refunded_minor: 500, ..completed.clone() };
    let news = told(&completed, &part);
    assert_eq!(kinds(&news), [EventKind::PaymentRefunded]);
    assert_eq!(data(&news)["monto_reembolsado"], 5.0);
    assert_eq!(data(&news)["estado_pago"], "partially_refunded");
    let failure = Some(Failure::new(Code::PaymentRefunded, FailureKind::Payment));
    let all = Purchase { phase: Phase::Reversed, refunded_minor: 2_000, failure, ..part.clone() };
    let rest = told(&part, &all);
    assert_eq!(
        (kinds(&rest), &data(&rest)["monto_reembolsado"]),
        (vec![EventKind::PaymentRefunded], &json!(20.0))
    );
    assert_ne!(rest.events[0].id, news.events[0].id);
    // The sum may have been seen before the end.
    let seen = Purchase { phase: Phase::Completed, ..all.clone() };
    assert_eq!(told(&part, &seen).events[0].id, rest.events[0].id);
    assert!(told(&seen, &all).is_empty());
    let revoked = Purchase { revoked: true, ..all.clone() };
    assert_eq!(kinds(&told(&all, &revoked)), [EventKind::AccessRevoked]);
}

#[test]
fn a_dispute_is_no_refund() {
    let failure = Some(Failure::new(Code::PaymentDisputed, FailureKind::Payment));
    let disputed = Purchase { phase: Phase::Reversed, failure, ..paid() };
    let news = told(&paid(), &disputed);
    assert_eq!(kinds(&news), [EventKind::PaymentDisputed]);
    assert_eq!(data(&news)["estado_pago"], "charged_back");
    assert!(matches!(&news.alerts[..], [(_, Alert::SaleReversed { state, .. })] if state == "charged_back"));
}

#[test]
fn people_are_told_what_waits_for_them() {
    let news = told(&paid(), &Purchase { phase: Phase::Stuck, ..paid() });
    assert!(news.events.is_empty());
    assert!(
        matches!(&news.alerts[..], [(_, Alert::PersonNeeded { code, .. })] if code == "attention_undelivered")
    );
}

#[test]
fn what_happens_at_once_is_told_together() {
    let failure = Some(Failure::new(Code::PaymentRefunded, FailureKind::Payment));
    let all = Purchase { phase: Phase::Reversed, refunded_minor: 2_000, failure, ..paid() };
    let news = told(&at(Phase::Verifying), &all);
    assert_eq!(kinds(&news), [EventKind::PaymentCompleted, EventKind::PaymentRefunded]);
}
