//! `/ip/hotspot/user`.

use super::{Context, changes, no_such_command, only, print, rows_named};
use crate::routeros::command::Command;
use crate::routeros::hotspot::{Hotspot, SERVER, User, ambiguous, no_match};
use crate::routeros::reply::{Record, Reply, Trap};
use crate::routeros::value::{
    Mac, format_duration, format_flag, format_id, parse_address, parse_duration, parse_flag, parse_id,
    parse_number,
};

const LIMITS: [&str; 3] = ["limit-bytes-in", "limit-bytes-out", "limit-bytes-total"];

/// What is printed for a password that the API user may not read.
const STARS: &[u8] = b"*****";

pub(super) fn run(context: &mut Context<'_>, verb: &str, command: &Command) -> Result<Reply, Trap> {
    match verb {
        "print" | "getall" => return Ok(print_users(context, command)),
        "add" => return add(context, command),
        "set" => set(context, command)?,
        "comment" => {
            only(command, &[".id", "numbers", "comment"])?;
            set(context, command)?;
        }
        "remove" => remove(context, command)?,
        "enable" | "disable" => {
            only(command, &[".id", "numbers"])?;
            let ids = named(context.hotspot, command)?;
            ids.into_iter().for_each(|id| context.hotspot.users.set_disabled(id, verb == "disable"));
        }
        "reset-counters" => {
            only(command, &[".id", "numbers"])?;
            let ids = named(context.hotspot, command)?;
            ids.into_iter().for_each(|id| context.hotspot.reset_counters(id, context.now_ms));
        }
        _ => return Err(no_such_command()),
    }
    Ok(Reply::Done)
}

/// A user as a print shows it: limits of zero and what is at its default are left out.
pub(super) fn record(hotspot: &Hotspot, user: &User, now_ms: u64) -> Record {
    let mut record = vec![(".id", format_id(user.id).into_bytes())];
    if let Some(server) = &user.server {
        record.push(("server", server.clone()));
    }
    record.push(("name", user.name.clone()));
    let mut text = |name, value: &[u8]| {
        if !value.is_empty() {
            record.push((name, value.to_vec()));
        }
    };
    text("password", &user.password);
    if !user.built_in {
        let profile = hotspot.profiles.get(user.profile);
        text(
            "profile",
            &profile.map_or_else(|| format_id(user.profile).into_bytes(), |found| found.name.clone()),
        );
    }
    text("address", user.address.map(|ip| ip.to_string()).unwrap_or_default().as_bytes());
    text("mac-address", user.mac.map(|mac| mac.to_string()).unwrap_or_default().as_bytes());
    text("email", &user.email);
    text("routes", &user.routes);
    if user.limit_uptime_s > 0 {
        text("limit-uptime", format_duration(user.limit_uptime_s).as_bytes());
    }
    for (name, limit) in LIMITS.into_iter().zip(user.limit_bytes) {
        if limit > 0 {
            text(name, limit.to_string().as_bytes());
        }
    }
    text("uptime", format_duration(hotspot.user_uptime_ms(user, now_ms) / 1000).as_bytes());
    for (name, bytes) in ["bytes-in", "bytes-out"].into_iter().zip(hotspot.user_bytes(user)) {
        text(name, bytes.to_string().as_bytes());
    }
    ["packets-in", "packets-out"].into_iter().for_each(|name| text(name, b"0"));
    text("dynamic", b"false");
    text("disabled", format_flag(user.disabled));
    text("comment", &user.comment);
    if user.built_in {
        text("default", b"true");
    }
    record
}

fn print_users(context: &Context<'_>, command: &Command) -> Reply {
    let hotspot = &*context.hotspot;
    let show = |user: &User| {
        let mut record = record(hotspot, user, context.now_ms);
        if !context.facts.sensitive {
            record
                .iter_mut()
                .filter(|(name, _)| *name == "password")
                .for_each(|(_, text)| *text = STARS.to_vec());
        }
        record
    };
    if let Some(mut names) = command.query.only_values_of("name") {
        names.sort_unstable();
        names.dedup();
        let mut users: Vec<&User> = names.into_iter().flat_map(|name| hotspot.users.named(name)).collect();
        users.sort_unstable_by_key(|user| user.id);
        return print(command, users.into_iter().map(show));
    }
    if let Some(ids) = command.query.only_values_of(".id") {
        let mut ids: Vec<u32> = ids.into_iter().filter_map(parse_id).collect();
        ids.sort_unstable();
        ids.dedup();
        return print(command, ids.into_iter().filter_map(|id| hotspot.users.get(id)).map(show));
    }
    print(command, hotspot.users.iter().map(show))
}

