//! What the business is made of: pure values and rules, no IO.

pub mod alert;
pub mod bucket;
pub mod code;
pub mod device;
pub mod email;
pub mod event;
pub mod failure;
pub mod hotspot_user;
pub mod id;
pub mod money;
pub mod network;
pub mod phone;
pub mod role;
pub mod target;
pub mod time;
