//! A listener on loopback with a database of its own, and two companies.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use pagos_control_plane::domain::id::{AgentId, CompanyId, PurchaseId, RouterId, SiteId};
use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::link::{Authority, Context, Hub, Place, SitePort, issue_token, serve};
use pagos_control_plane::purchase;
use pagos_control_plane::seams::{Clock, Random};
use pagos_control_plane::store::{Store, StoreError, companies, routers, sites};
use pagos_control_plane::vault::{self, Vault};
use pagos_protocol::command::PurchaseRef;
use pagos_protocol::enrolment::Token;
use pagos_protocol::{Outcome, Reservation, Ruling, Verdict};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// RouterOS password of every router here.
pub const PASSWORD: &str = "s3cret router";

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A site with one router.
#[derive(Clone)]
pub struct Site {
    pub company: CompanyId,
    pub id: SiteId,
    pub router: RouterId,
}

pub struct World {
    _directory: tempfile::TempDir,
    pub context: Context,
    pub hub: Hub,
    pub desk: Arc<Desk>,
    pub address: String,
    pub one: Site,
    pub two: Site,
    now: Arc<AtomicI64>,
    _stop: oneshot::Sender<()>,
}

impl World {
    /// A world in which the purchases are played by [`Desk`].
    pub async fn start() -> Self {
        Self::with(|_, _, desk| desk).await
    }

    /// A world in which the purchases in the database answer.
    pub async fn of_purchases() -> Self {
        Self::with(|store, clock, _| Arc::new(purchase::site::Site::new(store, clock))).await
    }

    async fn with(site: impl FnOnce(Store, Clock, Arc<Desk>) -> Arc<dyn SitePort>) -> Self {
        let desk = Arc::new(Desk::default());
        let directory = tempfile::tempdir().expect("directory");
        let random = Random::default();
        let now = Arc::new(AtomicI64::new(Clock::System.now().0));
        let clock = Clock::Manual(now.clone());
        let url = database_url(directory.path()).await;
        let store = Store::open(&url).await.expect("store");
        let vault = Arc::new(Vault::open_or_create(&directory.path().join("key"), &random).expect("vault"));
        let authority =
            Authority::open(&store, &vault, clock.clone(), random.clone()).await.expect("authority");
        let hub = Hub::new(clock.clone(), random.clone());
        let context = Context {
            site: site(store.clone(), clock.clone(), desk.clone()),
            store,
            vault,
            clock,
            random,
            authority: Arc::new(authority),
            hub: hub.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let address = format!("localhost:{}", listener.local_addr().expect("address").port());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = context.clone();
        let dialled = address.clone();
        tokio::spawn(async move {
            let shutdown = async move { drop(stopped.await) };
            serve(listener, serving, &[&dialled], shutdown).await.expect("listener");
        });
        let one = plant(&context, "192.0.2.1").await;
        let two = plant(&context, "192.0.2.2").await;
        Self { _directory: directory, context, hub, desk, address, one, two, now, _stop: stop }
    }

    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }

    pub async fn token(&self, site: &Site) -> Token {
        let Context { store, clock, random, authority, .. } = &self.context;
        issue_token(store, clock, random, authority, &site.company, &site.id, &self.address)
            .await
            .expect("token")
    }

    pub fn agent_id(&self) -> AgentId {
        AgentId::new(self.context.random.uuid(self.context.clock.now()))
    }

    pub async fn add_router(&self, site: &Site) -> RouterId {
        let context = self.context.clone();
        let router = router(&context, site, RouterId::draw(&context.random), "192.0.2.9");
        let id = router.id.clone();
        context
            .store
            .write::<_, StoreError, _>(move |conn| {
                Box::pin(async move { routers::insert(conn, &router).await })
            })
            .await
            .expect("router");
        id
    }
}

/// Purchases that answer what a test wrote down, and remember what they were told.
#[derive(Debug, Default)]
pub struct Desk {
    /// What stands on each router.
    pub open: Mutex<BTreeMap<String, Vec<Reservation>>>,
    /// What was told, one line each.
    pub told: Mutex<Vec<String>>,
    /// How many questions the database fails to answer first.
    pub failures: AtomicU32,
}

