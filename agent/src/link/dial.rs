//! A TLS connection to the control plane, and why there is none.

use std::{io, sync::Arc};

use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio_rustls::TlsConnector;

use super::Address;
use crate::seams::net::{self, Stream};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nothing answers there.
    #[error("nothing answers at {address}")]
    Unreachable {
        /// What was dialled.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
    /// The server is not the one that we were enrolled with, or that the token names.
    #[error("the server at {0} is not the one that this agent trusts")]
    NotTrusted(Address),
    /// By the clock of this box the server's certificate is not valid.
    #[error("the clock of this box is wrong, or the certificate of the server at {0} has ended")]
    Clock(Address),
    /// The server does not accept our certificate.
    #[error("the server does not accept the certificate of this agent")]
    OwnCertificate,
    /// TLS failed in another way.
    #[error("no TLS connection to {address}")]
    Tls {
        /// What was dialled.
        address: Address,
        /// What went wrong.
        source: io::Error,
    },
}

/// Opens a connection. Has no time-out of its own.
///
/// # Errors
/// [`DialError`], by what the caller can do about it.
pub async fn connect(address: &Address, config: Arc<ClientConfig>) -> Result<Stream, DialError> {
    let stream = net::dial(&address.host, address.port)
        .await
        .map_err(|source| DialError::Unreachable { address: address.clone(), source })?;
    #[cfg(feature = "simulation")]
    if crate::seams::simulation::is_installed() {
        // The world knows who dials; TLS is left to the tests of the real processes.
        return Ok(stream);
    }
    let secured = TlsConnector::from(config).connect(address.server_name(), stream).await;
    secured.map(|stream| Box::new(stream) as Stream).map_err(|error| tls_error(address, error))
}

/// Whether the server has turned down our certificate. It does so only after our side of the handshake is over, so
/// this shows up in the first read.
#[must_use]
pub fn own_certificate_refused(error: &io::Error) -> bool {
    let Some(rustls::Error::AlertReceived(alert)) = tls_cause(error) else { return false };
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}

fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn tls_error(address: &Address, error: io::Error) -> DialError {
    if own_certificate_refused(&error) {
        return DialError::OwnCertificate;
    }
    match tls_cause(&error) {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => DialError::Clock(address.clone()),
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            DialError::NotTrusted(address.clone())
        }
        _ => DialError::Tls { address: address.clone(), source: error },
    }
}
