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
use crate::http::operation::{Access, Operation};
use crate::http::shape::{self, Shape, done, flag, object, text, word};
use crate::store::companies::{self, Change, Company, MercadoPagoChange};
use crate::store::credentials::MERCADO_PAGO;
use crate::store::{credentials, webhook_keys};
use crate::tenants::gateways::{self, Settings, seal_access_token, seal_telegram_token, seal_webhook_secret};
use crate::text::Language;
use crate::vault::Vault;

/// Longest id of a chat, in characters.
const CHAT_CHARS_MAX: usize = 50;

/// The fields, as they are named in the answer.
const NAMES: [&str; 7] = [
    "access_token",
    "webhook_secret",
    "public_key",
    "mode",
    "telegram_bot_token",
    "telegram_chat_id",
    "notificaciones_telegram",
];

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::post("/api/v1/payments/configurar-credenciales", handle)
        .titled(
            "Cambia los datos de Mercado Pago y Telegram",
            "Change the Mercado Pago and Telegram settings",
        )
        .open_to(Access::CompanyAdmin)
        .reads(
            json!({"access_token": "APP_USR-…", "mode": "live", "notificaciones_telegram": true}),
            |fields| {
                read(fields);
            },
        )
        .gives(done(
            &[Code::SettingsUpdated, Code::SettingsUnchanged],
            [
                ("success", flag(true)),
                ("empresa", object([("id", text("EMP_0A1B2C3D4E")), ("nombre", text("Red Parque"))])),
                ("campos_modificados", shape::list(word(&NAMES))),
                ("campos_borrados", shape::list(word(&NAMES))),
                ("configuracion_actual", current_shape()),
                ("configurado", current_shape().or_absent()),
            ],
        ))
        .fails(&[Code::CompanyNotFound])
}

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
    let settings = sealed(body.read(read)?, &app.vault, &admin.company);
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

/// As [`Settings`], with nothing sealed yet.
struct Sent {
    access_token: Option<Option<String>>,
    webhook_secret: Option<Option<String>>,
    bot_token: Option<Option<String>>,
    mercado_pago: MercadoPagoChange,
    company: Change,
}

fn read(fields: &mut Fields<'_>) -> Sent {
    // Here null means unchanged, and the mask as well.
    let mut text = |name, chars_max| changed(fields, name, chars_max).filter(|_| !fields.is_null(name));
    let access_token = text("access_token", KEY_CHARS_MAX);
    let webhook_secret = text("webhook_secret", KEY_CHARS_MAX);
    let public_key = text("public_key", KEY_CHARS_MAX);
    let bot_token = text("telegram_bot_token", KEY_CHARS_MAX);
    let telegram_chat_id = text("telegram_chat_id", CHAT_CHARS_MAX);
    let telegram_enabled = fields.optional_boolean("notificaciones_telegram");
    let mercado_pago = MercadoPagoChange { public_key, mode: mode(fields, "mode") };
    let company = Change { telegram_chat_id, telegram_enabled, ..Change::default() };
    Sent { access_token, webhook_secret, bot_token, mercado_pago, company }
}

fn sealed(sent: Sent, vault: &Vault, company: &CompanyId) -> Settings {
    let seal = |text: Option<Option<String>>, how: fn(&Vault, &CompanyId, &str) -> String| {
        text.map(|text| text.map(|text| how(vault, company, &text)))
    };
    let telegram_bot_token_sealed = seal(sent.bot_token, seal_telegram_token);
    Settings {
        access_token: seal(sent.access_token, seal_access_token),
        webhook_secret: seal(sent.webhook_secret, seal_webhook_secret),
        mercado_pago: sent.mercado_pago,
        company: Change { telegram_bot_token_sealed, ..sent.company },
    }
}

fn current_shape() -> Shape {
    object([
        ("access_token", flag(true)),
        ("webhook_secret", flag(true)),
        ("public_key", flag(true)),
        ("mode", text("live")),
        ("telegram_configurado", flag(true)),
        ("telegram_activo", flag(true)),
    ])
}

/// Names of the fields that are set or erased, and of those that are erased.
fn names(settings: &Settings) -> (Vec<&'static str>, Vec<&'static str>) {
    let texts = |text: &Option<Option<String>>| (text.is_some(), matches!(text, Some(None)));
    let (company, mercado_pago) = (&settings.company, &settings.mercado_pago);
    let changes = [
        texts(&settings.access_token),
        texts(&settings.webhook_secret),
        texts(&mercado_pago.public_key),
        (mercado_pago.mode.is_some(), false),
        texts(&company.telegram_bot_token_sealed),
        texts(&company.telegram_chat_id),
        (company.telegram_enabled.is_some(), false),
    ];
    let fields = || NAMES.into_iter().zip(changes);
    let modified = fields().filter(|(_, (modified, _))| *modified).map(|(name, _)| name).collect();
    let erased = fields().filter(|(_, (_, erased))| *erased).map(|(name, _)| name).collect();
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
