//! Companies and users.

use super::{Clash, Verdict};
use crate::domain::id::CompanyId;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::store::{Conn, StoreError, credentials, webhook_keys};

/// A company with its gateway secrets, sealed.
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// Name as shown.
    pub name: String,
    /// E-mail of its contact.
    pub contact_email: Option<String>,
    /// Phone of its contact.
    pub contact_phone: Option<String>,
    /// Path of its logo.
    pub logo_url: Option<String>,
    /// `test` or `live`.
    pub conekta_mode: &'static str,
    /// Key for the gateway's page script.
    pub conekta_public_key: Option<String>,
    /// Private key.
    pub conekta_key_sealed: Option<String>,
    /// `test` or `live`.
    pub mercado_pago_mode: &'static str,
    /// Key for the gateway's page script.
    pub mercado_pago_public_key: Option<String>,
    /// Access token.
    pub mercado_pago_token_sealed: Option<String>,
    /// Secret of notifications.
    pub mercado_pago_secret_sealed: Option<String>,
    /// Bot token.
    pub telegram_bot_token_sealed: Option<String>,
    /// Chat that is written to.
    pub telegram_chat_id: Option<String>,
    /// Whether messages are sent.
    pub telegram_enabled: bool,
    /// Whether it may sell.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The unguessable part of its notification addresses: without it gateways are told no address.
    pub webhook_path: String,
}

/// A user.
pub struct User {
    /// Its id.
    pub id: i64,
    /// What it may do.
    pub role: Role,
    /// Its company; none for a super admin.
    pub company_id: Option<String>,
    /// Its e-mail.
    pub email: String,
    /// Hash of its password.
    pub password_hash: String,
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub active: bool,
    /// When it last did.
    pub last_login_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

pub(super) async fn judge_company(conn: &mut Conn<'_>, company: &Company) -> Result<Verdict, StoreError> {
    let known = crate::store::companies::exists(conn, &company.id).await?;
    Ok(if known { Verdict::Known } else { Verdict::Absent })
}

pub(super) async fn insert_company(conn: &mut Conn<'_>, company: &Company) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO companies (id, name, contact_email, contact_phone, logo_url, conekta_mode, conekta_public_key, \
         mercado_pago_mode, mercado_pago_public_key, telegram_bot_token_sealed, telegram_chat_id, telegram_enabled, \
         disable_on_refund, active, created_at, webhook_path) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        company.id.as_str(),
        &company.name,
        company.contact_email.as_deref(),
        company.contact_phone.as_deref(),
        company.logo_url.as_deref(),
        company.conekta_mode,
        company.conekta_public_key.as_deref(),
        company.mercado_pago_mode,
        company.mercado_pago_public_key.as_deref(),
        company.telegram_bot_token_sealed.as_deref(),
        company.telegram_chat_id.as_deref(),
        company.telegram_enabled,
        true,
        company.active,
        company.created_at.0,
        &company.webhook_path
    )?;
    let keys = [
        (credentials::CONEKTA, &company.conekta_key_sealed),
        (credentials::MERCADO_PAGO, &company.mercado_pago_token_sealed),
    ];
    for (gateway, sealed) in keys {
        if let Some(sealed) = sealed {
            credentials::add(conn, &company.id, gateway, sealed, company.created_at).await?;
        }
    }
    if let Some(sealed) = &company.mercado_pago_secret_sealed {
        let gateway = credentials::MERCADO_PAGO;
        webhook_keys::add(conn, &company.id, gateway, sealed, company.created_at).await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Standing {
    id: i64,
    email: String,
    role: String,
    company_id: Option<String>,
}

/// Who logs in with an e-mail is who that is, whatever the number.
pub(super) async fn judge_user(conn: &mut Conn<'_>, user: &User) -> Result<Verdict, StoreError> {
    let standing = fetch_all!(
        conn,
        Standing,
        "SELECT id, email, role, company_id FROM users WHERE id = $1 OR email = $2",
        user.id,
        &user.email
    )?;
    let Some(same) = standing.iter().find(|one| one.email == user.email) else {
        return Ok(if standing.is_empty() { Verdict::Absent } else { Verdict::Renumbered });
    };
    Ok(if same.role != user.role.as_str() || same.company_id != user.company_id {
        Verdict::Clash(Clash::Email)
    } else if same.id == user.id {
        Verdict::Known
    } else {
        Verdict::Namesake
    })
}

pub(super) async fn insert_user(conn: &mut Conn<'_>, user: &User, id: i64) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO users (id, role, company_id, email, password_hash, name, active, last_login_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        user.role.as_str(),
        user.company_id.as_deref(),
        &user.email,
        &user.password_hash,
        &user.name,
        user.active,
        user.last_login_at.map(|at| at.0),
        user.created_at.0
    )
    .map(|_| ())
}

/// Nothing else of the replaced service names a user by number.
pub(super) async fn insert_renumbered_user(conn: &mut Conn<'_>, user: &User) -> Result<(), StoreError> {
    let (id,) = fetch_one!(
        conn,
        (i64,),
        "UPDATE sequences SET value = value + 1 WHERE name = 'users' RETURNING value"
    )?;
    insert_user(conn, user, id).await
}
