//! What monitors and curious people ask.

pub mod health;
pub mod logo;
pub mod ready;
pub mod root;
