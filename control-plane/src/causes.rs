//! An error and what caused it, on one line of a log.

use std::error::Error;

/// The text of `error`, then those of its causes that it does not say itself.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::chain;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Told(&'static str, #[source] Option<Box<Told>>);

    #[test]
    fn what_was_said_is_not_said_again() {
        let refused = || Some(Box::new(Told("refused", None)));
        let driver = Told("talking to it: refused", refused());
        assert_eq!(chain(&Told("reading", Some(Box::new(driver)))), "reading: talking to it: refused");
        assert_eq!(chain(&Told("reading", refused())), "reading: refused");
    }
}
