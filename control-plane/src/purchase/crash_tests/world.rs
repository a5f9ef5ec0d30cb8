//! One run: a world outside, a process that may die, another one that takes over, and time that passes by itself.
//!
//! The clock stands while anything is done and leaps when a purchase waits: days pass in milliseconds, and no run
//! depends on how busy the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::bank::{Bank, Till};
use super::database::Slot;
use super::paths::{Act, Path, When};
use super::points::{Fault, Life, Point};
use super::site::{Link, Mood, Site};
use crate::domain::failure::FailureKind;
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::time::Timestamp;
use crate::gateway::{GatewayName, Gateways};
use crate::limits::{Allowance, Limits};
use crate::purchase::intake::{Admitted, Request};
use crate::purchase::machine::{self, Effect, Message, Timing};
use crate::purchase::reply::{self, Reply, ReplyKind};
use crate::purchase::state::{CardChoice, Device, Phase, Purchase};
use crate::purchase::{Parts, Purchases, read_state};
use crate::seams::{Clock, Random, instant};
use crate::store::purchases;

/// A run that has not come to rest by then never will, in milliseconds of real time.
const REST_MAX_MS: u64 = 60_000;
/// What waits for a router without saying so is given time in leaps of this, in milliseconds.
const ROUTER_LEAP_MS: i64 = 3_600_000;
/// When the process dies, the next one is there after this, in milliseconds.
const RESTART_MS: i64 = 3_000;
/// When the clock starts, in milliseconds.
const MORNING_MS: i64 = 1_790_000_000_000;
/// What the product costs.
pub(super) const PRICE_MINOR: i64 = 2_000;
/// What an admin gives back as a part.
pub(super) const PART_MINOR: i64 = 500;

pub(super) const TIMING: Timing = Timing {
    answer_deadline_ms: 25_000,
    charge_start_max_ms: 20_000,
    charge_timeout_ms: 60_000,
    quiet_period_ms: 60_000,
    pending_max_ms: 900_000,
    reserve_lease_ms: 900_000,
    key_life_ms: 900_000,
    delivery_limit_ms: 86_400_000,
};

/// One run.
pub(super) struct World<'a> {
    slot: &'a Slot,
    path: Path,
    gateway: GatewayName,
    pub(super) site: Arc<Site>,
    pub(super) bank: Arc<Bank>,
    clock: Arc<AtomicI64>,
    /// What the buyer's page got first, and last.
    pub(super) first: Option<String>,
    pub(super) last: String,
    acted: usize,
}

/// A process: everything that a crash forgets.
#[derive(Clone)]
pub(super) struct Process {
    pub(super) life: Arc<Life>,
    pub(super) purchases: Purchases,
}

/// How a stretch of a run ended.
enum Stretch {
    Rest,
    Death,
}

