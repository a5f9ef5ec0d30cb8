//! Reading requests: what a payment, a refund and a change may hold.

use super::account::Account;
use super::amount::{AmountError, minor_units};
use super::failure::Failure;
use super::{card, date};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Longest `external_reference`, in characters.
const REFERENCE_CHARS_MAX: usize = 256;
/// Longest `notification_url`, in characters.
const URL_CHARS_MAX: usize = 500;
/// Methods that are paid later, and whether by transfer.
const LATER: [(&str, bool); 9] = [
    ("oxxo", false),
    ("paycash", false),
    ("bancomer", false),
    ("banamex", false),
    ("clabe", true),
    ("pix", true),
    ("bolbradesco", false),
    ("efecty", false),
    ("rapipago", false),
];

/// A payment that can be made.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentDraft {
    /// Amount in minor units.
    pub amount: u64,
    /// Card token; empty for a method that is paid later.
    pub token: String,
    /// `visa`, `oxxo`, `clabe` …
    pub method: String,
    /// Whether it is paid later by transfer; `None` for a card.
    pub later_by_transfer: Option<bool>,
    /// Whether only approved or rejected will do.
    pub binary_mode: bool,
    /// Whether the money is taken, not only held.
    pub capture: bool,
    /// `optional` or `mandatory`, when asked for.
    pub three_ds: Option<String>,
    /// The sender's reference.
    pub external_reference: Option<String>,
    /// Where news of this payment go.
    pub notification_url: Option<String>,
    /// End of a payment that is paid later, in milliseconds since the Unix epoch.
    pub expires_ms: Option<u64>,
    /// The request as it came.
    pub body: Map<String, Value>,
}

/// A change that can be made by `PUT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Close it before it is paid.
    Cancel,
    /// Take the held money, or this part of it in minor units.
    Capture(Option<u64>),
}

#[derive(Deserialize)]
struct Amounts<'a> {
    #[serde(borrow, default)]
    transaction_amount: Option<&'a RawValue>,
    #[serde(borrow, default)]
    amount: Option<&'a RawValue>,
}

/// Reads `POST /v1/payments`.
///
/// # Errors
/// 400 with the code of the first field that is wrong.
pub fn payment(body: &[u8], account: &Account) -> Result<PaymentDraft, Failure> {
    let fields = object(body)?;
    let amount = read_amount(amounts(body)?.transaction_amount, account, "transaction_amount")?;
    let amount =
        amount.ok_or_else(|| Failure::bad_request(4002, "transaction_amount attribute can't be null"))?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let method = text("payment_method_id")
        .ok_or_else(|| Failure::bad_request(4001, "payment_method_id attribute can't be null"))?;
    let later_by_transfer = LATER.iter().find(|(name, _)| *name == method).map(|(_, transfer)| *transfer);
    let token = if later_by_transfer.is_some() { String::new() } else { card_token(&fields)? };
    payer(&fields)?;
    let expires_ms = match fields.get("date_of_expiration").filter(|value| !value.is_null()) {
        None => None,
        Some(value) => Some(value.as_str().and_then(date::parse_strict).ok_or_else(|| {
            Failure::bad_request(1001, "date_of_expiration must be a date with milliseconds and offset")
        })?),
    };
    Ok(PaymentDraft {
        amount,
        token,
        method: method.to_owned(),
        later_by_transfer,
        binary_mode: flag(&fields, "binary_mode", false)?,
        capture: flag(&fields, "capture", true)?,
        three_ds: three_ds(&fields)?,
        external_reference: reference(&fields)?,
        notification_url: notification_url(&fields)?,
        expires_ms,
        body: fields,
    })
}

/// Reads the amount of `POST /v1/payments/{id}/refunds`; `None` for the whole.
///
/// # Errors
/// 400 for what is no JSON object or no amount.
pub fn refund(body: &[u8], account: &Account) -> Result<Option<u64>, Failure> {
    let body = if body.is_empty() { b"{}" } else { body };
    object(body)?;
    read_amount(amounts(body)?.amount, account, "amount")
}

