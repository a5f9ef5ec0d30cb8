//! What a field may hold, as JSON Schema says it.
//!
//! Reading is lenient: integers come as texts, booleans as words. A schema tells the same: whatever it allows is read. Of what
//! texts of numbers it allows a little less than is read, where a pattern for the rest would help nobody.

use serde_json::{Value, json};

/// The largest integer whose texts are all integers of 64 bits, as a number of digits.
const DIGITS_MAX: u32 = 18;
/// A byte of an IPv4 address.
const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    String {
        /// Its greatest length, in characters.
        chars_max: usize,
    },
    /// A text that is not blank.
    Name {
        /// Its greatest length, in characters.
        chars_max: usize,
    },
    /// A text, or a number that counts as its text.
    Text {
        /// Its greatest length, in characters.
        chars_max: usize,
    },
    /// A password that is good enough for a new user.
    NewPassword {
        /// Its least length, in characters.
        chars_min: usize,
        /// Its greatest length, in characters.
        chars_max: usize,
    },
    /// An e-mail address.
    Email,
    /// A MAC address, or an empty text.
    Mac,
    /// A MAC address.
    Device,
    /// An IPv4 address, or an empty text.
    Ipv4,
    /// An integer.
    Integer {
        /// The smallest.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// A number.
    Number,
    /// A number greater than zero with at most two decimals.
    Price,
    /// A boolean.
    Boolean,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// One of these texts, or an empty one.
    Setting(&'static [&'static str]),
    /// An address on the web that messages may be sent to.
    Url {
        /// Its greatest length, in characters.
        chars_max: usize,
    },
    /// A list of these words.
    Words {
        /// The words.
        words: &'static [&'static str],
        /// Most elements.
        items_max: usize,
    },
    /// Objects or texts.
    List {
        /// Most elements.
        items_max: usize,
    },
}

impl Kind {
    /// The schema of the field in a body of JSON.
    #[must_use]
    pub fn in_body(self, nullable: bool) -> Value {
        let mut forms = self.forms();
        if nullable {
            forms.push(json!({"type": "null"}));
        }
        if forms.len() == 1 { forms.remove(0) } else { json!({"anyOf": forms}) }
    }

    /// The schema of a parameter of the query, where everything is text.
    #[must_use]
    pub fn in_query(self) -> Value {
        self.forms().remove(0)
    }

    /// The ways to write it, the plain one first.
    fn forms(self) -> Vec<Value> {
        match self {
            Self::String { chars_max } => vec![string(chars_max)],
            Self::Name { chars_max } => {
                vec![json!({"type": "string", "pattern": r"\S", "maxLength": chars_max})]
            }
            Self::Text { chars_max } => vec![string(chars_max), json!({"type": "number"})],
            Self::NewPassword { chars_min, chars_max } => {
                vec![
                    json!({"type": "string", "minLength": chars_min, "maxLength": chars_max, "format": "password"}),
                ]
            }
            Self::Email => vec![json!({"type": "string", "format": "email", "maxLength": 254})],
            Self::Mac => vec![pattern(&format!("^({})?$", mac()))],
            Self::Device => vec![pattern(&format!("^({})$", mac()))],
            Self::Ipv4 => vec![pattern(&format!(r"^({OCTET}(\.{OCTET}){{3}})?$"))],
            Self::Integer { least, most } => integer(least, most),
            Self::Number => vec![json!({"type": "number"}), pattern(r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$")],
            Self::Price => vec![
                json!({"type": "number", "exclusiveMinimum": 0, "maximum": 999_999.99, "multipleOf": 0.01}),
                pattern(r"^[1-9][0-9]{0,5}(\.[0-9]{1,2})?$"),
            ],
            Self::Boolean => {
                let words = ["true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0"];
                vec![json!({"type": "boolean"}), json!({"type": "integer", "enum": [0, 1]}), choice(&words)]
            }
            Self::Choice(words) => vec![choice(words)],
            Self::Setting(words) => vec![choice(&[words, &[""]].concat())],
            Self::Url { chars_max } => {
                vec![
                    json!({"type": "string", "format": "uri", "pattern": "^https://", "maxLength": chars_max}),
                ]
            }
            Self::Words { words, items_max } => {
                vec![json!({"type": "array", "minItems": 1, "maxItems": items_max, "items": choice(words)})]
            }
            Self::List { items_max } => {
                let items = json!({"anyOf": [{"type": "object"}, {"type": "string"}]});
                vec![json!({"type": "array", "maxItems": items_max, "items": items})]
            }
        }
    }
}

/// A MAC address, bare or in pairs.
fn mac() -> String {
    let pairs = [":", "-", r"\."].map(|mark| format!("[0-9A-Fa-f]{{2}}({mark}[0-9A-Fa-f]{{2}}){{5}}"));
    format!("[0-9A-Fa-f]{{12}}|{}", pairs.join("|"))
}

fn string(chars_max: usize) -> Value {
    if chars_max == usize::MAX {
        return json!({"type": "string"});
    }
    json!({"type": "string", "maxLength": chars_max})
}

fn choice(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

fn pattern(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

fn integer(least: i64, most: i64) -> Vec<Value> {
    let mut number = json!({"type": "integer"});
    if least > i64::MIN {
        number["minimum"] = json!(least);
    }
    if most < i64::MAX {
        number["maximum"] = json!(most);
    } else {
        number["format"] = json!("int64");
    }
    let digits = most.ilog10().min(DIGITS_MAX);
    let text = match least {
        1.. => format!("^[1-9][0-9]{{0,{}}}$", digits.saturating_sub(1)),
        0 => format!("^[0-9]{{1,{digits}}}$"),
        _ => format!("^-?[0-9]{{1,{digits}}}$"),
    };
    vec![number, pattern(&text)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Kind;

    #[test]
    fn an_integer_comes_as_a_number_or_as_its_text() {
        let port = Kind::Integer { least: 1, most: 65_535 };
        let number = json!({"type": "integer", "minimum": 1, "maximum": 65_535});
        let text = json!({"type": "string", "pattern": "^[1-9][0-9]{0,3}$"});
        assert_eq!(port.in_body(true), json!({"anyOf": [number, text, {"type": "null"}]}));
        assert_eq!(port.in_query(), number);
    }

    #[test]
    fn a_text_without_a_limit_has_none() {
        assert_eq!(Kind::String { chars_max: usize::MAX }.in_body(false), json!({"type": "string"}));
    }
}
