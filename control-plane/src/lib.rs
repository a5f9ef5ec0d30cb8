//! placeholder

pub mod domain;
pub mod seams;
pub mod store;
pub mod http;
pub mod text;
pub mod vault;
pub mod link;
pub mod config;
