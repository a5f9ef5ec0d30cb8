//! Identifiers, each with a type of its own so that one is never taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::seams::Random;

/// Longest id accepted from outside, in bytes; imported ids may have any shape.
pub const ID_BYTES_MAX: usize = 50;
/// Length of the unguessable part of a company's notification addresses, in bytes.
const WEBHOOK_PATH_BYTES: usize = 20;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id over as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A company: `EMP_` and 10 upper-case hex digits.
    CompanyId
}
text_id! {
    /// A router: `RTR_` and 8 upper-case hex digits.
    RouterId
}
text_id! {
    /// A router's API key: `key_` and 16 lower-case hex digits.
    ApiKeyId
}
text_id! {
    /// A purchase: `TRX_` and 24 upper-case hex digits, unguessable.
    PurchaseId
}
text_id! {
    /// A site: UUID version 7.
    SiteId
}
text_id! {
    /// An agent's identity: UUID version 7.
    AgentId
}

impl CompanyId {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &Random) -> Self {
        Self(format!("EMP_{}", random.hex::<5>().to_uppercase()))
    }
}

impl RouterId {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &Random) -> Self {
        Self(format!("RTR_{}", random.hex::<4>().to_uppercase()))
    }
}

impl ApiKeyId {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &Random) -> Self {
        Self(format!("key_{}", random.hex::<8>()))
    }
}

impl PurchaseId {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &Random) -> Self {
        Self(format!("TRX_{}", random.hex::<12>().to_uppercase()))
    }
}

/// Draws the unguessable part of a company's notification addresses.
#[must_use]
pub fn draw_webhook_path(random: &Random) -> String {
    random.hex::<WEBHOOK_PATH_BYTES>()
}
