//! Transactions: what was sold, and what was tried.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;

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
        let currency = Currency::parse(&self.currency).ok_or_else(|| StoreError::Inconsistent {
            table: "transactions",
            column: "currency",
            id: self.id.to_string(),
        })?;
        Ok(Money { minor: self.amount_minor, currency })
    }
}

/// The transactions of a company, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn<'_>, company: &CompanyId, page: Page) -> Result<Vec<Listed>, StoreError> {
    fetch_all!(
        conn,
        Listed,
        "SELECT id, public_id, amount_minor, currency, payment_state, customer_name, created_at \
         FROM transactions WHERE company_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
        company.as_str(),
        page.limit,
        page.offset
    )
}

/// How many transactions a company has.
///
/// # Errors
/// When the database fails.
pub async fn count(conn: &mut Conn<'_>, company: &CompanyId) -> Result<i64, StoreError> {
    let (count,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM transactions WHERE company_id = $1",
        company.as_str()
    )?;
    Ok(count)
}
