//! A gateway that gives one prepared answer to whatever comes, and keeps what came.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

use crate::gateway::Key;

/// The gateway. It ends with its runtime.
pub(in crate::gateway) struct Canned {
    /// Its base address.
    pub(in crate::gateway) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// Answers with these bytes and closes; never answers when there are none.
    pub(in crate::gateway) async fn raw(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (answer, requests) = (answer.into(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = receive(&mut stream).await;
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                if answer.is_empty() {
                    silent.push(stream);
                } else {
                    stream.write_all(&answer).await.ok();
                }
            }
        });
        Self { url, requests }
    }

    /// Answers with this status and body.
    pub(in crate::gateway) async fn answering(status: u16, body: &str) -> Self {
        let length = body.len();
        Self::raw(format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
        .await
    }

    /// The requests so far.
    pub(in crate::gateway) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The only request: its first line, its head in small letters, its body.
    pub(in crate::gateway) fn request(&self) -> (String, String, String) {
        let requests = self.requests();
        let [request] = requests.as_slice() else { panic!("one request, not {}", requests.len()) };
        let (head, body) = request.split_once("\r\n\r\n").expect("a head");
        let (line, head) = head.split_once("\r\n").expect("a first line");
        (line.to_owned(), head.to_lowercase(), body.to_owned())
    }
}

/// A client that trusts nobody; the canned gateway speaks without TLS.
pub(in crate::gateway) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client")
}

/// A company's key.
pub(in crate::gateway) fn key(text: &str) -> Key {
    Key(Zeroizing::new(text.to_owned()))
}

async fn receive(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        let count = stream.read(&mut chunk).await.unwrap_or(0);
        request.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&request);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_lowercase();
            let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
            let length = length.split("\r\n").next().and_then(|digits| digits.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if whole || count == 0 {
            return text.into_owned();
        }
    }
}