impl<'a> World<'a> {
    pub(super) fn new(slot: &'a Slot, path: Path, gateway: GatewayName) -> Self {
        let site = Arc::new(Site::new(path.mood));
        Self {
            slot,
            path,
            gateway,
            bank: Arc::new(Bank::new(gateway, path.card, Arc::clone(&site))),
            site,
            clock: Arc::new(AtomicI64::new(MORNING_MS)),
            first: None,
            last: String::new(),
            acted: 0,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::Relaxed))
    }

    /// Time passes, and nobody wakes anybody.
    pub(super) fn pass(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::Relaxed);
    }

    pub(super) async fn process(&self, fault: Option<Fault>) -> Process {
        let life = Arc::new(Life::with(fault));
        let till = Arc::new(Till { life: Arc::clone(&life), bank: Arc::clone(&self.bank) });
        let (site, router) = (Arc::clone(&self.site), RouterId::new("RTR_1"));
        let purchases = Purchases::new(Parts {
            store: self.slot.store.watched(Arc::clone(&life) as _),
            vault: Arc::clone(&self.slot.vault),
            clock: Clock::Manual(Arc::clone(&self.clock)),
            random: Random::default(),
            link: Arc::new(Link { life: Arc::clone(&life), site, router }),
            gateways: Gateways { conekta: Arc::clone(&till) as _, mercado_pago: till },
            node: "node".into(),
            public_url: None,
            limits: Limits::new(Allowance {
                reservations_in_flight: 32,
                attempts_per_minute: 1_000,
                attempts_per_device_per_minute: 1_000,
            }),
            timing: TIMING,
            reserve_timeout_ms: 10_000,
            release_timeout_ms: 10_000,
            fallback_phone: None,
        });
        Process { life, purchases }
    }

    /// Runs to rest, with one fault at most. Gives the purchase, and every point that was passed.
    pub(super) async fn run(&mut self, fault: Option<Fault>) -> (Purchase, Vec<Point>, bool) {
        let mut process = self.process(fault).await;
        let mut passed = Vec::new();
        let mut struck = false;
        let mut id = None;
        loop {
            let end = tokio::select! {
                end = self.stretch(&process, &mut id) => end,
                () = process.life.death() => Stretch::Death,
            };
            passed.extend(process.life.passed());
            struck |= process.life.has_struck();
            match end {
                Stretch::Rest => break,
                Stretch::Death => {
                    self.answered(&process, &mut id);
                    self.first.get_or_insert_with(|| "cut off".into());
                    self.clock.fetch_add(RESTART_MS, Ordering::Relaxed);
                    process = self.process(None).await;
                    process.purchases.recover().await.expect("recovered");
                }
            }
        }
        let id = id.expect("stored");
        let purchase = self.stored(&id).await;
        let reply = process.purchases.0.reply(&purchase).expect("a reply");
        self.last = told(&reply);
        self.first.get_or_insert_with(|| told(&reply));
        (purchase, passed, struck)
    }

    /// What the page was told before its process died: whatever was decided by then.
    fn answered(&mut self, process: &Process, id: &mut Option<PurchaseId>) {
        let running = process.purchases.0.lock();
        let shown = running.iter().next().map(|(found, running)| {
            id.get_or_insert_with(|| found.clone());
            running.state.borrow().clone()
        });
        drop(running);
        if let Some(shown) = shown.filter(|shown| is_answer(shown)) {
            let reply = process.purchases.0.reply(&shown).expect("a reply");
            self.first.get_or_insert_with(|| told(&reply));
        }
    }

    /// The page asks until its request is taken in, then everything goes on to rest.
    async fn stretch(&mut self, process: &Process, id: &mut Option<PurchaseId>) -> Stretch {
        while id.is_none() {
            match process.purchases.admit(request(&self.path, self.gateway)).await {
                Ok(Admitted::Purchase(admitted) | Admitted::Undecided(admitted)) => *id = Some(admitted),
                Ok(Admitted::Awaited) => panic!("there is no other buyer"),
                Err(_) => {
                    self.first.get_or_insert_with(|| "500 internal_error".into());
                }
            }
        }
        let Some(id) = id.clone() else { return Stretch::Death };
        let limit = Duration::from_millis(REST_MAX_MS);
        match tokio::time::timeout(limit, self.drive(process, &id)).await {
            Ok(()) => Stretch::Rest,
            Err(_) => {
                let purchase = self.stored(&id).await;
                panic!("{}: never came to rest: {purchase:?}", self.path.name)
            }
        }
    }

    pub(super) async fn stored(&self, id: &PurchaseId) -> Purchase {
        let mut reader = self.slot.store.reader().await.expect("reader");
        let row = purchases::find(&mut reader.conn(), &RouterId::new("RTR_1"), id).await.expect("read");
        read_state(&row.expect("purchase")).expect("state")
    }

    /// Lets things happen until nothing is left to do.
    pub(super) async fn drive(&mut self, process: &Process, id: &PurchaseId) {
        let mut quiet = 0_u32;
        let mut sweeps = std::collections::BTreeSet::new();
        loop {
            let live = {
                let running = process.purchases.0.lock();
                running.get(id).map(|running| (*running.state.borrow()).clone())
            };
            let shown = match live {
                Some(shown) => (*shown).clone(),
                None => {
                    let stored = self.stored(id).await;
                    if is_answer(&stored) {
                        let reply = process.purchases.0.reply(&stored).expect("a reply");
                        self.first.get_or_insert_with(|| told(&reply));
                    }
                    if stored.is_open() {
                        // Its task is lost, or just ending: the second look gives it another.
                        sweeps = process.purchases.sweep(&sweeps).await.expect("swept");
                    } else if !self.act(process, id, &stored, true).await {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                }
            };
            if is_answer(&shown) {
                let reply = process.purchases.0.reply(&shown).expect("a reply");
                self.first.get_or_insert_with(|| told(&reply));
            }
            if self.act(process, id, &shown, false).await {
                continue;
            }
            match machine::next(&shown, self.now(), &TIMING) {
                Effect::Wait(until) => {
                    quiet = 0;
                    if until.since(shown.terms.created_at) >= TIMING.answer_deadline_ms {
                        let reply = process.purchases.0.reply(&shown).expect("a reply");
                        self.first.get_or_insert_with(|| told(&reply));
                    }
                    self.clock.store(until.0, Ordering::Relaxed);
                    nudge(process, id);
                }
                _ => quiet += 1,
            }
            // A router that is away is tried again and again, and only the first pauses are worth a commit.
            let waits_unseen = matches!(shown.phase, Phase::Paid | Phase::Declined | Phase::Stuck);
            if quiet > 20
                && waits_unseen
                && process.life.is_idle()
                && matches!(self.path.mood, Mood::AwayAtRemoval | Mood::LostAfterCharge | Mood::Offline)
            {
                quiet = 0;
                let reply = process.purchases.0.reply(&shown).expect("a reply");
                self.first.get_or_insert_with(|| told(&reply));
                self.clock.fetch_add(ROUTER_LEAP_MS, Ordering::Relaxed);
                nudge(process, id);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Does what somebody outside does at this time; false when nobody does anything.
    async fn act(&mut self, process: &Process, id: &PurchaseId, shown: &Purchase, rest: bool) -> bool {
        let Some((when, act)) = self.path.acts.get(self.acted) else { return false };
        let due = match when {
            When::In(phase) => shown.phase == *phase,
            When::AtRest => rest,
        };
        if !due {
            return rest && matches!(when, When::In(_)) && self.skip();
        }
        // What changes from now on is counted already.
        self.slot.carry_over().await;
        let message = match act {
            Act::Approve => {
                self.bank.approve();
                Message::Hint { payment: shown.payment.as_ref().map(|payment| payment.id.clone()) }
            }
            Act::Dispute => {
                self.bank.dispute();
                Message::Hint { payment: None }
            }
            Act::RefundAll => Message::Refund { id: "R1".into(), amount_minor: None, by: 7 },
            Act::RefundPart => Message::Refund { id: "R1".into(), amount_minor: Some(PART_MINOR), by: 7 },
        };
        // Who is not answered tells it again; a process that dies here is told by nobody.
        if process.purchases.tell(&CompanyId::new("EMP_1"), id, message).await.is_ok() {
            self.acted += 1;
        }
        true
    }

    /// The phase in which somebody would have acted did not come.
    fn skip(&mut self) -> bool {
        self.acted += 1;
        true
    }
}

/// Whether the page is told this at once.
fn is_answer(shown: &Purchase) -> bool {
    reply::is_settled(shown) || shown.phase == Phase::Declined
}

/// What the page asks for.
pub(super) fn request(path: &Path, gateway: GatewayName) -> Request {
    Request {
        company: CompanyId::new("EMP_1"),
        router: RouterId::new("RTR_1"),
        api_key: ApiKeyId::new("key_1"),
        product_id: 1,
        gateway,
        amount: None,
        card: CardChoice::default(),
        token: "tok_once".into(),
        name: "Ana Ruiz".into(),
        email: "ana@example.org".into(),
        phone: None,
        user_type: path.user_type,
        device: Device { mac: Some("A0B1C2D3E4F5".into()), ip: None, auto_connect: path.auto_connect },
        idempotency_key: Some("once".into()),
        received: instant(),
    }
}

/// Wakes a purchase that sleeps, so that it looks at the clock.
fn nudge(process: &Process, id: &PurchaseId) {
    if let Some(running) = process.purchases.0.lock().get(id) {
        running.inbox.wake.notify_one();
    }
}

/// What the page is told: status and code.
fn told(reply: &Reply) -> String {
    match &reply.kind {
        ReplyKind::Sold(_) => "200".into(),
        ReplyKind::Pending { code, .. } => format!("202 {}", code.as_str()),
        ReplyKind::Ended(failure) => {
            let status = match failure.kind {
                FailureKind::Request => 400,
                FailureKind::Values => 422,
                FailureKind::Payment => 402,
                FailureKind::Throttled => 429,
                FailureKind::Gateway => 502,
                FailureKind::Unavailable => 503,
                FailureKind::Fault => 500,
            };
            format!("{status} {}", failure.code.as_str())
        }
    }
}
