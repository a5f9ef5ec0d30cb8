//! The fields of a JSON object, each as the text it came in, so that numbers stay what they were.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Most digits of an id.
const ID_DIGITS_MAX: usize = 32;

/// A JSON object.
#[derive(Debug)]
pub(super) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    /// Reads an object; none when it is anything else.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self)
    }

    /// The text of a field; none when it is absent, empty or no text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.parsed::<String>(name).filter(|text| !text.is_empty())
    }

    /// The digits of a number as they were written; none when it is absent or no number.
    pub(super) fn number(&self, name: &str) -> Option<&str> {
        let raw = self.raw(name)?;
        raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()).then_some(raw)
    }

    /// A text, or a number as its text.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        self.text(name).or_else(|| self.number(name).map(str::to_owned))
    }

    /// An id: a whole number of any length, written as a number or as a text.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        let id = self.word(name)?;
        let whole = id.len() <= ID_DIGITS_MAX && id.bytes().all(|byte| byte.is_ascii_digit());
        (whole && !id.starts_with('0')).then_some(id)
    }

    /// A truth value; none when it is absent or something else.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.parsed(name)
    }

    /// An object in this one.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.raw(name)?.as_bytes())
    }

    /// The elements of a list; none when it is absent or something else. A null is an empty list.
    pub(super) fn list(&self, name: &str) -> Option<Vec<Box<RawValue>>> {
        match self.0.get(name)?.get() {
            "null" => Some(Vec::new()),
            raw => serde_json::from_str(raw).ok(),
        }
    }

    /// The objects of a list; whatever else it holds is passed over.
    pub(super) fn objects(&self, name: &str) -> Vec<Self> {
        let list = self.list(name).unwrap_or_default();
        list.iter().filter_map(|element| Self::read(element.get().as_bytes())).collect()
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get()).filter(|raw| *raw != "null")
    }
}

#[cfg(test)]
mod tests {
    use super::Fields;

    fn id(json: &str) -> Option<String> {
        Fields::read(format!("{{\"id\": {json}}}").as_bytes())?.id("id")
    }

    #[test]
    fn an_id_keeps_every_digit() {
        let beyond = "9007199254740993";
        assert_eq!(id(beyond).as_deref(), Some(beyond));
        let huge = "184467440737095516159";
        assert_eq!(id(huge).as_deref(), Some(huge));
        assert_eq!(id("\"123\"").as_deref(), Some("123"));
        for no_id in ["null", "1.0", "1e3", "-5", "0", "\"\"", "\"1/2\"", "true", "{}", "[1]"] {
            assert_eq!(id(no_id), None, "{no_id}");
        }
    }

    #[test]
    fn wrong_types_read_as_absent() {
        let fields =
            Fields::read(br#"{"a": 1, "b": "x", "c": null, "d": [null, {"e": true}, 3]}"#).expect("reads");
        assert_eq!((fields.text("a"), fields.number("b"), fields.flag("a")), (None, None, None));
        assert_eq!((fields.text("c"), fields.text("none")), (None, None));
        assert_eq!(fields.objects("d").len(), 1);
        assert_eq!(fields.list("c").map(|list| list.len()), Some(0));
        assert!(fields.list("none").is_none() && fields.list("b").is_none());
        assert!(fields.object("d").is_none());
    }

    #[test]
    fn what_is_no_object_does_not_read() {
        for body in ["", "null", "[]", "<html></html>", "{\"id\": 1", "12"] {
            assert!(Fields::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
