//! The one-time token that an installer pastes.

use pagos_protocol::Secret;
use pagos_protocol::enrolment::Token;
use sha2::{Digest, Sha256};

use super::Authority;
use crate::domain::id::{CompanyId, SiteId};
use crate::seams::{Clock, Random};
use crate::store::{Store, StoreError, enrolment as rows};

/// How long a token can be used, in milliseconds.
pub const TOKEN_LIFE_MS: i64 = 15 * 60 * 1000;
/// How long an ended token is kept, in milliseconds, so that its late use can be told from a wrong one.
const TOKEN_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const SECRET_BYTES: usize = 24;

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The company has no such site.
    #[error("company has no site {0}")]
    UnknownSite(SiteId),
    /// The database did not answer.
    #[error("enrolment token cannot be stored")]
    Store(#[from] StoreError),
}

/// Issues a token that makes one box the agent of a site. `address` is the `host:port` that the box will dial.
///
/// # Errors
/// When the company has no such site, or the database does not answer.
pub async fn issue_token(
    store: &Store,
    clock: &Clock,
    random: &Random,
    authority: &Authority,
    company: &CompanyId,
    site: &SiteId,
    address: &str,
) -> Result<Token, IssueError> {
    let secret = random.hex::<SECRET_BYTES>();
    let hash = secret_hash(&secret);
    let now = clock.now();
    let (owner, place) = (company.clone(), site.clone());
    let stored = store
        .write::<_, StoreError, _>(move |conn| {
            Box::pin(async move {
                rows::prune_tokens(conn, now.plus(-TOKEN_KEPT_MS)).await?;
                rows::insert_token(conn, &hash, &owner, &place, now, now.plus(TOKEN_LIFE_MS)).await
            })
        })
        .await?;
    if !stored {
        return Err(IssueError::UnknownSite(site.clone()));
    }
    tracing::info!(company.id = %company, site.id = %site, "enrolment token issued");
    Ok(Token {
        address: address.to_owned(),
        authority_fingerprint: authority.fingerprint().to_owned(),
        secret: Secret::new(secret),
    })
}

/// What is stored of a secret: SHA-256, lower-case hex. The secret is long and random, so nothing slower is needed.
#[must_use]
pub fn secret_hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::secret_hash;

    #[test]
    fn the_hash_is_plain_sha256() {
        assert_eq!(secret_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
