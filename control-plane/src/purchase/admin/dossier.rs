//! One transaction with everything that is known of it, as it stands on disk.

use std::collections::{BTreeMap, BTreeSet};

use super::review;
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::purchase::machine::{self, Choice};
use crate::purchase::state::{Phase, Purchase, Refund};
use crate::purchase::timeline::{Line, Who};
use crate::purchase::{PurchaseError, Purchases, read_state};
use crate::store::transactions::{self, Detail};
use crate::store::users::{self, User};
use crate::store::{Conn, StoreError, purchases, refund_requests, timeline};

/// A transaction with everything that is known of it.
pub struct Dossier {
    /// The row in the books.
    pub transaction: Detail,
    /// What the machine knows; none when the transaction was imported.
    pub purchase: Option<Purchase>,
    /// The record, oldest line first.
    pub lines: Vec<Line>,
    /// Who did or asked something, by user number, as far as the viewer may know them.
    pub people: BTreeMap<i64, User>,
    /// In whose words refunds were asked for, by refund.
    pub notes: BTreeMap<String, String>,
}

/// For whom a dossier is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// An admin of the company: learns nobody's name from outside of it.
    Company,
    /// An operator of the platform.
    Platform,
}

impl Dossier {
    /// How much can be given back now, in minor units; nothing while another refund is under way.
    #[must_use]
    pub fn refundable_minor(&self) -> i64 {
        let Some(purchase) = &self.purchase else { return 0 };
        let paid = matches!(purchase.phase, Phase::Paid | Phase::Completed | Phase::Stuck);
        if !paid || purchase.paid_at.is_none() || purchase.refund_under_way().is_some() {
            return 0;
        }
        machine::refundable(purchase).max(0)
    }

    /// What a person can decide.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        self.purchase.as_ref().map(machine::choices).unwrap_or_default()
    }

    /// Why a person has to look at it; empty when nobody has to.
    #[must_use]
    pub fn causes(&self) -> Vec<Code> {
        self.purchase.as_ref().map(review::causes).unwrap_or_default()
    }

    /// The refund of that id.
    #[must_use]
    pub fn refund(&self, id: &str) -> Option<&Refund> {
        self.purchase.as_ref()?.refunds.iter().find(|refund| refund.id == id)
    }
}

impl Purchases {
    /// The transaction of a company; none when the company has no such one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn dossier(
        &self,
        company: &CompanyId,
        id: i64,
        viewer: Viewer,
    ) -> Result<Option<Dossier>, PurchaseError> {
        let mut reader = self.0.parts.store.reader().await?;
        let conn = &mut reader.conn();
        let Some(transaction) = transactions::find(conn, company, id).await? else { return Ok(None) };
        let mut dossier = Dossier {
            purchase: None,
            lines: Vec::new(),
            people: BTreeMap::new(),
            notes: BTreeMap::new(),
            transaction,
        };
        if let Some(id) = dossier.transaction.purchase_id.as_ref().map(PurchaseId::new) {
            let row = purchases::find_of_company(conn, company, &id).await?;
            dossier.purchase = row.as_ref().map(read_state).transpose()?;
            dossier.lines = lines(conn, company, &id).await?;
            dossier.notes = refund_requests::notes(conn, company, &id).await?.into_iter().collect();
            dossier.people = people(conn, company, viewer, &dossier).await?;
        }
        Ok(Some(dossier))
    }
}

async fn lines(conn: &mut Conn<'_>, company: &CompanyId, id: &PurchaseId) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    for commit in timeline::of(conn, company, id).await? {
        let read: Vec<Line> = serde_json::from_str(&commit).map_err(|_| StoreError::Inconsistent {
            table: "purchase_lines",
            column: "lines",
            id: id.to_string(),
        })?;
        lines.extend(read);
    }
    Ok(lines)
}

/// The people named in a dossier; for an admin only those of the own company.
async fn people(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    viewer: Viewer,
    dossier: &Dossier,
) -> Result<BTreeMap<i64, User>, StoreError> {
    let in_lines = dossier.lines.iter().filter_map(|line| match line.who {
        Who::Admin(id) => Some(id),
        Who::Portal | Who::System | Who::Site | Who::Gateway => None,
    });
    let refunds = dossier.purchase.iter().flat_map(|purchase| &purchase.refunds);
    let ids: BTreeSet<i64> = in_lines.chain(refunds.filter_map(|refund| refund.asked_by)).collect();
    let mut people = BTreeMap::new();
    for id in ids {
        let user = users::find(conn, id).await?;
        let known = |user: &User| match viewer {
            Viewer::Platform => true,
            Viewer::Company => user.company_id.as_deref() == Some(company.as_str()),
        };
        if let Some(user) = user.filter(known) {
            people.insert(id, user);
        }
    }
    Ok(people)
}
