//! Schemathesis over the served description of the interface: requests that fit it and requests that do not, with the
//! credentials of each role, against a running sandbox.
//!
//! Endpoints that end credentials of another role, or of the run itself, come last.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::programs::repository;
use crate::sandbox::{Account, Database, Ready, Sandbox};

/// Names another Python that has the packages.
const PYTHON_VARIABLE: &str = "PAGOS_TEST_PYTHON";
/// Endpoints that end credentials of other roles.
const ENDING: [&str; 5] = [
    "delete_admin_empresas_empresa_id_routers_router_id",
    "put_admin_empresas_empresa_id_routers_router_id_toggle_activo",
    "post_admin_empresas_empresa_id_routers_router_id_regenerate_api_key",
    "post_admin_empresas_empresa_id_routers_router_id_api_keys_key_id_revoke",
    "put_admin_usuarios_usuario_id_toggle_activo",
];
/// The endpoint that ends the session which asks.
const LOGOUT: [&str; 1] = ["post_api_v1_auth_logout"];

/// Endpoints that are tried with the same credentials.
#[derive(Debug, Clone, Copy)]
struct Run {
    name: &'static str,
    who: Who,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    Portal,
    CompanyAdmin,
    SuperAdmin,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// All of these groups but those that end credentials.
    Groups(&'static [&'static str]),
    /// These.
    Only(&'static [&'static str]),
}

const RUNS: [Run; 7] = [
    Run { name: "portal key", who: Who::Portal, part: Part::Groups(&["Portal cautivo"]) },
    Run { name: "cliente_admin", who: Who::CompanyAdmin, part: Part::Groups(&["Empresa", "Sesión"]) },
    Run { name: "super_admin", who: Who::SuperAdmin, part: Part::Groups(&["Plataforma", "Sesión"]) },
    Run { name: "nobody", who: Who::Nobody, part: Part::Groups(&["Avisos de las pasarelas", "Servicio"]) },
    Run { name: "cliente_admin logs out", who: Who::CompanyAdmin, part: Part::Only(&LOGOUT) },
    Run { name: "super_admin ends credentials", who: Who::SuperAdmin, part: Part::Only(&ENDING) },
    Run { name: "super_admin logs out", who: Who::SuperAdmin, part: Part::Only(&LOGOUT) },
];

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// Which one.
    pub name: &'static str,
    /// Whether nothing was found.
    pub good: bool,
    /// What it said.
    pub said: String,
}

/// Runs all of them.
///
/// # Errors
/// When the sandbox or Schemathesis cannot be started.
pub async fn run(database: Database, examples: u32, seed: Option<u64>) -> anyhow::Result<Vec<Outcome>> {
    let sandbox = Sandbox::start(database).await?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("schemathesis.toml");
    let base = std::fs::read_to_string(outside("schemathesis.toml"))?;
    std::fs::write(&config, format!("{base}\n{}", dictionaries(&sandbox.ready).await?))?;
    let mut outcomes = Vec::new();
    for run in RUNS {
        let account = match run.who {
            Who::CompanyAdmin => &sandbox.ready.cliente_admin,
            Who::Nobody | Who::Portal | Who::SuperAdmin => &sandbox.ready.super_admin,
        };
        let session = log_in(&sandbox.ready, account).await?;
        let mut command = Command::new(python());
        command.args(["-m", "schemathesis.cli", "--config-file"]).arg(&config);
        command.args([
            "run",
            &format!("{}/openapi.json", sandbox.ready.base_url),
            "--no-color",
            "--checks=all",
        ]);
        command.args(["--phases=examples,coverage,fuzzing", &format!("--max-examples={examples}")]);
        command.args(seed.map(|seed| format!("--seed={seed}")));
        command.args(filters(run.part));
        match run.who {
            Who::Nobody => {}
            Who::Portal => {
                command.args(["--header", &format!("X-API-Key: {}", sandbox.ready.api_key)]);
            }
            Who::CompanyAdmin | Who::SuperAdmin => {
                command.args(["--header", &format!("Authorization: Bearer {session}")]);
            }
        }
        command.env("SCHEMATHESIS_HOOKS", outside("schemathesis_hooks.py"));
        command.current_dir(dir.path()).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.context("starting Schemathesis; make setup installs it")?;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        outcomes.push(Outcome { name: run.name, good: output.status.success(), said: said.concat() });
    }
    Ok(outcomes)
}

fn filters(part: Part) -> Vec<String> {
    match part {
        Part::Groups(tags) => {
            let ending = ENDING.iter().chain(&LOGOUT).map(|id| format!("--exclude-operation-id={id}"));
            tags.iter().map(|tag| format!("--include-tag={tag}")).chain(ending).collect()
        }
        Part::Only(ids) => ids.iter().map(|id| format!("--include-operation-id={id}")).collect(),
    }
}

/// What there is to be named.
async fn dictionaries(ready: &Ready) -> anyhow::Result<String> {
    let session = log_in(ready, &ready.cliente_admin).await?;
    let client = client()?;
    let get = async |path: &str| -> anyhow::Result<Value> {
        let url = format!("{}/api/v1/admin/mi-empresa/transacciones{path}", ready.base_url);
        Ok(client.get(url).bearer_auth(&session).send().await?.error_for_status()?.json().await?)
    };
    let sold = get("").await?["transacciones"][0].clone();
    let shown = get(&format!("/{}", sold["id"])).await?;
    let products: Vec<i64> = ready.productos.iter().map(|product| product.id).collect();
    let dictionaries = [
        ("empresa_id", json!([ready.empresa_id])),
        ("router_id", json!([ready.router_id])),
        ("producto_id", json!(products)),
        ("transaccion", json!([sold["id"]])),
        ("compra", json!([shown["compra_id"]])),
    ];
    let lines = dictionaries.map(|(name, values)| format!("[dictionaries.{name}]\nvalues = {values}\n"));
    Ok(lines.concat())
}

async fn log_in(ready: &Ready, account: &Account) -> anyhow::Result<String> {
    let body = json!({"email": account.email, "password": account.password});
    let sent = client()?.post(format!("{}/api/v1/auth/login", ready.base_url)).json(&body).send();
    let answer: Value = sent.await?.error_for_status()?.json().await?;
    Ok(answer["access_token"].as_str().context("a token")?.to_owned())
}

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn outside(name: &str) -> PathBuf {
    repository().join("tests/outside").join(name)
}

fn python() -> PathBuf {
    let named = std::env::var_os(PYTHON_VARIABLE).map(PathBuf::from);
    named.unwrap_or_else(|| repository().join(".venv/bin/python"))
}
