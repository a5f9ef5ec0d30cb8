//! One row of the old database, read tolerantly: a column may be missing, null, or of a neighbouring type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use time::format_description::well_known::Iso8601;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::{Table, Trouble};
use crate::domain::money::{Currency, minor_units};
use crate::domain::time::Timestamp;
use crate::text::import::ImportText;

const NANOS_PER_MS: i128 = 1_000_000;

/// Why a row cannot be taken: the column, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) &'static str, pub(super) ImportText);

/// The columns of one row.
pub(super) struct Fields<'a> {
    values: BTreeMap<Cow<'a, str>, &'a RawValue>,
    notes: Vec<Refusal>,
}

impl<'a> Fields<'a> {
    /// Reads a row from a JSON object of its columns.
    pub(super) fn parse(body: &'a str) -> Result<Self, Refusal> {
        let values = serde_json::from_str(body).map_err(|_| Refusal("", ImportText::Unreadable))?;
        Ok(Self { values, notes: Vec::new() })
    }

    /// Notes something that a person should know; the row is taken all the same.
    pub(super) fn note(&mut self, column: &'static str, what: ImportText) {
        self.notes.push(Refusal(column, what));
    }

    /// What was noted.
    pub(super) fn into_notes(self, table: Table, id: &str) -> Vec<Trouble> {
        self.notes.into_iter().map(|note| Trouble::note(table, id, note.0, note.1)).collect()
    }

    /// The JSON text of a column; none when it is missing or null.
    pub(super) fn raw(&self, column: &str) -> Option<&'a str> {
        self.values.get(column).map(|value| value.get()).filter(|text| *text != "null")
    }

    /// The text of a column. What is no text counts as written.
    pub(super) fn text(&self, column: &'static str) -> Result<Option<String>, Refusal> {
        let Some(raw) = self.raw(column) else { return Ok(None) };
        if !raw.starts_with('"') {
            return Ok(Some(raw.to_owned()));
        }
        serde_json::from_str(raw).map(Some).map_err(|_| Refusal(column, ImportText::Unreadable))
    }

    /// The same; none also when it is blank.
    pub(super) fn filled(&self, column: &'static str) -> Result<Option<String>, Refusal> {
        Ok(self.text(column)?.filter(|text| !text.trim().is_empty()))
    }

    /// A text that must be there.
    pub(super) fn required(&self, column: &'static str) -> Result<String, Refusal> {
        self.filled(column)?.ok_or(Refusal(column, ImportText::Missing))
    }

    /// A yes or no.
    pub(super) fn flag(&self, column: &'static str, default: bool) -> Result<bool, Refusal> {
        let Some(text) = self.filled(column)? else { return Ok(default) };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "y" | "on" => Ok(true),
            "false" | "f" | "0" | "no" | "n" | "off" => Ok(false),
            _ => Err(Refusal(column, ImportText::Unreadable)),
        }
    }

    /// A whole number.
    pub(super) fn integer(&self, column: &'static str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.filled(column)? else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| Refusal(column, ImportText::Unreadable))
    }

    /// The currency of a row; pesos when none is said.
    pub(super) fn currency(&self, column: &'static str) -> Result<Currency, Refusal> {
        let Some(text) = self.filled(column)? else { return Ok(Currency::Mxn) };
        Currency::parse(text.trim()).ok_or(Refusal(column, ImportText::Currency))
    }

    /// An amount in minor units.
    pub(super) fn amount(&self, column: &'static str, currency: Currency) -> Result<i64, Refusal> {
        let text = self.required(column)?;
        minor_units(text.trim(), currency.decimals()).ok_or(Refusal(column, ImportText::Amount))
    }

    /// A point in time as the old database shows it, in no zone or, where the column has drifted, in its own.
    pub(super) fn time(&self, column: &'static str) -> Result<Option<Moment>, Refusal> {
        let Some(text) = self.filled(column)? else { return Ok(None) };
        moment(text.trim()).map(Some).ok_or(Refusal(column, ImportText::Time))
    }

    /// A point in time that the application wrote, in UTC.
    pub(super) fn utc(&self, column: &'static str) -> Result<Option<Timestamp>, Refusal> {
        Ok(self.time(column)?.map(|moment| match moment {
            Moment::Exact(at) | Moment::Local(at) => at,
        }))
    }
}

