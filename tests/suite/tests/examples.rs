//! The examples of `docs/api.md` work as they are written.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use pagos_suite::on_both_databases;
use pagos_suite::programs::repository;
use pagos_suite::sandbox::{Database, Sandbox};
use tokio::process::Command;

on_both_databases!(the_examples_of_the_api_work_in_the_order_of_the_page);

async fn the_examples_of_the_api_work_in_the_order_of_the_page(database: Database) -> anyhow::Result<()> {
    let page = std::fs::read_to_string(repository().join("docs/api.md"))?;
    let blocks: Vec<&str> = page
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(block, _)| block)
        .collect();
    assert!(blocks.len() > 10, "only {} examples were found", blocks.len());
    let sandbox = Sandbox::start(database).await?;
    let ready = &sandbox.ready;
    let dir = tempfile::tempdir()?;
    let output = Command::new("bash")
        .args(["-euxo", "pipefail", "-c", &blocks.concat()])
        .current_dir(dir.path())
        .env("PAGOS", &ready.base_url)
        .env("API_KEY", &ready.api_key)
        .envs([
            ("ADMIN_EMAIL", &ready.cliente_admin.email),
            ("ADMIN_PASSWORD", &ready.cliente_admin.password),
        ])
        .envs([("SUPER_EMAIL", &ready.super_admin.email), ("SUPER_PASSWORD", &ready.super_admin.password)])
        .env("no_proxy", "*")
        .kill_on_drop(true)
        .output()
        .await?;
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{}\n{}", said[0], said[1]);
    assert!(said[0].contains("usuario_hotspot") && said[0].contains("pagos-agent enroll"), "{}", said[0]);
    Ok(())
}
