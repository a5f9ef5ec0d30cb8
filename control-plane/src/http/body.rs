//! Reads what a client sent, field by field, and collects everything that is wrong with it.
//!
//! A handler describes its request once:
//!
//! ```text
//! let login = body.read(|fields| Login {
//!     email: fields.required_email("email"),
//!     password: fields.required_text("password", PASSWORD_CHARS_MAX),
//! })?;
//! ```
//!
//! A reading method always gives a value, so that all fields are looked at; when one was wrong the whole reading ends in
//! 422 and the values are thrown away. Unknown fields are ignored.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::app::Shared;
use super::error::{ApiError, Fault, Issue, Place};
use crate::domain::code::Code;
use crate::domain::device::parse_mac;
use crate::domain::email;
use crate::store::page::{LIMIT_MAX, Page};
use crate::text::Phrase;

/// Longest wait for the whole body of a request, in milliseconds.
const BODY_TIMEOUT_MS: u64 = 10_000;
/// Names under which raw card data would come.
const CARD_FIELDS: [&str; 8] =
    ["number", "card_number", "cvc", "cvv", "security_code", "exp_month", "exp_year", "pan"];

/// A field's name; for some there is a second one. The first is the one that errors name, and it wins when both are sent.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    shown: &'static str,
    other: Option<&'static str>,
}

impl From<&'static str> for Name {
    fn from(shown: &'static str) -> Self {
        Self { shown, other: None }
    }
}

impl From<(&'static str, &'static str)> for Name {
    fn from((shown, other): (&'static str, &'static str)) -> Self {
        Self { shown, other: Some(other) }
    }
}

/// The object in a request's body.
#[derive(Debug)]
pub struct Body(Map<String, Value>);

impl FromRequest<Shared> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, ApiError> {
        let bytes = read_bytes(request, app.config.http.body_bytes_max).await?;
        Self::parse(&bytes)
    }
}

/// As [`Body`]; no body at all counts as an empty object.
#[derive(Debug)]
pub struct OptionalBody(pub Body);

impl FromRequest<Shared> for OptionalBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, ApiError> {
        let bytes = read_bytes(request, app.config.http.body_bytes_max).await?;
        if bytes.is_empty() { Ok(Self(Body(Map::new()))) } else { Body::parse(&bytes).map(Self) }
    }
}

impl Body {
    /// Reads the text of a body.
    ///
    /// # Errors
    /// 422 when it is absent, no JSON, or no object.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let refuse = |place: Option<Place>, fault| {
            let loc = [Some(Place::Name("body")), place].into_iter().flatten().collect();
            ApiError::validation(vec![Issue { loc, fault }])
        };
        if bytes.is_empty() {
            return Err(refuse(None, Fault::Missing));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(refuse(None, Fault::DictType)),
            Err(error) => Err(refuse(Some(Place::Index(error.column())), Fault::JsonInvalid)),
        }
    }

    /// Takes the fields of a form over.
    #[must_use]
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
    }

    /// Refuses a body that holds raw card data. Neither the fields nor the body must be logged.
    ///
    /// # Errors
    /// 400 `card_data_refused`.
    pub fn refuse_card_data(&self) -> Result<(), ApiError> {
        if CARD_FIELDS.iter().any(|field| self.0.contains_key(*field)) {
            return Err(ApiError::new(Code::CardDataRefused));
        }
        Ok(())
    }

    /// Reads the fields.
    ///
    /// # Errors
    /// 422 with all that was wrong.
    pub fn read<T>(&self, reading: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read("body", &self.0, reading)
    }
}

/// The parameters of a request's query.
#[derive(Debug)]
pub struct Parameters(Map<String, Value>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::new(Code::RequestInvalid))?;
        Ok(Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()))
    }
}

impl Parameters {
    /// Reads the parameters.
    ///
    /// # Errors
    /// 422 with all that was wrong.
    pub fn read<T>(&self, reading: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read("query", &self.0, reading)
    }

    /// Reads `limit` and `offset`; `default` counts for what is absent.
    ///
    /// # Errors
    /// 422 when one is out of range.
    pub fn page(&self, default: Page) -> Result<Page, ApiError> {
        self.read(|fields| fields.page(default))
    }
}

/// Reads a whole body of limited size within a limited time.
pub(super) async fn read_bytes(request: Request, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    read_bytes_within(request, bytes_max, Duration::from_millis(BODY_TIMEOUT_MS)).await
}

/// As [`read_bytes`], with another limit of time.
pub(super) async fn read_bytes_within(
    request: Request,
    bytes_max: usize,
    limit: Duration,
) -> Result<Vec<u8>, ApiError> {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > bytes_max) {
        return Err(ApiError::new(Code::BodyTooLarge));
    }
    match tokio::time::timeout(limit, to_bytes(request.into_body(), bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        // The limit, or a client that went away: it will not read the answer.
        Ok(Err(_)) => Err(ApiError::new(Code::BodyTooLarge)),
        // A client that is gone or far too slow must not hold its place for long.
        Err(_) => Err(ApiError::new(Code::RequestInvalid)),
    }
}

