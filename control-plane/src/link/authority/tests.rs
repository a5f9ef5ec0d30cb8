use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{AGENT_LIFE_MS, Authority, AuthorityError, host_of, rows};
use crate::domain::id::AgentId;
use crate::seams::{Clock, Random};
use crate::store::Store;
use crate::vault::Vault;

struct Bench {
    directory: tempfile::TempDir,
    store: Store,
}

impl Bench {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let url = format!("sqlite:{}", directory.path().join("a.db").display());
        Self { store: Store::open(&url).await.expect("store"), directory }
    }

    async fn authority(&self, key_file: &str) -> Result<Authority, AuthorityError> {
        let random = Random::default();
        let vault = Vault::open_or_create(&self.directory.path().join(key_file), &random).expect("vault");
        Authority::open(&self.store, &vault, Clock::System, random).await
    }
}

fn request() -> String {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("key");
    let mut params = CertificateParams::new(vec!["evil.example".into()]).expect("params");
    params.distinguished_name.push(rcgen::DnType::CommonName, "somebody else");
    params.serialize_request(&key).expect("request").pem().expect("pem")
}

#[tokio::test]
async fn the_authority_is_made_once_and_kept() {
    let bench = Bench::new().await;
    let first = bench.authority("key").await.expect("made").fingerprint().to_owned();
    let second = bench.authority("key").await.expect("read");
    assert_eq!(second.fingerprint(), first);
    let stored = rows::read(&mut bench.store.reader().await.expect("reader").conn())
        .await
        .expect("read")
        .expect("row");
    assert!(!stored.key_sealed.contains("PRIVATE"), "the key is stored sealed");
}

#[tokio::test]
async fn the_wrong_master_key_does_not_open_it() {
    let bench = Bench::new().await;
    bench.authority("key").await.expect("made");
    assert!(matches!(bench.authority("other").await, Err(AuthorityError::Vault(_))));
}

#[tokio::test]
async fn an_agent_gets_its_own_name_and_nothing_of_what_it_asked_for() {
    let bench = Bench::new().await;
    let authority = bench.authority("key").await.expect("made");
    let signed = authority.sign_agent(&request(), &AgentId::new("a-1")).expect("signed");
    let pem = x509_parser::pem::parse_x509_pem(signed.pem.as_bytes()).expect("pem").1;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).expect("certificate");
    assert_eq!(certificate.subject().to_string(), "CN=a-1");
    let names = &certificate.subject_alternative_name().expect("one").expect("names").value.general_names;
    assert_eq!(*names, vec![GeneralName::URI("urn:pagos:agent:a-1")]);
    let usage = certificate.extended_key_usage().expect("one").expect("usage").value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any);
    assert!(!certificate.is_ca());
    let until = certificate.validity().not_after.timestamp();
    assert_eq!(until, signed.expires_at.seconds());
    let life_s = until - Clock::System.now().seconds();
    assert!((life_s - AGENT_LIFE_MS / 1000).abs() < 60);
}

#[tokio::test]
async fn the_listener_names_the_dialled_host_and_this_machine() {
    let bench = Bench::new().await;
    let authority = bench.authority("key").await.expect("made");
    let identity = authority.listener_identity(&["agents.example:8443"]).expect("identity");
    assert_eq!(identity.chain[1], *authority.certificate());
    let (_, certificate) = X509Certificate::from_der(&identity.chain[0]).expect("certificate");
    let names =
        certificate.subject_alternative_name().expect("one").expect("names").value.general_names.len();
    assert_eq!(names, 4);
    assert!(matches!(authority.listener_identity(&["no host:1"]), Err(AuthorityError::Name(_))));
}

#[test]
fn hosts_of_addresses() {
    assert_eq!(host_of("a.example:8443"), "a.example");
    assert_eq!(host_of("10.0.0.1:8443"), "10.0.0.1");
    assert_eq!(host_of("[::1]:8443"), "::1");
}