/// A point in time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Its zone was written.
    Exact(Timestamp),
    /// Some clock showed this.
    Local(Timestamp),
}

fn moment(text: &str) -> Option<Moment> {
    let millis = |nanos: i128| i64::try_from(nanos.div_euclid(NANOS_PER_MS)).ok().map(Timestamp);
    // In this order: a local time would be read although a zone follows it.
    if let Ok(exact) = OffsetDateTime::parse(text, &Iso8601::DEFAULT) {
        return millis(exact.unix_timestamp_nanos()).map(Moment::Exact);
    }
    let local = PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).ok()?;
    millis(local.assume_utc().unix_timestamp_nanos()).map(Moment::Local)
}

#[cfg(test)]
mod tests {
    use super::{Fields, Moment, Refusal, moment};
    use crate::domain::money::Currency;
    use crate::domain::time::Timestamp;
    use crate::text::import::ImportText;

    #[test]
    fn neighbouring_types_are_read() {
        let body = r#"{"a":"x","b":7,"c":null,"d":" ","e":"f","f":true,"g":"12","h":{"i":1}}"#;
        let fields = Fields::parse(body).expect("a row");
        assert_eq!(fields.text("a"), Ok(Some("x".into())));
        assert_eq!(fields.text("b"), Ok(Some("7".into())));
        assert_eq!((fields.text("c"), fields.text("absent")), (Ok(None), Ok(None)));
        assert_eq!((fields.text("d"), fields.filled("d")), (Ok(Some(" ".into())), Ok(None)));
        assert_eq!((fields.flag("e", true), fields.flag("f", false)), (Ok(false), Ok(true)));
        assert_eq!((fields.flag("c", true), fields.integer("g")), (Ok(true), Ok(Some(12))));
        assert_eq!(fields.raw("h"), Some(r#"{"i":1}"#));
        assert_eq!(fields.required("c"), Err(Refusal("c", ImportText::Missing)));
        assert_eq!(fields.flag("a", true), Err(Refusal("a", ImportText::Unreadable)));
        assert!(Fields::parse("[]").is_err());
    }

    #[test]
    fn money_is_read_to_the_cent() {
        let fields =
            Fields::parse(r#"{"a":19.99,"b":"20.5","c":-1,"d":1.005,"e":"mxn","f":"XXX"}"#).expect("a row");
        assert_eq!(fields.amount("a", Currency::Mxn), Ok(1_999));
        assert_eq!(fields.amount("b", Currency::Mxn), Ok(2_050));
        for odd in ["c", "d"] {
            assert_eq!(fields.amount(odd, Currency::Mxn), Err(Refusal(odd, ImportText::Amount)));
        }
        assert_eq!(fields.currency("e"), Ok(Currency::Mxn));
        assert_eq!(fields.currency("absent"), Ok(Currency::Mxn));
        assert_eq!(fields.currency("f"), Err(Refusal("f", ImportText::Currency)));
    }

    #[test]
    fn times_are_read_with_and_without_a_zone() {
        let at = Timestamp(1_772_388_245_123);
        assert_eq!(moment("2026-03-01T18:04:05.123456"), Some(Moment::Local(at)));
        assert_eq!(moment("2026-03-01T12:04:05.123456-06:00"), Some(Moment::Exact(at)));
        assert_eq!(moment("2026-03-01T18:04:05"), Some(Moment::Local(Timestamp(1_772_388_245_000))));
        for odd in ["infinity", "2026-02-30T00:00:00", "0044-03-15 BC", ""] {
            assert_eq!(moment(odd), None, "{odd}");
        }
    }
}
