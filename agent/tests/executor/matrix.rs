//! Every way a device comes, on every generation of RouterOS that the simulator plays; the table of it is in the documents.

use std::{fmt::Write, path::Path, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use pagos_agent::routeros::Request;
use pagos_protocol::{Action, Done, Outcome};
use pagos_simulator::{RouterConfig, routeros::version::Version};

use crate::reconnect::{OTHER_DEVICE, come, come_with, credentials};
use crate::site::*;

const THIRD_DEVICE: &str = "AA:BB:CC:00:00:03";
const DOCUMENT: &str = "../docs/logins.md";
const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->";

/// What happens, what must come of it, and the happening itself.
type Scenario = (&'static str, &'static str, fn(&Site) -> BoxFuture<'_, Outcome>);

const SCENARIOS: [Scenario; 21] = [
    ("login after a purchase", "online", |site| after_purchase(site).boxed()),
    ("first login", "online", |site| first(site).boxed()),
    ("the same device again", "already online", |site| same_again(site).boxed()),
    ("the device has another MAC", "online", |site| new_mac(site).boxed()),
    ("a second device, two allowed", "online", |site| shared(site, OTHER_DEVICE).boxed()),
    ("a third device, two allowed", "device_limit_reached", |site| shared(site, THIRD_DEVICE).boxed()),
    ("device not on the network", "device_not_seen", |site| unseen(site).boxed()),
    ("device seen a moment later", "online", |site| seen_later(site).boxed()),
    ("wrong password", "credentials_invalid", |site| typed(site, "0418", "password", "0417").boxed()),
    ("password with a leading zero", "online", |site| typed(site, "0417", "password", "0417").boxed()),
    ("the same without its zero", "credentials_invalid", |site| {
        typed(site, "417", "password", "0417").boxed()
    }),
    ("PIN", "online", |site| typed(site, "", "comment", "a PIN").boxed()),
    ("disabled user", "access_expired", |site| typed(site, "", "disabled", "yes").boxed()),
    ("time used up", "access_expired", |site| spent(site, "limit-uptime", "10m").boxed()),
    ("data used up", "access_expired", |site| spent(site, "limit-bytes-total", "1000").boxed()),
    ("profile with accents", "online", |site| accents(site).boxed()),
    ("router restarted, device not seen yet", "device_not_seen", |site| restarted(site, false).boxed()),
    ("router restarted, device seen again", "online", |site| restarted(site, true).boxed()),
    ("bound user, another device", "online", |site| bound(site, "MODE=1 TL=1h TA=0s").boxed()),
    ("bound user without marks, another device", "login_refused", |site| bound(site, "").boxed()),
    ("password hidden, user sold here", "online", |site| hidden(site).boxed()),
];

/// In which row the router hides passwords.
const HIDDEN: &str = "password hidden, user sold here";

#[tokio::test]
async fn each_way_in_ends_as_it_must_on_every_version_and_the_table_says_so() {
    let mut rows = Vec::new();
    for (name, expected, happen) in SCENARIOS {
        let ends = VERSIONS.map(|version| async move {
            let version = Version::parse(version).expect("version");
            let router = RouterConfig { version, sensitive: name != HIDDEN, ..router() };
            let site = Site::with(router).await;
            word(&happen(&site).await)
        });
        let ends = futures_util::future::join_all(ends).await;
        for (version, end) in VERSIONS.iter().zip(&ends) {
            assert_eq!(end, expected, "{name} on {version}");
        }
        rows.push((name, ends));
    }
    compare(&table(&rows));
}

/// The end of a login in a word.
fn word(outcome: &Outcome) -> String {
    let code = match outcome {
        Outcome::Done {
            done: Done::Reconnected { already: true, .. } | Done::LoggedIn { already: true },
        } => {
            return "already online".into();
        }
        Outcome::Done { done: Done::Reconnected { .. } | Done::LoggedIn { .. } } => return "online".into(),
        Outcome::Done { done: Done::NotReconnected { code, .. } } | Outcome::Refused { code, .. } => code,
        other => panic!("{other:?}"),
    };
    serde_json::to_value(code).expect("json").as_str().expect("a word").to_owned()
}

fn table(rows: &[(&str, Vec<String>)]) -> String {
    let mut text = format!("| what happens | {} |\n|---|", VERSIONS.join(" | "));
    text.push_str(&"---|".repeat(VERSIONS.len()));
    for (name, ends) in rows {
        write!(text, "\n| {name} | {} |", ends.join(" | ")).expect("text");
    }
    text.push('\n');
    text
}

/// The table between its marks in the document; written there with `PAGOS_REGENERATE=1`.
fn compare(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = std::fs::read_to_string(&path).expect("the document");
    let (head, rest) = document.split_once(BEGIN).expect("the begin of the table");
    let (found, tail) = rest.split_once(END).expect("the end of the table");
    if std::env::var_os("PAGOS_REGENERATE").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{table}{END}{tail}")).expect("written");
    } else {
        assert_eq!(found, table, "docs/logins.md is not what this run saw; run it with PAGOS_REGENERATE=1");
    }
}

async fn after_purchase(site: &Site) -> Outcome {
    site.run(reserve(1)).await;
    site.run(confirm(2)).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.run(login(2)).await
}

async fn first(site: &Site) -> Outcome {
    site.operator_adds("ana", &[("password", "clave")]).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.run(come("ana", "clave", DEVICE)).await
}

async fn same_again(site: &Site) -> Outcome {
    first(site).await;
    site.run(come("ana", "clave", DEVICE)).await
}

async fn new_mac(site: &Site) -> Outcome {
    first(site).await;
    site.device_seen(OTHER_DEVICE, [10, 5, 50, 3]);
    let outcome = site.run(come("ana", "clave", OTHER_DEVICE)).await;
    assert_eq!(site.rows("active").len(), 1, "the old MAC is offline");
    outcome
}

/// Two devices of a user who may have two come, and then `last` if it is another.
async fn shared(site: &Site, last: &str) -> Outcome {
    let profile = Request::new("/ip/hotspot/user/profile/add").attribute("name", "dos");
    site.operator(profile.attribute("shared-users", "2")).await;
    site.operator_adds("ana", &[("profile", "dos")]).await;
    for (number, mac) in (2..).zip([DEVICE, OTHER_DEVICE, THIRD_DEVICE]) {
        site.device_seen(mac, [10, 5, 50, number]);
        let outcome = site.run(come("ana", "", mac)).await;
        if mac == last {
            assert_eq!(site.rows("active").len(), 2);
            return outcome;
        }
    }
    unreachable!("the last one came");
}

async fn unseen(site: &Site) -> Outcome {
    site.operator_adds("ana", &[]).await;
    site.run(come("ana", "", DEVICE)).await
}

async fn seen_later(site: &Site) -> Outcome {
    site.operator_adds("ana", &[]).await;
    let appear = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        site.device_seen(DEVICE, [10, 5, 50, 2]);
    };
    tokio::join!(site.run(come("ana", "", DEVICE)), appear).0
}

