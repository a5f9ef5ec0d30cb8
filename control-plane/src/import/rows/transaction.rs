//! Transactions.

use super::{Reading, number};
use crate::domain::id::CompanyId;
use crate::domain::money::Money;
use crate::import::fields::{Fields, Refusal};
use crate::store::credentials::{CONEKTA, MERCADO_PAGO};
use crate::store::import::Transaction;
use crate::store::ledger::PASSWORD_FIELD;
use crate::text::import::ImportText;
use crate::vault::Context;

/// State of a payment or user of which nothing is said.
const PENDING: &str = "pending";
/// How ids of Conekta's orders begin.
const ORDER: &str = "ord_";
/// How references of the replaced service at Mercado Pago begin.
const REFERENCE: &str = "HS";
/// Word of Mercado Pago for a payment that was made.
const APPROVED: &str = "approved";
/// Stands before the number of a transaction without an id at a gateway.
const NAMELESS: &str = "importada-";

impl Reading<'_> {
    pub(super) fn transaction(&self, fields: &mut Fields<'_>) -> Result<Transaction, Refusal> {
        let (id, company) = (number(fields)?, self.company_of(fields)?);
        let router_id = fields.required("router_id")?;
        if self.parents.routers.get(&router_id).map(String::as_str) != Some(company.as_str()) {
            fields.note("router_id", ImportText::RouterGone);
        }
        let currency = fields.currency("moneda")?;
        let amount = Money { minor: fields.amount("monto", currency)?, currency };
        let (named, external_reference) =
            (fields.filled("transaccion_id")?, fields.filled("external_reference")?);
        let payment_state = fields.filled("estado_pago")?.unwrap_or_else(|| PENDING.to_owned());
        let gateway = gateway(named.as_deref(), external_reference.as_deref(), &payment_state);
        Ok(Transaction {
            id,
            public_id: named.unwrap_or_else(|| format!("{NAMELESS}{id}")),
            external_reference,
            router_id,
            product_id: fields.integer("producto_id")?,
            gateway,
            amount,
            customer_name: fields.text("cliente_nombre")?,
            customer_email: fields.text("cliente_email")?,
            customer_phone: fields.text("cliente_telefono")?,
            hotspot_user: fields.filled("usuario_hotspot")?,
            hotspot_password_sealed: self.hotspot_password(fields, &company)?,
            payment_state,
            hotspot_state: fields.filled("estado_hotspot")?.unwrap_or_else(|| PENDING.to_owned()),
            api_key_id: self.key_id(fields)?,
            metadata: metadata(fields.raw("metadata_json")),
            created_at: self.made(fields, "creada_en")?,
            paid_at: fields.utc("pagada_en")?,
            user_created_at: fields.utc("usuario_creado_en")?,
            webhook_processed: fields.flag("webhook_processed", false)?,
            webhook_received_at: fields.utc("webhook_received_at")?,
            notification_id: fields.filled("notification_id")?,
            company_id: company.to_string(),
        })
    }

    fn hotspot_password(&self, fields: &Fields<'_>, company: &CompanyId) -> Result<Option<String>, Refusal> {
        let context = Context { tenant: company.as_str(), field: PASSWORD_FIELD };
        Ok(fields.filled("password_hotspot")?.map(|password| self.seal(&password, &context)))
    }

    /// The key that asked: the old row names it by its hash.
    fn key_id(&self, fields: &Fields<'_>) -> Result<Option<String>, Refusal> {
        let named = fields.filled("api_key_usada")?;
        Ok(named.map(|named| self.parents.keys.get(&named).cloned().unwrap_or(named)))
    }
}

/// The old database does not say which gateway it was; ids and words do.
fn gateway(payment: Option<&str>, reference: Option<&str>, state: &str) -> &'static str {
    let is_number = |id: &str| id.bytes().all(|digit| digit.is_ascii_digit());
    match payment {
        Some(id) if id.starts_with(ORDER) => CONEKTA,
        Some(id) if is_number(id) => MERCADO_PAGO,
        Some(_) | None => {
            let theirs = state == APPROVED || reference.is_some_and(|own| own.starts_with(REFERENCE));
            if theirs { MERCADO_PAGO } else { CONEKTA }
        }
    }
}

/// Our metadata is an object; whatever else there was becomes its only value.
fn metadata(raw: Option<&str>) -> String {
    match raw {
        None => "{}".to_owned(),
        Some(object) if object.starts_with('{') => object.to_owned(),
        Some(other) => format!("{{\"valor\":{other}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{gateway, metadata};

    #[test]
    fn the_gateway_is_told_by_ids_and_words() {
        for (payment, reference, state, expected) in [
            (Some("ord_2abc"), None, "paid", "conekta"),
            (Some("1234567890"), None, "rejected", "mercado_pago"),
            (Some("other"), Some("HS1"), "pending", "mercado_pago"),
            (None, None, "approved", "mercado_pago"),
            (None, None, "paid", "conekta"),
        ] {
            assert_eq!(gateway(payment, reference, state), expected, "{payment:?} {reference:?} {state}");
        }
    }

    #[test]
    fn metadata_is_an_object() {
        assert_eq!(metadata(None), "{}");
        assert_eq!(metadata(Some(r#"{"a": 1}"#)), r#"{"a": 1}"#);
        assert_eq!(metadata(Some("[1]")), r#"{"valor":[1]}"#);
    }
}
