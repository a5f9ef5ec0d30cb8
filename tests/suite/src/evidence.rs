//! State of simulator, database and agent's journal, read together: what the checkers judge.

mod books;
mod journal;
mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::simulator::gateways::Gateway;

/// What there is to be judged.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Hotspot users of the simulated routers.
    pub users: Vec<User>,
    /// Payments at the gateways, paid or not: Conekta's orders, Mercado Pago's payments.
    pub payments: Vec<Payment>,
    /// What happened to money, by the gateways' books.
    pub ledger: Vec<LedgerEntry>,
    /// Purchases of the control plane.
    pub purchases: Vec<Purchase>,
    /// The companies' books.
    pub transactions: Vec<Transaction>,
    /// What the counts say: number and amount of the transactions of a company in a payment state.
    pub counts: BTreeMap<(String, String), (i64, i64)>,
    /// The record of each purchase.
    pub records: BTreeMap<String, Vec<Line>>,
    /// The same as it was read before.
    pub earlier_records: BTreeMap<String, Vec<Line>>,
    /// Reservations that agents hold for purchases that nobody knows.
    pub unknown_reservations: Vec<UnknownReservation>,
    /// Payments that belong to no purchase, put before a person.
    pub strays: Vec<Stray>,
    /// Companies that let users keep the access when the money goes back.
    pub forgiving: Vec<String>,
    /// Company of each router.
    pub routers: BTreeMap<String, String>,
    /// Company and router of each product.
    pub products: BTreeMap<i64, (String, String)>,
    /// Company and router of each portal key.
    pub api_keys: BTreeMap<String, (String, String)>,
    /// What the agents remember.
    pub journal: Vec<JournalEntry>,
    /// Routers whose agent has lost its journal.
    pub forgetful: BTreeSet<String>,
}

/// A hotspot user on a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Router (`RTR_…`).
    pub router_id: String,
    /// Name.
    pub name: String,
    /// Comment; carries the mark of a reservation.
    pub comment: String,
    /// Whether it cannot be used.
    pub disabled: bool,
}

/// A payment at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The gateway.
    pub gateway: Gateway,
    /// Its id there.
    pub id: String,
    /// The purchase it was made for, by its metadata.
    pub sale_id: String,
    /// Company, by its metadata.
    pub company_id: String,
    /// Router, by its metadata.
    pub router_id: String,
    /// The gateway's word, or empty.
    pub status: String,
}

/// A line of a gateway's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The gateway.
    pub gateway: Gateway,
    /// `charge`, `declined`, `refund`, …
    pub kind: String,
    /// The payment.
    pub payment_id: String,
    /// The purchase that the payment was made for; empty when it names none.
    pub sale_id: String,
    /// Minor units.
    pub amount: i64,
    /// When, in milliseconds.
    pub at_ms: i64,
}

/// What became of the money of one purchase, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Money {
    /// Went from buyer to seller.
    pub charged: i64,
    /// Went back.
    pub refunded: i64,
    /// Was taken back by the buyer's bank.
    pub disputed: i64,
}

/// A purchase as the control plane stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Purchase {
    /// `TRX_…`.
    pub id: String,
    /// Company.
    pub company_id: String,
    /// Router.
    pub router_id: String,
    /// Product.
    pub product_id: i64,
    /// Phase word.
    pub phase: String,
    /// The gateway.
    pub gateway: Gateway,
    /// Whether something is left to do.
    pub open: bool,
    /// Whether a person is called.
    pub attention: bool,
    /// Hotspot user as drawn last.
    pub user: String,
    /// When the user first stood on the router.
    pub reserved_at: Option<i64>,
    /// When the charge was about to be sent.
    pub charge_started_at: Option<i64>,
    /// What the gateway knows the payment by.
    pub payment_id: Option<String>,
    /// Price in minor units.
    pub price: i64,
    /// How much went back, in minor units.
    pub refunded: i64,
    /// The whole state.
    pub state: Value,
}

/// A row of a company's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Purchase.
    pub purchase_id: String,
    /// Company.
    pub company_id: String,
    /// Router.
    pub router_id: String,
    /// Product.
    pub product_id: Option<i64>,
    /// Key that asked.
    pub api_key_id: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// `paid`, `approved`, `declined`, …
    pub payment_state: String,
    /// `active`, `removed`, …
    pub hotspot_state: String,
    /// User name.
    pub hotspot_user: Option<String>,
}

