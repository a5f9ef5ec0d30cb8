//! API keys of routers: `jwt_` and a signed token, of which only a hash is stored.
//!
//! Who a key stands for is what its row says, not its claims. Reads are cached for a few seconds and uses are counted in
//! memory, so that a portal that reads the catalogue causes no write and mostly no query for its key.

mod cache;
mod usage;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Number;
use sha2::{Digest, Sha256};

use super::AuthError;
use super::token::{Signer, millis};
use crate::domain::code::Code;
use crate::domain::id::{ApiKeyId, CompanyId, RouterId};
use crate::seams::{Clock, Random};
use crate::store::api_keys::{self, Identity, NewApiKey};
use crate::store::{Store, StoreError};
use cache::Cache;
use usage::Counter;

/// Begins every key.
const PREFIX: &str = "jwt_";
/// Longest key that is looked at, in bytes.
const KEY_BYTES_MAX: usize = 4096;
const DAY_MS: i64 = 24 * 3_600_000;
const ISSUER: &str = "mikrotik-payment-api";
const KIND: &str = "router_api_key";

#[derive(Serialize)]
struct Claims<'a> {
    jti: &'a str,
    iss: &'static str,
    sub: &'a str,
    empresa: &'a str,
    iat: i64,
    exp: i64,
    r#type: &'static str,
}

#[derive(Clone, Deserialize)]
struct Presented {
    exp: Number,
}

/// A key that was just made. Its text is shown once.
pub struct Issued {
    /// The key as its owner gets it.
    pub text: String,
    /// What is to be stored.
    pub row: NewApiKey,
}

/// Issues keys and tells whom they stand for.
pub struct ApiKeys {
    store: Store,
    clock: Clock,
    random: Random,
    signer: Signer,
    /// Verifies keys of the replaced service.
    original: Option<Signer>,
    life_ms: i64,
    cache: Cache,
    counter: Counter,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").finish_non_exhaustive()
    }
}

impl ApiKeys {
    /// Keys that last `days`, signed with `signer`. Those signed with `original` are accepted too.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        random: Random,
        signer: Signer,
        original: Option<Signer>,
        days: u32,
    ) -> Self {
        let life_ms = i64::from(days) * DAY_MS;
        let (cache, counter) = (Cache::default(), Counter::default());
        Self { store, clock, random, signer, original, life_ms, cache, counter }
    }

    /// A new key for a router; its row is still to be stored.
    #[must_use]
    pub fn issue(&self, company: &CompanyId, router: &RouterId) -> Issued {
        let id = ApiKeyId::draw(&self.random);
        let issued_at = self.clock.now();
        let expires_at = issued_at.plus(self.life_ms);
        let token = self.signer.sign(&Claims {
            jti: id.as_str(),
            iss: ISSUER,
            sub: router.as_str(),
            empresa: company.as_str(),
            iat: issued_at.seconds(),
            exp: expires_at.seconds(),
            r#type: KIND,
        });
        let row = NewApiKey {
            id,
            company_id: company.clone(),
            router_id: router.clone(),
            key_hash: hex::encode(Sha256::digest(token.as_bytes())),
            issued_at,
            expires_at,
        };
        Issued { text: format!("{PREFIX}{token}"), row }
    }

    /// Whom a presented key stands for. The use is counted.
    ///
    /// # Errors
    /// `api_key_malformed`, `api_key_invalid`, `api_key_expired`, `api_key_revoked`, `company_inactive`, or when the
    /// database does not answer.
    pub async fn authenticate(&self, presented: &str) -> Result<Arc<Identity>, AuthError> {
        let token = presented.strip_prefix(PREFIX).ok_or(AuthError::Refused(Code::ApiKeyMalformed))?;
        if token.len() > KEY_BYTES_MAX {
            return Err(AuthError::Refused(Code::ApiKeyInvalid));
        }
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = self.clock.now();
        let identity = match self.cache.find(&hash, now) {
            Some(identity) => identity,
            None => self.look_up(token, hash).await?,
        };
        if !identity.company_active {
            return Err(AuthError::Refused(Code::CompanyInactive));
        }
        self.counter.count(&identity.key_id, now);
        Ok(identity)
    }

    async fn look_up(&self, token: &str, hash: [u8; 32]) -> Result<Arc<Identity>, AuthError> {
        let invalid = || AuthError::Refused(Code::ApiKeyInvalid);
        let claims = self
            .signer
            .verified::<Presented>(token)
            .or_else(|| self.original.as_ref().and_then(|signer| signer.verified(token)))
            .ok_or_else(invalid)?;
        let expires_at = millis(&claims.exp).ok_or_else(invalid)?;
        let now = self.clock.now();
        if expires_at <= now.0 {
            return Err(AuthError::Refused(Code::ApiKeyExpired));
        }
        let seen = self.cache.generation();
        let row = api_keys::identify(&mut self.store.reader().await?.conn(), &hex::encode(hash)).await?;
        let identity = Arc::new(row.ok_or(AuthError::Refused(Code::ApiKeyRevoked))?);
        self.cache.keep(seen, hash, identity.clone(), now, expires_at.into());
        Ok(identity)
    }

    /// Forgets what is cached: a key, router or company was changed.
    pub fn forget(&self) {
        self.cache.clear();
    }

    /// Writes the counted uses.
    ///
    /// # Errors
    /// When the database does not answer; the counts are kept for the next time.
    pub async fn flush_usage(&self) -> Result<(), StoreError> {
        let usage = self.counter.take();
        if usage.is_empty() {
            return Ok(());
        }
        let rows = usage.clone();
        let written = self
            .store
            .write(move |conn| Box::pin(async move { api_keys::record_usage(conn, &rows).await }))
            .await;
        if written.is_err() {
            self.counter.put_back(usage);
        }
        written
    }
}
