//! What is counted of purchases.

use super::Purchases;
use super::machine::{Effect, Event, RouterEnd};
use super::state::{Phase, Purchase};
use crate::gateway::{Charging, Opening, Reading, Refunding, Searching};
use crate::metrics::{self, Counter};

/// Counts an effect that was performed.
pub(super) fn effect(effect: Effect, event: &Event) {
    if let Some(result) = word(event) {
        metrics::count(Counter::Effects, &[("effect", effect.as_str()), ("result", result)]);
    }
}

/// Counts a purchase that reached a phase which it does not leave by itself.
pub(super) fn phase(purchase: &Purchase) {
    let ended = match purchase.phase {
        Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => true,
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding => false,
    };
    if ended {
        let labels = [("phase", purchase.phase.as_str()), ("gateway", purchase.terms.gateway.as_str())];
        metrics::count(Counter::PurchasesEnded, &labels);
    }
}

fn word(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::Reserved { router, .. }
        | Event::Remade { router, .. }
        | Event::Confirmed(router)
        | Event::Released(router)
        | Event::Revoked(router) => match router {
            RouterEnd::Done => "done",
            RouterEnd::NameTaken => "name_taken",
            RouterEnd::Gone => "gone",
            RouterEnd::Stale => "stale",
            RouterEnd::Refused(_) => "refused",
            RouterEnd::Unclear(_) => "unclear",
        },
        Event::Opened(Opening::Opened(_)) => "done",
        Event::Opened(Opening::Refused(_)) => "refused",
        Event::Charged(Charging::Accepted(_)) | Event::Refunded(Refunding::Accepted) => "accepted",
        Event::Charged(Charging::Refused(_) | Charging::NotCharged(_) | Charging::NotSent(_))
        | Event::Refunded(Refunding::Refused(_)) => "refused",
        Event::Read { reading: Reading::Found(_), .. }
        | Event::RefundRead { reading: Reading::Found(_), .. }
        | Event::Searched(Searching::Found(_)) => "found",
        Event::Read { reading: Reading::Denied, .. }
        | Event::RefundRead { reading: Reading::Denied, .. }
        | Event::Searched(Searching::Denied) => "denied",
        Event::Opened(Opening::Unknown)
        | Event::Charged(Charging::Unknown)
        | Event::Refunded(Refunding::Unknown)
        | Event::Read { reading: Reading::Unknown, .. }
        | Event::RefundRead { reading: Reading::Unknown, .. }
        | Event::Searched(Searching::Unknown) => "unknown",
        Event::CancelAsked => "asked",
        Event::LoggedIn(end) => end.as_str(),
        Event::Woken | Event::Overslept { .. } => return None,
    })
}

/// What of the purchases of this process goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ongoing {
    /// Purchases with a task.
    pub running: usize,
    /// Those of them that give money back.
    pub refunds: usize,
}

impl Purchases {
    /// What goes on in this process.
    #[must_use]
    pub fn ongoing(&self) -> Ongoing {
        let running = self.0.lock();
        let refunds =
            running.values().filter(|running| running.state.borrow().refund_under_way().is_some()).count();
        Ongoing { running: running.len(), refunds }
    }
}
