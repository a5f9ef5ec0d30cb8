//! `pagos-control-plane import`: takes over the database of the service that we replace.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Args;

use super::table::{self, printable};
use crate::config::Config;
use crate::import::fernet::Key;
use crate::import::run::{Settings, Target, Writing, run};
use crate::import::source::Source;
use crate::import::zone::Zone;
use crate::import::{Count, ImportError, Trouble, Witness};
use crate::installation;
use crate::seams::{Clock, Random};
use crate::store::Store;
use crate::store::import::identity;
use crate::text::Language;
use crate::text::import::ImportText;
use zeroize::Zeroizing;

/// What it ends with when rows could not be taken.
const SOME_REFUSED: u8 = 3;
/// The replaced service's name for the key of its secrets.
const KEY_VARIABLE: &str = "ENCRYPTION_KEY_MERCADO_PAGO";
/// Rows between two signs of life.
const PROGRESS_ROWS: u64 = 5_000;
const MINUTE_MS: i64 = 60_000;

/// Options of the command.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Address of the old database; better given as DATABASE_URL, since command lines can be seen by others.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    from: Option<String>,
    /// Write. Without it nothing is written, and what would be is told.
    #[arg(long, conflicts_with = "dry_run")]
    apply: bool,
    /// Write nothing; this is so anyhow without --apply.
    #[arg(long)]
    dry_run: bool,
    /// Time zone of the old database's server, such as America/Mexico_City; UTC without it.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// File with the key of the old service's secrets; without it, ENCRYPTION_KEY_MERCADO_PAGO.
    #[arg(long, value_name = "FILE")]
    encryption_key_file: Option<PathBuf>,
}

/// Imports, or tells what would be imported.
///
/// # Errors
/// When it cannot begin or go on.
pub(super) async fn import(
    config: &Config,
    options: Options,
    environment: &BTreeMap<String, String>,
    language: Language,
) -> anyhow::Result<ExitCode> {
    let fernet = key(options.encryption_key_file.as_deref(), environment, language)?;
    let explained = |error| explained(error, language);
    let from = options.from.with_context(|| language.import(ImportText::WhichDatabase, ""))?;
    let mut source = Source::open(&from).await.map_err(explained)?;
    if is_same_database(config, &mut source).await? {
        bail!(language.import(ImportText::SameDatabase, ""));
    }
    let zone = match options.time_zone.as_deref() {
        Some(name) => source.zone(name).await.map_err(explained)?,
        None => guessed_zone(&mut source, options.apply, language).await?,
    };
    let (clock, random) = (Clock::default(), Random::default());
    let (mut target, _node) = if options.apply {
        let ours = installation::open_alone(config, &clock, &random).await?;
        let writing = Writing { store: ours.store, vault: ours.vault, random, clock };
        (Target::Write(writing), Some(ours.node))
    } else {
        (installation::look(config).await?.map_or(Target::Nothing, Target::Look), None)
    };
    let mut page = Printer { language, shown: 0 };
    let settings = Settings { zone, fernet };
    let counts = run(&mut source, &mut target, &settings, &mut page).await.map_err(explained)?;
    source.close().await;
    let refused = counts.iter().any(|count| count.refused > 0);
    print(&summary(&counts, options.apply, refused, language))?;
    Ok(if refused { ExitCode::from(SOME_REFUSED) } else { ExitCode::SUCCESS })
}

/// What happened in the operator's language, and below it what the database said.
fn explained(error: ImportError, language: Language) -> anyhow::Error {
    let with = |source: anyhow::Error, text, value: &str| source.context(language.import(text, value));
    match error {
        ImportError::OldAddress(source) => with(source.into(), ImportText::OldAddress, ""),
        ImportError::OldDatabase(source) => with(source.into(), ImportText::OldDatabase, ""),
        ImportError::OtherDatabase => anyhow!(language.import(ImportText::OtherDatabase, "")),
        ImportError::Zone { name, source } => with(source.into(), ImportText::ZoneUnknown, &name),
        ImportError::Store(source) => with(source.into(), ImportText::NotStored, ""),
    }
}

fn key(
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
    language: Language,
) -> anyhow::Result<Option<Key>> {
    let (text, place) = match file {
        Some(file) => {
            let place = file.display().to_string();
            let text = fs::read_to_string(file);
            (Some(text.with_context(|| language.import(ImportText::KeyUnread, &place))?), place)
        }
        None => {
            let set = environment.get(KEY_VARIABLE).filter(|text| !text.trim().is_empty());
            (set.cloned(), KEY_VARIABLE.to_owned())
        }
    };
    let Some(text) = text.map(Zeroizing::new) else { return Ok(None) };
    let key = Key::parse(&text);
    key.map(Some).with_context(|| language.import(ImportText::KeyOdd, &place))
}

