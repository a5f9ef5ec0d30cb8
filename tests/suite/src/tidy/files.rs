//! Sizes and names of files.

use super::Source;

/// Most lines of a file that people read.
pub const LINES_MAX: usize = 800;

/// Files that are long by nature: generated, legal, or locked.
const LONG_BY_NATURE: [&str; 3] = ["Cargo.lock", "LICENSE", "docs/openapi.json"];
/// Data that tests share, not code.
const VECTORS: &str = "tests/vectors/";

/// Names that say nothing about what a module is for.
const EMPTY_NAMES: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "manager", "misc", "stuff"];

/// Breaches of the rules for files.
#[must_use]
pub fn check(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources {
        let lines = source.text.lines().count();
        let long_by_nature =
            LONG_BY_NATURE.contains(&source.path.as_str()) || source.path.starts_with(VECTORS);
        if lines > LINES_MAX && !long_by_nature {
            breaches.push(format!("{} has {lines} lines; split it, the limit is {LINES_MAX}", source.path));
        }
        if source.path.ends_with("/mod.rs") {
            breaches.push(format!("{}: name the file after its module, beside the folder", source.path));
        }
        if source.is_rust()
            && let Some(part) = source.path.split(['/', '.']).find(|part| EMPTY_NAMES.contains(part))
        {
            breaches.push(format!("{}: \"{part}\" does not say what the module is for", source.path));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_seen_and_one_at_the_limit_is_not() {
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(check(&[Source::made("agent/src/a.rs", &long)]).len(), 1);
        assert_eq!(check(&[Source::made("agent/src/a.rs", &long[2..])]), Vec::<String>::new());
        assert_eq!(check(&[Source::made("Cargo.lock", &long)]), Vec::<String>::new());
    }

    #[test]
    fn mod_rs_and_names_that_say_nothing_are_seen() {
        for path in ["agent/src/link/mod.rs", "agent/src/utils.rs", "agent/src/common/x.rs"] {
            assert_eq!(check(&[Source::made(path, "")]).len(), 1, "{path}");
        }
        assert_eq!(check(&[Source::made("agent/src/commonwealth.rs", "")]), Vec::<String>::new());
    }
}
