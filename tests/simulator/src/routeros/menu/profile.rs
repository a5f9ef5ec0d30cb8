//! `/ip/hotspot/user/profile`.

use super::{Context, changes, no_such_command, only, print, rows_named};
use crate::routeros::command::Command;
use crate::routeros::hotspot::{Profile, Profiles};
use crate::routeros::reply::{Record, Reply, Trap};
use crate::routeros::value::{
    format_duration, format_flag, format_id, parse_duration, parse_flag, parse_id, parse_number,
};

/// Properties that are kept and printed as they came.
const TEXTS: [&str; 17] = [
    "rate-limit",
    "address-pool",
    "address-list",
    "parent-queue",
    "queue-type",
    "insert-queue-before",
    "open-status-page",
    "advertise",
    "advertise-url",
    "advertise-interval",
    "advertise-timeout",
    "incoming-filter",
    "outgoing-filter",
    "incoming-packet-mark",
    "outgoing-packet-mark",
    "on-login",
    "on-logout",
];

pub(super) fn run(context: &mut Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    let profiles = &mut context.hotspot.profiles;
    match verb {
        "print" | "getall" => Ok(print(command, profiles.iter().map(record))),
        "add" => {
            let v7 = context.facts.version.is_v7();
            add(profiles, command, v7)
        }
        "set" => {
            for id in named(profiles, command)? {
                let mut profile = profiles.get(id).ok_or_else(Trap::no_such_item)?.clone();
                changes(command).try_for_each(|(name, value)| apply(&mut profile, name, value))?;
                profiles.replace(profile)?;
            }
            Ok(Reply::Done)
        }
        "remove" => {
            only(command, &[".id", "numbers"])?;
            let ids = named(profiles, command)?;
            if ids.iter().any(|id| profiles.get(*id).is_some_and(|profile| profile.built_in)) {
                return Err(Trap::failure("failure: can not remove default profile"));
            }
            ids.into_iter().for_each(|id| profiles.remove(id));
            Ok(Reply::Done)
        }
        _ => Err(no_such_command()),
    }
}

/// A profile as a print shows it.
pub(super) fn record(profile: &Profile) -> Record {
    let optional =
        |seconds: Option<u64>| seconds.map_or_else(|| "none".to_owned(), format_duration).into_bytes();
    let mut record = vec![(".id", format_id(profile.id).into_bytes()), ("name", profile.name.clone())];
    if profile.session_timeout_s > 0 {
        record.push(("session-timeout", format_duration(profile.session_timeout_s).into_bytes()));
    }
    let shared = profile.shared_users.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
    record.extend([
        ("idle-timeout", optional(profile.idle_timeout_s)),
        ("keepalive-timeout", optional(profile.keepalive_timeout_s)),
        ("status-autorefresh", optional(profile.status_autorefresh_s)),
        ("shared-users", shared.into_bytes()),
        ("add-mac-cookie", format_flag(profile.add_mac_cookie).to_vec()),
        ("mac-cookie-timeout", format_duration(profile.mac_cookie_timeout_s).into_bytes()),
    ]);
    let texts = profile.texts.iter().filter(|(_, value)| !value.is_empty());
    record.extend(texts.map(|(name, value)| (*name, value.clone())));
    record.push(("transparent-proxy", format_flag(profile.transparent_proxy).to_vec()));
    if profile.built_in {
        record.push(("default", b"true".to_vec()));
    }
    record
}

fn add(profiles: &mut Profiles, command: &Command, v7: bool) -> Result<Reply, Trap> {
    let mut profile = match command.attribute("copy-from") {
        Some(id) => {
            let original = parse_id(id).and_then(|id| profiles.get(id));
            Profile { built_in: false, ..original.ok_or_else(Trap::no_such_item)?.clone() }
        }
        None => Profile::default(),
    };
    let mut given = changes(command).filter(|(name, _)| *name != "copy-from");
    given.try_for_each(|(name, value)| apply(&mut profile, name, value))?;
    if command.attribute("name").is_none_or(<[u8]>::is_empty) {
        return Err(Trap::failure(if v7 {
            "missing value(s) of argument(s) name"
        } else {
            "missing =name="
        }));
    }
    Ok(Reply::Ret(format_id(profiles.add(profile)?).into_bytes()))
}

fn named(profiles: &Profiles, command: &Command) -> Result<Vec<u32>, Trap> {
    let by_name =
        |name: &[u8]| profiles.iter().find(|profile| profile.name == name).map(|profile| profile.id);
    rows_named(command, |id| profiles.get(id).is_some(), by_name)
}

fn apply(profile: &mut Profile, name: &str, value: &[u8]) -> Result<(), Trap> {
    let wrong = || Trap::invalid_value(name);
    let seconds = || parse_duration(value).ok_or_else(wrong);
    let optional = || if value == b"none" { Ok(None) } else { seconds().map(Some) };
    match name {
        "name" => profile.name = value.to_vec(),
        "shared-users" if value == b"unlimited" => profile.shared_users = None,
        "shared-users" => {
            profile.shared_users = Some(parse_number(value).filter(|n| *n > 0).ok_or_else(wrong)?);
        }
        "session-timeout" => profile.session_timeout_s = seconds()?,
        "idle-timeout" => profile.idle_timeout_s = optional()?,
        "keepalive-timeout" => profile.keepalive_timeout_s = optional()?,
        "status-autorefresh" => profile.status_autorefresh_s = optional()?,
        "add-mac-cookie" => profile.add_mac_cookie = parse_flag(value).ok_or_else(wrong)?,
        "mac-cookie-timeout" => profile.mac_cookie_timeout_s = seconds()?,
        "transparent-proxy" => profile.transparent_proxy = parse_flag(value).ok_or_else(wrong)?,
        _ => {
            let known = TEXTS.iter().find(|known| **known == name);
            profile.texts.insert(known.ok_or_else(|| Trap::unknown_parameter(name))?, value.to_vec());
        }
    }
    Ok(())
}
