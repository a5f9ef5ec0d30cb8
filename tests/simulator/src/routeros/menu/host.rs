//! `/ip/hotspot/host`.

use super::{Context, no_such_command, only, print, rows_named};
use crate::routeros::command::Command;
use crate::routeros::hotspot::{Host, Hotspot, SERVER};
use crate::routeros::reply::{Record, Reply, Trap};
use crate::routeros::value::{format_duration, format_flag, format_id};

pub(super) fn run(context: &mut Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    let now_ms = context.now_ms;
    let hotspot = &mut *context.hotspot;
    match verb {
        "print" | "getall" => Ok(print(command, hotspot.hosts().map(|host| record(hotspot, host, now_ms)))),
        "remove" => {
            only(command, &[".id", "numbers"])?;
            let ids = rows_named(command, |id| hotspot.hosts().any(|host| host.id == id), |_| None)?;
            for id in ids {
                hotspot.remove_host(now_ms, id);
            }
            Ok(Reply::Done)
        }
        _ => Err(no_such_command()),
    }
}

/// A host as a print shows it.
pub(super) fn record(hotspot: &Hotspot, host: &Host, now_ms: u64) -> Record {
    let ip = host.ip.to_string().into_bytes();
    vec![
        (".id", format_id(host.id).into_bytes()),
        ("mac-address", host.mac.to_string().into_bytes()),
        ("address", ip.clone()),
        ("to-address", ip),
        ("server", SERVER.to_vec()),
        ("uptime", format_duration(now_ms.saturating_sub(host.since_ms) / 1000).into_bytes()),
        ("idle-time", b"0s".to_vec()),
        ("found-by", b"UDP :68 -> 255.255.255.255:67".to_vec()),
        ("authorized", format_flag(hotspot.authorized(host.ip)).to_vec()),
        ("bypassed", b"false".to_vec()),
    ]
}
