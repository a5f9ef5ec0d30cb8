//! `/ip/hotspot/cookie`.

use super::{Context, no_such_command, only, print, rows_named};
use crate::routeros::command::Command;
use crate::routeros::hotspot::Cookie;
use crate::routeros::reply::{Record, Reply, Trap};
use crate::routeros::value::{format_duration, format_id};

pub(super) fn run(context: &mut Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    let now_ms = context.now_ms;
    let hotspot = &mut *context.hotspot;
    match verb {
        "print" | "getall" => Ok(print(command, hotspot.cookies().map(|cookie| record(cookie, now_ms)))),
        "remove" => {
            only(command, &[".id", "numbers"])?;
            let ids = rows_named(command, |id| hotspot.cookies().any(|cookie| cookie.id == id), |_| None)?;
            for id in ids {
                hotspot.remove_cookie(id);
            }
            Ok(Reply::Done)
        }
        _ => Err(no_such_command()),
    }
}

/// A cookie as a print shows it.
pub(super) fn record(cookie: &Cookie, now_ms: u64) -> Record {
    vec![
        (".id", format_id(cookie.id).into_bytes()),
        ("user", cookie.user.clone()),
        ("expires-in", format_duration(cookie.expires_ms.saturating_sub(now_ms) / 1000).into_bytes()),
        ("mac-address", cookie.mac.to_string().into_bytes()),
        ("mac-cookie", b"true".to_vec()),
    ]
}
