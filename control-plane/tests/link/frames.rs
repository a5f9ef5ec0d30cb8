//! What passes over a link, and how it ends.

use std::time::Duration;

use pagos_control_plane::link::{LinkPort, SendError};
use pagos_protocol::frame::RouterKnown;
use pagos_protocol::{Action, AgentMessage, Code, Done, Outcome, RouterSettings, Secret, ServerMessage};

use crate::a_box::{Link, Refused, clone, dial, enroll, join};
use crate::world::{PASSWORD, Site, World};

const SOON: Duration = Duration::from_secs(10);

async fn agent_of(world: &World, site: &Site) -> Link {
    let enrolled = enroll(world, &world.token(site).await).await.expect("enrolled");
    join(world, &enrolled).await.0
}

#[tokio::test]
async fn a_command_reaches_the_agent_and_its_outcome_comes_back() {
    let world = World::start().await;
    let mut arrivals = world.hub.arrivals();
    let mut link = agent_of(&world, &world.one).await;
    assert_eq!(arrivals.recv().await.expect("arrival"), world.one.router);
    assert!(world.hub.connected(&world.one.router));
    let sending = tokio::spawn(world.hub.send(&world.one.router, Action::Probe, SOON));
    let command = link.command().await;
    assert_eq!(command.router_id, world.one.router.as_str());
    assert_eq!((command.action, command.deadline_ms), (Action::Probe, 9_500));
    let outcome = Outcome::failed(Code::RouterUnreachable, "no route");
    link.outcome(&command.id, outcome.clone()).await;
    assert_eq!(sending.await.expect("task"), Ok(outcome));
}

#[tokio::test]
async fn a_welcome_holds_what_the_agent_does_not_have() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    let id = world.one.router.as_str();
    let (_, welcome) = join(&world, &enrolled).await;
    assert_eq!(welcome.router_ids, [id]);
    let settings = RouterSettings {
        router_id: id.into(),
        version: 3,
        host: "192.0.2.1".into(),
        port: 8728,
        username: "api".into(),
        password: Secret::new(PASSWORD),
    };
    assert_eq!(welcome.routers, [settings]);
    let mut link = dial(&world, Some(clone(&enrolled.credentials))).await.expect("link");
    link.hello(vec![RouterKnown { router_id: id.into(), settings_version: 3 }]).await;
    let welcome = link.welcome().await;
    assert_eq!((welcome.router_ids, welcome.routers), (vec![id.to_owned()], vec![]));
}

#[tokio::test]
async fn an_agent_serves_its_own_site_whatever_it_says() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    let mut link = dial(&world, Some(clone(&enrolled.credentials))).await.expect("link");
    let foreign = world.two.router.as_str();
    link.hello(vec![RouterKnown { router_id: foreign.into(), settings_version: 0 }]).await;
    let welcome = link.welcome().await;
    assert_eq!(welcome.router_ids, [world.one.router.as_str()]);
    assert!(welcome.routers.iter().all(|settings| settings.router_id != foreign));
    assert!(!world.hub.connected(&world.two.router));
    assert_eq!(world.hub.send(&world.two.router, Action::Probe, SOON).await, Err(SendError::Offline));
}

#[tokio::test]
async fn an_outcome_counts_only_on_the_link_of_its_command() {
    let world = World::start().await;
    let mut one = agent_of(&world, &world.one).await;
    let mut two = agent_of(&world, &world.two).await;
    let sending = tokio::spawn(world.hub.send(&world.two.router, Action::Probe, SOON));
    let command = two.command().await;
    one.outcome(&command.id, Outcome::done(Done::Reserved)).await;
    one.outcome("made up", Outcome::done(Done::Reserved)).await;
    one.ping().await;
    assert!(!sending.is_finished(), "a forged outcome counts for nothing");
    two.outcome(&command.id, Outcome::done(Done::Released)).await;
    assert_eq!(sending.await.expect("task"), Ok(Outcome::done(Done::Released)));
    // Nor does a second one, and it does no harm.
    two.outcome(&command.id, Outcome::done(Done::Reserved)).await;
    two.ping().await;
}

#[tokio::test]
async fn a_link_that_ends_under_a_command_is_no_answer() {
    let world = World::start().await;
    let mut link = agent_of(&world, &world.one).await;
    let sending = tokio::spawn(world.hub.send(&world.one.router, Action::Probe, SOON));
    link.command().await;
    drop(link);
    assert_eq!(sending.await.expect("task"), Err(SendError::NoAnswer));
    assert!(!world.hub.connected(&world.one.router));
    assert_eq!(world.hub.send(&world.one.router, Action::Probe, SOON).await, Err(SendError::Offline));
}

