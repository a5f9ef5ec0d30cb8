//! The company's books: one row of `transactions` per purchase, from the moment the purchase is stored.

use super::{Conn, StoreError};
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

/// Field name under which the password of a hotspot user is sealed for its company.
pub const PASSWORD_FIELD: &str = "purchase.password";
/// Field name under which the bytes of a charge are sealed for their company.
pub const CHARGE_FIELD: &str = "purchase.charge";

/// What never changes about a transaction.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Row number.
    pub id: i64,
    /// The purchase.
    pub purchase: PurchaseId,
    /// The seller.
    pub company: CompanyId,
    /// Where.
    pub router: RouterId,
    /// What.
    pub product_id: i64,
    /// `conekta`.
    pub gateway: &'static str,
    /// For how much.
    pub price: Money,
    /// Buyer's name.
    pub buyer_name: String,
    /// Buyer's e-mail.
    pub buyer_email: String,
    /// Buyer's phone as typed.
    pub buyer_phone: Option<String>,
    /// The key that asked.
    pub api_key: ApiKeyId,
    /// When.
    pub created_at: Timestamp,
    /// Our reference at the gateway, where it is not the purchase.
    pub external_reference: Option<String>,
    /// What is kept beside, as a JSON object.
    pub metadata: String,
}

/// What changes as the purchase goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The gateway's id of the payment, or ours while it is not known.
    pub public_id: String,
    /// `pending`, `paid`, `declined`, `failed`, …
    pub payment_state: &'static str,
    /// `pending`, `active`, `removed`, `disabled`.
    pub hotspot_state: &'static str,
    /// User name.
    pub hotspot_user: String,
    /// Sealed password.
    pub hotspot_password_sealed: String,
    /// When the money was confirmed.
    pub paid_at: Option<Timestamp>,
    /// When the user first stood on the router.
    pub user_created_at: Option<Timestamp>,
}

/// Writes the row of a new purchase.
///
/// # Errors
/// When the database refuses.
pub async fn open(conn: &mut Conn<'_>, opening: &Opening, entry: &Entry) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO transactions (id, public_id, purchase_id, company_id, router_id, product_id, gateway,
             amount_minor, currency, customer_name, customer_email, customer_phone, hotspot_user,
             hotspot_password_sealed, payment_state, hotspot_state, api_key_id, metadata, created_at,
             external_reference)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        opening.id,
        &entry.public_id,
        opening.purchase.as_str(),
        opening.company.as_str(),
        opening.router.as_str(),
        opening.product_id,
        opening.gateway,
        opening.price.minor,
        opening.price.currency.code(),
        &opening.buyer_name,
        &opening.buyer_email,
        opening.buyer_phone.as_deref(),
        &entry.hotspot_user,
        &entry.hotspot_password_sealed,
        entry.payment_state,
        entry.hotspot_state,
        opening.api_key.as_str(),
        &opening.metadata,
        opening.created_at.0,
        opening.external_reference.as_deref()
    )?;
    Ok(())
}

/// Brings the row of a purchase up to date. A row that changes its state has to be carried over into the counts
/// ([`super::counts`]) anew; under which state it is in them, it keeps saying.
///
/// # Errors
/// When the database refuses.
pub async fn update(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    purchase: &PurchaseId,
    entry: &Entry,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE transactions SET public_id = $3, payment_state = $4, hotspot_state = $5, hotspot_user = $6,
             hotspot_password_sealed = $7, paid_at = $8, user_created_at = $9,
             counted_state = CASE WHEN counted THEN payment_state ELSE counted_state END,
             counted = counted AND payment_state = $4
         WHERE company_id = $1 AND purchase_id = $2",
        company.as_str(),
        purchase.as_str(),
        &entry.public_id,
        entry.payment_state,
        entry.hotspot_state,
        &entry.hotspot_user,
        &entry.hotspot_password_sealed,
        entry.paid_at.map(|at| at.0),
        entry.user_created_at.map(|at| at.0)
    )?;
    Ok(())
}
