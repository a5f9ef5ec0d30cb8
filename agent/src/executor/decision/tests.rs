use super::*;

const ALL_ASKED: [Asked; 5] = [
    Asked::Decision(Kind::Reserve),
    Asked::Decision(Kind::Confirm),
    Asked::Decision(Kind::Release),
    Asked::Decision(Kind::Revoke),
    Asked::Login,
];

/// Every kind of end a command can have; `None` is one that never ended.
fn ends() -> [Option<Outcome>; 6] {
    [
        None,
        Some(Outcome::done(Done::Reserved)),
        Some(Outcome::refused(Code::RouterUnreachable, "")),
        Some(Outcome::refused(Code::UserGone, "")),
        Some(Outcome::failed(Code::DeadlinePassed, "")),
        Some(Outcome::failed(Code::ProfileNotFound, "")),
    ]
}

fn entry_with(asked: Asked, version: u64, outcome: Option<Outcome>) -> Entry {
    let mut entry = Entry::new("TRX_1", "RTR_1", "PT-00001", 0);
    let slot = Slot { version, outcome };
    match asked {
        Asked::Decision(kind) => entry.decision = Some((kind, slot)),
        Asked::Login => entry.login = Some(slot),
    }
    entry
}

#[test]
fn unknown_purchase_is_always_run() {
    for asked in ALL_ASKED {
        assert_eq!(decide(None, asked, 1, 0), Verdict::Run(Before::Unknown));
    }
}

/// The whole table: what is known, how it ended, what is asked, and which version of the two is newer.
#[test]
fn every_pair_of_commands_is_judged() {
    for known in ALL_ASKED {
        for end in ends() {
            let entry = entry_with(known, 5, end.clone());
            for asked in ALL_ASKED {
                for (version, now_ms) in [(4, 0), (5, 0), (6, 0), (4, LATER), (5, LATER), (6, LATER)] {
                    let verdict = decide(Some(&entry), asked, version, now_ms);
                    check(known, end.as_ref(), asked, version, now_ms < LATER, &verdict);
                }
            }
        }
    }
}

/// When no delivery can still be on its way.
const LATER: i64 = REFUSAL_KEPT_MS;

fn check(known: Asked, end: Option<&Outcome>, asked: Asked, version: u64, recent: bool, verdict: &Verdict) {
    let what = format!("recent {recent}, known {known:?} 5 {end:?}, asked {asked:?} {version}: {verdict:?}");
    let confirm_beside_login = known == Asked::Login && asked == Asked::Decision(Kind::Confirm);
    let older = version < 5 && !confirm_beside_login;
    let same_and_backwards = version == 5
        && match (known, asked) {
            (
                Asked::Decision(Kind::Release),
                Asked::Decision(Kind::Reserve | Kind::Confirm | Kind::Revoke) | Asked::Login,
            )
            | (
                Asked::Decision(Kind::Revoke),
                Asked::Decision(Kind::Reserve | Kind::Confirm) | Asked::Login,
            )
            | (Asked::Decision(Kind::Confirm), Asked::Decision(Kind::Reserve)) => true,
            (Asked::Decision(_) | Asked::Login, Asked::Decision(_) | Asked::Login) => false,
        };
    if older || same_and_backwards {
        assert_eq!(*verdict, Verdict::Stale, "{what}");
    } else if version == 5 && known == asked {
        match end {
            Some(outcome) if is_final(asked, outcome, recent) => {
                assert_eq!(*verdict, Verdict::Replay(outcome.clone()), "{what}");
            }
            Some(Outcome::Refused { .. }) if asked == Asked::Decision(Kind::Reserve) => {
                assert_eq!(*verdict, Verdict::Run(Before::Nothing), "{what}");
            }
            Some(_) | None => assert_eq!(*verdict, Verdict::Run(Before::Resumed), "{what}"),
        }
    } else {
        assert!(matches!(verdict, Verdict::Run(_)), "{what}");
    }
}

#[test]
fn what_is_done_stays_done_and_refusals_are_kept_for_a_while() {
    let away = Outcome::refused(Code::RouterUnreachable, "");
    let gone = Outcome::refused(Code::UserGone, "");
    for asked in ALL_ASKED {
        assert_eq!(is_final(asked, &away, true), asked == Asked::Decision(Kind::Reserve));
        assert!(is_final(asked, &gone, true));
        assert!(!is_final(asked, &away, false) && !is_final(asked, &gone, false));
        assert!(!is_final(asked, &Outcome::failed(Code::DeadlinePassed, ""), true));
        for recent in [true, false] {
            assert!(is_final(asked, &Outcome::done(Done::Confirmed), recent));
        }
    }
}

