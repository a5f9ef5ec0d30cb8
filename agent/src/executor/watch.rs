//! Notices that a router was restarted, restored from a backup or replaced, and sees to the users that should, and should
//! not, be there then.
//!
//! What is asked grows with what this agent sold in 90 days, never with the users on the router: names go in batches.
//! What was found is remembered only when all of it has been seen to; until then it is begun anew.

use std::collections::BTreeMap;

use pagos_protocol::{
    Action, Command, Outcome,
    command::{Confirm, PurchaseRef, Release, Revoke},
    site::{ENTRIES_MAX, NAMES_MAX},
};

use super::{
    Executor, ExecutorError, Inner,
    act::Act,
    describe, leases,
    ownership::{Known, Mark, mark_of},
};
use crate::{
    journal::{Entry, JournalError, Kind, Seen, Slot},
    routeros::{
        CallError, Reply, Request, TrapClass,
        menu::{
            seconds, system,
            user::{self, UserRow},
        },
    },
    seams::{
        clock::{self, Instant},
        random,
    },
};

/// A paid user that is gone is reported for so long after its purchase, in milliseconds: twice what the control plane acts
/// upon. What ran out long ago and was cleared away by somebody would drown what a buyer of today waits for.
const REPORTED_MS: i64 = 2 * 86_400_000;
/// How long one question, or one batch of them, may take, in milliseconds.
const LOOK_DEADLINE_MS: u64 = 30_000;
/// How far a router's uptime may be from what is expected before it is taken for another, in seconds.
const SLACK_S: u64 = 30;
/// How much uptime passes before it is stored again, in seconds.
const STORE_EVERY_S: u64 = 600;
/// A wall clock that shows less, in milliseconds, has not been set: 2025-01-01.
const CLOCK_PLAUSIBLE_MS: i64 = 1_735_689_600_000;

/// What this process has seen of the routers.
#[derive(Debug, Default)]
pub(super) struct Watched(std::sync::Mutex<BTreeMap<String, Last>>);

/// The last look at a router.
#[derive(Debug, Clone)]
struct Last {
    seen: Seen,
    at: Instant,
    /// Version of the settings in use then.
    settings: u64,
    /// Uptime when it was last stored.
    stored_s: u64,
}

/// What an uptime says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Uptime {
    /// The router has been up all the time.
    Expected,
    /// It was restarted, or it is another one.
    Back,
    /// It is longer than it can be: perhaps another one.
    Ahead,
}

/// Why a look came to nothing. The next one begins anew.
enum Unseen {
    /// The router did not answer.
    Router(CallError),
    /// The journal could not be read or written.
    Journal(JournalError),
    /// There is no place at the router.
    Busy,
    /// Something that has to be done again was not done.
    NotDone,
}

impl From<CallError> for Unseen {
    fn from(error: CallError) -> Self {
        Self::Router(error)
    }
}

impl From<JournalError> for Unseen {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// What an uptime of now says, `elapsed_s` after the last look if that is known.
fn judge(before_s: u64, elapsed_s: Option<u64>, now_s: u64) -> Uptime {
    let expected = elapsed_s.map(|elapsed| before_s.saturating_add(elapsed));
    if now_s < before_s || expected.is_some_and(|expected| now_s.saturating_add(SLACK_S) < expected) {
        Uptime::Back
    } else if expected.is_some_and(|expected| now_s > expected.saturating_add(SLACK_S)) {
        Uptime::Ahead
    } else {
        Uptime::Expected
    }
}

impl Executor {
    /// Looks whether a router is the one it was, and up since then. If not, sees to its users.
    pub async fn look_after(&self, router_id: &str) {
        if self.inner.stands_down() {
            return;
        }
        match self.look(router_id).await {
            Ok(()) => {}
            Err(Unseen::Router(error)) => {
                tracing::debug!(router.id = router_id, error = %error, "router could not be looked at");
            }
            Err(Unseen::Journal(error)) => {
                tracing::error!(router.id = router_id, error = %error, "router could not be looked after");
            }
            Err(Unseen::Busy) => tracing::debug!(router.id = router_id, "router has too much to do"),
            Err(Unseen::NotDone) => {
                tracing::warn!(router.id = router_id, "users could not be set right; it is tried again");
            }
        }
    }

