//! Makes the parts of the service from its configuration, in the order in which they need each other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Semaphore;

use crate::auth::api_key::ApiKeys;
use crate::auth::password::Passwords;
use crate::auth::session::Sessions;
use crate::auth::token::{SECRET_BYTES, Signer};
use crate::config::{self, Config};
use crate::gateway::conekta::{self, Conekta};
use crate::gateway::measured::Measured;
use crate::gateway::mercado_pago::{self, MercadoPago};
use crate::gateway::{GatewayName, GatewayPort, Gateways};
use crate::hotspot::{self, Hotspot};
use crate::http::app::{App, Shared};
use crate::http::company::transaction_export::EXPORTS_MAX;
use crate::installation::{self, Installation};
use crate::limits::guesses::{Guesses, Patience};
use crate::limits::requests::{Rates, RequestLimits};
use crate::limits::{Allowance, Limits};
use crate::link::{self, Authority, Hub};
use crate::outbox::telegram::Telegram;
use crate::outbox::webhook::Sender;
use crate::outbox::webhook::guard::{Guard, System};
use crate::outbox::{self, Outbox};
use crate::purchase::machine::Timing;
use crate::purchase::site::Site;
use crate::purchase::{Parts, Purchases};
use crate::seams::{Clock, Random};
use crate::store::{Store, settings};
use crate::tenants::logos::Logos;
use crate::vault::{Context, PLATFORM, Vault, VaultError};
use crate::webhook::{self, Webhooks};

/// Most idle connections to one gateway.
const IDLE_CONNECTIONS_MAX: usize = 256;
/// How long an idle connection to a gateway is kept, in milliseconds.
const IDLE_MS: u64 = 60_000;

/// The parts.
pub struct Assembled {
    /// What handlers use.
    pub app: Shared,
    /// What the agents' listener uses.
    pub link: link::Context,
}

/// Makes all parts; nothing listens yet. `agent_address` is the `host:port` that agents dial.
///
/// # Errors
/// When the database, the vault or the authority cannot be opened.
pub async fn assemble(
    config: Config,
    clock: Clock,
    random: Random,
    agent_address: String,
) -> anyhow::Result<Assembled> {
    install_tls_provider();
    let Installation { node, store, vault } = installation::open(&config, &clock, &random).await?;
    let authority = Authority::open(&store, &vault, clock.clone(), random.clone()).await?;
    let authority = Arc::new(authority);
    let hub = Hub::new(clock.clone(), random.clone());
    let base =
        Base { store: store.clone(), vault: vault.clone(), clock: clock.clone(), random: random.clone() };
    let purchases = purchases(&config, base, hub.clone(), node.id.clone())?;
    let link = link::Context {
        store: store.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        random: random.clone(),
        authority: authority.clone(),
        hub: hub.clone(),
        site: Arc::new(Site::new(store.clone(), clock.clone()).telling(purchases.clone())),
    };
    let webhooks = webhooks(&config, &link, &purchases);
    let hotspot = hotspot(&config, &link);
    let outbox = outbox(&config, &link, &purchases)?;
    let sessions = sessions(&config, &link).await?;
    let api_keys = api_keys(&config, &link).await?;
    let passwords = Passwords::new(random.clone());
    let logos = Logos::new(store.clone(), clock.clone());
    let app = App {
        store,
        vault,
        clock,
        random,
        hub,
        authority,
        purchases,
        hotspot,
        webhooks,
        outbox,
        api_keys,
        sessions,
        passwords,
        requests: RequestLimits::new(rates(&config.limits)),
        logos,
        exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
        config,
        agent_address,
        node,
    };
    Ok(Assembled { app: Arc::new(app), link })
}

/// What everything else stands on.
struct Base {
    store: Store,
    vault: Arc<Vault>,
    clock: Clock,
    random: Random,
}

/// All TLS of this process uses the same library; a second call changes nothing.
fn install_tls_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A secret of our own for signing, made at the first start.
async fn signer(link: &link::Context, name: &'static str) -> anyhow::Result<Signer> {
    let context = Context { tenant: PLATFORM, field: name };
    let drawn = link.vault.seal(&context, &link.random.hex::<SECRET_BYTES>());
    let sealed = installation::keep_setting(&link.store, name, drawn).await?;
    let secret: Result<_, VaultError> = link.vault.open_sealed(&context, &sealed);
    Ok(Signer::new(&secret?))
}

async fn sessions(config: &Config, link: &link::Context) -> anyhow::Result<Sessions> {
    let signer = signer(link, settings::SESSION_SECRET).await?;
    let (store, clock, random) = (link.store.clone(), link.clock.clone(), link.random.clone());
    Ok(Sessions::new(store, clock, random, signer, config.sessions.hours))
}

async fn api_keys(config: &Config, link: &link::Context) -> anyhow::Result<ApiKeys> {
    let signer = signer(link, settings::API_KEY_SECRET).await?;
    let original = config.jwt_apikey_secret.expose();
    let original = (!original.is_empty()).then(|| Signer::new(original));
    let (store, clock, random) = (link.store.clone(), link.clock.clone(), link.random.clone());
    Ok(ApiKeys::new(store, clock, random, signer, original, config.api_keys.days))
}

