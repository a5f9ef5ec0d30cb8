//! House rules over the whole repository.

use pagos_suite::programs::repository;
use pagos_suite::tidy::{Source, files, imports, sources, texts, words};

type Check = fn(&[Source]) -> Vec<String>;

#[test]
fn the_repository_keeps_its_house_rules() {
    let all = sources(&repository()).expect("the repository can be read");
    assert!(all.iter().any(|source| source.path == "Cargo.toml"), "the repository was found");
    let rules: [Check; 4] = [files::check, imports::check, texts::check, words::check];
    let breaches: Vec<String> = rules.iter().flat_map(|check| check(&all)).collect();
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}