impl Desk {
    fn tell(&self, line: String) {
        self.told.lock().expect("lock").push(line);
    }

    fn fails(&self) -> Result<(), StoreError> {
        let left =
            self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() { Err(StoreError::TimedOut) } else { Ok(()) }
    }
}

impl SitePort for Desk {
    fn verdicts<'a>(
        &'a self,
        place: &'a Place,
        reservations: Vec<Reservation>,
    ) -> BoxFuture<'a, Result<Vec<Verdict>, StoreError>> {
        Box::pin(async move {
            self.fails()?;
            self.tell(format!("{} {} asks about {}", place.company, place.router, reservations.len()));
            let verdict = |it: Reservation| Verdict {
                purchase_id: it.purchase.id,
                version: it.purchase.version + 1,
                verdict: Ruling::Release,
            };
            Ok(reservations.into_iter().map(verdict).collect())
        })
    }

    fn settled<'a>(
        &'a self,
        place: &'a Place,
        purchase: &'a PurchaseId,
        version: u64,
        outcome: Outcome,
    ) -> BoxFuture<'a, ()> {
        self.tell(format!("{} {purchase} {version} {outcome:?}", place.router));
        Box::pin(std::future::ready(()))
    }

    fn missing<'a>(&'a self, place: &'a Place, purchases: Vec<PurchaseId>) -> BoxFuture<'a, ()> {
        self.tell(format!("{} misses {}", place.router, purchases.len()));
        Box::pin(std::future::ready(()))
    }

    fn open_reservations<'a>(
        &'a self,
        place: &'a Place,
        after: Option<&'a PurchaseId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Reservation>, StoreError>> {
        Box::pin(async move {
            self.fails()?;
            let open = self.open.lock().expect("lock");
            let all = open.get(place.router.as_str()).cloned().unwrap_or_default();
            let after = after.map_or("", PurchaseId::as_str);
            Ok(all.into_iter().filter(|it| it.purchase.id.as_str() > after).take(limit).collect())
        })
    }
}

/// A reservation of purchase `number`.
pub fn reservation(number: usize, version: u64) -> Reservation {
    Reservation {
        purchase: PurchaseRef { id: format!("TRX_{number:024}"), version },
        name: format!("PT-{number:05}"),
        profile: "1 hora".into(),
    }
}

async fn database_url(directory: &std::path::Path) -> String {
    let Ok(server) = std::env::var("PAGOS_TEST_POSTGRES_URL") else {
        return format!("sqlite:{}", directory.join("pagos.db").display());
    };
    let name = format!("pagos_link_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.expect("PostgreSQL");
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut admin)
        .await
        .expect("database");
    format!("{server}/{name}")
}

async fn plant(context: &Context, host: &str) -> Site {
    let random = &context.random;
    let now = Timestamp(0);
    let site = Site {
        company: CompanyId::draw(random),
        id: SiteId::new(random.uuid(context.clock.now())),
        router: RouterId::draw(random),
    };
    let company = companies::NewCompany {
        id: site.company.clone(),
        name: "Test".into(),
        contact_email: "a@example.com".into(),
        contact_phone: None,
        conekta_mode: "test".into(),
        conekta_public_key: None,
        created_at: now,
    };
    let router = router(context, &site, site.router.clone(), host);
    let planted = site.clone();
    context
        .store
        .write::<_, StoreError, _>(move |conn| {
            Box::pin(async move {
                companies::insert(conn, &company).await?;
                sites::insert(conn, &planted.id, &planted.company, "Site", now).await?;
                routers::insert(conn, &router).await
            })
        })
        .await
        .expect("planted");
    site
}

fn router(context: &Context, site: &Site, id: RouterId, host: &str) -> routers::Router {
    let place = vault::Context { tenant: site.company.as_str(), field: "router.password" };
    routers::Router {
        id,
        company_id: site.company.clone(),
        site_id: site.id.clone(),
        name: "Router".into(),
        host: host.into(),
        port: 8728,
        username: "api".into(),
        password_sealed: context.vault.seal(&place, PASSWORD),
        location: None,
        active: true,
        settings_version: 3,
        created_at: Timestamp(0),
    }
}