/// Fields being read.
#[derive(Debug)]
pub struct Fields<'a> {
    part: &'static str,
    object: &'a Map<String, Value>,
    issues: Vec<Issue>,
}

impl<'a> Fields<'a> {
    fn read<T>(
        part: &'static str,
        object: &'a Map<String, Value>,
        reading: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ApiError> {
        let mut fields = Self { part, object, issues: Vec::new() };
        let value = reading(&mut fields);
        if fields.issues.is_empty() { Ok(value) } else { Err(ApiError::validation(fields.issues)) }
    }

    /// Notes that a field is wrong.
    pub fn refuse(&mut self, name: impl Into<Name>, fault: Fault) {
        let loc = vec![Place::Name(self.part), Place::Name(name.into().shown)];
        self.issues.push(Issue { loc, fault });
    }

    /// Notes that an element of a list is wrong.
    pub fn refuse_element(&mut self, name: impl Into<Name>, index: usize, fault: Fault) {
        let loc = vec![Place::Name(self.part), Place::Name(name.into().shown), Place::Index(index)];
        self.issues.push(Issue { loc, fault });
    }

    /// What was sent, null included.
    #[must_use]
    pub fn raw(&self, name: impl Into<Name>) -> Option<&'a Value> {
        let name = name.into();
        self.object.get(name.shown).or_else(|| self.object.get(name.other?))
    }

