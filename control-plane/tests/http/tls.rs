//! The public side with TLS of its own, over real sockets: HTTP/1.1 and HTTP/2, and what strangers can hold.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pagos_control_plane::http;
use pagos_control_plane::serve::public::tls::Identity;
use pagos_control_plane::serve::public::{self, Door};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::World;

struct Secure {
    world: World,
    address: String,
    directory: tempfile::TempDir,
}

fn write_identity(directory: &Path) {
    let key = KeyPair::generate().expect("key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("certificate");
    std::fs::write(directory.join("cert.pem"), certificate.pem()).expect("written");
    std::fs::write(directory.join("key.pem"), key.serialize_pem()).expect("written");
}

impl Secure {
    async fn start() -> Self {
        let world = World::start().await;
        let directory = tempfile::tempdir().expect("directory");
        write_identity(directory.path());
        let identity = Identity::open(&directory.path().join("cert.pem"), &directory.path().join("key.pem"))
            .expect("opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let address = listener.local_addr().expect("address").to_string();
        let door = Door { tls: Some(identity.acceptor().expect("acceptor")), ..Door::default() };
        tokio::spawn(public::serve(listener, http::router(&world.app), door, std::future::pending()));
        Self { world, address, directory }
    }

    async fn connect(&self, protocols: &[&[u8]], oldest: bool) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let certificate =
            rustls::pki_types::CertificateDer::from_pem_file(self.directory.path().join("cert.pem"));
        roots.add(certificate.expect("certificate")).expect("a root");
        let versions = if oldest { &[&rustls::version::TLS12][..] } else { rustls::ALL_VERSIONS };
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(versions)
                .expect("versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(&self.address).await.expect("connected");
        let name = ServerName::try_from("localhost").expect("name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake")
    }
}

#[tokio::test]
async fn http_1_is_spoken_over_tls_also_by_old_clients() {
    let secure = Secure::start().await;
    for (protocols, oldest) in [(&[&b"http/1.1"[..]][..], false), (&[], true)] {
        let mut stream = secure.connect(protocols, oldest).await;
        let ask = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(ask).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("{\"status\":\"healthy\"}"),
            "{answer}"
        );
        assert!(answer.contains("content-length: 20\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn http_2_carries_many_requests_at_once() {
    let secure = Secure::start().await;
    let tenant = secure.world.tenant("Parque").await;
    let stream = secure.connect(&[b"h2", b"http/1.1"], false).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2");
    tokio::spawn(connection);
    let asked = (0..20).map(|_| {
        let mut sender = sender.clone();
        let request = hyper::Request::get("https://localhost/api/v1/config/public")
            .header("x-api-key", &tenant.api_key)
            .body(Empty::<Bytes>::new())
            .expect("a request");
        async move {
            let response = sender.send_request(request).await.expect("an answer");
            let status = response.status().as_u16();
            (status, response.into_body().collect().await.expect("a body").to_bytes())
        }
    });
    for (status, body) in futures_util::future::join_all(asked).await {
        assert_eq!(status, 200);
        assert!(String::from_utf8_lossy(&body).contains(&tenant.router));
    }
}

#[tokio::test]
async fn plain_http_gets_no_answer_where_tls_is_spoken() {
    let secure = Secure::start().await;
    let mut stream = TcpStream::connect(&secure.address).await.expect("connected");
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}

#[tokio::test]
async fn files_that_do_not_belong_together_are_refused_by_name() {
    let (one, two) = (tempfile::tempdir().expect("directory"), tempfile::tempdir().expect("directory"));
    write_identity(one.path());
    write_identity(two.path());
    let refused = |certificate: &Path, key: &Path| {
        format!("{:#}", Identity::open(certificate, key).expect_err("refused"))
    };
    let (certificate, key) = (one.path().join("cert.pem"), one.path().join("key.pem"));
    assert!(refused(&certificate, &two.path().join("key.pem")).contains("key.pem"));
    assert!(refused(&key, &key).contains("key.pem holds no certificate"));
    assert!(refused(&certificate, &certificate).contains("reading the private key"));
    assert!(refused(&one.path().join("none.pem"), &key).contains("none.pem"));
}

/// Reads to the end; gives how long that took.
async fn until_closed(stream: &mut (impl AsyncReadExt + Unpin)) -> Duration {
    let began = Instant::now();
    let mut rest = Vec::new();
    // Closed or broken off, both are the end.
    let _ = stream.read_to_end(&mut rest).await;
    began.elapsed()
}

#[tokio::test]
async fn who_says_nothing_or_dribbles_is_not_kept() {
    let secure = Secure::start().await;
    let mut silent = TcpStream::connect(&secure.address).await.expect("connected");
    let mut shy = secure.connect(&[b"http/1.1"], false).await;
    let mut shy_too = secure.connect(&[b"h2"], false).await;
    let plain = secure.world.base.trim_start_matches("http://");
    let mut slow = TcpStream::connect(plain).await.expect("connected");
    slow.write_all(b"GET /health HTTP/1.1\r\nhost: loc").await.expect("sent");
    // Time flies from here on: nothing but timers is left to happen.
    tokio::time::pause();
    let (silent, shy, shy_too, slow) = tokio::join!(
        until_closed(&mut silent),
        until_closed(&mut shy),
        until_closed(&mut shy_too),
        until_closed(&mut slow)
    );
    for (took, least) in [(silent, 10), (shy, 15), (shy_too, 15), (slow, 15)] {
        let within = Duration::from_secs(least - 1)..Duration::from_secs(least + 1);
        assert!(within.contains(&took), "{took:?}, and should be {least} seconds");
    }
}
