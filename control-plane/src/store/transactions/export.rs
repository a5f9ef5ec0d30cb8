//! All transactions of a company, newest first, page by page: each page begins after the last row of the one before, so that
//! none costs more than another and rows that come in meanwhile shift nothing.

use super::amount;
use crate::domain::id::CompanyId;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::store::{Conn, StoreError};

/// A transaction as an export shows it. The password of the hotspot user is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Exported {
    /// Its id.
    pub id: i64,
    /// The id by which gateway and buyer know it.
    pub public_id: String,
    /// Our reference at the gateway, where it is not the purchase.
    pub external_reference: Option<String>,
    /// When it was tried.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it was paid, in milliseconds.
    pub paid_at: Option<i64>,
    /// The gateway.
    pub gateway: String,
    /// State of the payment.
    pub payment_state: String,
    /// State of the user.
    pub hotspot_state: String,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Currency of the amount.
    pub currency: String,
    /// Where.
    pub router_id: String,
    /// Name of the router; none when it is gone.
    pub router_name: Option<String>,
    /// Name of the product; none when it is gone.
    pub product_name: Option<String>,
    /// Who bought.
    pub customer_name: Option<String>,
    /// The buyer's e-mail.
    pub customer_email: Option<String>,
    /// The buyer's phone.
    pub customer_phone: Option<String>,
    /// Name of the hotspot user.
    pub hotspot_user: Option<String>,
}

impl Exported {
    /// The amount.
    ///
    /// # Errors
    /// When the stored currency is unknown.
    pub fn amount(&self) -> Result<Money, StoreError> {
        amount(self.id, self.amount_minor, &self.currency)
    }
}

/// Where an export goes on: after this row, by time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    created_at: i64,
    id: i64,
}

impl Mark {
    /// Before the newest row.
    pub const START: Self = Self { created_at: i64::MAX, id: i64::MAX };

    /// After this row.
    #[must_use]
    pub const fn after(row: &Exported) -> Self {
        Self { created_at: row.created_at.0, id: row.id }
    }
}

/// At most `rows_max` transactions of a company after `mark`.
///
/// # Errors
/// When the database fails.
pub async fn after(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    mark: Mark,
    rows_max: i64,
) -> Result<Vec<Exported>, StoreError> {
    fetch_all!(
        conn,
        Exported,
        "SELECT t.id, t.public_id, t.external_reference, t.created_at, t.paid_at, t.gateway, t.payment_state,
             t.hotspot_state, t.amount_minor, t.currency, t.router_id, r.name AS router_name,
             p.sale_name AS product_name, t.customer_name, t.customer_email, t.customer_phone, t.hotspot_user
         FROM transactions t
         LEFT JOIN routers r ON r.id = t.router_id AND r.company_id = t.company_id
         LEFT JOIN products p ON p.id = t.product_id AND p.company_id = t.company_id
         WHERE t.company_id = $1 AND (t.created_at, t.id) < ($2, $3)
         ORDER BY t.created_at DESC, t.id DESC LIMIT $4",
        company.as_str(),
        mark.created_at,
        mark.id,
        rows_max
    )
}
