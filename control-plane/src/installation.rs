//! What every command that writes stands on: the data directory for itself, the database, and the vault that fits it.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::config::Config;
use crate::node::{self, Node};
use crate::seams::{Clock, Random};
use crate::store::{Reader, Store, runners, schema, settings};
use crate::vault::Vault;

/// An installation that is this process's own as long as this lives.
#[derive(Debug)]
pub struct Installation {
    /// Which one it is.
    pub node: Node,
    /// Its database, with a schema that is up to date.
    pub store: Store,
    /// Its vault.
    pub vault: Arc<Vault>,
}

/// Takes the installation for this process; makes what is not there yet.
///
/// # Errors
/// When another process has it, or a part cannot be opened.
pub async fn open(config: &Config, clock: &Clock, random: &Random) -> anyhow::Result<Installation> {
    make_directory(&config.data_dir)?;
    let node = node::claim(&config.data_dir, random, clock.now())?;
    let store = Store::open(&config.database()).await.context("opening the database")?;
    let vault = Arc::new(open_vault(&config.key_file(), &store, random).await?);
    Ok(Installation { node, store, vault })
}

/// The same, for work beside which no service may run, not even one on another machine.
///
/// # Errors
/// When a service uses the directory or the database, or a part cannot be opened.
pub async fn open_alone(config: &Config, clock: &Clock, random: &Random) -> anyhow::Result<Installation> {
    let installation = open(config, clock, random).await?;
    let mut reader = installation.store.reader().await?;
    let others = runners::live_elsewhere(&mut reader.conn(), &installation.node.id, clock.now()).await?;
    anyhow::ensure!(
        others == 0,
        "{others} pagos-control-plane on another machine or directory use this database: stop them, wait a minute, and \
         try again"
    );
    Ok(installation)
}

/// The database for a small piece of work beside which a service may run.
///
/// # Errors
/// When it cannot be opened, or a service of another version uses it.
pub async fn open_beside(config: &Config, clock: &Clock, random: &Random) -> anyhow::Result<Store> {
    make_directory(&config.data_dir)?;
    let url = config.database();
    let opened = match node::try_claim(&config.data_dir, random, clock.now())? {
        Some(_free) => Store::open(&url).await,
        None => Store::join(&url).await,
    };
    opened.context("opening the database")
}

/// The database for reading only, if there is one with our tables; a service may be using it.
///
/// # Errors
/// When it is there and cannot be read.
pub async fn look(config: &Config) -> anyhow::Result<Option<Reader>> {
    if config.sqlite_file().is_some_and(|file| !file.exists()) {
        return Ok(None);
    }
    let mut reader = Store::look(&config.database()).await.context("opening the database for reading")?;
    let version = schema::version(&mut reader.conn()).await.context("reading the database")?;
    Ok(version.map(|_| reader))
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("making the data directory {}", path.display()))
}

/// Opens the vault and makes sure that it is the one with which this database was sealed.
async fn open_vault(key_file: &Path, store: &Store, random: &Random) -> anyhow::Result<Vault> {
    let check = settings::find(&mut store.reader().await?.conn(), settings::VAULT_CHECK).await?;
    if let Some(check) = check {
        let vault = Vault::open(key_file, random)?;
        vault.verify(&check)?;
        return Ok(vault);
    }
    let vault = Vault::open_or_create(key_file, random)?;
    let kept = keep_setting(store, settings::VAULT_CHECK, vault.check_value()).await?;
    // Another process may have started at the same time with another key.
    vault.verify(&kept)?;
    Ok(vault)
}

/// Stores a setting unless there is one; gives the one that stands.
///
/// # Errors
/// When the database does not do it.
pub async fn keep_setting(store: &Store, name: &'static str, value: String) -> anyhow::Result<String> {
    let kept = store
        .write(move |conn| Box::pin(async move { settings::keep_first(conn, name, &value).await }))
        .await;
    kept.with_context(|| format!("storing the setting {name}"))
}
