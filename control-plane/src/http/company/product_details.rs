//! What products share when they are written.

use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::money::Currency;
use crate::http::body::{Fields, Kind};
use crate::http::error::{ApiError, Fault};

/// Longest name of a profile or product, in characters.
pub(super) const NAME_CHARS_MAX: usize = 100;
/// Longest description, in characters.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 5_000;
/// Longest address of a picture, in characters.
pub(super) const IMAGE_URL_CHARS_MAX: usize = 500;
/// Places in a list lie between this and its negative.
pub(super) const ORDER_MAX: i64 = 1_000_000;
/// Most details of a product.
const DETAILS_MAX: usize = 50;
/// Longest code of a currency that is looked at, in characters.
const CURRENCY_CHARS_MAX: usize = 10;

/// The details as JSON of a list of objects; a text `s` becomes `{"texto": s}`.
pub(super) fn details(fields: &mut Fields<'_>) -> Option<String> {
    let list = fields.optional_list("detalles", DETAILS_MAX)?;
    let mut details = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        match item {
            Value::Object(_) => details.push(item.clone()),
            Value::String(text) => details.push(json!({"texto": text})),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                fields.refuse_element("detalles", index, Fault::DictType);
            }
        }
    }
    Some(Value::Array(details).to_string())
}

/// The currency as it was sent.
pub(super) fn currency_text(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.optional_string("moneda", CURRENCY_CHARS_MAX);
    fields.takes("moneda", Kind::Choice(&["MXN", "USD", "EUR"]));
    text
}

/// The currency, if it is one that products may have.
pub(super) fn currency(text: Option<String>) -> Result<Option<Currency>, ApiError> {
    let allowed = |text: &str| Currency::parse(text).filter(|currency| currency.prices_products());
    text.map(|text| allowed(&text).ok_or_else(|| ApiError::new(Code::CurrencyNotAllowed))).transpose()
}
