//! placeholder

pub mod domain;
pub mod seams;
pub mod store;
