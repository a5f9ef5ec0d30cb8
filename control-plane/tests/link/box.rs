//! A box that speaks the protocol by hand, honestly or not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use pagos_protocol::enrolment::{EnrollRefusal, EnrollRequest, EnrollResponse, Token};
use pagos_protocol::frame::{self, RouterKnown};
use pagos_protocol::{
    AgentMessage, Command, ENROLL_PATH, HandOver, Hello, LINK_PATH, Outcome, Reservation, Secret,
    ServerMessage, Verdict, VerdictsWanted, Welcome,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(10);

/// Certificate chain and key of a box.
pub type Credentials = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

pub struct Enrolled {
    pub agent_id: String,
    pub site_id: String,
    pub credentials: Credentials,
}

pub fn new_key() -> (KeyPair, String) {
    let key = KeyPair::generate().expect("key");
    let request = CertificateParams::default().serialize_request(&key).expect("request").pem().expect("pem");
    (key, request)
}

pub fn credentials(certificate_pem: &str, key: &KeyPair) -> Credentials {
    let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).expect("certificate");
    (vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).expect("key"))
}

/// Enrols with an honest request; the code of the refusal if there is one.
pub async fn enroll(world: &World, token: &Token) -> Result<Enrolled, String> {
    let (key, request) = new_key();
    let response = enroll_with(world, token.secret.expose(), &request).await?;
    let credentials = credentials(&response.certificate_pem, &key);
    Ok(Enrolled { agent_id: response.agent_id, site_id: response.site_id, credentials })
}

pub async fn enroll_with(world: &World, secret: &str, csr_pem: &str) -> Result<EnrollResponse, String> {
    let request =
        EnrollRequest { secret: Secret::new(secret), csr_pem: csr_pem.into(), agent_version: "test".into() };
    let (status, body) = post(world, &serde_json::to_string(&request).expect("json")).await;
    match status {
        200 => Ok(serde_json::from_str(&body).expect("response")),
        403 => Err(serde_json::from_str::<EnrollRefusal>(&body).expect("refusal").code),
        other => Err(format!("status {other}")),
    }
}

/// Posts `body` to the enrolment endpoint without a client certificate.
pub async fn post(world: &World, body: &str) -> (u16, String) {
    let mut stream = tls(world, None).await.expect("connection");
    let head = format!(
        "POST {ENROLL_PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("head");
    // The server may have answered before all of it is written.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("status");
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

pub async fn tls(world: &World, credentials: Option<Credentials>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(world.context.authority.certificate().clone()).expect("authority");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match credentials {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).expect("credentials"),
        None => config.with_no_client_auth(),
    };
    connect(world, config).await
}

pub async fn connect(world: &World, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(&world.address).await?;
    let name = ServerName::try_from("localhost").expect("name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Why a dial came to nothing.
#[derive(Debug)]
pub enum Refused {
    Tls(String),
    Status(u16, String),
}

/// An open WebSocket.
pub struct Link(WebSocketStream<TlsStream<TcpStream>>);

/// Opens a WebSocket; nothing is said yet.
pub async fn dial(world: &World, credentials: Option<Credentials>) -> Result<Link, Refused> {
    let stream = tls(world, credentials).await.map_err(|error| Refused::Tls(error.to_string()))?;
    match client_async(format!("wss://localhost{LINK_PATH}"), stream).await {
        Ok((socket, _)) => Ok(Link(socket)),
        Err(SocketError::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            Err(Refused::Status(response.status().as_u16(), String::from_utf8(body).expect("text")))
        }
        Err(other) => Err(Refused::Tls(other.to_string())),
    }
}

/// Opens a link as an honest agent without router settings.
pub async fn join(world: &World, enrolled: &Enrolled) -> (Link, Welcome) {
    let mut link = dial(world, Some(clone(&enrolled.credentials))).await.expect("link");
    link.hello(Vec::new()).await;
    let welcome = link.welcome().await;
    if welcome.hand_over {
        link.handed_over().await;
        link.send(&AgentMessage::HandOverDone { journal_id: "journal".into() }).await;
    }
    (link, welcome)
}

pub fn clone((chain, key): &Credentials) -> Credentials {
    (chain.clone(), key.clone_key())
}

impl Link {
    pub async fn hello(&mut self, routers: Vec<RouterKnown>) {
        let hello = Hello {
            version: pagos_protocol::VERSION,
            agent_version: "test".into(),
            journal_id: "journal".into(),
            routers,
        };
        self.send(&AgentMessage::Hello(hello)).await;
    }

    pub async fn send(&mut self, message: &AgentMessage) {
        self.send_text(frame::encode(message).expect("frame")).await;
    }

    pub async fn send_text(&mut self, text: String) {
        // The other side may be gone already; what follows shows it.
        let _ = self.0.send(Message::Text(text.into())).await;
    }

    pub async fn outcome(&mut self, id: &str, outcome: Outcome) {
        self.send(&AgentMessage::Outcome { id: id.into(), outcome }).await;
    }

    /// The next message; none when the link has ended.
    pub async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("in time") {
                Some(Ok(Message::Text(text))) => return Some(frame::decode(&text).expect("message")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn welcome(&mut self) -> Welcome {
        match self.next().await {
            Some(ServerMessage::Welcome(welcome)) => welcome,
            other => panic!("not a welcome: {other:?}"),
        }
    }

    pub async fn command(&mut self) -> Command {
        match self.next().await {
            Some(ServerMessage::Command(command)) => command,
            other => panic!("not a command: {other:?}"),
        }
    }

    /// The pages of a hand-over, up to its end.
    pub async fn handed_over(&mut self) -> Vec<HandOver> {
        let mut pages = Vec::new();
        loop {
            match self.next().await {
                Some(ServerMessage::HandOver(page)) if page.last => return pages,
                Some(ServerMessage::HandOver(page)) => pages.push(page),
                other => panic!("not a page: {other:?}"),
            }
        }
    }

    /// Asks what became of reservations and takes the answer.
    pub async fn ask(&mut self, router: &str, reservations: Vec<Reservation>) -> Vec<Verdict> {
        let question = VerdictsWanted { router_id: router.into(), reservations };
        self.send(&AgentMessage::VerdictsWanted(question)).await;
        match self.next().await {
            Some(ServerMessage::Verdicts(answer)) => {
                assert_eq!(answer.router_id, router);
                answer.verdicts
            }
            other => panic!("not verdicts: {other:?}"),
        }
    }

    /// Sends a ping and sees the pong.
    pub async fn ping(&mut self) {
        self.0.send(Message::Ping("x".into())).await.expect("ping");
        let pong = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("in time");
        assert!(matches!(pong, Some(Ok(Message::Pong(_)))), "{pong:?}");
    }

    /// Carries every command out at once, until the link ends.
    pub async fn obey(mut self, answer: impl Fn(&Command) -> Outcome) {
        while let Some(Ok(message)) = self.0.next().await {
            let Message::Text(text) = message else { continue };
            if let Ok(ServerMessage::Command(command)) = frame::decode(&text) {
                self.outcome(&command.id, answer(&command)).await;
            }
        }
    }

    /// Waits for the end without a time-out of its own.
    pub async fn ended(mut self) {
        while let Some(Ok(_)) = self.0.next().await {}
    }
}
