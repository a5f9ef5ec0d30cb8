//! What happens to a payment after it was made.

use super::{Known, News, Store, Trace, digest};
use crate::gateway::{Action, ActionError};
use crate::ledger::EntryKind;
use crate::mercado_pago::account::Account;
use crate::mercado_pago::draft::Change;
use crate::mercado_pago::failure::Failure;
use crate::mercado_pago::payment::{Payment, Refund, Status};
use serde_json::Value;
use std::sync::Arc;

impl Store {
    /// Gives money back, all that is left or a part; the same request with the same key gets the same refund.
    ///
    /// # Errors
    /// 404 unknown payment, 409 when the key was used for something else, 400 when there is not that much to give back.
    pub fn refund(
        &mut self,
        account: &Account,
        id: &str,
        trace: &Trace,
        request: &[u8],
        amount: Option<u64>,
        now_ms: u64,
    ) -> Result<Value, Failure> {
        let index = self.index(account, id)?;
        let digest = digest(&format!("refunds/{id}"), request);
        if let Some(known) = self.known(account, &trace.key, digest)? {
            let payment = &self.payments[known.index];
            let refund = known.refund.and_then(|at| payment.refunds.get(at));
            return Ok(refund.map_or(Value::Null, |refund| payment.render_refund(refund)));
        }
        let payment = &self.payments[index];
        let left = left(payment);
        let amount = amount.unwrap_or(left);
        if payment.status != Status::Approved {
            return Err(Failure::bad_request(
                2063,
                "The action requested is not valid for the current payment state",
            ));
        }
        if amount > left {
            return Err(Failure::bad_request(2018, "Amount to refund is greater than the amount left"));
        }
        self.give_back(index, amount, trace, now_ms);
        let payment = &self.payments[index];
        let at = payment.refunds.len() - 1;
        let shown = payment.render_refund(&payment.refunds[at]);
        let key = (account.token.clone(), trace.key.clone());
        self.keys.insert(key, Known { request: digest, index, refund: Some(at) });
        Ok(shown)
    }

    /// Cancels or captures.
    ///
    /// # Errors
    /// 404 unknown payment, 400 when its state forbids it.
    pub fn change(
        &mut self,
        account: &Account,
        id: &str,
        trace: &Trace,
        change: Change,
        now_ms: u64,
    ) -> Result<Value, Failure> {
        let index = self.index(account, id)?;
        let payment = &self.payments[index];
        let (status, held) = (payment.status, payment.amount);
        let not_now =
            || Failure::bad_request(126, "The action requested is not valid for the current payment state");
        match change {
            Change::Cancel if status == Status::Authorized => {
                self.turn(index, Status::Cancelled, "by_collector", now_ms);
                self.record(index, EntryKind::Release, None, trace, now_ms);
            }
            Change::Cancel if status.open() => self.turn(index, Status::Cancelled, "by_collector", now_ms),
            Change::Capture(amount) if status == Status::Authorized => {
                let amount = amount.unwrap_or(held);
                if amount > held {
                    return Err(Failure::bad_request(4037, "Invalid transaction_amount"));
                }
                Arc::make_mut(&mut self.payments[index]).amount = amount;
                self.turn(index, Status::Approved, "accredited", now_ms);
                self.record(index, EntryKind::Capture, None, trace, now_ms);
            }
            Change::Cancel | Change::Capture(_) => return Err(not_now()),
        }
        Ok(self.payments[index].render())
    }

    /// Ends what was not paid in time.
    pub fn expire(&mut self, now_ms: u64) {
        while let Some((at_ms, index)) = self.due.first().copied().filter(|(at_ms, _)| *at_ms <= now_ms) {
            self.due.pop_first();
            self.run_out(index, at_ms);
        }
    }

