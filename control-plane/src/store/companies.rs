//! Companies: the tenants.

use super::page::Page;
use super::{Conn, StoreError};
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;

/// Field name under which a company's Telegram token is sealed.
pub const TELEGRAM_BOT_TOKEN: &str = "telegram.bot_token";

/// A company.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Company {
    /// Its id.
    #[sqlx(try_from = "String")]
    pub id: CompanyId,
    /// Name as shown.
    pub name: String,
    /// E-mail of its contact.
    pub contact_email: Option<String>,
    /// Phone of its contact.
    pub contact_phone: Option<String>,
    /// Path of its logo.
    pub logo_url: Option<String>,
    /// `test` or `live`; informative.
    pub conekta_mode: String,
    /// Key for the gateway's page script.
    pub conekta_public_key: Option<String>,
    /// `test` or `live`.
    pub mercado_pago_mode: String,
    /// Key for the gateway's page script.
    pub mercado_pago_public_key: Option<String>,
    /// Bot token, sealed.
    pub telegram_bot_token_sealed: Option<String>,
    /// Chat that is written to.
    pub telegram_chat_id: Option<String>,
    /// Whether messages are sent.
    pub telegram_enabled: bool,
    /// Whether they tell the password of a sale.
    pub telegram_shows_password: bool,
    /// Whether a refund takes the access away.
    pub disable_on_refund: bool,
    /// Whether it may sell.
    pub active: bool,
    /// When it was made.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
}

/// What a new company starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCompany {
    /// Its id.
    pub id: CompanyId,
    /// Name as shown.
    pub name: String,
    /// E-mail of its contact.
    pub contact_email: String,
    /// Phone of its contact.
    pub contact_phone: Option<String>,
    /// `test` or `live`.
    pub conekta_mode: String,
    /// Key for the gateway's page script.
    pub conekta_public_key: Option<String>,
    /// When it is made.
    pub created_at: Timestamp,
}

/// Stores a new company.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &mut Conn<'_>, company: &NewCompany) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO companies (id, name, contact_email, contact_phone, conekta_mode, conekta_public_key, \
         mercado_pago_mode, telegram_enabled, disable_on_refund, active, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 'test', $7, $8, $9, $10)",
        company.id.as_str(),
        &company.name,
        &company.contact_email,
        company.contact_phone.as_deref(),
        &company.conekta_mode,
        company.conekta_public_key.as_deref(),
        false,
        true,
        true,
        company.created_at.0
    )
    .map(|_| ())
}

/// One company.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn<'_>, id: &CompanyId) -> Result<Option<Company>, StoreError> {
    fetch_optional!(conn, Company, "SELECT * FROM companies WHERE id = $1", id.as_str())
}

/// All companies, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn<'_>, page: Page) -> Result<Vec<Company>, StoreError> {
    fetch_all!(
        conn,
        Company,
        "SELECT * FROM companies ORDER BY created_at, id LIMIT $1 OFFSET $2",
        page.limit,
        page.offset
    )
}

/// Changed Conekta settings; none leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConektaChange {
    /// Key for the gateway's page script.
    pub public_key: Option<String>,
    /// `test` or `live`.
    pub mode: Option<String>,
}

/// Changes Conekta settings; false when there is no such company.
///
/// # Errors
/// When the database fails.
pub async fn change_conekta(
    conn: &mut Conn<'_>,
    id: &CompanyId,
    change: &ConektaChange,
) -> Result<bool, StoreError> {
    let rows = execute!(
        conn,
        "UPDATE companies SET conekta_public_key = COALESCE($1, conekta_public_key), \
         conekta_mode = COALESCE($2, conekta_mode) WHERE id = $3",
        change.public_key.as_deref(),
        change.mode.as_deref(),
        id.as_str()
    )?;
    Ok(rows == 1)
}

/// Numbers about the whole platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct PlatformCounts {
    /// All companies.
    pub companies: i64,
    /// Those that may sell.
    pub active_companies: i64,
    /// All users.
    pub users: i64,
}

/// Counts companies and users.
///
/// # Errors
/// When the database fails.
pub async fn platform_counts(conn: &mut Conn<'_>) -> Result<PlatformCounts, StoreError> {
    fetch_one!(
        conn,
        PlatformCounts,
        "SELECT (SELECT COUNT(*) FROM companies) AS companies, \
         (SELECT COUNT(*) FROM companies WHERE active = $1) AS active_companies, \
         (SELECT COUNT(*) FROM users) AS users",
        true
    )
}

/// Numbers about one company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct CompanyCounts {
    /// All its routers.
    pub routers: i64,
    /// Those that are switched on.
    pub active_routers: i64,
    /// Its users.
    pub users: i64,
    /// Its API keys that are neither revoked nor expired.
    pub live_keys: i64,
}

/// Counts what a company has.
///
/// # Errors
/// When the database fails.
pub async fn counts(
    conn: &mut Conn<'_>,
    id: &CompanyId,
    now: Timestamp,
) -> Result<CompanyCounts, StoreError> {
    fetch_one!(
        conn,
        CompanyCounts,
        "SELECT (SELECT COUNT(*) FROM routers WHERE company_id = $1) AS routers, \
         (SELECT COUNT(*) FROM routers WHERE company_id = $1 AND active = $2) AS active_routers, \
         (SELECT COUNT(*) FROM users WHERE company_id = $1) AS users, \
         (SELECT COUNT(*) FROM api_keys WHERE company_id = $1 AND revoked_at IS NULL AND expires_at > $3) \
         AS live_keys",
        id.as_str(),
        true,
        now.0
    )
}

