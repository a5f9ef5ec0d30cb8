//! State of simulator, database and agent's journal, read together: what the checkers judge.

mod books;
mod journal;
mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// What there is to be judged.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Hotspot users of the simulated routers.
    pub users: Vec<User>,
    /// The gateway's orders.
    pub orders: Vec<Order>,
    /// What happened to money, by the gateway's books.
    pub ledger: Vec<LedgerEntry>,
    /// Purchases of the control plane.
    pub purchases: Vec<Purchase>,
    /// The companies' books.
    pub transactions: Vec<Transaction>,
    /// Company of each router.
    pub routers: BTreeMap<String, String>,
    /// Company and router of each product.
    pub products: BTreeMap<i64, (String, String)>,
    /// Company and router of each portal key.
    pub api_keys: BTreeMap<String, (String, String)>,
    /// What the agent remembers.
    pub journal: Vec<JournalEntry>,
    /// Routers that the agent was given.
    pub journal_routers: BTreeSet<String>,
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

/// An order at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// `ord_…`.
    pub id: String,
    /// The purchase it was opened for, by its metadata.
    pub sale_id: String,
    /// Company, by its metadata.
    pub company_id: String,
    /// Router, by its metadata.
    pub router_id: String,
    /// `paid`, `declined`, … or empty.
    pub status: String,
    /// Minor units.
    pub amount: i64,
}

/// A line of the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// `charge`, `declined`, `refund`, …
    pub kind: String,
    /// The order.
    pub order_id: String,
    /// Minor units.
    pub amount: i64,
    /// When, in milliseconds.
    pub at_ms: i64,
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
    /// Whether something is left to do.
    pub open: bool,
    /// Hotspot user as drawn last.
    pub user: String,
    /// When the user first stood on the router.
    pub reserved_at: Option<i64>,
    /// When the charge was about to be sent.
    pub charge_started_at: Option<i64>,
    /// The gateway's order.
    pub order_id: Option<String>,
    /// Price in minor units.
    pub price: i64,
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
    /// `paid`, `declined`, …
    pub payment_state: String,
    /// `active`, `removed`, …
    pub hotspot_state: String,
    /// User name.
    pub hotspot_user: Option<String>,
}

/// What the agent remembers of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Purchase.
    pub purchase_id: String,
    /// Router.
    pub router_id: String,
    /// User name.
    pub name: String,
    /// Row of the user, once the agent made or adopted it.
    pub row_id: Option<String>,
    /// `reserve`, `confirm` or `release`.
    pub kind: Option<String>,
}

impl Evidence {
    /// Reads what we keep: the control plane's database and the journal in the agent's data directory.
    ///
    /// # Errors
    /// When something cannot be read or has another shape.
    pub async fn of_ours(database_url: &str, agent_dir: &Path) -> anyhow::Result<Self> {
        let mut evidence = Self::default();
        books::read(database_url, &mut evidence).await?;
        journal::read(agent_dir, &mut evidence)?;
        Ok(evidence)
    }

    /// Reads what we keep where there are several agents.
    ///
    /// # Errors
    /// When something cannot be read or has another shape.
    pub async fn of_sites(database_url: &str, agent_dirs: &[&Path]) -> anyhow::Result<Self> {
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
        outside::read(state, router_id, &mut self)?;
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
        let of_sale = |entry: &&LedgerEntry| self.sale_of(entry) == Some(purchase_id);
        self.ledger.iter().filter(|entry| entry.moved_money()).filter(of_sale).collect()
    }

    /// How much went back to the buyer of a purchase.
    #[must_use]
    pub fn returned_of(&self, purchase_id: &str) -> i64 {
        let refunds = self.ledger.iter().filter(|entry| entry.kind == "refund");
        refunds.filter(|entry| self.sale_of(entry) == Some(purchase_id)).map(|entry| entry.amount).sum()
    }

    /// The purchase that a line of the ledger belongs to.
    #[must_use]
    pub fn sale_of(&self, entry: &LedgerEntry) -> Option<&str> {
        self.orders.iter().find(|order| order.id == entry.order_id).map(|order| order.sale_id.as_str())
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
}
