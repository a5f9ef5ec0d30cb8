//! The menus that a client can command, and what they have in common.

mod active;
mod cookie;
mod host;
mod profile;
mod system;
mod user;

use super::command::Command;
use super::hotspot::Hotspot;
use super::reply::{Record, Reply, Trap};
use super::value::parse_id;
pub use system::Facts;

/// What a command works on.
#[derive(Debug)]
pub struct Context<'a> {
    /// The hotspot of the router.
    pub hotspot: &'a mut Hotspot,
    /// What the router is.
    pub facts: &'a mut Facts,
    /// Time of the simulator's clock, in milliseconds since the Unix epoch.
    pub now_ms: u64,
}

/// Carries a command out. `/login`, `/cancel` and `/quit` belong to the connection and are not known here.
pub fn execute(context: &mut Context<'_>, command: &Command) -> Reply {
    context.hotspot.settle(context.now_ms);
    let (menu, verb) = command.menu_and_verb();
    let outcome = match menu {
        "/ip/hotspot/user" => user::run(context, verb, command),
        "/ip/hotspot/user/profile" => profile::run(context, verb, command),
        "/ip/hotspot/host" => host::run(context, verb, command),
        "/ip/hotspot/active" => active::run(context, verb, command),
        "/ip/hotspot/cookie" => cookie::run(context, verb, command),
        "/system/identity" => system::identity(context, verb, command),
        "/system/resource" => system::resource(context, verb, command),
        "/system/routerboard" => system::routerboard(context, verb, command),
        _ => Err(Trap::missing("no such command prefix")),
    };
    outcome.unwrap_or_else(Reply::Trap)
}

/// All rows of the menus of one router, as a print shows them: users, profiles, hosts, active, cookies.
pub fn snapshot(hotspot: &Hotspot, now_ms: u64) -> [(&'static str, Vec<Record>); 5] {
    [
        ("users", hotspot.users.iter().map(|user| user::record(hotspot, user, now_ms)).collect()),
        ("profiles", hotspot.profiles.iter().map(profile::record).collect()),
        ("hosts", hotspot.hosts().map(|row| host::record(hotspot, row, now_ms)).collect()),
        ("active", hotspot.sessions().map(|session| active::record(hotspot, session, now_ms)).collect()),
        ("cookies", hotspot.cookies().map(|row| cookie::record(row, now_ms)).collect()),
    ]
}

/// The verb is not one of the menu's.
fn no_such_command() -> Trap {
    Trap::missing("no such command")
}

/// Answers a print: conditions, then the number of rows or the properties asked for.
fn print(command: &Command, rows: impl Iterator<Item = Record>) -> Reply {
    let passes = |record: &Record| {
        command.query.matches(|name| {
            record.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_slice())
        })
    };
    let rows = rows.filter(passes);
    if command.count_only() {
        return Reply::Ret(rows.count().to_string().into_bytes());
    }
    let Some(wanted) = &command.proplist else { return Reply::Records(rows.collect()) };
    let narrow = |mut record: Record| {
        record.retain(|(name, _)| wanted.iter().any(|asked| asked == name));
        record
    };
    Reply::Records(rows.map(narrow).collect())
}

/// The rows that `=.id=` or `=numbers=` names: ids or, where `by_name` knows it, names.
///
/// # Errors
/// When neither attribute is there, or a row is not.
fn rows_named(
    command: &Command,
    exists: impl Fn(u32) -> bool,
    by_name: impl Fn(&[u8]) -> Option<u32>,
) -> Result<Vec<u32>, Trap> {
    let given = command.attribute(".id").or_else(|| command.attribute("numbers"));
    let given = given.ok_or_else(|| Trap::failure("missing =.id="))?;
    let resolve = |part: &[u8]| {
        let id = if part.starts_with(b"*") { parse_id(part).filter(|id| exists(*id)) } else { by_name(part) };
        id.ok_or_else(Trap::no_such_item)
    };
    given.split(|byte| *byte == b',').map(resolve).collect()
}

/// The attributes that change a row: all but those that name rows.
fn changes(command: &Command) -> impl Iterator<Item = (&str, &[u8])> {
    let named = |(name, _): &(&str, &[u8])| !matches!(*name, ".id" | "numbers");
    command.attributes.iter().map(|(name, value)| (name.as_str(), value.as_slice())).filter(named)
}

/// Refuses attributes that a verb does not take.
fn only(command: &Command, known: &[&str]) -> Result<(), Trap> {
    let stranger = command.attributes.iter().find(|(name, _)| !known.contains(&name.as_str()));
    stranger.map_or(Ok(()), |(name, _)| Err(Trap::unknown_parameter(name)))
}

#[cfg(test)]
mod tests;