#[tokio::test]
async fn an_agent_that_does_not_answer_is_no_answer_at_the_deadline() {
    let world = World::start().await;
    let mut link = agent_of(&world, &world.one).await;
    let sending = tokio::spawn(world.hub.send(&world.one.router, Action::Probe, Duration::from_millis(100)));
    let late = link.command().await;
    assert_eq!(sending.await.expect("task"), Err(SendError::NoAnswer));
    link.outcome(&late.id, Outcome::done(Done::Reserved)).await;
    link.ping().await;
}

#[tokio::test]
async fn changed_settings_are_pushed() {
    let world = World::start().await;
    let mut link = agent_of(&world, &world.one).await;
    let settings = RouterSettings {
        router_id: world.one.router.as_str().into(),
        version: 4,
        host: "192.0.2.7".into(),
        port: 8729,
        username: "api".into(),
        password: Secret::new("new"),
    };
    let hub = world.hub.clone();
    let pushed = settings.clone();
    let pushing = tokio::spawn(async move { hub.settings_changed(pushed).await });
    let command = link.command().await;
    assert_eq!(command.action, Action::SetRouter(settings));
    link.outcome(&command.id, Outcome::done(Done::RouterSet)).await;
    pushing.await.expect("task");
}

#[tokio::test]
async fn a_site_that_gains_a_router_is_told_at_the_next_dial() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    let (link, _) = join(&world, &enrolled).await;
    let added = world.add_router(&world.one).await;
    world.hub.disconnect_site(&world.one.id);
    link.ended().await;
    let (_link, welcome) = join(&world, &enrolled).await;
    assert!(welcome.router_ids.contains(&added.as_str().to_owned()));
    assert!(world.hub.connected(&added));
}

#[tokio::test]
async fn unknown_messages_and_fields_are_tolerated() {
    let world = World::start().await;
    let mut link = agent_of(&world, &world.one).await;
    link.send_text("{\"type\":\"of_tomorrow\",\"x\":1}".into()).await;
    link.send_text("not json".into()).await;
    let sending = tokio::spawn(world.hub.send(&world.one.router, Action::Probe, SOON));
    let id = link.command().await.id;
    let text = format!(
        "{{\"type\":\"outcome\",\"id\":\"{id}\",\"new\":1,\"outcome\":{{\"result\":\"done\",\"done\":{{\"kind\":\"released\",\"new\":2}}}}}}"
    );
    link.send_text(text).await;
    assert_eq!(sending.await.expect("task"), Ok(Outcome::done(Done::Released)));
}

#[tokio::test]
async fn an_oversized_frame_ends_the_link() {
    let world = World::start().await;
    let mut link = agent_of(&world, &world.one).await;
    link.send_text("x".repeat(pagos_protocol::FRAME_BYTES_MAX + 1)).await;
    link.ended().await;
    wait_until(|| !world.hub.connected(&world.one.router)).await;
}

#[tokio::test]
async fn the_first_message_must_be_a_hello() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    let mut link = dial(&world, Some(clone(&enrolled.credentials))).await.expect("link");
    link.send(&AgentMessage::Outcome { id: "c".into(), outcome: Outcome::done(Done::Reserved) }).await;
    link.ended().await;
    assert!(!world.hub.connected(&world.one.router));
}

#[tokio::test]
async fn a_box_that_says_nothing_is_let_go() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    let link = dial(&world, Some(clone(&enrolled.credentials))).await.expect("link");
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    link.ended().await;
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_link_on_which_nothing_is_heard_is_taken_for_dead() {
    let world = World::start().await;
    let link = agent_of(&world, &world.one).await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    link.ended().await;
    assert!((44..=46).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(!world.hub.connected(&world.one.router));
}

#[tokio::test]
async fn goodbye_says_when_to_come_back() {
    let world = World::start().await;
    let mut link = agent_of(&world, &world.one).await;
    let hub = world.hub.clone();
    let leaving = tokio::spawn(async move { hub.goodbye().await });
    match link.next().await {
        Some(ServerMessage::Goodbye(goodbye)) => assert!(goodbye.retry_after_ms >= 500),
        other => panic!("not a goodbye: {other:?}"),
    }
    link.ended().await;
    leaving.await.expect("task");
    assert_eq!(world.hub.agents(), 0);
}

#[tokio::test]
async fn after_goodbye_agents_are_asked_to_come_back_later() {
    let world = World::start().await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    world.hub.goodbye().await;
    let dialled = dial(&world, Some(clone(&enrolled.credentials))).await.map(drop);
    assert!(matches!(dialled, Err(Refused::Status(503, _))), "{dialled:?}");
}

async fn wait_until(done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("did not happen in time");
}
