//! The golden vectors: what has once been said on the wire is understood for ever.
//!
//! A vector in `tests/vectors/protocol` is read and written back to the same JSON value; its file name begins with the
//! type of the message. Those in `tolerated` hold kinds and fields that we do not know, and must be read all the same.

#![allow(clippy::wildcard_enum_match_arm, reason = "any other message fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pagos_protocol::enrolment::{EnrollRefusal, EnrollRequest, EnrollResponse, Token};
use pagos_protocol::{Action, AgentMessage, Code, Done, Outcome, Ruling, ServerMessage, frame};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/protocol")
}

/// Name and text of each vector, in order.
fn vectors(directory: &Path) -> Vec<(String, String)> {
    let mut all: Vec<_> = fs::read_dir(directory)
        .expect("vectors")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().expect("name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("text"))
        })
        .collect();
    all.sort();
    assert!(!all.is_empty(), "no vectors in {}", directory.display());
    all
}

/// Reads a vector as `T` and writes it again.
fn again<T: DeserializeOwned + Serialize>(name: &str, text: &str) -> Value {
    let message: T = frame::decode(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = frame::encode(&message).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&written).expect("json")
}

/// Reads a vector as the type that its name says, and writes it again.
fn by_name(name: &str, text: &str) -> Value {
    let kind: Vec<&str> = name.split('.').collect();
    match kind[..] {
        ["agent", ..] => again::<AgentMessage>(name, text),
        ["server", ..] => again::<ServerMessage>(name, text),
        ["enroll", "request", ..] => again::<EnrollRequest>(name, text),
        ["enroll", "response", ..] => again::<EnrollResponse>(name, text),
        ["enroll", "refusal", ..] => again::<EnrollRefusal>(name, text),
        ["token", ..] => again::<Token>(name, text),
        _ => panic!("{name}: names no message"),
    }
}

#[test]
fn every_vector_is_read_and_written_back_the_same() {
    for (name, text) in vectors(&directory()) {
        let expected: Value = serde_json::from_str(&text).expect("json");
        assert_eq!(by_name(&name, &text), expected, "{name}");
    }
}

#[test]
fn unknown_kinds_and_fields_are_tolerated() {
    for (name, text) in vectors(&directory().join("tolerated")) {
        by_name(&name, &text);
    }
}

fn agent(name: &str) -> AgentMessage {
    let text =
        fs::read_to_string(directory().join("tolerated").join(name).with_extension("json")).expect("vector");
    frame::decode(&text).expect("message")
}

fn outcome(name: &str) -> Outcome {
    match agent(name) {
        AgentMessage::Outcome { outcome, .. } => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_unknown_is_seen_as_unknown() {
    assert_eq!(agent("agent.unknown_kind.json"), AgentMessage::Unknown);
    assert_eq!(outcome("agent.outcome.unknown_result.json"), Outcome::Unknown);
    assert_eq!(outcome("agent.outcome.unknown_done.json"), Outcome::done(Done::Unknown));
    let failed = Outcome::Failed { code: Code::Unknown, retryable: true, detail: "!".into() };
    assert_eq!(outcome("agent.outcome.unknown_code.json"), failed);
    assert_eq!(outcome("agent.outcome.without_detail.json"), Outcome::refused(Code::Stale, ""));
    let path = directory().join("tolerated/server.verdicts.unknown_ruling.json");
    match frame::decode(&fs::read_to_string(path).expect("vector")).expect("message") {
        ServerMessage::Verdicts(verdicts) => assert_eq!(verdicts.verdicts[0].verdict, Ruling::Unknown),
        other => panic!("{other:?}"),
    }
    let path = directory().join("tolerated/server.command.unknown_action.json");
    match frame::decode(&fs::read_to_string(path).expect("vector")).expect("message") {
        ServerMessage::Command(command) => assert_eq!(command.action, Action::Unknown),
        other => panic!("{other:?}"),
    }
}

/// The text of `field` in every object of a vector.
fn collect(value: &Value, field: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Value::String(text)) = (key == field, value) {
                    into.insert(text.clone());
                }
                collect(value, field, into);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, field, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_kind_and_outcome_has_a_vector() {
    let (mut types, mut kinds, mut results, mut codes) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (_, text) in vectors(&directory()) {
        let value = serde_json::from_str(&text).expect("json");
        collect(&value, "type", &mut types);
        collect(&value, "kind", &mut kinds);
        collect(&value, "result", &mut results);
        collect(&value, "code", &mut codes);
    }
    let all = |names: &str| names.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(
        types,
        all(
            "hello outcome verdicts_wanted settled missing hand_over_done welcome command verdicts hand_over goodbye"
        )
    );
    assert_eq!(results, all("done refused failed"));
    assert_eq!(
        kinds,
        all(
            "reserve confirm release revoke login reconnect check_user describe_user describe_users list_profiles \
             probe set_router \
             reserved confirmed released revoked logged_in reconnected not_reconnected user_checked user users \
             profiles probed router_set keep"
        )
    );
    assert_eq!(
        codes,
        all(
            "name_taken profile_not_found stale user_gone router_unreachable router_login_failed permission_denied \
             router_error deadline_passed device_not_seen login_refused login_unverified device_limit_reached \
             credentials_invalid access_expired license_limit_reached device_mode_forbids radius_failed \
             unknown_router unsupported journal_failed busy \
             token_unknown token_used token_expired request_invalid"
        )
    );
}

#[test]
fn frames_beyond_the_limit_are_refused_both_ways() {
    let message = AgentMessage::Outcome {
        id: "c1".into(),
        outcome: Outcome::refused(Code::Busy, "x".repeat(pagos_protocol::FRAME_BYTES_MAX)),
    };
    assert_eq!(frame::encode(&message), Err(frame::FrameError::TooLarge));
    let text = serde_json::to_string(&message).expect("json");
    assert_eq!(frame::decode::<AgentMessage>(&text), Err(frame::FrameError::TooLarge));
}

#[test]
fn a_malformed_frame_is_refused_without_repeating_it() {
    let error =
        frame::decode::<AgentMessage>("{\"type\":\"hello\",\"version\":\"s3cret\"}").expect_err("malformed");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}
