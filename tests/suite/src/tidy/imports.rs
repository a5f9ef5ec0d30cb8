//! Who may use whom.
//!
//! Two tables: the crates, by their manifests, and the modules within a crate, by the `crate::…` and `super::…` paths in
//! their code. Extend them only with a reason in the commit message.

use std::collections::BTreeSet;

use super::{Source, code_only};

/// Which crates of this workspace a crate may depend on.
const CRATES: [(&str, &[&str]); 6] = [
    ("protocol", &[]),
    ("agent", &["pagos-protocol"]),
    ("control-plane", &["pagos-protocol"]),
    // Its RouterOS codec is written separately, so that a mistake cannot cancel itself out.
    ("tests/simulator", &[]),
    ("tests/sandbox", &[]),
    ("tests/suite", &["pagos-protocol", "pagos-agent", "pagos-control-plane", "pagos-simulator"]),
];

/// What tests of a crate may use besides: the world outside.
const CRATES_FOR_TESTS: [&str; 1] = ["pagos-simulator"];

/// Which modules of its crate the code below a path may use besides itself. The longest path that fits counts.
const MODULES: &[(&str, &[&str])] = &[
    ("agent/src/seams", &[]),
    ("agent/src/journal", &["seams"]),
    ("agent/src/routeros", &["seams"]),
    ("agent/src/link", &["seams"]),
    ("agent/src/executor", &["seams", "journal", "routeros"]),
    ("agent/src/identity", &["link", "seams"]),
    ("agent/src/enrolment", &["identity", "link", "seams"]),
    ("agent/src/supervisor", &["executor", "identity", "link", "seams"]),
    ("control-plane/src/causes", &[]),
    ("control-plane/src/metrics", &[]),
    ("control-plane/src/domain", &["seams"]),
    ("control-plane/src/seams", &["domain"]),
    ("control-plane/src/text", &["domain"]),
    ("control-plane/src/vault", &["domain", "seams"]),
    ("control-plane/src/config", &["domain"]),
    ("control-plane/src/store", &["domain", "seams"]),
    ("control-plane/src/gateway", &["domain", "seams"]),
    ("control-plane/src/link", &["domain", "seams", "store", "vault"]),
    ("control-plane/src/auth", &["domain", "seams", "store", "text"]),
    ("control-plane/src/tenants", &["domain", "seams", "store", "vault"]),
    (
        "control-plane/src/http",
        &[
            // Of the gateway only its name; see FORBIDDEN.
            "auth", "config", "domain", "gateway", "hotspot", "limits", "link", "node", "outbox", "purchase",
            "seams", "store", "tenants", "text", "vault", "webhook",
        ],
    ),
    ("control-plane/src/purchase", &["domain", "seams", "store", "vault", "gateway", "link", "limits"]),
    ("control-plane/src/hotspot", &["domain", "seams", "store", "vault", "link", "limits"]),
    // Pure.
    ("control-plane/src/hotspot/name", &["domain"]),
    ("control-plane/src/limits", &["domain", "seams"]),
    ("control-plane/src/import", &["domain", "seams", "store", "tenants", "text", "vault"]),
    // Of the link only the name under which the authority's key is sealed.
    ("control-plane/src/rotation", &["link", "store", "tenants", "vault"]),
    ("control-plane/src/installation", &["config", "node", "seams", "store", "vault"]),
    ("control-plane/src/webhook", &["domain", "gateway", "purchase", "seams", "store", "vault"]),
    ("control-plane/src/outbox", &["domain", "seams", "store", "text", "vault"]),
    // Pure: what is to be done about a message, and its words.
    ("control-plane/src/outbox/schedule", &[]),
    ("control-plane/src/outbox/telegram/message", &["domain", "text"]),
    // Pure: what came in, and what it says.
    ("control-plane/src/webhook/conekta", &[]),
    ("control-plane/src/webhook/mercado_pago", &[]),
    ("control-plane/src/webhook/notice", &[]),
    // Pure: state, event and time in, effects out. Of the gateway only the words of its port.
    ("control-plane/src/purchase/machine", &["domain", "gateway"]),
    ("control-plane/src/purchase/state", &["domain", "gateway"]),
    ("control-plane/src/purchase/schedule", &["domain", "gateway"]),
    ("control-plane/src/node", &["domain", "seams"]),
];

