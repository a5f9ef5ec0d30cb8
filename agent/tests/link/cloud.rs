//! A control plane's double: an authority, a TLS listener, and answers that each test gives by hand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use pagos_agent::link::tls::fingerprint_of;
use pagos_protocol::enrolment::{EnrollRequest, EnrollResponse, Token};
use pagos_protocol::{
    Action, AgentMessage, Command, Hello, Outcome, RouterSettings, Secret, ServerMessage, Welcome, frame,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, IsCa, KeyPair,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

pub const PATIENCE: Duration = Duration::from_secs(10);
pub const ROUTER: &str = "RTR_00000001";

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name.push(rcgen::DnType::CommonName, "test authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("authority")
}

/// Certificate and key of a listener, for `name`.
pub fn leaf(authority: &Authority, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().expect("key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("params");
    let certificate = params.signed_by(&key, authority).expect("leaf");
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).expect("key"))
}

pub struct Cloud {
    pub authority: Authority,
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

pub type Stream = TlsStream<TcpStream>;

impl Cloud {
    /// An honest one.
    pub async fn start() -> Self {
        let authority = authority();
        let leaf = leaf(&authority, "localhost");
        let shown = authority.der().clone();
        Self::with(authority, leaf, shown).await
    }

    /// One that shows `leaf` and, as its authority, `shown`.
    pub async fn with(
        authority: Authority,
        leaf: (CertificateDer<'static>, PrivateKeyDer<'static>),
        shown: CertificateDer<'static>,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).expect("root");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .expect("verifier");
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("version")
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![leaf.0, shown], leaf.1)
            .expect("identity");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        Self { authority, listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub fn address(&self) -> String {
        format!("localhost:{}", self.listener.local_addr().expect("address").port())
    }

    pub fn token(&self) -> Token {
        Token {
            address: self.address(),
            authority_fingerprint: fingerprint_of(self.authority.der()),
            secret: Secret::new("the secret"),
        }
    }

    /// The next connection whose handshake succeeds.
    pub async fn accept(&self) -> Stream {
        loop {
            let (stream, _) =
                tokio::time::timeout(PATIENCE, self.listener.accept()).await.expect("dialled").expect("tcp");
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return stream;
            }
        }
    }

    /// Whether nobody dials for `time`.
    pub async fn quiet_for(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.listener.accept()).await.is_err()
    }

    /// Signs whatever is asked for.
    pub fn sign(&self, request: &EnrollRequest, agent_id: &str) -> EnrollResponse {
        let request = CertificateSigningRequestParams::from_pem(&request.csr_pem).expect("request");
        let certificate =
            CertificateParams::default().signed_by(&request.public_key, &self.authority).expect("signed");
        EnrollResponse {
            agent_id: agent_id.into(),
            site_id: "site".into(),
            certificate_pem: certificate.pem(),
            authority_pem: self.authority.pem(),
        }
    }

    /// Takes one enrolment and gives `agent_id` to it.
    pub async fn enroll(&self, agent_id: &str) {
        let mut stream = self.accept().await;
        let request = read_request(&mut stream).await;
        assert_eq!(request.secret.expose(), "the secret");
        let response = serde_json::to_string(&self.sign(&request, agent_id)).expect("json");
        answer(stream, "200 OK", "", &response).await;
    }

    /// Takes one link up to the hello.
    pub async fn link(&self) -> (Peer, Hello) {
        let stream = self.accept().await;
        let mut peer = Peer(accept_async(stream).await.expect("websocket"));
        match peer.next().await {
            Some(AgentMessage::Hello(hello)) => (peer, hello),
            other => panic!("not a hello: {other:?}"),
        }
    }

    /// Takes one link and welcomes it to `router`.
    pub async fn welcome(&self, router: Option<RouterSettings>) -> (Peer, Hello) {
        let (mut peer, hello) = self.link().await;
        peer.welcome(router).await;
        (peer, hello)
    }

    /// Takes one link's HTTP request and answers it with `status`.
    pub async fn refuse(&self, status: &str, headers: &str) {
        let mut stream = self.accept().await;
        let mut head = [0; 4096];
        let read = stream.read(&mut head).await.expect("request");
        assert!(head[..read].starts_with(b"GET /agent/v1/link "));
        answer(stream, status, headers, "").await;
    }
}

pub async fn read_request(stream: &mut Stream) -> EnrollRequest {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("POST /agent/v1/enroll HTTP/1.1\r\n"), "{head}");
            if let Ok(request) = serde_json::from_str(body) {
                return request;
            }
        }
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.expect("request");
        assert!(read > 0, "request was cut");
        bytes.extend_from_slice(&part[..read]);
    }
}

pub async fn answer(mut stream: Stream, status: &str, headers: &str, body: &str) {
    let text = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.expect("answer");
    stream.shutdown().await.expect("end");
}

pub fn settings(port: u16, version: u64) -> RouterSettings {
    RouterSettings {
        router_id: ROUTER.into(),
        version,
        host: "127.0.0.1".into(),
        port,
        username: "api".into(),
        password: Secret::new("x"),
    }
}

/// The control plane's end of a link.
pub struct Peer(pub WebSocketStream<Stream>);

impl Peer {
    pub async fn send(&mut self, message: &ServerMessage) {
        self.0.send(Message::Text(frame::encode(message).expect("frame").into())).await.expect("sent");
    }

    pub async fn welcome(&mut self, router: Option<RouterSettings>) {
        let welcome = Welcome {
            version: pagos_protocol::VERSION,
            router_ids: vec![ROUTER.into()],
            routers: router.into_iter().collect(),
            ..Welcome::default()
        };
        self.send(&ServerMessage::Welcome(welcome)).await;
    }

    pub async fn command(&mut self, id: &str, action: Action, deadline_ms: u64) {
        let command = Command { id: id.into(), router_id: ROUTER.into(), deadline_ms, action };
        self.send(&ServerMessage::Command(command)).await;
    }

    /// The next message of the agent; none when the link has ended.
    pub async fn next(&mut self) -> Option<AgentMessage> {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("in time") {
                Some(Ok(Message::Text(text))) => return Some(frame::decode(&text).expect("message")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn outcome(&mut self) -> (String, Outcome) {
        match self.next().await {
            Some(AgentMessage::Outcome { id, outcome }) => (id, outcome),
            other => panic!("not an outcome: {other:?}"),
        }
    }
}
