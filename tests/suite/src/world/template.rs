//! What every world begins with, made once: a database with companies, sites and routers, a key file, and the identities
//! of the agents. Chance and time of making it do not show in a world.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use pagos_control_plane::link::Authority;
use pagos_control_plane::seams::{Clock, Random};
use pagos_control_plane::store::Store;
use pagos_control_plane::store::routers::PASSWORD_FIELD;
use pagos_control_plane::vault::{Context, Vault};
use tempfile::TempDir;

use super::stage::BEGIN_MS;

/// Sites in a template; a world uses the first of them.
pub const SITES: usize = 4;
/// Routers of each site.
pub const ROUTERS: usize = 2;
/// Sites `0, 2, …` are of one company, the others of another.
pub const COMPANIES: usize = 2;

/// Id of a company.
#[must_use]
pub fn company(number: usize) -> String {
    format!("EMP_{}", number + 1)
}

/// Company of a site.
#[must_use]
pub fn company_of(site: usize) -> String {
    company(site % COMPANIES)
}

/// Id of a router.
#[must_use]
pub fn router(site: usize, number: usize) -> String {
    format!("RTR_{}{}", site + 1, number + 1)
}

/// Address of a router in the network of the world.
#[must_use]
pub fn router_host(site: usize, number: usize) -> String {
    format!("10.0.{site}.{}", number + 1)
}

/// Password of a router.
pub const ROUTER_PASSWORD: &str = "simulador";

/// Id of the agent of a site.
#[must_use]
pub fn agent(site: usize) -> String {
    format!("agent-{site}")
}

/// What the control plane knows an agent by.
#[must_use]
pub fn fingerprint(site: usize) -> String {
    format!("fingerprint-{site}")
}

/// Where worlds keep their files: in memory, where the system has such a place.
#[must_use]
pub fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a directory for a world")
}

/// Puts a copy of the template into `into`.
///
/// # Errors
/// When files cannot be written.
pub fn unpack(into: &Path) -> anyhow::Result<()> {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| make().expect("the template of all worlds is made"));
    copy(template.path(), into).context("copying the template")
}

fn copy(from: &Path, into: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(into)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = into.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The control plane's database in a directory of a world.
#[must_use]
pub fn database(dir: &Path) -> PathBuf {
    dir.join("cloud.db")
}

/// The data directory of an agent.
#[must_use]
pub fn agent_dir(dir: &Path, site: usize) -> PathBuf {
    dir.join(format!("site-{site}"))
}

fn make() -> anyhow::Result<TempDir> {
    let dir = directory();
    let path = dir.path().to_owned();
    // A thread of its own: this may be called from within a world.
    let made = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(fill(&path))
    });
    made.join().map_err(|_| anyhow::anyhow!("making the template panicked"))??;
    let books = rusqlite::Connection::open(database(dir.path()))?;
    books.busy_timeout(std::time::Duration::from_secs(5))?;
    books.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(books);
    for ending in ["-wal", "-shm"] {
        let mut companion = database(dir.path()).into_os_string();
        companion.push(ending);
        let _ = fs::remove_file(companion);
    }
    Ok(dir)
}

async fn fill(dir: &Path) -> anyhow::Result<()> {
    let random = Random::default();
    let store = Store::open(&format!("sqlite:{}", database(dir).display())).await?;
    let vault = Vault::open_or_create(&dir.join("key"), &random)?;
    Authority::open(&store, &vault, Clock::Manual(Arc::new(BEGIN_MS.into())), random).await?;
    drop(store);
    let books = rusqlite::Connection::open(database(dir))?;
    books.busy_timeout(std::time::Duration::from_secs(5))?;
    for number in 0..COMPANIES {
        let id = company(number);
        books.execute(
            "INSERT INTO companies (id, name, contact_phone, conekta_mode, mercado_pago_mode, telegram_enabled,
                 disable_on_refund, active, created_at)
             VALUES (?1, 'Red', '5512345678', 'test', 'test', FALSE, TRUE, TRUE, 0)",
            [&id],
        )?;
        for (gateway, field) in
            [("conekta", "conekta.private_key"), ("mercado_pago", "mercado_pago.access_token")]
        {
            let key = vault.seal(&Context { tenant: &id, field }, &format!("key-{id}-{gateway}"));
            books.execute(
                "INSERT INTO gateway_credentials (company_id, gateway, version, key_sealed, created_at)
                 VALUES (?1, ?2, 1, ?3, 0)",
                [&id, gateway, &key],
            )?;
        }
    }
    for site in 0..SITES {
        plant(&books, &vault, site)?;
        identify(&agent_dir(dir, site), site)?;
    }
    Ok(())
}

fn plant(books: &rusqlite::Connection, vault: &Vault, site: usize) -> anyhow::Result<()> {
    let (id, company) = (format!("site-{site}"), company_of(site));
    books.execute(
        "INSERT INTO sites (id, company_id, name, created_at) VALUES (?1, ?2, ?1, 0)",
        [&id, &company],
    )?;
    books.execute(
        "INSERT INTO agents (id, site_id, company_id, certificate_fingerprint, certificate_expires_at, version,
             enrolled_at) VALUES (?1, ?2, ?3, ?4, 9000000000000, '', 0)",
        [&agent(site), &id, &company, &fingerprint(site)],
    )?;
    for number in 0..ROUTERS {
        let router = router(site, number);
        let context = Context { tenant: &company, field: PASSWORD_FIELD };
        books.execute(
            "INSERT INTO routers (id, company_id, site_id, name, host, port, username, password_sealed, active,
                 settings_version, created_at) VALUES (?1, ?2, ?3, ?1, ?4, 8728, 'admin', ?5, TRUE, 1, 0)",
            [&router, &company, &id, &router_host(site, number), &vault.seal(&context, ROUTER_PASSWORD)],
        )?;
        books.execute(
            "INSERT INTO products (id, company_id, router_id, profile_id, profile_name, sale_name, price_minor,
                 currency, details, active, display_order, featured, created_at)
             VALUES (?4, ?1, ?2, '*1', ?3, 'Una hora', 1999, 'MXN', '[]', TRUE, 0, FALSE, 0)",
            rusqlite::params![company, router, "default", product(site, number)],
        )?;
    }
    Ok(())
}

/// Id of the product of a router.
#[must_use]
pub fn product(site: usize, number: usize) -> i64 {
    i64::try_from(site * 10 + number + 1).unwrap_or_default()
}

/// Makes the files of an identity. Worlds have no TLS, so that any certificate will do.
fn identify(dir: &Path, site: usize) -> anyhow::Result<()> {
    let place = dir.join("identity").join(agent(site));
    fs::create_dir_all(&place)?;
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec!["agent".to_owned()])?.self_signed(&key)?.pem();
    fs::write(place.join("key.pem"), key.serialize_pem())?;
    fs::write(place.join("certificate.pem"), &certificate)?;
    fs::write(place.join("authority.pem"), &certificate)?;
    let link = serde_json::json!({
        "address": "cloud:8443", "agent_id": agent(site), "site_id": format!("site-{site}"), "enrolled_at_ms": 0,
    });
    fs::write(dir.join("link.json"), link.to_string())?;
    Ok(())
}
