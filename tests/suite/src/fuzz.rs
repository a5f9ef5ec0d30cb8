//! Schemathesis over the served description of the interface: requests that fit it and requests that do not, with the
//! credentials of each role, against a running sandbox.
//!
//! Endpoints that end credentials of another role, or of the run itself, come last.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::process::Command;

use crate::operator::Operator;
use crate::programs::{python, repository};
use crate::sandbox::{Database, Ready, Sandbox};

/// So that requests are judged and not only counted, and nothing is sent to strangers: nobody listens at this Telegram.
const SETTINGS: [(&str, &str); 8] = [
    ("PAGOS_LIMITS__ATTEMPTS_PER_MINUTE", "1000000"),
    ("PAGOS_LIMITS__ATTEMPTS_PER_DEVICE_PER_MINUTE", "1000000"),
    ("PAGOS_LIMITS__GUESSES_PER_MINUTE", "1000000"),
    ("PAGOS_LIMITS__GUESSES_PER_DEVICE_PER_MINUTE", "1000000"),
    ("PAGOS_LIMITS__GUESSES_PER_USER_PER_MINUTE", "1000000"),
    ("PAGOS_LIMITS__REFUSED_PER_CLIENT_PER_MINUTE", "1000000"),
    ("PAGOS_LIMITS__WRONG_PASSWORDS_PER_CLIENT_PER_MINUTE", "1000000"),
    ("PAGOS_TELEGRAM__URL", "http://127.0.0.1:9"),
];
/// Endpoints that end credentials of other roles.
const ENDING: [&str; 5] = [
    "delete_admin_empresas_empresa_id_routers_router_id",
    "put_admin_empresas_empresa_id_routers_router_id_toggle_activo",
    "post_admin_empresas_empresa_id_routers_router_id_regenerate_api_key",
    "post_admin_empresas_empresa_id_routers_router_id_api_keys_key_id_revoke",
    "put_admin_usuarios_usuario_id_toggle_activo",
];
/// The endpoint after which the agent no longer reaches its router.
const MOVING: [&str; 1] = ["put_api_v1_admin_mi_empresa_routers_router_id"];
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
    /// All of these groups but those that take something away from others.
    Groups(&'static [&'static str]),
    /// These.
    Only(&'static [&'static str]),
}

/// One after the other; those that stand together run side by side, since none takes away what another needs.
const WAVES: [&[Run]; 6] = [
    &[
        Run { name: "portal key", who: Who::Portal, part: Part::Groups(&["Portal cautivo"]) },
        Run {
            name: "nobody",
            who: Who::Nobody,
            part: Part::Groups(&["Avisos de las pasarelas", "Servicio", "Imágenes"]),
        },
    ],
    &[
        Run { name: "cliente_admin", who: Who::CompanyAdmin, part: Part::Groups(&["Empresa", "Sesión"]) },
        Run { name: "super_admin", who: Who::SuperAdmin, part: Part::Groups(&["Plataforma", "Sesión"]) },
    ],
    &[Run { name: "cliente_admin moves the router", who: Who::CompanyAdmin, part: Part::Only(&MOVING) }],
    &[Run { name: "cliente_admin logs out", who: Who::CompanyAdmin, part: Part::Only(&LOGOUT) }],
    &[Run { name: "super_admin ends credentials", who: Who::SuperAdmin, part: Part::Only(&ENDING) }],
    &[Run { name: "super_admin logs out", who: Who::SuperAdmin, part: Part::Only(&LOGOUT) }],
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
    let sandbox = Sandbox::start_with(database, &SETTINGS).await?;
    let dir = tempfile::tempdir()?;
    let tries = Tries { ready: &sandbox.ready, dir: dir.path(), examples, seed };
    let admin = Operator::login(&sandbox.ready.base_url, &sandbox.ready.cliente_admin).await?;
    let operator = Operator::login(&sandbox.ready.base_url, &sandbox.ready.super_admin).await?;
    all_groups_are_tried(&admin).await?;
    let base = std::fs::read_to_string(outside("schemathesis.toml"))?;
    std::fs::write(
        tries.config(),
        format!("{base}\n{}", dictionaries(&sandbox.ready, &admin, &operator).await?),
    )?;
    let mut outcomes = Vec::new();
    for wave in WAVES {
        outcomes.extend(try_join_all(wave.iter().map(|run| tries.run(run))).await?);
    }
    Ok(outcomes)
}

/// What all runs share.
struct Tries<'a> {
    ready: &'a Ready,
    dir: &'a Path,
    examples: u32,
    seed: Option<u64>,
}