/// Whether a company wants users disabled whose money went back.
///
/// # Errors
/// When the database fails.
pub async fn disables_on_refund(conn: &mut Conn<'_>, id: &CompanyId) -> Result<bool, StoreError> {
    let (disables,) =
        fetch_one!(conn, (bool,), "SELECT disable_on_refund FROM companies WHERE id = $1", id.as_str())?;
    Ok(disables)
}

/// The unguessable part of the company's notification addresses.
///
/// # Errors
/// When the database fails.
pub async fn webhook_path(conn: &mut Conn<'_>, id: &CompanyId) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(
        conn,
        (Option<String>,),
        "SELECT webhook_path FROM companies WHERE id = $1",
        id.as_str()
    )?;
    Ok(row.and_then(|(path,)| path))
}

/// Gives the company `path`, unless it has one; tells which it has now. None when there is no such company.
///
/// # Errors
/// When the database fails.
pub async fn keep_webhook_path(
    conn: &mut Conn<'_>,
    id: &CompanyId,
    path: &str,
) -> Result<Option<String>, StoreError> {
    execute!(
        conn,
        "UPDATE companies SET webhook_path = $2 WHERE id = $1 AND webhook_path IS NULL",
        id.as_str(),
        path
    )?;
    webhook_path(conn, id).await
}

/// The company whose notification addresses have this part.
///
/// # Errors
/// When the database fails.
pub async fn by_webhook_path(conn: &mut Conn<'_>, path: &str) -> Result<Option<CompanyId>, StoreError> {
    let row = fetch_optional!(conn, (String,), "SELECT id FROM companies WHERE webhook_path = $1", path)?;
    Ok(row.map(|(id,)| CompanyId::new(id)))
}

/// Says where the company's logo is; false when there is no such company.
///
/// # Errors
/// When the database fails.
pub async fn set_logo(conn: &mut Conn<'_>, id: &CompanyId, path: &str) -> Result<bool, StoreError> {
    let rows = execute!(conn, "UPDATE companies SET logo_url = $2 WHERE id = $1", id.as_str(), path)?;
    Ok(rows == 1)
}

/// Whether there is such a company.
///
/// # Errors
/// When the database fails.
pub async fn exists(conn: &mut Conn<'_>, id: &CompanyId) -> Result<bool, StoreError> {
    let row = fetch_optional!(conn, (String,), "SELECT id FROM companies WHERE id = $1", id.as_str())?;
    Ok(row.is_some())
}

/// Changed Mercado Pago settings; an outer none leaves a field as it is, an inner one erases it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MercadoPagoChange {
    /// Key for the gateway's page script.
    pub public_key: Option<Option<String>>,
    /// `test` or `live`.
    pub mode: Option<String>,
}

/// Changes Mercado Pago settings and locks the company's row; false when there is no such company.
///
/// # Errors
/// When the database fails.
pub async fn change_mercado_pago(
    conn: &mut Conn<'_>,
    id: &CompanyId,
    change: &MercadoPagoChange,
) -> Result<bool, StoreError> {
    let rows = execute!(
        conn,
        "UPDATE companies SET mercado_pago_mode = COALESCE($2, mercado_pago_mode), \
         mercado_pago_public_key = CASE WHEN $3 THEN $4 ELSE mercado_pago_public_key END WHERE id = $1",
        id.as_str(),
        change.mode.as_deref(),
        change.public_key.is_some(),
        change.public_key.as_ref().and_then(|key| key.as_deref())
    )?;
    Ok(rows == 1)
}

/// Changed facts about a company itself; an outer none leaves a field as it is, an inner one erases it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Name as shown.
    pub name: Option<String>,
    /// E-mail of its contact.
    pub contact_email: Option<Option<String>>,
    /// Phone of its contact.
    pub contact_phone: Option<Option<String>>,
    /// Bot token, sealed.
    pub telegram_bot_token_sealed: Option<Option<String>>,
    /// Chat that is written to.
    pub telegram_chat_id: Option<Option<String>>,
    /// Whether messages are sent.
    pub telegram_enabled: Option<bool>,
    /// Whether they tell the password of a sale.
    pub telegram_shows_password: Option<bool>,
    /// Whether a refund takes the access away.
    pub disable_on_refund: Option<bool>,
}

/// Changes a company; gives it as it is now, or none when there is no such company.
///
/// # Errors
/// When the database fails.
pub async fn change(
    conn: &mut Conn<'_>,
    id: &CompanyId,
    change: &Change,
) -> Result<Option<Company>, StoreError> {
    let text = |field: &Option<Option<String>>| (field.is_some(), field.clone().flatten());
    let ((email_sent, email), (phone_sent, phone)) =
        (text(&change.contact_email), text(&change.contact_phone));
    let (token_sent, token) = text(&change.telegram_bot_token_sealed);
    let (chat_sent, chat) = text(&change.telegram_chat_id);
    execute!(
        conn,
        "UPDATE companies SET name = COALESCE($2, name), \
         contact_email = CASE WHEN $3 THEN $4 ELSE contact_email END, \
         contact_phone = CASE WHEN $5 THEN $6 ELSE contact_phone END, \
         telegram_bot_token_sealed = CASE WHEN $7 THEN $8 ELSE telegram_bot_token_sealed END, \
         telegram_chat_id = CASE WHEN $9 THEN $10 ELSE telegram_chat_id END, \
         telegram_enabled = COALESCE($11, telegram_enabled), \
         disable_on_refund = COALESCE($12, disable_on_refund), \
         telegram_shows_password = COALESCE($13, telegram_shows_password) WHERE id = $1",
        id.as_str(),
        change.name.as_deref(),
        email_sent,
        email,
        phone_sent,
        phone,
        token_sent,
        token,
        chat_sent,
        chat,
        change.telegram_enabled,
        change.disable_on_refund,
        change.telegram_shows_password
    )?;
    find(conn, id).await
}
