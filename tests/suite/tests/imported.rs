//! After an import: a portal with its old key sells at once, and who had a password still has it.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use pagos_suite::content::content;
use pagos_suite::old_database::{ENCRYPTION_KEY, KEY_SECRET, OldDatabase, PASSWORD, Shape, Sizes, api_key};
use pagos_suite::on_both_databases;
use pagos_suite::operator::Operator;
use pagos_suite::portal::{Order, Portal};
use pagos_suite::programs::program;
use pagos_suite::sandbox::{Account, Database, Sandbox, bound_to_us};
use pagos_suite::services::Services;
use pagos_suite::wait::until;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// Long enough for a process to start beside many others.
const START: Duration = Duration::from_secs(60);
/// The router and product that sell, in the old database.
const ROUTER: &str = "RTR_00000001";
const PRODUCT: i64 = 15;

on_both_databases!(an_old_key_buys_at_once_and_an_old_password_logs_in);

async fn an_old_key_buys_at_once_and_an_old_password_logs_in(database: Database) -> anyhow::Result<()> {
    // For its simulator only; its own service stands in nobody's way.
    let mut sandbox = Sandbox::start(Database::Sqlite).await?;
    sandbox.kill_agent().await?;
    sandbox.kill_control_plane().await?;
    let old = old_database_of(&sandbox).await?;
    let dir = tempfile::tempdir()?;
    let url = match database {
        Database::Sqlite => format!("sqlite:{}", dir.path().join("data/pagos.db").display()),
        Database::Postgres => Services::shared().await?.database().await?,
    };
    let control_plane = |words: &[&str]| -> anyhow::Result<Command> {
        let mut command = bound_to_us(&program("pagos-control-plane")?);
        command.args(words).arg("--data-dir").arg(dir.path().join("data"));
        command
            .env("PAGOS_DATABASE_URL", &url)
            .env("PAGOS_CONEKTA__URL", &sandbox.ready.simulator.conekta_url);
        command.env("PAGOS_MERCADO_PAGO__URL", &sandbox.ready.simulator.mercado_pago_url);
        command.env("PAGOS_HTTP__LISTEN", "127.0.0.1:0").env("PAGOS_AGENT_LISTEN", "127.0.0.1:0");
        Ok(command)
    };
    let mut import = control_plane(&["import", "--apply"])?;
    import.env("DATABASE_URL", &old.url).env("ENCRYPTION_KEY_MERCADO_PAGO", ENCRYPTION_KEY);
    let imported = import.output().await?;
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));

    let ready_file = dir.path().join("ready.json");
    let mut serve = control_plane(&["serve"])?;
    serve
        .arg("--ready-file")
        .arg(&ready_file)
        .env("JWT_APIKEY_SECRET", KEY_SECRET)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _service = serve.spawn()?;
    let ready = until("the service is up", START, || async {
        Ok(std::fs::read(&ready_file).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()))
    })
    .await?;
    assert_eq!(ready["setup_url"], Value::Null, "there is a super admin already");
    let base = ready["http_url"].as_str().context("it has an address")?;

    let portal = Portal::new(base, &api_key(1))?;
    let catalogue = portal.get("/api/v1/catalogo_perfiles_venta").await?;
    assert_eq!(catalogue.status, 200, "{catalogue:?}");
    let boss = Operator::login(base, &account("super@example.org", PASSWORD)).await?;
    assert_argon2(&url, "super@example.org").await?;
    Operator::login(base, &account("super@example.org", PASSWORD)).await?;
    assert!(Operator::login(base, &account("admin1@example.org", "otra clave larga")).await.is_err());

    let _agent = agent(&boss, dir.path()).await?;
    let company = Operator::login(base, &account("admin1@example.org", PASSWORD)).await?;
    let path = format!("/api/v1/admin/routers/{ROUTER}/test-connection");
    until("the router can be reached", START, || async {
        Ok((company.get(&path).await?.body["success"] == true).then_some(()))
    })
    .await?;
    let before = company.get("/api/v1/admin/mi-empresa/transacciones?limit=1").await?.body;
    let orders = [Order::new("old-key", PRODUCT), Order::mercado_pago("old-token", PRODUCT)];
    for order in orders {
        let bought = portal.buy(&order).await?;
        assert_eq!(bought.status, 200, "{bought:?}");
        let users = sandbox.simulator()?.users().await?;
        assert!(users.contains(&bought.hotspot_user().to_owned()), "{users:?}");
    }
    let after = company.get("/api/v1/admin/mi-empresa/transacciones?limit=2").await?.body;
    assert_eq!(after["total"].as_i64(), before["total"].as_i64().map(|total| total + 2));
    let newest = after["transacciones"][1]["id"].as_i64().unwrap_or_default();
    assert!(newest > Sizes::SMALL.transactions, "our numbers go on above the old ones: {after}");
    let shown = company.get("/api/v1/admin/mi-empresa/transacciones/1").await?;
    assert_ne!(shown.status, 500, "{shown:?}");
    Ok(())
}

/// Its first router is the simulator's, and sells one of its profiles for 20.
async fn old_database_of(sandbox: &Sandbox) -> anyhow::Result<OldDatabase> {
    let old = OldDatabase::make(Sizes::SMALL, Shape::Whole).await?;
    let (router, product) = (&sandbox.ready.simulator.routeros, &sandbox.ready.productos[0]);
    old.change(&format!(
        "UPDATE routers SET host = '{}', puerto = {}, usuario = '{}', password_encrypted = '{}' WHERE id = '{ROUTER}';
         UPDATE productos SET precio = 20, moneda = 'MXN', activo = true, perfil_mikrotik_nombre = '{}'
         WHERE id = {PRODUCT} AND router_id = '{ROUTER}'",
        router.host, router.port, router.username, router.password, product.perfil_mikrotik_nombre
    ))
    .await?;
    Ok(old)
}

fn account(email: &str, password: &str) -> Account {
    Account { email: email.to_owned(), password: password.to_owned() }
}

async fn assert_argon2(url: &str, email: &str) -> anyhow::Result<()> {
    let users = content(url).await?.remove("users").unwrap_or_default();
    let user = users.iter().find(|user| user["email"] == email).context("the user is there")?;
    let hash = user["password_hash"].as_str().unwrap_or_default();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    let others = users.iter().filter(|user| user["email"] != email);
    assert!(others.clone().count() > 0);
    for other in others {
        assert!(other["password_hash"].as_str().is_some_and(|hash| hash.starts_with("$2")), "{other}");
    }
    Ok(())
}

/// A new agent at the imported router's site.
async fn agent(boss: &Operator, dir: &std::path::Path) -> anyhow::Result<Child> {
    let path = format!("/admin/empresas/EMP_0000000001/routers/{ROUTER}/enrolamiento");
    let made = boss.make(&path, &json!({})).await?;
    let token = made["token"].as_str().context("there is a token")?;
    let home = dir.join("agent");
    let mut enrol = bound_to_us(&program("pagos-agent")?);
    let enrolled = enrol.args(["enroll", token, "--data-dir"]).arg(&home).output().await?;
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    let mut run = bound_to_us(&program("pagos-agent")?);
    run.args(["run", "--data-dir"]).arg(&home).stdout(Stdio::null()).stderr(Stdio::null());
    run.spawn().context("starting the agent")
}
