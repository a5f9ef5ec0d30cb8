//! Questions about reservations over the link, against a simulated router.

use std::time::Duration;

use pagos_agent::executor::Executor;
use pagos_agent::journal::Journal;
use pagos_agent::supervisor::run;
use pagos_protocol::command::{Confirm, PurchaseRef, Reserve};
use pagos_protocol::{
    Action, AgentMessage, Code, Command, Done, HandOver, Missing, Outcome, Reservation, RouterSettings,
    Ruling, Secret, ServerMessage, Settled, Verdict, Verdicts, Welcome,
};
use pagos_simulator::{Config, RouterConfig, Simulator};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cloud::{Cloud, Peer, ROUTER};

struct Site {
    cloud: Cloud,
    simulator: Simulator,
    dir: tempfile::TempDir,
    /// Only when the agent runs.
    agent: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

fn purchase(version: u64) -> PurchaseRef {
    PurchaseRef { id: "TRX_1".into(), version }
}

fn reservation() -> Reservation {
    Reservation { purchase: purchase(1), name: "PT-A1B2C".into(), profile: "default".into() }
}

fn reserve(purchase: PurchaseRef, name: &str) -> Action {
    Action::Reserve(Reserve {
        purchase,
        name: name.into(),
        password: Secret::new("0417"),
        profile: "default".into(),
        enabled: true,
    })
}

impl Site {
    async fn new() -> Self {
        let cloud = Cloud::start().await;
        let config = Config { routers: vec![RouterConfig::named("r1")], ..Config::default() };
        let simulator = Simulator::start(config).await.expect("simulator");
        let dir = tempfile::tempdir().expect("directory");
        let token = cloud.token().encode();
        let (enrolled, ()) =
            tokio::join!(pagos_agent::enrolment::enroll(dir.path(), &token), cloud.enroll("agent-1"));
        enrolled.expect("enrolled");
        Self { cloud, simulator, dir, agent: None }
    }

    fn executor(&self) -> Executor {
        Executor::open(Journal::open(&self.dir.path().join("journal.db")).expect("journal"))
            .expect("executor")
    }

    fn settings(&self) -> RouterSettings {
        let address = &self.simulator.ready().routers[0];
        RouterSettings {
            router_id: ROUTER.into(),
            version: 1,
            host: address.host.clone(),
            port: address.port,
            username: address.username.clone(),
            password: Secret::new(address.password.clone()),
        }
    }

    /// What the agent did before it was started.
    async fn before(&self, actions: Vec<Action>) {
        let executor = self.executor();
        executor.welcome(&[ROUTER.to_owned()], vec![self.settings()]).await.expect("welcome");
        for action in actions {
            let command = Command { id: "c".into(), router_id: ROUTER.into(), deadline_ms: 10_000, action };
            assert!(matches!(executor.execute(command).await, Outcome::Done { .. }));
        }
        executor.close().await;
    }

    async fn start(&mut self) {
        let (stop, stopping) = watch::channel(false);
        let running = run(self.dir.path().to_owned(), self.executor(), stopping);
        let task = tokio::spawn(async move { running.await.expect("ended well") });
        self.agent = Some((stop, task));
    }

    async fn stop(mut self) {
        let (stop, task) = self.agent.take().expect("running");
        stop.send(true).expect("running");
        task.await.expect("task");
    }

    /// Takes a link and welcomes it.
    async fn welcome(&self, lease_ms: Option<u64>, hand_over: bool) -> Peer {
        let (mut peer, _) = self.cloud.link().await;
        let welcome = Welcome {
            version: 1,
            router_ids: vec![ROUTER.into()],
            routers: vec![self.settings()],
            reserve_lease_ms: lease_ms,
            hand_over,
        };
        peer.send(&ServerMessage::Welcome(welcome)).await;
        peer
    }

