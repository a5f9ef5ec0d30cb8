//! Companies and users.

use super::{Reading, id, mode, number};
use crate::domain::id::CompanyId;
use crate::domain::role::Role;
use crate::import::fields::{Fields, Refusal};
use crate::store::import::{Company, User};
use crate::store::{companies, credentials, webhook_keys};
use crate::tenants::companies::real_key;
use crate::text::import::ImportText;
use crate::vault::Context;

/// How hashes begin that we can verify.
const HASHES: [&str; 4] = ["$2a$", "$2b$", "$2y$", "$argon2"];
/// Stands for "no company" beside null.
const NO_COMPANY: &str = "none";

impl Reading<'_> {
    pub(super) fn company(&self, fields: &mut Fields<'_>) -> Result<Company, Refusal> {
        let id = CompanyId::new(id(fields, "id")?);
        let private_key = real_key(fields.filled("conekta_private_key")?);
        let mut seal = |column, field, text: Option<String>| {
            let context = Context { tenant: id.as_str(), field };
            text.map(|text| self.secret(fields, column, text.trim(), &context))
        };
        let conekta_key_sealed = seal("conekta_private_key", credentials::CONEKTA_PRIVATE_KEY, private_key);
        let mut sealed = |column, field| -> Result<Option<String>, Refusal> {
            let text = fields.filled(column)?;
            let context = Context { tenant: id.as_str(), field };
            Ok(text.map(|text| self.secret(fields, column, text.trim(), &context)))
        };
        let mercado_pago_token_sealed =
            sealed("mercado_pago_access_token", credentials::MERCADO_PAGO_ACCESS_TOKEN)?;
        let mercado_pago_secret_sealed =
            sealed("mercado_pago_webhook_secret", webhook_keys::MERCADO_PAGO_SECRET)?;
        let telegram_bot_token_sealed = sealed("telegram_bot_token", companies::TELEGRAM_BOT_TOKEN)?;
        Ok(Company {
            name: fields.required("nombre")?,
            contact_email: fields.text("contacto_email")?,
            contact_phone: fields.text("contacto_telefono")?,
            logo_url: fields.filled("logo_url")?,
            conekta_mode: mode(fields, "conekta_mode")?,
            conekta_public_key: real_key(fields.filled("conekta_public_key")?),
            conekta_key_sealed,
            mercado_pago_mode: mode(fields, "mercado_pago_mode")?,
            mercado_pago_public_key: fields.filled("mercado_pago_public_key")?,
            mercado_pago_token_sealed,
            mercado_pago_secret_sealed,
            telegram_bot_token_sealed,
            telegram_chat_id: fields.filled("telegram_chat_id")?,
            telegram_enabled: fields.flag("notificaciones_telegram", false)?,
            active: fields.flag("activa", true)?,
            created_at: self.made(fields, "creada_en")?,
            webhook_path: self.webhook_path(),
            id,
        })
    }

    pub(super) fn user(&self, fields: &mut Fields<'_>) -> Result<User, Refusal> {
        let role = Role::parse(fields.required("rol")?.trim()).ok_or(Refusal("rol", ImportText::RoleOdd))?;
        let named = fields.filled("empresa_id")?.is_some_and(|id| !id.eq_ignore_ascii_case(NO_COMPANY));
        let company_id = match (role, named) {
            (Role::CompanyAdmin, _) => Some(self.company_of(fields)?.to_string()),
            (Role::SuperAdmin, false) => None,
            (Role::SuperAdmin, true) => return Err(Refusal("empresa_id", ImportText::RoleOdd)),
        };
        let password_hash = fields.required("password_hash")?;
        if !HASHES.iter().any(|prefix| password_hash.starts_with(prefix)) {
            fields.note("password_hash", ImportText::HashOdd);
        }
        Ok(User {
            id: number(fields)?,
            role,
            company_id,
            email: fields.required("email")?,
            password_hash,
            name: fields.text("nombre")?.unwrap_or_default(),
            active: fields.flag("activo", true)?,
            last_login_at: fields.utc("ultimo_login")?,
            created_at: self.made(fields, "creado_en")?,
        })
    }
}
