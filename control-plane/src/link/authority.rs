//! The certificate authority of the agents: one self-signed P-256 certificate, made at the first start.
//!
//! Its key never leaves the process unsealed. Agents are told its fingerprint in their token and trust nothing else.

mod request;

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::domain::id::AgentId;
use crate::domain::time::Timestamp;
use crate::seams::{Clock, Random};
use crate::store::{Store, StoreError, authority as rows};
use crate::vault::{self, Vault, VaultError};

pub use request::RequestError;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long the authority's own certificate is valid, in milliseconds: 20 years.
const AUTHORITY_LIFE_MS: i64 = 20 * 365 * DAY_MS;
/// How long the listener's certificate is valid, in milliseconds: 2 years; it is made anew at each start.
const LISTENER_LIFE_MS: i64 = 2 * 365 * DAY_MS;
/// How long an agent's certificate is valid, in milliseconds.
pub const AGENT_LIFE_MS: i64 = 90 * DAY_MS;
/// How far certificates reach back, in milliseconds, for clocks that run behind.
const CLOCK_SLACK_MS: i64 = DAY_MS;
const SERIAL_BYTES: usize = 16;

/// Names that the listener's certificate always carries.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Field name under which the authority's key is sealed for the platform.
pub const KEY_FIELD: &str = "authority.key";
const KEY_CONTEXT: vault::Context<'static> = vault::Context { tenant: vault::PLATFORM, field: KEY_FIELD };

/// Why the authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The database did not answer.
    #[error("authority cannot be read or stored")]
    Store(#[from] StoreError),
    /// The stored key cannot be unsealed.
    #[error("key of the authority cannot be unsealed")]
    Vault(#[source] VaultError),
    /// What is stored is not a certificate and its key.
    #[error("stored authority is damaged: {0}")]
    Damaged(&'static str),
    /// A certificate could not be made.
    #[error("certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// An agent address has no host that a certificate can name.
    #[error("agent address {0} has no usable host name")]
    Name(String),
}

/// Signs agents and the listener.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    certificate: CertificateDer<'static>,
    fingerprint: String,
    made_at: Timestamp,
    clock: Clock,
    random: Random,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// A certificate for an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCertificate {
    /// PEM.
    pub pem: String,
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Certificate chain and key of the listener.
#[derive(Debug)]
pub struct ListenerIdentity {
    /// The listener's certificate, then the authority's, so that an enrolling box can find what its token names.
    pub chain: Vec<CertificateDer<'static>>,
    /// Key of the first.
    pub key: PrivateKeyDer<'static>,
}

impl Authority {
    /// Opens the stored authority, or makes and stores one.
    ///
    /// # Errors
    /// When the database or the vault refuses, or what is stored is damaged.
    pub async fn open(
        store: &Store,
        vault: &Vault,
        clock: Clock,
        random: Random,
    ) -> Result<Self, AuthorityError> {
        let stored = rows::read(&mut store.reader().await?.conn()).await?;
        let row = match stored {
            Some(row) => row,
            None => make(store, vault, &clock, &random).await?,
        };
        let key_pem = vault.open_sealed(&KEY_CONTEXT, &row.key_sealed).map_err(AuthorityError::Vault)?;
        let key = KeyPair::from_pem(&key_pem).map_err(|_| AuthorityError::Damaged("its key is not a key"))?;
        let certificate = CertificateDer::from_pem_slice(row.certificate_pem.as_bytes())
            .map_err(|_| AuthorityError::Damaged("its certificate is not PEM"))?;
        let issuer = Issuer::from_ca_cert_pem(&row.certificate_pem, key)
            .map_err(|_| AuthorityError::Damaged("its certificate cannot sign"))?;
        let fingerprint = fingerprint_of(&certificate);
        let made_at = Timestamp(row.created_at);
        Ok(Self {
            issuer,
            certificate_pem: row.certificate_pem,
            certificate,
            fingerprint,
            made_at,
            clock,
            random,
        })
    }

    /// SHA-256 of the authority's certificate, lower-case hex.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Makes a certificate for the listener with a key of its own. It names the hosts of `addresses` (`host:port`) and
    /// this machine.
    ///
    /// # Errors
    /// When an address has no host that a certificate can name.
    pub fn listener_identity(&self, addresses: &[&str]) -> Result<ListenerIdentity, AuthorityError> {
        let mut names: Vec<SanType> = Vec::new();
        for host in addresses.iter().map(|address| host_of(address)).chain(LOCAL_NAMES) {
            let name = san(host).ok_or_else(|| AuthorityError::Name(host.to_owned()))?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        // Reaches as far back as the authority itself: a box without a battery takes its enrolment for the present.
        let mut params = self.params(
            "Pagos Hotspot agent listener",
            self.made_at,
            self.clock.now().plus(LISTENER_LIFE_MS),
        );
        params.subject_alt_names = names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(ListenerIdentity { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }

    /// Signs the key of a certificate request for `agent`. Nothing but the key is taken from the request.
    ///
    /// # Errors
    /// When the request is malformed, not signed by its own key, or the key is of a kind that we do not take.
    pub fn sign_agent(&self, request_pem: &str, agent: &AgentId) -> Result<AgentCertificate, RequestError> {
        let key = request::proven_key(request_pem)?;
        let now = self.clock.now();
        let expires_at = now.plus(AGENT_LIFE_MS);
        let mut params = self.params(agent.as_str(), now, expires_at);
        let name = format!("urn:pagos:agent:{agent}").try_into().map_err(|_| RequestError::Sign)?;
        params.subject_alt_names = vec![SanType::URI(name)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(|_| RequestError::Sign)?;
        Ok(AgentCertificate {
            pem: certificate.pem(),
            fingerprint: fingerprint_of(certificate.der()),
            expires_at,
        })
    }

    fn params(&self, name: &str, from: Timestamp, until: Timestamp) -> CertificateParams {
        let mut params = base_params(name, from, until, &self.random);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params
    }
}

/// SHA-256 of a certificate, lower-case hex.
#[must_use]
pub fn fingerprint_of(certificate: &CertificateDer<'_>) -> String {
    hex::encode(Sha256::digest(certificate.as_ref()))
}

async fn make(
    store: &Store,
    vault: &Vault,
    clock: &Clock,
    random: &Random,
) -> Result<rows::Row, AuthorityError> {
    let now = clock.now();
    let mut params = base_params("Pagos Hotspot agent authority", now, now.plus(AUTHORITY_LIFE_MS), random);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    let key_pem = zeroize::Zeroizing::new(key.serialize_pem());
    let row = rows::Row {
        certificate_pem: certificate.pem(),
        key_sealed: vault.seal(&KEY_CONTEXT, &key_pem),
        created_at: now.0,
    };
    // Another node may have been first: what is stored counts.
    let row = store.write(move |conn| Box::pin(async move { rows::insert_first(conn, row).await })).await?;
    tracing::info!("authority of the agents made");
    Ok(row)
}

fn base_params(name: &str, from: Timestamp, until: Timestamp, random: &Random) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date(from.plus(-CLOCK_SLACK_MS));
    params.not_after = date(until);
    params.serial_number = Some(serial(random));
    params
}

fn serial(random: &Random) -> SerialNumber {
    let mut bytes = random.bytes::<SERIAL_BYTES>();
    // Positive and not zero, as the certificate format asks.
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn date(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

fn san(host: &str) -> Option<SanType> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(SanType::IpAddress(ip));
    }
    rustls_pki_types::DnsName::try_from(host).ok()?;
    Some(SanType::DnsName(host.to_owned().try_into().ok()?))
}

#[cfg(test)]
mod tests;
