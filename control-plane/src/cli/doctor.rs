//! `pagos-control-plane doctor`: what is wrong with an installation, and the line that mends it. Changes nothing.

mod database;
mod machine;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::causes::chain;
use crate::config::Config;
use crate::seams::{Clock, Random};
use crate::text::Language;
use crate::text::doctor::{Found, State};

/// What was found, and a value that belongs to it.
pub(super) struct Finding(Found, String);

/// Addresses that only this machine reaches.
const LOCAL: [&str; 3] = ["http://127.0.0.1", "http://localhost", "http://[::1]"];

/// Looks at everything; gives what to print and what to end with.
pub(super) async fn examine(
    file: Option<&Path>,
    data_dir: Option<&Path>,
    environment: &BTreeMap<String, String>,
    language: Language,
    as_json: bool,
) -> (String, ExitCode) {
    let findings = match Config::load(file, environment) {
        Ok(mut config) => {
            if let Some(data_dir) = data_dir {
                data_dir.clone_into(&mut config.data_dir);
            }
            all(&config).await
        }
        Err(error) => vec![Finding(Found::ConfigBad, chain(&error))],
    };
    let worst = findings.iter().map(|finding| finding.0.state()).max().unwrap_or(State::Good);
    let code = if worst == State::Problem { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    (if as_json { in_json(&findings, worst, language) } else { in_words(&findings, language) }, code)
}

async fn all(config: &Config) -> Vec<Finding> {
    let (clock, random) = (Clock::default(), Random::default());
    let mut findings = vec![Finding(Found::ConfigGood, String::new())];
    findings.push(machine::directory(&config.data_dir));
    findings.extend(machine::disk(&config.data_dir));
    findings.extend(database::findings(config, clock.now(), &random).await);
    findings.extend(machine::ports(config, &random, clock.now()).await);
    findings.push(public_url(config));
    findings.push(agent_address(config));
    findings
}

fn public_url(config: &Config) -> Finding {
    let url = config.public_url.clone();
    let found = if url.is_empty() {
        Found::PublicAbsent
    } else if url.starts_with("https://") || LOCAL.iter().any(|local| url.starts_with(local)) {
        Found::PublicGood
    } else {
        Found::PublicPlain
    };
    Finding(found, url)
}

fn agent_address(config: &Config) -> Finding {
    if !config.agent_address.is_empty() {
        return Finding(Found::AgentAddressGood, config.agent_address.clone());
    }
    let listen = config.agent_listen;
    let absent = listen.ip().is_unspecified() || listen.ip().is_loopback();
    Finding(if absent { Found::AgentAddressAbsent } else { Found::AgentAddressGood }, listen.to_string())
}

fn in_words(findings: &[Finding], language: Language) -> String {
    let mut text = String::new();
    for Finding(found, value) in findings {
        text.push_str(&format!("{:9} {}\n", found.state().mark(language), found.what(language, value)));
        let mend = found.mend(language, value);
        if !mend.is_empty() {
            text.push_str(&format!("{:9} → {mend}\n", ""));
        }
    }
    text
}

fn in_json(findings: &[Finding], worst: State, language: Language) -> String {
    let checks: Vec<Value> = findings
        .iter()
        .map(|Finding(found, value)| {
            json!({
                "check": found.check(),
                "state": found.state().word(),
                "message": found.what(language, value),
                "fix": Some(found.mend(language, value)).filter(|mend| !mend.is_empty()),
            })
        })
        .collect();
    format!("{:#}\n", json!({"state": worst.word(), "checks": checks}))
}