    /// What was sent, unless it is null.
    fn value(&self, name: Name) -> Option<&'a Value> {
        self.raw(name).filter(|value| !value.is_null())
    }

    /// Whether the field was sent as null.
    #[must_use]
    pub fn is_null(&self, name: impl Into<Name>) -> bool {
        self.raw(name).is_some_and(Value::is_null)
    }

    fn required<T: Default>(&mut self, name: Name, fault: Fault, value: Option<T>) -> T {
        if value.is_none() && self.value(name).is_none() {
            let fault = if self.is_null(name) { fault } else { Fault::Missing };
            self.refuse(name, fault);
        }
        value.unwrap_or_default()
    }

    /// A text of at most `chars_max` characters.
    pub fn required_string(&mut self, name: impl Into<Name>, chars_max: usize) -> String {
        let name = name.into();
        let value = self.optional_string(name, chars_max);
        self.required(name, Fault::StringType, value)
    }

    /// A text of at most `chars_max` characters; none when absent or null.
    pub fn optional_string(&mut self, name: impl Into<Name>, chars_max: usize) -> Option<String> {
        let name = name.into();
        match self.value(name)? {
            Value::String(text) => self.limited(name, text.clone(), chars_max),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.refuse(name, Fault::StringType);
                None
            }
        }
    }

    /// As [`Fields::required_string`]; a number counts as its text.
    pub fn required_text(&mut self, name: impl Into<Name>, chars_max: usize) -> String {
        let name = name.into();
        let value = self.optional_text(name, chars_max);
        self.required(name, Fault::StringType, value)
    }

    /// As [`Fields::optional_string`]; a number counts as its text.
    pub fn optional_text(&mut self, name: impl Into<Name>, chars_max: usize) -> Option<String> {
        let name = name.into();
        match self.value(name)? {
            Value::Number(number) => self.limited(name, number.to_string(), chars_max),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                self.optional_string(name, chars_max)
            }
        }
    }

    /// None when the field is absent, a none inside when it is null.
    pub fn change_of_string(&mut self, name: impl Into<Name>, chars_max: usize) -> Option<Option<String>> {
        let name = name.into();
        self.raw(name)?;
        Some(self.optional_string(name, chars_max))
    }

    fn limited(&mut self, name: Name, text: String, chars_max: usize) -> Option<String> {
        if text.contains('\0') {
            self.refuse(name, Fault::StringType);
            return None;
        }
        if text.chars().count() > chars_max {
            self.refuse(name, Fault::StringTooLong);
            return None;
        }
        Some(text)
    }

    /// An e-mail address; its domain part comes out in lower case.
    pub fn required_email(&mut self, name: impl Into<Name>) -> String {
        let name = name.into();
        let text = self.required_string(name, usize::MAX);
        match email::parse(&text) {
            Some(address) => address,
            None => {
                if self.value(name).is_some_and(Value::is_string) {
                    self.refuse(name, Fault::Value(Phrase::EmailSyntax));
                }
                String::new()
            }
        }
    }

    /// An integer; numeric texts and floats without a fraction count.
    pub fn required_integer(&mut self, name: impl Into<Name>) -> i64 {
        let name = name.into();
        let value = self.optional_integer(name);
        self.required(name, Fault::IntType, value)
    }

    /// An integer; none when absent or null.
    pub fn optional_integer(&mut self, name: impl Into<Name>) -> Option<i64> {
        let name = name.into();
        let read = match self.value(name)? {
            Value::Number(number) => integer(&number.to_string()).ok_or(Fault::IntFromFloat),
            Value::String(text) => integer(text.trim()).ok_or(Fault::IntParsing),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Fault::IntType),
        };
        read.map_err(|fault| self.refuse(name, fault)).ok()
    }

    /// An integer between two bounds, both included; none when absent or null.
    pub fn optional_integer_within(&mut self, name: impl Into<Name>, least: i64, most: i64) -> Option<i64> {
        let name = name.into();
        let value = self.optional_integer(name)?;
        if !(least..=most).contains(&value) {
            self.refuse(name, Fault::Value(Phrase::OutOfRange));
        }
        Some(value)
    }

    /// The decimal text of a number; numeric texts count. None when absent or null.
    pub fn optional_number(&mut self, name: impl Into<Name>) -> Option<String> {
        let name = name.into();
        let text = match self.value(name)? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| is_number(text)),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if text.is_none() {
            self.refuse(name, Fault::FloatParsing);
        }
        text
    }

    /// The decimal text of a number.
    pub fn required_number(&mut self, name: impl Into<Name>) -> String {
        let name = name.into();
        let value = self.optional_number(name);
        self.required(name, Fault::FloatParsing, value)
    }

    /// A boolean, or `default` when it is absent.
    pub fn boolean(&mut self, name: impl Into<Name>, default: bool) -> bool {
        let name = name.into();
        if self.is_null(name) {
            self.refuse(name, Fault::BoolParsing);
        }
        self.optional_boolean(name).unwrap_or(default)
    }

    /// A boolean; 0, 1 and the usual words count. None when absent or null.
    pub fn optional_boolean(&mut self, name: impl Into<Name>) -> Option<bool> {
        let name = name.into();
        let read = match self.value(name)? {
            Value::Bool(value) => Some(*value),
            Value::Number(number) => integer(&number.to_string()).and_then(|number| match number {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            }),
            Value::String(text) => boolean_word(text),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        if read.is_none() {
            self.refuse(name, Fault::BoolParsing);
        }
        read
    }

    /// One of `choices`; none when absent or null.
    pub fn optional_choice(
        &mut self,
        name: impl Into<Name>,
        choices: &[&'static str],
    ) -> Option<&'static str> {
        let name = name.into();
        let sent = self.value(name)?.as_str();
        let chosen = choices.iter().copied().find(|choice| Some(*choice) == sent);
        if chosen.is_none() {
            self.refuse(name, Fault::Literal);
        }
        chosen
    }

    /// A list; none when absent or null.
    pub fn optional_list(&mut self, name: impl Into<Name>) -> Option<&'a [Value]> {
        let name = name.into();
        let list = self.value(name)?.as_array().map(Vec::as_slice);
        if list.is_none() {
            self.refuse(name, Fault::ListType);
        }
        list
    }

    /// A MAC address in any usual form, upper case with colons; none when absent, null or empty.
    pub fn optional_mac(&mut self, name: impl Into<Name>) -> Option<String> {
        let name = name.into();
        let text = self.optional_string(name, usize::MAX).filter(|text| !text.is_empty())?;
        let mac = parse_mac(&text);
        if mac.is_none() {
            self.refuse(name, Fault::Value(Phrase::MacSyntax));
        }
        mac
    }

    /// An IPv4 address; none when absent, null or empty.
    pub fn optional_ipv4(&mut self, name: impl Into<Name>) -> Option<String> {
        let name = name.into();
        let text = self.optional_string(name, usize::MAX).filter(|text| !text.is_empty())?;
        let address = text.parse::<std::net::Ipv4Addr>().ok();
        if address.is_none() {
            self.refuse(name, Fault::Value(Phrase::Ipv4Syntax));
        }
        address.map(|address| address.to_string())
    }

    /// `limit` and `offset`; `default` counts for what is absent.
    pub fn page(&mut self, default: Page) -> Page {
        Page {
            limit: self.optional_integer_within("limit", 1, LIMIT_MAX).unwrap_or(default.limit),
            offset: self.optional_integer_within("offset", 0, i64::MAX).unwrap_or(default.offset),
        }
    }
}

/// Decimal text without a fraction, or with one of zeros only.
fn integer(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|digit| digit == b'0') {
        return None;
    }
    whole.parse().ok()
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn boolean_word(text: &str) -> Option<bool> {
    const TRUE: [&str; 6] = ["true", "t", "yes", "y", "on", "1"];
    const FALSE: [&str; 6] = ["false", "f", "no", "n", "off", "0"];
    let word = text.to_ascii_lowercase();
    if TRUE.contains(&word.as_str()) {
        return Some(true);
    }
    FALSE.contains(&word.as_str()).then_some(false)
}

#[cfg(test)]
mod tests;
