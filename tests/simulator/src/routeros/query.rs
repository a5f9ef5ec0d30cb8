//! Conditions of a print: a small stack machine.
//!
//! The stack begins as an endless supply of true; a row passes when no false is left on it. Source: the vendor's API
//! page, section on queries.

/// The conditions of one print, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Present(String),
    Absent(String),
    Equal(String, Vec<u8>),
    Less(String, Vec<u8>),
    Greater(String, Vec<u8>),
    Operators(Vec<u8>),
}

impl Query {
    /// Reads the bodies of query words, without their question mark.
    pub fn parse(words: &[Vec<u8>]) -> Self {
        Self { terms: words.iter().map(|word| parse_term(word)).collect() }
    }

    /// Whether a row passes; `value` gives the value of a property, or `None` when the row does not show it.
    pub fn matches<'row>(&self, value: impl Fn(&str) -> Option<&'row [u8]>) -> bool {
        self.evaluate(|term| match term {
            Term::Present(name) => value(name).is_some(),
            Term::Absent(name) => value(name).is_none(),
            Term::Equal(name, wanted) => value(name).is_some_and(|found| found == wanted),
            Term::Less(name, limit) => value(name).is_some_and(|found| compare(found, limit).is_lt()),
            Term::Greater(name, limit) => value(name).is_some_and(|found| compare(found, limit).is_gt()),
            Term::Operators(_) => false,
        })
    }

    /// The values of `property` among which every passing row must have one, if the query is that narrow.
    ///
    /// Lets a menu with an index look up a few rows in place of looking at all.
    pub fn only_values_of(&self, property: &str) -> Option<Vec<&[u8]>> {
        let wanted: Vec<&[u8]> = self.terms.iter().filter_map(|term| equal_to(term, property)).collect();
        let operators = self.terms.iter().filter(|term| matches!(term, Term::Operators(_))).count();
        if operators == 0 {
            // A plain conjunction: one equality is enough.
            return wanted.first().map(|value| vec![*value]);
        }
        // A row with none of the values makes every term false: look what becomes of it.
        let all_equalities = wanted.len() + operators == self.terms.len();
        (all_equalities && !self.evaluate(|_| false)).then_some(wanted)
    }

    fn evaluate(&self, holds: impl Fn(&Term) -> bool) -> bool {
        let mut stack = Vec::new();
        for term in &self.terms {
            match term {
                Term::Operators(operators) => apply(operators, &mut stack),
                Term::Present(_) | Term::Absent(_) | Term::Equal(..) | Term::Less(..) | Term::Greater(..) => {
                    stack.push(holds(term));
                }
            }
        }
        !stack.contains(&false)
    }
}

fn equal_to<'a>(term: &'a Term, property: &str) -> Option<&'a [u8]> {
    match term {
        Term::Equal(name, value) if name == property => Some(value),
        Term::Equal(..)
        | Term::Present(_)
        | Term::Absent(_)
        | Term::Less(..)
        | Term::Greater(..)
        | Term::Operators(_) => None,
    }
}

fn parse_term(word: &[u8]) -> Term {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pair = |body: &[u8]| {
        let split = body.iter().position(|byte| *byte == b'=');
        split.map(|at| (text(&body[..at]), body[at + 1..].to_vec()))
    };
    match word.first() {
        Some(b'#') => Term::Operators(word[1..].to_vec()),
        Some(b'-') => Term::Absent(text(&word[1..])),
        Some(b'<') => pair(&word[1..]).map_or_else(|| Term::Present(text(word)), |(n, v)| Term::Less(n, v)),
        Some(b'>') => {
            pair(&word[1..]).map_or_else(|| Term::Present(text(word)), |(n, v)| Term::Greater(n, v))
        }
        first => {
            let body = if first == Some(&b'=') { &word[1..] } else { word };
            pair(body).map_or_else(|| Term::Present(text(body)), |(n, v)| Term::Equal(n, v))
        }
    }
}

