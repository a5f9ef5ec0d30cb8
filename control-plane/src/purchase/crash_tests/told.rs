//! What the company is told is what became of the purchase: whatever struck on the way, nothing is lost and nothing invented.

use crate::domain::code::Code;
use crate::domain::failure::FailureKind;
use crate::purchase::state::{Phase, Purchase};

/// Judges the kinds of the messages that were put in. `at` names the run.
pub(super) fn judge(told: &[String], purchase: &Purchase, at: &str) {
    let count = |kind: &str| told.iter().filter(|told| *told == kind).count();
    let at = format!("{at}: {:?} {:?}, told {told:?}", purchase.phase, purchase.failure);
    for kind in
        ["payment.completed", "payment.rejected", "payment.pending", "payment.disputed", "access.revoked"]
    {
        assert!(count(kind) <= 1, "told twice; {at}");
    }
    let is = |kind: &str| count(kind) > 0;
    let ended_with = |code: Code| purchase.failure.is_some_and(|failure| failure.code == code);
    let reversed = purchase.phase == Phase::Reversed;
    let disputed = reversed && ended_with(Code::PaymentDisputed);
    let returned = (reversed && !disputed) || (purchase.paid_at.is_some() && purchase.refunded_minor > 0);
    assert_eq!(is("payment.completed"), purchase.paid_at.is_some(), "{at}");
    assert_eq!(is("payment.refunded"), returned, "{at}");
    assert_eq!(is("payment.disputed"), disputed, "{at}");
    assert_eq!(is("access.revoked"), purchase.revoked, "{at}");
    let refused = matches!(purchase.phase, Phase::Declined | Phase::RolledBack | Phase::Failed)
        && purchase.failure.is_some_and(|failure| failure.kind == FailureKind::Payment);
    assert!(!refused || is("payment.rejected"), "{at}");
    // What was refused once may have been paid in the end; nothing else is told as refused.
    assert!(refused || purchase.paid_at.is_some() || !is("payment.rejected"), "{at}");
}
