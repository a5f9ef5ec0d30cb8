//! Routers, their keys, and what they sell.

use super::{Reading, id, number};
use crate::domain::id::{ApiKeyId, RouterId};
use crate::domain::money::{Money, PRICE_MINOR_MAX};
use crate::import::fields::{Fields, Refusal};
use crate::store::api_keys::NewApiKey;
use crate::store::import::{Key, Product, Router};
use crate::store::routers::{self, PASSWORD_FIELD};
use crate::text::import::ImportText;
use crate::vault::Context;

/// Port of the RouterOS API.
const API_PORT: i64 = 8_728;
/// Length of a hash of a key, in hex digits.
const HASH_CHARS: usize = 64;

impl Reading<'_> {
    pub(super) fn router(&self, fields: &mut Fields<'_>) -> Result<Router, Refusal> {
        let id = RouterId::new(id(fields, "id")?);
        let company_id = self.company_of(fields)?;
        let password =
            fields.text("password_encrypted")?.ok_or(Refusal("password_encrypted", ImportText::Missing))?;
        let context = Context { tenant: company_id.as_str(), field: PASSWORD_FIELD };
        let password_sealed = self.secret(fields, "password_encrypted", &password, &context);
        Ok(Router(routers::Router {
            id,
            site_id: self.site_id(),
            name: fields.required("nombre")?,
            host: fields.required("host")?,
            port: port(fields)?,
            username: fields.required("usuario")?,
            password_sealed,
            location: fields.text("ubicacion")?,
            active: fields.flag("activo", true)?,
            settings_version: 1,
            created_at: self.made(fields, "creado_en")?,
            company_id,
        }))
    }

    pub(super) fn key(&self, fields: &mut Fields<'_>) -> Result<Key, Refusal> {
        let (company_id, router_id) = self.router_of(fields)?;
        let key_hash = fields.required("key_hash")?.trim().to_ascii_lowercase();
        if key_hash.len() != HASH_CHARS || !key_hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Refusal("key_hash", ImportText::Unreadable));
        }
        let needed = |column| fields.utc(column)?.ok_or(Refusal(column, ImportText::Missing));
        let (issued_at, expires_at) = (needed("issued_at")?, needed("expires_at")?);
        let last_used_at = fields.utc("last_used")?;
        // The old database does not say when: not before the last trace of it.
        let revoked = fields.flag("revoked", false)?;
        let revoked_at = revoked.then(|| last_used_at.map_or(issued_at, |used| used.max(issued_at)));
        let id = ApiKeyId::new(id(fields, "key_id")?);
        Ok(Key {
            key: NewApiKey { id, company_id, router_id, key_hash, issued_at, expires_at },
            revoked_at,
            last_used_at,
            use_count: fields.integer("use_count")?.unwrap_or(0),
        })
    }

    pub(super) fn product(&self, fields: &mut Fields<'_>) -> Result<Product, Refusal> {
        let (company_id, router_id) = self.router_of(fields)?;
        let currency = fields.currency("moneda")?;
        let minor = fields.amount("precio", currency)?;
        if minor > PRICE_MINOR_MAX {
            return Err(Refusal("precio", ImportText::Amount));
        }
        Ok(Product {
            id: number(fields)?,
            company_id: company_id.to_string(),
            router_id: router_id.to_string(),
            profile_id: fields.required("perfil_mikrotik_id")?,
            profile_name: fields.required("perfil_mikrotik_nombre")?,
            sale_name: fields.required("nombre_venta")?,
            description: fields.text("descripcion")?,
            image_url: fields.text("imagen_url")?,
            price: Money { minor, currency },
            details: fields.raw("detalles").unwrap_or("[]").to_owned(),
            active: fields.flag("activo", true)?,
            display_order: fields.integer("orden_visual")?.unwrap_or(0),
            featured: fields.flag("destacado", false)?,
            created_at: self.made(fields, "creado_en")?,
        })
    }
}

fn port(fields: &mut Fields<'_>) -> Result<i64, Refusal> {
    let port = fields.integer("puerto")?.unwrap_or(API_PORT);
    if (1..=i64::from(u16::MAX)).contains(&port) {
        return Ok(port);
    }
    fields.note("puerto", ImportText::PortOdd);
    Ok(API_PORT)
}
