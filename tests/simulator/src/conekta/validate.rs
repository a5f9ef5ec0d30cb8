//! Reading requests: what an order, a charge and a refund may hold.
//!
//! Rules are those of the published specification, version 2.3.0. All that is wrong is told at once.

mod fields;

use super::card;
use super::failure::Failure;
use fields::Fields;
use serde_json::{Map, Value};

/// Most keys in metadata.
const METADATA_KEYS_MAX: usize = 100;
/// Longest text in metadata, in characters.
const METADATA_CHARS_MAX: usize = 249;
/// The reasons a refund can have.
const REASONS: [&str; 5] =
    ["requested_by_client", "cannot_be_fulfilled", "duplicated_transaction", "suspected_fraud", "other"];

/// Who pays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customer {
    /// First and last name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Telephone.
    pub phone: String,
}

/// An order that can be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrderDraft {
    /// Total in minor units.
    pub amount: u64,
    /// Three letters.
    pub currency: String,
    /// Who pays.
    pub customer: Customer,
    /// The line items as sent.
    pub line_items: Vec<Map<String, Value>>,
    /// Metadata as sent.
    pub metadata: Map<String, Value>,
    /// Whether money is held only.
    pub pre_authorize: bool,
    /// The mode asked for; without one, no challenge is made.
    pub three_ds_mode: Option<String>,
    /// Where a challenge would return to.
    pub return_url: Option<String>,
    /// Charge of the one-call form.
    pub charge: Option<ChargeDraft>,
    other_lines: Map<String, Value>,
}

/// How it is paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// With the token of a card.
    #[default]
    Card,
    /// In a shop, later.
    Cash,
    /// By transfer, later.
    Spei,
}

/// A charge that can be tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChargeDraft {
    /// How it is paid.
    pub method: Method,
    /// The token; empty without a card.
    pub token_id: String,
    /// When cash or transfer has to be there, in seconds since the Unix epoch.
    pub expires_at: Option<u64>,
    /// Amount in minor units, when sent.
    pub amount: Option<u64>,
    /// The sender's reference.
    pub reference_id: Option<String>,
    /// Address of the buyer.
    pub customer_ip_address: Option<String>,
}

/// A refund that can be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundDraft {
    /// Amount in minor units.
    pub amount: u64,
    /// One of the vendor's reasons.
    pub reason: String,
}

impl OrderDraft {
    /// Tax, shipping or discount lines as sent.
    pub fn lines(&self, name: &str) -> Option<&[Value]> {
        self.other_lines.get(name).and_then(Value::as_array).map(Vec::as_slice)
    }
}

/// Reads `POST /orders`.
///
/// # Errors
/// 400 for what is no JSON object, 422 for wrong fields.
pub fn order(body: &[u8]) -> Result<OrderDraft, Failure> {
    let object = object(body)?;
    let mut fields = Fields::new(&object);
    let mut draft = OrderDraft {
        currency: fields.required_text("currency", 3, 3),
        customer: customer(&mut fields),
        metadata: metadata(&mut fields),
        pre_authorize: fields.flag("pre_authorize"),
        three_ds_mode: three_ds_mode(&mut fields),
        return_url: fields.text("return_url", 1, 2048),
        ..OrderDraft::default()
    };
    fields.check(
        "currency",
        matches!(draft.currency.as_str(), "MXN" | "USD" | ""),
        "currency must be MXN or USD",
    );
    fields.check(
        "checkout",
        object.get("checkout").is_none_or(Value::is_null),
        "the simulator has no hosted checkout; charge a card token",
    );
    draft.line_items = line_items(&mut fields);
    draft.amount = amount(&mut fields, &mut draft);
    if let Some(charges) = object.get("charges").filter(|charges| !charges.is_null()) {
        let charges = charges.as_array().map_or(&[][..], Vec::as_slice);
        fields.check("charges", charges.len() == 1, "charges must be a list of one charge");
        draft.charge = charges.first().map(|charge| charge_draft(&mut fields, charge, draft.amount));
    }
    fields.finish()?;
    Ok(draft)
}

/// Reads `POST /orders/{id}/charges` for an order of this amount.
///
/// # Errors
/// 400 for what is no JSON object, 422 for wrong fields.
pub fn charge(body: &[u8], order_amount: u64) -> Result<ChargeDraft, Failure> {
    let object = Value::Object(object(body)?);
    let nothing = Map::new();
    let mut fields = Fields::new(&nothing);
    let draft = charge_draft(&mut fields, &object, order_amount);
    fields.finish()?;
    Ok(draft)
}

