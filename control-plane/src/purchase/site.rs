//! What agents ask and tell about reservations, answered from the stored purchases.
//!
//! A verdict says nothing that the purchase's own commands would not say: the two may overtake each other. What nobody
//! knows is kept and noted for a person; it is never removed, since it may be a purchase of a database that was restored.

use std::fmt;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pagos_protocol::command::PurchaseRef;
use pagos_protocol::site::RESERVE_LEASE_MS;
use pagos_protocol::{Outcome, Reservation, Ruling, Verdict};

use super::Purchases;
use super::machine::Message;
use super::state::{Phase, Purchase};
use crate::causes::chain;
use crate::domain::id::{ID_BYTES_MAX, PurchaseId};
use crate::link::site::{Place, SitePort};
use crate::seams::Clock;
use crate::store::reservations::{self, Held};
use crate::store::unknown_reservations::{self, Found};
use crate::store::{Store, StoreError};

/// For how long an undecided reservation is kept before the agent asks again, in milliseconds.
const KEEP_MS: u64 = RESERVE_LEASE_MS;
/// Longest text of an agent that is stored, in characters.
const TEXT_CHARS_MAX: usize = 128;

/// The purchases as agents see them.
#[derive(Clone)]
pub struct Site {
    purchases: Option<Purchases>,
    store: Store,
    clock: Clock,
}

impl Site {
    /// Answers from the purchases in `store`; what happens at the site is told to nobody yet.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { purchases: None, store, clock }
    }

    /// Tells the purchases what happens at the site.
    #[must_use]
    pub fn telling(self, purchases: Purchases) -> Self {
        Self { purchases: Some(purchases), ..self }
    }

    /// Tells a purchase something that happened at its site.
    async fn tell(&self, place: &Place, id: &PurchaseId, message: Message) {
        let Some(purchases) = &self.purchases else { return };
        if let Err(error) = purchases.tell_soon(&place.company, id, message).await {
            tracing::warn!(purchase.id = %id, error = %chain(&error), "purchase could not be told");
        }
    }

    async fn judge(&self, place: &Place, asked: Vec<Reservation>) -> Result<Vec<Verdict>, StoreError> {
        let (mut verdicts, mut unknown) = (Vec::with_capacity(asked.len()), Vec::new());
        for reservation in asked {
            let id = &reservation.purchase.id;
            let held = {
                let mut reader = self.store.reader().await?;
                reservations::find(&mut reader.conn(), &place.company, &place.router, id).await?
            };
            match held {
                Some(held) => verdicts.push(match read(&held) {
                    Some(purchase) => verdict(&purchase),
                    None => keep(&reservation),
                }),
                None => {
                    verdicts.push(keep(&reservation));
                    unknown.push(reservation);
                }
            }
        }
        self.note(place, unknown).await?;
        Ok(verdicts)
    }

    /// Keeps what is known of reservations that nobody knows.
    async fn note(&self, place: &Place, unknown: Vec<Reservation>) -> Result<(), StoreError> {
        let found: Vec<Found> = unknown.into_iter().filter_map(found).collect();
        if found.is_empty() {
            return Ok(());
        }
        let (owned, now) = (place.clone(), self.clock.now());
        let work = self.store.write::<_, StoreError, _>(move |conn| {
            async move {
                let mut new = 0_usize;
                for found in &found {
                    let Place { company, router } = &owned;
                    new += usize::from(unknown_reservations::note(conn, company, router, found, now).await?);
                }
                Ok(new)
            }
            .boxed()
        });
        let new = work.await?;
        if new > 0 {
            tracing::error!(
                router.id = %place.router,
                reservations.count = new,
                "agent holds reservations of purchases that are not known; they are kept until a person decides"
            );
        }
        Ok(())
    }

    /// Whether the purchase is one of the router. What an agent says about others counts for nothing; what cannot be
    /// looked up now is told again.
    async fn is_own(&self, place: &Place, purchase: &PurchaseId) -> bool {
        let found = async {
            let mut reader = self.store.reader().await?;
            reservations::find(&mut reader.conn(), &place.company, &place.router, purchase.as_str()).await
        };
        match found.await {
            Ok(Some(_)) => true,
            Ok(None) => {
                tracing::warn!(router.id = %place.router, "report about a purchase of another router dropped");
                false
            }
            Err(error) => {
                tracing::warn!(router.id = %place.router, error = %chain(&error), "report could not be looked up");
                false
            }
        }
    }

    async fn open(
        &self,
        place: &Place,
        after: Option<&PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Reservation>, StoreError> {
        let after = after.map_or("", PurchaseId::as_str);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut reader = self.store.reader().await?;
        let page =
            reservations::open_page(&mut reader.conn(), &place.company, &place.router, after, limit).await?;
        Ok(page.iter().map(|held| read(held).map_or_else(|| nameless(held), |it| reservation(&it))).collect())
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("telling", &self.purchases.is_some()).finish_non_exhaustive()
    }
}

