//! What the business is made of: pure values and rules, no IO.

pub mod code;
pub mod id;
pub mod money;
pub mod role;
pub mod time;
