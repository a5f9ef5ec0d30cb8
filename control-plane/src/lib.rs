//! The cloud service of Pagos Hotspot: sells WiFi access on MikroTik hotspots.
//!
//! | module | holds |
//! |---|---|
//! | [`domain`] | pure values and rules |
//! | [`seams`] | time, chance and ids, so that tests can set them |
//! | [`store`] | the database |
//! | [`vault`] | secrets at rest |
//! | [`auth`] | passwords, sessions, API keys |
//! | [`tenants`] | what administrators do |
//! | [`link`] | the agents at the sites |
//! | [`gateway`] | the payment gateways |
//! | [`limits`] | how much may go on at once |
//! | [`purchase`] | one purchase from the request to the device online |
//! | [`hotspot`] | users who come back |
//! | [`webhook`] | notifications of the gateways |
//! | [`outbox`] | what companies are told: webhooks and chat messages |
//! | [`import`] | takes over the database of the service that we replace |
//! | [`rotation`] | seals everything with a new master key |
//! | [`http`] | the public interface |
//! | [`text`] | every sentence that people read |
//! | [`node`] | which installation this is |
//! | [`installation`] | what every command that writes stands on: directory, database, vault |
//! | [`metrics`] | what this process counts |
//! | [`config`], [`cli`], [`serve`] | how the program is set up, called and run |
//!
//! Imports go one way: `http` and `serve` know everything, `purchase` knows ports and store, `domain` knows nothing.

pub mod auth;
pub mod causes;
pub mod cli;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod hotspot;
pub mod http;
pub mod import;
pub mod installation;
pub mod limits;
pub mod link;
pub mod metrics;
pub mod node;
pub mod outbox;
pub mod purchase;
pub mod rotation;
pub mod seams;
pub mod serve;
pub mod store;
pub mod tenants;
pub mod text;
pub mod vault;
pub mod webhook;