/// Numbers compare as numbers, everything else byte by byte.
fn compare(left: &[u8], right: &[u8]) -> std::cmp::Ordering {
    match (super::value::parse_number(left), super::value::parse_number(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.cmp(right),
    }
}

fn apply(operators: &[u8], stack: &mut Vec<bool>) {
    let mut at = 0;
    while let Some(&operator) = operators.get(at) {
        at += 1;
        match operator {
            b'!' => {
                let top = stack.pop().unwrap_or(true);
                stack.push(!top);
            }
            b'&' | b'|' => {
                let (right, left) = (stack.pop().unwrap_or(true), stack.pop().unwrap_or(true));
                stack.push(if operator == b'&' { left && right } else { left || right });
            }
            b'.' => stack.push(stack.last().copied().unwrap_or(true)),
            b'0'..=b'9' => at = apply_index(operators, at - 1, stack),
            _ => {}
        }
    }
}

/// Carries out an index that begins at `start`; returns where to read on.
fn apply_index(operators: &[u8], start: usize, stack: &mut Vec<bool>) -> usize {
    let digits = operators[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = start + digits;
    let text = String::from_utf8_lossy(&operators[start..end]);
    let index: usize = text.parse().unwrap_or(usize::MAX);
    let entry = index.checked_add(1).and_then(|depth| stack.len().checked_sub(depth));
    let value = entry.and_then(|at| stack.get(at).copied()).unwrap_or(true);
    if end == operators.len() {
        // At the end of the word, the entry takes the place of the whole stack.
        stack.clear();
    }
    stack.push(value);
    // A dot right after an index only separates.
    if operators.get(end) == Some(&b'.') { end + 1 } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(words: &[&str]) -> Query {
        Query::parse(&words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>())
    }

    fn passes(words: &[&str]) -> bool {
        let row = [("name", "maria"), ("profile", "1h"), ("bytes-in", "900"), ("comment", "x=y")];
        query(words).matches(|name| row.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_bytes()))
    }

    #[test]
    fn each_term_alone() {
        let yes =
            ["name", "-email", "name=maria", "=name=maria", "comment=x=y", ">bytes-in=10", "<bytes-in=1000"];
        let no = ["email", "-name", "name=mari", "name=", ">bytes-in=900", "<bytes-in=900", "nothing=1"];
        yes.iter().for_each(|word| assert!(passes(&[word]), "{word}"));
        no.iter().for_each(|word| assert!(!passes(&[word]), "{word}"));
        assert!(passes(&[]));
        assert!(passes(&[">comment="]), "any comment that is not empty");
    }

    #[test]
    fn terms_without_an_operator_must_all_hold() {
        assert!(passes(&["name=maria", "profile=1h"]));
        assert!(!passes(&["name=maria", "profile=1d"]));
    }

    #[test]
    fn operators_work_on_the_stack() {
        assert!(passes(&["name=ana", "name=maria", "#|"]));
        assert!(!passes(&["name=ana", "name=eva", "#|"]));
        assert!(passes(&["name=ana", "name=eva", "#|!"]), "neither");
        assert!(passes(&["name=ana", "#!"]));
        assert!(!passes(&["name=maria", "name=ana", "#&"]));
        assert!(passes(&["name=ana", "name=maria", "profile=1h", "#&|"]));
        assert!(passes(&["name=ana", "name=maria", "#0"]), "the top takes the place of all");
        assert!(!passes(&["name=ana", "name=maria", "#1"]));
        assert!(!passes(&["name=maria", "name=ana", "#1.!&"]), "a copy of the second, inverted, and the top");
        assert!(!passes(&["name=ana", "#."]), "a copy of false is false");
        assert!(passes(&["name=ana", "#|"]), "below the bottom everything is true");
    }

    #[test]
    fn narrow_queries_are_recognised() {
        let names = |words: &[&str]| query(words).only_values_of("name").map(|values| values.len());
        assert_eq!(names(&["name=a"]), Some(1));
        assert_eq!(names(&["disabled=false", "name=a"]), Some(1));
        assert_eq!(names(&["name=a", "name=b", "#|"]), Some(2));
        assert_eq!(names(&["name=a", "name=b", "name=c", "#||"]), Some(3));
        assert_eq!(names(&["name=a", "#!"]), None);
        assert_eq!(names(&["name=a", "profile=b", "#|"]), None);
        assert_eq!(names(&["profile=b"]), None);
        assert_eq!(names(&[]), None);
    }
}
