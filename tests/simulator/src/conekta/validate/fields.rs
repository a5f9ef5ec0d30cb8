//! Fields of one JSON object, read one by one; what is wrong is collected.

use crate::conekta::failure::{Detail, Failure};
use serde_json::{Map, Value};

/// An object that is being read.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    prefix: String,
    wrong: Vec<Detail>,
}

impl<'a> Fields<'a> {
    /// Reads the body itself.
    pub(super) fn new(object: &'a Map<String, Value>) -> Self {
        Self { object, prefix: String::new(), wrong: Vec::new() }
    }

    /// Reads an object inside the body.
    pub(super) fn within(place: &str, object: &'a Map<String, Value>) -> Self {
        Self { object, prefix: format!("{place}."), wrong: Vec::new() }
    }

    /// The value of a field as it came.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// A text that has to be there; empty when it is wrong.
    pub(super) fn required_text(&mut self, name: &str, min: usize, max: usize) -> String {
        let found = self.text(name, min, max);
        self.check(
            name,
            found.is_some() || self.object.get(name).is_some_and(|value| !value.is_null()),
            "is required",
        );
        found.unwrap_or_default()
    }

    /// A text that may be missing or null; lengths are in characters.
    pub(super) fn text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        let text = value.as_str().filter(|text| (min..=max).contains(&text.chars().count()));
        if text.is_none() {
            self.wrong(name, &format!("must be a text of {min} to {max} characters"));
        }
        text.map(str::to_owned)
    }

    /// A whole number that has to be there; 0 when it is wrong.
    pub(super) fn required_number(&mut self, name: &str, min: u64, max: u64) -> u64 {
        let number =
            self.object.get(name).and_then(Value::as_u64).filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.wrong(name, &format!("must be a whole number from {min} to {max}"));
        }
        number.unwrap_or(0)
    }

    /// A flag that may be missing or null.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.object.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.wrong(name, "must be true or false");
                false
            }
        }
    }

    /// Notes a field as wrong unless `right`.
    pub(super) fn check(&mut self, name: &str, right: bool, text: &str) {
        if !right {
            self.wrong(name, text);
        }
    }

    /// Notes something that has a code of its own.
    pub(super) fn refuse(&mut self, detail: Detail) {
        self.wrong.push(detail);
    }

    /// Takes over what another object has noted.
    pub(super) fn adopt(&mut self, other: Fields<'_>) {
        self.wrong.extend(other.wrong);
    }

    /// All is right, or everything that is not.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Failure::fields(self.wrong)) }
    }

    fn wrong(&mut self, name: &str, text: &str) {
        let param = format!("{}{name}", self.prefix);
        let known = self.wrong.iter().any(|detail| detail.param.as_deref() == Some(&param));
        if known {
            return;
        }
        let plain: String =
            param.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')).collect();
        self.wrong.push(Detail {
            code: format!("parameter_validation.{plain}.invalid"),
            debug_message: format!("{param} {text}"),
            param: Some(param),
            message: ["Los datos enviados no son válidos.", "The data sent is not valid."],
        });
    }
}