/// Our tables would be made beside, or in place of, the old ones.
async fn is_same_database(config: &Config, source: &mut Source) -> anyhow::Result<bool> {
    if config.sqlite_file().is_some() {
        return Ok(false);
    }
    let mut ours = Store::look(&config.database()).await.context("opening our database")?;
    let (ours, theirs) = (identity(&mut ours.conn()).await?, source.identity().await?);
    Ok(ours == Some(theirs))
}

/// UTC, unless the rows say something else: then somebody must say which zone it is.
async fn guessed_zone(source: &mut Source, apply: bool, language: Language) -> anyhow::Result<Zone> {
    let guessed = source.guessed_offset().await.map_err(|error| explained(error, language))?;
    let Some(ahead_ms) = guessed.filter(|ahead| *ahead != 0) else { return Ok(Zone::utc()) };
    let (sign, minutes) = (if ahead_ms < 0 { '-' } else { '+' }, ahead_ms.abs() / MINUTE_MS);
    let offset = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    let advice = language.import(ImportText::ZoneGuessed, &offset);
    if apply {
        bail!(advice);
    }
    writeln!(io::stderr().lock(), "pagos-control-plane: {advice}").context("printing")?;
    Ok(Zone::utc())
}

fn print(text: &str) -> anyhow::Result<()> {
    io::stdout().write_all(text.as_bytes()).context("printing")
}

/// Tells about rows on standard output, and how far it is on standard error.
struct Printer {
    language: Language,
    shown: u64,
}

impl Witness for Printer {
    fn trouble(&mut self, trouble: &Trouble) {
        // Who does not read what is printed gets the numbers all the same.
        let _ = io::stdout().write_all(line(trouble, self.language).as_bytes());
    }

    fn progress(&mut self, count: &Count, total: u64) {
        if count.read < total && count.read < self.shown + PROGRESS_ROWS {
            return;
        }
        self.shown = if count.read < total { count.read } else { 0 };
        let _ = writeln!(io::stderr(), "{} {}/{total}", count.table.name(), count.read);
    }
}

fn line(trouble: &Trouble, language: Language) -> String {
    let mark = if trouble.taken { ImportText::NoteMark } else { ImportText::RefusedMark };
    let column = if trouble.column.is_empty() { String::new() } else { format!(".{}", trouble.column) };
    format!(
        "{}: {}{column} {}: {}\n",
        language.import(mark, ""),
        trouble.table.name(),
        printable(&trouble.id),
        language.import(trouble.what, "")
    )
}

fn summary(counts: &[Count], applied: bool, refused: bool, language: Language) -> String {
    let taken = if applied { ImportText::Taken } else { ImportText::ToTake };
    let headings = [
        ImportText::Table,
        ImportText::Read,
        taken,
        ImportText::Known,
        ImportText::NotTaken,
        ImportText::Notes,
    ];
    let head = headings.map(|text| language.import(text, ""));
    let row = |count: &Count| {
        let numbers = [count.read, count.taken, count.known, count.refused, count.notes];
        let mut row = std::array::from_fn(|at| match at {
            0 => count.table.name().to_owned(),
            _ => numbers[at - 1].to_string(),
        });
        if !count.exists {
            row[5] = format!("{} ({})", row[5], language.import(ImportText::NoTable, ""));
        }
        row
    };
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(counts.iter().map(row)).collect();
    let mut text = format!("\n{}\n", table::aligned(&rows));
    let endings = [
        refused.then_some(ImportText::SomeRefused),
        Some(if applied { ImportText::Done } else { ImportText::DryRun }),
    ];
    for ending in endings.into_iter().flatten() {
        text.push_str(&language.import(ending, ""));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{line, summary};
    use crate::import::{Count, Table, Trouble};
    use crate::text::Language;
    use crate::text::import::ImportText;

    #[test]
    fn a_line_names_row_and_column_and_steers_no_terminal() {
        let trouble = Trouble {
            table: Table::Products,
            id: "7\u{1b}[2J".into(),
            column: "moneda",
            what: ImportText::Currency,
            taken: false,
        };
        let text = line(&trouble, Language::Spanish);
        assert_eq!(text, "NO SE TOMA: productos.moneda 7[2J: la moneda no se conoce\n");
    }

    #[test]
    fn the_summary_has_a_row_per_table_and_says_what_to_do_next() {
        let count =
            Count { table: Table::Users, exists: true, read: 12, taken: 10, known: 1, refused: 1, notes: 0 };
        let gone = Count { exists: false, ..Count { table: Table::Keys, ..count } };
        let text = summary(&[count, gone], false, true, Language::English);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].split_whitespace().next(), Some("TABLE"));
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["usuarios", "12", "10", "1", "1", "0"]);
        assert!(text.contains("there is no such table") && text.contains("--apply"));
    }
}
