//! `POST /api/v1/payments/configurar-credenciales`: Mercado Pago and Telegram settings, where a blank text erases.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{KEY_CHARS_MAX, changed, mode};
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::http::app::{App, Shared};
use crate::http::body::{Body, Fields};
use crate::http::error::ApiError;
use crate::http::extract::CompanyAdmin;
use crate::store::companies::{self, Change, Company, MercadoPagoChange};
use crate::store::credentials::MERCADO_PAGO;
use crate::store::{credentials, webhook_keys};
use crate::tenants::gateways::{self, Settings, seal_access_token, seal_telegram_token, seal_webhook_secret};
use crate::text::Language;
use crate::vault::Vault;

/// Longest id of a chat, in characters.
const CHAT_CHARS_MAX: usize = 50;

/// See the module.
///
/// # Errors
/// `company_not_found`, 422, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    language: Language,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let settings = body.read(|fields| settings(fields, &app.vault, &admin.company))?;
    let (modified, erased) = names(&settings);
    if !modified.is_empty() {
        gateways::change(&app.store, &admin.company, settings, app.clock.now()).await?;
    }
    let (company, now) = current(&app, &admin.company).await?;
    let code = if modified.is_empty() { Code::SettingsUnchanged } else { Code::SettingsUpdated };
    let mut answer = json!({
        "success": true,
        "message": language.code(code),
        "code": code.as_str(),
        "empresa": {"id": company.id, "nombre": company.name},
        "campos_modificados": modified,
        "campos_borrados": erased,
        "configuracion_actual": now,
    });
    if modified.is_empty() {
        answer["configurado"] = now;
    }
    Ok(Json(answer))
}

fn settings(fields: &mut Fields<'_>, vault: &Vault, company: &CompanyId) -> Settings {
    // Here null means unchanged, and the mask as well.
    let mut text = |name, chars_max| {
        if fields.is_null(name) { None } else { changed(fields, name, chars_max) }
    };
    let token = text("access_token", KEY_CHARS_MAX);
    let secret = text("webhook_secret", KEY_CHARS_MAX);
    let public_key = text("public_key", KEY_CHARS_MAX);
    let bot_token = text("telegram_bot_token", KEY_CHARS_MAX);
    let chat_id = text("telegram_chat_id", CHAT_CHARS_MAX);
    Settings {
        access_token: token.map(|token| token.map(|token| seal_access_token(vault, company, &token))),
        webhook_secret: secret
            .map(|secret| secret.map(|secret| seal_webhook_secret(vault, company, &secret))),
        mercado_pago: MercadoPagoChange { public_key, mode: mode(fields, "mode") },
        company: Change {
            telegram_bot_token_sealed: bot_token
                .map(|token| token.map(|token| seal_telegram_token(vault, company, &token))),
            telegram_chat_id: chat_id,
            telegram_enabled: fields.optional_boolean("notificaciones_telegram"),
            ..Change::default()
        },
    }
}

/// Names of the fields that are set or erased, and of those that are erased.
fn names(settings: &Settings) -> (Vec<&'static str>, Vec<&'static str>) {
    let texts = |text: &Option<Option<String>>| (text.is_some(), matches!(text, Some(None)));
    let (company, mercado_pago) = (&settings.company, &settings.mercado_pago);
    let fields = [
        ("access_token", texts(&settings.access_token)),
        ("webhook_secret", texts(&settings.webhook_secret)),
        ("public_key", texts(&mercado_pago.public_key)),
        ("mode", (mercado_pago.mode.is_some(), false)),
        ("telegram_bot_token", texts(&company.telegram_bot_token_sealed)),
        ("telegram_chat_id", texts(&company.telegram_chat_id)),
        ("notificaciones_telegram", (company.telegram_enabled.is_some(), false)),
    ];
    let modified = fields.iter().filter(|(_, (modified, _))| *modified).map(|(name, _)| *name).collect();
    let erased = fields.iter().filter(|(_, (_, erased))| *erased).map(|(name, _)| *name).collect();
    (modified, erased)
}

/// The company, and which settings it has now.
async fn current(app: &App, id: &CompanyId) -> Result<(Company, Value), ApiError> {
    let mut reader = app.store.reader().await?;
    let company = companies::find(&mut reader.conn(), id).await?;
    let company = company.ok_or_else(|| ApiError::new(Code::CompanyNotFound))?;
    let token = credentials::current(&mut reader.conn(), id, MERCADO_PAGO).await?;
    let secrets = webhook_keys::in_force(&mut reader.conn(), id, MERCADO_PAGO).await?;
    let telegram = company.telegram_bot_token_sealed.is_some() && company.telegram_chat_id.is_some();
    let now = json!({
        "access_token": token.is_some(),
        "webhook_secret": !secrets.is_empty(),
        "public_key": company.mercado_pago_public_key.is_some(),
        "mode": company.mercado_pago_mode,
        "telegram_configurado": telegram,
        "telegram_activo": company.telegram_enabled,
    });
    Ok((company, now))
}
