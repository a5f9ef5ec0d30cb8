//! What becomes of reservations: verdicts, the hand-over to an empty journal, and what was cut off.

use std::time::{Duration, Instant};

use pagos_agent::routeros::Request;
use pagos_protocol::{Code, Done, HandOver, Reservation, Ruling, Settled, Verdict, command::PurchaseRef};
use pagos_simulator::fault::FaultKind;

use crate::site::*;

fn verdict(version: u64, verdict: Ruling) -> Verdict {
    Verdict { purchase_id: "TRX_1".into(), version, verdict }
}

/// Ids of the purchases to ask about.
async fn asked(executor: &pagos_agent::executor::Executor, due_only: bool) -> Vec<String> {
    let asked = executor.to_ask(ROUTER, "", due_only).await.expect("journal");
    asked.into_iter().map(|reservation| reservation.purchase.id).collect()
}

#[tokio::test]
async fn reservation_stands_until_there_is_a_verdict() {
    let mut site = Site::new().await;
    site.executor.agree(Some(50), false);
    site.run(reserve(1)).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    let reservation = Reservation { purchase: purchase(1), name: "PT-A1B2C".into(), profile: PROFILE.into() };
    assert_eq!(site.executor.to_ask(ROUTER, "", true).await.expect("journal"), [reservation]);
    assert_eq!(site.executor.judge(ROUTER, verdict(1, Ruling::Keep { for_ms: 60_000 })).await, None);
    assert!(asked(&site.executor, true).await.is_empty());
    assert!(site.executor.ask_in_ms().await.expect("journal").is_some_and(|ms| ms > 50_000));
    site.restart().await;
    assert_eq!(asked(&site.executor, false).await, ["TRX_1"], "asked about with each new link");
    assert!(site.user("PT-A1B2C").is_some());
}

#[tokio::test]
async fn verdicts_are_carried_out_and_reported() {
    for (ruling, ended) in [(Ruling::Confirm, Done::Confirmed), (Ruling::Release, Done::Released)] {
        let site = Site::new().await;
        site.run(reserve_pin(1)).await;
        let settled =
            Settled { router_id: ROUTER.into(), purchase: purchase(2), outcome: done(ended.clone()) };
        assert_eq!(site.executor.judge(ROUTER, verdict(2, ruling)).await, Some(settled));
        match site.user("PT-A1B2C") {
            Some(user) => assert_eq!((ended, user["disabled"].as_str()), (Done::Confirmed, "false")),
            None => assert_eq!(ended, Done::Released),
        }
        assert!(asked(&site.executor, false).await.is_empty());
        // Another answer to the same question finds nothing to do.
        assert_eq!(site.executor.judge(ROUTER, verdict(2, ruling)).await, None);
    }
}

#[tokio::test]
async fn verdicts_that_are_old_or_of_others_change_nothing() {
    let site = Site::new().await;
    site.run(reserve(3)).await;
    let stale = site.executor.judge(ROUTER, verdict(2, Ruling::Release)).await.expect("reported");
    assert_eq!(refused(&stale.outcome), Code::Stale);
    assert_eq!(site.executor.judge("RTR_2", verdict(9, Ruling::Release)).await, None);
    let unknown = Verdict { purchase_id: "TRX_9".into(), ..verdict(9, Ruling::Release) };
    assert_eq!(site.executor.judge(ROUTER, unknown).await, None);
    assert_eq!(site.executor.judge(ROUTER, verdict(9, Ruling::Unknown)).await, None);
    assert!(site.user("PT-A1B2C").is_some());
    assert_eq!(asked(&site.executor, false).await, ["TRX_1"]);
    assert!(asked(&site.executor, true).await.is_empty(), "it is not asked again at once");
}

#[tokio::test]
async fn verdict_that_could_not_be_carried_out_is_asked_for_again() {
    let site = Site::new().await;
    site.run(reserve(1)).await;
    site.fault(FaultKind::Away, None, None);
    assert_eq!(site.executor.judge(ROUTER, verdict(2, Ruling::Release)).await, None);
    assert_eq!(asked(&site.executor, false).await, ["TRX_1"]);
    assert!(asked(&site.executor, true).await.is_empty());
    site.mend();
    assert!(site.executor.judge(ROUTER, verdict(2, Ruling::Release)).await.is_some());
    assert!(site.user("PT-A1B2C").is_none());
}

#[tokio::test]
async fn kill_in_the_middle_of_a_verdict_leads_to_the_question_again() {
    // Each is asked for after the one before has taken effect.
    for word in [
        "/ip/hotspot/user/print",
        "/ip/hotspot/user/set",
        "/ip/hotspot/active/print",
        "/ip/hotspot/user/remove",
    ] {
        let site = Site::new().await;
        site.run(reserve(1)).await;
        site.fault(FaultKind::Hang, Some(word), Some(1));
        let cut_off = site.run_until(release(2), word).await;
        let killed = site.killed();
        assert_eq!(asked(&killed, false).await, ["TRX_1"], "{word}");
        let settled = killed.judge(ROUTER, verdict(2, Ruling::Release)).await.expect("settled");
        assert_eq!(settled.outcome, done(Done::Released), "{word}");
        assert!(site.user("PT-A1B2C").is_none(), "{word}");
        assert!(asked(&killed, false).await.is_empty());
        cut_off.abort();
    }
}