/// Reads `PUT /v1/payments/{id}`.
///
/// # Errors
/// 400 for anything else than a cancellation or a capture.
pub fn change(body: &[u8], account: &Account) -> Result<Change, Failure> {
    let fields = object(body)?;
    match (fields.get("status").and_then(Value::as_str), fields.get("capture")) {
        (Some("cancelled"), None) => Ok(Change::Cancel),
        (None, Some(Value::Bool(true))) => Ok(Change::Capture(read_amount(
            amounts(body)?.transaction_amount,
            account,
            "transaction_amount",
        )?)),
        _ => Err(Failure::bad_request(1, "only status cancelled and capture true can be set")),
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Failure::bad_request(1, "the body must be a JSON object")),
    }
}

/// The amounts as they were written, not as a binary fraction.
fn amounts(body: &[u8]) -> Result<Amounts<'_>, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::bad_request(1, "the body must be a JSON object"))
}

fn read_amount(raw: Option<&RawValue>, account: &Account, name: &str) -> Result<Option<u64>, Failure> {
    let Some(raw) = raw else { return Ok(None) };
    let amount = minor_units(raw.get(), account.decimals).map_err(|error| match error {
        AmountError::NotANumber => Failure::bad_request(4003, &format!("{name} attribute must be numeric")),
        AmountError::Invalid => Failure::bad_request(4037, &format!("Invalid {name}")),
    })?;
    Ok(Some(amount))
}

fn card_token(fields: &Map<String, Value>) -> Result<String, Failure> {
    let token = match fields.get("token") {
        None | Some(Value::Null) => return Err(Failure::bad_request(4000, "token attribute can't be null")),
        Some(token) => token.as_str().filter(|token| card::verdict(token).is_some()),
    };
    let token = token.ok_or_else(|| Failure::bad_request(2006, "Card Token not found"))?;
    match fields.get("installments") {
        None | Some(Value::Null) => Err(Failure::bad_request(4004, "installments attribute can't be null")),
        Some(count) if count.as_u64().is_some_and(|count| (1..=48).contains(&count)) => Ok(token.to_owned()),
        Some(_) => Err(Failure::bad_request(4005, "installments attribute must be numeric")),
    }
}

fn payer(fields: &Map<String, Value>) -> Result<(), Failure> {
    let Some(payer) = fields.get("payer").and_then(Value::as_object) else {
        return Err(Failure::bad_request(4006, "payer attribute is malformed"));
    };
    let email = payer.get("email").and_then(Value::as_str).unwrap_or_default();
    let (user, host) = email.split_once('@').unwrap_or_default();
    if user.is_empty() || !host.contains('.') || email.contains(char::is_whitespace) {
        return Err(Failure::bad_request(4050, "payer.email must be a valid email"));
    }
    Ok(())
}

fn flag(fields: &Map<String, Value>, name: &str, absent: bool) -> Result<bool, Failure> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(absent),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Failure::bad_request(1, &format!("{name} must be true or false"))),
    }
}

fn three_ds(fields: &Map<String, Value>) -> Result<Option<String>, Failure> {
    match fields.get("three_d_secure_mode").filter(|mode| !mode.is_null()) {
        None => Ok(None),
        Some(mode) => match mode.as_str() {
            Some("not_supported") => Ok(None),
            Some(mode @ ("optional" | "mandatory")) => Ok(Some(mode.to_owned())),
            _ => Err(Failure::bad_request(1, "three_d_secure_mode is not_supported, optional or mandatory")),
        },
    }
}

fn reference(fields: &Map<String, Value>) -> Result<Option<String>, Failure> {
    match fields.get("external_reference").filter(|reference| !reference.is_null()) {
        None => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= REFERENCE_CHARS_MAX => Ok(Some(text.clone())),
        Some(_) => {
            Err(Failure::bad_request(1, "external_reference must be a text of at most 256 characters"))
        }
    }
}

fn notification_url(fields: &Map<String, Value>) -> Result<Option<String>, Failure> {
    match fields.get("notification_url").filter(|url| !url.is_null()) {
        None => Ok(None),
        Some(url) => {
            let right = |url: &&str| {
                (url.starts_with("https://") || url.starts_with("http://")) && url.len() <= URL_CHARS_MAX
            };
            let url = url.as_str().filter(right);
            let wrong = || Failure::bad_request(4020, "notification_url attribute must be url valid");
            url.map(|url| Some(url.to_owned())).ok_or_else(wrong)
        }
    }
}
