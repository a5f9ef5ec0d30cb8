//! Evidence of a world, for the same checkers that judge the real processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use pagos_control_plane::gateway::GatewayName;

use super::bank::{Account, Bank, Line, Standing};
use super::people::Told;
use super::sites::Place;
use super::{World, lock, template};
use crate::checkers;
use crate::evidence::{Evidence, LedgerEntry, Payment};
use crate::simulator::gateways::Gateway;

/// A purchase, in short.
#[derive(Debug, Clone)]
pub struct Short {
    /// Its id.
    pub id: String,
    /// Number of its transaction.
    pub transaction: i64,
    /// Its company.
    pub company: String,
    /// Its phase.
    pub phase: String,
    /// Whether something is left to do.
    pub open: bool,
    /// Whether a person has to look.
    pub attention: bool,
}

/// The purchases in the database of a running world.
///
/// # Errors
/// When it cannot be read.
pub fn purchases(world: &World) -> anyhow::Result<Vec<Short>> {
    let books = rusqlite::Connection::open(world.cloud.database())?;
    books.busy_timeout(Duration::from_secs(5))?;
    let mut rows = books.prepare(
        "SELECT p.id, t.id, p.company_id, p.phase, p.open, p.attention FROM purchases p
         JOIN transactions t ON t.purchase_id = p.id ORDER BY p.created_at, p.id",
    )?;
    let rows = rows.query_map([], |row| {
        Ok(Short {
            id: row.get(0)?,
            transaction: row.get(1)?,
            company: row.get(2)?,
            phase: row.get(3)?,
            open: row.get(4)?,
            attention: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Broken promises of a world at rest, and how many purchases there were and were paid.
///
/// # Errors
/// When something cannot be read.
pub fn of(
    dir: &Path,
    bank: &Bank,
    places: &[Place],
    told: &Told,
    forgetful: &Mutex<BTreeMap<usize, u64>>,
) -> anyhow::Result<(Vec<String>, (u64, u64))> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("sqlite:{}", template::database(dir).display());
    let dirs: Vec<&Path> = places.iter().map(Place::dir).collect();
    let mut evidence = runtime.block_on(Evidence::of_ours(&url, &dirs))?;
    for place in places {
        evidence.users.extend(place.users());
        if lock(forgetful).contains_key(&place.site) {
            evidence
                .forgetful
                .extend((0..place.routers()).map(|number| template::router(place.site, number)));
        }
    }
    let (payments, lines) = bank.books();
    evidence.payments = payments.iter().map(payment).collect();
    // The clocks of a world jump, so that times prove no order: that the user stood is judged when the bank is asked.
    for purchase in &mut evidence.purchases {
        if purchase.reserved_at.is_some() {
            purchase.charge_started_at = purchase.charge_started_at.max(purchase.reserved_at);
        }
    }
    let of_payment = |line: &Line| payments.iter().find(|account| account.id == line.payment);
    let entry = |line: &Line| of_payment(line).map(|account| entry(line, account));
    evidence.ledger = lines.iter().filter_map(entry).collect();
    let mut breaches = checkers::breaches(&evidence);
    for (id, _) in lock(told).iter().filter(|(_, sold)| **sold) {
        let phase = evidence.purchase(id).map_or("not there", |purchase| purchase.phase.as_str());
        if matches!(phase, "rolled_back" | "failed" | "declined" | "not there") {
            breaches.push(format!("P4: a buyer was told that {id} is sold, and it ended {phase}"));
        }
    }
    let paid = evidence.purchases.iter().filter(|it| !evidence.charges_of(&it.id).is_empty()).count();
    Ok((breaches, (evidence.purchases.len() as u64, paid as u64)))
}

fn payment(account: &Account) -> Payment {
    Payment {
        gateway: gateway(account),
        id: account.id.clone(),
        sale_id: account.purchase.clone(),
        company_id: account.company.clone(),
        router_id: account.router.clone(),
        status: if account.standing == Standing::Paid { "paid".into() } else { String::new() },
    }
}

fn entry(line: &Line, account: &Account) -> LedgerEntry {
    LedgerEntry {
        gateway: gateway(account),
        kind: line.kind.to_owned(),
        payment_id: account.id.clone(),
        sale_id: account.purchase.clone(),
        amount: line.amount,
        at_ms: i64::MAX,
    }
}

const fn gateway(account: &Account) -> Gateway {
    match account.gateway {
        GatewayName::Conekta => Gateway::Conekta,
        GatewayName::MercadoPago => Gateway::MercadoPago,
    }
}
