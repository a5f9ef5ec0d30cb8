//! `POST /api/v1/admin/test-telegram`: writes to a chat; what is not given is taken from the settings.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{KEY_CHARS_MAX, MASK};
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::OptionalBody;
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::text::Language;

/// Longest id of a chat, in characters.
const CHAT_CHARS_MAX: usize = 50;

/// See the module.
///
/// # Errors
/// `telegram_not_configured`, `telegram_failed`, `rate_limited`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    language: Language,
    OptionalBody(body): OptionalBody,
) -> Result<Json<Value>, ApiError> {
    let (token, chat) = body.read(|fields| {
        let mut given = |name, chars_max| {
            let text = fields.optional_text(name, chars_max)?.trim().to_owned();
            (!text.is_empty() && text != MASK).then_some(text)
        };
        (given("token", KEY_CHARS_MAX), given("chat_id", CHAT_CHARS_MAX))
    })?;
    let answer = app.outbox.try_chat(&admin.company, token, chat).await?;
    if answer.setback.is_some() {
        return Err(ApiError::new(Code::TelegramFailed));
    }
    let code = Code::TelegramTestSent;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str()})))
}
