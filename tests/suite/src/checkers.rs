//! The five promises, judged over [`Evidence`]. Every test run ends with [`assert_promises`].
//!
//! | module | promise |
//! |---|---|
//! | [`charge_after_user`] | P1: no card is charged before the router has confirmed the user |
//! | [`access_only_paid`] | P2: nobody gets access that was not paid |
//! | [`charged_once`] | P3: one purchase is never charged twice |
//! | [`paid_gets_access`] | P4: whoever paid gets access, or a person is shown why not |
//! | [`tenants_apart`] | P5: everything that belongs together belongs to one company |
//! | [`counts`] | lists and dashboards count what is in the books |
//! | [`record`] | every step of a purchase is on record, and the record only grows |
//!
//! They are to be run when every purchase is settled; one that is still open is a breach of P4.

pub mod access_only_paid;
pub mod charge_after_user;
pub mod charged_once;
pub mod counts;
pub mod paid_gets_access;
pub mod record;
pub mod tenants_apart;

#[cfg(test)]
pub(crate) mod sound;

use crate::evidence::Evidence;

/// One checker.
type Check = fn(&Evidence) -> Vec<String>;

/// All breaches, each with the promise that it breaks.
#[must_use]
pub fn breaches(evidence: &Evidence) -> Vec<String> {
    let promises: [(&str, Check); 7] = [
        ("P1", charge_after_user::check),
        ("P2", access_only_paid::check),
        ("P3", charged_once::check),
        ("P4", paid_gets_access::check),
        ("P5", tenants_apart::check),
        ("counts", counts::check),
        ("record", record::check),
    ];
    let judged = promises
        .into_iter()
        .flat_map(|(name, check)| check(evidence).into_iter().map(move |breach| format!("{name}: {breach}")));
    judged.collect()
}

/// Fails a test when a promise is broken, or when there is nothing to be judged.
///
/// # Panics
/// Then.
pub fn assert_promises(evidence: &Evidence) {
    assert!(!evidence.purchases.is_empty(), "there is no purchase to be judged");
    let found = breaches(evidence);
    assert!(found.is_empty(), "broken promises:\n{}", found.join("\n"));
}