    /// Purchases of a router, paid within [`REPORTED_MS`], whose user is gone; after the one named, at most [`ENTRIES_MAX`].
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn missing(&self, router_id: &str, after: &str) -> Result<Vec<String>, ExecutorError> {
        let since = clock::now_ms().saturating_sub(REPORTED_MS);
        let found = self.inner.journal.missing(router_id, after, since, ENTRIES_MAX).await;
        found.map_err(ExecutorError::Reservations)
    }

    /// Returns when users have been found missing since it last did.
    pub async fn missing_found(&self) {
        self.inner.missing_found.notified().await;
    }

    async fn look(&self, router_id: &str) -> Result<(), Unseen> {
        let inner = &self.inner;
        let Some(settings) = inner.routers.version(router_id) else { return Ok(()) };
        let act = inner.act(router_id)?;
        // One that does not say how long it has been up cannot be watched.
        let Some(uptime_s) = uptime(&act).await? else { return Ok(()) };
        let last = inner.last(router_id).await?;
        let (elapsed_s, known_serial) = match &last {
            Some((seen, Some(last))) => (Some(last.at.elapsed().as_secs()), {
                (last.settings == settings).then(|| seen.serial.clone())
            }),
            Some((seen, None)) => (since(seen.seen_at), None),
            None => (None, None),
        };
        let before = last.as_ref().map(|(seen, _)| seen);
        let uptime = before.map_or(Uptime::Expected, |seen| judge(seen.uptime_s, elapsed_s, uptime_s));
        let serial = match known_serial {
            Some(serial) if uptime == Uptime::Expected => serial,
            Some(_) | None => serial(&act).await?,
        };
        let seen = Seen { serial, uptime_s, seen_at: clock::now_ms() };
        let replaced = before.is_some_and(|before| {
            !before.serial.is_empty() && !seen.serial.is_empty() && before.serial != seen.serial
        });
        let changed = replaced || uptime == Uptime::Back;
        if changed {
            tracing::warn!(
                router.id = router_id,
                router.replaced = replaced,
                "router was restarted or replaced"
            );
            self.see_to_users(router_id, replaced).await?;
        }
        let stored_s = last.and_then(|(_, last)| last).map(|last| last.stored_s);
        let store =
            changed || stored_s.is_none_or(|stored_s| uptime_s.saturating_sub(stored_s) >= STORE_EVERY_S);
        if store {
            inner.journal.put_seen(router_id, seen.clone()).await?;
        }
        let stored_s = if store { uptime_s } else { stored_s.unwrap_or(uptime_s) };
        inner.watched.put(router_id, Last { seen, at: clock::monotonic(), settings, stored_s });
        Ok(())
    }

    async fn see_to_users(&self, router_id: &str, replaced: bool) -> Result<(), Unseen> {
        let inner = &self.inner;
        if replaced {
            // Row ids are those of the other box.
            inner.journal.forget_rows(router_id).await?;
        }
        let (mut after, mut all_done, mut any_missing) = (String::new(), true, false);
        loop {
            let page = inner.journal.ended(router_id, &after, NAMES_MAX).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.purchase_id);
            let act = inner.act(router_id)?;
            for (entry, row) in found(inner, &act, page).await? {
                match see_to(&entry, row.as_ref()) {
                    Needed::Nothing => {}
                    Needed::Note { missing } => {
                        any_missing |= missing;
                        inner.note(&entry, row.map(|row| row.id), missing).await?;
                    }
                    Needed::Again(action) => all_done &= self.again(&entry, action).await?,
                }
            }
        }
        if any_missing {
            inner.missing_found.notify_one();
        }
        if all_done { Ok(()) } else { Err(Unseen::NotDone) }
    }

    /// Does the newest decision about a purchase once more. `true` when it is done.
    async fn again(&self, entry: &Entry, action: Action) -> Result<bool, Unseen> {
        tracing::warn!(
            router.id = entry.router_id,
            purchase.id = entry.purchase_id,
            "user is set right again"
        );
        let version = entry.decision.as_ref().map(|(_, slot)| slot.version);
        let reopened = self.inner.journal.decide(&entry.purchase_id, move |entry| {
            let Some(mut entry) = entry else { return (None, false) };
            match &mut entry.decision {
                // A newer decision sees to it by itself.
                Some((_, slot)) if Some(slot.version) == version => slot.outcome = None,
                Some(_) | None => return (None, false),
            }
            entry.finished_at = None;
            entry.ask_at = leases::ask_at(&entry, clock::now_ms(), leases::RETRY_MS);
            (Some(entry), true)
        });
        let reopened = reopened.await;
        reopened.written?;
        if reopened.verdict != Some(true) {
            return Ok(true);
        }
        let (id, router_id) = (random::id(), entry.router_id.clone());
        let command = Command { id, router_id, deadline_ms: LOOK_DEADLINE_MS, action };
        Ok(matches!(Box::pin(self.execute(command)).await, Outcome::Done { .. }))
    }
}

