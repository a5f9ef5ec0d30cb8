//! Clients that others wrote, run against the simulator: it is judged by them, not by our own code.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use anyhow::Context as _;
use pagos_suite::programs::{python, repository};
use pagos_suite::simulator::OwnSimulator;
use tokio::process::Command;

/// The longest a client may take, in milliseconds.
const CLIENT_MS_MAX: u64 = 60_000;

#[tokio::test]
async fn routeros_api_works_against_both_generations_of_routers() -> anyhow::Result<()> {
    let routers = [
        ("name=older,version=6.42.12", "--challenge"),
        ("name=old,version=6.49.18", ""),
        ("name=middle,version=7.17.2,sensitive=no", "--hidden"),
        ("name=new,version=7.20.8", ""),
    ];
    let simulator = OwnSimulator::start(&routers.map(|(router, _)| router)).await?;
    assert_eq!(simulator.ready.routers.len(), routers.len());
    for (router, (_, flag)) in simulator.ready.routers.iter().zip(routers) {
        let port = router.port.to_string();
        let mut arguments = vec![
            router.host.as_str(),
            &port,
            &router.username,
            &router.password,
            &simulator.ready.control_url,
            &router.name,
        ];
        arguments.extend(Some(flag).filter(|flag| !flag.is_empty()));
        let said = client("routeros_client.py", &arguments).await?;
        assert!(said.starts_with("OK") && said.contains(&router.version), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn the_official_conekta_sdk_sells_against_the_double() -> anyhow::Result<()> {
    let simulator = OwnSimulator::start(&["name=kiosco,version=7.20.8"]).await?;
    let ready = &simulator.ready;
    let said = client("conekta_client.py", &[&ready.conekta_url, &ready.control_url]).await?;
    assert!(said.starts_with("OK"), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_official_mercado_pago_sdk_sells_against_the_double_and_trusts_its_webhooks() -> anyhow::Result<()>
{
    let simulator = OwnSimulator::start(&["name=kiosco,version=7.20.8"]).await?;
    let ready = &simulator.ready;
    let said = client("mercado_pago_client.py", &[&ready.mercado_pago_url, &ready.control_url]).await?;
    assert!(said.starts_with("OK"), "{said}");
    Ok(())
}

async fn client(name: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let script = repository().join("tests/outside").join(name);
    let mut command = Command::new(python()?);
    command.arg(&script).args(arguments).kill_on_drop(true);
    let limit = Duration::from_millis(CLIENT_MS_MAX);
    let output =
        tokio::time::timeout(limit, command.output()).await.with_context(|| format!("{name} hangs"))??;
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    anyhow::ensure!(output.status.success(), "{name}: {}\n{said}\n{complained}", output.status);
    Ok(said.into_owned())
}
