//! Users who come back, against the real processes, on both databases.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use anyhow::Context as _;
use pagos_agent::routeros::{Connection, Request};
use pagos_agent::seams::clock::deadline_in;
use pagos_protocol::{RouterSettings, Secret};
use pagos_suite::checkers::assert_promises;
use pagos_suite::on_both_databases;
use pagos_suite::portal::{Answer, Order};
use pagos_suite::sandbox::{Database, Sandbox};
use serde_json::{Value, json};

const RECONNECT: &str = "/api/v1/hotspot/auto-reconnect";
const PROFILE: &str = "/api/v1/hotspot/user/profile-info";
/// Long enough for everything that is left to do after an answer.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
const OLD: (&str, &str) = ("02:00:00:00:BB:01", "10.5.78.1");
const NEW: (&str, &str) = ("02:00:00:00:BB:02", "10.5.78.2");

on_both_databases!(
    a_device_that_changed_its_mac_is_brought_back,
    a_bound_user_takes_its_time_along_to_another_device,
    a_site_that_is_away_is_told_from_a_wrong_password,
);

/// A user that was bought for the old device, which is online; its name and password.
async fn bought(sandbox: &Sandbox, key: &str) -> anyhow::Result<(String, String)> {
    sandbox.simulator()?.device(OLD.0, OLD.1).await?;
    let hour = sandbox.ready.productos[0].id;
    let answer = sandbox.portal()?.buy(&Order::new(key, hour).for_device(OLD.0, OLD.1)).await?;
    assert_eq!(answer.body["auto_conexion"]["estado"], "conectado", "{answer:?}");
    // The mark of the reservation goes behind the answer.
    sandbox.settled(SETTLED_WITHIN).await?;
    let password = answer.body.pointer("/usuario_hotspot/contrasena").and_then(Value::as_str);
    Ok((answer.hotspot_user().to_owned(), password.context("a password")?.to_owned()))
}

