use super::*;
use crate::routeros::version::Version;

const NOW_MS: u64 = 1_700_000_000_000;

struct World {
    hotspot: Hotspot,
    facts: Facts,
}

fn world(version: &str) -> World {
    let facts = Facts {
        version: Version::parse(version).unwrap(),
        identity: b"kiosco".to_vec(),
        serial_number: "ABC".to_owned(),
        booted_ms: NOW_MS - 90_000,
        sensitive: true,
    };
    World { hotspot: Hotspot::new(None), facts }
}

impl World {
    fn run(&mut self, words: &[&str]) -> Reply {
        let command = Command::parse(words.iter().map(|word| word.as_bytes().to_vec()).collect());
        execute(&mut Context { hotspot: &mut self.hotspot, facts: &mut self.facts, now_ms: NOW_MS }, &command)
    }

    fn trap(&mut self, words: &[&str]) -> String {
        let Reply::Trap(trap) = self.run(words) else { panic!("{words:?} should be refused") };
        trap.message
    }

    fn rows(&mut self, words: &[&str]) -> Vec<Vec<(String, String)>> {
        let Reply::Records(rows) = self.run(words) else { panic!("{words:?} should print") };
        let text = |(name, value): (&str, Vec<u8>)| (name.to_owned(), String::from_utf8(value).unwrap());
        rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect()
    }

    fn names(&mut self, words: &[&str]) -> Vec<String> {
        let column = |row: Vec<(String, String)>| row.into_iter().find(|(name, _)| name == "name").unwrap().1;
        self.rows(words).into_iter().map(column).collect()
    }

    fn add(&mut self, words: &[&str]) -> String {
        let words: Vec<&str> = ["/ip/hotspot/user/add"].iter().chain(words).copied().collect();
        let Reply::Ret(id) = self.run(&words) else { panic!("{words:?} should add") };
        String::from_utf8(id).unwrap()
    }
}

#[test]
fn a_new_router_has_the_trial_row_and_four_profiles() {
    let mut world = world("7.20.8");
    let rows = world.rows(&["/ip/hotspot/user/print"]);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains(&("name".to_owned(), "default-trial".to_owned())));
    assert!(rows[0].contains(&("default".to_owned(), "true".to_owned())));
    assert_eq!(world.names(&["/ip/hotspot/user/profile/print"]), ["default", "1h", "1d", "pin"]);
    let ids = world.rows(&["/ip/hotspot/user/profile/getall", "=.proplist=.id"]);
    assert_eq!(ids.into_iter().flatten().map(|(_, id)| id).collect::<Vec<_>>(), ["*0", "*1", "*2", "*3"]);
    assert!(world.trap(&["/ip/hotspot/user/remove", "=.id=*0"]).contains("can not remove"));
    assert!(world.trap(&["/ip/hotspot/user/profile/remove", "=numbers=default"]).contains("can not remove"));
}

#[test]
fn what_is_at_its_default_is_not_printed() {
    let mut world = world("7.20.8");
    let id = world.add(&["=name=maria", "=limit-uptime=7200s", "=limit-bytes-total=0"]);
    let query = format!("?.id={id}");
    let row = world.rows(&["/ip/hotspot/user/print", &query]).remove(0);
    let names: Vec<&str> = row.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        ".id",
        "name",
        "profile",
        "limit-uptime",
        "uptime",
        "bytes-in",
        "bytes-out",
        "packets-in",
        "packets-out",
        "dynamic",
        "disabled",
    ];
    assert_eq!(names, expected);
    assert!(row.contains(&("limit-uptime".to_owned(), "2h".to_owned())));
    world.run(&["/ip/hotspot/user/set", "=numbers=maria", "=limit-uptime=0s"]);
    let row = world.rows(&["/ip/hotspot/user/print", &query]).remove(0);
    assert!(!row.iter().any(|(name, _)| name == "limit-uptime"));
}

