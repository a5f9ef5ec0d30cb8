//! Endpoints for admins of a company. The session says which company it is.

pub mod change;
pub mod conekta_change;
pub mod conekta_show;
pub mod dashboard;
pub mod delivery_list;
pub mod delivery_resend;
pub mod logo_change;
pub mod mercado_pago_change;
pub mod mercado_pago_show;
pub mod payment_settings;
pub mod product_change;
pub mod product_create;
pub mod product_deactivate;
mod product_details;
pub mod product_list;
pub mod product_show;
mod product_view;
pub mod review_list;
pub mod router_change;
pub mod router_list;
pub mod router_profiles;
pub mod router_test;
pub mod show;
pub mod stray_acknowledge;
pub mod telegram_test;
pub mod transaction_export;
pub mod transaction_list;
pub mod transaction_refund;
pub mod transaction_resolve;
pub mod transaction_show;
pub mod webhook_change;
pub mod webhook_create;
pub mod webhook_delete;
pub mod webhook_list;
pub mod webhook_rotate;
pub mod webhook_show;
pub mod webhook_try;
mod webhook_view;

use super::body::Fields;
use super::error::Fault;

/// Stands for a secret in answers; written back it means unchanged.
pub(super) const MASK: &str = "********";
/// Longest key or secret of a gateway, in characters.
pub(super) const KEY_CHARS_MAX: usize = 255;

/// A text; absent, null and empty mean unchanged.
fn sent(fields: &mut Fields<'_>, name: &'static str, chars_max: usize) -> Option<String> {
    let text = fields.optional_string(name, chars_max)?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// A text or number that can be erased; absent and the mask mean unchanged, null and blank mean erased.
fn changed(fields: &mut Fields<'_>, name: &'static str, chars_max: usize) -> Option<Option<String>> {
    fields.raw(name)?;
    let text = fields.optional_text(name, chars_max).map(|text| text.trim().to_owned());
    match text {
        Some(text) if text == MASK => None,
        Some(text) if !text.is_empty() => Some(Some(text)),
        Some(_) | None => Some(None),
    }
}

/// `test` or `live`; absent, null and empty mean unchanged.
fn mode(fields: &mut Fields<'_>, name: &'static str) -> Option<String> {
    let mode = sent(fields, name, KEY_CHARS_MAX)?;
    if !["test", "live"].contains(&mode.as_str()) {
        fields.refuse(name, Fault::Literal);
    }
    Some(mode)
}
