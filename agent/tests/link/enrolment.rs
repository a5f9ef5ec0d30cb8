//! How a box becomes an agent, and when it does not.

use std::time::Duration;

use pagos_agent::enrolment::{EnrolError, enroll};
use pagos_agent::identity::{self, IdentityError};
use pagos_agent::link::DialError;
use pagos_protocol::enrolment::Token;
use tempfile::TempDir;

use crate::cloud::{Cloud, answer, authority, leaf, read_request};

fn directory() -> TempDir {
    tempfile::tempdir().expect("directory")
}

async fn refused_dial(cloud: &Cloud, token: &Token) -> EnrolError {
    let dir = directory();
    let text = token.encode();
    let error = tokio::select! {
        result = enroll(dir.path(), &text) => result.expect_err("refused"),
        _ = cloud.accept() => panic!("the box spoke to a server that it must not trust"),
    };
    assert!(identity::enrolled_id(dir.path()).is_none());
    let left = std::fs::read_dir(dir.path().join("identity")).expect("list").count();
    assert_eq!(left, 0, "the unused key is removed");
    error
}

#[tokio::test]
async fn a_token_makes_an_agent_and_another_replaces_it() {
    let cloud = Cloud::start().await;
    let dir = directory();
    let token = cloud.token().encode();
    let (enrolled, ()) = tokio::join!(enroll(dir.path(), &token), cloud.enroll("agent-1"));
    assert_eq!(enrolled.expect("enrolled").agent_id, "agent-1");
    let identity = identity::load(dir.path()).expect("identity");
    assert_eq!((identity.agent_id.as_str(), identity.address.to_string()), ("agent-1", cloud.address()));
    let (enrolled, ()) = tokio::join!(enroll(dir.path(), &token), cloud.enroll("agent-2"));
    assert_eq!(enrolled.expect("enrolled").agent_id, "agent-2");
    assert_eq!(identity::load(dir.path()).expect("identity").agent_id, "agent-2");
}

#[tokio::test]
async fn a_server_without_the_named_authority_is_not_trusted() {
    let cloud = Cloud::start().await;
    let token = Token { authority_fingerprint: "ab".repeat(32), ..cloud.token() };
    let error = refused_dial(&cloud, &token).await;
    assert!(matches!(error, EnrolError::Dial(DialError::NotTrusted(_))), "{error:?}");
}

#[tokio::test]
async fn showing_the_authority_is_not_enough_it_must_have_signed() {
    let named = authority();
    let thief = authority();
    let shown = named.der().clone();
    let cloud = Cloud::with(named, leaf(&thief, "localhost"), shown).await;
    let error = refused_dial(&cloud, &cloud.token()).await;
    assert!(matches!(error, EnrolError::Dial(DialError::NotTrusted(_))), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let named = authority();
    let (leaf, shown) = (leaf(&named, "elsewhere.example"), named.der().clone());
    let cloud = Cloud::with(named, leaf, shown).await;
    let error = refused_dial(&cloud, &cloud.token()).await;
    assert!(matches!(error, EnrolError::Dial(DialError::NotTrusted(_))), "{error:?}");
}

#[tokio::test]
async fn a_refusal_keeps_the_earlier_identity() {
    let cloud = Cloud::start().await;
    let dir = directory();
    let token = cloud.token().encode();
    let (enrolled, ()) = tokio::join!(enroll(dir.path(), &token), cloud.enroll("agent-1"));
    enrolled.expect("enrolled");
    let refusing = async {
        let mut stream = cloud.accept().await;
        read_request(&mut stream).await;
        answer(stream, "403 Forbidden", "", "{\"code\":\"token_used\"}").await;
    };
    let (refused, ()) = tokio::join!(enroll(dir.path(), &token), refusing);
    assert!(matches!(refused, Err(EnrolError::Refused { code }) if code == "token_used"));
    assert_eq!(identity::load(dir.path()).expect("identity").agent_id, "agent-1");
}

#[tokio::test]
async fn answers_that_cannot_be_used_are_refused() {
    let cloud = Cloud::start().await;
    let dir = directory();
    let token = cloud.token().encode();
    for (status, body) in [("200 OK", "{}"), ("502 Bad Gateway", "<html>"), ("403 Forbidden", "no")] {
        let answering = async {
            let mut stream = cloud.accept().await;
            read_request(&mut stream).await;
            answer(stream, status, "", body).await;
        };
        let (refused, ()) = tokio::join!(enroll(dir.path(), &token), answering);
        assert!(matches!(refused, Err(EnrolError::Answer(_))), "{status} {refused:?}");
    }
    let other_authority = async {
        let mut stream = cloud.accept().await;
        let request = read_request(&mut stream).await;
        let mut response = cloud.sign(&request, "agent-1");
        response.authority_pem = authority().pem();
        answer(stream, "200 OK", "", &serde_json::to_string(&response).expect("json")).await;
    };
    let (refused, ()) = tokio::join!(enroll(dir.path(), &token), other_authority);
    assert!(matches!(refused, Err(EnrolError::Answer(200))), "{refused:?}");
    assert!(identity::enrolled_id(dir.path()).is_none());
}

#[tokio::test]
async fn nothing_is_asked_when_the_identity_cannot_be_stored() {
    let cloud = Cloud::start().await;
    let dir = directory();
    let file = dir.path().join("a file");
    std::fs::write(&file, "").expect("write");
    let refused = enroll(&file, &cloud.token().encode()).await;
    assert!(matches!(refused, Err(EnrolError::Identity(IdentityError::Write { .. }))), "{refused:?}");
    assert!(cloud.quiet_for(Duration::from_millis(50)).await, "the token was not used up");
}

#[tokio::test]
async fn what_is_no_token_and_what_does_not_answer() {
    let dir = directory();
    for text in ["", "hello", "pagos1_AAAA"] {
        assert!(matches!(enroll(dir.path(), text).await, Err(EnrolError::NotAToken)));
    }
    let cloud = Cloud::start().await;
    let token = Token { address: "not an address".into(), ..cloud.token() };
    assert!(matches!(enroll(dir.path(), &token.encode()).await, Err(EnrolError::NotAToken)));
    let token = cloud.token().encode();
    drop(cloud);
    let refused = enroll(dir.path(), &token).await;
    assert!(matches!(refused, Err(EnrolError::Dial(DialError::Unreachable { .. }))), "{refused:?}");
}
