//! One transaction with what stands around it.

use crate::domain::id::CompanyId;
use crate::domain::money::Currency;
use crate::domain::time::Timestamp;
use crate::store::{Conn, StoreError};

/// A transaction with what stands around it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Detail {
    /// Its id.
    pub id: i64,
    /// The id by which gateway and buyer know it.
    pub public_id: String,
    /// Its purchase; none when it was imported.
    pub purchase_id: Option<String>,
    /// Our reference at the gateway, where it is not the purchase.
    pub external_reference: Option<String>,
    /// The seller.
    pub company_id: String,
    /// Where.
    pub router_id: String,
    /// Name of the router; none when it is gone.
    pub router_name: Option<String>,
    /// What.
    pub product_id: Option<i64>,
    /// Name of the product; none when it is gone.
    pub product_name: Option<String>,
    /// The gateway.
    pub gateway: String,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// Currency of the amount.
    pub currency: String,
    /// Who bought.
    pub customer_name: Option<String>,
    /// The buyer's e-mail.
    pub customer_email: Option<String>,
    /// The buyer's phone.
    pub customer_phone: Option<String>,
    /// Name of the hotspot user.
    pub hotspot_user: Option<String>,
    /// State of the payment.
    pub payment_state: String,
    /// State of the user.
    pub hotspot_state: String,
    /// When it was tried.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it was paid, in milliseconds.
    pub paid_at: Option<i64>,
    /// When the user first stood on the router, in milliseconds.
    pub user_created_at: Option<i64>,
}

impl Detail {
    /// The currency of the amount.
    ///
    /// # Errors
    /// When the stored one is unknown.
    pub fn currency(&self) -> Result<Currency, StoreError> {
        Currency::parse(&self.currency).ok_or_else(|| StoreError::Inconsistent {
            table: "transactions",
            column: "currency",
            id: self.id.to_string(),
        })
    }
}

/// One transaction of a company.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn<'_>, company: &CompanyId, id: i64) -> Result<Option<Detail>, StoreError> {
    fetch_optional!(
        conn,
        Detail,
        "SELECT t.id, t.public_id, t.purchase_id, t.external_reference, t.company_id, t.router_id,
             r.name AS router_name, t.product_id, p.sale_name AS product_name, t.gateway, t.amount_minor, t.currency,
             t.customer_name, t.customer_email, t.customer_phone, t.hotspot_user, t.payment_state, t.hotspot_state,
             t.created_at, t.paid_at, t.user_created_at
         FROM transactions t
         LEFT JOIN routers r ON r.id = t.router_id AND r.company_id = t.company_id
         LEFT JOIN products p ON p.id = t.product_id AND p.company_id = t.company_id
         WHERE t.company_id = $1 AND t.id = $2",
        company.as_str(),
        id
    )
}
