//! TLS of the public side, from two files. They are read again when they change, so that a renewed certificate is in use
//! without a restart; what cannot be used is reported and changes nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at, in milliseconds; SIGHUP makes it at once.
const LOOK_INTERVAL_MS: u64 = 10_000;
/// HTTP/2 for browsers, HTTP/1.1 for everybody else.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate and its key, as files.
#[derive(Debug)]
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
}

/// What handshakes use.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Identity {
    /// Reads both files.
    ///
    /// # Errors
    /// When one cannot be read or used, or the key is not that of the certificate.
    pub fn open(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let current = Arc::new(Current(RwLock::new(read(certificate, key)?)));
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    /// Makes connections safe with whatever the files held last.
    ///
    /// # Errors
    /// Never in practice: the provider knows the default versions.
    pub fn acceptor(&self) -> anyhow::Result<TlsAcceptor> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as _);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again when they change and when the process is told to, for as long as it is polled.
    ///
    /// # Errors
    /// When the process cannot be told.
    pub async fn watch(&self) -> anyhow::Result<()> {
        let mut told = signal(SignalKind::hangup()).context("waiting for SIGHUP")?;
        let mut look = tokio::time::interval(Duration::from_millis(LOOK_INTERVAL_MS));
        let mut known = self.stamps().await;
        loop {
            let ordered = tokio::select! {
                _ = told.recv() => true,
                _ = look.tick() => false,
            };
            let stamps = self.stamps().await;
            if ordered || stamps != known {
                known = stamps;
                self.reload().await;
            }
        }
    }

    async fn reload(&self) {
        let (certificate, key) = (self.certificate.clone(), self.key.clone());
        let reading = tokio::task::spawn_blocking(move || read(&certificate, &key));
        match reading.await.map_err(anyhow::Error::from).flatten() {
            Ok(fresh) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                tracing::info!(tls.certificate = %self.certificate.display(), "certificate read again");
            }
            // A renewal writes one file after the other: the second change is tried again.
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "certificate cannot be used; the earlier one stays in use"
            ),
        }
    }

    /// What tells one state of the files from another.
    async fn stamps(&self) -> Vec<Option<(u64, u64, i64, i64)>> {
        let paths = [self.certificate.clone(), self.key.clone()];
        let looking = tokio::task::spawn_blocking(move || {
            paths.map(|path| {
                let file = fs::metadata(path).ok()?;
                Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
            })
        });
        looking.await.map(Vec::from).unwrap_or_default()
    }
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("reading the certificate {}", certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", certificate.display());
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("reading the private key {}", key.display()))?;
    let provider = rustls::crypto::ring::default_provider();
    let identity = CertifiedKey::from_der(chain, private, &provider)
        .with_context(|| format!("using {} with the private key {}", certificate.display(), key.display()))?;
    Ok(Arc::new(identity))
}