impl Tries<'_> {
    fn config(&self) -> PathBuf {
        self.dir.join("schemathesis.toml")
    }

    async fn run(&self, run: &Run) -> anyhow::Result<Outcome> {
        let mut command = Command::new(python()?);
        command.args(["-m", "schemathesis.cli", "--config-file"]).arg(self.config());
        command.args(["run", &format!("{}/openapi.json", self.ready.base_url), "--no-color", "--checks=all"]);
        command.args(["--phases=examples,coverage,fuzzing", &format!("--max-examples={}", self.examples)]);
        command.args(self.seed.map(|seed| format!("--seed={seed}")));
        command.args(filters(run.part));
        if let Some(credentials) = self.credentials(run.who).await? {
            command.args(["--header", &credentials]);
        }
        command.env("SCHEMATHESIS_HOOKS", outside("schemathesis_hooks.py"));
        command.current_dir(self.dir).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.context("starting Schemathesis; make setup installs it")?;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok(Outcome { name: run.name, good: output.status.success(), said: said.concat() })
    }

    async fn credentials(&self, who: Who) -> anyhow::Result<Option<String>> {
        let account = match who {
            Who::Nobody => return Ok(None),
            Who::Portal => return Ok(Some(format!("X-API-Key: {}", self.ready.api_key))),
            Who::CompanyAdmin => &self.ready.cliente_admin,
            Who::SuperAdmin => &self.ready.super_admin,
        };
        let session = Operator::login(&self.ready.base_url, account).await?;
        Ok(Some(format!("Authorization: Bearer {}", session.token())))
    }
}

fn filters(part: Part) -> Vec<String> {
    match part {
        Part::Groups(tags) => {
            let ending =
                ENDING.iter().chain(&MOVING).chain(&LOGOUT).map(|id| format!("--exclude-operation-id={id}"));
            tags.iter().map(|tag| format!("--include-tag={tag}")).chain(ending).collect()
        }
        Part::Only(ids) => ids.iter().map(|id| format!("--include-operation-id={id}")).collect(),
    }
}

/// A group that no run takes would go untried.
async fn all_groups_are_tried(admin: &Operator) -> anyhow::Result<()> {
    let document = admin.get("/openapi.json").await?.body;
    for group in document["tags"].as_array().context("groups")? {
        let name = group["name"].as_str().context("a name")?;
        let tried = |run: &Run| matches!(run.part, Part::Groups(names) if names.contains(&name));
        anyhow::ensure!(WAVES.into_iter().flatten().any(tried), "nobody tries the endpoints of {name}");
    }
    Ok(())
}

/// What there is to be named.
async fn dictionaries(ready: &Ready, admin: &Operator, operator: &Operator) -> anyhow::Result<String> {
    let mine = "/api/v1/admin/mi-empresa";
    let webhook = json!({"url": "https://example.org/pagos", "activo": false});
    let webhook = admin.make(&format!("{mine}/webhooks"), &webhook).await?;
    let sold = admin.get(&format!("{mine}/transacciones")).await?.body["transacciones"][0].clone();
    let shown = admin.get(&format!("{mine}/transacciones/{}", sold["id"])).await?.body;
    let notices = format!("/api/v1/webhook/empresa/{}/estado-webhook", ready.empresa_id);
    let notices = admin.get(&notices).await?.body["configuracion_webhook"]["url"].clone();
    let own_path = notices.as_str().and_then(|url| url.rsplit('/').next()).context("an address")?;
    let keys = format!("/admin/empresas/{}/routers/{}/api-keys", ready.empresa_id, ready.router_id);
    let keys = operator.get(&keys).await?.body;
    let products: Vec<i64> = ready.productos.iter().map(|product| product.id).collect();
    let dictionaries = [
        ("empresa_id", json!([ready.empresa_id])),
        ("router_id", json!([ready.router_id])),
        ("producto_id", json!(products)),
        ("transaccion", json!([sold["id"]])),
        ("compra", json!([shown["compra_id"]])),
        ("ruta", json!([own_path])),
        ("key_id", json!([keys[0]["key_id"]])),
        ("webhook", json!([webhook["webhook"]["id"]])),
    ];
    let lines = dictionaries.map(|(name, values)| format!("[dictionaries.{name}]\nvalues = {values}\n"));
    Ok(lines.concat())
}

fn outside(name: &str) -> PathBuf {
    repository().join("tests/outside").join(name)
}