#[test]
fn refusals_have_the_routers_texts() {
    let mut world = world("7.20.8");
    world.add(&["=name=maria"]);
    let user = "/ip/hotspot/user/";
    let rows: [(&[&str], &str); 16] = [
        (&["add", "=name=maria"], "failure: already have user with this name for this server"),
        (&["add", "=name=x", "=profile=nada"], "input does not match any value of profile"),
        (
            &["add", "=name=x", "=profile=1"],
            "ambiguous value of profile, more than one possible value matches input",
        ),
        (&["add", "=name=x", "=server=otro"], "input does not match any value of server"),
        (&["add", "=name=x", "=color=rojo"], "unknown parameter color"),
        (&["add", "=name=x", "=limit-uptime=nunca"], "invalid value for argument limit-uptime"),
        (&["add", "=name=x", "=mac-address=zz"], "invalid value for argument mac-address"),
        (&["add", "=password=x"], "missing value(s) of argument(s) name"),
        (&["set", "=.id=*99", "=comment=x"], "no such item"),
        (&["set", "=comment=x"], "missing =.id="),
        (&["remove", "=.id=*99"], "no such item"),
        (&["remove", "=numbers=nadie"], "no such item"),
        (&["enable", "=.id=*1,*99"], "no such item"),
        (&["explode"], "no such command"),
        (&["profile/add", "=name=1h"], "failure: profile with the same name already exists"),
        (&["profile/add", "=name=x", "=shared-users=0"], "invalid value for argument shared-users"),
    ];
    for (words, text) in rows {
        let word = format!("{user}{}", words[0]);
        let words: Vec<&str> = std::iter::once(word.as_str()).chain(words[1..].iter().copied()).collect();
        assert_eq!(world.trap(&words), text, "{words:?}");
    }
    assert_eq!(world.trap(&["/ip/hotspot/nada/print"]), "no such command prefix");
    assert_eq!(world.names(&["/ip/hotspot/user/print"]), ["default-trial", "maria"], "nothing was half done");
}

#[test]
fn an_old_router_names_a_missing_argument_its_own_way() {
    assert_eq!(world("6.49.18").trap(&["/ip/hotspot/user/add"]), "missing =name=");
}

#[test]
fn a_print_obeys_conditions_and_narrow_ones_find_the_same_rows() {
    let mut world = world("7.20.8");
    for name in ["ana", "eva", "maria"] {
        world.add(&[&format!("=name={name}"), "=profile=1h"]);
    }
    let print = "/ip/hotspot/user/print";
    assert_eq!(world.names(&[print, "?name=eva"]), ["eva"]);
    assert_eq!(
        world.names(&[print, "?name=maria", "?name=ana", "?#|"]),
        ["ana", "maria"],
        "in the menu's order"
    );
    assert_eq!(world.names(&[print, "?name=eva", "?profile=1d"]), [""; 0]);
    assert_eq!(world.names(&[print, "?name=eva", "?#!"]), ["default-trial", "ana", "maria"]);
    assert_eq!(world.names(&[print, "?profile=1h", "?name=eva", "?#!&"]), ["ana", "maria"]);
    assert_eq!(world.names(&[print, "?.id=*2", "?.id=*1", "?#|"]), ["ana", "eva"]);
    assert_eq!(world.run(&[print, "=count-only=", "?profile=1h"]), Reply::Ret(b"3".to_vec()));
    assert_eq!(world.rows(&[print, "?nothing=1"]), Vec::<Vec<(String, String)>>::new());
}

#[test]
fn several_rows_are_changed_by_one_command() {
    let mut world = world("7.20.8");
    world.add(&["=name=ana"]);
    world.add(&["=name=eva"]);
    assert_eq!(world.run(&["/ip/hotspot/user/disable", "=numbers=*1,eva"]), Reply::Done);
    assert_eq!(world.names(&["/ip/hotspot/user/print", "?disabled=true"]), ["ana", "eva"]);
    assert_eq!(world.run(&["/ip/hotspot/user/comment", "=numbers=*1", "=comment=pagos:1"]), Reply::Done);
    assert_eq!(world.names(&["/ip/hotspot/user/print", "?comment=pagos:1"]), ["ana"]);
    assert_eq!(world.run(&["/ip/hotspot/user/remove", "=.id=*1,*2"]), Reply::Done);
    assert_eq!(world.names(&["/ip/hotspot/user/print"]), ["default-trial"]);
}

#[test]
fn a_value_that_is_not_text_comes_back_as_it_went() {
    let mut world = world("7.20.8");
    let comment: &[u8] = b"caf\xe9\0=\r\n";
    let words = vec![b"/ip/hotspot/user/add".to_vec(), b"=name=x".to_vec(), [b"=comment=", comment].concat()];
    let command = Command::parse(words);
    execute(&mut Context { hotspot: &mut world.hotspot, facts: &mut world.facts, now_ms: NOW_MS }, &command);
    let Reply::Records(rows) = world.run(&["/ip/hotspot/user/print", "?name=x"]) else { panic!() };
    assert!(rows[0].contains(&("comment", comment.to_vec())));
}

