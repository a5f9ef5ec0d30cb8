//! What a company's people are told in their chat.

use serde::{Deserialize, Serialize};

use super::id::PurchaseId;
use super::money::Money;
use super::time::Timestamp;

/// A message for people, before it is put into words. Holds no secret: a password is looked up when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "template")]
pub enum Alert {
    /// A sale was paid.
    SaleApproved {
        /// What was sold.
        product: String,
        /// For how much.
        price: Money,
        /// Who bought.
        customer: String,
        /// The id by which gateway and buyer know the transaction.
        transaction: String,
        /// The hotspot user.
        user: String,
        /// Our id.
        purchase: PurchaseId,
    },
    /// A payment was refused.
    SaleRejected {
        /// What was to be sold.
        product: String,
        /// For how much.
        price: Money,
        /// Who wanted it.
        customer: String,
        /// Code of the reason.
        code: String,
    },
    /// Money went back.
    SaleReversed {
        /// What was sold.
        product: String,
        /// How much has gone back.
        amount: Money,
        /// The id by which gateway and buyer know the transaction.
        transaction: String,
        /// State of the payment now.
        state: String,
    },
    /// A purchase waits for a person.
    PersonNeeded {
        /// What was sold.
        product: String,
        /// For how much.
        price: Money,
        /// The id by which gateway and buyer know the transaction.
        transaction: String,
        /// Code of the reason.
        code: String,
    },
    /// An endpoint was switched off because it failed for too long.
    EndpointOff {
        /// Its host.
        host: String,
        /// Since when it failed.
        since: Timestamp,
    },
    /// An admin tries the settings.
    Test,
}

impl Alert {
    /// The word in the `kind` column, in logs and in metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SaleApproved { .. } => "sale_approved",
            Self::SaleRejected { .. } => "sale_rejected",
            Self::SaleReversed { .. } => "sale_reversed",
            Self::PersonNeeded { .. } => "person_needed",
            Self::EndpointOff { .. } => "endpoint_off",
            Self::Test => "telegram_test",
        }
    }
}
