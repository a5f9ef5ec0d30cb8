//! `/system/identity`, `/system/resource` and `/system/routerboard`.

use super::{Context, changes, no_such_command, print};
use crate::routeros::command::Command;
use crate::routeros::reply::{Reply, Trap};
use crate::routeros::value::format_duration;
use crate::routeros::version::Version;

/// What a router is.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The RouterOS it plays.
    pub version: Version,
    /// `/system/identity`, at first the router's name in the simulator.
    pub identity: Vec<u8>,
    /// Serial number of the board.
    pub serial_number: String,
    /// When it booted, in milliseconds since the Unix epoch.
    pub booted_ms: u64,
    /// Whether the API user may read passwords (policy `sensitive`).
    pub sensitive: bool,
}

pub(super) fn identity(context: &mut Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    match verb {
        "print" | "getall" => {
            Ok(print(command, std::iter::once(vec![("name", context.facts.identity.clone())])))
        }
        "set" => {
            for (name, value) in changes(command) {
                if name != "name" {
                    return Err(Trap::unknown_parameter(name));
                }
                context.facts.identity = value.to_vec();
            }
            Ok(Reply::Done)
        }
        _ => Err(no_such_command()),
    }
}

pub(super) fn resource(context: &Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    if !matches!(verb, "print" | "getall") {
        return Err(no_such_command());
    }
    let uptime_s = context.now_ms.saturating_sub(context.facts.booted_ms) / 1000;
    let text = |value: &str| value.as_bytes().to_vec();
    let record = vec![
        ("uptime", format_duration(uptime_s).into_bytes()),
        ("version", context.facts.version.display().into_bytes()),
        ("build-time", text("2025-09-01 00:00:00")),
        ("free-memory", text("805306368")),
        ("total-memory", text("1073741824")),
        ("cpu", text("ARM64")),
        ("cpu-count", text("4")),
        ("cpu-frequency", text("1400")),
        ("cpu-load", text("3")),
        ("free-hdd-space", text("1006632960")),
        ("total-hdd-space", text("1073741824")),
        ("architecture-name", text("arm64")),
        ("board-name", text("RB5009UG+S+")),
        ("platform", text("MikroTik")),
    ];
    Ok(print(command, std::iter::once(record)))
}

pub(super) fn routerboard(context: &Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    if !matches!(verb, "print" | "getall") {
        return Err(no_such_command());
    }
    let firmware = context.facts.version.to_string().into_bytes();
    let record = vec![
        ("routerboard", b"true".to_vec()),
        ("model", b"RB5009UG+S+".to_vec()),
        ("serial-number", context.facts.serial_number.clone().into_bytes()),
        ("firmware-type", b"70x0".to_vec()),
        ("current-firmware", firmware.clone()),
        ("upgrade-firmware", firmware),
    ];
    Ok(print(command, std::iter::once(record)))
}
