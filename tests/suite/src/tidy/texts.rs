//! Every stable code has a sentence in both languages.

use super::Source;

/// Where the codes are declared.
const CODES: &str = "control-plane/src/domain/code.rs";
/// The catalogues, one per language.
const CATALOGUES: [&str; 2] = ["control-plane/src/text/spanish.rs", "control-plane/src/text/english.rs"];
/// Shortest thing that can be a sentence.
const SENTENCE_CHARS_MIN: usize = 3;

/// Codes without a sentence, and sentences that are the same in both languages.
#[must_use]
pub fn check(sources: &[Source]) -> Vec<String> {
    let text =
        |path: &str| sources.iter().find(|source| source.path == path).map_or("", |source| &source.text);
    let codes = declared(text(CODES));
    if codes.is_empty() {
        return vec![format!("{CODES} declares no codes")];
    }
    let mut breaches = Vec::new();
    for code in codes {
        let sentences = CATALOGUES.map(|path| sentence(text(path), code));
        for (path, found) in CATALOGUES.iter().zip(&sentences) {
            if found.is_none_or(|found| found.chars().count() < SENTENCE_CHARS_MIN) {
                breaches.push(format!("{path} has no sentence for {code}"));
            }
        }
        if let [Some(one), Some(two)] = sentences
            && one == two
        {
            breaches.push(format!("{code} has the same sentence in both languages"));
        }
    }
    breaches
}

/// Names of the variants: lines of the form `Name => "name",`.
fn declared(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| {
            let (name, code) = line.trim().split_once(" => \"")?;
            let is_name = name.chars().all(char::is_alphanumeric) && name.starts_with(char::is_uppercase);
            (is_name && code.ends_with("\",")).then_some(name)
        })
        .collect()
}

/// The text of `Code::Name => "…"`, also when it stands on the next line or shares its arm with others.
fn sentence<'a>(catalogue: &'a str, name: &str) -> Option<&'a str> {
    let pattern = format!("Code::{name}");
    let at = catalogue.match_indices(&pattern).map(|(at, _)| at + pattern.len());
    let mut rest =
        at.map(|at| &catalogue[at..]).find(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))?;
    rest = &rest[rest.find("=>")? + 2..];
    rest = &rest[rest.find('"')? + 1..];
    Some(&rest[..rest.find('"')?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(codes: &str, spanish: &str, english: &str) -> Vec<String> {
        check(&[
            Source::made(CODES, codes),
            Source::made(CATALOGUES[0], spanish),
            Source::made(CATALOGUES[1], english),
        ])
    }

    #[test]
    fn a_code_with_two_sentences_is_fine() {
        let spanish = "Code::CardDeclined => \"Tarjeta rechazada.\",";
        let english = "Code::CardDeclined => {\n \"Card declined.\"\n}";
        assert_eq!(judge("    CardDeclined => \"card_declined\",", spanish, english), Vec::<String>::new());
    }

    #[test]
    fn a_missing_an_empty_and_a_copied_sentence_are_seen() {
        let code = "    CardDeclined => \"card_declined\",";
        let good = "Code::CardDeclined => \"Tarjeta rechazada.\",";
        assert_eq!(judge(code, good, "").len(), 1);
        assert_eq!(judge(code, good, "Code::CardDeclined => \"\",").len(), 1);
        assert_eq!(judge(code, good, good).len(), 1);
        assert_eq!(judge(code, good, "Code::CardDeclinedTwice => \"Declined twice.\",").len(), 1);
    }

    #[test]
    fn finding_no_codes_at_all_is_a_breach() {
        assert_eq!(judge("", "", "").len(), 1);
    }
}
