//! The public interface over real sockets and a real database (PostgreSQL when `PAGOS_TEST_POSTGRES_URL` names a server).

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "stands for the world outside")]

#[path = "http/company.rs"]
mod company;
#[path = "http/foundation.rs"]
mod foundation;
#[path = "http/gateway_settings.rs"]
mod gateway_settings;
#[path = "http/keys.rs"]
mod keys;
#[path = "http/platform.rs"]
mod platform;
#[path = "http/portal.rs"]
mod portal;
#[path = "http/products.rs"]
mod products;
#[path = "http/sessions.rs"]
mod sessions;
#[path = "http/setup.rs"]
mod setup;
#[path = "http/users.rs"]
mod users;
#[path = "http/webhooks.rs"]
mod webhooks;
#[path = "http/world.rs"]
mod world;
