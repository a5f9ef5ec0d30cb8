//! What a change of a purchase tells the world: pure. Each fact is told once, however often its purchase is stored.

use serde_json::{Value, json};

use super::admin::review;
use super::books;
use super::state::{Phase, Purchase};
use crate::domain::alert::Alert;
use crate::domain::code::Code;
use crate::domain::event::{Event, EventKind, News, message_id};
use crate::domain::failure::FailureKind;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

/// What the world has been told of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    paid: bool,
    waiting: bool,
    rejected: bool,
    returned_minor: i64,
    disputed: bool,
    revoked: bool,
    needs_person: bool,
}

impl Told {
    /// What is to be known of a purchase that stands so.
    #[must_use]
    pub fn of(purchase: &Purchase) -> Self {
        Self {
            paid: purchase.paid_at.is_some(),
            waiting: is_waiting(purchase.phase),
            rejected: is_rejected(purchase),
            returned_minor: returned_minor(purchase),
            disputed: is_reversed_for(purchase, |code| code == Code::PaymentDisputed),
            revoked: purchase.revoked,
            needs_person: purchase.needs_person(),
        }
    }
}

/// What is to be told of a purchase of which the world knows `before`.
#[must_use]
pub fn since(before: Told, purchase: &Purchase, at: Timestamp) -> News {
    let now = Told::of(purchase);
    let mut news = News::default();
    if before == now {
        return news;
    }
    let mut tell = |kind, fact: String, more: Value, alert: Option<Alert>| {
        let fact = format!("{}{fact}", purchase.terms.id);
        let mut data = data(purchase);
        if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        let event = Event::new(kind, &fact, at, &data);
        news.alerts.extend(alert.map(|alert| (event.id.clone(), alert)));
        news.events.push(event);
    };
    let none = Value::Null;
    if now.waiting && !before.waiting && !now.paid {
        tell(EventKind::PaymentPending, String::new(), none.clone(), None);
    }
    if now.rejected && !before.rejected {
        tell(EventKind::PaymentRejected, String::new(), none.clone(), Some(rejected(purchase)));
    }
    if now.paid && !before.paid {
        tell(EventKind::PaymentCompleted, String::new(), none.clone(), Some(approved(purchase)));
    }
    if now.returned_minor > before.returned_minor {
        let amount = Money { minor: now.returned_minor, ..purchase.terms.product.price };
        let more = json!({"monto_reembolsado": amount.json()});
        let fact = format!(":{}", amount.minor);
        tell(EventKind::PaymentRefunded, fact, more, Some(reversed(purchase, amount)));
    }
    if now.disputed && !before.disputed {
        let alert = reversed(purchase, purchase.terms.product.price);
        tell(EventKind::PaymentDisputed, String::new(), none.clone(), Some(alert));
    }
    if now.revoked && !before.revoked {
        tell(EventKind::AccessRevoked, String::new(), none, None);
    }
    if now.needs_person && !before.needs_person {
        let alert = person_needed(purchase);
        let id = message_id(alert.as_str(), &format!("{}:{}", purchase.terms.id, at.0));
        news.alerts.push((id, alert));
    }
    news
}

/// Whether the buyer, the bank or the gateway is waited for.
const fn is_waiting(phase: Phase) -> bool {
    match phase {
        Phase::Unknown | Phase::ActionRequired | Phase::PendingAsync => true,
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => false,
    }
}

/// Whether it ended because the payment was refused: with what the buyer's page shows as 402.
fn is_rejected(purchase: &Purchase) -> bool {
    let ended = matches!(purchase.phase, Phase::Declined | Phase::RolledBack | Phase::Failed);
    ended && purchase.failure.is_some_and(|failure| failure.kind == FailureKind::Payment)
}

fn is_reversed_for(purchase: &Purchase, reason: impl FnOnce(Code) -> bool) -> bool {
    purchase.phase == Phase::Reversed && purchase.failure.is_some_and(|failure| reason(failure.code))
}

/// How much of what was paid has gone back, in minor units.
fn returned_minor(purchase: &Purchase) -> i64 {
    let paid = purchase.seen_minor.unwrap_or(purchase.terms.product.price.minor);
    if is_reversed_for(purchase, |code| code != Code::PaymentDisputed) {
        purchase.refunded_minor.max(paid)
    } else if purchase.paid_at.is_some() {
        purchase.refunded_minor
    } else {
        0
    }
}

/// What every event of a payment holds. The user of a payment that is not made is not told: a PIN is a name.
fn data(purchase: &Purchase) -> Value {
    let (terms, entry) = (&purchase.terms, books::entry(purchase));
    json!({
        "id_transaccion": entry.public_id,
        "compra_id": terms.id,
        "empresa_id": terms.company,
        "router_id": terms.router,
        "producto_id": terms.product.id,
        "monto": terms.product.price.json(),
        "moneda": terms.product.price.currency.code(),
        "estado_pago": entry.payment_state,
        "gateway": terms.gateway.as_str(),
        "usuario_hotspot": purchase.paid_at.map(|_| entry.hotspot_user),
    })
}

fn approved(purchase: &Purchase) -> Alert {
    let entry = books::entry(purchase);
    Alert::SaleApproved {
        product: purchase.terms.product.name.clone(),
        price: purchase.terms.product.price,
        customer: purchase.terms.buyer.name.clone(),
        transaction: entry.public_id,
        user: entry.hotspot_user,
        purchase: purchase.terms.id.clone(),
    }
}

fn rejected(purchase: &Purchase) -> Alert {
    let code = purchase.failure.map_or(Code::PaymentFailed, |failure| failure.code);
    Alert::SaleRejected {
        product: purchase.terms.product.name.clone(),
        price: purchase.terms.product.price,
        customer: purchase.terms.buyer.name.clone(),
        code: code.as_str().to_owned(),
    }
}

fn reversed(purchase: &Purchase, amount: Money) -> Alert {
    let entry = books::entry(purchase);
    Alert::SaleReversed {
        product: purchase.terms.product.name.clone(),
        amount,
        transaction: entry.public_id,
        state: entry.payment_state.to_owned(),
    }
}

fn person_needed(purchase: &Purchase) -> Alert {
    let code = review::causes(purchase).first().copied().unwrap_or(Code::AttentionUndecided);
    Alert::PersonNeeded {
        product: purchase.terms.product.name.clone(),
        price: purchase.terms.product.price,
        transaction: books::entry(purchase).public_id,
        code: code.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests;
