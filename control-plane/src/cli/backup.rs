//! `pagos-control-plane backup` and `restore`, for SQLite; PostgreSQL has programs of its own.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::listing::reader;
use crate::config::Config;
use crate::node;
use crate::seams::{Clock, Random};
use crate::store::copy::{copy_to, is_whole};
use crate::store::{Store, schema, settings};
use crate::text::Language;
use crate::text::shell::ShellText;
use crate::vault::Vault;

/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Copies the database into a file, also while the service runs, and checks the copy.
///
/// # Errors
/// When the file exists, or the copy is not good.
pub(super) async fn back_up(config: &Config, file: &Path, language: Language) -> anyhow::Result<String> {
    let name = file.display().to_string();
    let Some(database) = config.sqlite_file() else { bail!(language.shell(ShellText::UsePgDump, &name)) };
    drop(reader(config, language).await?);
    create_private(file, &name, language)?;
    let copied = async {
        copy_to(&database, file).await.with_context(|| format!("copying the database to {name}"))?;
        File::open(file)?.sync_all().with_context(|| format!("writing {name}"))?;
        inspect(file, language).await
    };
    if let Err(error) = copied.await {
        // A file that is no backup must not be taken for one.
        let _ = fs::remove_file(file);
        return Err(error);
    }
    let key = config.key_file().display().to_string();
    let lines = [language.shell(ShellText::BackedUp, &name), language.shell(ShellText::KeepKey, &key)];
    Ok(format!("{}\n", lines.join("\n")))
}

/// Puts a backup in the place of the database, which is kept beside. No service may run.
///
/// # Errors
/// When the backup is not good, its master key is not here, or a service runs.
pub(super) async fn restore(config: &Config, file: &Path, language: Language) -> anyhow::Result<String> {
    let name = file.display().to_string();
    let Some(database) = config.sqlite_file() else { bail!(language.shell(ShellText::UsePgRestore, &name)) };
    let (clock, random) = (Clock::default(), Random::default());
    fs::create_dir_all(&config.data_dir).with_context(|| format!("making {}", config.data_dir.display()))?;
    let _alone = node::claim(&config.data_dir, &random, clock.now())?;
    inspect(file, language).await?;
    verify_key(config, file, &random).await?;
    let draft = beside(&database, &format!(".restoring-{}", random.hex::<4>()));
    create_private(&draft, &draft.display().to_string(), language)?;
    let written = copy_to(file, &draft).await.context("copying the backup");
    if let Err(error) = written.and_then(|()| Ok(File::open(&draft)?.sync_all()?)) {
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    let aside = set_aside(&database, clock.now().0)?;
    fs::rename(&draft, &database).with_context(|| format!("putting {} in place", database.display()))?;
    let mut lines = vec![language.shell(ShellText::Restored, &name)];
    lines.extend(aside.map(|aside| language.shell(ShellText::SetAside, &aside.display().to_string())));
    lines.push(language.shell(ShellText::AfterRestore, ""));
    Ok(format!("{}\n", lines.join("\n")))
}

fn create_private(file: &Path, name: &str, language: Language) -> anyhow::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!(language.shell(ShellText::FileExists, name))
        }
        Err(error) => Err(error).with_context(|| format!("making {name}")),
    }
}

/// Whether a file is a whole database that this version understands.
async fn inspect(file: &Path, language: Language) -> anyhow::Result<()> {
    let name = file.display().to_string();
    let bad = || language.shell(ShellText::BackupBad, &name);
    anyhow::ensure!(file.is_file(), bad());
    let mut reader = Store::look(&address(file)).await.with_context(bad)?;
    anyhow::ensure!(is_whole(&mut reader.conn()).await.with_context(bad)?, bad());
    match schema::version(&mut reader.conn()).await.with_context(bad)? {
        None => bail!(bad()),
        Some(version) if version > schema::newest() => bail!(language.shell(ShellText::BackupNewer, &name)),
        Some(_) => Ok(()),
    }
}

/// A backup without its key would be a database that does not start.
async fn verify_key(config: &Config, file: &Path, random: &Random) -> anyhow::Result<()> {
    let mut reader = Store::look(&address(file)).await?;
    if let Some(check) = settings::find(&mut reader.conn(), settings::VAULT_CHECK).await? {
        Vault::open(&config.key_file(), random)?.verify(&check)?;
    }
    Ok(())
}

fn address(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// The database and its companions under another name; none when there was none.
fn set_aside(database: &Path, now_ms: i64) -> anyhow::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let aside = beside(database, &format!(".before-restore-{now_ms}"));
    for companion in COMPANIONS.into_iter().chain([""]) {
        let from = beside(database, companion);
        if from.exists() {
            fs::rename(&from, beside(&aside, companion))
                .with_context(|| format!("renaming {}", from.display()))?;
        }
    }
    Ok(Some(aside))
}

/// A file name with something behind it.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
