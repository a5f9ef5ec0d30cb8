//! Edge agent of Pagos Hotspot: stands beside a MikroTik router and does what the control plane asks.
//!
//! | module | holds |
//! |---|---|
//! | [`executor`] | what to do with a command: decide, journal, act, report |
//! | [`journal`] | the agent's memory on disk |
//! | [`routeros`] | client of the RouterOS API, one connection per router |
//! | [`seams`] | time, chance and dialling |

pub mod executor;
pub mod journal;
pub mod routeros;
pub mod seams;
