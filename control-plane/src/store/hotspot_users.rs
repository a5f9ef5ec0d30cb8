//! What is known of the hotspot users that were sold on a router, here or by the service that was replaced.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, RouterId};

/// The sealed password that a user was sold with last; none when it was not sold on this router.
///
/// # Errors
/// When the database fails.
pub async fn password_sealed(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(
        conn,
        (String,),
        "SELECT hotspot_password_sealed FROM transactions
         WHERE router_id = $1 AND company_id = $2 AND hotspot_user = $3 AND hotspot_password_sealed IS NOT NULL
             AND (paid_at IS NOT NULL OR purchase_id IS NULL)
         ORDER BY created_at DESC, id DESC LIMIT 1",
        router.as_str(),
        company.as_str(),
        name
    )?;
    Ok(row.map(|(sealed,)| sealed))
}