/// Modules that use nothing themselves and that everyone may use.
const LEAVES: [&str; 2] = ["causes", "metrics"];

/// What may never appear in code below a path.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("protocol/src", &["tokio::", "std::net", "std::fs", "async fn"], "the protocol does no IO"),
    (
        "control-plane/src/purchase/machine",
        &["tokio::", "std::time", "async fn", "seams::", "sqlx::", "reqwest::"],
        "the machine is pure",
    ),
    (
        "control-plane/src/http",
        &["sqlx::", "execute!", "fetch_one!", "fetch_all!", "fetch_optional!"],
        "no SQL in http",
    ),
    ("control-plane/src/http", &["gateway::conekta", "gateway::mercado_pago"], "handlers know no gateway"),
];

/// Breaches of both tables.
#[must_use]
pub fn check(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources {
        breaches.extend(judge_manifest(source));
        if source.is_rust() {
            let code = code_only(without_tests(&source.text));
            breaches.extend(judge_modules(sources, &source.path, &code));
            breaches.extend(judge_forbidden(&source.path, &code));
        }
    }
    breaches
}

fn judge_manifest(source: &Source) -> Vec<String> {
    let Some(folder) = source.path.strip_suffix("/Cargo.toml") else { return Vec::new() };
    let Some((_, allowed)) = CRATES.iter().find(|(name, _)| *name == folder) else {
        return vec![format!("{}: this crate is not in the table of crates", source.path)];
    };
    let (mut section, mut breaches) = ("", Vec::new());
    for line in source.text.lines() {
        if line.starts_with('[') {
            section = line.trim();
        }
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        let for_tests = section == "[dev-dependencies]" && CRATES_FOR_TESTS.contains(&name);
        if name.starts_with("pagos-") && !allowed.contains(&name) && !for_tests {
            breaches.push(format!("{}: {folder} may not use {name}", source.path));
        }
    }
    breaches
}

fn judge_modules(sources: &[Source], path: &str, code: &str) -> Vec<String> {
    let module = path.strip_suffix(".rs").unwrap_or(path);
    let fits = |rule: &&(&str, &[&str])| module == rule.0 || module.starts_with(&format!("{}/", rule.0));
    let Some((prefix, allowed)) = MODULES.iter().filter(fits).max_by_key(|rule| rule.0.len()) else {
        return Vec::new();
    };
    let Some((home, inside)) = prefix.split_once("/src/") else { return Vec::new() };
    let own = inside.split('/').next().unwrap_or_default();
    // An item of the crate's root, such as a macro or a function, is no module.
    let is_module = |name: &String| {
        let file = format!("{home}/src/{name}.rs");
        sources.iter().any(|source| source.path == file)
    };
    let used = used_modules(module, code).into_iter().filter(is_module).collect::<BTreeSet<_>>();
    let foreign = used
        .iter()
        .map(String::as_str)
        .filter(|name| *name != own && !allowed.contains(name) && !LEAVES.contains(name));
    foreign.map(|name| format!("{path}: {inside} may not use {name}")).collect()
}

fn judge_forbidden(path: &str, code: &str) -> Vec<String> {
    let rules = FORBIDDEN
        .iter()
        .filter(|(prefix, _, _)| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['/', '.'])));
    rules
        .flat_map(|(_, words, reason)| words.iter().map(move |word| (word, reason)))
        .filter(|(word, _)| code.contains(**word))
        .map(|(word, reason)| format!("{path}: {word} is not allowed here, since {reason}"))
        .collect()
}

/// Unit tests stand last in a file and may look at everything.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

