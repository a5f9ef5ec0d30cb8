//! Transactions: what was sold, and what was tried.

mod detail;
mod export;
mod list;

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::money::{Currency, Money};
use crate::domain::time::Timestamp;

pub use detail::{Detail, find};
pub use export::{Exported, Mark, after};
pub use list::{Listed, list};

fn amount(id: i64, minor: i64, currency: &str) -> Result<Money, StoreError> {
    let currency = Currency::parse(currency).ok_or_else(|| StoreError::Inconsistent {
        table: "transactions",
        column: "currency",
        id: id.to_string(),
    })?;
    Ok(Money { minor, currency })
}

/// The sealed password of what was sold; none when the company has no such sale.
///
/// # Errors
/// When the database fails.
pub async fn sealed_password(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    purchase: &PurchaseId,
) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(
        conn,
        (Option<String>,),
        "SELECT hotspot_password_sealed FROM transactions WHERE company_id = $1 AND purchase_id = $2",
        company.as_str(),
        purchase.as_str()
    )?;
    Ok(row.and_then(|(sealed,)| sealed))
}

/// Which transaction a notification is about.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Target {
    /// Its id.
    pub id: i64,
    /// Its purchase; none for one that was imported.
    pub purchase_id: Option<String>,
}

/// The company that has the gateway's order or payment. The only look across companies: at a shared address the company is
/// what is asked for.
///
/// # Errors
/// When the database fails.
pub async fn owner_of_object(
    conn: &mut Conn<'_>,
    gateway: &str,
    object_id: &str,
) -> Result<Option<CompanyId>, StoreError> {
    let row = fetch_optional!(
        conn,
        (String,),
        "SELECT company_id FROM transactions WHERE gateway = $1 AND public_id = $2",
        gateway,
        object_id
    )?;
    Ok(row.map(|(id,)| CompanyId::new(id)))
}

/// The company that has our reference, or the purchase it begins with; across companies for the same reason.
///
/// # Errors
/// When the database fails.
pub async fn owner_of_reference(
    conn: &mut Conn<'_>,
    gateway: &str,
    reference: &str,
    purchase: &PurchaseId,
) -> Result<Option<CompanyId>, StoreError> {
    let row = fetch_optional!(
        conn,
        (String,),
        "SELECT company_id FROM transactions WHERE gateway = $1 AND (external_reference = $2 OR purchase_id = $3) \
         LIMIT 1",
        gateway,
        reference,
        purchase.as_str()
    )?;
    Ok(row.map(|(id,)| CompanyId::new(id)))
}

/// A company's transaction with the gateway's order or payment.
///
/// # Errors
/// When the database fails.
pub async fn by_object(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
    object_id: &str,
) -> Result<Option<Target>, StoreError> {
    fetch_optional!(
        conn,
        Target,
        "SELECT id, purchase_id FROM transactions WHERE company_id = $1 AND gateway = $2 AND public_id = $3",
        company.as_str(),
        gateway,
        object_id
    )
}

/// A company's transaction with our reference, or of the purchase it begins with.
///
/// # Errors
/// When the database fails.
pub async fn by_reference(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    gateway: &str,
    reference: &str,
    purchase: &PurchaseId,
) -> Result<Option<Target>, StoreError> {
    fetch_optional!(
        conn,
        Target,
        "SELECT id, purchase_id FROM transactions WHERE company_id = $1 AND gateway = $2 \
         AND (external_reference = $3 OR purchase_id = $4) LIMIT 1",
        company.as_str(),
        gateway,
        reference,
        purchase.as_str()
    )
}

/// Notes the last notification of a transaction and gives its metadata. The row stays locked, so that the metadata can be
/// written back by [`set_metadata`].
///
/// # Errors
/// When the database fails.
pub async fn note_notification(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: i64,
    notification: Option<&str>,
    received_at: Timestamp,
) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(
        conn,
        (String,),
        "UPDATE transactions SET webhook_processed = $3, notification_id = COALESCE($4, notification_id), \
         webhook_received_at = $5 WHERE company_id = $1 AND id = $2 RETURNING metadata",
        company.as_str(),
        id,
        true,
        notification,
        received_at.0
    )?;
    Ok(row.map(|(metadata,)| metadata))
}

/// Replaces the metadata of a transaction.
///
/// # Errors
/// When the database fails.
pub async fn set_metadata(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: i64,
    metadata: &str,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE transactions SET metadata = $3 WHERE company_id = $1 AND id = $2",
        company.as_str(),
        id,
        metadata
    )
    .map(|_| ())
}

/// A transaction as whoever looks into its notifications sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Noted {
    /// Its id.
    pub id: i64,
    /// The id by which gateway and buyer know it.
    pub public_id: String,
    /// Our reference at the gateway.
    pub external_reference: Option<String>,
    /// Whose it is.
    pub company_id: String,
    /// State of the payment.
    pub payment_state: String,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Currency of the amount.
    pub currency: String,
    /// User name.
    pub hotspot_user: Option<String>,
    /// When it was tried, in milliseconds.
    pub created_at: i64,
    /// When it was paid, in milliseconds.
    pub paid_at: Option<i64>,
    /// Whether a notification about it was worked on.
    pub webhook_processed: bool,
    /// The last such notification.
    pub notification_id: Option<String>,
    /// Metadata as JSON.
    pub metadata: String,
}

impl Noted {
    /// The amount.
    ///
    /// # Errors
    /// When the stored currency is unknown.
    pub fn amount(&self) -> Result<Money, StoreError> {
        amount(self.id, self.amount_minor, &self.currency)
    }
}

/// The transaction with our reference or of the purchase so called; of one company, or of any for an operator.
///
/// # Errors
/// When the database fails.
pub async fn noted(
    conn: &mut Conn<'_>,
    company: Option<&CompanyId>,
    reference: &str,
) -> Result<Option<Noted>, StoreError> {
    fetch_optional!(
        conn,
        Noted,
        "SELECT id, public_id, external_reference, company_id, payment_state, amount_minor, currency, hotspot_user, \
         created_at, paid_at, webhook_processed, notification_id, metadata FROM transactions \
         WHERE (external_reference = $1 OR purchase_id = $1) AND (company_id = $2 OR $3) LIMIT 1",
        reference,
        company.map(CompanyId::as_str),
        company.is_none()
    )
}

/// When the newest transaction was made; across companies, for whoever looks after the machine's clock.
///
/// # Errors
/// When the database fails.
pub async fn newest_at(conn: &mut Conn<'_>) -> Result<Option<Timestamp>, StoreError> {
    let row = fetch_optional!(conn, (i64,), "SELECT created_at FROM transactions ORDER BY id DESC LIMIT 1")?;
    Ok(row.map(|(at,)| Timestamp(at)))
}