impl SitePort for Site {
    fn verdicts<'a>(
        &'a self,
        place: &'a Place,
        reservations: Vec<Reservation>,
    ) -> BoxFuture<'a, Result<Vec<Verdict>, StoreError>> {
        self.judge(place, reservations).boxed()
    }

    fn settled<'a>(
        &'a self,
        place: &'a Place,
        purchase: &'a PurchaseId,
        version: u64,
        outcome: Outcome,
    ) -> BoxFuture<'a, ()> {
        async move {
            if self.is_own(place, purchase).await {
                let done = matches!(outcome, Outcome::Done { .. });
                tracing::info!(
                    router.id = %place.router,
                    purchase.id = %purchase,
                    purchase.version = version,
                    verdict.done = done,
                    "verdict settled"
                );
                self.tell(place, purchase, Message::SiteMoved).await;
            }
        }
        .boxed()
    }

    fn missing<'a>(&'a self, place: &'a Place, purchases: Vec<PurchaseId>) -> BoxFuture<'a, ()> {
        async move {
            for purchase in purchases {
                if self.is_own(place, &purchase).await {
                    tracing::warn!(router.id = %place.router, purchase.id = %purchase, "paid user is gone from its router");
                    self.tell(place, &purchase, Message::UserMissing).await;
                }
            }
        }
        .boxed()
    }

    fn open_reservations<'a>(
        &'a self,
        place: &'a Place,
        after: Option<&'a PurchaseId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Reservation>, StoreError>> {
        self.open(place, after, limit).boxed()
    }
}

/// What is to become of the user of a purchase.
fn ruling(purchase: &Purchase) -> Ruling {
    // A user that may have been confirmed carries no mark: only the command says by what else it is known.
    if purchase.undo.is_some() && purchase.may_be_confirmed() {
        return Ruling::Keep { for_ms: KEEP_MS };
    }
    match purchase.phase {
        Phase::Requested
        | Phase::Reserved
        | Phase::ChargeSent
        | Phase::Verifying
        | Phase::Unknown
        | Phase::ActionRequired
        | Phase::Mismatch => Ruling::Keep { for_ms: KEEP_MS },
        Phase::PendingAsync if purchase.released => Ruling::Release,
        Phase::PendingAsync => Ruling::Keep { for_ms: KEEP_MS },
        Phase::Paid | Phase::Completed => Ruling::Confirm,
        Phase::Declined | Phase::RolledBack | Phase::Failed | Phase::Refunding => Ruling::Release,
        // The access was given before the money went back: disabling it, or leaving it, is a command of its own.
        Phase::Reversed if purchase.confirmed => Ruling::Keep { for_ms: KEEP_MS },
        Phase::Reversed => Ruling::Release,
        Phase::Stuck if purchase.paid_at.is_some() => Ruling::Confirm,
        Phase::Stuck => Ruling::Keep { for_ms: KEEP_MS },
    }
}

fn verdict(purchase: &Purchase) -> Verdict {
    Verdict {
        purchase_id: purchase.terms.id.as_str().to_owned(),
        version: purchase.command_version,
        verdict: ruling(purchase),
    }
}

fn keep(reservation: &Reservation) -> Verdict {
    let PurchaseRef { id, version } = reservation.purchase.clone();
    Verdict { purchase_id: id, version, verdict: Ruling::Keep { for_ms: KEEP_MS } }
}

fn reservation(purchase: &Purchase) -> Reservation {
    let id = purchase.terms.id.as_str().to_owned();
    Reservation {
        purchase: PurchaseRef { id, version: purchase.command_version },
        name: purchase.user.name.clone(),
        profile: purchase.terms.product.profile.clone(),
    }
}

/// A purchase whose state cannot be read: the agent keeps whatever carries its mark.
fn nameless(held: &Held) -> Reservation {
    let purchase = PurchaseRef { id: held.id.clone(), version: 0 };
    Reservation { purchase, name: String::new(), profile: String::new() }
}

/// The purchase; none when what is stored is not one, which is logged and changes nothing.
fn read(held: &Held) -> Option<Purchase> {
    let read = serde_json::from_str(&held.state);
    read.inspect_err(|_| tracing::error!(purchase.id = held.id, "stored state cannot be read")).ok()
}

/// What is kept of an unknown reservation; nothing when its id is none of ours.
fn found(reservation: Reservation) -> Option<Found> {
    let clip = |text: &str| text.chars().filter(|letter| *letter != '\0').take(TEXT_CHARS_MAX).collect();
    let id = reservation.purchase.id;
    if id.is_empty() || id.len() > ID_BYTES_MAX || id.contains('\0') {
        return None;
    }
    let (name, profile) = (clip(&reservation.name), clip(&reservation.profile));
    Some(Found { purchase_id: id, name, profile })
}
