//! The whole system on one machine, without a router or a bank.
//!
//! | module | does |
//! |---|---|
//! | [`options`] | the command line |
//! | [`ports`] | chooses the ports before anything starts, so that a restart finds them again |
//! | [`layout`] | where things lie in the data directory |
//! | [`process`] | starts, watches and ends the three processes |
//! | [`parts`] | how simulator, control plane and agent are called |
//! | [`http`] | the HTTP client that plays operators and portals |
//! | [`gateways`] | keys of the gateways, and where their webhooks go |
//! | [`seed`] | company, router, users and plans, made once and remembered in the data directory |
//! | [`purchase`] | one purchase and its receipt |
//! | [`ready`] | the ready file |
//! | [`story`] | what people read, in Spanish or English |
//! | [`run`] | the order of all this |
//!
//! It knows the other parts only by their command lines, ready files and HTTP.
#![allow(clippy::disallowed_methods, reason = "a tool for developers, outside the simulated world")]

pub mod gateways;
pub mod http;
pub mod layout;
pub mod options;
pub mod parts;
pub mod ports;
pub mod process;
pub mod purchase;
pub mod ready;
pub mod run;
pub mod seed;
pub mod story;
