//! Who gets in.

use std::sync::Arc;

use pagos_control_plane::link::authority::{AGENT_LIFE_MS, fingerprint_of};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};

use crate::a_box::{Refused, clone, connect, credentials, dial, enroll, join, new_key, tls};
use crate::world::World;

fn code(refused: Result<crate::a_box::Link, Refused>) -> String {
    match refused.map(drop) {
        Err(Refused::Status(403, body)) => {
            serde_json::from_str::<serde_json::Value>(&body).expect("json")["code"]
                .as_str()
                .expect("code")
                .to_owned()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn alert(refused: Result<crate::a_box::Link, Refused>) -> String {
    match refused.map(drop) {
        Err(Refused::Tls(why)) => why,
        other => panic!("not refused in the handshake: {other:?}"),
    }
}

#[tokio::test]
async fn the_listener_shows_the_authority_that_the_token_names() {
    let world = World::start().await;
    let stream = tls(&world, None).await.expect("connection");
    let chain = stream.get_ref().1.peer_certificates().expect("chain");
    assert_eq!(fingerprint_of(&chain[1]), world.context.authority.fingerprint());
    assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn older_tls_is_refused() {
    let world = World::start().await;
    let mut roots = RootCertStore::empty();
    roots.add(world.context.authority.certificate().clone()).expect("authority");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    assert!(connect(&world, config).await.is_err());
}

#[tokio::test]
async fn no_certificate_no_link() {
    let world = World::start().await;
    assert_eq!(code(dial(&world, None).await), "certificate_missing");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_in_the_handshake() {
    let world = World::start().await;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = Issuer::new(params, KeyPair::generate().expect("key"));
    let key = KeyPair::generate().expect("key");
    let certificate = CertificateParams::default().signed_by(&key, &authority).expect("certificate");
    let dialled = dial(&world, Some(credentials(&certificate.pem(), &key))).await;
    assert!(alert(dialled).contains("UnknownCA"));
}

#[tokio::test]
async fn a_certificate_that_the_database_does_not_know_is_refused() {
    let world = World::start().await;
    let (key, request) = new_key();
    let signed = world.context.authority.sign_agent(&request, &world.agent_id()).expect("signed");
    assert_eq!(code(dial(&world, Some(credentials(&signed.pem, &key))).await), "agent_unknown");
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_refused() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    world.advance(AGENT_LIFE_MS + 1_000);
    let dialled = dial(&world, Some(clone(&enrolled.credentials))).await;
    assert!(alert(dialled).contains("CertificateExpired"));
}

#[tokio::test]
async fn a_new_enrolment_revokes_the_old_agent_on_its_live_link() {
    let world = World::start().await;
    let old = enroll(&world, &world.token(&world.one).await).await.expect("first");
    let (old_link, _) = join(&world, &old).await;
    let new = enroll(&world, &world.token(&world.one).await).await.expect("second");
    assert_ne!(new.agent_id, old.agent_id);
    old_link.ended().await;
    assert_eq!(code(dial(&world, Some(clone(&old.credentials))).await), "agent_revoked");
    let (_link, welcome) = join(&world, &new).await;
    assert_eq!(welcome.router_ids, [world.one.router.as_str()]);
}

#[tokio::test]
async fn enrolling_one_site_leaves_the_other_alone() {
    let world = World::start().await;
    let one = enroll(&world, &world.token(&world.one).await).await.expect("one");
    let (mut link, _) = join(&world, &one).await;
    enroll(&world, &world.token(&world.two).await).await.expect("two");
    link.ping().await;
}

#[tokio::test]
async fn a_new_connection_of_an_agent_replaces_the_old_one() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    let (old, _) = join(&world, &enrolled).await;
    let (mut new, _) = join(&world, &enrolled).await;
    old.ended().await;
    new.ping().await;
    assert!(world.hub.connected(&world.one.router));
}
