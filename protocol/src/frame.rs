//! The messages of the link, one JSON text frame each.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::site::{HandOver, Missing, Settled, Verdicts, VerdictsWanted};
use crate::{Command, FRAME_BYTES_MAX, Outcome, RouterSettings};

/// What an agent sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentMessage {
    /// First message after the connection stands.
    Hello(Hello),
    /// How a command ended.
    Outcome {
        /// The command's id.
        id: String,
        /// Its end.
        outcome: Outcome,
    },
    /// What became of these reservations?
    VerdictsWanted(VerdictsWanted),
    /// A verdict was carried out, or cannot be.
    Settled(Settled),
    /// Paid users are gone from a router.
    Missing(Missing),
    /// All reservations that were handed over are journalled.
    HandOverDone {
        /// The journal that holds them now.
        journal_id: String,
    },
    /// A message of a newer agent; ignored.
    #[serde(other)]
    Unknown,
}

/// What the control plane sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Answer to [`Hello`].
    Welcome(Welcome),
    /// Something to do.
    Command(Command),
    /// Answer to [`VerdictsWanted`].
    Verdicts(Verdicts),
    /// Open reservations for an empty journal.
    HandOver(HandOver),
    /// The server is about to close the link.
    Goodbye(Goodbye),
    /// A message of a newer control plane; ignored.
    #[serde(other)]
    Unknown,
}

/// Who the agent is and what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Message set version, [`crate::VERSION`].
    pub version: u32,
    /// Version of the agent program.
    pub agent_version: String,
    /// Id of the agent's journal; a new one means that its memory is empty.
    pub journal_id: String,
    /// Routers the agent has settings for.
    #[serde(default)]
    pub routers: Vec<RouterKnown>,
}

/// One router the agent has settings for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterKnown {
    /// The router (`RTR_…`).
    pub router_id: String,
    /// Version of the settings the agent holds.
    pub settings_version: u64,
}

/// What the control plane tells a connected agent first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Message set version, [`crate::VERSION`].
    pub version: u32,
    /// All routers of the agent's site; it drops any other.
    pub router_ids: Vec<String>,
    /// Settings newer than those the agent named.
    #[serde(default)]
    pub routers: Vec<RouterSettings>,
    /// How long a reservation stands before the agent asks what became of it, in milliseconds;
    /// [`crate::site::RESERVE_LEASE_MS`] when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve_lease_ms: Option<u64>,
    /// Whether the journal is not known: the open reservations follow, and until the last of them is journalled the agent
    /// takes no new one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hand_over: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The link is about to be closed by the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// When to dial again, in milliseconds from now; not earlier.
    pub retry_after_ms: u64,
}

/// Why a text is not a message.
#[derive(Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Larger than [`FRAME_BYTES_MAX`].
    TooLarge,
    /// Not JSON of the expected shape; holds where and why, never the content.
    Malformed(String),
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => write!(f, "frame is larger than {FRAME_BYTES_MAX} bytes"),
            Self::Malformed(why) => write!(f, "frame is not a message: {why}"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Reads one message.
///
/// # Errors
/// [`FrameError`] when the text is too large or malformed.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, FrameError> {
    if text.len() > FRAME_BYTES_MAX {
        return Err(FrameError::TooLarge);
    }
    serde_json::from_str(text).map_err(|error| {
        FrameError::Malformed(format!("{:?} at column {}", error.classify(), error.column()))
    })
}

/// Writes one message.
///
/// # Errors
/// [`FrameError::TooLarge`] when it would not fit into a frame.
pub fn encode<T: Serialize>(message: &T) -> Result<String, FrameError> {
    let text = serde_json::to_string(message).map_err(|error| FrameError::Malformed(error.to_string()))?;
    if text.len() > FRAME_BYTES_MAX { Err(FrameError::TooLarge) } else { Ok(text) }
}
