//! TLS of the listener.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;
use tokio_rustls::TlsAcceptor;

use super::ListenError;
use crate::link::authority::Authority;
use crate::seams::Clock;

/// Judges certificates by our clock.
#[derive(Debug)]
struct SeamTime(Clock);

impl TimeProvider for SeamTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

/// TLS 1.3 only. A client may come without a certificate, since a box that enrols has none; one that it gives must be
/// of our authority.
pub(super) fn acceptor(
    authority: &Authority,
    clock: &Clock,
    addresses: &[&str],
) -> Result<TlsAcceptor, ListenError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let identity = authority.listener_identity(addresses)?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(SeamTime(clock.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain, identity.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // An agent connects seldom: resumption would cost memory and save little.
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