#[tokio::test]
async fn user_that_appears_after_the_agent_was_killed_is_removed() {
    let site = Site::new().await;
    let hang = site.fault(FaultKind::Hang, Some("/ip/hotspot/user/add"), None);
    let running = site.run_until(reserve(1), "/ip/hotspot/user/add").await;
    let killed = site.killed();
    // The router carries out what was on the wire only after the first look.
    let (released, ()) = tokio::join!(killed.judge(ROUTER, verdict(2, Ruling::Release)), async {
        tokio::time::sleep(Duration::from_millis(800)).await;
        let late = Request::new("/ip/hotspot/user/add")
            .attribute("name", "PT-A1B2C")
            .attribute("profile", PROFILE)
            .attribute("comment", "pagos:TRX_1");
        site.simulator.control().faults.delete(Some(hang));
        running.abort();
        site.executor.close().await;
        if site.user("PT-A1B2C").is_none() {
            site.operator(late).await;
        }
    });
    assert_eq!(released.expect("settled").outcome, done(Done::Released));
    assert!(site.user("PT-A1B2C").is_none());
    // It is looked at twice once only.
    let began = Instant::now();
    let again = pagos_protocol::Command {
        id: "c".into(),
        router_id: ROUTER.into(),
        deadline_ms: DEADLINE_MS,
        action: release(3),
    };
    assert_eq!(killed.execute(again).await, done(Done::Released));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn release_that_has_no_time_to_look_twice_is_not_done() {
    let site = Site::new().await;
    site.fault(FaultKind::Hang, Some("/ip/hotspot/user/add"), None);
    let running = site.run_until(reserve(1), "/ip/hotspot/user/add").await;
    let killed = site.killed();
    running.abort();
    let command = |deadline_ms| pagos_protocol::Command {
        id: "c".into(),
        router_id: ROUTER.into(),
        deadline_ms,
        action: release(2),
    };
    assert_eq!(failed(&killed.execute(command(1_500)).await), Code::DeadlinePassed);
    site.mend();
    assert_eq!(killed.execute(command(DEADLINE_MS)).await, done(Done::Released));
}

fn page(numbers: std::ops::Range<usize>, last: bool) -> HandOver {
    let reservation = |number: usize| Reservation {
        purchase: PurchaseRef { id: format!("TRX_{number:05}"), version: 4 },
        name: format!("PT-{number:05}"),
        profile: PROFILE.into(),
    };
    HandOver { router_id: ROUTER.into(), reservations: numbers.map(reservation).collect(), last }
}

#[tokio::test]
async fn no_new_reservation_before_all_open_ones_are_known() {
    let mut site = Site::new().await;
    site.run(reserve(1)).await;
    site.lose_journal().await;
    site.executor.agree(None, true);
    let commands = site.commands();
    let new = pagos_protocol::command::Reserve {
        purchase: PurchaseRef { id: "TRX_2".into(), version: 1 },
        name: "PT-NEW".into(),
        ..reservation(1)
    };
    let new = pagos_protocol::Action::Reserve(new);
    assert_eq!(refused(&site.run(new.clone()).await), Code::Busy);
    assert_eq!(site.commands(), commands);
    // What has been sold is served all the same.
    assert_eq!(site.run(confirm(2)).await, done(Done::Confirmed));
    for first in [0, 100, 200] {
        let all = site.executor.hand_over(page(first..(first + 100).min(250), false)).await;
        assert!(!all.expect("journal"));
        assert_eq!(refused(&site.run(new.clone()).await), Code::Busy);
    }
    assert!(site.executor.hand_over(page(0..0, true)).await.expect("journal"));
    let mut newer = new;
    if let pagos_protocol::Action::Reserve(reserve) = &mut newer {
        reserve.purchase.version = 2;
    }
    assert_eq!(site.run(newer).await, done(Done::Reserved));
    let mut handed: Vec<String> = Vec::new();
    loop {
        let after = handed.last().cloned().unwrap_or_default();
        let page = site.executor.to_ask(ROUTER, &after, false).await.expect("journal");
        assert!(page.len() <= 100);
        if page.is_empty() {
            break;
        }
        handed.extend(page.into_iter().map(|reservation| reservation.purchase.id));
    }
    assert_eq!(handed.len(), 251, "those handed over, and the new one");
}

#[tokio::test]
async fn handed_over_reservations_end_like_any_other() {
    let mut site = Site::new().await;
    site.run(reserve_pin(1)).await;
    site.lose_journal().await;
    site.executor.agree(None, true);
    let reservation = Reservation { purchase: purchase(1), name: "PT-A1B2C".into(), profile: PROFILE.into() };
    let page = HandOver { router_id: ROUTER.into(), reservations: vec![reservation], last: true };
    site.executor.hand_over(page.clone()).await.expect("journal");
    site.executor.judge(ROUTER, verdict(2, Ruling::Confirm)).await.expect("settled");
    assert_eq!(site.user("PT-A1B2C").expect("user")["disabled"], "false");
    // The hand-over is repeated when its end got lost; it takes nothing back.
    site.executor.hand_over(page).await.expect("journal");
    assert!(asked(&site.executor, false).await.is_empty());
    assert_eq!(refused(&site.run(reserve(1)).await), Code::Stale);
}
