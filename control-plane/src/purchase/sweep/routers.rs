//! What routers hold against what they should hold. Asks for the users of settled purchases by name, never for all.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use pagos_protocol::outcome::User;
use pagos_protocol::{Action, Done, Outcome};

use crate::domain::id::{CompanyId, PurchaseId, RouterId};
use crate::domain::time::Timestamp;
use crate::purchase::machine::Message;
use crate::purchase::{PurchaseError, Purchases};
use crate::store::sweeps::{self, Settled};

/// Most names in one question to a router.
const NAMES_MAX: usize = 50;
/// Most routers asked at once.
const ROUTERS_MAX: usize = 16;
/// Longest wait for one answer, in milliseconds.
const ASK_TIMEOUT_MS: u64 = 10_000;
/// A purchase is looked at from so long after it was settled, in milliseconds: what was on the wire then has arrived.
const SETTLED_FOR_MS: i64 = 60_000;
/// … until so long after it, in milliseconds: a router that is away longer is asked when its agent tells of its return.
const LOOKED_AT_FOR_MS: i64 = 86_400_000;

/// What a router should hold for a settled purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Its user.
    Standing,
    /// Not its user.
    Gone,
}

impl Purchases {
    /// Compares every reachable router with what it should hold.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_routers(&self) -> Result<(), PurchaseError> {
        let now = self.0.parts.clock.now();
        let (from, until) = (now.plus(-LOOKED_AT_FOR_MS), now.plus(-SETTLED_FOR_MS));
        let settled = {
            let mut reader = self.0.parts.store.reader().await?;
            sweeps::settled(&mut reader.conn(), from, until).await?
        };
        let mut by_router: BTreeMap<String, Vec<Settled>> = BTreeMap::new();
        for purchase in settled {
            by_router.entry(purchase.router_id.clone()).or_default().push(purchase);
        }
        stream::iter(by_router)
            .for_each_concurrent(ROUTERS_MAX, |(router, settled)| async move {
                self.sweep_router(&RouterId::new(router), &settled, now).await;
            })
            .await;
        Ok(())
    }

    async fn sweep_router(&self, router: &RouterId, settled: &[Settled], now: Timestamp) {
        for batch in settled.chunks(NAMES_MAX) {
            let names = batch.iter().map(|purchase| purchase.user.clone()).collect();
            let Some(users) = self.users(router, names).await else { return };
            let mut done = Vec::new();
            for purchase in batch {
                let user = users.iter().find(|user| user.name == purchase.user);
                match difference(purchase, user) {
                    // Told again until it is gone.
                    Some(Message::UserStanding) => {
                        self.tell_difference(purchase, Message::UserStanding).await;
                    }
                    Some(message) => {
                        self.tell_difference(purchase, message).await;
                        done.push(purchase.clone());
                    }
                    None => done.push(purchase.clone()),
                }
            }
            self.note_swept(done, now).await;
        }
    }

    /// The users of these names that stand on the router; none when it cannot be asked.
    async fn users(&self, router: &RouterId, names: Vec<String>) -> Option<Vec<User>> {
        let limit = Duration::from_millis(ASK_TIMEOUT_MS);
        match self.0.parts.link.send(router, Action::DescribeUsers { names }, limit).await {
            Ok(Outcome::Done { done: Done::Users { users } }) => Some(users),
            Ok(_) | Err(_) => None,
        }
    }

    async fn tell_difference(&self, purchase: &Settled, message: Message) {
        let (company, id) = (CompanyId::new(&purchase.company_id), PurchaseId::new(&purchase.id));
        tracing::warn!(purchase.id = %id, router.id = purchase.router_id, found = ?message, "router differs");
        if let Err(error) = self.tell_soon(&company, &id, message).await {
            tracing::warn!(purchase.id = %id, error = %crate::causes::chain(&error), "purchase could not be told");
        }
    }

    async fn note_swept(&self, done: Vec<Settled>, now: Timestamp) {
        let noted: Result<(), PurchaseError> = self
            .0
            .parts
            .store
            .write(move |conn| {
                Box::pin(async move {
                    for purchase in &done {
                        sweeps::swept(conn, purchase, now).await?;
                    }
                    Ok(())
                })
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(error = %crate::causes::chain(&error), "sweep of a router could not be noted");
        }
    }
}

/// What is wrong, if something is. A user without our mark may be anybody's: only who paid is missed.
fn difference(purchase: &Settled, user: Option<&User>) -> Option<Message> {
    let mark = format!("pagos:{}", purchase.id);
    match (expected(&purchase.phase)?, user) {
        (Expected::Standing, None) => Some(Message::UserMissing),
        (Expected::Gone, Some(user)) if user.comment == mark => Some(Message::UserStanding),
        (Expected::Standing, Some(_)) | (Expected::Gone, _) => None,
    }
}

/// What a phase leaves on the router; none when that is not settled.
fn expected(phase: &str) -> Option<Expected> {
    match phase {
        "completed" => Some(Expected::Standing),
        "rolled_back" | "failed" | "reversed" => Some(Expected::Gone),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Settled, difference};
    use pagos_protocol::outcome::User;

    fn settled(phase: &str) -> Settled {
        Settled {
            id: "TRX_1".into(),
            company_id: "EMP_1".into(),
            router_id: "RTR_1".into(),
            phase: phase.into(),
            user: "PT-1".into(),
        }
    }

    fn user(comment: &str) -> User {
        User {
            id: "*1".into(),
            name: "PT-1".into(),
            profile: "1h".into(),
            disabled: false,
            comment: comment.into(),
            limit_uptime: None,
        }
    }

    #[test]
    fn a_marked_user_of_an_unpaid_purchase_must_not_stand() {
        let marked = user("pagos:TRX_1");
        assert_eq!(difference(&settled("rolled_back"), Some(&marked)), Some(Message::UserStanding));
        assert_eq!(difference(&settled("failed"), Some(&marked)), Some(Message::UserStanding));
        assert_eq!(difference(&settled("rolled_back"), Some(&user("pagos:TRX_2"))), None);
        assert_eq!(difference(&settled("rolled_back"), Some(&user(""))), None);
        assert_eq!(difference(&settled("rolled_back"), None), None);
    }

    #[test]
    fn who_paid_is_missed() {
        assert_eq!(difference(&settled("completed"), None), Some(Message::UserMissing));
        assert_eq!(difference(&settled("completed"), Some(&user(""))), None);
    }

    #[test]
    fn what_is_under_way_is_left_alone() {
        assert_eq!(difference(&settled("paid"), None), None);
        assert_eq!(difference(&settled("stuck"), Some(&user("pagos:TRX_1"))), None);
    }
}
