use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::{document, operations};
use crate::domain::code::Code;
use crate::http::body::Body;
use crate::http::groups;
use crate::http::operation::Operation;
use crate::text::Language;

fn all() -> Vec<Operation> {
    groups().into_iter().flat_map(|group| group.operations).chain(operations()).collect()
}

fn published() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json")
}

#[test]
fn the_published_description_is_that_of_the_code() {
    let now = serde_json::to_string_pretty(&document(&groups(), Language::Spanish)).expect("JSON") + "\n";
    if std::env::var_os("PAGOS_REGENERATE").is_some() {
        std::fs::write(published(), &now).expect("docs/openapi.json can be written");
    }
    let committed = std::fs::read_to_string(published()).unwrap_or_default();
    assert!(
        committed == now,
        "docs/openapi.json is not what the code says; after a change that is meant, write it anew:\n    \
         PAGOS_REGENERATE=1 cargo test -p pagos-control-plane --lib the_published_description"
    );
}

#[test]
fn every_code_is_described() {
    let text = document(&groups(), Language::English).to_string();
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !text.contains(&format!("\"{code}\"")))
        .collect();
    assert!(missing.is_empty(), "codes that no endpoint answers with: {missing:?}");
}

#[test]
fn every_operation_says_what_it_does_and_answers() {
    let mut ids = BTreeSet::new();
    for operation in all() {
        let name = format!("{} {}", operation.method, operation.path);
        for language in [Language::Spanish, Language::English] {
            assert!(operation.title(language).len() > 5, "{name} has no title");
        }
        assert!(!operation.answers.is_empty(), "{name} has no good answer");
        assert!(ids.insert(operation.id()), "{name} has the name of another one");
    }
}

#[test]
fn every_example_of_a_body_can_be_read() {
    for operation in all() {
        let Some(takes) = &operation.body else { continue };
        let name = format!("{} {}", operation.method, operation.path);
        let body = Body::parse(takes.example.to_string().as_bytes()).expect("an object");
        let read = body.read(takes.reading);
        assert!(read.is_ok(), "{name}: {:?}", read.err());
        let known: BTreeSet<&str> = takes.fields.iter().map(|field| field.name.shown).collect();
        for field in takes.example.as_object().into_iter().flatten() {
            assert!(known.contains(field.0.as_str()), "{name} does not read {}", field.0);
        }
    }
}

#[test]
fn every_part_that_is_named_is_there_and_nothing_is_left_to_fill_in() {
    for language in [Language::Spanish, Language::English] {
        let document = document(&groups(), language);
        check(&document, &document);
    }
}

fn check(value: &Value, document: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| check(item, document)),
        Value::Object(fields) => {
            if let Some(part) = fields.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(part.trim_start_matches('#')).is_some(), "{part} is missing");
            }
            assert!(!fields.contains_key(crate::http::shape::SENTENCE), "{fields:?}");
            fields.values().for_each(|field| check(field, document));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
