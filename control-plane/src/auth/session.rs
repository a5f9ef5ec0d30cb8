//! Sessions of administrators: a signed token that names a row; without the row the token is worth nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Number;
use zeroize::Zeroizing;

use super::AuthError;
use super::password::{Passwords, is_outdated};
use super::token::{Signer, millis};
use crate::domain::bucket::Buckets;
use crate::domain::code::Code;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::seams::{Clock, Random};
use crate::store::users::User;
use crate::store::{Store, sessions, users};

/// Wrong passwords a minute for one e-mail address, known or not; then none is looked at.
const FAILURES_PER_MINUTE: u32 = 10;
const HOUR_MS: i64 = 3_600_000;
const ID_BYTES: usize = 16;

#[derive(Serialize)]
struct Claims<'a> {
    jti: &'a str,
    sub: String,
    email: &'a str,
    nombre: &'a str,
    rol: &'a str,
    empresa_id: Option<&'a str>,
    iat: i64,
    exp: i64,
    r#type: &'static str,
}

#[derive(Clone, Deserialize)]
struct Presented {
    jti: String,
    exp: Number,
}

/// A session that has just begun.
pub struct Begun {
    /// The token to send along.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whose it is.
    pub user: User,
}

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Whose it is, as stored now.
    pub user: User,
    /// What the user may do.
    pub role: Role,
    /// Whether the user's company is active; none without a company.
    pub company_active: Option<bool>,
}

/// Begins, finds and ends sessions.
#[derive(Debug)]
pub struct Sessions {
    store: Store,
    clock: Clock,
    random: Random,
    signer: Signer,
    life_ms: i64,
    /// Per e-mail address in lower case.
    failures: Mutex<Buckets<String>>,
}

impl Sessions {
    /// Sessions that last `hours`, signed with `signer`.
    #[must_use]
    pub fn new(store: Store, clock: Clock, random: Random, signer: Signer, hours: u32) -> Self {
        Self { store, clock, random, signer, life_ms: i64::from(hours) * HOUR_MS, failures: Mutex::default() }
    }

    /// Lets a user in.
    ///
    /// # Errors
    /// `login_failed`, `user_inactive`, after too many failures, or when passwords cannot be checked now.
    pub async fn log_in(
        &self,
        passwords: &Passwords,
        email: &str,
        password: Zeroizing<String>,
    ) -> Result<Begun, AuthError> {
        let address = email.to_lowercase();
        // Counted before it is known to fail, so that many at once are not all tried.
        let taken = self.failures().take(address.clone(), FAILURES_PER_MINUTE, self.clock.now());
        taken.map_err(AuthError::TooMany)?;
        let outcome = self.check_and_begin(passwords, email, password).await;
        if !matches!(outcome, Err(AuthError::Refused(Code::LoginFailed))) {
            self.failures().give_back(&address, FAILURES_PER_MINUTE, self.clock.now());
        }
        outcome
    }

