//! How this box becomes an agent: one token, one exchange.
//!
//! The key is made here and never leaves the box. The server is trusted only if it shows the authority that the token
//! names and that authority has signed it for the dialled name. The key is on disk before the token is used, so a full
//! or read-only disk does not cost a token.

mod exchange;

use std::{io, path::Path, time::Duration};

use pagos_protocol::Secret;
use pagos_protocol::enrolment::{EnrollRefusal, EnrollRequest, EnrollResponse, Token};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::identity::{self, Credentials, IdentityError};
use crate::link::{Address, DialError, dial, tls};

/// How long an enrolment may take, in milliseconds.
pub const ENROLL_DEADLINE_MS: u64 = 30_000;
/// Length of a SHA-256 in hex.
const FINGERPRINT_CHARS: usize = 64;

/// Why the box was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The text is not a token, or not all of it.
    #[error("the text is not an enrolment token")]
    NotAToken,
    /// The identity's files cannot be written or read.
    #[error("cannot store the identity")]
    Identity(#[from] IdentityError),
    /// No key or request could be made.
    #[error("cannot make a key")]
    Key(#[from] rcgen::Error),
    /// There is no connection.
    #[error("cannot reach the control plane")]
    Dial(#[source] DialError),
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// The connection was cut.
    #[error("the exchange with the control plane failed")]
    Exchange(#[source] io::Error),
    /// The control plane does not accept the token or the request.
    #[error("the control plane refused the enrolment: {code}")]
    Refused {
        /// Stable code of the reason.
        code: String,
    },
    /// An answer that no control plane gives.
    #[error("the control plane gave an answer that cannot be used (HTTP status {0})")]
    Answer(u16),
    /// It took longer than [`ENROLL_DEADLINE_MS`].
    #[error("the enrolment took too long")]
    Deadline,
}

/// What came of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Where the agent will dial.
    pub address: Address,
    /// The agent's new identity.
    pub agent_id: String,
    /// The site it serves.
    pub site_id: String,
}

/// Enrols this box and puts the new identity into use, in place of any earlier one.
///
/// # Errors
/// [`EnrolError`]; an earlier identity stays in use then.
pub async fn enroll(data_dir: &Path, token: &str) -> Result<Enrolled, EnrolError> {
    let token = Token::decode(token).map_err(|_| EnrolError::NotAToken)?;
    let address = Address::parse(&token.address).map_err(|_| EnrolError::NotAToken)?;
    if token.authority_fingerprint.len() != FINGERPRINT_CHARS {
        return Err(EnrolError::NotAToken);
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let csr_pem = request(&key)?;
    let staged = identity::stage_key(data_dir, &key.serialize_pem())?;
    let asked = Box::pin(ask(&address, &token, csr_pem));
    let answer = match tokio::time::timeout(Duration::from_millis(ENROLL_DEADLINE_MS), asked).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            staged.discard();
            return Err(error);
        }
        Err(_) => {
            staged.discard();
            return Err(EnrolError::Deadline);
        }
    };
    let credentials = Credentials {
        address: &address,
        agent_id: &answer.agent_id,
        site_id: &answer.site_id,
        certificate_pem: &answer.certificate_pem,
        authority_pem: &answer.authority_pem,
    };
    identity::put_into_use(data_dir, staged, &credentials)?;
    // What cannot be read now would fail at the next start, when nobody watches.
    identity::load(data_dir)?;
    Ok(Enrolled { address, agent_id: answer.agent_id, site_id: answer.site_id })
}

fn request(key: &KeyPair) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::default();
    // The control plane names its agents itself.
    params.distinguished_name = DistinguishedName::new();
    params.serialize_request(key)?.pem()
}

async fn ask(address: &Address, token: &Token, csr_pem: String) -> Result<EnrollResponse, EnrolError> {
    let config = tls::pinned(&token.authority_fingerprint).map_err(EnrolError::Tls)?;
    let stream = dial::connect(address, config).await.map_err(EnrolError::Dial)?;
    let body = EnrollRequest {
        secret: Secret::new(token.secret.expose()),
        csr_pem,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let answer = exchange::post(stream, address, &body).await.map_err(EnrolError::Exchange)?;
    if answer.status == exchange::OK {
        let response: EnrollResponse =
            serde_json::from_slice(&answer.body).map_err(|_| EnrolError::Answer(answer.status))?;
        return authentic(response, &token.authority_fingerprint).ok_or(EnrolError::Answer(answer.status));
    }
    match serde_json::from_slice::<EnrollRefusal>(&answer.body) {
        Ok(refusal) if answer.status == exchange::FORBIDDEN => {
            Err(EnrolError::Refused { code: refusal.code })
        }
        Ok(_) | Err(_) => Err(EnrolError::Answer(answer.status)),
    }
}

/// The response, if the authority in it is the one that the token names.
fn authentic(response: EnrollResponse, fingerprint: &str) -> Option<EnrollResponse> {
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    let authority = CertificateDer::from_pem_slice(response.authority_pem.as_bytes()).ok()?;
    (tls::fingerprint_of(&authority) == fingerprint.to_ascii_lowercase()).then_some(response)
}
