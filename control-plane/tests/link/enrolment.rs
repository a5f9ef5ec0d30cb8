//! Tokens and certificate requests.

use pagos_control_plane::domain::id::SiteId;
use pagos_control_plane::link::{IssueError, issue_token};
use pagos_protocol::Secret;
use pagos_protocol::enrolment::Token;

use crate::a_box::{enroll, enroll_with, join, new_key, post};
use crate::world::World;

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn a_token_names_address_and_authority_and_makes_one_agent() {
    let world = World::start().await;
    let token = world.token(&world.one).await;
    assert_eq!(Token::decode(&token.encode()), Ok(token.clone()));
    assert_eq!(token.address, world.address);
    assert_eq!(token.authority_fingerprint, world.context.authority.fingerprint());
    let enrolled = enroll(&world, &token).await.expect("enrolled");
    assert_eq!(enrolled.site_id, world.one.id.as_str());
    assert_eq!(enroll(&world, &token).await.err().as_deref(), Some("token_used"));
    join(&world, &enrolled).await;
}

#[tokio::test]
async fn two_boxes_with_one_token_make_one_agent() {
    let world = World::start().await;
    let token = world.token(&world.one).await;
    let (a, b) = tokio::join!(enroll(&world, &token), enroll(&world, &token));
    let refusals: Vec<String> = [a.err(), b.err()].into_iter().flatten().collect();
    assert_eq!(refusals, ["token_used"]);
}

#[tokio::test]
async fn a_token_ends_after_fifteen_minutes() {
    let world = World::start().await;
    let (first, second) = (world.token(&world.one).await, world.token(&world.one).await);
    world.advance(14 * MINUTE_MS);
    enroll(&world, &first).await.expect("still good");
    world.advance(MINUTE_MS);
    assert_eq!(enroll(&world, &second).await.err().as_deref(), Some("token_expired"));
}

#[tokio::test]
async fn an_unknown_token_is_refused() {
    let world = World::start().await;
    let token = Token { secret: Secret::new("guess"), ..world.token(&world.one).await };
    assert_eq!(enroll(&world, &token).await.err().as_deref(), Some("token_unknown"));
}

#[tokio::test]
async fn a_bad_request_does_not_use_the_token_up() {
    let world = World::start().await;
    let token = world.token(&world.one).await;
    let (_, good) = new_key();
    let bad = good.replacen("MI", "AA", 1);
    let refused = enroll_with(&world, token.secret.expose(), &bad).await.err();
    assert_eq!(refused.as_deref(), Some("request_invalid"));
    enroll(&world, &token).await.expect("the token is still good");
}

#[tokio::test]
async fn malformed_and_oversized_bodies_are_refused() {
    let world = World::start().await;
    assert_eq!(post(&world, "{").await.0, 403);
    assert_eq!(post(&world, "{\"secret\":1}").await.0, 403);
    assert_eq!(post(&world, &"x".repeat(100_000)).await.0, 403);
}

#[tokio::test]
async fn a_company_gets_no_token_for_the_site_of_another() {
    let world = World::start().await;
    let context = &world.context;
    for site in [world.two.id.clone(), SiteId::new("nowhere")] {
        let issued = issue_token(
            &context.store,
            &context.clock,
            &context.random,
            &context.authority,
            &world.one.company,
            &site,
            &world.address,
        )
        .await;
        assert!(matches!(issued, Err(IssueError::UnknownSite(unknown)) if unknown == site));
    }
}
