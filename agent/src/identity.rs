//! Who this agent is: key, certificate, authority, and where the control plane listens.
//!
//! Each enrolment has a directory of its own, `identity/<agent id>/`; `link.json` names the one in use. Writing that
//! one file is what makes an enrolment count, so a box that loses power on the way has either the old identity or the
//! new one.

mod files;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::link::{Address, tls};
use crate::seams::clock;

pub use files::Place;

const LINK_FILE: &str = "link.json";
const KEY_FILE: &str = "key.pem";
const CERTIFICATE_FILE: &str = "certificate.pem";
const AUTHORITY_FILE: &str = "authority.pem";

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The box was never enrolled.
    #[error("this box is not enrolled: {0} does not exist")]
    NotEnrolled(PathBuf),
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{0} is damaged")]
    Damaged(PathBuf),
    /// The control plane gave this agent a name that cannot be one.
    #[error("the control plane sent an agent id that cannot be used")]
    AgentId,
}

/// What `link.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFile {
    /// `host:port` of the control plane.
    pub address: String,
    /// The agent's identity.
    pub agent_id: String,
    /// The site it serves.
    pub site_id: String,
    /// When it was enrolled by the clock of this box, in milliseconds since 1970.
    pub enrolled_at_ms: i64,
}

/// An identity ready to dial with.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Where to dial.
    pub address: Address,
    /// The agent's identity.
    pub agent_id: String,
    /// The site it serves.
    pub site_id: String,
    /// TLS with our certificate.
    pub tls: Arc<ClientConfig>,
}

/// What an enrolment brought.
#[derive(Debug)]
pub struct Credentials<'a> {
    /// Where to dial.
    pub address: &'a Address,
    /// The agent's identity.
    pub agent_id: &'a str,
    /// The site it serves.
    pub site_id: &'a str,
    /// Its certificate, PEM.
    pub certificate_pem: &'a str,
    /// The authority's certificate, PEM.
    pub authority_pem: &'a str,
}

/// Id of the agent that is enrolled, if one is and its file can be read.
#[must_use]
pub fn enrolled_id(data_dir: &Path) -> Option<String> {
    read_link(data_dir).ok().map(|link| link.agent_id)
}

/// Reads the identity in use.
///
/// # Errors
/// When the box is not enrolled, or a file is missing or damaged.
pub fn load(data_dir: &Path) -> Result<Identity, IdentityError> {
    let link = read_link(data_dir)?;
    let damaged = || IdentityError::Damaged(data_dir.join(LINK_FILE));
    let address = Address::parse(&link.address).map_err(|_| damaged())?;
    let place = Place::of(data_dir, &link.agent_id).map_err(|_| damaged())?;
    let authority = certificate(&place, AUTHORITY_FILE)?;
    let certificate = certificate(&place, CERTIFICATE_FILE)?;
    let key_path = place.path(KEY_FILE);
    let key = PrivateKeyDer::from_pem_slice(place.read(KEY_FILE)?.as_bytes())
        .map_err(|_| IdentityError::Damaged(key_path.clone()))?;
    let tls = tls::identified(authority, certificate, key, link.enrolled_at_ms)
        .map_err(|_| IdentityError::Damaged(key_path))?;
    Ok(Identity { address, agent_id: link.agent_id, site_id: link.site_id, tls })
}

/// Writes a key that is about to be enrolled, readable by its owner only. Proves that the directory can be written
/// before a token is used up.
///
/// # Errors
/// When it cannot be written.
pub fn stage_key(data_dir: &Path, key_pem: &str) -> Result<Place, IdentityError> {
    let place = Place::staging(data_dir)?;
    place.write(KEY_FILE, key_pem)?;
    Ok(place)
}

/// Puts a staged key and what the control plane made of it into use, in place of any earlier identity.
///
/// # Errors
/// When a file cannot be written; the earlier identity stays in use then.
pub fn put_into_use(
    data_dir: &Path,
    staged: Place,
    credentials: &Credentials<'_>,
) -> Result<(), IdentityError> {
    staged.write(CERTIFICATE_FILE, credentials.certificate_pem)?;
    staged.write(AUTHORITY_FILE, credentials.authority_pem)?;
    staged.rename(data_dir, credentials.agent_id)?;
    let link = LinkFile {
        address: credentials.address.to_string(),
        agent_id: credentials.agent_id.to_owned(),
        site_id: credentials.site_id.to_owned(),
        enrolled_at_ms: clock::now_ms(),
    };
    let text = serde_json::to_string_pretty(&link).expect("plain text fields") + "\n";
    files::replace(data_dir, LINK_FILE, &text)?;
    files::remove_others(data_dir, credentials.agent_id);
    Ok(())
}

fn read_link(data_dir: &Path) -> Result<LinkFile, IdentityError> {
    let path = data_dir.join(LINK_FILE);
    let text = std::fs::read_to_string(&path).map_err(|source| {
        if source.kind() == io::ErrorKind::NotFound {
            IdentityError::NotEnrolled(path.clone())
        } else {
            IdentityError::Read { path: path.clone(), source }
        }
    })?;
    serde_json::from_str(&text).map_err(|_| IdentityError::Damaged(path))
}

fn certificate(place: &Place, name: &str) -> Result<CertificateDer<'static>, IdentityError> {
    CertificateDer::from_pem_slice(place.read(name)?.as_bytes())
        .map_err(|_| IdentityError::Damaged(place.path(name)))
}

#[cfg(test)]
mod tests;
