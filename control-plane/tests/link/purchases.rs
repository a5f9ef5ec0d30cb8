//! Verdicts and the hand-over, answered from stored purchases.

use pagos_control_plane::domain::id::{ApiKeyId, PurchaseId};
use pagos_control_plane::domain::money::{Currency, Money};
use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::purchase::state::{
    Buyer, CardChoice, Device, DrawnUser, Phase, Product, Purchase, Terms, Undo, UserType,
};
use pagos_control_plane::store::{StoreError, purchases, unknown_reservations};
use pagos_protocol::{AgentMessage, Done, Missing, Outcome, Ruling, Settled};

use crate::a_box::{Link, clone, dial, enroll, join};
use crate::world::{Site, World, reservation};

fn purchase(site: &Site, number: usize, phase: Phase) -> Purchase {
    let terms = Terms {
        id: PurchaseId::new(reservation(number, 0).purchase.id),
        company: site.company.clone(),
        router: site.router.clone(),
        api_key: ApiKeyId::new("key_1"),
        created_at: Timestamp(1),
        product: Product {
            id: 1,
            name: "Una hora".into(),
            profile: "1 hora".into(),
            price: Money { minor: 1_000, currency: Currency::Mxn },
        },
        buyer: Buyer {
            name: "Ana".into(),
            email: "ana@example.com".into(),
            phone: Some("+525500000000".into()),
            phone_typed: None,
        },
        user_type: UserType::Password,
        device: Device::default(),
        gateway: GatewayName::Conekta,
        credentials_version: 1,
        live_only: false,
        idempotency_key: "key".into(),
        card: CardChoice::default(),
    };
    let user = DrawnUser { name: reservation(number, 0).name, password_sealed: String::new() };
    let mut purchase = Purchase::new(terms, user, String::new());
    purchase.phase = phase;
    purchase.command_version = 7;
    purchase
}

async fn plant(world: &World, purchase: &Purchase) {
    let row = purchases::Row {
        id: purchase.terms.id.as_str().into(),
        company_id: purchase.terms.company.as_str().into(),
        router_id: purchase.terms.router.as_str().into(),
        product_id: 1,
        buyer: "ana@example.com".into(),
        phase: purchase.phase.as_str().into(),
        version: 1,
        state: serde_json::to_string(purchase).expect("json"),
        runner: "test".into(),
        open: purchase.is_open(),
        undecided: purchase.is_undecided(),
        attention: purchase.needs_person(),
        slot: None,
        wake_at: 0,
        look_back_at: None,
        created_at: 1,
    };
    let work = world
        .context
        .store
        .write::<_, StoreError, _>(move |conn| Box::pin(async move { purchases::insert(conn, &row).await }));
    work.await.expect("planted");
}

async fn agent_of(world: &World, site: &Site) -> Link {
    let enrolled = enroll(world, &world.token(site).await).await.expect("enrolled");
    join(world, &enrolled).await.0
}

async fn unknown(world: &World, site: &Site) -> Vec<unknown_reservations::Row> {
    let mut reader = world.context.store.reader().await.expect("reader");
    unknown_reservations::of_router(&mut reader.conn(), &site.company, &site.router).await.expect("rows")
}

fn is_keep(ruling: Ruling) -> bool {
    matches!(ruling, Ruling::Keep { for_ms: 900_000 })
}

#[tokio::test]
async fn every_phase_has_its_verdict() {
    let world = World::of_purchases().await;
    let mut link = agent_of(&world, &world.one).await;
    for (number, phase) in Phase::ALL.into_iter().enumerate() {
        plant(&world, &purchase(&world.one, number, phase)).await;
    }
    let mut paid = purchase(&world.one, Phase::ALL.len(), Phase::Stuck);
    paid.paid_at = Some(Timestamp(5));
    plant(&world, &paid).await;
    let asked = (0..=Phase::ALL.len()).map(|number| reservation(number, 1)).collect();
    let verdicts = link.ask(world.one.router.as_str(), asked).await;
    assert!(verdicts.iter().all(|verdict| verdict.version == 7));
    let rulings: Vec<Ruling> = verdicts.iter().map(|verdict| verdict.verdict).collect();
    for (phase, ruling) in Phase::ALL.into_iter().zip(&rulings) {
        match phase {
            Phase::Paid | Phase::Completed => assert_eq!(*ruling, Ruling::Confirm, "{phase:?}"),
            Phase::Declined | Phase::RolledBack | Phase::Failed | Phase::Refunding | Phase::Reversed => {
                assert_eq!(*ruling, Ruling::Release, "{phase:?}");
            }
            _ => assert!(is_keep(*ruling), "{phase:?}"),
        }
    }
    assert_eq!(rulings[Phase::ALL.len()], Ruling::Confirm, "stuck after the payment");
    assert!(unknown(&world, &world.one).await.is_empty());
}

