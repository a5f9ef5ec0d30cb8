//! How many transactions a company has, and of how much money, by payment state and currency, without counting rows.
//!
//! A purchase only writes its own row of `transactions`, which says whether and how it is in the counts; see the migration.
//! [`carry_over`] moves rows into the counts later, so that purchases of one company never queue for a common row, and
//! pay no statement. What is read is always exact: the counts, and the few rows that are not in them yet.

use std::collections::BTreeMap;

use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

/// Length of a day, in milliseconds.
pub(super) const DAY_MS: i64 = 86_400_000;

/// Transactions of one company in one payment state and currency.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Count {
    /// State of the payment.
    pub payment_state: String,
    /// Currency of the amount.
    pub currency: String,
    /// How many.
    pub transactions: i64,
    /// Of how much, in minor units.
    pub amount_minor: i64,
}

/// The counts of a company, by payment state and currency.
///
/// # Errors
/// When the database fails.
pub async fn of_company(conn: &mut Conn<'_>, company: &CompanyId) -> Result<Vec<Count>, StoreError> {
    fetch_all!(
        conn,
        Count,
        "SELECT payment_state, currency, CAST(SUM(transactions) AS BIGINT) AS transactions,
             CAST(SUM(amount_minor) AS BIGINT) AS amount_minor
         FROM (
             SELECT payment_state, currency, transactions, amount_minor
             FROM transaction_counts WHERE company_id = $1
             UNION ALL
             SELECT payment_state, currency, 1, amount_minor
             FROM transactions WHERE company_id = $1 AND NOT counted
             UNION ALL
             SELECT counted_state, currency, -1, -amount_minor
             FROM transactions WHERE company_id = $1 AND NOT counted AND counted_state IS NOT NULL
         ) AS everything
         GROUP BY payment_state, currency HAVING SUM(transactions) <> 0 ORDER BY payment_state, currency",
        company.as_str()
    )
}

/// How many transactions a company has.
///
/// # Errors
/// When the database fails.
pub async fn total(conn: &mut Conn<'_>, company: &CompanyId) -> Result<i64, StoreError> {
    Ok(of_company(conn, company).await?.iter().map(|count| count.transactions).sum())
}

/// A row on its way into the counts.
#[derive(Debug, sqlx::FromRow)]
struct Carried {
    company_id: String,
    currency: String,
    amount_minor: i64,
    created_at: i64,
    counted_state: Option<String>,
    payment_state: String,
}

/// Moves at most `rows_max` rows that are older than `before` into the counts; gives how many.
///
/// Rows that still change are better left alone for a while: each change after it has to be carried over again.
///
/// # Errors
/// When the database refuses.
pub async fn carry_over(conn: &mut Conn<'_>, before: Timestamp, rows_max: i64) -> Result<usize, StoreError> {
    take_turn(conn).await?;
    let carried = fetch_all!(
        &mut *conn,
        Carried,
        "UPDATE transactions SET counted = $3
         WHERE NOT counted AND id IN (SELECT id FROM transactions WHERE NOT counted AND created_at < $1
             ORDER BY company_id, created_at LIMIT $2)
         RETURNING company_id, currency, amount_minor, created_at, counted_state, payment_state",
        before.0,
        rows_max,
        true
    )?;
    let mut booking = Booking::default();
    for row in &carried {
        booking.move_money(&row.company_id, &row.payment_state, &row.currency, row.amount_minor, 1);
        match &row.counted_state {
            Some(before) => {
                booking.move_money(&row.company_id, before, &row.currency, row.amount_minor, -1);
            }
            None => booking.add_to_day(&row.company_id, row.created_at),
        }
    }
    booking.write(conn).await?;
    Ok(carried.len())
}

