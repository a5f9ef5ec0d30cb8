//! Nothing points out of the repository, and no test is switched off.

use super::Source;

/// Beginnings of paths that exist on one machine only. In two parts, so that this file does not break its own rule.
const MACHINE_PATHS: [(&str, &str); 4] = [("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), ("/wo", "rk/")];
/// Switches a test off.
const SWITCH_OFF: (&str, &str) = ("#[ign", "ore");

/// Breaches of the rules for words.
#[must_use]
pub fn check(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .flat_map(|source| numbered(source).filter_map(|(number, line)| judge(source, number, line)))
        .collect()
}

fn numbered(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source.text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn judge(source: &Source, number: usize, line: &str) -> Option<String> {
    let at = || format!("{}:{number}", source.path);
    if line.contains(&format!("{}{}", SWITCH_OFF.0, SWITCH_OFF.1)) {
        return Some(format!("{}: a test that never runs proves nothing; fix it or delete it", at()));
    }
    if let Some((one, two)) =
        MACHINE_PATHS.iter().find(|(one, two)| names_machine_path(line, &format!("{one}{two}")))
    {
        return Some(format!("{}: {one}{two} exists on one machine only", at()));
    }
    leaves_repository(&source.path, line).then(|| format!("{}: the path leads out of the repository", at()))
}

/// Whether the path begins there: the same letters inside a longer path or an address are something else.
fn names_machine_path(line: &str, path: &str) -> bool {
    let begins = |at: usize| {
        let before = line[..at].chars().next_back();
        before
            .is_none_or(|letter| !letter.is_alphanumeric() && !matches!(letter, '.' | '-' | '_' | '}' | '*'))
    };
    line.match_indices(path).any(|(at, _)| begins(at))
}

/// Whether a relative path climbs higher than the file lies deep. A crate's own files may be named from its folder or
/// from the file's, so the deeper of the two counts.
fn leaves_repository(path: &str, line: &str) -> bool {
    let depth = path.matches('/').count();
    let climb = "../";
    let mut rest = line;
    while let Some(at) = rest.find(climb) {
        let steps =
            rest.as_bytes()[at..].chunks(climb.len()).take_while(|step| *step == climb.as_bytes()).count();
        if steps > depth {
            return true;
        }
        rest = &rest[at + steps * climb.len()..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_text(path: &str, text: &str) -> usize {
        check(&[Source::made(path, text)]).len()
    }

    #[test]
    fn a_path_out_of_the_repository_is_seen() {
        assert_eq!(judge_text("README.md", "see ../elsewhere/design.md"), 1);
        assert_eq!(judge_text("docs/a.md", "see ../../elsewhere.md"), 1);
        assert_eq!(judge_text("docs/a.md", "see ../README.md"), 0);
    }

    #[test]
    fn a_path_of_one_machine_is_seen_and_a_url_is_not() {
        let home = format!("{}{}", MACHINE_PATHS[1].0, MACHINE_PATHS[1].1);
        assert_eq!(judge_text("Makefile", &format!("cp {home}ana/x .")), 1);
        assert_eq!(judge_text("README.md", &format!("https://example.org{home}x")), 0);
    }

    #[test]
    fn a_test_that_is_switched_off_is_seen() {
        assert_eq!(judge_text("agent/src/a.rs", &format!("{}{}]", SWITCH_OFF.0, SWITCH_OFF.1)), 1);
    }
}
