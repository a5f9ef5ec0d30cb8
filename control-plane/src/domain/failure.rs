//! Why a purchase ended without access, as the buyer's page is told.

use serde::{Deserialize, Serialize};

use super::code::Code;

/// A final failure: a stable code and whose matter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened.
    #[serde(with = "code_text")]
    pub code: Code,
    /// Whose matter it is; decides the HTTP status.
    pub kind: FailureKind,
}

/// Whose matter a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The request is wrong.
    Request,
    /// The request is understood but its values are refused.
    Values,
    /// The card or its bank said no, or the payment ended unpaid.
    Payment,
    /// Too much at once.
    Throttled,
    /// The gateway refused the company, not the buyer.
    Gateway,
    /// The site cannot be reached now.
    Unavailable,
    /// The router or this service is at fault.
    Fault,
}

impl Failure {
    /// A failure of `kind` with `code`.
    #[must_use]
    pub const fn new(code: Code, kind: FailureKind) -> Self {
        Self { code, kind }
    }
}

/// A code is stored as its stable text.
mod code_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Code;

    pub(super) fn serialize<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(code.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        let text = String::deserialize(deserializer)?;
        Code::parse(&text).ok_or_else(|| D::Error::custom("unknown code"))
    }
}