/// Without a journal a confirmed user is known by its profile, which only the command names.
#[tokio::test]
async fn a_user_that_may_be_confirmed_is_left_to_the_command_that_removes_it() {
    let world = World::of_purchases().await;
    let mut link = agent_of(&world, &world.one).await;
    for (number, phase) in [Phase::Refunding, Phase::Reversed].into_iter().enumerate() {
        let mut paid = purchase(&world.one, number, phase);
        paid.paid_at = Some(Timestamp(5));
        paid.undo = Some(Undo::Release);
        plant(&world, &paid).await;
        let mut gone = purchase(&world.one, number + 2, phase);
        gone.paid_at = Some(Timestamp(5));
        gone.remake = true;
        plant(&world, &gone).await;
    }
    let asked = (0..4).map(|number| reservation(number, 1)).collect();
    let verdicts = link.ask(world.one.router.as_str(), asked).await;
    let rulings: Vec<Ruling> = verdicts.iter().map(|verdict| verdict.verdict).collect();
    assert!(rulings[..2].iter().all(|ruling| is_keep(*ruling)), "{rulings:?}");
    assert_eq!(rulings[2..], [Ruling::Release, Ruling::Release]);
}

#[tokio::test]
async fn what_is_not_known_at_the_router_is_kept_and_noted() {
    let world = World::of_purchases().await;
    let mut link = agent_of(&world, &world.one).await;
    // Another company's, which would be released, and one of another router of the same company.
    plant(&world, &purchase(&world.two, 1, Phase::Failed)).await;
    let sibling = Site { router: world.add_router(&world.one).await, ..world.one.clone() };
    plant(&world, &purchase(&sibling, 2, Phase::Completed)).await;
    for _ in 0..2 {
        let asked = (1..=3).map(|number| reservation(number, 4)).collect();
        let verdicts = link.ask(world.one.router.as_str(), asked).await;
        assert_eq!(verdicts.len(), 3);
        assert!(verdicts.iter().all(|it| is_keep(it.verdict) && it.version == 4), "{verdicts:?}");
        world.advance(1_000);
    }
    let rows = unknown(&world, &world.one).await;
    let ids: Vec<&str> = rows.iter().map(|row| row.purchase_id.as_str()).collect();
    let expected = [1, 2, 3].map(|number| reservation(number, 0).purchase.id);
    assert_eq!(ids, expected);
    assert!(rows.iter().all(|row| row.last_seen_at == row.first_seen_at + 1_000));
    assert_eq!((rows[0].name.as_str(), rows[0].profile.as_str()), ("PT-00001", "1 hora"));
    assert!(unknown(&world, &world.two).await.is_empty());
}

#[tokio::test]
async fn made_up_reservations_fill_nothing() {
    let world = World::of_purchases().await;
    let mut link = agent_of(&world, &world.one).await;
    let mut strange = reservation(1, u64::MAX);
    strange.purchase.id = "x".repeat(51);
    let mut with_nul = reservation(2, 1);
    with_nul.name = "a\0b".into();
    with_nul.profile = "p".repeat(1_000);
    let verdicts = link.ask(world.one.router.as_str(), vec![strange, with_nul]).await;
    assert!(verdicts.iter().all(|it| is_keep(it.verdict)));
    let rows = unknown(&world, &world.one).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].name.as_str(), rows[0].profile.len()), ("ab", 128));
    for page in 0..11 {
        let asked = (0..100).map(|number| reservation(1_000 + page * 100 + number, 1)).collect();
        link.ask(world.one.router.as_str(), asked).await;
    }
    assert_eq!(unknown(&world, &world.one).await.len(), 1_000);
}

#[tokio::test]
async fn reports_about_purchases_of_others_change_nothing() {
    let world = World::of_purchases().await;
    let mut link = agent_of(&world, &world.one).await;
    plant(&world, &purchase(&world.two, 1, Phase::Paid)).await;
    let router_id = world.one.router.as_str().to_owned();
    let foreign = reservation(1, 7).purchase;
    let purchase_ids = vec![foreign.id.clone(), "x".repeat(1_000), "a\0b".into(), String::new()];
    link.send(&AgentMessage::Missing(Missing { router_id: router_id.clone(), purchase_ids })).await;
    let outcome = Outcome::done(Done::Confirmed);
    link.send(&AgentMessage::Settled(Settled { router_id: router_id.clone(), purchase: foreign, outcome }))
        .await;
    // The desk serves on.
    assert!(link.ask(&router_id, Vec::new()).await.is_empty());
}

#[tokio::test]
async fn an_empty_journal_is_told_what_may_stand() {
    let world = World::of_purchases().await;
    for (number, phase) in Phase::ALL.into_iter().enumerate() {
        plant(&world, &purchase(&world.one, number, phase)).await;
    }
    for number in 100..340 {
        plant(&world, &purchase(&world.one, number, Phase::Reserved)).await;
    }
    plant(&world, &purchase(&world.two, 400, Phase::Reserved)).await;
    let enrolled = enroll(&world, &world.token(&world.one).await).await.expect("enrolled");
    let mut link = dial(&world, Some(clone(&enrolled.credentials))).await.expect("link");
    link.hello(Vec::new()).await;
    assert!(link.welcome().await.hand_over);
    let told: Vec<_> = link.handed_over().await.into_iter().flat_map(|page| page.reservations).collect();
    // A refund that is not under way waits for a person.
    let at_rest = [Phase::Refunding, Phase::Completed, Phase::RolledBack, Phase::Failed, Phase::Reversed];
    let open = Phase::ALL.into_iter().enumerate().filter(|(_, phase)| !at_rest.contains(phase));
    let expected: Vec<_> =
        open.map(|(number, _)| number).chain(100..340).map(|number| reservation(number, 7)).collect();
    assert_eq!(told, expected);
}
