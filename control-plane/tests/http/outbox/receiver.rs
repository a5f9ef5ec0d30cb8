//! A server on loopback that takes down what it is sent, and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What is answered to one request.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    Body(u16, Value),
    Never,
}

#[derive(Default)]
struct Book {
    requests: Vec<Request>,
    replies: VecDeque<Reply>,
    otherwise: Option<Reply>,
}

#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    book: Arc<Mutex<Book>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let (address, book) = (listener.local_addr().expect("address"), Arc::<Mutex<Book>>::default());
        let router = Router::new().fallback(take).with_state(book.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, book }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the next requests are answered, one after the other.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.book.lock().expect("unpoisoned").replies.extend(replies);
    }

    /// What every other request is answered; 200 unless this is said.
    pub fn always(&self, reply: Reply) {
        self.book.lock().expect("unpoisoned").otherwise = Some(reply);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.book.lock().expect("unpoisoned").requests.clone()
    }

    pub fn count(&self) -> usize {
        self.book.lock().expect("unpoisoned").requests.len()
    }
}

async fn take(State(book): State<Arc<Mutex<Book>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let reply = {
        let mut book = book.lock().expect("unpoisoned");
        let body = String::from_utf8(body.to_vec()).expect("text");
        book.requests.push(Request { path: uri.path().to_owned(), headers, body });
        book.replies.pop_front().or_else(|| book.otherwise.clone())
    };
    let status = |status| StatusCode::from_u16(status).expect("a status");
    match reply.unwrap_or_else(|| Reply::Body(200, serde_json::json!({"ok": true}))) {
        Reply::Status(code) => status(code).into_response(),
        Reply::With(code, name, value) => (status(code), [(name, value)]).into_response(),
        Reply::Body(code, body) => (status(code), axum::Json(body)).into_response(),
        Reply::Never => std::future::pending().await,
    }
}