    fn failures(&self) -> MutexGuard<'_, Buckets<String>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn check_and_begin(
        &self,
        passwords: &Passwords,
        email: &str,
        password: Zeroizing<String>,
    ) -> Result<Begun, AuthError> {
        let login = users::login(&mut self.store.reader().await?.conn(), email).await?;
        let (user, hash) = login.map_or((None, None), |login| (Some(login.user), Some(login.password_hash)));
        let good = passwords.verify(hash.clone(), password.clone()).await?;
        let user = match user {
            Some(user) if good => user,
            Some(_) | None => return Err(AuthError::Refused(Code::LoginFailed)),
        };
        if !user.active {
            return Err(AuthError::Refused(Code::UserInactive));
        }
        if let Some(outdated) = hash.filter(|hash| is_outdated(hash)) {
            self.renew_hash(passwords, user.id, outdated, password).await?;
        }
        self.begin(user).await
    }

    /// Replaces an imported hash, unless the password was changed meanwhile.
    async fn renew_hash(
        &self,
        passwords: &Passwords,
        user: i64,
        outdated: String,
        password: Zeroizing<String>,
    ) -> Result<(), AuthError> {
        let hash = passwords.hash(password).await?;
        let renewed = self.store.write::<_, AuthError, _>(move |conn| {
            Box::pin(async move { Ok(users::renew_hash(conn, user, &outdated, &hash).await?) })
        });
        renewed.await?;
        tracing::info!(user.id = user, "hash of an imported password replaced");
        Ok(())
    }

    async fn begin(&self, user: User) -> Result<Begun, AuthError> {
        let now = self.clock.now();
        let expires_at = now.plus(self.life_ms);
        let id = self.random.hex::<ID_BYTES>();
        let (session, user_id) = (id.clone(), user.id);
        self.store
            .write::<_, AuthError, _>(move |conn| {
                Box::pin(async move {
                    sessions::insert(conn, &session, user_id, now, expires_at).await?;
                    Ok(users::record_login(conn, user_id, now).await?)
                })
            })
            .await?;
        tracing::info!(user.id = user.id, "user logged in");
        let token = self.signer.sign(&Claims {
            jti: &id,
            sub: user.id.to_string(),
            email: &user.email,
            nombre: &user.name,
            rol: &user.role,
            empresa_id: user.company_id.as_deref(),
            iat: now.seconds(),
            exp: expires_at.seconds(),
            r#type: "access_token",
        });
        Ok(Begun { token, expires_at, user })
    }

    /// The live session of a presented token.
    ///
    /// # Errors
    /// `session_invalid`, `session_expired`, `user_inactive`, or when the database does not answer.
    pub async fn authenticate(&self, token: &str) -> Result<Session, AuthError> {
        let invalid = || AuthError::Refused(Code::SessionInvalid);
        let claims = self.signer.verified::<Presented>(token).ok_or_else(invalid)?;
        let now = self.clock.now();
        if millis(&claims.exp).ok_or_else(invalid)? <= now.0 {
            return Err(AuthError::Refused(Code::SessionExpired));
        }
        let row = sessions::find(&mut self.store.reader().await?.conn(), &claims.jti, now).await?;
        let row = row.ok_or_else(invalid)?;
        if !row.user.active {
            return Err(AuthError::Refused(Code::UserInactive));
        }
        let role = Role::parse(&row.user.role).ok_or_else(invalid)?;
        Ok(Session { id: claims.jti, user: row.user, role, company_active: row.company_active })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(&self, session: Session) -> Result<(), AuthError> {
        let (id, user) = (session.id, session.user.id);
        self.store
            .write::<_, AuthError, _>(move |conn| {
                Box::pin(async move { Ok(sessions::end(conn, &id).await?) })
            })
            .await?;
        tracing::info!(user.id = user, "user logged out");
        Ok(())
    }

    /// Changes the password of a session's user and ends all its other sessions. The new one must have passed
    /// [`super::password::fault`].
    ///
    /// # Errors
    /// `current_password_wrong`, or when passwords cannot be checked now.
    pub async fn change_password(
        &self,
        passwords: &Passwords,
        session: Session,
        current: Zeroizing<String>,
        new: Zeroizing<String>,
    ) -> Result<(), AuthError> {
        let login = users::login(&mut self.store.reader().await?.conn(), &session.user.email).await?;
        if !passwords.verify(login.map(|login| login.password_hash), current).await? {
            return Err(AuthError::Refused(Code::CurrentPasswordWrong));
        }
        let hash = passwords.hash(new).await?;
        let (id, user) = (session.id, session.user.id);
        self.store
            .write::<_, AuthError, _>(move |conn| {
                Box::pin(async move {
                    users::set_password(conn, user, &hash).await?;
                    Ok(sessions::end_others(conn, user, &id).await?)
                })
            })
            .await?;
        tracing::info!(user.id = user, "user changed the password");
        Ok(())
    }
}