impl Inner {
    fn act(&self, router_id: &str) -> Result<Act, Unseen> {
        let place = self.routers.place(router_id).map_err(|_| Unseen::Busy)?;
        Ok(Act::start(place, clock::deadline_in(LOOK_DEADLINE_MS)))
    }

    /// What was last seen of a router: by this process, else what the journal holds.
    async fn last(&self, router_id: &str) -> Result<Option<(Seen, Option<Last>)>, JournalError> {
        if let Some(last) = self.watched.get(router_id) {
            return Ok(Some((last.seen.clone(), Some(last))));
        }
        Ok(self.journal.seen(router_id).await?.map(|seen| (seen, None)))
    }

    /// Remembers where a paid user is, or that it is gone.
    async fn note(&self, entry: &Entry, row_id: Option<String>, missing: bool) -> Result<(), JournalError> {
        let known = entry.clone();
        if missing {
            tracing::warn!(router.id = entry.router_id, purchase.id = entry.purchase_id, "paid user is gone");
        }
        let noted = self.journal.decide(&entry.purchase_id, move |entry| {
            // A command that came meanwhile knows better.
            let Some(mut entry) = entry.filter(|entry| *entry == known) else { return (None, ()) };
            entry.missing = missing;
            entry.row_id = row_id.or(entry.row_id);
            (Some(entry), ())
        });
        noted.await.written
    }
}

impl Watched {
    fn get(&self, router_id: &str) -> Option<Last> {
        self.0.lock().expect("no holder panics").get(router_id).cloned()
    }

    /// Forgets a router that is no longer of the site.
    pub(super) fn forget(&self, router_id: &str) {
        self.0.lock().expect("no holder panics").remove(router_id);
    }

    fn put(&self, router_id: &str, last: Last) {
        self.0.lock().expect("no holder panics").insert(router_id.to_owned(), last);
    }
}

/// What the user of an ended purchase needs after a restart.
enum Needed {
    /// It is as it should be.
    Nothing,
    /// Its row is another one now, or it is gone.
    Note {
        /// Whether it is gone.
        missing: bool,
    },
    /// The newest decision has to be carried out again.
    Again(Action),
}

/// Judges the user that was found for a purchase. Pure.
fn see_to(entry: &Entry, row: Option<&UserRow>) -> Needed {
    let Some((kind, Slot { version, outcome })) = &entry.decision else {
        return Needed::Nothing;
    };
    let done = matches!(outcome, Some(Outcome::Done { .. }));
    let purchase = PurchaseRef { id: entry.purchase_id.clone(), version: *version };
    let name = entry.name.clone();
    let row = row.filter(|row| mark_of(row, &entry.purchase_id) != Mark::Other);
    let marked = row.is_some_and(|row| mark_of(row, &entry.purchase_id) == Mark::Own);
    let same_row = row
        .is_some_and(|row| Some(&row.id) == entry.row_id.as_ref() && row.profile == entry.profile.as_bytes());
    match (kind, row) {
        (Kind::Confirm, None) if done => Needed::Note { missing: true },
        // Restored as it was before it was paid.
        (Kind::Confirm, Some(_)) if done && marked => {
            Needed::Again(Action::Confirm(Confirm { purchase, name, profile: entry.profile.clone() }))
        }
        (Kind::Confirm, Some(row)) if done && row.profile != entry.profile.as_bytes() => {
            Needed::Note { missing: true }
        }
        (Kind::Confirm, Some(row)) if done && (entry.missing || Some(&row.id) != entry.row_id.as_ref()) => {
            Needed::Note { missing: false }
        }
        (Kind::Release, Some(_)) if marked || same_row => {
            Needed::Again(Action::Release(Release { purchase, name, profile: String::new() }))
        }
        (Kind::Release, Some(row)) => {
            tracing::warn!(
                router.id = entry.router_id,
                purchase.id = entry.purchase_id,
                user.disabled = row.disabled,
                "a user has the name of one that was removed; it is left alone"
            );
            Needed::Nothing
        }
        (Kind::Revoke, Some(row)) if !row.disabled => {
            Needed::Again(Action::Revoke(Revoke { purchase, name }))
        }
        (Kind::Reserve | Kind::Confirm | Kind::Release | Kind::Revoke, _) => Needed::Nothing,
    }
}

