//! Reading one field after the other.

use serde_json::{Map, Value};

use super::kind::Kind;
use crate::domain::device::parse_mac;
use crate::domain::email;
use crate::domain::money::{Currency, Money};
use crate::http::error::{ApiError, Fault, Issue, Place};
use crate::store::page::{LIMIT_MAX, Page};
use crate::text::Phrase;

/// A field's name; for some there is a second one. The first is the one that errors name, and it wins when both are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The one that counts.
    pub shown: &'static str,
    /// The one that is taken as well.
    pub other: Option<&'static str>,
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

/// What a reading takes from one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// What it may hold.
    pub kind: Kind,
    /// Whether it must be sent.
    pub required: bool,
    /// Whether null is taken.
    pub nullable: bool,
}

/// Fields being read.
#[derive(Debug)]
pub struct Fields<'a> {
    part: &'static str,
    object: &'a Map<String, Value>,
    issues: Vec<Issue>,
    /// The fields themselves, when they are asked for and not what they hold.
    seen: Option<Vec<Field>>,
}

impl<'a> Fields<'a> {
    pub(super) fn read<T>(
        part: &'static str,
        object: &'a Map<String, Value>,
        reading: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ApiError> {
        let mut fields = Self { part, object, issues: Vec::new(), seen: None };
        let value = reading(&mut fields);
        if fields.issues.is_empty() { Ok(value) } else { Err(ApiError::validation(fields.issues)) }
    }

    /// Which fields a reading takes.
    #[must_use]
    pub fn described(reading: fn(&mut Fields<'_>)) -> Vec<Field> {
        let nothing = Map::new();
        let mut fields =
            Fields { part: "body", object: &nothing, issues: Vec::new(), seen: Some(Vec::new()) };
        reading(&mut fields);
        fields.seen.unwrap_or_default()
    }

    /// Says what a field may hold; the last word counts.
    pub fn takes(&mut self, name: impl Into<Name>, kind: Kind) {
        let (Some(seen), name) = (&mut self.seen, name.into()) else { return };
        match seen.iter_mut().find(|field| field.name == name) {
            Some(field) => field.kind = kind,
            None => seen.push(Field { name, kind, required: false, nullable: true }),
        }
    }

    /// As [`Fields::takes`], of a field that must be sent.
    pub fn expects(&mut self, name: impl Into<Name>, kind: Kind) {
        let name = name.into();
        self.takes(name, kind);
        self.refuses_null(name, true);
    }

    fn refuses_null(&mut self, name: Name, required: bool) {
        let field = self.seen.iter_mut().flatten().find(|field| field.name == name);
        if let Some(field) = field {
            field.nullable = false;
            field.required |= required;
        }
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
        self.refuses_null(name, true);
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
        self.takes(name, Kind::String { chars_max });
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
        self.takes(name, Kind::Text { chars_max });
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
        let text = self.optional_string(name, chars_max);
        self.raw(name).map(|_| text)
    }

    /// A text that is not blank and not null; none when absent.
    pub fn change_of_name(&mut self, name: impl Into<Name>, chars_max: usize) -> Option<String> {
        let name = name.into();
        if self.is_null(name) {
            self.refuse(name, Fault::StringType);
        }
        let text = self.optional_string(name, chars_max);
        self.takes(name, Kind::Name { chars_max });
        self.refuses_null(name, false);
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            self.refuse(name, Fault::Value(Phrase::TextEmpty));
        }
        text
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
        self.takes(name, Kind::Email);
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
        self.takes(name, Kind::Integer { least: i64::MIN, most: i64::MAX });
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
        let value = self.optional_integer(name);
        self.takes(name, Kind::Integer { least, most });
        let value = value?;
        if !(least..=most).contains(&value) {
            self.refuse(name, Fault::Value(Phrase::OutOfRange));
        }
        Some(value)
    }

    /// The decimal text of a number; numeric texts count. None when absent or null.
    pub fn optional_number(&mut self, name: impl Into<Name>) -> Option<String> {
        let name = name.into();
        self.takes(name, Kind::Number);
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

    /// A price in minor units; the currencies of products all have two decimals. None when absent or null.
    pub fn optional_price(&mut self, name: impl Into<Name>) -> Option<i64> {
        let name = name.into();
        let text = self.optional_number(name);
        self.takes(name, Kind::Price);
        let price = Money::parse(&text?, Currency::Mxn).filter(|price| price.minor > 0);
        if price.is_none() {
            self.refuse(name, Fault::Value(Phrase::PriceShape));
        }
        price.map(|price| price.minor)
    }

    /// A price in minor units.
    pub fn required_price(&mut self, name: impl Into<Name>) -> i64 {
        let name = name.into();
        let value = self.optional_price(name);
        self.required(name, Fault::FloatParsing, value)
    }

    /// A boolean, not null; none when absent.
    pub fn change_of_boolean(&mut self, name: impl Into<Name>) -> Option<bool> {
        let name = name.into();
        if self.is_null(name) {
            self.refuse(name, Fault::BoolParsing);
        }
        let value = self.optional_boolean(name);
        self.refuses_null(name, false);
        value
    }

    /// A boolean, or `default` when it is absent.
    pub fn boolean(&mut self, name: impl Into<Name>, default: bool) -> bool {
        self.change_of_boolean(name).unwrap_or(default)
    }

    /// A boolean; 0, 1 and the usual words count. None when absent or null.
    pub fn optional_boolean(&mut self, name: impl Into<Name>) -> Option<bool> {
        let name = name.into();
        self.takes(name, Kind::Boolean);
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
        choices: &'static [&'static str],
    ) -> Option<&'static str> {
        let name = name.into();
        self.takes(name, Kind::Choice(choices));
        let sent = self.value(name)?.as_str();
        let chosen = choices.iter().copied().find(|choice| Some(*choice) == sent);
        if chosen.is_none() {
            self.refuse(name, Fault::Literal);
        }
        chosen
    }

    /// One of `choices`.
    pub fn required_choice(
        &mut self,
        name: impl Into<Name>,
        choices: &'static [&'static str],
    ) -> &'static str {
        let name = name.into();
        let value = self.optional_choice(name, choices);
        self.required(name, Fault::Literal, value)
    }

    /// A list of at most `items_max` elements, whose shape whoever reads them checks; none when absent or null.
    pub fn optional_list(&mut self, name: impl Into<Name>, items_max: usize) -> Option<&'a [Value]> {
        let name = name.into();
        self.takes(name, Kind::List { items_max });
        let list = self.value(name)?.as_array().map(Vec::as_slice);
        if list.is_none() {
            self.refuse(name, Fault::ListType);
        }
        if list.is_some_and(|list| list.len() > items_max) {
            self.refuse(name, Fault::Value(Phrase::OutOfRange));
            return None;
        }
        list
    }

    /// A MAC address in any usual form, upper case with colons; none when absent, null or empty.
    pub fn optional_mac(&mut self, name: impl Into<Name>) -> Option<String> {
        let name = name.into();
        let text = self.optional_string(name, usize::MAX);
        self.takes(name, Kind::Mac);
        let text = text.filter(|text| !text.is_empty())?;
        let mac = parse_mac(&text);
        if mac.is_none() {
            self.refuse(name, Fault::Value(Phrase::MacSyntax));
        }
        mac
    }

    /// An IPv4 address; none when absent, null or empty.
    pub fn optional_ipv4(&mut self, name: impl Into<Name>) -> Option<String> {
        let name = name.into();
        let text = self.optional_string(name, usize::MAX);
        self.takes(name, Kind::Ipv4);
        let text = text.filter(|text| !text.is_empty())?;
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
