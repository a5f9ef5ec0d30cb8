//! Every port call of a sale is a crash point, before and after its effect; then another process recovers, and the
//! world is judged: the router's users, the gateway's charges and our books must agree.
//!
//! The world outlives the crash. A crash is a port call that never comes back, in a process that is then forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all, pending};
use pagos_protocol::{Action, Code as AgentCode, Done, Outcome};
use tempfile::TempDir;
use tokio::sync::broadcast;
use zeroize::Zeroizing;

use super::intake::{Admitted, Request};
use super::machine::Timing;
use super::state::{Device, UserType};
use super::{Parts, Purchases};
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::gateway::{
    CardToken, Charging, GatewayPort, Key, Opening, Order, OrderRequest, OrderStatus, OrderView, Reading,
};
use crate::limits::{Allowance, Limits};
use crate::link::{LinkPort, SendError};
use crate::seams::{Clock, Random, instant};
use crate::store::conn::{execute, fetch_one};
use crate::store::{Store, StoreError};
use crate::vault::{Context, Vault};

/// A run that is not settled by then is stuck, in milliseconds.
const SETTLE_MAX_MS: u64 = 30_000;

/// What the gateway does with the charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Card {
    Pays,
    IsDeclined,
    /// The money moves, the answer is lost.
    PaysUnheard,
    /// The charge never arrives, and nobody is told.
    IsLost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CrashPoint {
    call: u32,
    after: bool,
}

#[derive(Default)]
struct Facts {
    calls: u32,
    crashed: bool,
    /// Name, and whether it was confirmed.
    users: BTreeMap<String, bool>,
    confirmed_user_at_charge: Vec<bool>,
    orders: BTreeMap<String, (OrderRequest, Option<bool>, bool)>,
    charges: u32,
}

struct World {
    card: Card,
    crash: Option<CrashPoint>,
    facts: Mutex<Facts>,
}

impl World {
    fn lock(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Performs `effect` unless the process dies first; never returns if it dies at this call.
    async fn call<T>(&self, effect: impl FnOnce(&mut Facts) -> T) -> T {
        let call = {
            let mut facts = self.lock();
            facts.calls += 1;
            facts.calls
        };
        let dies = |after| self.crash == Some(CrashPoint { call, after });
        if dies(false) {
            self.lock().crashed = true;
            return pending().await;
        }
        let value = effect(&mut self.lock());
        if dies(true) {
            self.lock().crashed = true;
            return pending().await;
        }
        value
    }
}

struct Site(Arc<World>);

impl LinkPort for Site {
    fn send(
        &self,
        _: &RouterId,
        action: Action,
        _: Duration,
    ) -> BoxFuture<'static, Result<Outcome, SendError>> {
        let world = Arc::clone(&self.0);
        async move { Ok(world.call(|facts| act(facts, action)).await) }.boxed()
    }
}

fn act(facts: &mut Facts, action: Action) -> Outcome {
    match action {
        Action::Reserve(reserve) => {
            facts.users.entry(reserve.name).or_insert(false);
            Outcome::done(Done::Reserved)
        }
        Action::Confirm(confirm) => match facts.users.get_mut(&confirm.name) {
            Some(confirmed) => {
                *confirmed = true;
                Outcome::done(Done::Confirmed)
            }
            None => Outcome::refused(AgentCode::UserGone, ""),
        },
        Action::Release(release) => {
            facts.users.remove(&release.name);
            Outcome::done(Done::Released)
        }
        Action::Login(_) => Outcome::done(Done::LoggedIn { already: false }),
        Action::Revoke(_)
        | Action::DescribeUser { .. }
        | Action::DescribeUsers { .. }
        | Action::ListProfiles
        | Action::Probe
        | Action::SetRouter(_)
        | Action::Unknown => Outcome::refused(AgentCode::Unsupported, ""),
    }
}

struct Bank(Arc<World>);

