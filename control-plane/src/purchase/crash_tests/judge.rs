//! The judges: what must be so when nothing is left to do, whatever struck on the way.

use super::bank::Fate;
use super::database::Slot;
use super::paths::Path;
use super::world::World;
use crate::purchase::state::{Phase, Purchase};

/// How a run ended, as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Outcome {
    /// What the page got first.
    pub(super) first: String,
    /// What it gets at the end.
    pub(super) last: String,
    /// Money taken, in minor units.
    pub(super) taken: i64,
    /// Money that went back.
    pub(super) back: i64,
    /// The user on the router.
    pub(super) router: &'static str,
    /// Where the purchase ended.
    pub(super) ended: String,
}

/// P1 to P5. `at` names the run.
pub(super) async fn judge(
    world: &World<'_>,
    slot: &Slot,
    path: &Path,
    purchase: &Purchase,
    at: &str,
) -> Outcome {
    assert!(slot.counts_are_right().await, "the counts; {at}");
    let (payment_state, hotspot_state, purchases) = slot.books().await;
    let bank = world.bank.lock();
    let site = world.site.lock();
    let at = format!(
        "{at}: {:?}, {payment_state}, {hotspot_state}, {:?}, {:?}",
        purchase.phase, site.users, bank.entries
    );

    assert!(bank.user_stood.iter().all(|stood| *stood), "P1: charged before the user stood; {at}");
    let charged = bank.entries.iter().filter(|entry| entry.taken > 0).count();
    assert!(charged <= 1, "P3: charged twice; {at}");
    assert!(
        bank.bodies.windows(2).all(|pair| pair[0] == pair[1]),
        "P3: the charge was sent in two forms; {at}"
    );
    assert_eq!(purchases, 1, "P3: one request, {purchases} purchases; {at}");
    let taken: i64 = bank.entries.iter().map(|entry| entry.taken).sum();
    let back: i64 = bank.entries.iter().map(|entry| entry.back).sum();
    assert!(taken <= super::world::PRICE_MINOR && back <= taken, "P3: {taken} taken, {back} back; {at}");
    assert!(site.users.values().all(|user| user.purchase == purchase.terms.id.as_str()), "P5: {at}");
    assert!(site.users.len() <= 1, "P2: two users; {at}");

    let disputed = bank.entries.iter().any(|entry| entry.fate == Fate::Disputed);
    let user = site.users.values().next();
    let called = matches!(purchase.phase, Phase::Stuck | Phase::Mismatch);
    assert!(!called || path.calls_person, "P4: a person was called; {at}");
    let stands = taken > back && !disputed;
    let router = match user {
        None => "nothing",
        Some(user) if !user.enabled => "disabled",
        Some(user) if user.confirmed => "the user",
        Some(_) => "a reservation",
    };
    match (stands, called) {
        (true, _) => {
            assert_eq!((purchase.phase, router), (Phase::Completed, "the user"), "P4: {at}");
            assert_eq!(hotspot_state, "active", "P4: the books; {at}");
        }
        (false, false) => {
            assert!(router == "nothing" || (router == "disabled" && taken > 0), "P2: {at}");
            let word = if router == "disabled" { "disabled" } else { "removed" };
            assert_eq!(hotspot_state, word, "P2: the books; {at}");
            let phase = if taken > 0 { Phase::Reversed } else { purchase.phase };
            assert_eq!(purchase.phase, phase, "P4: {at}");
        }
        // Nobody was told the password: the reservation opens no door.
        (false, true) => assert_eq!((taken, world.last.starts_with("202")), (0, true), "P2: {at}"),
    }
    assert_eq!(purchase.charge_sealed, None, "the card token is kept; {at}");
    assert!(!purchase.is_open(), "{at}");
    let ended = purchase.phase.as_str();
    let ended = if called { format!("{ended}, a person is called") } else { ended.to_owned() };
    Outcome {
        first: world.first.clone().unwrap_or_default(),
        last: world.last.clone(),
        taken,
        back,
        router,
        ended,
    }
}
