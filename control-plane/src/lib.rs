//! placeholder

pub mod config;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod limits;
pub mod link;
pub mod purchase;
pub mod seams;
pub mod store;
pub mod text;
pub mod vault;
pub mod auth;
