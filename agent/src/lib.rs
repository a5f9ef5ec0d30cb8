//! Edge agent of Pagos Hotspot: stands beside a MikroTik router and does what the control plane asks.
//!
//! | module | holds |
//! |---|---|
//! | [`cli`] | the command line and its texts |
//! | [`config`] | defaults, file and environment |
//! | [`enrolment`] | how a box becomes an agent |
//! | [`executor`] | what to do with a command: decide, journal, act, report |
//! | [`identity`] | key, certificate and address on disk |
//! | [`journal`] | the agent's memory on disk |
//! | [`link`] | mTLS WebSocket to the control plane |
//! | [`routeros`] | client of the RouterOS API, one connection per router |
//! | [`seams`] | time, chance and dialling |
//! | [`supervisor`] | keeps the link up and hands commands to the executor |

pub mod cli;
pub mod config;
pub mod enrolment;
pub mod executor;
pub mod identity;
pub mod journal;
pub mod link;
pub mod routeros;
pub mod seams;
pub mod supervisor;