/// First modules below the crate that the code names, by `crate::` or by climbing up with `super::`.
fn used_modules(module: &str, code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, word) in code.match_indices("crate::") {
        let begins = code[..at].chars().next_back().is_none_or(|c| !is_name(c));
        if begins {
            used.extend(first_names(&code[at + word.len()..]));
        }
    }
    let depth = module.split_once("/src/").map_or(0, |(_, inside)| inside.split('/').count());
    let climb = "super::".repeat(depth);
    for (at, word) in code.match_indices(&climb).filter(|_| depth > 0) {
        let longer = code[..at].ends_with("super::");
        if !longer {
            used.extend(first_names(&code[at + word.len()..]));
        }
    }
    used
}

/// The name that follows, or the names in the braces that follow.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| is_name(*c)).collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut names, mut depth, mut begin) = (Vec::new(), 0_u32, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&group[begin..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges one file of a repository that has these modules.
    fn judge(path: &str, text: &str) -> Vec<String> {
        let cloud = ["domain", "store", "http", "link", "gateway", "purchase"];
        let mut sources: Vec<Source> =
            cloud.map(|name| Source::made(&format!("control-plane/src/{name}.rs"), "")).into();
        sources.extend(["link", "routeros"].map(|name| Source::made(&format!("agent/src/{name}.rs"), "")));
        sources.push(Source::made(path, text));
        check(&sources)
    }

    #[test]
    fn a_crate_that_uses_another_against_the_table_is_seen() {
        let manifest =
            "[dependencies]\npagos-protocol.workspace = true\npagos-control-plane = { path = \"x\" }\n";
        assert_eq!(judge("agent/Cargo.toml", manifest).len(), 1);
        assert_eq!(judge("tests/suite/Cargo.toml", manifest), Vec::<String>::new());
        assert_eq!(judge("extra/Cargo.toml", "").len(), 1, "a crate nobody entered into the table");
    }

    #[test]
    fn only_tests_may_use_the_simulator() {
        for (section, breaches) in [("dependencies", 1), ("dev-dependencies", 0)] {
            let manifest = format!("[{section}]\npagos-simulator.workspace = true\n");
            assert_eq!(judge("agent/Cargo.toml", &manifest).len(), breaches, "{section}");
        }
    }

    #[test]
    fn a_module_that_looks_up_the_stairs_is_seen() {
        let path = "control-plane/src/store/users.rs";
        assert_eq!(judge(path, "use crate::domain::id::UserId;\nuse super::Conn;\n"), Vec::<String>::new());
        for text in [
            "use crate::http::error::Failure;",
            "use crate::{domain::id, gateway::conekta};",
            "fn f() { crate::link::hub(); }",
            "use super::super::purchase::machine;",
        ] {
            assert_eq!(judge(path, text).len(), 1, "{text}");
        }
    }

    #[test]
    fn an_item_of_the_crates_root_is_no_module() {
        let text = "use crate::{PROTOCOL_VERSION, describe};";
        assert_eq!(judge("control-plane/src/store/users.rs", text), Vec::<String>::new());
    }

    #[test]
    fn the_most_specific_rule_counts() {
        assert_eq!(judge("control-plane/src/purchase/machine.rs", "use crate::store::Store;").len(), 1);
        assert_eq!(
            judge("control-plane/src/purchase/runner.rs", "use crate::store::Store;"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn tests_comments_and_strings_do_not_count() {
        let text = "//! [`crate::http`]\nconst X: &str = \"crate::http\";\n\n#[cfg(test)]\nmod tests { use crate::http; }\n";
        assert_eq!(judge("control-plane/src/store/a.rs", text), Vec::<String>::new());
    }

    #[test]
    fn link_and_routeros_do_not_know_each_other() {
        assert_eq!(judge("agent/src/link/session.rs", "use crate::routeros::Client;").len(), 1);
        assert_eq!(judge("agent/src/routeros/client.rs", "use crate::link::Link;").len(), 1);
    }

    #[test]
    fn sql_in_a_handler_is_seen() {
        assert_eq!(judge("control-plane/src/http/portal.rs", "let x = sqlx::query(y);").len(), 1);
    }
}
