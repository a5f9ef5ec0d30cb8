//! The program as a process: starts with nothing, tells where it is, stops when told, and guards its key.

#![allow(missing_docs, reason = "a test")]

#[path = "serve/tls.rs"]
mod tls;

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Longest wait for the program, in milliseconds.
const PATIENCE_MS: u64 = 20_000;
const PAUSE_MS: u64 = 20;

fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagos-control-plane"));
    command
        .env_clear()
        .env("PAGOS_HTTP__LISTEN", "127.0.0.1:0")
        .env("PAGOS_AGENT_LISTEN", "127.0.0.1:0")
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The running program; killed when a test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail harmlessly when it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &mut Command) -> Running {
    Running(command.spawn().expect("started"))
}

async fn start(directory: &Path) -> (Running, Value) {
    start_with(directory, &[]).await
}

async fn start_with(directory: &Path, more: &[&str]) -> (Running, Value) {
    let file = directory.join("ready.json");
    let _ = std::fs::remove_file(&file);
    let mut command = program(directory);
    let child = spawn(command.args(["serve", "--ready-file", "ready.json"]).args(more));
    let waiting = async {
        loop {
            if let Ok(text) = std::fs::read_to_string(&file) {
                return serde_json::from_str(&text).expect("written whole");
            }
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
        }
    };
    let ready =
        tokio::time::timeout(Duration::from_millis(PATIENCE_MS), waiting).await.expect("ready in time");
    (child, ready)
}

/// Asks it to stop; gives how it ended and what it wrote.
async fn stop(running: Running) -> (ExitStatus, String) {
    let told = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().expect("kill");
    assert!(told.success());
    end(running).await
}

/// Waits for its end; gives how it ended and what it wrote.
async fn end(mut running: Running) -> (ExitStatus, String) {
    let ending = async {
        loop {
            if let Some(status) = running.0.try_wait().expect("status") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
        }
    };
    let status =
        tokio::time::timeout(Duration::from_millis(PATIENCE_MS), ending).await.expect("ends in time");
    let mut text = String::new();
    if let Some(mut errors) = running.0.stderr.take() {
        errors.read_to_string(&mut text).expect("text");
    }
    (status, text)
}

fn client() -> reqwest::Client {
    // The program itself does this when it starts.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("client")
}

#[tokio::test]
async fn it_starts_with_nothing_offers_the_set_up_once_and_stops_when_told() {
    let directory = tempfile::tempdir().expect("directory");
    let (child, ready) = start(directory.path()).await;
    let mode = |name: &str| {
        let metadata = std::fs::metadata(directory.path().join(name)).expect("there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(
        (mode("ready.json"), mode("pagos-data"), mode("pagos-data/master.key")),
        (0o600, 0o700, 0o600)
    );
    for file in ["pagos.db", "pagos.db-wal", "pagos.db-shm"] {
        assert_eq!(mode(&format!("pagos-data/{file}")), 0o600, "{file}");
    }
    assert_eq!(ready["pid"], child.0.id());
    let setup_url = ready["setup_url"].as_str().expect("a link");
    let admin = json!({"email": "a@example.org", "password": "tres tristes tigres", "nombre": "A"});
    let made = client().post(setup_url).json(&admin).send().await.expect("an answer");
    assert_eq!(made.status().as_u16(), 200);
    let (status, log) = stop(child).await;
    assert!(status.success(), "{log}");
    let secret = setup_url.rsplit('/').next().expect("a secret");
    assert!(!log.contains(secret) && !log.contains("tigres"), "{log}");

    let (child, ready) = start(directory.path()).await;
    assert_eq!(ready["setup_url"], Value::Null);
    let base = ready["http_url"].as_str().expect("an address");
    let login = json!({"email": "a@example.org", "password": "tres tristes tigres"});
    let answer =
        client().post(format!("{base}/api/v1/auth/login")).json(&login).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    assert!(stop(child).await.0.success());
}

#[tokio::test]
async fn it_does_not_start_without_the_key_of_its_database() {
    let directory = tempfile::tempdir().expect("directory");
    let (child, _) = start(directory.path()).await;
    assert!(stop(child).await.0.success());
    let key = directory.path().join("pagos-data/master.key");
    let right = std::fs::read_to_string(&key).expect("key");

    std::fs::remove_file(&key).expect("removed");
    let (status, text) = end(spawn(program(directory.path()).arg("serve"))).await;
    assert!(!status.success() && text.contains("is missing"), "{text}");
    assert!(!key.exists(), "no new key hides the loss");

    let swapped: String = right.chars().rev().filter(|character| !character.is_whitespace()).collect();
    std::fs::write(&key, format!("0badc0de {}\n", base64_of(&swapped))).expect("written");
    let (status, text) = end(spawn(program(directory.path()).arg("serve"))).await;
    assert!(!status.success() && text.contains("does not open this database"), "{text}");
    std::fs::write(&key, right).expect("written");
    let (child, _) = start(directory.path()).await;
    assert!(stop(child).await.0.success());
}

/// Some other key.
fn base64_of(text: &str) -> String {
    use base64::Engine;
    let bytes: Vec<u8> = text.bytes().chain(std::iter::repeat(b'x')).take(32).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn a_wrong_configuration_is_named() {
    let directory = tempfile::tempdir().expect("directory");
    let mut command = program(directory.path());
    let child = spawn(command.env("PAGOS_HTTP__LISSTEN", "x").args(["config", "check"]));
    let (status, text) = end(child).await;
    assert!(!status.success() && text.contains("PAGOS_HTTP__LISSTEN"), "{text}");
}

#[tokio::test]
async fn metrics_and_the_list_for_persons_can_be_read_while_it_runs() {
    let directory = tempfile::tempdir().expect("directory");
    let mut refused = program(directory.path());
    let refused = refused.arg("attention").env("LANG", "en_US.UTF-8").output().expect("ran");
    assert!(!refused.status.success(), "there is no database yet");

    let file = directory.path().join("c.toml");
    std::fs::write(&file, "[metrics]\nlisten = \"127.0.0.1:0\"\n").expect("written");
    let (child, ready) = start_with(directory.path(), &["--config", "c.toml"]).await;
    let url = ready["metrics_url"].as_str().expect("an address");
    let text = client().get(url).send().await.expect("an answer").text().await.expect("text");
    assert!(text.contains("\npagos_purchases{phase=\"stuck\"} 0\n"), "{text}");
    let public = format!("{}/metrics", ready["http_url"].as_str().expect("an address"));
    assert_eq!(client().get(public).send().await.expect("an answer").status().as_u16(), 404);

    for (language, expected) in
        [("en_US.UTF-8", "Nothing waits for a person.\n"), ("C", "Nada espera a una persona.\n")]
    {
        let listed = program(directory.path()).arg("attention").env("LANG", language).output().expect("ran");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        assert_eq!(String::from_utf8_lossy(&listed.stdout), expected);
    }
    let (status, _) = stop(child).await;
    assert!(status.success());
}
