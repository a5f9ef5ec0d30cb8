//! What a gateway is told about its notification.

use std::net::IpAddr;

use axum::Json;
use serde_json::{Map, Value, json};

use crate::domain::code::Code;
use crate::http::app::App;
use crate::http::error::ApiError;
use crate::http::shape::{Shape, done, flag, moment, text, word};
use crate::text::Language;
use crate::webhook::intake::{Receipt, ReceiveError};
use crate::webhook::notice::{Class, Delivery};

/// Takes a notification in and says so. `path` is the company's part of the address, none at a shared one.
pub(super) async fn receive(
    app: &App,
    language: Language,
    path: Option<&str>,
    (from, delivery): (Option<IpAddr>, Delivery),
) -> Result<Json<Value>, ApiError> {
    Ok(Json(body(app.webhooks.receive(from, path, delivery).await?, language)))
}

fn body(receipt: Receipt, language: Language) -> Value {
    let code = match receipt.notice.as_ref().map(|notice| notice.class) {
        Some(Class::Payment) | None => Code::WebhookReceived,
        Some(Class::Test) => Code::WebhookTestReceived,
        Some(Class::Ignored) => Code::WebhookTypeIgnored,
    };
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("status", json!("received"));
    put("message", json!(language.code(code)));
    put("code", json!(code.as_str()));
    put("received_at", json!(receipt.received_at.iso()));
    if let Some(notice) = receipt.notice {
        if let Some(id) = notice.notification_id {
            put("notification_id", json!(id));
        }
        put("type", json!(notice.kind));
        put("signature_verified", json!(receipt.verified));
        if notice.class == Class::Payment {
            put("data_id", json!(notice.object_id));
        }
    }
    Value::Object(body)
}

/// The shape of [`body`].
pub(super) fn receipt_shape() -> Shape {
    let codes = [Code::WebhookReceived, Code::WebhookTestReceived, Code::WebhookTypeIgnored];
    done(
        &codes,
        [
            ("status", word(&["received"])),
            ("received_at", moment()),
            ("notification_id", text("12345").or_absent()),
            ("type", text("payment").or_null().or_absent()),
            ("signature_verified", flag(true).or_absent()),
            ("data_id", text("123456789").or_null().or_absent()),
        ],
    )
}

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::NoSuchAddress => Self::new(Code::RouteNotFound),
            ReceiveError::InvalidSignature => Self::new(Code::InvalidSignature),
            ReceiveError::TooMany(much) => Self::new(Code::RateLimited).retry_after(much.retry_after_s),
            ReceiveError::Store(_) | ReceiveError::Key(_) => Self::internal(&error),
        }
    }
}
