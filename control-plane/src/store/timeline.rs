//! The record of each purchase: lines that are added with each commit and never changed.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, PurchaseId};

/// Most commits of one purchase whose lines are given at once; of a longer record, the newest.
const COMMITS_MAX: i64 = 500;

/// Adds the lines of one commit, as a JSON list.
///
/// # Errors
/// When the database refuses.
pub async fn add(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    purchase: &PurchaseId,
    version: i64,
    lines: &str,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO purchase_lines (purchase_id, version, company_id, lines) VALUES ($1, $2, $3, $4)",
        purchase.as_str(),
        version,
        company.as_str(),
        lines
    )?;
    Ok(())
}

/// The lines of a purchase, as one JSON list per commit, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    purchase: &PurchaseId,
) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = fetch_all!(
        conn,
        (String,),
        "SELECT lines FROM purchase_lines WHERE purchase_id = $1 AND company_id = $2 ORDER BY version DESC LIMIT $3",
        purchase.as_str(),
        company.as_str(),
        COMMITS_MAX
    )?;
    Ok(rows.into_iter().rev().map(|(lines,)| lines).collect())
}
