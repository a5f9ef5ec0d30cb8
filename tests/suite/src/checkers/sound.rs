//! A small world in which everything is as promised: one purchase delivered, one declined.

use serde_json::Value;

use crate::evidence::{Evidence, JournalEntry, LedgerEntry, Order, Purchase, Transaction, User};

pub(super) const COMPANY: &str = "EMP_1";
pub(super) const ROUTER: &str = "RTR_1";
const KEY: &str = "key_1";

/// The world; tests break one thing in it.
pub(super) fn sound() -> Evidence {
    let delivered = purchase("TRX_A", "completed", "PT-AAAAA");
    let declined = purchase("TRX_B", "rolled_back", "PT-BBBBB");
    Evidence {
        users: vec![user("PT-AAAAA")],
        orders: vec![order("ord_a", "TRX_A", "paid"), order("ord_b", "TRX_B", "declined")],
        ledger: vec![line("charge", "ord_a"), line("declined", "ord_b")],
        transactions: vec![
            transaction(&delivered, "paid", "active"),
            transaction(&declined, "declined", "removed"),
        ],
        journal: vec![entry(&delivered, "confirm"), entry(&declined, "release")],
        purchases: vec![delivered, declined],
        routers: [(ROUTER.to_owned(), COMPANY.to_owned())].into(),
        products: [(1, (COMPANY.to_owned(), ROUTER.to_owned()))].into(),
        api_keys: [(KEY.to_owned(), (COMPANY.to_owned(), ROUTER.to_owned()))].into(),
        journal_routers: [ROUTER.to_owned()].into(),
        forgetful: [].into(),
    }
}

/// A user without a mark.
pub(super) fn user(name: &str) -> User {
    User { router_id: ROUTER.to_owned(), name: name.to_owned(), comment: String::new(), disabled: false }
}

fn purchase(id: &str, phase: &str, user: &str) -> Purchase {
    let order_id = format!("ord_{}", id.trim_start_matches("TRX_").to_lowercase());
    Purchase {
        id: id.to_owned(),
        company_id: COMPANY.to_owned(),
        router_id: ROUTER.to_owned(),
        product_id: 1,
        phase: phase.to_owned(),
        open: false,
        user: user.to_owned(),
        reserved_at: Some(1_000),
        charge_started_at: Some(1_010),
        order_id: Some(order_id),
        price: 2_000,
        state: Value::Null,
    }
}

fn order(id: &str, sale_id: &str, status: &str) -> Order {
    Order {
        id: id.to_owned(),
        sale_id: sale_id.to_owned(),
        company_id: COMPANY.to_owned(),
        router_id: ROUTER.to_owned(),
        status: status.to_owned(),
        amount: 2_000,
    }
}

fn line(kind: &str, order_id: &str) -> LedgerEntry {
    LedgerEntry { kind: kind.to_owned(), order_id: order_id.to_owned(), amount: 2_000, at_ms: 1_020 }
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
        name: purchase.user.clone(),
        row_id: Some("*1".to_owned()),
        kind: Some(kind.to_owned()),
    }
}
