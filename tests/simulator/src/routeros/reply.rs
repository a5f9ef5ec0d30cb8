//! What a command is answered with, and how that goes on the wire.

use super::codec::{encode_attribute, encode_word, end_sentence};

/// One record: attribute names and values in the order of the menu.
pub type Record = Vec<(&'static str, Vec<u8>)>;

/// The number in front of a trap's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// 0: item or command missing.
    Missing,
    /// 1: the value of an argument is wrong.
    Argument,
    /// 2: interrupted by `/cancel`.
    Interrupted,
}

/// An error of one command; the connection goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// Category, which routers often leave out.
    pub category: Option<Category>,
    /// The text exactly as a router sends it.
    pub message: String,
}

impl Trap {
    /// A trap without a category.
    pub fn failure(message: impl Into<String>) -> Self {
        Self { category: None, message: message.into() }
    }

    /// A trap about the value of an argument.
    pub fn argument(message: impl Into<String>) -> Self {
        Self { category: Some(Category::Argument), message: message.into() }
    }

    /// A trap about an item or a command that is not there.
    pub fn missing(message: impl Into<String>) -> Self {
        Self { category: Some(Category::Missing), message: message.into() }
    }

    /// No row has this id or name.
    pub fn no_such_item() -> Self {
        Self::missing("no such item")
    }

    /// The menu does not take this attribute.
    pub fn unknown_parameter(name: &str) -> Self {
        Self::failure(format!("unknown parameter {name}"))
    }

    /// The value of an attribute cannot be read.
    pub fn invalid_value(name: &str) -> Self {
        Self::argument(format!("invalid value for argument {name}"))
    }

    /// The command was cancelled.
    pub fn interrupted() -> Self {
        Self { category: Some(Category::Interrupted), message: "interrupted".to_owned() }
    }
}

/// The answer to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Bare `!done`.
    Done,
    /// `!done` with a value.
    Ret(Vec<u8>),
    /// Records, maybe none, then `!done`.
    Records(Vec<Record>),
    /// `!trap`, then `!done`.
    Trap(Trap),
}

/// Appends a whole reply.
///
/// `announces_empty` says whether an empty list is preceded by `!empty`.
pub fn encode_reply(reply: &Reply, tag: Option<&[u8]>, announces_empty: bool, out: &mut Vec<u8>) {
    match reply {
        Reply::Done => {}
        Reply::Ret(value) => {
            begin(b"!done", tag, out);
            encode_attribute("ret", value, out);
            return end_sentence(out);
        }
        Reply::Records(records) => {
            if records.is_empty() && announces_empty {
                begin(b"!empty", tag, out);
                end_sentence(out);
            }
            for record in records {
                begin(b"!re", tag, out);
                record.iter().for_each(|(name, value)| encode_attribute(name, value, out));
                end_sentence(out);
            }
        }
        Reply::Trap(trap) => encode_trap(trap, tag, out),
    }
    begin(b"!done", tag, out);
    end_sentence(out);
}

/// Appends `!fatal`: its reason is a word of its own, without a name.
pub fn encode_fatal(reason: &str, out: &mut Vec<u8>) {
    encode_word(b"!fatal", out);
    encode_word(reason.as_bytes(), out);
    end_sentence(out);
}

fn encode_trap(trap: &Trap, tag: Option<&[u8]>, out: &mut Vec<u8>) {
    begin(b"!trap", tag, out);
    if let Some(category) = trap.category {
        let number: &[u8] = match category {
            Category::Missing => b"0",
            Category::Argument => b"1",
            Category::Interrupted => b"2",
        };
        encode_attribute("category", number, out);
    }
    encode_attribute("message", trap.message.as_bytes(), out);
    end_sentence(out);
}

fn begin(word: &[u8], tag: Option<&[u8]>, out: &mut Vec<u8>) {
    encode_word(word, out);
    if let Some(tag) = tag {
        encode_word(&[b".tag=", tag].concat(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::Decoder;
    use super::*;

    fn sentences(reply: &Reply, tag: Option<&[u8]>, announces_empty: bool) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        encode_reply(reply, tag, announces_empty, &mut out);
        let mut decoder = Decoder::default();
        decoder.push(&out);
        let mut found = Vec::new();
        while let Some(words) = decoder.next_sentence().unwrap() {
            found.push(words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect());
        }
        found
    }

    #[test]
    fn an_empty_list_is_announced_by_new_versions_only() {
        let none = Reply::Records(Vec::new());
        assert_eq!(sentences(&none, None, false), [["!done"]]);
        assert_eq!(sentences(&none, Some(b"9"), true), [["!empty", ".tag=9"], ["!done", ".tag=9"]]);
    }

    #[test]
    fn a_trap_is_followed_by_done_and_both_carry_the_tag() {
        let reply = Reply::Trap(Trap::no_such_item());
        let expected =
            [vec!["!trap", ".tag=a", "=category=0", "=message=no such item"], vec!["!done", ".tag=a"]];
        assert_eq!(sentences(&reply, Some(b"a"), true), expected);
    }

    #[test]
    fn a_fatal_reason_is_a_bare_word() {
        let mut out = Vec::new();
        encode_fatal("not logged in", &mut out);
        assert_eq!(out, b"\x06!fatal\x0dnot logged in\x00");
    }
}
