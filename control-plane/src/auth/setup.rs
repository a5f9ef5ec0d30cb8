//! The one-time link that makes the first super admin. There is no default password.

use sha2::{Digest, Sha256};

use super::AuthError;
use crate::domain::code::Code;
use crate::domain::role::Role;
use crate::seams::{Clock, Random};
use crate::store::users::{NewUser, User};
use crate::store::{Store, StoreError, setup, users};

/// How long a link can be used, in milliseconds.
const LINK_LIFE_MS: i64 = 24 * 3_600_000;
const SECRET_BYTES: usize = 24;

/// The secret of a new link, which takes the place of an older one; none when there is a super admin.
///
/// # Errors
/// When the database does not answer.
pub async fn new_link(store: &Store, clock: &Clock, random: &Random) -> Result<Option<String>, StoreError> {
    if users::super_admin_exists(&mut store.reader().await?.conn()).await? {
        return Ok(None);
    }
    let secret = random.hex::<SECRET_BYTES>();
    let (hash, now) = (secret_hash(&secret), clock.now());
    store
        .write(move |conn| {
            Box::pin(async move { setup::replace_link(conn, &hash, now, now.plus(LINK_LIFE_MS)).await })
        })
        .await?;
    Ok(Some(secret))
}

/// Whether a link can still be used.
///
/// # Errors
/// When the database does not answer.
pub async fn is_live(store: &Store, clock: &Clock, secret: &str) -> Result<bool, StoreError> {
    setup::link_is_live(&mut store.reader().await?.conn(), &secret_hash(secret), clock.now()).await
}

/// Who the first super admin will be.
pub struct FirstAdmin {
    /// Its e-mail.
    pub email: String,
    /// Its name.
    pub name: String,
    /// Hash of its password.
    pub password_hash: String,
}

/// Uses the link up and makes the first super admin.
///
/// # Errors
/// `setup_link_invalid`, `email_taken`, or when the database does not answer.
pub async fn use_link(
    store: &Store,
    clock: &Clock,
    secret: &str,
    admin: FirstAdmin,
) -> Result<User, AuthError> {
    let (hash, now) = (secret_hash(secret), clock.now());
    let user = store
        .write::<_, AuthError, _>(move |conn| {
            Box::pin(async move {
                if !setup::take_link(conn, &hash, now).await? || users::super_admin_exists(conn).await? {
                    return Err(AuthError::Refused(Code::SetupLinkInvalid));
                }
                let new = NewUser {
                    role: Role::SuperAdmin,
                    company_id: None,
                    email: admin.email,
                    name: admin.name,
                    password_hash: admin.password_hash,
                    created_at: now,
                };
                users::insert(conn, &new).await?.ok_or(AuthError::Refused(Code::EmailTaken))
            })
        })
        .await?;
    tracing::info!(user.id = user.id, "first super admin made");
    Ok(user)
}

/// The secret is long and random, so nothing slower is needed.
fn secret_hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
