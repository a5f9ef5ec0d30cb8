//! One kept connection to the public API: as cheap as a load generator on the same processors must be.

use anyhow::{Context, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Names and values of headers besides the host.
    pub headers: Vec<(&'static str, String)>,
    /// Body; empty for none.
    pub body: Bytes,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Server-Timing` header.
    pub timing: Option<String>,
    /// Body.
    pub body: Bytes,
}

/// A kept connection.
#[derive(Debug)]
pub struct Connection {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Dials the server of `base_url`, which begins with `http://`.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open(base_url: &str) -> anyhow::Result<Self> {
        let host = base_url.strip_prefix("http://").context("the address begins with http://")?.to_owned();
        let stream = TcpStream::connect(&host).await.with_context(|| format!("dialling {host}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the sender; what breaks is seen by whoever sends.
        tokio::spawn(connection);
        Ok(Self { host, sender })
    }

    /// Sends a call and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn send(&mut self, call: Call) -> anyhow::Result<Reply> {
        let response = self.answer(call).await?;
        let status = response.status().as_u16();
        let timing = response.headers().get("Server-Timing").and_then(|value| value.to_str().ok());
        let timing = timing.map(str::to_owned);
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Reply { status, timing, body })
    }

    /// Sends a call and counts the lines of an answer that is too large to be kept.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not 200.
    pub async fn lines(&mut self, call: Call) -> anyhow::Result<u64> {
        let response = self.answer(call).await?;
        ensure!(response.status().as_u16() == 200, "HTTP {}", response.status());
        let (mut body, mut lines) = (response.into_body(), 0);
        while let Some(frame) = body.frame().await {
            let ends =
                frame?.into_data().map_or(0, |data| data.iter().filter(|byte| **byte == b'\n').count());
            lines += u64::try_from(ends)?;
        }
        Ok(lines)
    }

    async fn answer(&mut self, call: Call) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::builder().method(call.method).uri(call.path).header("Host", &self.host);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        Ok(self.sender.send_request(request.body(Full::new(call.body))?).await?)
    }
}

impl Reply {
    /// The answer, if it is 200.
    ///
    /// # Errors
    /// With the body when it is not.
    pub fn good(self) -> anyhow::Result<Self> {
        if self.status != 200 {
            bail!("HTTP {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        Ok(self)
    }
}
