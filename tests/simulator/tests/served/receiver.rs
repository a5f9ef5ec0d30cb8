//! Receives webhooks as a merchant would.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// One message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

#[derive(Debug, Default)]
struct Inbox {
    messages: Mutex<Vec<Message>>,
    status: AtomicU16,
}

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: Arc<Inbox>,
}

impl Receiver {
    /// Listens, and answers everything with 200.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let inbox = Arc::new(Inbox { status: AtomicU16::new(200), ..Inbox::default() });
        let routes = Router::new().fallback(take).with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, inbox }
    }

    /// Answers with another status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.inbox.status.store(status, Ordering::Relaxed);
    }

    /// Waits for this many messages, and a moment longer for more.
    pub(crate) async fn messages(&self, count: usize) -> Vec<Message> {
        let all = || self.inbox.messages.lock().unwrap().clone();
        for _ in 0..500 {
            if all().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(80)).await;
        let found = all();
        assert_eq!(found.len(), count, "{found:?}");
        found
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let headers =
        parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let message = Message {
        target: parts.uri.to_string(),
        headers: headers.collect(),
        body: serde_json::from_str(&text).unwrap(),
        text,
    };
    inbox.messages.lock().unwrap().push(message);
    StatusCode::from_u16(inbox.status.load(Ordering::Relaxed)).unwrap()
}