async fn come(sandbox: &Sandbox, (name, password): (&str, &str), mac: &str) -> anyhow::Result<Answer> {
    let body = json!({"username": name, "password": password, "current_mac": mac});
    let answer = sandbox.portal()?.post(RECONNECT, &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(answer)
}

/// User and MAC of each session on the router.
async fn online(sandbox: &Sandbox) -> anyhow::Result<Vec<(String, String)>> {
    let state = sandbox.simulator()?.state().await?;
    let rows = state.pointer("/routers/0/active").and_then(Value::as_array).context("sessions")?.clone();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    Ok(rows.iter().map(|row| (text(row, "user"), text(row, "mac-address"))).collect())
}

/// Sends a command to the router as its operator does.
async fn operator(sandbox: &Sandbox, request: Request) -> anyhow::Result<Vec<String>> {
    let router = &sandbox.ready.simulator.routeros;
    let settings = RouterSettings {
        router_id: "operator".into(),
        version: 1,
        host: router.host.clone(),
        port: router.port,
        username: router.username.clone(),
        password: Secret::new(router.password.clone()),
    };
    let reply = Connection::start(settings).call(request, deadline_in(5_000)).await?;
    let ids = reply.records.iter().filter_map(|record| record.text(".id"));
    Ok(ids.map(std::borrow::Cow::into_owned).collect())
}

async fn a_device_that_changed_its_mac_is_brought_back(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (name, password) = bought(&sandbox, "comes-back").await?;
    let (simulator, portal) = (sandbox.simulator()?, sandbox.portal()?);

    simulator.advance(90).await?;
    simulator.device(NEW.0, NEW.1).await?;
    let wrong = come(&sandbox, (&name, "no"), NEW.0).await?;
    assert_eq!(
        (wrong.code(), &wrong.body["estado"]),
        ("credentials_invalid", &json!("expirado")),
        "{wrong:?}"
    );
    assert!(online(&sandbox).await?.contains(&(name.clone(), OLD.0.into())), "nobody was put out");

    let back = come(&sandbox, (&name, &password), NEW.0).await?;
    assert_eq!((back.code(), &back.body["success"]), ("reconnected", &json!(true)), "{back:?}");
    assert_eq!(back.body["datos_sesion"]["address"], NEW.1);
    let used = back.body["tiempo_acumulado"].as_str().unwrap_or_default();
    assert!(used.starts_with("1m3"), "what was used before counts: {used}");
    let mine: Vec<_> = online(&sandbox).await?.into_iter().filter(|(user, _)| *user == name).collect();
    assert_eq!(mine, [(name.clone(), NEW.0.to_owned())], "the old device made room");
    assert_eq!(come(&sandbox, (&name, &password), NEW.0).await?.code(), "already_connected");

    let profile = portal.post(PROFILE, &json!({"username": name, "password": password})).await?;
    assert_eq!((profile.status, &profile.body["estado"]), (200, &json!("ok")), "{profile:?}");
    assert_eq!(profile.body["profile"], sandbox.ready.productos[0].perfil_mikrotik_nombre.as_str());
    assert_eq!(
        (&profile.body["tipo_usuario"], &profile.body["comment"]),
        (&json!("usuario_contrasena"), &json!(""))
    );
    let stranger = portal.post(PROFILE, &json!({"username": name, "password": ""})).await?;
    assert_eq!(stranger.body["error_detalle"], "credenciales_invalidas", "{stranger:?}");
    for answer in [&wrong, &back, &profile, &stranger] {
        assert!(!answer.body.to_string().contains(&format!("\"{password}\"")), "no answer holds a password");
    }
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_bound_user_takes_its_time_along_to_another_device(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (name, password) = bought(&sandbox, "bound").await?;
    let print = Request::new("/ip/hotspot/user/print").query("name", &name).properties(&[".id"]);
    let row = operator(&sandbox, print).await?.pop().context("the user's row")?;
    let set = Request::new("/ip/hotspot/user/set").attribute(".id", row).attribute("mac-address", OLD.0);
    let set = set.attribute("comment", "MODE=voucher TL=1h TA=0s").attribute("limit-uptime", "1h");
    operator(&sandbox, set).await?;

    let simulator = sandbox.simulator()?;
    simulator.advance(1_200).await?;
    simulator.device(NEW.0, NEW.1).await?;
    let back = come(&sandbox, (&name, &password), NEW.0).await?;
    assert_eq!(back.code(), "reconnected", "{back:?}");
    let clone = format!("{name}_RANDMAC1");
    assert_eq!(back.body["datos_sesion"]["user"], clone.as_str());
    let left = back.body["tiempo_restante"].as_str().unwrap_or_default();
    assert!(left.starts_with("39m") || left == "40m", "{left}");
    simulator.advance(2_400).await?;
    let sessions = online(&sandbox).await?;
    assert!(sessions.iter().all(|(user, _)| !user.starts_with(&name)), "{sessions:?}");
    let spent = come(&sandbox, (&clone, &password), NEW.0).await?;
    assert_eq!((spent.code(), &spent.body["estado"]), ("access_expired", &json!("expirado")), "{spent:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_site_that_is_away_is_told_from_a_wrong_password(database: Database) -> anyhow::Result<()> {
    let mut sandbox = Sandbox::start(database).await?;
    let (name, password) = bought(&sandbox, "away").await?;
    sandbox.simulator()?.fault(json!({"target": "router", "kind": "away"})).await?;
    let away = come(&sandbox, (&name, &password), OLD.0).await?;
    assert_eq!((away.code(), &away.body["estado"]), ("router_unreachable", &json!("error")), "{away:?}");
    sandbox.simulator()?.clear_faults().await?;
    sandbox.kill_agent().await?;
    let away = come(&sandbox, (&name, &password), OLD.0).await?;
    assert_eq!((away.code(), &away.body["estado"]), ("router_unreachable", &json!("error")), "{away:?}");
    let profile = sandbox.portal()?.post(PROFILE, &json!({"username": name, "password": password})).await?;
    assert_eq!(profile.body["error_detalle"], "router_unreachable", "{profile:?}");
    sandbox.restart_agent()?;
    sandbox.router_reachable().await?;
    assert_eq!(come(&sandbox, (&name, &password), OLD.0).await?.code(), "already_connected");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}
