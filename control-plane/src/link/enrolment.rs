//! What happens when a box presents a token: it becomes the one agent of the token's site.
//!
//! The token is used up, the earlier agents of the site are revoked and the new one is stored in one transaction, so a
//! token that was shown to two boxes makes one agent. The reason of a refusal is logged, the secret never is.

use futures_util::future::BoxFuture;
use pagos_protocol::enrolment::{EnrollRefusal, EnrollRequest, EnrollResponse};

use super::listener::Context;
use super::token::secret_hash;
use crate::domain::id::{AgentId, CompanyId, SiteId};
use crate::domain::time::Timestamp;
use crate::store::enrolment::TokenRow;
use crate::store::{Conn, StoreError, agents, enrolment as rows};

/// Longest version text that is stored, in characters.
pub(super) const VERSION_CHARS_MAX: usize = 50;

/// Why a box was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// There is no such token.
    #[error("enrolment token is unknown")]
    TokenUnknown,
    /// The token has made an agent already.
    #[error("enrolment token was used before")]
    TokenUsed,
    /// The token's time is over.
    #[error("enrolment token has expired")]
    TokenExpired,
    /// The certificate request is refused.
    #[error("certificate request is refused")]
    Request(#[from] super::authority::RequestError),
    /// The database did not answer; the same token may be tried again.
    #[error("enrolment cannot be stored")]
    Store(#[from] StoreError),
}

impl EnrolError {
    /// What the box is told; none when it should simply try again.
    #[must_use]
    pub fn refusal(&self) -> Option<EnrollRefusal> {
        let code = match self {
            Self::TokenUnknown => "token_unknown",
            Self::TokenUsed => "token_used",
            Self::TokenExpired => "token_expired",
            Self::Request(_) => "request_invalid",
            Self::Store(_) => return None,
        };
        Some(EnrollRefusal { code: code.to_owned() })
    }
}

/// Makes the sender the agent of the token's site and closes the connection of its predecessor.
///
/// # Errors
/// [`EnrolError`]; nothing is changed then.
pub async fn enrol(context: &Context, request: EnrollRequest) -> Result<EnrollResponse, EnrolError> {
    let now = context.clock.now();
    let hash = secret_hash(request.secret.expose());
    let found = rows::find_token(&mut context.store.reader().await?.conn(), &hash).await?;
    let token = usable(found, now)?;
    let id = AgentId::new(context.random.uuid(now));
    let signed = context.authority.sign_agent(&request.csr_pem, &id)?;
    let agent = agents::NewAgent {
        id: id.clone(),
        site: SiteId::new(token.site_id.as_str()),
        company: CompanyId::new(token.company_id.as_str()),
        fingerprint: signed.fingerprint,
        expires_at: signed.expires_at,
        version: request.agent_version.chars().take(VERSION_CHARS_MAX).collect(),
    };
    let revoked = context.store.write(move |conn| replace(conn, hash, agent, now)).await?;
    for former in &revoked {
        context.hub.disconnect_agent(former);
    }
    tracing::info!(
        agent.id = %id,
        site.id = token.site_id,
        company.id = token.company_id,
        agents.revoked = revoked.len(),
        "agent enrolled"
    );
    Ok(EnrollResponse {
        agent_id: id.as_str().to_owned(),
        site_id: token.site_id,
        certificate_pem: signed.pem,
        authority_pem: context.authority.certificate_pem().to_owned(),
    })
}

fn replace<'a>(
    conn: &'a mut Conn<'_>,
    hash: String,
    agent: agents::NewAgent,
    now: Timestamp,
) -> BoxFuture<'a, Result<Vec<AgentId>, EnrolError>> {
    Box::pin(async move {
        if !rows::use_token(conn, &hash, now).await? {
            // Another box was faster by a moment.
            usable(rows::find_token(conn, &hash).await?, now)?;
            return Err(EnrolError::TokenUsed);
        }
        let revoked = agents::revoke_site(conn, &agent.company, &agent.site, now).await?;
        agents::insert(conn, &agent, now).await?;
        Ok(revoked)
    })
}

fn usable(token: Option<TokenRow>, now: Timestamp) -> Result<TokenRow, EnrolError> {
    let token = token.ok_or(EnrolError::TokenUnknown)?;
    if token.used_at.is_some() {
        return Err(EnrolError::TokenUsed);
    }
    if token.expires_at <= now.0 {
        return Err(EnrolError::TokenExpired);
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::{EnrolError, usable};
    use crate::domain::time::Timestamp;
    use crate::store::enrolment::TokenRow;

    fn token(expires_at: i64, used_at: Option<i64>) -> Option<TokenRow> {
        Some(TokenRow { site_id: "s".into(), company_id: "c".into(), expires_at, used_at })
    }

    #[test]
    fn a_token_is_good_until_its_end_and_once() {
        let now = Timestamp(100);
        assert!(usable(token(101, None), now).is_ok());
        assert!(matches!(usable(token(100, None), now), Err(EnrolError::TokenExpired)));
        assert!(matches!(usable(token(100, Some(5)), now), Err(EnrolError::TokenUsed)));
        assert!(matches!(usable(None, now), Err(EnrolError::TokenUnknown)));
    }
}
