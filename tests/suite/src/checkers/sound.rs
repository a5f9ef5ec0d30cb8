//! A small world in which everything is as promised: one purchase delivered, one declined, one paid and refunded.

use serde_json::Value;

use crate::evidence::{Evidence, JournalEntry, LedgerEntry, Line, Payment, Purchase, Transaction, User};
use crate::simulator::gateways::Gateway;

pub(super) const COMPANY: &str = "EMP_1";
pub(crate) const ROUTER: &str = "RTR_1";
/// Payment of the delivered purchase.
pub(super) const PAID: &str = "ord_a";
/// Payment of the refunded purchase.
pub(super) const REVERSED: &str = "9007199254740993";
const DECLINED: &str = "ord_b";
const KEY: &str = "key_1";

/// The world; tests break one thing in it.
pub(crate) fn sound() -> Evidence {
    let delivered = purchase("TRX_A", "completed", "PT-AAAAA", PAID);
    let declined = purchase("TRX_B", "rolled_back", "PT-BBBBB", DECLINED);
    let mut reversed = purchase("TRX_C", "reversed", "PT-CCCCC", REVERSED);
    reversed.refunded = reversed.price;
    let purchases = [delivered.clone(), declined.clone(), reversed.clone()];
    let transactions = vec![
        transaction(&delivered, "paid", "active"),
        transaction(&declined, "declined", "removed"),
        transaction(&reversed, "refunded", "disabled"),
    ];
    Evidence {
        counts: super::counts::of(&transactions),
        users: vec![user("PT-AAAAA"), User { disabled: true, ..user("PT-CCCCC") }],
        payments: vec![
            payment(PAID, "TRX_A", "paid"),
            payment(DECLINED, "TRX_B", "declined"),
            payment(REVERSED, "TRX_C", "refunded"),
        ],
        ledger: vec![
            line("charge", PAID),
            line("declined", DECLINED),
            line("charge", REVERSED),
            line("refund", REVERSED),
        ],
        transactions,
        journal: vec![entry(&delivered, "confirm"), entry(&declined, "release"), entry(&reversed, "revoke")],
        records: purchases.iter().map(|own| (own.id.clone(), record(&own.phase))).collect(),
        purchases: purchases.into(),
        routers: [(ROUTER.to_owned(), COMPANY.to_owned())].into(),
        products: [(1, (COMPANY.to_owned(), ROUTER.to_owned()))].into(),
        api_keys: [(KEY.to_owned(), (COMPANY.to_owned(), ROUTER.to_owned()))].into(),
        ..Evidence::default()
    }
}

/// A user without a mark.
pub(super) fn user(name: &str) -> User {
    User { router_id: ROUTER.to_owned(), name: name.to_owned(), comment: String::new(), disabled: false }
}

/// A line of the books of the gateway that made the payment.
pub(super) fn line(kind: &str, payment_id: &str) -> LedgerEntry {
    LedgerEntry {
        gateway: gateway_of(payment_id),
        kind: kind.to_owned(),
        payment_id: payment_id.to_owned(),
        sale_id: match payment_id {
            PAID => "TRX_A",
            DECLINED => "TRX_B",
            _ => "TRX_C",
        }
        .to_owned(),
        amount: 2_000,
        at_ms: 1_020,
    }
}

fn gateway_of(payment_id: &str) -> Gateway {
    if payment_id.starts_with("ord_") { Gateway::Conekta } else { Gateway::MercadoPago }
}

fn purchase(id: &str, phase: &str, user: &str, payment_id: &str) -> Purchase {
    Purchase {
        id: id.to_owned(),
        company_id: COMPANY.to_owned(),
        router_id: ROUTER.to_owned(),
        product_id: 1,
        phase: phase.to_owned(),
        gateway: gateway_of(payment_id),
        open: false,
        attention: false,
        user: user.to_owned(),
        reserved_at: Some(1_000),
        charge_started_at: Some(1_010),
        payment_id: Some(payment_id.to_owned()),
        price: 2_000,
        refunded: 0,
        state: Value::Null,
    }
}

fn payment(id: &str, sale_id: &str, status: &str) -> Payment {
    Payment {
        gateway: gateway_of(id),
        id: id.to_owned(),
        sale_id: sale_id.to_owned(),
        company_id: COMPANY.to_owned(),
        router_id: ROUTER.to_owned(),
        status: status.to_owned(),
    }
}

fn record(phase: &str) -> Vec<Line> {
    let line = |version, step: &str, result: &str| Line {
        version,
        at: 1_000 + version,
        step: step.to_owned(),
        result: result.to_owned(),
        who: "system".to_owned(),
    };
    vec![line(1, "asked", "requested"), line(2, "phase", phase)]
}

fn transaction(purchase: &Purchase, payment_state: &str, hotspot_state: &str) -> Transaction {
    Transaction {
        purchase_id: purchase.id.clone(),
        company_id: COMPANY.to_owned(),
        router_id: ROUTER.to_owned(),
        product_id: Some(1),
        api_key_id: Some(KEY.to_owned()),
        amount: purchase.price,
        payment_state: payment_state.to_owned(),
        hotspot_state: hotspot_state.to_owned(),
        hotspot_user: Some(purchase.user.clone()),
    }
}

fn entry(purchase: &Purchase, kind: &str) -> JournalEntry {
    JournalEntry {
        purchase_id: purchase.id.clone(),
        router_id: ROUTER.to_owned(),
        given: true,
        name: purchase.user.clone(),
        row_id: Some("*1".to_owned()),
        kind: Some(kind.to_owned()),
    }
}
