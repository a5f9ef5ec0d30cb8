//! A sentence of the client, taken apart.

use super::codec::Words;
use super::query::Query;

/// One command with its attributes.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// The whole command word, such as `/ip/hotspot/user/add`.
    pub word: String,
    /// Attributes in the order they came, names without `=`; the dotted ones (`.id`) included, `.proplist` not.
    pub attributes: Vec<(String, Vec<u8>)>,
    /// Names asked for with `=.proplist=`.
    pub proplist: Option<Vec<String>>,
    /// The conditions of a print.
    pub query: Query,
    /// What every sentence of the reply repeats.
    pub tag: Option<Vec<u8>>,
}

impl Command {
    /// Takes a sentence apart. Words of no known shape are passed over, as routers do.
    pub fn parse(words: Words) -> Self {
        let mut words = words.into_iter();
        let word = words.next().unwrap_or_default();
        let mut command = Self { word: String::from_utf8_lossy(&word).into_owned(), ..Self::default() };
        let mut conditions = Vec::new();
        for word in words {
            match word.first() {
                Some(b'=') => command.take_attribute(&word[1..]),
                Some(b'?') => conditions.push(word[1..].to_vec()),
                _ => {
                    if let Some(tag) = word.strip_prefix(b".tag=") {
                        command.tag = Some(tag.to_vec()).filter(|tag| !tag.is_empty());
                    }
                }
            }
        }
        command.query = Query::parse(&conditions);
        command
    }

    /// Menu and verb: everything before and after the last slash.
    pub fn menu_and_verb(&self) -> (&str, &str) {
        self.word.rsplit_once('/').unwrap_or(("", &self.word))
    }

    /// The value of an attribute; the last one counts.
    pub fn attribute(&self, name: &str) -> Option<&[u8]> {
        self.attributes.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// Whether the print asks for the number of rows only.
    pub fn count_only(&self) -> bool {
        self.attribute("count-only").is_some_and(|value| !matches!(value, b"no" | b"false"))
    }

    fn take_attribute(&mut self, body: &[u8]) {
        // A flag may come without its second equals sign.
        let split = body.iter().position(|byte| *byte == b'=').unwrap_or(body.len());
        let name = String::from_utf8_lossy(&body[..split]).into_owned();
        let value = body.get(split + 1..).unwrap_or_default();
        if name == ".proplist" {
            let names = String::from_utf8_lossy(value);
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            self.proplist = Some(names.map(str::to_owned).collect());
        } else {
            self.attributes.push((name, value.to_vec()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Command {
        Command::parse(words.iter().map(|word| word.as_bytes().to_vec()).collect())
    }

    #[test]
    fn a_value_may_hold_equals_signs_and_a_flag_may_have_none() {
        let command = command(&["/ip/hotspot/user/add", "=comment=a=b", "=email=", "=count-only", ".tag=x1"]);
        assert_eq!(command.menu_and_verb(), ("/ip/hotspot/user", "add"));
        assert_eq!(command.attribute("comment"), Some(&b"a=b"[..]));
        assert_eq!(command.attribute("email"), Some(&b""[..]));
        assert!(command.count_only());
        assert_eq!(command.tag.as_deref(), Some(&b"x1"[..]));
    }

    #[test]
    fn an_empty_tag_counts_as_none() {
        assert_eq!(command(&["/login", ".tag="]).tag, None);
    }

    #[test]
    fn the_property_list_is_no_attribute() {
        let command = command(&["/ip/hotspot/user/print", "=.proplist=.id, name,"]);
        assert_eq!(command.proplist, Some(vec![".id".to_owned(), "name".to_owned()]));
        assert!(command.attributes.is_empty());
    }
}