/// What is to be added to the counts, put together so that each count is written once.
#[derive(Debug, Default)]
pub(super) struct Booking<'a> {
    /// Rows and minor units by company, state and currency.
    counts: BTreeMap<(&'a str, &'a str, &'a str), (i64, i64)>,
    /// Rows by company and day.
    days: BTreeMap<(&'a str, i64), i64>,
}

impl<'a> Booking<'a> {
    /// Adds a row that was written as counted.
    pub(super) fn add(&mut self, company: &'a str, state: &'a str, amount: Money, created_at: Timestamp) {
        self.move_money(company, state, amount.currency.code(), amount.minor, 1);
        self.add_to_day(company, created_at.0);
    }

    fn move_money(&mut self, company: &'a str, state: &'a str, currency: &'a str, minor: i64, sign: i64) {
        let (rows, sum) = self.counts.entry((company, state, currency)).or_insert((0, 0));
        *rows += sign;
        *sum += sign * minor;
    }

    fn add_to_day(&mut self, company: &'a str, created_at: i64) {
        *self.days.entry((company, created_at / DAY_MS)).or_insert(0) += 1;
    }

    /// Writes everything; whoever calls this has taken the turn.
    pub(super) async fn write(self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        for ((company, state, currency), (rows, minor)) in self.counts {
            add(conn, company, state, currency, rows, minor).await?;
        }
        for ((company, day), rows) in self.days {
            add_day(conn, company, day, rows).await?;
        }
        Ok(())
    }
}

/// Waits until nobody else writes counts, until the end of the transaction.
pub(super) async fn take_turn(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    execute!(conn, "UPDATE sequences SET value = value + 1 WHERE name = 'transaction_counts'").map(|_| ())
}

async fn add(
    conn: &mut Conn<'_>,
    company: &str,
    state: &str,
    currency: &str,
    rows: i64,
    minor: i64,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO transaction_counts (company_id, payment_state, currency, transactions, amount_minor)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (company_id, payment_state, currency) DO UPDATE SET
             transactions = transaction_counts.transactions + excluded.transactions,
             amount_minor = transaction_counts.amount_minor + excluded.amount_minor",
        company,
        state,
        currency,
        rows,
        minor
    )
    .map(|_| ())
}

async fn add_day(conn: &mut Conn<'_>, company: &str, day: i64, rows: i64) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO transaction_days (company_id, day, transactions) VALUES ($1, $2, $3)
         ON CONFLICT (company_id, day) DO UPDATE SET
             transactions = transaction_days.transactions + excluded.transactions",
        company,
        day,
        rows
    )
    .map(|_| ())
}

/// Makes the counts of all companies anew from the rows that say they are counted. For whoever has written such rows past
/// [`super::ledger`], and for an operator who distrusts the counts; purchases may go on meanwhile.
///
/// # Errors
/// When the database refuses.
pub async fn recount(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    take_turn(conn).await?;
    execute!(&mut *conn, "DELETE FROM transaction_counts")?;
    execute!(&mut *conn, "DELETE FROM transaction_days")?;
    // Purchases may change rows between these statements, but never what a row is counted as: that is done in turns.
    execute!(
        &mut *conn,
        "INSERT INTO transaction_counts (company_id, payment_state, currency, transactions, amount_minor)
         SELECT company_id, state, currency, COUNT(*), CAST(SUM(amount_minor) AS BIGINT)
         FROM (SELECT company_id, CASE WHEN counted THEN payment_state ELSE counted_state END AS state, currency,
                 amount_minor
             FROM transactions WHERE counted OR counted_state IS NOT NULL) AS counted_rows
         GROUP BY company_id, state, currency"
    )?;
    execute!(
        &mut *conn,
        "INSERT INTO transaction_days (company_id, day, transactions)
         SELECT company_id, created_at / 86400000, COUNT(*)
         FROM transactions WHERE counted OR counted_state IS NOT NULL
         GROUP BY company_id, created_at / 86400000"
    )?;
    analyze(conn).await
}

/// Lets the planner know that hardly any row is uncounted: PostgreSQL would read them all. SQLite plans by what indexes
/// there are.
///
/// # Errors
/// When the database refuses.
pub async fn analyze(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(_) => execute!(conn, "ANALYZE transactions").map(|_| ()),
    }
}
