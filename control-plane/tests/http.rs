//! The public interface over real sockets and a real database (PostgreSQL when `PAGOS_TEST_POSTGRES_URL` names a server).

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "stands for the world outside")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

#[allow(dead_code, reason = "shared with the tests of the link")]
#[path = "link/box.rs"]
mod a_box;
#[path = "http/books.rs"]
mod books;
#[path = "http/company.rs"]
mod company;
#[path = "http/export.rs"]
mod export;
#[path = "http/foundation.rs"]
mod foundation;
#[path = "http/gateway_settings.rs"]
mod gateway_settings;
#[path = "http/gateway_status.rs"]
mod gateway_status;
#[path = "http/hotspot.rs"]
mod hotspot;
#[path = "http/keys.rs"]
mod keys;
#[path = "http/lists.rs"]
mod lists;
#[path = "http/logos.rs"]
mod logos;
#[path = "http/look_backs.rs"]
mod look_backs;
#[path = "http/metrics.rs"]
mod metrics;
#[path = "http/outbox.rs"]
mod outbox;
#[path = "http/platform.rs"]
mod platform;
#[path = "http/portal.rs"]
mod portal;
#[path = "http/products.rs"]
mod products;
#[path = "http/proxies.rs"]
mod proxies;
#[path = "http/refunds.rs"]
mod refunds;
#[path = "http/review.rs"]
mod review;
#[path = "http/sessions.rs"]
mod sessions;
#[path = "http/setup.rs"]
mod setup;
#[path = "http/shop.rs"]
mod shop;
#[path = "http/tls.rs"]
mod tls;
#[path = "http/users.rs"]
mod users;
#[path = "http/webhooks.rs"]
mod webhooks;
#[path = "http/world.rs"]
mod world;