impl GatewayPort for Bank {
    fn open(&self, _: Key, request: OrderRequest) -> BoxFuture<'static, Opening> {
        let world = Arc::clone(&self.0);
        async move {
            let open = |facts: &mut Facts| {
                let id = format!("ord_{}", facts.orders.len() + 1);
                facts.orders.insert(id.clone(), (request, None, false));
                Opening::Opened(Order { id, live: false })
            };
            world.call(open).await
        }
        .boxed()
    }

    fn charge(&self, _: Key, order: String, _: CardToken, _: String) -> BoxFuture<'static, Charging> {
        let world = Arc::clone(&self.0);
        async move {
            let card = world.card;
            let charge = |facts: &mut Facts| {
                let stands = !facts.users.is_empty();
                facts.confirmed_user_at_charge.push(stands);
                facts.charges += u32::from(card != Card::IsLost);
                let paid = facts.orders.get_mut(&order).map(|order| &mut order.1);
                match (card, paid) {
                    (Card::Pays | Card::PaysUnheard, Some(paid)) => *paid = Some(true),
                    (Card::IsDeclined, Some(paid)) => *paid = Some(false),
                    (Card::IsLost, _) | (_, None) => {}
                }
                match card {
                    Card::Pays => Charging::Accepted,
                    Card::IsDeclined => Charging::Refused(declined()),
                    Card::PaysUnheard | Card::IsLost => Charging::Unknown,
                }
            };
            world.call(charge).await
        }
        .boxed()
    }

    fn read(&self, _: Key, order: String) -> BoxFuture<'static, Reading> {
        let world = Arc::clone(&self.0);
        async move { world.call(|facts| read(facts, &order)).await }.boxed()
    }

    fn cancel(&self, _: Key, order: String) -> BoxFuture<'static, ()> {
        let world = Arc::clone(&self.0);
        async move {
            let cancel = |facts: &mut Facts| {
                if let Some((_, None, cancelled)) = facts.orders.get_mut(&order) {
                    *cancelled = true;
                }
            };
            world.call(cancel).await;
        }
        .boxed()
    }
}

fn declined() -> Failure {
    Failure::new(Code::CardDeclined, FailureKind::Payment)
}

fn read(facts: &Facts, order: &str) -> Reading {
    let Some((request, paid, cancelled)) = facts.orders.get(order) else { return Reading::Denied };
    let closed = Failure::new(Code::PaymentCanceled, FailureKind::Payment);
    let status = match (paid, cancelled) {
        (Some(true), _) => OrderStatus::Paid,
        (Some(false), _) => OrderStatus::Declined(declined()),
        (None, true) => OrderStatus::Closed(closed),
        (None, false) => OrderStatus::NoCharge,
    };
    Reading::Found(OrderView {
        status,
        amount_minor: request.price.minor,
        currency: request.price.currency.code().into(),
        reference: Some(request.purchase_id.clone()),
        live: false,
        refunded_minor: 0,
        card: None,
    })
}

/// A process: everything that a crash forgets.
fn process(store: &Store, vault: &Arc<Vault>, world: &Arc<World>) -> Purchases {
    Purchases::new(Parts {
        store: store.clone(),
        vault: Arc::clone(vault),
        clock: Clock::System,
        random: Random::default(),
        link: Arc::new(Site(Arc::clone(world))),
        gateway: Arc::new(Bank(Arc::clone(world))),
        limits: Limits::new(Allowance {
            reservations_in_flight: 32,
            attempts_per_minute: 100,
            attempts_per_device_per_minute: 100,
        }),
        timing: Timing {
            answer_deadline_ms: 200,
            charge_start_max_ms: 20_000,
            charge_timeout_ms: 100,
            quiet_period_ms: 100,
            pending_max_ms: 1_000,
            delivery_limit_ms: 60_000,
        },
        reserve_timeout_ms: 10_000,
        release_timeout_ms: 10_000,
        fallback_phone: None,
    })
}

async fn seed(store: &Store, vault: &Vault) {
    let key = vault.seal(&Context { tenant: "EMP_1", field: "conekta.private_key" }, "key_1");
    let seeded: Result<(), StoreError> = store
        .write(move |conn| {
            Box::pin(async move {
                execute!(
                    conn,
                    "INSERT INTO companies (id, name, contact_phone, conekta_mode, mercado_pago_mode, telegram_enabled,
                         disable_on_refund, active, created_at)
                     VALUES ('EMP_1', 'Red', '5512345678', 'test', 'test', FALSE, TRUE, TRUE, 0)"
                )?;
                execute!(conn, "INSERT INTO sites (id, company_id, name, created_at) VALUES ('s', 'EMP_1', 's', 0)")?;
                execute!(
                    conn,
                    "INSERT INTO routers (id, company_id, site_id, name, host, port, username, password_sealed, active,
                         settings_version, created_at)
                     VALUES ('RTR_1', 'EMP_1', 's', 'r', 'h', 8728, 'u', '', TRUE, 1, 0)"
                )?;
                execute!(
                    conn,
                    "INSERT INTO gateway_credentials (company_id, gateway, version, key_sealed, created_at)
                     VALUES ('EMP_1', 'conekta', 1, $1, 0)",
                    &key
                )?;
                execute!(
                    conn,
                    "INSERT INTO products (id, company_id, router_id, profile_id, profile_name, sale_name, price_minor,
                         currency, details, active, display_order, featured, created_at)
                     VALUES (1, 'EMP_1', 'RTR_1', '*1', '1h', 'Una hora', 1999, 'MXN', '[]', TRUE, 0, FALSE, 0)"
                )?;
                Ok(())
            })
        })
        .await;
    seeded.expect("seeded");
}