fn purchases(config: &Config, base: Base, hub: Hub, node: String) -> anyhow::Result<Purchases> {
    let (limits, times) = (&config.limits, &config.purchase);
    let allowance = Allowance {
        reservations_in_flight: limits.reservations_in_flight,
        attempts_per_minute: limits.attempts_per_minute,
        attempts_per_device_per_minute: limits.attempts_per_device_per_minute,
    };
    let timing = Timing {
        answer_deadline_ms: millis(times.answer_deadline_ms),
        charge_start_max_ms: millis(times.charge_start_max_ms),
        charge_timeout_ms: millis(config.conekta.charge_timeout_ms),
        quiet_period_ms: millis(times.quiet_period_ms),
        pending_max_ms: millis(times.pending_max_ms),
        reserve_lease_ms: millis(times.reserve_lease_ms),
        key_life_ms: millis(times.key_life_ms),
        delivery_limit_ms: millis(times.delivery_limit_ms),
    };
    let phone = config.conekta.fallback_phone.trim();
    Ok(Purchases::new(Parts {
        store: base.store,
        vault: base.vault,
        clock: base.clock,
        random: base.random,
        link: Arc::new(hub),
        gateways: gateways(config)?,
        node,
        public_url: (!config.public_url.is_empty()).then(|| config.public_url.clone()),
        limits: Limits::new(allowance),
        timing,
        reserve_timeout_ms: times.reserve_timeout_ms,
        release_timeout_ms: times.release_timeout_ms,
        fallback_phone: (!phone.is_empty()).then(|| phone.to_owned()),
    }))
}

fn hotspot(config: &Config, link: &link::Context) -> Hotspot {
    let limits = &config.limits;
    Hotspot::new(hotspot::Parts {
        store: link.store.clone(),
        vault: link.vault.clone(),
        clock: link.clock.clone(),
        link: Arc::new(link.hub.clone()),
        guesses: Guesses::new(Patience {
            per_router: limits.guesses_per_minute,
            per_device: limits.guesses_per_device_per_minute,
            per_user: limits.guesses_per_user_per_minute,
        }),
    })
}

fn rates(limits: &config::Limits) -> Rates {
    Rates {
        per_key: limits.requests_per_key_per_minute,
        refused_per_client: limits.refused_per_client_per_minute,
        wrong_passwords_per_client: limits.wrong_passwords_per_client_per_minute,
    }
}

fn webhooks(config: &Config, link: &link::Context, purchases: &Purchases) -> Webhooks {
    Webhooks::new(webhook::Parts {
        store: link.store.clone(),
        vault: link.vault.clone(),
        clock: link.clock.clone(),
        random: link.random.clone(),
        wake: Arc::new(purchases.clone()),
        look_up: Arc::new(purchases.clone()),
        base_url: config.public_base(),
    })
}

fn outbox(config: &Config, link: &link::Context, purchases: &Purchases) -> anyhow::Result<Outbox> {
    let guard = match config.webhooks.allow_private_targets {
        true => Guard::open(Arc::new(System)),
        false => Guard::public_only(Arc::new(System)),
    };
    let client = gateway_client(config.telegram.connect_timeout_ms)?;
    Ok(Outbox::new(outbox::Parts {
        store: link.store.clone(),
        vault: link.vault.clone(),
        clock: link.clock.clone(),
        random: link.random.clone(),
        runner: purchases.runner().to_owned(),
        webhooks: Sender::new(tls(), guard).context("making the client of webhooks")?,
        telegram: Telegram::new(client, config.telegram.url.clone()),
    }))
}

fn gateways(config: &Config) -> anyhow::Result<Gateways> {
    let (ours, theirs) = (&config.conekta, &config.mercado_pago);
    let conekta = Conekta::new(
        gateway_client(ours.connect_timeout_ms)?,
        conekta::Settings {
            url: ours.url.clone(),
            version: ours.version.clone(),
            charge_timeout_ms: ours.charge_timeout_ms,
            read_timeout_ms: ours.read_timeout_ms,
        },
    );
    let mercado_pago = MercadoPago::new(
        gateway_client(theirs.connect_timeout_ms)?,
        mercado_pago::Settings {
            url: theirs.url.clone(),
            charge_timeout_ms: theirs.charge_timeout_ms,
            read_timeout_ms: theirs.read_timeout_ms,
            statement_descriptor: theirs.statement_descriptor.clone(),
        },
    );
    let measured = |name, gateway| -> Arc<dyn GatewayPort> { Arc::new(Measured::new(name, gateway)) };
    Ok(Gateways {
        conekta: measured(GatewayName::Conekta, Arc::new(conekta)),
        mercado_pago: measured(GatewayName::MercadoPago, Arc::new(mercado_pago)),
    })
}

/// What servers are verified with.
#[must_use]
pub fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

fn gateway_client(connect_timeout_ms: u64) -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls())
        .connect_timeout(Duration::from_millis(connect_timeout_ms))
        .pool_idle_timeout(Duration::from_millis(IDLE_MS))
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("pagos-control-plane/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("making the gateway client")
}

fn millis(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
