//! Where nothing may be sent, whatever a name, an answer or a resolver says.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use pagos_control_plane::outbox::telegram::Telegram;
use pagos_control_plane::outbox::webhook::Sender;
use pagos_control_plane::outbox::webhook::guard::{Guard, Lookup};
use pagos_control_plane::outbox::{Outbox, Parts};
use pagos_control_plane::serve::assembly;
use serde_json::json;
use tokio::net::TcpListener;

use super::receiver::{Receiver, Reply};
use super::{deliver, endpoint, entregas, happen, open_world};
use crate::world::World;

/// Answers one after the other; the last one for ever.
struct Changing {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Changing {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let read = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().expect("an address")).collect();
        Arc::new(Self { answers: Mutex::new(answers.iter().map(read).collect()), asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Changing {
    fn addresses(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().expect("unpoisoned");
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// The outbox of another process, with a guard of its own.
fn guarded(world: &World, guard: Guard) -> Outbox {
    Outbox::new(Parts {
        store: world.app.store.clone(),
        vault: world.app.vault.clone(),
        clock: world.app.clock.clone(),
        random: world.app.random.clone(),
        runner: "another".into(),
        webhooks: Sender::new(assembly::tls(), guard).expect("a sender"),
        telegram: Telegram::new(reqwest::Client::new(), "https://telegram.example.org".into()),
    })
}

/// Listens, and counts connections.
async fn listen(ip: Ipv4Addr, port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((ip, port)).await.expect("listen");
    let port = listener.local_addr().expect("address").port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counting = connections.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counting.fetch_add(1, Ordering::Relaxed);
        }
    });
    (port, connections)
}

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_not_connected_to() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let (port, connections) = listen(Ipv4Addr::LOCALHOST, 0).await;
    let answers: [&[&str]; 4] =
        [&["127.0.0.1"], &["93.184.216.34", "127.0.0.1"], &["::ffff:127.0.0.1"], &["64:ff9b::7f00:1"]];
    for answer in answers {
        let (id, _) = endpoint(&world, &tenant, &format!("https://hooks.example.org:{port}/")).await;
        let outbox = guarded(&world, Guard::public_only(Changing::new(&[answer])));
        happen(&world, &tenant.company, answer[0]).await;
        deliver(&outbox).await;
        let newest = entregas(&world, &tenant, &id).await[0].clone();
        assert_eq!(newest["error"]["code"], "endpoint_target_refused", "{answer:?}: {newest}");
        assert!(newest["ultimo_estado_http"].is_null());
        world.delete(&format!("{}/{id}", super::PATH), Some(&tenant.session)).await.good();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_meaning_is_looked_at_anew_and_refused() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let (inside, outside) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::LOCALHOST);
    let (port, seen_outside) = listen(outside, 0).await;
    let (_, seen_inside) = listen(inside, port).await;
    let (id, _) = endpoint(&world, &tenant, &format!("https://hooks.example.org:{port}/")).await;
    // First the name means a host that is taken for one of the internet here, then one that is not.
    let lookup = Changing::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let guard = Guard::only(lookup.clone(), |address| address == IpAddr::from(Ipv4Addr::LOCALHOST));
    let outbox = guarded(&world, guard);
    happen(&world, &tenant.company, "a").await;
    deliver(&outbox).await;
    let first = entregas(&world, &tenant, &id).await[0].clone();
    assert_ne!(first["error"]["code"], "endpoint_target_refused", "it was connected to: {first}");
    assert_eq!((seen_outside.load(Ordering::Relaxed), lookup.asked.load(Ordering::Relaxed)), (1, 1));
    world.advance(10_000);
    deliver(&outbox).await;
    let second = entregas(&world, &tenant, &id).await[0].clone();
    assert_eq!(
        (&second["error"]["code"], &second["intentos"]),
        (&json!("endpoint_target_refused"), &json!(2))
    );
    assert_eq!(
        lookup.asked.load(Ordering::Relaxed),
        2,
        "what was found once is not kept, and is not asked for twice"
    );
    assert_eq!((seen_outside.load(Ordering::Relaxed), seen_inside.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test]
async fn a_private_address_that_was_taken_when_it_was_allowed_is_refused_later() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, &tenant, &receiver.url()).await;
    let outbox = guarded(&world, Guard::public_only(Changing::new(&[&["93.184.216.34"]])));
    happen(&world, &tenant.company, "a").await;
    deliver(&outbox).await;
    assert_eq!(entregas(&world, &tenant, &id).await[0]["error"]["code"], "endpoint_target_refused");
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_leads() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let (receiver, inside) = (Receiver::start().await, Receiver::start().await);
    for status in [301, 302, 303, 307, 308] {
        let (id, _) = endpoint(&world, &tenant, &receiver.url()).await;
        receiver.next([Reply::With(status, "location", inside.url())]);
        happen(&world, &tenant.company, &format!("{status}")).await;
        deliver(&world.app.outbox).await;
        let newest = entregas(&world, &tenant, &id).await[0].clone();
        assert_eq!(newest["error"]["code"], "endpoint_redirected", "{newest}");
        assert_eq!(newest["ultimo_estado_http"], status);
        world.delete(&format!("{}/{id}", super::PATH), Some(&tenant.session)).await.good();
    }
    assert_eq!(inside.count(), 0);
}

#[tokio::test]
async fn a_receiver_without_a_good_certificate_or_without_a_name_is_told_from_one_that_is_away() {
    let world = open_world().await;
    let tenant = world.tenant("Parque").await;
    let receiver = Receiver::start().await;
    let away = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let port = away.local_addr().expect("address").port();
    drop(away);
    for (url, code) in [
        (format!("https://{}/", receiver.address), "endpoint_tls_failed"),
        (format!("http://127.0.0.1:{port}/"), "endpoint_unreachable"),
        ("http://no-such-name.invalid/".to_owned(), "endpoint_unreachable"),
    ] {
        let (id, _) = endpoint(&world, &tenant, &url).await;
        let path = format!("{}/{id}/probar", super::PATH);
        let tried = world.post(&path, Some(&tenant.session), &json!({})).await.is(200, "webhook_test_failed");
        assert_eq!(tried["error"]["code"], code, "{url}");
    }
}
