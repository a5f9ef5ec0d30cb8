//! `/ip/hotspot/active`: who is online, and `login`.

use super::{Context, no_such_command, only, print, rows_named};
use crate::routeros::command::Command;
use crate::routeros::hotspot::{Hotspot, LoginRequest, Method, SERVER, Session};
use crate::routeros::reply::{Record, Reply, Trap};
use crate::routeros::value::{Mac, format_duration, format_id, parse_address};
use std::net::Ipv4Addr;

pub(super) fn run(context: &mut Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    let now_ms = context.now_ms;
    let hotspot = &mut *context.hotspot;
    match verb {
        "print" | "getall" => {
            Ok(print(command, hotspot.sessions().map(|session| record(hotspot, session, now_ms))))
        }
        "login" => {
            hotspot.login(now_ms, &login_request(command)?)?;
            Ok(Reply::Done)
        }
        "remove" => {
            only(command, &[".id", "numbers"])?;
            let ids = rows_named(command, |id| hotspot.authorized(Ipv4Addr::from(id)), |_| None)?;
            for id in ids {
                hotspot.end_session(Ipv4Addr::from(id), now_ms);
            }
            Ok(Reply::Done)
        }
        _ => Err(no_such_command()),
    }
}

/// A session as a print shows it. Its id is its address in hex, as on real routers.
pub(super) fn record(hotspot: &Hotspot, session: &Session, now_ms: u64) -> Record {
    let method: &[u8] = match session.method {
        Method::Api => b"http-pap",
        Method::MacCookie => b"mac-cookie",
    };
    let mut record = vec![
        (".id", format_id(u32::from(session.ip)).into_bytes()),
        ("server", SERVER.to_vec()),
        ("user", session.user.clone()),
        ("address", session.ip.to_string().into_bytes()),
        ("mac-address", session.mac.to_string().into_bytes()),
        ("login-by", method.to_vec()),
        ("uptime", format_duration(now_ms.saturating_sub(session.since_ms) / 1000).into_bytes()),
    ];
    if let Some(deadline_ms) = session.deadline_ms {
        // A second that has begun is still shown, so that one left never reads as none.
        let left_s = deadline_ms.saturating_sub(now_ms).div_ceil(1000);
        record.push(("session-time-left", format_duration(left_s).into_bytes()));
    }
    record.push(("idle-time", b"0s".to_vec()));
    let user = hotspot.users.get(session.user_id);
    if let Some(user) = user {
        let keepalive_s = hotspot.profiles.get_or_default(user.profile).keepalive_timeout_s;
        record
            .extend(keepalive_s.map(|seconds| ("keepalive-timeout", format_duration(seconds).into_bytes())));
    }
    for (name, bytes) in ["bytes-in", "bytes-out"].into_iter().zip(session.bytes) {
        record.push((name, bytes.to_string().into_bytes()));
    }
    ["packets-in", "packets-out"].into_iter().for_each(|name| record.push((name, b"0".to_vec())));
    record.push(("radius", b"false".to_vec()));
    if let Some(user) = user.filter(|user| !user.comment.is_empty()) {
        record.push(("comment", user.comment.clone()));
    }
    record
}

fn login_request(command: &Command) -> Result<LoginRequest, Trap> {
    only(command, &["user", "password", "ip", "mac-address", "domain"])?;
    let user = command.attribute("user").ok_or_else(|| Trap::failure("missing =user="))?;
    let ip = match command.attribute("ip") {
        Some(text) => parse_address(text).ok_or_else(|| Trap::invalid_value("ip"))?,
        None => Ipv4Addr::UNSPECIFIED,
    };
    let mac = match command.attribute("mac-address") {
        Some(text) => Some(Mac::parse(text).ok_or_else(|| Trap::invalid_value("mac-address"))?),
        None => None,
    };
    Ok(LoginRequest {
        user: user.to_vec(),
        password: command.attribute("password").unwrap_or_default().to_vec(),
        ip,
        mac,
        method: Method::Api,
    })
}
