//! What both gateways have in common: answering HTTP as the faults allow.
//!
//! A [`Gateway`] carries requests out; this module decides whether it may, when, and how much of the answer arrives.

mod action;

pub use action::{Action, ActionError};

use crate::fault::{ErrorAnswer, FaultBoard, Lag, Place, Strike, Verdict};
use crate::http::{self, BODY_BYTES_MAX, Cut};
use crate::listen;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use futures_util::stream;
use hyper::body::Incoming;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long the first half of an answer is on its way before the connection is cut.
const HALF_SENT: Duration = Duration::from_millis(20);
/// What a proxy answers when the gateway behind it does not.
const PAGE: &str = "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><center><h1>Bad Gateway</h1></center></body>\r\n</html>\r\n";

/// An answer before it is put on the wire.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
    /// Headers beside the media type.
    pub headers: Vec<(HeaderName, String)>,
}

impl Answer {
    /// An answer without headers of its own.
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, body, headers: Vec::new() }
    }
}

/// A gateway that can be served.
pub trait Gateway: Send + Sync + 'static {
    /// Media type of its answers.
    const MEDIA_TYPE: &'static str;
    /// Held from the arrival of a request until its effect has taken place.
    type Ticket: Send + 'static;

    /// Where its faults strike.
    fn place(&self) -> Place<'static>;
    /// Its faults.
    fn faults(&self) -> &Arc<FaultBoard>;
    /// Lets a request in, before any fault.
    ///
    /// # Errors
    /// The answer, when the request has to be turned away at once.
    fn arrive(self: &Arc<Self>, parts: &Parts) -> Result<Self::Ticket, Answer>;
    /// Carries a request out.
    fn act(&self, parts: &Parts, body: &[u8], lag: Option<Lag>) -> Answer;
    /// An error in the vendor's form that a fault asked for.
    fn failure(&self, parts: &Parts, status: u16) -> Answer;
}

/// Serves a gateway for ever.
pub async fn serve<G: Gateway>(listener: TcpListener, gateway: Arc<G>) {
    let (faults, place) = (Arc::clone(gateway.faults()), gateway.place());
    listen::accept(listener, &faults, Some(place), |stream, away| {
        let gateway = Arc::clone(&gateway);
        http::serve(stream, away, move |request| answer(Arc::clone(&gateway), request))
    })
    .await;
}

/// Answers one request, as the faults allow.
async fn answer<G: Gateway>(gateway: Arc<G>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    // A body that does not come whole, or is too large, cannot be answered in the vendor's form.
    let body = to_bytes(Body::new(body), BODY_BYTES_MAX).await.map_err(|_| Cut)?;
    let subject = format!("{} {}", parts.method, parts.uri.path());
    let verdict = gateway.faults().verdict(gateway.place(), &subject);
    let ticket = match gateway.arrive(&parts) {
        Ok(ticket) => ticket,
        Err(turned_away) => return Ok(render::<G>(&turned_away)),
    };
    let asked = Asked { gateway, parts, body, ticket };
    if verdict.delay.is_none() && verdict.delay_after.is_none() {
        return asked.struck(verdict).await;
    }
    // In a task of its own: a request that was received is carried out even if the sender has left.
    let late = tokio::spawn(async move {
        tokio::time::sleep(verdict.delay.unwrap_or_default()).await;
        asked.struck(verdict).await
    });
    late.await.unwrap_or(Err(Cut))
}

/// A request that was let in.
struct Asked<G: Gateway> {
    gateway: Arc<G>,
    parts: Parts,
    body: Bytes,
    ticket: G::Ticket,
}

/// What reaches the client.
enum Outcome {
    Whole(Answer),
    Half(Answer),
    Page(ErrorAnswer),
    Nothing,
}

impl<G: Gateway> Asked<G> {
    async fn struck(self, verdict: Verdict) -> Result<Response<Body>, Cut> {
        let Self { gateway, parts, body, ticket } = self;
        let act = || {
            let mut answer = gateway.act(&parts, &body, verdict.lag);
            verdict.alterations.iter().for_each(|set| alter(&mut answer.body, set));
            answer
        };
        let failed = |error: &ErrorAnswer| {
            let mut answer = gateway.failure(&parts, error.status);
            let wait = error.retry_after_s.map(|seconds| (header::RETRY_AFTER, seconds.to_string()));
            answer.headers.extend(wait);
            alter(&mut answer.body, &error.set);
            Outcome::Whole(answer)
        };
        let outcome = match verdict.strike {
            None => Outcome::Whole(act()),
            Some(Strike::Hang(mut released)) => {
                // An error means that the fault is gone together with the board.
                drop(released.wait_for(|released| *released).await);
                Outcome::Whole(act())
            }
            Some(Strike::DropBefore) => Outcome::Nothing,
            Some(Strike::DropAfter) => {
                act();
                Outcome::Nothing
            }
            Some(Strike::DropMiddle) => Outcome::Half(act()),
            Some(Strike::Error(error)) => failed(&error),
            Some(Strike::ErrorAfter(error)) => {
                act();
                failed(&error)
            }
            Some(Strike::BadGateway(error)) => Outcome::Page(error),
            Some(Strike::BadGatewayAfter(error)) => {
                act();
                Outcome::Page(error)
            }
        };
        drop(ticket);
        tokio::time::sleep(verdict.delay_after.unwrap_or_default()).await;
        match outcome {
            Outcome::Whole(answer) => Ok(render::<G>(&answer)),
            Outcome::Half(answer) => Ok(half(render::<G>(&answer), &answer.body.to_string())),
            Outcome::Page(error) => Ok(page(&error)),
            Outcome::Nothing => Err(Cut),
        }
    }
}

fn render<G: Gateway>(answer: &Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body.to_string()));
    *response.status_mut() = status(answer.status);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(G::MEDIA_TYPE));
    for (name, value) in &answer.headers {
        headers.extend(HeaderValue::from_str(value).ok().map(|value| (name.clone(), value)));
    }
    response
}

/// The same answer, of which only the first half of the body comes.
fn half(response: Response<Body>, text: &str) -> Response<Body> {
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    let first = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let body = stream::unfold(Some(first), |left| async move {
        if let Some(first) = left {
            return Some((Ok(first), None));
        }
        tokio::time::sleep(HALF_SENT).await;
        Some((Err(Cut), None))
    });
    Response::from_parts(parts, Body::from_stream(body))
}

fn page(error: &ErrorAnswer) -> Response<Body> {
    let mut response = Response::new(Body::from(PAGE));
    *response.status_mut() = status(error.status);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.extend(error.retry_after_s.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
    response
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Puts values where the pointers say; a last step that is not there yet is added to its object.
fn alter(body: &mut Value, set: &Map<String, Value>) {
    for (pointer, wanted) in set {
        if let Some(found) = body.pointer_mut(pointer) {
            *found = wanted.clone();
            continue;
        }
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(object) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.insert(name.to_owned(), wanted.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_set_by_pointer_and_added_to_objects_that_are_there() {
        let mut body = json!({ "amount": 1, "card": { "last4": "4242" }, "rows": [1, 2] });
        let set = json!({ "/amount": 2, "/card/brand": "visa", "/rows/1": null, "/none/deep": 1 });
        alter(&mut body, set.as_object().unwrap());
        let expected =
            json!({ "amount": 2, "card": { "last4": "4242", "brand": "visa" }, "rows": [1, null] });
        assert_eq!(body, expected);
    }
}
