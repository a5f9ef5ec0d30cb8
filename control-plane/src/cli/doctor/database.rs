//! What the database tells: its version, whether the master key fits, certificates, clocks.

use x509_parser::pem::parse_x509_pem;

use super::Finding;
use super::machine::is_open_to_others;
use crate::causes::chain;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::installation;
use crate::seams::Random;
use crate::store::{Conn, StoreError, agents, authority, runners, schema, settings, transactions, users};
use crate::text::doctor::Found;
use crate::vault::Vault;

const DAY_MS: i64 = 24 * 3_600_000;
/// A certificate that ends so soon is reported, in milliseconds.
const AGENT_SOON_MS: i64 = 14 * DAY_MS;
const AUTHORITY_SOON_MS: i64 = 365 * DAY_MS;
/// This program is not older: 1 January 2026.
const BUILT_AFTER: Timestamp = Timestamp(1_767_225_600_000);
/// So far may our clock be from the database's, in milliseconds.
const APART_MS: i64 = 5_000;
/// Characters of a day, and of a point in time to the second.
const DAY_CHARS: usize = 10;
const SECONDS_CHARS: usize = 19;

/// Looks without writing; a service may be running.
pub(super) async fn findings(config: &Config, now: Timestamp, random: &Random) -> Vec<Finding> {
    let key = config.key_file();
    let mut findings = Vec::new();
    if is_open_to_others(&key) {
        findings.push(Finding(Found::KeyOpen, key.display().to_string()));
    }
    let mut reader = match installation::look(config).await {
        Ok(Some(reader)) => reader,
        Ok(None) => {
            findings.push(Finding(Found::DatabaseAbsent, String::new()));
            findings.push(Finding(Found::KeyNotYet, String::new()));
            findings.push(clock(now, now, None));
            return findings;
        }
        Err(error) => {
            findings.push(Finding(Found::DatabaseBad, format!("{error:#}")));
            findings.push(clock(now, now, None));
            return findings;
        }
    };
    if let Err(error) = look(&mut reader.conn(), config, now, random, &mut findings).await {
        findings.push(Finding(Found::DatabaseBad, chain(&error)));
    }
    findings
}

async fn look(
    conn: &mut Conn<'_>,
    config: &Config,
    now: Timestamp,
    random: &Random,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let version = schema::version(conn).await?.unwrap_or(0);
    let found = match version.cmp(&schema::newest()) {
        std::cmp::Ordering::Less => Found::DatabaseOlder,
        std::cmp::Ordering::Equal => Found::DatabaseGood,
        std::cmp::Ordering::Greater => Found::DatabaseNewer,
    };
    findings.push(Finding(found, version.to_string()));
    if found != Found::DatabaseGood {
        return Ok(());
    }
    findings.push(key(conn, config, random).await?);
    let theirs = runners::now(conn, now).await?;
    findings.push(clock(now, theirs, transactions::newest_at(conn).await?));
    findings.extend(authority(conn, now).await?);
    let ending = agents::ending_before(conn, now.plus(AGENT_SOON_MS)).await?;
    let found = if ending == 0 { Found::AgentsGood } else { Found::AgentsEnd };
    findings.push(Finding(found, ending.to_string()));
    let admin = users::super_admin_exists(conn).await?;
    let found = if admin { Found::AdminGood } else { Found::AdminAbsent };
    findings.push(Finding(found, String::new()));
    Ok(())
}

async fn key(conn: &mut Conn<'_>, config: &Config, random: &Random) -> Result<Finding, StoreError> {
    let Some(check) = settings::find(conn, settings::VAULT_CHECK).await? else {
        return Ok(Finding(Found::KeyNotYet, String::new()));
    };
    let file = config.key_file();
    let opened = Vault::open(&file, random).and_then(|vault| vault.verify(&check));
    Ok(match opened {
        Ok(()) => Finding(Found::KeyGood, file.display().to_string()),
        Err(error) => Finding(Found::KeyBad, chain(&error)),
    })
}

fn clock(ours: Timestamp, theirs: Timestamp, newest: Option<Timestamp>) -> Finding {
    let shown: String = ours.iso().chars().take(SECONDS_CHARS).collect();
    let apart = ours.since(theirs).abs();
    if ours < BUILT_AFTER || newest.is_some_and(|newest| newest.since(ours) > APART_MS) {
        Finding(Found::ClockOdd, shown)
    } else if apart > APART_MS {
        Finding(Found::ClockApart, (apart / 1_000).to_string())
    } else {
        Finding(Found::ClockGood, shown)
    }
}

async fn authority(conn: &mut Conn<'_>, now: Timestamp) -> Result<Option<Finding>, StoreError> {
    let Some(row) = authority::read(conn).await? else { return Ok(None) };
    let ends_at = parse_x509_pem(row.certificate_pem.as_bytes()).ok().and_then(|(_, pem)| {
        pem.parse_x509().ok().map(|certificate| certificate.validity().not_after.timestamp())
    });
    let Some(ends_at) = ends_at.map(|seconds| Timestamp(seconds.saturating_mul(1_000))) else {
        return Err(StoreError::Inconsistent {
            table: "authority",
            column: "certificate_pem",
            id: "1".into(),
        });
    };
    let found =
        if ends_at.since(now) < AUTHORITY_SOON_MS { Found::AuthorityEnds } else { Found::AuthorityGood };
    Ok(Some(Finding(found, ends_at.iso().chars().take(DAY_CHARS).collect())))
}

#[cfg(test)]
mod tests {
    use super::{BUILT_AFTER, clock};
    use crate::domain::time::Timestamp;
    use crate::text::doctor::Found;

    #[test]
    fn a_clock_is_judged_by_the_calendar_the_database_and_the_newest_sale() {
        let now = BUILT_AFTER.plus(1_000);
        assert_eq!(clock(now, now, None).0, Found::ClockGood);
        assert_eq!(clock(Timestamp(0), Timestamp(0), None).0, Found::ClockOdd);
        assert_eq!(clock(now, now, Some(now.plus(3_600_000))).0, Found::ClockOdd);
        let apart = clock(now, now.plus(-60_000), None);
        assert_eq!((apart.0, apart.1.as_str()), (Found::ClockApart, "60"));
    }
}