#[test]
fn a_login_shows_in_active_host_and_cookie() {
    let mut world = world("7.20.8");
    world.add(&["=name=maria", "=password=clave", "=profile=1h", "=limit-uptime=30m"]);
    let login = ["/ip/hotspot/active/login", "=user=maria", "=password=clave", "=ip=10.5.50.1"];
    assert_eq!(world.trap(&login), "unknown host IP 10.5.50.1");
    assert_eq!(world.trap(&login[..3]), "unknown host IP 0.0.0.0");
    world.hotspot.host_seen(
        NOW_MS,
        crate::routeros::value::Mac([2, 0, 0, 0, 0, 0xAB]),
        "10.5.50.1".parse().unwrap(),
    );
    assert_eq!(world.run(&login), Reply::Done);
    let row = world.rows(&["/ip/hotspot/active/print", "?mac-address=02:00:00:00:00:AB"]).remove(0);
    for (name, value) in
        [(".id", "*A053201"), ("user", "maria"), ("session-time-left", "30m"), ("uptime", "0s")]
    {
        assert!(row.contains(&(name.to_owned(), value.to_owned())), "{name} in {row:?}");
    }
    assert_eq!(world.rows(&["/ip/hotspot/host/print", "?authorized=true"]).len(), 1);
    assert_eq!(world.rows(&["/ip/hotspot/cookie/print", "?user=maria"]).len(), 1);
    assert_eq!(world.run(&["/ip/hotspot/active/remove", "=.id=*A053201"]), Reply::Done);
    assert_eq!(world.trap(&["/ip/hotspot/active/remove", "=.id=*A053201"]), "no such item");
    assert_eq!(world.run(&["/ip/hotspot/cookie/remove", "=.id=*1"]), Reply::Done);
    assert_eq!(world.run(&["/ip/hotspot/host/remove", "=.id=*1"]), Reply::Done);
}

#[test]
fn a_removed_profile_leaves_its_id_in_the_users() {
    let mut world = world("7.20.8");
    world.add(&["=name=maria", "=profile=1d"]);
    assert_eq!(world.run(&["/ip/hotspot/user/profile/remove", "=numbers=1d"]), Reply::Done);
    assert_eq!(world.names(&["/ip/hotspot/user/print", "?profile=*2"]), ["maria"]);
}

#[test]
fn the_system_menus_tell_what_the_router_is() {
    let mut world = world("6.49.18 (long-term)");
    let resource = world.rows(&["/system/resource/print", "=.proplist=version,uptime"]).remove(0);
    assert!(resource.contains(&("version".to_owned(), "6.49.18 (long-term)".to_owned())));
    assert!(resource.contains(&("uptime".to_owned(), "1m30s".to_owned())));
    assert_eq!(world.names(&["/system/identity/print"]), ["kiosco"]);
    assert_eq!(world.run(&["/system/identity/set", "=name=azotea"]), Reply::Done);
    assert_eq!(world.names(&["/system/identity/print"]), ["azotea"]);
    assert_eq!(world.rows(&["/system/routerboard/print", "?serial-number=ABC"]).len(), 1);
    assert_eq!(world.trap(&["/system/routerboard/set"]), "no such command");
}

#[test]
fn passwords_are_stars_for_who_may_not_read_them() {
    let mut world = world("7.20.8");
    world.add(&["=name=maria", "=password=clave"]);
    world.add(&["=name=pin"]);
    let print = ["/ip/hotspot/user/print", "?name=maria", "?name=pin", "?#|", "=.proplist=password"];
    assert_eq!(world.rows(&print)[0], [("password".to_owned(), "clave".to_owned())]);
    world.facts.sensitive = false;
    assert_eq!(world.rows(&print)[0], [("password".to_owned(), "*****".to_owned())]);
    assert_eq!(world.rows(&print)[1], []);
    // The router knows it all the same.
    let copy = world.add(&["=copy-from=*1", "=name=maria2", "=mac-address=AA:BB:CC:00:00:01"]);
    world.facts.sensitive = true;
    let id = format!("?.id={copy}");
    let rows = world.rows(&["/ip/hotspot/user/print", &id, "=.proplist=password,mac-address"]);
    assert_eq!(
        rows[0].iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
        ["clave", "AA:BB:CC:00:00:01"]
    );
}