/// The user of each purchase, if it is on the router: by its name, else by its row.
async fn found(
    inner: &Inner,
    act: &Act,
    page: Vec<Entry>,
) -> Result<Vec<(Entry, Option<UserRow>)>, CallError> {
    let names: Vec<String> = page.iter().map(|entry| entry.name.clone()).collect();
    let rows = describe::find_many(act, &names).await?;
    let by_name = |entry: &Entry| rows.iter().find(|row| row.name == entry.name.as_bytes());
    let nameless: Vec<&str> = page
        .iter()
        .filter(|entry| by_name(entry).is_none())
        .filter_map(|entry| entry.row_id.as_deref())
        .collect();
    let by_row = if nameless.is_empty() {
        Vec::new()
    } else {
        UserRow::read_all(&act.read(user::by_rows(&nameless)).await?)
    };
    let mut found = Vec::with_capacity(page.len());
    for entry in page {
        let row = match by_name(&entry).cloned() {
            Some(row) => Some(row),
            None => renamed(inner, &entry, &by_row).await,
        };
        found.push((entry, row));
    }
    Ok(found)
}

async fn renamed(inner: &Inner, entry: &Entry, rows: &[UserRow]) -> Option<UserRow> {
    let row = rows.iter().find(|row| Some(&row.id) == entry.row_id.as_ref())?;
    let known = Known {
        journal: &inner.journal,
        router_id: &entry.router_id,
        purchase_id: &entry.purchase_id,
        row_id: entry.row_id.as_deref(),
        profile: &entry.profile,
        purchase: true,
        confirmed: entry.confirmed,
    };
    if !known.is_renamed(row).await {
        return None;
    }
    tracing::warn!(
        router.id = entry.router_id,
        purchase.id = entry.purchase_id,
        "user of a purchase was renamed"
    );
    Some(row.clone())
}

/// How long ago a wall clock time was, in seconds, if the clock can be believed.
fn since(seen_at: i64) -> Option<u64> {
    let plausible = seen_at >= CLOCK_PLAUSIBLE_MS;
    u64::try_from(clock::now_ms() - seen_at).ok().filter(|_| plausible).map(|elapsed| elapsed / 1000)
}

async fn uptime(act: &Act) -> Result<Option<u64>, CallError> {
    let reply = act.read(system::uptime()).await?;
    Ok(first(&reply, "uptime").and_then(|text| seconds(&text)))
}

/// What tells the box from others: its serial number, or that of its licence. Empty if it has neither.
async fn serial(act: &Act) -> Result<String, CallError> {
    if let Some(serial) = first(&optional(act, system::routerboard()).await?, "serial-number") {
        return Ok(serial);
    }
    let license = optional(act, system::license()).await?;
    Ok(first(&license, "system-id").or_else(|| first(&license, "software-id")).unwrap_or_default())
}

/// Asks a menu that not every router has.
async fn optional(act: &Act, request: Request) -> Result<Reply, CallError> {
    match act.read(request).await {
        Err(error) if error.trap_class().is_some_and(|class| class != TrapClass::Interrupted) => {
            Ok(Reply::default())
        }
        result => result,
    }
}

fn first(reply: &Reply, name: &str) -> Option<String> {
    let value = reply.records.first()?.text(name)?.into_owned();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_tells_a_restart_from_a_slow_clock() {
        for (before, elapsed, now, expected) in [
            (100, Some(60), 160, Uptime::Expected),
            (100, Some(60), 140, Uptime::Expected),
            (100, Some(60), 185, Uptime::Expected),
            (100, Some(60), 99, Uptime::Back),
            (100, Some(600), 650, Uptime::Back),
            (100, Some(60), 1_000, Uptime::Ahead),
            (100, None, 100, Uptime::Expected),
            (100, None, 1_000_000, Uptime::Expected),
            (100, None, 99, Uptime::Back),
        ] {
            assert_eq!(judge(before, elapsed, now), expected, "{before} {elapsed:?} {now}");
        }
    }
}
