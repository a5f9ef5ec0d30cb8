//! One message to a chat, through the Bot API.
//!
//! | module | holds |
//! |---|---|
//! | [`message`] | the words: pure |
//!
//! The token is part of the address: no error and no log line may hold it.

pub mod message;

use std::time::Duration;

use reqwest::{Client, Response, Url};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::verdict::{Answer, Setback};
use crate::domain::code::Code;

/// Telegram answers within this, in milliseconds.
const TIMEOUT_MS: u64 = 10_000;
/// Largest answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 65_536;
/// Told to wait without being told how long, we wait so long, in milliseconds.
const RETRY_AFTER_DEFAULT_MS: i64 = 5_000;
/// Pause between two messages to one person, in milliseconds.
const PERSON_SPACING_MS: i64 = 1_000;
/// Pause between two messages to a group or channel, in milliseconds: 20 a minute.
const GROUP_SPACING_MS: i64 = 3_000;

/// Sends messages to chats. Cheap to clone.
#[derive(Clone)]
pub struct Telegram {
    client: Client,
    url: String,
}

/// Where a company's messages go.
pub struct Chat {
    /// Token of its bot.
    pub token: Zeroizing<String>,
    /// The chat.
    pub id: String,
}

impl Chat {
    /// Pause that the chat wants between two messages, in milliseconds.
    #[must_use]
    pub fn spacing_ms(&self) -> i64 {
        if self.id.starts_with(['-', '@']) { GROUP_SPACING_MS } else { PERSON_SPACING_MS }
    }
}

impl Telegram {
    /// Sends through `client` to the service at `url`, which has no slash at the end.
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends once.
    pub async fn send(&self, chat: &Chat, text: &str) -> Answer {
        let Some(url) = self.address(&chat.token) else {
            return Answer { status: None, setback: Some(Setback::Refused) };
        };
        let body = json!({"chat_id": chat.id, "text": text, "parse_mode": "HTML"});
        let limit = Duration::from_millis(TIMEOUT_MS);
        match self.client.post(url).timeout(limit).json(&body).send().await {
            Ok(response) => answered(response).await,
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "Telegram did not answer");
                failed(None)
            }
        }
    }

    /// The address of the method. Whatever a token holds, it is one part of the path.
    fn address(&self, token: &str) -> Option<Url> {
        let mut url = Url::parse(&self.url).ok()?;
        url.path_segments_mut().ok()?.pop_if_empty().push(&format!("bot{token}")).push("sendMessage");
        Some(url)
    }
}

const fn failed(status: Option<u16>) -> Answer {
    Answer { status, setback: Some(Setback::Failed { code: Code::TelegramFailed, after_ms: None }) }
}

async fn answered(response: Response) -> Answer {
    let status = response.status().as_u16();
    let Some(body) = read(response).await else { return failed(Some(status)) };
    let setback = match status {
        200 if body["ok"] == true => None,
        429 => {
            let seconds = body["parameters"]["retry_after"].as_i64();
            let after_ms = seconds.map_or(RETRY_AFTER_DEFAULT_MS, |seconds| seconds.saturating_mul(1000));
            Some(Setback::Throttled { after_ms })
        }
        // The token, the chat or the bot's place in it is wrong: only an admin can mend that.
        400 | 401 | 403 | 404 => Some(Setback::Refused),
        _ => return failed(Some(status)),
    };
    Answer { status: Some(status), setback }
}

async fn read(mut response: Response) -> Option<Value> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::{Chat, Telegram};

    #[test]
    fn a_token_stays_in_its_place() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let telegram = |url: &str| Telegram::new(reqwest::Client::new(), url.into());
        let address = |url: &str, token| telegram(url).address(token).expect("an address").to_string();
        assert_eq!(address("https://t.example", "12:AbC-_d"), "https://t.example/bot12:AbC-_d/sendMessage");
        assert_eq!(
            address("https://t.example/base", "../../x?y#z"),
            "https://t.example/base/bot..%2F..%2Fx%3Fy%23z/sendMessage"
        );
    }

    #[test]
    fn groups_want_longer_pauses() {
        let spacing = |id: &str| Chat { token: String::new().into(), id: id.into() }.spacing_ms();
        assert_eq!((spacing("1001"), spacing("-100123"), spacing("@canal")), (1_000, 3_000, 3_000));
    }
}
