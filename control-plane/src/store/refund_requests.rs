//! What admins asked refunds with. The refund itself is part of its purchase; here is what tells a repeat of the request
//! from another one, and the admin's own words.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::time::Timestamp;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The purchase.
    pub purchase: PurchaseId,
    /// Its company.
    pub company: CompanyId,
    /// The refund that the request leads to, however often it is repeated.
    pub refund: String,
    /// What makes two bodies the same.
    pub fingerprint: String,
    /// Why, in the admin's words.
    pub note: Option<String>,
    /// The admin.
    pub asked_by: i64,
    /// When.
    pub asked_at: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is the first request for this refund.
    First,
    /// The same request came before.
    Repeat,
    /// Another request came before under the same key.
    OtherBody,
}

/// Notes a request, unless there is one for the same refund.
///
/// # Errors
/// When the database refuses.
pub async fn claim(conn: &mut Conn<'_>, request: &RefundRequest) -> Result<Claim, StoreError> {
    let noted = execute!(
        conn,
        "INSERT INTO refund_requests (purchase_id, refund_id, company_id, fingerprint, note, asked_by, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (purchase_id, refund_id) DO NOTHING",
        request.purchase.as_str(),
        &request.refund,
        request.company.as_str(),
        &request.fingerprint,
        request.note.as_deref(),
        request.asked_by,
        request.asked_at.0
    )?;
    if noted == 1 {
        return Ok(Claim::First);
    }
    let (fingerprint,) = fetch_one!(
        conn,
        (String,),
        "SELECT fingerprint FROM refund_requests
         WHERE purchase_id = $1 AND refund_id = $2 AND company_id = $3",
        request.purchase.as_str(),
        &request.refund,
        request.company.as_str()
    )?;
    Ok(if fingerprint == request.fingerprint { Claim::Repeat } else { Claim::OtherBody })
}

/// Forgets a request that led to no refund, so that its key is free again.
///
/// # Errors
/// When the database refuses.
pub async fn forget(conn: &mut Conn<'_>, request: &RefundRequest) -> Result<(), StoreError> {
    execute!(
        conn,
        "DELETE FROM refund_requests WHERE purchase_id = $1 AND refund_id = $2 AND company_id = $3",
        request.purchase.as_str(),
        &request.refund,
        request.company.as_str()
    )?;
    Ok(())
}

/// Refund ids of a purchase with the words they were asked for with.
///
/// # Errors
/// When the database fails.
pub async fn notes(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    purchase: &PurchaseId,
) -> Result<Vec<(String, String)>, StoreError> {
    fetch_all!(
        conn,
        (String, String),
        "SELECT refund_id, note FROM refund_requests
         WHERE purchase_id = $1 AND company_id = $2 AND note IS NOT NULL ORDER BY refund_id",
        purchase.as_str(),
        company.as_str()
    )
}