#[test]
fn newer_command_learns_what_the_older_left_behind() {
    let reserve = Asked::Decision(Kind::Reserve);
    let release = Asked::Decision(Kind::Release);
    for (known, end, asked, before) in [
        (reserve, Some(Outcome::refused(Code::NameTaken, "")), release, Before::Nothing),
        (reserve, None, release, Before::Something),
        (reserve, Some(Outcome::done(Done::Reserved)), release, Before::Something),
        (reserve, Some(Outcome::failed(Code::DeadlinePassed, "")), reserve, Before::Something),
        (release, Some(Outcome::done(Done::Released)), reserve, Before::Nothing),
        (release, None, reserve, Before::Something),
        (Asked::Decision(Kind::Confirm), Some(Outcome::done(Done::Confirmed)), reserve, Before::Something),
    ] {
        let entry = entry_with(known, 1, end);
        assert_eq!(decide(Some(&entry), asked, 2, 0), Verdict::Run(before));
    }
}

fn asking(asked: Asked, version: u64, name: &str) -> Asking {
    Asking { purchase_id: "TRX_1".into(), version, asked, name: name.into(), profile: Some("1h".into()) }
}

#[test]
fn entry_keeps_its_row_until_another_name_is_drawn() {
    let reserve = asking(Asked::Decision(Kind::Reserve), 1, "PT-1");
    let entry = reserve.taken_up(None, "RTR_1", 10);
    let outcome = Outcome::done(Done::Reserved);
    let entry = reserve.ended(Some(entry), &outcome, Row::At("*1".into()), 20).expect("entry");
    assert_eq!((entry.row_id.as_deref(), entry.finished_at), (Some("*1"), None));

    let confirm = asking(Asked::Decision(Kind::Confirm), 2, "PT-1");
    let entry = confirm.taken_up(Some(entry), "RTR_1", 30);
    assert_eq!(entry.row_id.as_deref(), Some("*1"));
    let other = asking(Asked::Decision(Kind::Reserve), 3, "PT-2").taken_up(Some(entry), "RTR_1", 40);
    assert_eq!((other.row_id, other.name.as_str()), (None, "PT-2"));
}

#[test]
fn end_of_an_older_command_changes_nothing() {
    let old = asking(Asked::Decision(Kind::Reserve), 1, "PT-1");
    let entry = asking(Asked::Decision(Kind::Release), 2, "PT-1").taken_up(None, "RTR_1", 10);
    assert_eq!(old.ended(Some(entry.clone()), &Outcome::done(Done::Reserved), Row::Same, 20), None);
    let newer = asking(Asked::Decision(Kind::Release), 3, "PT-1");
    assert_eq!(newer.ended(Some(entry), &Outcome::done(Done::Released), Row::Same, 20), None);
}

#[test]
fn purchase_is_at_rest_when_nothing_is_left_to_do() {
    for (asked, outcome, at_rest) in [
        (Asked::Decision(Kind::Reserve), Outcome::done(Done::Reserved), false),
        (Asked::Decision(Kind::Reserve), Outcome::refused(Code::NameTaken, ""), true),
        (Asked::Decision(Kind::Reserve), Outcome::failed(Code::DeadlinePassed, ""), false),
        (Asked::Decision(Kind::Confirm), Outcome::done(Done::Confirmed), true),
        (Asked::Decision(Kind::Confirm), Outcome::refused(Code::UserGone, ""), true),
        (Asked::Decision(Kind::Confirm), Outcome::refused(Code::RouterUnreachable, ""), false),
        (Asked::Decision(Kind::Revoke), Outcome::done(Done::Revoked), true),
        (Asked::Decision(Kind::Revoke), Outcome::failed(Code::DeadlinePassed, ""), false),
        (Asked::Decision(Kind::Release), Outcome::done(Done::Released), true),
        (Asked::Decision(Kind::Release), Outcome::refused(Code::RouterUnreachable, ""), false),
        (Asked::Login, Outcome::refused(Code::DeviceNotSeen, ""), true),
    ] {
        let asking = asking(asked, 1, "PT-1");
        let entry = asking.taken_up(None, "RTR_1", 10);
        let entry = asking.ended(Some(entry), &outcome, Row::Same, 20).expect("entry");
        assert_eq!(entry.finished_at, at_rest.then_some(20), "{asked:?} {outcome:?}");
    }
}
