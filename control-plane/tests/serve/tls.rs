//! The program with a certificate of its own, which is renewed while it runs.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};

use super::{PATIENCE_MS, PAUSE_MS, client, end, program, spawn, start_with, stop};

/// Writes a new certificate and its key; gives the certificate.
fn renew(directory: &Path) -> String {
    let key = KeyPair::generate().expect("key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("certificate").pem();
    std::fs::write(directory.join("cert.pem"), &certificate).expect("written");
    std::fs::write(directory.join("key.pem"), key.serialize_pem()).expect("written");
    certificate
}

/// Whether a new connection is safe for somebody who trusts this certificate alone.
async fn is_served(url: &str, certificate: &str) -> bool {
    drop(client());
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().expect("client");
    client.get(format!("{url}/health")).send().await.is_ok_and(|answer| answer.status().is_success())
}

async fn until_served(url: &str, certificate: &str) {
    let waiting = async {
        while !is_served(url, certificate).await {
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
        }
    };
    tokio::time::timeout(Duration::from_millis(PATIENCE_MS), waiting).await.expect("served in time");
}

fn hang_up(pid: u32) {
    let told = Command::new("kill").args(["-HUP", &pid.to_string()]).status().expect("kill");
    assert!(told.success());
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("c.toml");
    std::fs::write(&file, "[http]\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n").expect("written");
    let first = renew(directory.path());
    let (child, ready) = start_with(directory.path(), &["--config", "c.toml"]).await;
    let url = ready["http_url"].as_str().expect("an address");
    assert!(url.starts_with("https://"), "{url}");
    assert!(ready["setup_url"].as_str().expect("a link").starts_with("https://"));
    until_served(url, &first).await;

    let second = renew(directory.path());
    hang_up(child.0.id());
    until_served(url, &second).await;
    assert!(!is_served(url, &first).await);

    // The key of another certificate; nobody tells the program, it looks by itself.
    std::fs::write(directory.path().join("cert.pem"), &first).expect("written");
    hang_up(child.0.id());
    let third = renew(directory.path());
    until_served(url, &third).await;
    let (status, log) = stop(child).await;
    assert!(status.success(), "{log}");
    assert!(log.contains("certificate read again"), "{log}");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_at_the_start() {
    let directory = tempfile::tempdir().expect("directory");
    let mut command = program(directory.path());
    command.env("PAGOS_HTTP__TLS_CERT", "none.pem").env("PAGOS_HTTP__TLS_KEY", "key.pem");
    let (status, text) = end(spawn(command.arg("serve"))).await;
    assert!(!status.success() && text.contains("none.pem"), "{text}");
    let mut command = program(directory.path());
    let (status, text) = end(spawn(command.env("PAGOS_HTTP__TLS_CERT", "cert.pem").arg("serve"))).await;
    assert!(!status.success() && text.contains("http.tls_key"), "{text}");
}
