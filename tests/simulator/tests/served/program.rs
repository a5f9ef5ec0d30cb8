use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_pagos-simulator"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn first_line(child: &mut Child) -> Value {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "it should have ended");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn it_writes_the_ready_file_and_ends_when_asked() {
    let path = std::env::temp_dir().join(format!("pagos-simulator-ready-{}.json", std::process::id()));
    let file = path.to_str().unwrap().to_owned();
    let spec = "name=uno,version=6.49.18,users=3,license=4,user=agente,password=clave";
    let mut child = start(&["--router", spec, "--router", "name=dos", "--ready-file", &file]);
    let line = first_line(&mut child);
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(line, written);
    assert_eq!(line["pid"], child.id());
    for name in ["control_url", "conekta_url", "mercado_pago_url"] {
        assert!(line[name].as_str().unwrap().starts_with("http://127.0.0.1:"));
    }
    let router = &line["routers"][0];
    let shown =
        ["name", "host", "username", "password", "version"].map(|name| router[name].as_str().unwrap());
    assert_eq!(shown, ["uno", "127.0.0.1", "agente", "clave", "6.49.18"]);
    assert!(router["port"].as_u64().unwrap() > 0);
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert!(wait(&mut child).success());
}

#[test]
fn it_ends_with_its_parent_when_told_so() {
    let mut child = start(&["--exit-on-stdin-eof"]);
    first_line(&mut child);
    drop(child.stdin.take());
    assert!(wait(&mut child).success());
}

#[test]
fn it_stays_when_its_input_ends_without_the_flag() {
    let mut child = start(&[]);
    first_line(&mut child);
    drop(child.stdin.take());
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_router_that_cannot_be_understood_is_refused() {
    for arguments in [["--router", "version=latest"], ["--router", "colour=red"], ["--control", "here"]] {
        assert_eq!(wait(&mut start(&arguments)).code(), Some(2), "{arguments:?}");
    }
    let mut twice = start(&["--router", "name=uno", "--router", "name=uno"]);
    assert_eq!(wait(&mut twice).code(), Some(1));
}
