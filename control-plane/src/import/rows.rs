//! An old row becomes one of ours, or a reason why it cannot.

mod accounts;
mod goods;
mod transaction;

use std::collections::{BTreeMap, BTreeSet};

use super::fernet::{self, Key};
use super::fields::{Fields, Moment, Refusal};
use super::source::OldRow;
use super::zone::Zone;
use super::{Table, Trouble};
use crate::domain::id::{CompanyId, ID_BYTES_MAX, RouterId, SiteId, draw_webhook_path};
use crate::domain::time::Timestamp;
use crate::seams::{Clock, Random};
use crate::store::import::Row;
use crate::text::import::ImportText;
use crate::vault::{Context, Vault};

/// What later rows are checked against: small tables only.
#[derive(Debug, Default)]
pub(super) struct Parents {
    companies: BTreeSet<String>,
    /// Router to company.
    routers: BTreeMap<String, String>,
    /// Hash to id.
    keys: BTreeMap<String, String>,
}

impl Parents {
    /// Remembers a row that is here.
    pub(super) fn remember(&mut self, row: &Row) {
        match row {
            Row::Company(company) => {
                self.companies.insert(company.id.to_string());
            }
            Row::Router(router) => {
                self.routers.insert(router.0.id.to_string(), router.0.company_id.to_string());
            }
            Row::Key(key) => {
                self.keys.insert(key.key.key_hash.clone(), key.key.id.to_string());
            }
            Row::User(_) | Row::Product(_) | Row::Transaction(_) => {}
        }
    }
}

/// What makes sealed texts and new ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealing<'a> {
    pub(super) vault: &'a Vault,
    pub(super) random: &'a Random,
    pub(super) clock: &'a Clock,
}

/// What a row is read with.
pub(super) struct Reading<'a> {
    pub(super) parents: &'a Parents,
    pub(super) zone: &'a Zone,
    pub(super) fernet: Option<&'a Key>,
    /// None when nothing is going to be written.
    pub(super) sealing: Option<Sealing<'a>>,
}

impl Reading<'_> {
    /// Reads a row; gives what should be known about it as well.
    pub(super) fn row(&self, table: Table, old: &OldRow) -> (Option<Row>, Vec<Trouble>) {
        let refused = |Refusal(column, what)| Trouble::refused(table, &old.id, column, what);
        let Some(body) = &old.body else {
            return (None, vec![refused(Refusal("", ImportText::TooLarge))]);
        };
        let mut fields = match Fields::parse(body) {
            Ok(fields) => fields,
            Err(refusal) => return (None, vec![refused(refusal)]),
        };
        let row = match table {
            Table::Companies => self.company(&mut fields).map(Row::Company),
            Table::Users => self.user(&mut fields).map(Row::User),
            Table::Routers => self.router(&mut fields).map(Row::Router),
            Table::Keys => self.key(&mut fields).map(Row::Key),
            Table::Products => self.product(&mut fields).map(Row::Product),
            Table::Transactions => self.transaction(&mut fields).map(Row::Transaction),
        };
        match row {
            Ok(row) => (Some(row), fields.into_notes(table, &old.id)),
            Err(refusal) => (None, vec![refused(refusal)]),
        }
    }

    /// When a row was made, by the old server's clock.
    fn made(&self, fields: &mut Fields<'_>, column: &'static str) -> Result<Timestamp, Refusal> {
        Ok(match fields.time(column)? {
            Some(Moment::Local(local)) => self.zone.instant(local),
            Some(Moment::Exact(at)) => at,
            None => {
                fields.note(column, ImportText::TimeUnknown);
                Timestamp::default()
            }
        })
    }

    /// The company of a row, which must be taken too.
    fn company_of(&self, fields: &Fields<'_>) -> Result<CompanyId, Refusal> {
        let id = fields.required("empresa_id")?;
        let known = self.parents.companies.contains(&id);
        if known { Ok(CompanyId::new(id)) } else { Err(Refusal("empresa_id", ImportText::NoCompany)) }
    }

    /// The company and router of a row, which must be taken too.
    fn router_of(&self, fields: &Fields<'_>) -> Result<(CompanyId, RouterId), Refusal> {
        let company = self.company_of(fields)?;
        let id = fields.required("router_id")?;
        match self.parents.routers.get(&id) {
            Some(owner) if owner == company.as_str() => Ok((company, RouterId::new(id))),
            Some(_) | None => Err(Refusal("router_id", ImportText::NoRouter)),
        }
    }

    /// A secret, opened with the old key if it was made with it, and sealed with ours.
    fn secret(
        &self,
        fields: &mut Fields<'_>,
        column: &'static str,
        text: &str,
        context: &Context<'_>,
    ) -> String {
        let opened = self.fernet.and_then(|key| key.open(text));
        if opened.is_none() && fernet::looks_sealed(text) {
            fields.note(column, ImportText::NotOpened);
        }
        self.seal(opened.as_ref().map_or(text, |opened| opened.as_str()), context)
    }

    fn seal(&self, plain: &str, context: &Context<'_>) -> String {
        self.sealing.map(|sealing| sealing.vault.seal(context, plain)).unwrap_or_default()
    }

    /// The unguessable part of a company's notification addresses; of no use when nothing is going to be written.
    fn webhook_path(&self) -> String {
        self.sealing.map(|sealing| draw_webhook_path(sealing.random)).unwrap_or_default()
    }

    /// The id of a new site; of no use when nothing is going to be written.
    fn site_id(&self) -> SiteId {
        SiteId::new(self.sealing.map(|sealing| sealing.random.uuid(sealing.clock.now())).unwrap_or_default())
    }
}

/// An id as it was: up to 50 bytes of any shape, but none that would break a line.
fn id(fields: &Fields<'_>, column: &'static str) -> Result<String, Refusal> {
    let id = fields.required(column)?;
    let odd = id.len() > ID_BYTES_MAX || id.chars().any(char::is_control);
    if odd { Err(Refusal(column, ImportText::IdOdd)) } else { Ok(id) }
}

/// The number of a row.
fn number(fields: &Fields<'_>) -> Result<i64, Refusal> {
    match fields.integer("id")? {
        Some(number) if number > 0 => Ok(number),
        Some(_) | None => Err(Refusal("id", ImportText::IdOdd)),
    }
}

/// `test` or `live`.
fn mode(fields: &mut Fields<'_>, column: &'static str) -> Result<&'static str, Refusal> {
    let text = fields.filled(column)?.map(|text| text.trim().to_ascii_lowercase());
    Ok(match text.as_deref() {
        Some("live") => "live",
        Some("test") | None => "test",
        Some(_) => {
            fields.note(column, ImportText::ModeOdd);
            "test"
        }
    })
}
