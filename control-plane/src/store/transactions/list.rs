//! The list of a company's transactions, newest first.
//!
//! Its first pages are read along the index. For one far back the days before it are skipped by their counts, so that it
//! costs no more than the rows of one day, however many stand before.

use super::amount;
use crate::domain::id::CompanyId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::store::counts::DAY_MS;
use crate::store::page::Page;
use crate::store::{Conn, StoreError};

/// So many rows are skipped along the index without looking at days.
const PLAIN_OFFSET_MAX: i64 = 1_000;

/// A transaction as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Listed {
    /// Its id.
    pub id: i64,
    /// The id by which gateway and buyer know it.
    pub public_id: String,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Currency of the amount.
    pub currency: String,
    /// State of the payment.
    pub payment_state: String,
    /// Who bought.
    pub customer_name: Option<String>,
    /// When it was tried.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
}

impl Listed {
    /// The amount.
    ///
    /// # Errors
    /// When the stored currency is unknown.
    pub fn amount(&self) -> Result<Money, StoreError> {
        amount(self.id, self.amount_minor, &self.currency)
    }
}

/// The transactions of a company, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn<'_>, company: &CompanyId, page: Page) -> Result<Vec<Listed>, StoreError> {
    let mut start = Start { before: i64::MAX, offset: page.offset };
    if page.offset > PLAIN_OFFSET_MAX {
        match start_of(&days(conn, company).await?, page.offset) {
            Some(found) => start = found,
            None => return Ok(Vec::new()),
        }
    }
    fetch_all!(
        conn,
        Listed,
        "SELECT id, public_id, amount_minor, currency, payment_state, customer_name, created_at \
         FROM transactions WHERE company_id = $1 AND created_at < $2 \
         ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4",
        company.as_str(),
        start.before,
        page.limit,
        start.offset
    )
}

/// Where a page begins: so many rows after the newest one that is older than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    /// Milliseconds.
    before: i64,
    offset: i64,
}

/// Days with their numbers of transactions, newest first.
async fn days(conn: &mut Conn<'_>, company: &CompanyId) -> Result<Vec<(i64, i64)>, StoreError> {
    fetch_all!(
        conn,
        (i64, i64),
        "SELECT day, CAST(SUM(transactions) AS BIGINT)
         FROM (
             SELECT day, transactions FROM transaction_days WHERE company_id = $1
             UNION ALL
             SELECT created_at / 86400000, 1
             FROM transactions WHERE company_id = $1 AND NOT counted AND counted_state IS NULL
         ) AS everything
         GROUP BY day ORDER BY day DESC",
        company.as_str()
    )
}

/// Skips whole days; none when the list is shorter than `offset`.
fn start_of(days: &[(i64, i64)], mut offset: i64) -> Option<Start> {
    for (day, transactions) in days {
        if *transactions > offset {
            return Some(Start { before: (day + 1) * DAY_MS, offset });
        }
        offset -= transactions;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Start, start_of};
    use crate::store::counts::DAY_MS;

    #[test]
    fn whole_days_are_skipped_and_the_rest_is_counted_within_one() {
        let days = [(9, 10), (7, 1), (4, 100)];
        let start = |day: i64, offset| Some(Start { before: (day + 1) * DAY_MS, offset });
        assert_eq!(start_of(&days, 0), start(9, 0));
        assert_eq!(start_of(&days, 9), start(9, 9));
        assert_eq!(start_of(&days, 10), start(7, 0));
        assert_eq!(start_of(&days, 11), start(4, 0));
        assert_eq!(start_of(&days, 110), start(4, 99));
        assert_eq!(start_of(&days, 111), None);
        assert_eq!(start_of(&[], 0), None);
    }
}
