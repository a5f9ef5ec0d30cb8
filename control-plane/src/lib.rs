//! placeholder

pub mod auth;
pub mod cli;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod limits;
pub mod link;
pub mod purchase;
pub mod seams;
pub mod serve;
pub mod store;
pub mod tenants;
pub mod text;
pub mod vault;