fn request(token: &str) -> Request {
    Request {
        company: CompanyId::new("EMP_1"),
        router: RouterId::new("RTR_1"),
        api_key: ApiKeyId::new("key_1"),
        product_id: 1,
        token: token.into(),
        name: "Ana Ruiz".into(),
        email: "ana@example.org".into(),
        phone: None,
        user_type: UserType::Password,
        device: Device { mac: Some("A0B1C2D3E4F5".into()), ip: None, auto_connect: true },
        idempotency_key: None,
        received: instant(),
    }
}

struct Run {
    _directory: TempDir,
    store: Store,
    vault: Arc<Vault>,
    world: Arc<World>,
}

async fn start(card: Card, crash: Option<CrashPoint>) -> Run {
    let directory = TempDir::new().expect("directory");
    let file = directory.path().join("a.db");
    let store = Store::open(&format!("sqlite:{}", file.display())).await.expect("store");
    let vault = Vault::open_or_create(&directory.path().join("key"), &Random::default()).expect("vault");
    seed(&store, &vault).await;
    let world = Arc::new(World { card, crash, facts: Mutex::default() });
    Run { _directory: directory, store, vault: Arc::new(vault), world }
}

async fn phase(store: &Store, id: &PurchaseId) -> (String, String, String) {
    let mut reader = store.reader().await.expect("reader");
    let row: Result<(String, String, String), StoreError> = fetch_one!(
        &mut reader.conn(),
        (String, String, String),
        "SELECT p.phase, t.payment_state, t.hotspot_state FROM purchases p
         JOIN transactions t ON t.purchase_id = p.id WHERE p.id = $1",
        id.as_str()
    );
    row.expect("purchase")
}

fn is_final(phase: &str) -> bool {
    ["completed", "rolled_back", "failed", "mismatch", "stuck"].contains(&phase)
}