    /// Lets something happen to a payment, whoever made it.
    ///
    /// # Errors
    /// When there is no such payment, or it cannot happen to it.
    pub fn happen(
        &mut self,
        id: &str,
        action: Action,
        amount: Option<u64>,
        now_ms: u64,
    ) -> Result<Value, ActionError> {
        let found = id.parse().ok().and_then(|id: u64| self.by_id.get(&id).copied());
        let index = found.ok_or_else(|| ActionError::Unknown(id.to_owned()))?;
        let payment = &self.payments[index];
        let (status, detail, left) = (payment.status, payment.detail, left(payment));
        let challenged = detail == "pending_challenge";
        let refused = || ActionError::State(format!("{} ({detail})", status.word()));
        match action {
            Action::Pay if status.open() && !challenged => self.take(index, now_ms),
            Action::CompleteChallenge if challenged => self.take(index, now_ms),
            Action::Fail if status.open() && !challenged => {
                self.reject(index, "cc_rejected_high_risk", now_ms);
            }
            Action::FailChallenge if challenged => self.reject(index, "cc_rejected_3ds_challenge", now_ms),
            Action::Review if status.open() => {
                self.turn(index, Status::InProcess, "pending_review_manual", now_ms);
            }
            Action::Expire if status == Status::Pending => self.run_out(index, now_ms),
            Action::Refund if status == Status::Approved => {
                let amount = amount.unwrap_or(left);
                if amount == 0 || amount > left {
                    return Err(ActionError::Amount(left));
                }
                self.give_back(index, amount, &Trace::default(), now_ms);
            }
            Action::Chargeback if status == Status::Approved => {
                self.turn(index, Status::ChargedBack, "settled", now_ms);
                self.record(index, EntryKind::Chargeback, None, &Trace::default(), now_ms);
            }
            Action::WinChargeback if detail == "settled" => {
                self.turn(index, Status::ChargedBack, "reimbursed", now_ms);
                self.record(index, EntryKind::ChargebackWon, None, &Trace::default(), now_ms);
            }
            Action::Pay
            | Action::CompleteChallenge
            | Action::Fail
            | Action::FailChallenge
            | Action::Review
            | Action::Expire
            | Action::Refund
            | Action::Chargeback
            | Action::WinChargeback => return Err(refused()),
        }
        Ok(self.payments[index].render())
    }

    fn take(&mut self, index: usize, now_ms: u64) {
        let payment = &self.payments[index];
        let trace = Trace { key: payment.key.clone(), device_id: payment.device_id.clone() };
        let (status, detail, kind) = if payment.draft.capture {
            (Status::Approved, "accredited", EntryKind::Charge)
        } else {
            (Status::Authorized, "pending_capture", EntryKind::Hold)
        };
        self.turn(index, status, detail, now_ms);
        self.record(index, kind, None, &trace, now_ms);
    }

    fn reject(&mut self, index: usize, detail: &'static str, now_ms: u64) {
        self.turn(index, Status::Rejected, detail, now_ms);
        self.record(index, EntryKind::Declined, None, &Trace::default(), now_ms);
    }

    fn run_out(&mut self, index: usize, now_ms: u64) {
        let payment = &self.payments[index];
        if payment.detail == "pending_challenge" {
            self.reject(index, "cc_rejected_3ds_challenge", now_ms);
        } else if payment.status.open() {
            self.turn(index, Status::Cancelled, "expired", now_ms);
        }
    }

    fn give_back(&mut self, index: usize, amount: u64, trace: &Trace, now_ms: u64) {
        let id = self.fresh_id();
        let payment = Arc::make_mut(&mut self.payments[index]);
        payment.amount_refunded += amount;
        payment.refunds.push(Refund { id, amount, created_ms: now_ms });
        let (status, detail) = if left(payment) == 0 {
            (Status::Refunded, "refunded")
        } else {
            (Status::Approved, "partially_refunded")
        };
        self.turn(index, status, detail, now_ms);
        self.record(index, EntryKind::Refund, Some(id), trace, now_ms);
    }

    fn turn(&mut self, index: usize, status: Status, detail: &'static str, now_ms: u64) {
        let payment = Arc::make_mut(&mut self.payments[index]);
        payment.status = status;
        payment.detail = detail;
        payment.updated_ms = now_ms;
        if status == Status::Approved && payment.approved_ms.is_none() {
            payment.approved_ms = Some(now_ms);
        }
        if let Some(at_ms) = payment.expires_ms.filter(|_| !status.open()) {
            self.due.remove(&(at_ms, index));
        }
        self.news.push(News { index, action: "payment.updated" });
    }
}

/// What can still be given back, in minor units.
fn left(payment: &Payment) -> u64 {
    payment.amount.saturating_sub(payment.amount_refunded)
}