/// Reads `POST /orders/{id}/refunds`.
///
/// # Errors
/// 400 for what is no JSON object, 422 for wrong fields.
pub fn refund(body: &[u8]) -> Result<RefundDraft, Failure> {
    let object = object(body)?;
    let mut fields = Fields::new(&object);
    let amount = fields.required_number("amount", 1, u64::from(u32::MAX));
    let reason = fields.required_text("reason", 1, METADATA_CHARS_MAX);
    fields.check(
        "reason",
        reason.is_empty() || REASONS.contains(&reason.as_str()),
        "reason is not one of the vendor's",
    );
    fields.finish()?;
    Ok(RefundDraft { amount, reason })
}

/// Reads the amount of `POST /orders/{id}/capture`, when one is sent.
///
/// # Errors
/// 400 for what is no JSON object, 422 for a wrong amount.
pub fn capture(body: &[u8]) -> Result<Option<u64>, Failure> {
    let body = if body.is_empty() { b"{}" } else { body };
    let object = object(body)?;
    let mut fields = Fields::new(&object);
    let amount =
        object.contains_key("amount").then(|| fields.required_number("amount", 1, u64::from(u32::MAX)));
    fields.finish()?;
    Ok(amount)
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::malformed("the body must be a JSON object".to_owned())),
        Err(error) => Err(Failure::malformed(error.to_string())),
    }
}