async fn settle(run: &Run, id: &PurchaseId) -> String {
    let settled = async {
        loop {
            let (phase, ..) = phase(&run.store, id).await;
            if is_final(&phase) {
                return phase;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_millis(SETTLE_MAX_MS), settled).await.expect("settled in time")
}

/// Runs one sale to its end, through at most one crash. False when the crash point was never reached.
async fn sale(card: Card, crash: Option<CrashPoint>) -> bool {
    let run = start(card, crash).await;
    let first = process(&run.store, &run.vault, &run.world);
    let Admitted::Purchase(id) = first.admit(request("tok_once")).await.expect("admitted") else {
        panic!("nothing was undecided")
    };
    // Waits at most the answer deadline: by then it is done, or hangs in its crash.
    first.answer(&RouterId::new("RTR_1"), &id).await.expect("answer");
    if crash.is_some() {
        let crashed = async {
            while !run.world.lock().crashed && !is_final(&phase(&run.store, &id).await.0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(5_000), crashed).await;
    }
    let crashed = run.world.lock().crashed;
    let second = process(&run.store, &run.vault, &run.world);
    if crashed {
        second.recover().await.expect("recovered");
        agent_arrives(&second);
    }
    let end = settle(&run, &id).await;
    judge(&run, card, crash, &id, &end).await;
    crashed
}

fn agent_arrives(purchases: &Purchases) {
    let (arrive, arrivals) = broadcast::channel(1);
    arrive.send(RouterId::new("RTR_1")).expect("somebody listens");
    let purchases = purchases.clone();
    tokio::spawn(async move { purchases.attend(arrivals).await });
}

/// P1 to P4 for one sale.
async fn judge(run: &Run, card: Card, crash: Option<CrashPoint>, id: &PurchaseId, end: &str) {
    let (_, payment, hotspot) = phase(&run.store, id).await;
    let facts = run.world.lock();
    let paid = facts.orders.values().filter(|(_, paid, _)| *paid == Some(true)).count();
    let at = format!("{card:?} {crash:?}: {end}, {payment}, {hotspot}, users {:?}", facts.users);
    assert!(facts.confirmed_user_at_charge.iter().all(|stands| *stands), "P1 {at}");
    assert!(facts.charges <= 1, "P3 {at}");
    let users: Vec<bool> = facts.users.values().copied().collect();
    if paid == 1 {
        assert_eq!((end, payment.as_str(), hotspot.as_str()), ("completed", "paid", "active"), "P4 {at}");
        assert_eq!(users, [true], "P4 {at}");
    } else {
        assert!(end == "rolled_back" || end == "failed", "P2 {at}");
        assert_eq!(hotspot, "removed", "P2 {at}");
        assert!(users.is_empty(), "P2 {at}");
    }
}

#[tokio::test]
async fn a_crash_at_any_port_call_loses_no_money_and_leaves_no_orphan() {
    for card in [Card::Pays, Card::IsDeclined, Card::PaysUnheard, Card::IsLost] {
        sale(card, None).await;
        let points = (1..=12).flat_map(|call| [false, true].map(|after| CrashPoint { call, after }));
        let reached = join_all(points.map(|point| sale(card, Some(point)))).await;
        let hit = reached.iter().filter(|crashed| **crashed).count();
        assert!(hit >= 10, "{card:?}: only {hit} crash points were reached");
    }
}

#[tokio::test]
async fn the_same_request_twice_at_once_is_one_charge_and_one_answer() {
    let run = start(Card::Pays, None).await;
    let purchases = process(&run.store, &run.vault, &run.world);
    let admitted = join_all((0..16).map(|_| purchases.admit(request("tok_once")))).await;
    let mut ids: Vec<PurchaseId> = admitted
        .into_iter()
        .map(|admitted| match admitted.expect("admitted") {
            Admitted::Purchase(id) | Admitted::Undecided(id) => id,
        })
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    settle(&run, &ids[0]).await;
    let facts = run.world.lock();
    assert_eq!((facts.charges, facts.users.len()), (1, 1));
}

#[tokio::test]
async fn a_purchase_that_lost_its_task_is_found_at_the_second_look() {
    // The fourth call reads the order back: the money has moved.
    let run = start(Card::Pays, Some(CrashPoint { call: 4, after: false })).await;
    let first = process(&run.store, &run.vault, &run.world);
    let Admitted::Purchase(id) = first.admit(request("tok_once")).await.expect("admitted") else {
        panic!("nothing was undecided")
    };
    first.answer(&RouterId::new("RTR_1"), &id).await.expect("answer");
    let second = process(&run.store, &run.vault, &run.world);
    let idle = second.sweep(&BTreeSet::new()).await.expect("swept");
    assert!(idle.contains(&id));
    assert_eq!(phase(&run.store, &id).await.0, "charge_sent");
    second.sweep(&idle).await.expect("swept");
    assert_eq!(settle(&run, &id).await, "completed");
    assert!(second.sweep(&idle).await.expect("swept").is_empty());
}

#[tokio::test]
async fn the_same_request_again_is_the_same_purchase_also_while_its_charge_is_undecided() {
    let run = start(Card::IsLost, None).await;
    let purchases = process(&run.store, &run.vault, &run.world);
    let repeats = (0..40).map(|number| {
        let purchases = purchases.clone();
        async move {
            // Spread over the time in which the first is stored, reserved and charged.
            tokio::time::sleep(Duration::from_millis(number)).await;
            purchases.admit(request("tok_once")).await.expect("admitted")
        }
    });
    let admitted = join_all(repeats).await;
    assert!(matches!(admitted[0], Admitted::Purchase(_)), "{:?}", admitted[0]);
    assert!(admitted.iter().all(|other| *other == admitted[0]), "{admitted:?}");
}

#[tokio::test]
async fn a_second_try_while_the_first_is_undecided_gets_the_first_ones_state() {
    let run = start(Card::IsLost, None).await;
    let purchases = process(&run.store, &run.vault, &run.world);
    let first = purchases.admit(request("tok_first")).await.expect("admitted");
    let Admitted::Purchase(id) = first else { panic!("nothing was undecided") };
    purchases.answer(&RouterId::new("RTR_1"), &id).await.expect("answer");
    let second = purchases.admit(request("tok_second")).await.expect("admitted");
    assert_eq!(second, Admitted::Undecided(id.clone()));
    assert_eq!(settle(&run, &id).await, "rolled_back");
    let third = purchases.admit(request("tok_third")).await.expect("admitted");
    assert!(matches!(third, Admitted::Purchase(other) if other != id));
}

#[tokio::test]
async fn tokens_and_passwords_are_not_readable_in_the_database() {
    let run = start(Card::Pays, None).await;
    let purchases = process(&run.store, &run.vault, &run.world);
    let Admitted::Purchase(id) = purchases.admit(request("tok_secret")).await.expect("admitted") else {
        panic!("nothing was undecided")
    };
    settle(&run, &id).await;
    let row = {
        let mut reader = run.store.reader().await.expect("reader");
        let found = crate::store::purchases::find(&mut reader.conn(), &RouterId::new("RTR_1"), &id).await;
        found.expect("read").expect("purchase")
    };
    assert!(!row.state.contains("tok_secret"));
    let state: super::Purchase = serde_json::from_str(&row.state).expect("state");
    assert_eq!(state.token_sealed, None);
    let context = Context { tenant: "EMP_1", field: "purchase.password" };
    let opened: Zeroizing<String> =
        run.vault.open_sealed(&context, &state.user.password_sealed).expect("opens for its company");
    assert_eq!(opened.len(), 4);
    let other = Context { tenant: "EMP_2", field: "purchase.password" };
    assert!(run.vault.open_sealed(&other, &state.user.password_sealed).is_err());
}
