//! An admin tries an endpoint or a chat, and is told at once what came of it.

use serde_json::json;

use super::telegram::{Chat, message};
use super::verdict::Answer;
use super::webhook::Letter;
use super::{Outbox, WorkError, turn};
use crate::domain::alert::Alert;
use crate::domain::bucket::TooMuch;
use crate::domain::event::{body, message_id};
use crate::domain::id::CompanyId;
use crate::store::companies;
use crate::store::webhook_endpoints::Endpoint;
use crate::text::Language;

/// Most trials of a company within a minute: each makes us knock at somebody's door.
const TRIALS_PER_MINUTE: u32 = 10;
/// The kind of a trial; no event is called so.
const KIND: &str = "webhook.test";

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Too often.
    #[error("too many trials")]
    TooMany(TooMuch),
    /// Token or chat is missing.
    #[error("no chat is configured")]
    NotConfigured,
    /// Something inside went wrong.
    #[error("trial could not be made")]
    Inside(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<WorkError> for TrialError {
    fn from(error: WorkError) -> Self {
        Self::Inside(Box::new(error))
    }
}

impl Outbox {
    /// Sends a message that tells nothing to an endpoint. Nothing is kept of it.
    ///
    /// # Errors
    /// When it was tried too often, or the secret does not open.
    pub async fn try_endpoint(&self, endpoint: &Endpoint) -> Result<Answer, TrialError> {
        self.take(&endpoint.company_id)?;
        let parts = &self.0.parts;
        let at = parts.clock.now();
        let secrets = turn::secrets(&parts.vault, endpoint, at)?;
        let id = message_id(KIND, &parts.random.uuid(at));
        let body = body(KIND, at, &json!({"empresa_id": endpoint.company_id, "webhook_id": endpoint.id}));
        let letter = Letter { url: &endpoint.url, id: &id, body: &body, secrets: &secrets, at };
        Ok(parts.webhooks.send(letter).await)
    }

    /// Sends a message that tells nothing to a chat; what is not given is taken from the company's settings.
    ///
    /// # Errors
    /// When token or chat is missing, it was tried too often, or the settings cannot be read.
    pub async fn try_chat(
        &self,
        company: &CompanyId,
        token: Option<String>,
        chat: Option<String>,
    ) -> Result<Answer, TrialError> {
        let parts = &self.0.parts;
        let found = async {
            let mut reader = parts.store.reader().await?;
            companies::find(&mut reader.conn(), company).await
        };
        let found = found.await.map_err(WorkError::from)?.ok_or(TrialError::NotConfigured)?;
        let mut known = found.clone();
        // With a token given, the stored one need not open.
        known.telegram_bot_token_sealed = known.telegram_bot_token_sealed.filter(|_| token.is_none());
        known.telegram_chat_id = chat.or(known.telegram_chat_id);
        let chat = match (token, known.telegram_chat_id.clone()) {
            (Some(token), Some(id)) => Some(Chat { token: token.into(), id }),
            (Some(_) | None, _) => turn::chat(&parts.vault, &known)?,
        };
        let chat = chat.ok_or(TrialError::NotConfigured)?;
        self.take(company)?;
        let text = message::text(&found.name, &Alert::Test, None, Language::default());
        Ok(parts.telegram.send(&chat, &text).await)
    }

    fn take(&self, company: &CompanyId) -> Result<(), TrialError> {
        let now = self.0.parts.clock.now();
        let mut trials = self.0.trials.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        trials.take(company.clone(), TRIALS_PER_MINUTE, now).map_err(TrialError::TooMany)
    }
}
