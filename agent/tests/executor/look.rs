use pagos_protocol::{Action, Code, Command, Done, Outcome, Secret};

use crate::site::*;

#[tokio::test]
async fn router_says_who_it_is() {
    for version in VERSIONS {
        let site = Site::of(version).await;
        let outcome = site.run(Action::Probe).await;
        let Outcome::Done { done: Done::Probed { identity, version: found, profiles } } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(identity, "r1");
        assert!(found.starts_with(version), "{found}");
        assert_eq!(profiles as usize, site.rows("profiles").len());
    }
}

#[tokio::test]
async fn profiles_are_listed() {
    let site = Site::new().await;
    let outcome = site.run(Action::ListProfiles).await;
    let Outcome::Done { done: Done::Profiles { profiles } } = outcome else { panic!("{outcome:?}") };
    assert!(profiles.iter().any(|profile| profile.name == PROFILE && !profile.id.is_empty()));
}

#[tokio::test]
async fn user_is_described_by_exact_name() {
    let site = Site::new().await;
    site.run(reserve_pin(1)).await;
    let describe = |name: &str| Action::DescribeUser { name: name.into() };
    let outcome = site.run(describe("PT-A1B2C")).await;
    let Outcome::Done { done: Done::User { user: Some(user) } } = outcome else { panic!("{outcome:?}") };
    assert_eq!((user.name.as_str(), user.profile.as_str(), user.disabled), ("PT-A1B2C", PROFILE, true));
    assert_eq!(user.comment, "pagos:TRX_1");
    for absent in ["PT-A1B2", "pt-a1b2c", ""] {
        assert_eq!(site.run(describe(absent)).await, done(Done::User { user: None }), "{absent:?}");
    }
}

#[tokio::test]
async fn wrong_login_of_the_agent_is_its_own_code() {
    let site = Site::new().await;
    let mut settings = site.settings(ROUTER, 0, 2);
    settings.password = Secret::new("falsch");
    assert_eq!(site.run(Action::SetRouter(settings)).await, done(Done::RouterSet));
    assert_eq!(refused(&site.run(Action::Probe).await), Code::RouterLoginFailed);
    assert_eq!(refused(&site.run(reserve(1)).await), Code::RouterLoginFailed);
    // Newer settings are used at once, whatever came before.
    let settings = site.settings(ROUTER, 0, 3);
    assert_eq!(site.run(Action::SetRouter(settings.clone())).await, done(Done::RouterSet));
    assert_eq!(site.run(reserve(2)).await, done(Done::Reserved));
    let older = pagos_protocol::RouterSettings { version: 2, ..settings };
    assert_eq!(refused(&site.run(Action::SetRouter(older)).await), Code::Stale);
}

#[tokio::test]
async fn tls_router_is_refused_in_clear_words() {
    let site = Site::new().await;
    let settings = pagos_protocol::RouterSettings { port: 8729, ..site.settings(ROUTER, 0, 2) };
    site.run(Action::SetRouter(settings)).await;
    let outcome = site.run(Action::Probe).await;
    assert_eq!(refused(&outcome), Code::RouterError);
    assert!(format!("{outcome:?}").contains("TLS"));
}

#[tokio::test]
async fn unknown_router_and_action_are_refused() {
    let site = Site::new().await;
    let command = |router: &str, action| Command {
        id: "c".into(),
        router_id: router.into(),
        deadline_ms: DEADLINE_MS,
        action,
    };
    let executor = &site.executor;
    assert_eq!(refused(&executor.execute(command("RTR_9", Action::Probe)).await), Code::UnknownRouter);
    assert_eq!(refused(&executor.execute(command("RTR_9", reserve(1))).await), Code::UnknownRouter);
    assert_eq!(refused(&executor.execute(command(ROUTER, Action::Unknown)).await), Code::Unsupported);
}

#[tokio::test]
async fn welcome_drops_other_routers_and_survives_a_restart() {
    let mut site = Site::new().await;
    let second = site.settings("RTR_2", 1, 7);
    let both = ["RTR_1".to_owned(), "RTR_2".to_owned()];
    let foreign = site.settings("RTR_3", 1, 1);
    site.executor.welcome(&both, vec![second, foreign]).await.expect("welcome");
    site.restart().await;
    let known = site.executor.known_routers().await;
    let known: Vec<_> =
        known.iter().map(|known| (known.router_id.as_str(), known.settings_version)).collect();
    assert_eq!(known, [("RTR_1", 1), ("RTR_2", 7)]);
    site.executor.welcome(&both[1..], vec![]).await.expect("welcome");
    assert_eq!(refused(&site.run(Action::Probe).await), Code::UnknownRouter);
    site.restart().await;
    assert_eq!(site.executor.known_routers().await.len(), 1);
}
