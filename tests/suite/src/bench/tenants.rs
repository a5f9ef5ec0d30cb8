//! Whether a tenant whose router hangs slows its neighbours down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::process::Child;
use tokio::task::JoinSet;

use super::load::{self, Plan};
use super::options::Options;
use super::place::{Place, buy};
use super::report::{Budget, Report};
use super::wire::Connection;
use crate::operator::Operator;
use crate::portal::GOOD_CARD;
use crate::programs::program;
use crate::sandbox::{Account, Database, bound_to_us};
use crate::simulator::gateways::Gateway;
use crate::simulator::{OwnSimulator, Simulator};
use crate::wait::until;

/// Buyers of the healthy tenant at once.
const AT_ONCE: usize = 16;
/// Buyers whose purchase hangs.
const HANGING: u64 = 60;
/// A buyer whose purchase failed tries again after this, in milliseconds.
const AGAIN_MS: u64 = 1_000;
/// The longest until the second agent reaches its router, in milliseconds.
const REACH_MS_MAX: u64 = 30_000;
/// Profile that the second tenant sells.
const PROFILE: &str = "1h";

/// A second company with a router and an agent of its own.
struct Neighbour {
    api_key: String,
    product: i64,
    router: Simulator,
    /// Both end when dropped.
    _parts: (OwnSimulator, Child),
    _dir: tempfile::TempDir,
}

/// The healthy tenant's time per purchase before and while sixty purchases of another hang.
///
/// # Errors
/// When a purchase of the healthy tenant fails or the books do not agree.
pub async fn measure(database: Database, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let place = Place::start_slow(database).await?;
    let neighbour = Neighbour::move_in(&place).await?;
    let plan = Plan {
        at_once: AT_ONCE,
        warm_up: options.warm_up(),
        window: options.window(),
        windows: options.windows(),
    };
    let ready = place.ready();
    let before = load::run(&ready.base_url, plan, &ready.pids, place.purchases(Gateway::Conekta, "before")?);
    let before = before.await?;

    let hang = neighbour.router.fault(json!({"target": "router", "kind": "hang"})).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let hanging = neighbour.knock(&ready.base_url, &stop).await?;
    neighbour.router.struck(hang, Duration::from_millis(REACH_MS_MAX)).await?;
    let during = load::run(&ready.base_url, plan, &ready.pids, place.purchases(Gateway::Conekta, "during")?);
    let during = during.await?;
    stop.store(true, Ordering::Relaxed);
    neighbour.router.clear_faults().await?;
    let sold = settle(hanging).await?;

    let [calm, troubled] = [before.times(), during.times()];
    let (what, name) = ("time of a healthy tenant's purchase", "16 at once");
    report.add(database, &format!("{what}, p99, {name}, before"), calm.percentile_ms(99), "ms", None);
    report.add(
        database,
        &format!("{what}, p99, {name}, while 60 of another hang"),
        troubled.percentile_ms(99),
        "ms",
        None,
    );
    let ratio = troubled.percentile_ms(99) / calm.percentile_ms(99);
    report.add(
        database,
        "p99 while another tenant's router hangs ÷ before",
        ratio,
        "",
        Some(Budget::AtMost(1.2)),
    );
    place.verify(before.answered + during.answered + sold).await
}

/// Waits for the hanging buyers; gives how many of them got their access in the end.
async fn settle(mut hanging: JoinSet<anyhow::Result<usize>>) -> anyhow::Result<usize> {
    let mut sold = 0;
    while let Some(done) = hanging.join_next().await {
        sold += done.context("a buyer ended")??;
    }
    Ok(sold)
}

