//! What people see of purchases, and what they ask and decide.
//!
//! | module | holds |
//! |---|---|
//! | [`dossier`] | one transaction with everything that is known of it |
//! | [`review`] | what waits for a person |
//! | [`refund`] | money that an admin gives back |
//! | [`resolve`] | decisions about what the machine could not settle |
//!
//! Nothing here writes the state of a purchase: it is told, and decides itself.

pub mod dossier;
pub mod refund;
pub mod resolve;
pub mod review;

use super::PurchaseError;
use super::machine::Refusal;
use crate::domain::code::Code;
use crate::store::StoreError;

/// Why a person does not get what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// It is not possible as asked; nothing was changed.
    #[error("request about a purchase refused: {0}")]
    Refused(Code),
    /// Something inside failed.
    #[error("purchase could not be read or told")]
    Inside(#[from] PurchaseError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Inside(error.into())
    }
}

impl From<Refusal> for AdminError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(match refusal {
            Refusal::NotPaid => Code::RefundNotPossible,
            Refusal::Amount => Code::RefundAmountInvalid,
            Refusal::RefundUnderWay => Code::RefundUnderWay,
            Refusal::TooManyRefunds => Code::TooManyRefunds,
            Refusal::NotOpen => Code::ChoiceNotOpen,
        })
    }
}