/// A line of a purchase's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Commit that wrote it.
    pub version: i64,
    /// When, in milliseconds.
    pub at: i64,
    /// What was done.
    pub step: String,
    /// How it ended.
    pub result: String,
    /// Who did it.
    pub who: String,
}

/// A reservation that an agent holds for a purchase that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownReservation {
    /// Router.
    pub router_id: String,
    /// The purchase that the agent names.
    pub purchase_id: String,
    /// User name.
    pub name: String,
}

/// A payment that no purchase knows, put before a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The gateway's id.
    pub payment_id: String,
    /// Minor units.
    pub amount: i64,
}

/// What the agent remembers of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Purchase.
    pub purchase_id: String,
    /// Router.
    pub router_id: String,
    /// Whether the agent was given this router.
    pub given: bool,
    /// User name.
    pub name: String,
    /// Row of the user, once the agent made or adopted it.
    pub row_id: Option<String>,
    /// `reserve`, `confirm`, `release` or `revoke`.
    pub kind: Option<String>,
}

impl Evidence {
    /// Reads what we keep: the control plane's database and the journals in the agents' data directories.
    ///
    /// # Errors
    /// When something cannot be read or has another shape.
    pub async fn of_ours(database_url: &str, agent_dirs: &[&Path]) -> anyhow::Result<Self> {
        let mut evidence = Self::default();
        books::read(database_url, &mut evidence).await?;
        for dir in agent_dirs {
            journal::read(dir, &mut evidence)?;
        }
        Ok(evidence)
    }

    /// Adds what the world outside shows: the simulator's state, whose first router is `router_id`.
    ///
    /// It must have been asked for after the rest was read: what is settled stays as it is, what is not may change.
    ///
    /// # Errors
    /// When the state has another shape.
    pub fn with_outside(mut self, state: &Value, router_id: &str) -> anyhow::Result<Self> {
        outside::gateways(state, &mut self)?;
        self.with_router(state, router_id)
    }

    /// Adds the users of `router_id`, the first router of a simulator of this state.
    ///
    /// # Errors
    /// When the state has another shape.
    pub fn with_router(mut self, state: &Value, router_id: &str) -> anyhow::Result<Self> {
        outside::router(state, router_id, &mut self)?;
        Ok(self)
    }

    /// The purchase of this id.
    #[must_use]
    pub fn purchase(&self, id: &str) -> Option<&Purchase> {
        self.purchases.iter().find(|purchase| purchase.id == id)
    }

    /// Purchases with something left to do: id, phase, and until when they wait.
    #[must_use]
    pub fn open_purchases(&self) -> Vec<(&str, &str, &Value)> {
        let open = self.purchases.iter().filter(|purchase| purchase.open);
        open.map(|purchase| (purchase.id.as_str(), purchase.phase.as_str(), &purchase.state)).collect()
    }

    /// Charges that moved money for a purchase.
    #[must_use]
    pub fn charges_of(&self, purchase_id: &str) -> Vec<&LedgerEntry> {
        let of_sale = |entry: &&LedgerEntry| entry.sale_id == purchase_id;
        self.ledger.iter().filter(|entry| entry.moved_money()).filter(of_sale).collect()
    }

    /// What became of the money of a purchase.
    #[must_use]
    pub fn money_of(&self, purchase_id: &str) -> Money {
        let mut money = Money::default();
        for entry in self.ledger.iter().filter(|entry| entry.sale_id == purchase_id) {
            match entry.kind.as_str() {
                "charge" | "capture" => money.charged += entry.amount,
                "refund" => money.refunded += entry.amount,
                "chargeback" => money.disputed += entry.amount,
                "chargeback_won" => money.disputed -= entry.amount,
                _ => {}
            }
        }
        money
    }
}

impl Money {
    /// What the seller still has.
    #[must_use]
    pub const fn kept(self) -> i64 {
        self.charged - self.refunded - self.disputed
    }
}

impl LedgerEntry {
    /// Whether money went from buyer to seller.
    #[must_use]
    pub fn moved_money(&self) -> bool {
        matches!(self.kind.as_str(), "charge" | "capture")
    }
}

impl User {
    /// Whether simulator or router brought it along: it was never sold.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.name.starts_with("preload-")
    }

    /// The name that was sold: a clone for one more device of a user stands for the user.
    #[must_use]
    pub fn sold_as(&self) -> &str {
        self.name.split_once("_RANDMAC").map_or(&self.name, |(sold, _)| sold)
    }
}
