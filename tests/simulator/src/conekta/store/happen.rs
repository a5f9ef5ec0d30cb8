//! What happens to an order after it was charged, and what is told of it.

use super::Store;
use crate::conekta::event::Event;
use crate::conekta::order::{Order, Refund, Status};
use crate::gateway::{Action, ActionError};
use crate::ledger::EntryKind;
use serde_json::Value;
use std::sync::Arc;

impl Store {
    /// Events since the last call.
    pub fn take_events(&mut self) -> Vec<Arc<Event>> {
        self.events.take_new()
    }

    /// Events of a key, oldest first.
    pub fn events(&self, key: &str) -> Vec<Arc<Event>> {
        self.events.of_key(key)
    }

    /// Ends what was not paid in time.
    pub fn expire(&mut self, now_ms: u64) {
        while let Some((at, index)) = self.due.first().copied().filter(|(at, _)| *at <= now_ms / 1000) {
            self.due.pop_first();
            if self.orders[index].status == Some(Status::PendingPayment) {
                self.turn(index, Status::Expired, "order.expired", at.saturating_mul(1000));
            }
        }
    }

    /// The order with this id, whoever made it.
    pub fn any(&self, id: &str) -> Option<Arc<Order>> {
        self.by_id.get(id).map(|index| Arc::clone(&self.orders[*index]))
    }

    /// Lets something happen to an order, whoever made it.
    ///
    /// # Errors
    /// When there is no such order, or it cannot happen to it.
    pub fn happen(
        &mut self,
        id: &str,
        action: Action,
        amount: Option<u64>,
        now_ms: u64,
    ) -> Result<Value, ActionError> {
        let index = *self.by_id.get(id).ok_or_else(|| ActionError::Unknown(id.to_owned()))?;
        let order = &self.orders[index];
        let charge = order.charges.last();
        let challenged = charge.is_some_and(|charge| charge.challenged);
        let paid_before = charge.is_some_and(|charge| charge.paid_at.is_some());
        let won = charge.is_some_and(|charge| charge.chargeback == Some("won"));
        let left = order.draft.amount.saturating_sub(order.amount_refunded);
        let (total, status) = (order.draft.amount, order.status);
        let waiting = status == Some(Status::PendingPayment);
        let reviewed = status == Some(Status::UnderFraudReview);
        let refundable = status.is_some_and(Status::refundable);
        match action {
            Action::Pay if reviewed && paid_before => self.turn(index, Status::Paid, "order.paid", now_ms),
            Action::Pay if reviewed || (waiting && !challenged) => self.take(index, now_ms),
            Action::CompleteChallenge if challenged => self.take(index, now_ms),
            Action::Fail if reviewed => {
                if paid_before {
                    self.give_back(index, left, "suspected_fraud", now_ms);
                }
                self.turn(index, Status::Fraudulent, "order.fraudulent", now_ms);
            }
            Action::Fail if waiting && !challenged => self.decline(index, total, now_ms),
            Action::FailChallenge if challenged => self.decline(index, total, now_ms),
            Action::Review if waiting || status == Some(Status::Paid) => {
                self.turn(index, Status::UnderFraudReview, "order.under_fraud_review", now_ms);
            }
            Action::Expire if waiting => self.turn(index, Status::Expired, "order.expired", now_ms),
            Action::Refund if refundable => {
                let amount = amount.unwrap_or(left);
                if amount == 0 || amount > left {
                    return Err(ActionError::Amount(left));
                }
                self.give_back(index, amount, "other", now_ms);
            }
            Action::Chargeback if refundable => {
                self.dispute(index, "action_required");
                self.turn(index, Status::ChargedBack, "order.charged_back", now_ms);
                self.tell(index, "charge.chargeback.created", now_ms);
                self.record(index, EntryKind::Chargeback, left, now_ms);
            }
            Action::WinChargeback if status == Some(Status::ChargedBack) && !won => {
                self.dispute(index, "won");
                let before = if left == total { Status::Paid } else { Status::PartiallyRefunded };
                self.turn(index, before, "order.updated", now_ms);
                self.tell(index, "charge.chargeback.won", now_ms);
                self.record(index, EntryKind::ChargebackWon, left, now_ms);
            }
            Action::Pay
            | Action::CompleteChallenge
            | Action::Fail
            | Action::FailChallenge
            | Action::Review
            | Action::Expire
            | Action::Refund
            | Action::Chargeback
            | Action::WinChargeback => {
                let word = status.map_or("not charged", Status::word);
                return Err(ActionError::State(word.to_owned()));
            }
        }
        Ok(self.orders[index].render())
    }

    /// The money comes, or is held.
    fn take(&mut self, index: usize, now_ms: u64) {
        let order = &self.orders[index];
        let (amount, hold) = (order.draft.amount, order.draft.pre_authorize);
        if hold {
            self.turn(index, Status::PreAuthorized, "order.pre_authorized", now_ms);
            self.record(index, EntryKind::Hold, amount, now_ms);
        } else {
            self.turn(index, Status::Paid, "order.paid", now_ms);
            self.record(index, EntryKind::Charge, amount, now_ms);
        }
    }

    fn decline(&mut self, index: usize, amount: u64, now_ms: u64) {
        self.turn(index, Status::Declined, "order.declined", now_ms);
        self.record(index, EntryKind::Declined, amount, now_ms);
    }

    fn dispute(&mut self, index: usize, status: &'static str) {
        let order = Arc::make_mut(&mut self.orders[index]);
        order.settled_charge().into_iter().for_each(|charge| charge.chargeback = Some(status));
    }

    pub(super) fn give_back(&mut self, index: usize, amount: u64, reason: &str, now_ms: u64) {
        let id = self.fresh_id();
        let order = Arc::make_mut(&mut self.orders[index]);
        order.amount_refunded += amount;
        let (status, name) = if order.amount_refunded >= order.draft.amount {
            (Status::Refunded, "order.refunded")
        } else {
            (Status::PartiallyRefunded, "order.partially_refunded")
        };
        if let Some(charge) = order.settled_charge() {
            charge.refunds.push(Refund { id, amount, reason: reason.to_owned(), created_at: now_ms / 1000 });
        }
        self.turn(index, status, name, now_ms);
        self.record(index, EntryKind::Refund, amount, now_ms);
    }

    /// Gives an order, and the charge that counts, a new status.
    pub(super) fn turn(&mut self, index: usize, status: Status, name: &'static str, now_ms: u64) {
        let now_s = now_ms / 1000;
        let order = Arc::make_mut(&mut self.orders[index]);
        order.status = Some(status);
        order.updated_at = now_s;
        if let Some(charge) = order.settled_charge() {
            charge.status = status;
            charge.challenged = false;
            if status == Status::Paid && charge.paid_at.is_none() {
                charge.paid_at = Some(now_s);
            }
        }
        self.tell(index, name, now_ms);
    }

    /// Keeps an event about an order, and the one about its charge that the vendor sends with it.
    pub(super) fn tell(&mut self, index: usize, name: &'static str, now_ms: u64) {
        let with = match name {
            "order.paid" => Some("charge.paid"),
            "order.declined" => Some("charge.declined"),
            "order.refunded" => Some("charge.refunded"),
            _ => None,
        };
        for name in std::iter::once(name).chain(with) {
            let order = Arc::clone(&self.orders[index]);
            let id = self.fresh_id();
            self.events.push(Event { id, name, created_at: now_ms / 1000, order });
        }
    }
}
