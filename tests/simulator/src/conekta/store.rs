//! All orders of the gateway, and the rules of charging them. Pure: every call is given the time.

mod happen;

use super::card::{self, Token};
use super::event::Events;
use super::failure::Failure;
use super::ledger::Entry;
use super::order::{Charge, Order, Status};
use super::validate::{ChargeDraft, Method, OrderDraft, RefundDraft};
use crate::ledger::{EntryKind, masked};
use md5::{Digest, Md5};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long cash and transfers can be paid when nothing is said, in seconds: 30 days.
const LATER_S: u64 = 30 * 86_400;

/// What the gateway knows.
#[derive(Debug)]
pub struct Store {
    seed: u64,
    ids: u64,
    /// Orders in the order they were made; shared with those who are looking at them.
    orders: Vec<Arc<Order>>,
    by_id: BTreeMap<String, usize>,
    /// Places by private key, in the order they were made.
    by_key: BTreeMap<String, Vec<usize>>,
    used_tokens: BTreeSet<String>,
    /// Cash and transfers that end unpaid: when, in seconds, and which.
    due: BTreeSet<(u64, usize)>,
    ledger: Vec<Entry>,
    events: Events,
}

impl Store {
    /// A gateway without orders; `seed` keeps its ids apart from those of earlier runs.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            ids: 0,
            orders: Vec::new(),
            by_id: BTreeMap::new(),
            by_key: BTreeMap::new(),
            used_tokens: BTreeSet::new(),
            due: BTreeSet::new(),
            ledger: Vec::new(),
            events: Events::default(),
        }
    }

    /// All orders in the order they were made, as they are now: to look at without holding the gateway up.
    pub fn orders(&self) -> Vec<Arc<Order>> {
        self.orders.clone()
    }

    /// The orders of a key in the order they were made.
    pub fn of_key(&self, key: &str) -> Vec<Arc<Order>> {
        self.by_key.get(key).into_iter().flatten().map(|index| Arc::clone(&self.orders[*index])).collect()
    }

    /// What happened to money, in order.
    pub fn ledger(&self) -> &[Entry] {
        &self.ledger
    }

    /// 24 hex digits that were not given out before.
    pub fn fresh_id(&mut self) -> String {
        self.ids += 1;
        let digest =
            Md5::new().chain_update(self.seed.to_be_bytes()).chain_update(self.ids.to_be_bytes()).finalize();
        hex::encode(&digest[..12])
    }

    /// Makes an order, and charges it in the one-call form.
    ///
    /// # Errors
    /// 402 when the charge is declined: the order stays behind and is in the error's `data`. 402 without `data` when
    /// the token was used before.
    pub fn create(&mut self, key: &str, draft: OrderDraft, now_ms: u64) -> Result<Value, Failure> {
        if draft.charge.as_ref().is_some_and(|charge| self.used_tokens.contains(&charge.token_id)) {
            return Err(card::used());
        }
        let id = format!("ord_{}", &self.fresh_id()[..17]);
        let line_item_ids =
            draft.line_items.iter().map(|_| format!("line_item_{}", &self.fresh_id()[..17])).collect();
        let charge = draft.charge.clone();
        let index = self.orders.len();
        self.by_id.insert(id.clone(), index);
        self.by_key.entry(key.to_owned()).or_default().push(index);
        self.orders.push(Arc::new(Order {
            id,
            key: key.to_owned(),
            draft,
            line_item_ids,
            status: None,
            amount_refunded: 0,
            created_at: now_ms / 1000,
            updated_at: now_ms / 1000,
            charges: Vec::new(),
        }));
        if let Some(charge) = charge {
            self.try_charge(index, charge, now_ms)?;
        }
        Ok(self.orders[index].render())
    }

    /// The order of this key with this id.
    ///
    /// # Errors
    /// 404 when the key has none.
    pub fn order(&self, key: &str, id: &str) -> Result<&Order, Failure> {
        self.index(key, id).map(|index| self.orders[index].as_ref())
    }

    /// Charges an order that has no charge yet, or only declined ones; returns the charge.
    ///
    /// # Errors
    /// 404 unknown order, 428 when its state forbids it, 402 when declined or the token was used before.
    pub fn charge(&mut self, key: &str, id: &str, draft: ChargeDraft, now_ms: u64) -> Result<Value, Failure> {
        let index = self.index(key, id)?;
        match self.orders[index].status {
            None | Some(Status::Declined) => {}
            Some(Status::Canceled | Status::Voided | Status::Expired | Status::Fraudulent) => {
                return Err(Failure::precondition(
                    "order.cannot_be_updated_because_canceled",
                    "the order is canceled",
                ));
            }
            Some(
                Status::Paid
                | Status::PreAuthorized
                | Status::PartiallyRefunded
                | Status::Refunded
                | Status::PendingPayment
                | Status::UnderFraudReview
                | Status::ChargedBack,
            ) => {
                let code = "combo.order.cannot_be_updated_because_has_charge";
                return Err(Failure::precondition(code, "the order has a charge already"));
            }
        }
        if self.used_tokens.contains(&draft.token_id) {
            return Err(card::used());
        }
        self.try_charge(index, draft, now_ms)?;
        let order = &self.orders[index];
        Ok(order.charges.last().map_or(Value::Null, |charge| order.render_charge(charge)))
    }

    /// Gives money back.
    ///
    /// # Errors
    /// 404 unknown order, 428 when nothing was paid, 422 when more is asked for than is left.
    pub fn refund(
        &mut self,
        key: &str,
        id: &str,
        draft: &RefundDraft,
        now_ms: u64,
    ) -> Result<Value, Failure> {
        let index = self.index(key, id)?;
        let order = &self.orders[index];
        if !order.status.is_some_and(Status::refundable) {
            return Err(Failure::precondition("order.not_refundable", "the order has nothing to refund"));
        }
        let left = order.draft.amount.saturating_sub(order.amount_refunded);
        if draft.amount > left {
            let detail = super::failure::Detail {
                code: "parameter_validation.refund.amount.exceeds".to_owned(),
                param: Some("amount".to_owned()),
                message: [
                    "El monto es mayor al que se puede devolver.",
                    "The amount is more than can be refunded.",
                ],
                debug_message: format!("{left} minor units can be refunded"),
            };
            return Err(Failure::fields(vec![detail]));
        }
        self.give_back(index, draft.amount, &draft.reason, now_ms);
        Ok(self.orders[index].render())
    }

    /// Closes an order that is not paid; a hold is given up.
    ///
    /// # Errors
    /// 404 unknown order, 428 when it is paid or closed.
    pub fn cancel(&mut self, key: &str, id: &str, now_ms: u64) -> Result<Value, Failure> {
        let index = self.index(key, id)?;
        match self.orders[index].status {
            None | Some(Status::Declined | Status::PendingPayment) => {
                self.turn(index, Status::Canceled, "order.canceled", now_ms);
            }
            Some(Status::PreAuthorized) => {
                let amount = self.orders[index].draft.amount;
                self.turn(index, Status::Voided, "order.voided", now_ms);
                self.record(index, EntryKind::Release, amount, now_ms);
            }
            Some(
                Status::Paid
                | Status::Canceled
                | Status::Voided
                | Status::PartiallyRefunded
                | Status::Refunded
                | Status::Expired
                | Status::UnderFraudReview
                | Status::Fraudulent
                | Status::ChargedBack,
            ) => {
                return Err(Failure::precondition("order.cannot_be_canceled", "the order is paid or closed"));
            }
        }
        Ok(self.orders[index].render())
    }

    /// Takes the money that an order holds.
    ///
    /// # Errors
    /// 404 unknown order, 428 when it holds nothing, 422 for another amount than is held.
    pub fn capture(
        &mut self,
        key: &str,
        id: &str,
        amount: Option<u64>,
        now_ms: u64,
    ) -> Result<Value, Failure> {
        let index = self.index(key, id)?;
        let order = &self.orders[index];
        if order.status != Some(Status::PreAuthorized) {
            return Err(Failure::precondition("order.not_pre_authorized", "the order holds no money"));
        }
        let held = order.draft.amount;
        if amount.is_some_and(|amount| amount != held) {
            let detail = super::failure::Detail {
                code: "parameter_validation.capture.amount.invalid".to_owned(),
                param: Some("amount".to_owned()),
                message: ["El monto no es válido.", "The amount is not valid."],
                debug_message: format!("the simulator captures the whole hold of {held} minor units only"),
            };
            return Err(Failure::fields(vec![detail]));
        }
        self.turn(index, Status::Paid, "order.paid", now_ms);
        self.record(index, EntryKind::Capture, held, now_ms);
        Ok(self.orders[index].render())
    }

    fn index(&self, key: &str, id: &str) -> Result<usize, Failure> {
        let index = self.by_id.get(id).copied().filter(|index| self.orders[*index].key == key);
        index.ok_or_else(|| Failure::not_found("id", format!("this key has no order {id:?}")))
    }

    /// The bank is asked. Everything that can be refused before has been.
    fn try_charge(&mut self, index: usize, draft: ChargeDraft, now_ms: u64) -> Result<(), Failure> {
        let by_card = draft.method == Method::Card;
        let found = if by_card { card::token(&draft.token_id) } else { Some(card::NO_CARD) };
        let Some(token) = found else {
            return Err(Failure::fields(vec![card::nonexistent()]));
        };
        if token.single_use {
            self.used_tokens.insert(draft.token_id.clone());
        }
        let id = self.fresh_id();
        let order = Arc::make_mut(&mut self.orders[index]);
        let challenged = token.challenge && order.draft.three_ds_mode.is_some();
        let (status, kind, event) = first_status(&token, by_card && !challenged, order.draft.pre_authorize);
        let (amount, now_s) = (order.draft.amount, now_ms / 1000);
        let expires_at = (!by_card).then(|| draft.expires_at.unwrap_or(now_s + LATER_S));
        let paid_at = (status == Status::Paid).then_some(now_s);
        order.charges.push(Charge {
            id,
            draft,
            card: token.card,
            status,
            decline: token.decline,
            amount,
            created_at: now_s,
            paid_at,
            refunds: Vec::new(),
            expires_at,
            challenged,
            chargeback: None,
        });
        order.status = Some(status);
        order.updated_at = now_s;
        self.due.extend(expires_at.map(|at| (at, index)));
        kind.into_iter().for_each(|kind| self.record(index, kind, amount, now_ms));
        self.tell(index, event, now_ms);
        match token.decline {
            None => Ok(()),
            Some(decline) => {
                Err(Failure { data: Some(self.orders[index].render()), ..card::declined(decline) })
            }
        }
    }

    /// Writes a line about the newest charge of an order.
    fn record(&mut self, index: usize, kind: EntryKind, amount: u64, now_ms: u64) {
        let order = &self.orders[index];
        let Some(charge) = order.charges.last() else { return };
        self.ledger.push(Entry {
            number: self.ledger.len() as u64 + 1,
            kind,
            at_ms: now_ms,
            order_id: order.id.clone(),
            charge_id: charge.id.clone(),
            token: masked(&charge.draft.token_id),
            amount,
            currency: order.draft.currency.clone(),
            reference_id: charge.draft.reference_id.clone(),
            key: order.key.clone(),
        });
    }
}

/// What becomes of a charge at once: status, line of the ledger, event.
fn first_status(token: &Token, decided: bool, hold: bool) -> (Status, Option<EntryKind>, &'static str) {
    match token.decline {
        _ if !decided => (Status::PendingPayment, None, "order.pending_payment"),
        Some(_) => (Status::Declined, Some(EntryKind::Declined), "order.declined"),
        None if token.review => (Status::UnderFraudReview, None, "order.under_fraud_review"),
        None if hold => (Status::PreAuthorized, Some(EntryKind::Hold), "order.pre_authorized"),
        None => (Status::Paid, Some(EntryKind::Charge), "order.paid"),
    }
}
