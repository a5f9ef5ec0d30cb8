//! `pagos-control-plane companies` and `sites`: who is there, read beside the running service.

use anyhow::{Context, bail};

use super::table::{aligned, dash, printable};
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::installation;
use crate::seams::Clock;
use crate::store::page::Page;
use crate::store::sites::{self, Overview};
use crate::store::{Reader, companies};
use crate::text::Language;
use crate::text::shell::ShellText;

/// Characters of a point in time down to the second.
const SECONDS_CHARS: usize = 19;

/// The database, which must be there.
///
/// # Errors
/// When it is not, or cannot be read.
pub(super) async fn reader(config: &Config, language: Language) -> anyhow::Result<Reader> {
    match installation::look(config).await? {
        Some(reader) => Ok(reader),
        None => bail!(language.shell(ShellText::NoDatabase, &config.data_dir.display().to_string())),
    }
}

/// All companies as a table.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn companies(config: &Config, language: Language) -> anyhow::Result<String> {
    let mut reader = reader(config, language).await?;
    let now = Clock::default().now();
    let all = companies::list(&mut reader.conn(), Page::default()).await.context("reading companies")?;
    let head = [ShellText::Id, ShellText::Name, ShellText::Active, ShellText::Routers, ShellText::Users];
    let mut rows = vec![head.map(|text| language.shell(text, ""))];
    for company in &all {
        let counts = companies::counts(&mut reader.conn(), &company.id, now).await.context("counting")?;
        rows.push([
            printable(company.id.as_str()),
            printable(&company.name),
            language.shell(if company.active { ShellText::Yes } else { ShellText::No }, ""),
            counts.routers.to_string(),
            counts.users.to_string(),
        ]);
    }
    Ok(table(&rows, ShellText::NoCompanies, language))
}

/// All sites as a table, or those of a company.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn sites(
    config: &Config,
    company: Option<&str>,
    language: Language,
) -> anyhow::Result<String> {
    let mut reader = reader(config, language).await?;
    let all = sites::overview(&mut reader.conn(), company).await.context("reading sites")?;
    let head = [
        ShellText::Company,
        ShellText::Name,
        ShellText::Routers,
        ShellText::Agent,
        ShellText::LastSeen,
        ShellText::CertificateEnds,
    ];
    let mut rows = vec![head.map(|text| language.shell(text, ""))];
    rows.extend(all.iter().map(|site| row(site, language)));
    Ok(table(&rows, ShellText::NoSites, language))
}

fn row(site: &Overview, language: Language) -> [String; 6] {
    let time = |at: Option<i64>| {
        dash(at.map(|at| Timestamp(at).iso().chars().take(SECONDS_CHARS).collect()).unwrap_or_default())
    };
    [
        printable(&site.company_id),
        printable(&site.name),
        dash(printable(&site.routers)),
        site.agent_version.as_deref().map_or_else(|| language.shell(ShellText::NotEnrolled, ""), printable),
        time(site.last_seen_at),
        time(site.certificate_expires_at),
    ]
}

fn table<const N: usize>(rows: &[[String; N]], empty: ShellText, language: Language) -> String {
    if rows.len() > 1 { aligned(rows) } else { format!("{}\n", language.shell(empty, "")) }
}
