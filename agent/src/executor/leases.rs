//! When to ask the control plane what became of a purchase, and what its answer asks for. Pure.
//!
//! A reservation gives nothing away, so the agent never takes one back by itself: at the end of its lease, and whenever
//! the link is new, it asks, and it waits as long as it must.

use pagos_protocol::{
    Action, Code, Outcome, Ruling, Verdict,
    command::{Confirm, PurchaseRef, Release},
};

use crate::journal::{Entry, Kind};

/// When it is asked again about a decision that could not be carried out, in milliseconds.
pub const RETRY_MS: i64 = 60_000;
/// When it is asked again about a reservation that the answer did not name, in milliseconds.
pub const UNNAMED_MS: i64 = 5 * 60_000;
/// Shortest time for which an answer is good, in milliseconds.
pub const KEEP_MS_MIN: i64 = 1_000;
/// Longest time for which an answer is good, in milliseconds: one day. A time further ahead comes of a clock that was set
/// back.
pub const KEEP_MS_MAX: i64 = 86_400_000;

/// When to ask about a purchase whose newest command was taken up or has ended at `now_ms`.
#[must_use]
pub fn ask_at(entry: &Entry, now_ms: i64, lease_ms: i64) -> Option<i64> {
    let (kind, slot) = entry.decision.as_ref()?;
    match (kind, &slot.outcome) {
        (Kind::Reserve, Some(Outcome::Refused { .. }))
        | (Kind::Confirm, Some(Outcome::Refused { code: Code::UserGone, .. }))
        | (Kind::Confirm | Kind::Release | Kind::Revoke, Some(Outcome::Done { .. })) => None,
        (Kind::Reserve, _) => Some(now_ms.saturating_add(lease_ms.clamp(0, KEEP_MS_MAX))),
        (Kind::Confirm | Kind::Release | Kind::Revoke, _) => Some(now_ms.saturating_add(RETRY_MS)),
    }
}

/// What a verdict asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// Carry this out.
    Act(Action),
    /// Ask again after so many milliseconds.
    AskIn(i64),
}

/// Reads a verdict about the purchase of an entry.
#[must_use]
pub fn judge(entry: &Entry, verdict: &Verdict) -> Judged {
    let purchase = PurchaseRef { id: verdict.purchase_id.clone(), version: verdict.version };
    let name = entry.name.clone();
    match verdict.verdict {
        Ruling::Confirm => {
            Judged::Act(Action::Confirm(Confirm { purchase, name, profile: entry.profile.clone() }))
        }
        Ruling::Release => Judged::Act(Action::Release(Release { purchase, name, profile: String::new() })),
        Ruling::Keep { for_ms } => {
            let wait = i64::try_from(for_ms).unwrap_or(i64::MAX);
            Judged::AskIn(wait.clamp(KEEP_MS_MIN, KEEP_MS_MAX))
        }
        Ruling::Unknown => Judged::AskIn(UNNAMED_MS),
    }
}

#[cfg(test)]
mod tests {
    use pagos_protocol::Done;

    use super::*;
    use crate::journal::Slot;

    fn entry(kind: Kind, outcome: Option<Outcome>) -> Entry {
        let mut entry = Entry::new("TRX_1", "RTR_1", "PT-1", 0);
        entry.profile = "1h".into();
        entry.decision = Some((kind, Slot { version: 1, outcome }));
        entry
    }

    #[test]
    fn it_is_asked_until_the_purchase_is_at_rest() {
        let failed = || Some(Outcome::failed(Code::DeadlinePassed, ""));
        let refused = || Some(Outcome::refused(Code::RouterUnreachable, ""));
        for (kind, outcome, asked) in [
            (Kind::Reserve, None, Some(1_900)),
            (Kind::Reserve, Some(Outcome::done(Done::Reserved)), Some(1_900)),
            (Kind::Reserve, failed(), Some(1_900)),
            (Kind::Reserve, refused(), None),
            (Kind::Confirm, None, Some(1_000 + RETRY_MS)),
            (Kind::Confirm, refused(), Some(1_000 + RETRY_MS)),
            (Kind::Confirm, Some(Outcome::done(Done::Confirmed)), None),
            (Kind::Confirm, Some(Outcome::refused(Code::UserGone, "")), None),
            (Kind::Release, failed(), Some(1_000 + RETRY_MS)),
            (Kind::Release, Some(Outcome::done(Done::Released)), None),
            (Kind::Revoke, None, Some(1_000 + RETRY_MS)),
            (Kind::Revoke, Some(Outcome::done(Done::Revoked)), None),
        ] {
            let entry = entry(kind, outcome);
            assert_eq!(ask_at(&entry, 1_000, 900), asked, "{:?}", entry.decision);
        }
        assert_eq!(ask_at(&Entry::new("TRX_1", "RTR_1", "PT-1", 0), 1_000, 900), None);
    }

    #[test]
    fn answers_are_good_for_a_bounded_time() {
        let entry = entry(Kind::Reserve, None);
        let verdict = |verdict| Verdict { purchase_id: "TRX_1".into(), version: 3, verdict };
        for (for_ms, wait) in [(0, KEEP_MS_MIN), (5_000, 5_000), (u64::MAX, KEEP_MS_MAX)] {
            assert_eq!(judge(&entry, &verdict(Ruling::Keep { for_ms })), Judged::AskIn(wait));
        }
        assert_eq!(judge(&entry, &verdict(Ruling::Unknown)), Judged::AskIn(UNNAMED_MS));
        let Judged::Act(Action::Confirm(confirm)) = judge(&entry, &verdict(Ruling::Confirm)) else {
            panic!("not confirmed")
        };
        assert_eq!((confirm.purchase.version, confirm.profile.as_str()), (3, "1h"));
    }
}
