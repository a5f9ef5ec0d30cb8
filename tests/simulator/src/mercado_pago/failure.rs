//! Errors in the vendor's form.

use serde_json::{Value, json};

/// A request that was not carried out. A refused card is none: it is a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// The vendor's word for it.
    pub error: &'static str,
    /// Text for the developer.
    pub message: String,
    /// What was wrong: code and text. May be empty.
    pub cause: Vec<(u32, String)>,
}

impl Failure {
    fn new(status: u16, error: &'static str, message: &str) -> Self {
        Self { status, error, message: message.to_owned(), cause: Vec::new() }
    }

    /// Something in the request is wrong.
    pub fn bad_request(code: u32, description: &str) -> Self {
        Self { cause: vec![(code, description.to_owned())], ..Self::new(400, "bad_request", description) }
    }

    /// No access token, or something that cannot be one.
    pub fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "send an access token as Authorization: Bearer APP_USR-…")
    }

    /// This account has no such thing.
    pub fn not_found(what: &str) -> Self {
        let cause = vec![(2000, format!("{what} not found"))];
        Self { cause, ..Self::new(404, "not_found", &format!("{what} not found")) }
    }

    /// The key was used with another body.
    pub fn other_body() -> Self {
        Self::new(409, "idempotency_conflict", "X-Idempotency-Key was already used with another request body")
    }

    /// The first request with this key is still running.
    pub fn locked() -> Self {
        Self::new(423, "locked", "a request with this X-Idempotency-Key is still being processed")
    }

    /// What a fault answers in place of the truth.
    pub fn on_demand(status: u16) -> Self {
        let error = match status {
            429 => "too_many_requests",
            424 => "failed_dependency",
            500..=599 => "internal_error",
            _ => "error",
        };
        Self::new(status, error, "this failure was asked for through the control API")
    }

    /// The body as sent; `data` is what the vendor puts into each cause: a date and the id of the request.
    pub fn body(&self, data: &str) -> Value {
        let cause: Vec<Value> = self
            .cause
            .iter()
            .map(|(code, description)| json!({ "code": code, "description": description, "data": data }))
            .collect();
        json!({ "message": self.message, "error": self.error, "status": self.status, "cause": cause })
    }
}
