use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};

use super::{Credentials, IdentityError, enrolled_id, load, put_into_use, stage_key};
use crate::link::Address;

fn enrol(data_dir: &Path, agent_id: &str) -> Result<(), IdentityError> {
    let key = KeyPair::generate().expect("key");
    let certificate = CertificateParams::default().self_signed(&key).expect("certificate").pem();
    let staged = stage_key(data_dir, &key.serialize_pem())?;
    let credentials = Credentials {
        address: &Address::parse("localhost:8443").expect("address"),
        agent_id,
        site_id: "site",
        certificate_pem: &certificate,
        authority_pem: &certificate,
    };
    put_into_use(data_dir, staged, &credentials)
}

#[test]
fn a_second_enrolment_replaces_the_first() {
    let dir = tempfile::tempdir().expect("directory");
    enrol(dir.path(), "agent-1").expect("first");
    enrol(dir.path(), "agent-2").expect("second");
    let identity = load(dir.path()).expect("identity");
    assert_eq!(identity.agent_id, "agent-2");
    assert_eq!(enrolled_id(dir.path()).as_deref(), Some("agent-2"));
    let kept: Vec<_> = std::fs::read_dir(dir.path().join("identity"))
        .expect("list")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(kept, ["agent-2"]);
}

#[test]
fn key_and_directories_are_private() {
    let dir = tempfile::tempdir().expect("directory");
    let data = dir.path().join("new");
    enrol(&data, "agent-1").expect("enrolled");
    let mode = |path: &Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("identity/agent-1")), 0o700);
    assert_eq!(mode(&data.join("identity/agent-1/key.pem")), 0o600);
}

#[test]
fn an_id_that_is_a_path_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("directory");
    enrol(dir.path(), "agent-1").expect("first");
    for id in ["../evil", "", "a/b", ".", "a b"] {
        assert!(matches!(enrol(dir.path(), id), Err(IdentityError::AgentId)), "{id}");
    }
    assert_eq!(load(dir.path()).expect("identity").agent_id, "agent-1");
}

#[test]
fn no_identity_and_a_damaged_one_are_told_apart() {
    let dir = tempfile::tempdir().expect("directory");
    assert!(matches!(load(dir.path()), Err(IdentityError::NotEnrolled(_))));
    enrol(dir.path(), "agent-1").expect("enrolled");
    let key = dir.path().join("identity/agent-1/key.pem");
    std::fs::write(&key, "not a key").expect("write");
    assert!(matches!(load(dir.path()), Err(IdentityError::Damaged(path)) if path == key));
    std::fs::remove_file(&key).expect("remove");
    assert!(matches!(load(dir.path()), Err(IdentityError::Read { path, .. }) if path == key));
}