/// Somebody gives this password for a user with this attribute.
async fn typed(site: &Site, password: &'static str, attribute: &'static str, value: &'static str) -> Outcome {
    site.operator_adds("ana", &[(attribute, value)]).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    site.run(come("ana", password, DEVICE)).await
}

async fn spent(site: &Site, limit: &'static str, value: &'static str) -> Outcome {
    typed(site, "", limit, value).await;
    site.traffic(DEVICE, 900, 90);
    site.time_passes(599);
    site.traffic(DEVICE, 5, 4);
    assert_eq!(site.rows("active").len(), 1, "something is left");
    site.time_passes(1);
    if limit != "limit-uptime" {
        site.traffic(DEVICE, 1, 0);
    }
    site.run(come("ana", "", DEVICE)).await
}

async fn accents(site: &Site) -> Outcome {
    site.operator(Request::new("/ip/hotspot/user/profile/add").attribute("name", "un día ñandú")).await;
    typed(site, "", "profile", "un día ñandú").await
}

/// The device is online without a cookie when the router restarts.
async fn restarted(site: &Site, seen: bool) -> Outcome {
    let profile = Request::new("/ip/hotspot/user/profile/add").attribute("name", "sin");
    site.operator(profile.attribute("add-mac-cookie", "no")).await;
    typed(site, "", "profile", "sin").await;
    site.simulator.control().routers[0].reboot();
    if seen {
        site.device_seen(DEVICE, [10, 5, 50, 9]);
    }
    site.run(come("ana", "", DEVICE)).await
}

async fn bound(site: &Site, comment: &'static str) -> Outcome {
    site.operator_adds("ana", &[("comment", comment), ("mac-address", DEVICE)]).await;
    site.device_seen(OTHER_DEVICE, [10, 5, 50, 3]);
    site.run(come("ana", "", OTHER_DEVICE)).await
}

async fn hidden(site: &Site) -> Outcome {
    site.operator_adds("ana", &[("password", "0417")]).await;
    site.device_seen(DEVICE, [10, 5, 50, 2]);
    let sold = |given| -> Action { come_with(credentials("ana", given, Some("0417")), DEVICE) };
    assert_eq!(word(&site.run(sold("0418")).await), "credentials_invalid");
    site.run(sold("0417")).await
}