    fn has_user(&self, name: &str) -> bool {
        let snapshot = self.simulator.control().routers[0].snapshot();
        let (_, users) = snapshot.menus.into_iter().find(|(menu, _)| *menu == "users").expect("menu");
        users
            .into_iter()
            .any(|row| row.into_iter().any(|(key, value)| key == "name" && value == name.as_bytes()))
    }
}

async fn asked(peer: &mut Peer) -> Vec<Reservation> {
    match peer.next().await {
        Some(AgentMessage::VerdictsWanted(question)) => {
            assert_eq!(question.router_id, ROUTER);
            question.reservations
        }
        other => panic!("not a question: {other:?}"),
    }
}

async fn answer(peer: &mut Peer, version: u64, verdict: Ruling) {
    let verdicts = vec![Verdict { purchase_id: "TRX_1".into(), version, verdict }];
    peer.send(&ServerMessage::Verdicts(Verdicts { router_id: ROUTER.into(), verdicts })).await;
}

#[tokio::test]
async fn each_new_link_brings_the_question_and_a_verdict_ends_it() {
    let mut site = Site::new().await;
    site.before(vec![reserve(purchase(1), "PT-A1B2C")]).await;
    site.start().await;
    let mut peer = site.welcome(None, false).await;
    assert_eq!(asked(&mut peer).await, [reservation()]);
    // Cut before the answer.
    drop(peer);
    let mut peer = site.welcome(None, false).await;
    assert_eq!(asked(&mut peer).await, [reservation()]);
    assert!(site.has_user("PT-A1B2C"));
    answer(&mut peer, 2, Ruling::Release).await;
    let settled =
        Settled { router_id: ROUTER.into(), purchase: purchase(2), outcome: Outcome::done(Done::Released) };
    assert_eq!(peer.next().await, Some(AgentMessage::Settled(settled)));
    assert!(!site.has_user("PT-A1B2C"));
    site.stop().await;
}

#[tokio::test]
async fn the_end_of_a_lease_brings_the_question_and_keep_puts_it_off() {
    let mut site = Site::new().await;
    site.start().await;
    let mut peer = site.welcome(Some(1_500), false).await;
    peer.command("c1", reserve(purchase(1), "PT-A1B2C"), 10_000).await;
    let (_, outcome) = peer.outcome().await;
    assert_eq!(outcome, Outcome::done(Done::Reserved));
    let began = std::time::Instant::now();
    assert_eq!(asked(&mut peer).await, [reservation()]);
    // The first question may fall before the end of the lease, since the link is new.
    answer(&mut peer, 1, Ruling::Keep { for_ms: 1_200 }).await;
    let kept = std::time::Instant::now();
    assert_eq!(asked(&mut peer).await, [reservation()]);
    assert!(kept.elapsed() >= Duration::from_millis(1_000), "{:?} {:?}", began.elapsed(), kept.elapsed());
    assert!(site.has_user("PT-A1B2C"));
    answer(&mut peer, 2, Ruling::Confirm).await;
    assert!(matches!(peer.next().await, Some(AgentMessage::Settled(_))));
    assert!(site.has_user("PT-A1B2C"));
    site.stop().await;
}

#[tokio::test]
async fn an_empty_journal_takes_no_reservation_before_it_was_told_all() {
    let mut site = Site::new().await;
    site.start().await;
    let mut peer = site.welcome(None, true).await;
    let new = || PurchaseRef { id: "TRX_2".into(), version: 1 };
    peer.command("c1", reserve(new(), "PT-NEW"), 10_000).await;
    let (_, outcome) = peer.outcome().await;
    assert!(matches!(outcome, Outcome::Refused { code: Code::Busy, .. }), "{outcome:?}");
    // Cut in the middle of the hand-over.
    let page = |last| HandOver { router_id: ROUTER.into(), reservations: vec![reservation()], last };
    peer.send(&ServerMessage::HandOver(page(false))).await;
    drop(peer);
    let (mut peer, hello) = site.cloud.link().await;
    let welcome =
        Welcome { version: 1, router_ids: vec![ROUTER.into()], hand_over: true, ..Welcome::default() };
    peer.send(&ServerMessage::Welcome(welcome)).await;
    peer.send(&ServerMessage::HandOver(page(false))).await;
    peer.send(&ServerMessage::HandOver(page(true))).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match peer.next().await {
            Some(AgentMessage::HandOverDone { journal_id }) => {
                assert_eq!(journal_id, hello.journal_id);
                seen.push("done");
            }
            Some(AgentMessage::VerdictsWanted(question)) => {
                assert_eq!(question.reservations, [reservation()]);
                seen.push("asked");
                answer(&mut peer, 1, Ruling::Keep { for_ms: 60_000 }).await;
            }
            other => panic!("{other:?}"),
        }
    }
    let next = PurchaseRef { version: 2, ..new() };
    peer.command("c2", reserve(next, "PT-NEW"), 10_000).await;
    let (_, outcome) = peer.outcome().await;
    assert_eq!(outcome, Outcome::done(Done::Reserved));
    site.stop().await;
}

#[tokio::test]
async fn missing_users_are_told_with_each_new_link() {
    let mut site = Site::new().await;
    let confirm = Action::Confirm(Confirm {
        purchase: purchase(2),
        name: "PT-A1B2C".into(),
        profile: "default".into(),
    });
    site.before(vec![reserve(purchase(1), "PT-A1B2C"), confirm]).await;
    let file = rusqlite::Connection::open(site.dir.path().join("journal.db")).expect("journal");
    file.execute("UPDATE purchase SET missing = TRUE", []).expect("update");
    drop(file);
    site.start().await;
    for _ in 0..2 {
        let mut peer = site.welcome(None, false).await;
        let missing = Missing { router_id: ROUTER.into(), purchase_ids: vec!["TRX_1".into()] };
        assert_eq!(peer.next().await, Some(AgentMessage::Missing(missing)));
    }
    site.stop().await;
}