impl Neighbour {
    async fn move_in(place: &Place) -> anyhow::Result<Self> {
        let ready = place.ready();
        let simulator = OwnSimulator::start(&["name=azotea,version=7.20.8"]).await?;
        let router = simulator.ready.routers.first().context("it plays a router")?;
        let platform = place.sandbox.super_admin().await?;
        let company = json!({"nombre": "Red Azotea", "contacto_email": "hola@azotea.example",
            "contacto_telefono": "5587654321"});
        let company = text(&platform.make("/admin/empresas", &company).await?, "id")?;
        let routers = format!("/admin/empresas/{company}/routers");
        let made = platform
            .make(
                &routers,
                &json!({"nombre": "Azotea", "ubicacion": "Arriba", "host": router.host, "puerto": router.port,
                    "usuario": router.username, "password": router.password}),
            )
            .await?;
        let (router_id, api_key) = (text(&made, "id")?, text(&made, "api_key")?);
        let owner =
            Account { email: "ana@azotea.example".to_owned(), password: "azotea-de-prueba-1".to_owned() };
        let user = json!({"email": owner.email, "password": owner.password, "nombre": "Ana Sol",
            "rol": "cliente_admin", "empresa_id": company});
        platform.make("/admin/usuarios", &user).await?;
        let token = platform.make(&format!("{routers}/{router_id}/enrolamiento"), &json!({})).await?;
        let owner = Operator::login(&ready.base_url, &owner).await?;
        let keys = json!({"conekta_private_key": "key_azotea_private", "conekta_public_key": "key_azotea_public",
            "conekta_mode": "test"});
        owner.make("/api/v1/admin/mi-empresa/configurar-conekta", &keys).await?;

        let dir = tempfile::tempdir()?;
        let agent = start_agent(dir.path(), &text(&token, "token")?).await?;
        let path = format!("/api/v1/admin/routers/{router_id}/test-connection");
        until("the second agent reaches its router", Duration::from_millis(REACH_MS_MAX), || async {
            Ok((owner.get(&path).await?.body["success"] == true).then_some(()))
        })
        .await?;
        let product = owner.product(&router_id, PROFILE, 20.0).await?;
        let router = Simulator::at(&simulator.ready.control_url)?;
        Ok(Self { api_key, product, router, _parts: (simulator, agent), _dir: dir })
    }

    /// Sends sixty buyers, each of whom tries again and again; they give how many purchases succeeded.
    async fn knock(
        &self,
        base_url: &str,
        stop: &Arc<AtomicBool>,
    ) -> anyhow::Result<JoinSet<anyhow::Result<usize>>> {
        let (mut buyers, numbers) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
        for _ in 0..HANGING {
            let mut connection = Connection::open(base_url).await?;
            let (stop, numbers) = (Arc::clone(stop), Arc::clone(&numbers));
            let (api_key, product) = (self.api_key.clone(), self.product);
            buyers.spawn(async move {
                let mut sold = 0;
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("hanging-{}", numbers.fetch_add(1, Ordering::Relaxed));
                    let body = json!({"producto_id": product, "token_tarjeta": GOOD_CARD, "nombre_cliente": "Luz Vega",
                        "email_cliente": format!("{name}@example.org"), "telefono_cliente": "5587654321"});
                    let call = buy("/api/v1/payments/pagar-conekta", &api_key, &name, &body);
                    match connection.send(call).await?.status {
                        200 => sold += 1,
                        _ => tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await,
                    }
                }
                Ok(sold)
            });
        }
        Ok(buyers)
    }
}

async fn start_agent(dir: &std::path::Path, token: &str) -> anyhow::Result<Child> {
    let agent = program("pagos-agent")?;
    let log = std::fs::File::create(dir.join("agent.log"))?;
    let data = dir.join("agent");
    let mut enrol = bound_to_us(&agent);
    enrol.args(["enroll", token, "--data-dir"]).arg(&data);
    let done = enrol.output().await.context("enrolling the second agent")?;
    anyhow::ensure!(done.status.success(), "enrolling failed: {}", String::from_utf8_lossy(&done.stderr));
    let mut run = bound_to_us(&agent);
    run.args(["run", "--data-dir"]).arg(&data).stdout(log.try_clone()?).stderr(log);
    run.spawn().context("starting the second agent")
}

fn text(body: &serde_json::Value, name: &str) -> anyhow::Result<String> {
    body[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {body}"))
}
