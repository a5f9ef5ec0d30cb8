//! What agents ask and tell about the reservations of their routers, and who answers.

use futures_util::future::BoxFuture;
use pagos_protocol::{Outcome, Reservation, Verdict};

use crate::domain::id::{CompanyId, PurchaseId, RouterId};
use crate::store::StoreError;

/// A router of the agent that speaks, and its company. Neither is taken from what the agent says: the router has been
/// found among those of its site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The router.
    pub router: RouterId,
    /// The company of its site.
    pub company: CompanyId,
}

/// Who knows what is to become of reservations.
///
/// Everything else in a message is the agent's word: ids may be another company's, or made up.
pub trait SitePort: Send + Sync + std::fmt::Debug {
    /// What is to become of reservations that the agent holds. One without a verdict is kept by the agent.
    fn verdicts<'a>(
        &'a self,
        place: &'a Place,
        reservations: Vec<Reservation>,
    ) -> BoxFuture<'a, Result<Vec<Verdict>, StoreError>>;

    /// The agent carried the verdict of this version out, or cannot. May be told twice, or never.
    fn settled<'a>(
        &'a self,
        place: &'a Place,
        purchase: &'a PurchaseId,
        version: u64,
        outcome: Outcome,
    ) -> BoxFuture<'a, ()>;

    /// The paid users of these purchases are gone from the router. Told again with each new link.
    fn missing<'a>(&'a self, place: &'a Place, purchases: Vec<PurchaseId>) -> BoxFuture<'a, ()>;

    /// Reservations that may stand on the router, ordered by purchase, after `after`, at most `limit`. Fewer than that
    /// are the last ones.
    fn open_reservations<'a>(
        &'a self,
        place: &'a Place,
        after: Option<&'a PurchaseId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Reservation>, StoreError>>;
}
