//! A command to send, and the records that come back (MikroTik API documentation, "API sentences" and "Queries").

use std::borrow::Cow;

use super::codec::Sentence;

/// One command with its arguments. `Debug` shows only the command, since arguments hold passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    path: &'static str,
    words: Sentence,
}

impl Request {
    /// A command by its full path, verb included.
    #[must_use]
    pub fn new(path: &'static str) -> Self {
        let mut words = Sentence::new();
        words.push(&[path.as_bytes()]);
        Self { path, words }
    }

    /// Adds `=name=value`. No quoting exists on the wire; the value may hold any byte.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.words.push(&[b"=", name.as_bytes(), b"=", value.as_ref()]);
        self
    }

    /// Asks for records whose property `name` is exactly `value`.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.words.push(&[b"?", name.as_bytes(), b"=", value.as_ref()]);
        self
    }

    /// Adds query operators, for example `|` after two queries for "either".
    #[must_use]
    pub fn operators(mut self, operators: &str) -> Self {
        self.words.push(&[b"?#", operators.as_bytes()]);
        self
    }

    /// Asks for these properties only.
    #[must_use]
    pub fn properties(self, names: &[&str]) -> Self {
        self.attribute(".proplist", names.join(","))
    }

    /// The command's path.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Whether the command changes the router. Printing does not.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.path.ends_with("/print")
    }

    /// Appends the command with a tag as it goes over the wire.
    pub(super) fn encode(&self, tag: u64, out: &mut Vec<u8>) {
        let mut sentence = self.words.clone();
        sentence.push(&[b".tag=", tag.to_string().as_bytes()]);
        sentence.encode(out);
    }
}

/// The attributes of one sentence of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(Sentence);

impl Record {
    pub(super) fn new(sentence: Sentence) -> Self {
        Self(sentence)
    }

    /// The value of an attribute as the router sent it. Attributes with their default value are usually absent.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.words().find_map(|word| {
            let rest = word.strip_prefix(b"=")?.strip_prefix(name.as_bytes())?;
            // A flag has no second equals sign.
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"=") }
        })
    }

    /// The value as text for people; bytes that are no UTF-8 are replaced. Never use it to name a row.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(String::from_utf8_lossy)
    }

    /// Whether a flag is set; routers print `true` or `yes`, and leave an unset flag out or print `false` or `no`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.bytes(name), Some(b"true" | b"yes"))
    }
}

/// What a finished command brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The records in the router's order.
    pub records: Vec<Record>,
    /// `=ret=` of the last sentence: the new row's id after an add.
    pub ret: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(words: &[&str]) -> Record {
        let mut sentence = Sentence::new();
        for word in words {
            sentence.push(&[word.as_bytes()]);
        }
        Record::new(sentence)
    }

    #[test]
    fn attribute_is_found_by_its_whole_name() {
        let record = record(&["!re", "=name-extra=no", "=name=a=b", "=dynamic", "=comment="]);
        assert_eq!(record.bytes("name"), Some(&b"a=b"[..]));
        assert_eq!(record.bytes("dynamic"), Some(&b""[..]));
        assert_eq!(record.bytes("comment"), Some(&b""[..]));
        assert_eq!(record.bytes("nam"), None);
        assert_eq!(record.bytes("profile"), None);
    }

    #[test]
    fn request_is_written_word_by_word_with_its_tag() {
        let mut out = Vec::new();
        Request::new("/a/print").query("name", "x").properties(&[".id", "name"]).encode(7, &mut out);
        assert_eq!(out, b"\x08/a/print\x07?name=x\x13=.proplist=.id,name\x06.tag=7\x00");
    }

    #[test]
    fn debug_shows_no_argument() {
        let request = Request::new("/ip/hotspot/user/add").attribute("password", "0417");
        assert!(!format!("{request:?}").contains("0417"));
    }

    #[test]
    fn only_print_leaves_the_router_as_it_is() {
        assert!(!Request::new("/system/identity/print").changes());
        assert!(Request::new("/ip/hotspot/user/add").changes());
    }
}