fn customer(fields: &mut Fields<'_>) -> Customer {
    let Some(Value::Object(info)) = fields.value("customer_info") else {
        fields.check("customer_info", false, "customer_info is required");
        return Customer::default();
    };
    if info.contains_key("customer_id") && !info.contains_key("name") {
        fields.check(
            "customer_info.customer_id",
            false,
            "the simulator keeps no customers; send name, email and phone",
        );
        return Customer::default();
    }
    let mut inner = Fields::within("customer_info", info);
    let customer = Customer {
        name: inner.required_text("name", 3, METADATA_CHARS_MAX),
        email: inner.required_text("email", 3, METADATA_CHARS_MAX),
        phone: inner.required_text("phone", 1, 30),
    };
    let name = &customer.name;
    let two_words = name.split_whitespace().count() >= 2;
    let letters = !name.chars().any(char::is_numeric);
    inner.check(
        "name",
        name.is_empty() || (two_words && letters),
        "name must be a first and a last name without digits",
    );
    let (user, host) = customer.email.split_once('@').unwrap_or_default();
    let mail = !user.is_empty() && host.contains('.') && !customer.email.contains(char::is_whitespace);
    inner.check("email", customer.email.is_empty() || mail, "email must be a mail address");
    let digits = customer.phone.strip_prefix('+').unwrap_or(&customer.phone);
    let phone = (10..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    inner.check(
        "phone",
        customer.phone.is_empty() || phone,
        "phone must have 10 to 15 digits, with a plus sign or without",
    );
    fields.adopt(inner);
    customer
}

fn metadata(fields: &mut Fields<'_>) -> Map<String, Value> {
    let found = match fields.value("metadata") {
        None | Some(Value::Null) => return Map::new(),
        Some(Value::Object(found)) => found.clone(),
        Some(_) => {
            fields.check("metadata", false, "metadata must be an object");
            return Map::new();
        }
    };
    fields.check("metadata", found.len() <= METADATA_KEYS_MAX, "metadata can hold 100 keys");
    for (key, value) in &found {
        let scalar = !value.is_object() && !value.is_array();
        fields.check(
            &format!("metadata.{key}"),
            scalar,
            "a value of metadata must be a text, number or flag",
        );
        let short = value.as_str().is_none_or(|text| text.chars().count() <= METADATA_CHARS_MAX);
        fields.check(&format!("metadata.{key}"), short, "a text of metadata can have 249 characters");
    }
    found
}

fn three_ds_mode(fields: &mut Fields<'_>) -> Option<String> {
    let value = fields.value("three_ds_mode")?;
    let mode = value.as_str().filter(|mode| matches!(*mode, "smart" | "strict" | "not_strict"));
    fields.check(
        "three_ds_mode",
        mode.is_some(),
        "three_ds_mode must be smart, strict or not_strict; leave it out for none",
    );
    mode.map(str::to_owned)
}

fn line_items(fields: &mut Fields<'_>) -> Vec<Map<String, Value>> {
    let items = fields.value("line_items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    fields.check("line_items", !items.is_empty(), "line_items must be a list of at least one item");
    let mut found = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let place = format!("line_items[{at}]");
        let Value::Object(item) = item else {
            fields.check(&place, false, "a line item must be an object");
            continue;
        };
        let mut inner = Fields::within(&place, item);
        inner.required_text("name", 3, 249);
        inner.required_number("unit_price", 0, 2_147_483_647);
        inner.required_number("quantity", 1, 2_147_483_647);
        inner.text("description", 3, 249);
        inner.text("sku", 1, 249);
        inner.text("brand", 1, 249);
        tags(&mut inner);
        fields.adopt(inner);
        found.push(item.clone());
    }
    found
}

fn tags(item: &mut Fields<'_>) {
    let tags = match item.value("tags") {
        None | Some(Value::Null) => return,
        Some(tags) => tags.as_array().map_or(&[][..], Vec::as_slice),
    };
    let right = |tag: &Value| tag.as_str().is_some_and(|tag| (2..=249).contains(&tag.chars().count()));
    item.check(
        "tags",
        !tags.is_empty() && tags.iter().all(right),
        "tags must be a list of texts of 2 to 249 characters",
    );
}

fn amount(fields: &mut Fields<'_>, draft: &mut OrderDraft) -> u64 {
    let number = |line: &Map<String, Value>, name: &str| line.get(name).and_then(Value::as_u64).unwrap_or(0);
    let items = draft.line_items.iter();
    let mut total: u64 = items
        .map(|item| number(item, "unit_price").saturating_mul(number(item, "quantity")))
        .fold(0, u64::saturating_add);
    for name in ["tax_lines", "shipping_lines", "discount_lines"] {
        let Some(lines) = fields.value(name).filter(|lines| !lines.is_null()) else { continue };
        let rows = lines.as_array().map_or(&[][..], Vec::as_slice);
        let amounts: Option<Vec<u64>> =
            rows.iter().map(|row| row.get("amount").and_then(Value::as_u64)).collect();
        fields.check(name, lines.is_array() && amounts.is_some(), "each line needs an amount in minor units");
        let sum = amounts.unwrap_or_default().into_iter().fold(0, u64::saturating_add);
        total = if name == "discount_lines" { total.saturating_sub(sum) } else { total.saturating_add(sum) };
        draft.other_lines.insert(name.to_owned(), lines.clone());
    }
    fields.check("line_items", total <= 2_147_483_647, "the total is too large");
    total
}

fn charge_draft(fields: &mut Fields<'_>, charge: &Value, order_amount: u64) -> ChargeDraft {
    let nothing = Map::new();
    let charge = charge.as_object().unwrap_or(&nothing);
    let mut outer = Fields::within("charges[0]", charge);
    let sent = charge.contains_key("amount");
    let amount = sent.then(|| outer.required_number("amount", 1, u64::from(u32::MAX)));
    let whole = amount.is_none_or(|amount| amount == 0 || amount == order_amount);
    outer.check("amount", whole, "amount must be the amount of the order");
    let reference_id = outer.text("reference_id", 1, METADATA_CHARS_MAX);
    let method = charge.get("payment_method").and_then(Value::as_object).unwrap_or(&nothing);
    let mut inner = Fields::within("charges[0].payment_method", method);
    let kind = inner.required_text("type", 1, METADATA_CHARS_MAX);
    let paid_by = match kind.as_str() {
        "cash" | "oxxo_cash" => Method::Cash,
        "spei" => Method::Spei,
        other => {
            inner.check("type", matches!(other, "card" | ""), "the simulator knows card, cash and spei");
            Method::Card
        }
    };
    let token_id = if paid_by == Method::Card {
        inner.required_text("token_id", 1, METADATA_CHARS_MAX)
    } else {
        String::new()
    };
    if !token_id.is_empty() && card::token(&token_id).is_none() {
        inner.refuse(card::nonexistent());
    }
    let expires = method.get("expires_at").filter(|at| !at.is_null()).is_some();
    let expires_at = expires.then(|| inner.required_number("expires_at", 1, u64::from(u32::MAX)));
    let customer_ip_address = inner.text("customer_ip_address", 1, 64);
    fields.adopt(outer);
    fields.adopt(inner);
    ChargeDraft { method: paid_by, token_id, expires_at, amount, reference_id, customer_ip_address }
}

#[cfg(test)]
mod tests;
