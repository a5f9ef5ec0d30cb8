//! One message to an endpoint, as Standard Webhooks wants it.
//!
//! | module | holds |
//! |---|---|
//! | [`guard`] | which addresses a name may lead to |
//! | [`signature`] | secrets and signatures: pure |
//!
//! Nothing of an answer is read but its status and, where it asks for patience, for how long. A redirect is a failure. No
//! connection is kept: each message resolves the name anew, and the address that was checked is the one that is connected to.

pub mod guard;
pub mod signature;

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::verdict::{Answer, Setback};
use crate::domain::code::Code;
use crate::domain::target;
use crate::domain::time::Timestamp;
use guard::{Guard, Refused};
use signature::Secret;

/// A receiver answers within this, in milliseconds; the whole try counts.
const TIMEOUT_MS: u64 = 15_000;

/// Sends messages to endpoints. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    allow_private: bool,
}

/// A message to an endpoint.
pub struct Letter<'a> {
    /// Where.
    pub url: &'a str,
    /// Id of the message.
    pub id: &'a str,
    /// What is sent.
    pub body: &'a str,
    /// What it is signed with, the newest first.
    pub secrets: &'a [Secret],
    /// When it is sent.
    pub at: Timestamp,
}

impl Sender {
    /// Makes a sender. `guard` decides where names may lead, unless private targets are allowed.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(tls: rustls::ClientConfig, guard: Guard) -> Result<Self, reqwest::Error> {
        let allow_private = guard.allows_private();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            // A proxy would resolve the name by itself.
            .no_proxy()
            .dns_resolver(std::sync::Arc::new(guard))
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_millis(TIMEOUT_MS))
            .user_agent(concat!("pagos-control-plane/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allow_private })
    }

    /// Sends once.
    pub async fn send(&self, letter: Letter<'_>) -> Answer {
        // An address without a name is never resolved, so it is looked at here; what is allowed may have changed since it
        // was stored.
        let Ok(url) = target::parse(letter.url, self.allow_private) else {
            return failed(None, Code::EndpointTargetRefused);
        };
        let seconds = letter.at.seconds();
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", letter.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature::header(letter.secrets, letter.id, seconds, letter.body))
            .body(letter.body.to_owned());
        match request.send().await {
            Ok(response) => answered(&response),
            Err(error) => failed(None, reason(&error)),
        }
    }
}

fn answered(response: &Response) -> Answer {
    let status = response.status();
    let answer = |setback| Answer { status: Some(status.as_u16()), setback };
    let code = match status.as_u16() {
        200..=299 => return answer(None),
        300..=399 => Code::EndpointRedirected,
        410 => return answer(Some(Setback::Gone)),
        _ => Code::EndpointStatus,
    };
    let after =
        response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.trim().parse().ok());
    let after_ms =
        after.filter(|_| matches!(status.as_u16(), 429 | 503)).map(|s: i64| s.saturating_mul(1000));
    answer(Some(Setback::Failed { code, after_ms }))
}

const fn failed(status: Option<u16>, code: Code) -> Answer {
    Answer { status, setback: Some(Setback::Failed { code, after_ms: None }) }
}

/// What went wrong, as an admin can act upon it.
fn reason(error: &reqwest::Error) -> Code {
    if names::<Refused>(error) {
        Code::EndpointTargetRefused
    } else if names::<rustls::Error>(error) {
        Code::EndpointTlsFailed
    } else if error.is_timeout() {
        Code::EndpointTimeout
    } else {
        Code::EndpointUnreachable
    }
}

/// Whether an error of this kind is among the causes.
fn names<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // What an IO error holds is not its cause, but what it stands for.
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if error.is::<E>() || held.is_some_and(|held| held.is::<E>() || names::<E>(held)) {
            return true;
        }
        cause = error.source();
    }
    false
}