fn add(context: &mut Context<'_>, command: &Command) -> Result<Reply, Trap> {
    let mut user = match command.attribute("copy-from") {
        Some(id) => {
            let original = parse_id(id).and_then(|id| context.hotspot.users.get(id));
            User {
                built_in: false,
                uptime_ms: 0,
                bytes: [0; 2],
                ..original.ok_or_else(Trap::no_such_item)?.clone()
            }
        }
        None => User::default(),
    };
    for (name, value) in changes(command).filter(|(name, _)| *name != "copy-from") {
        apply(context.hotspot, &mut user, name, value)?;
    }
    if command.attribute("name").is_none_or(<[u8]>::is_empty) {
        let text = if context.facts.version.is_v7() {
            "missing value(s) of argument(s) name"
        } else {
            "missing =name="
        };
        return Err(Trap::failure(text));
    }
    let id = context.hotspot.users.add(user)?;
    Ok(Reply::Ret(format_id(id).into_bytes()))
}

fn set(context: &mut Context<'_>, command: &Command) -> Result<(), Trap> {
    let hotspot = &mut *context.hotspot;
    for id in named(hotspot, command)? {
        let mut user = hotspot.users.get(id).ok_or_else(Trap::no_such_item)?.clone();
        for (name, value) in changes(command) {
            apply(hotspot, &mut user, name, value)?;
        }
        let name = user.name.clone();
        hotspot.users.replace(user)?;
        hotspot.reschedule(&name, context.now_ms);
    }
    Ok(())
}

fn remove(context: &mut Context<'_>, command: &Command) -> Result<(), Trap> {
    only(command, &[".id", "numbers"])?;
    let hotspot = &mut *context.hotspot;
    let ids = named(hotspot, command)?;
    if ids.iter().any(|id| hotspot.users.get(*id).is_some_and(|user| user.built_in)) {
        return Err(Trap::failure("failure: can not remove default user"));
    }
    for id in ids {
        hotspot.remove_user(id);
    }
    Ok(())
}

fn named(hotspot: &Hotspot, command: &Command) -> Result<Vec<u32>, Trap> {
    let users = &hotspot.users;
    rows_named(command, |id| users.get(id).is_some(), |name| users.named(name).next().map(|user| user.id))
}

fn apply(hotspot: &Hotspot, user: &mut User, name: &str, value: &[u8]) -> Result<(), Trap> {
    let wrong = || Trap::invalid_value(name);
    match name {
        "name" => user.name = value.to_vec(),
        "password" => user.password = value.to_vec(),
        "profile" => user.profile = hotspot.profiles.resolve(value)?,
        "server" => user.server = resolve_server(value)?,
        "address" => {
            user.address =
                parse_address(value).map(Some).ok_or_else(wrong)?.filter(|ip| !ip.is_unspecified());
        }
        "mac-address" => {
            user.mac = Mac::parse(value).map(Some).ok_or_else(wrong)?.filter(|mac| mac.0 != [0; 6]);
        }
        "limit-uptime" => user.limit_uptime_s = parse_duration(value).ok_or_else(wrong)?,
        "limit-bytes-in" | "limit-bytes-out" | "limit-bytes-total" => {
            let limit = parse_number(value).ok_or_else(wrong)?;
            LIMITS
                .iter()
                .zip(&mut user.limit_bytes)
                .filter(|(known, _)| **known == name)
                .for_each(|(_, slot)| *slot = limit);
        }
        "email" => user.email = value.to_vec(),
        "comment" => user.comment = value.to_vec(),
        "routes" => user.routes = value.to_vec(),
        "disabled" => user.disabled = parse_flag(value).ok_or_else(wrong)?,
        _ => return Err(Trap::unknown_parameter(name)),
    }
    Ok(())
}

/// `all`, or the one server there is; by prefix, as routers match names.
fn resolve_server(value: &[u8]) -> Result<Option<Vec<u8>>, Trap> {
    match (b"all".starts_with(value), SERVER.starts_with(value)) {
        (true, true) => Err(ambiguous("server")),
        (true, false) => Ok(None),
        (false, true) => Ok(Some(SERVER.to_vec())),
        (false, false) => Err(no_match("server")),
    }
}
