//! What the world does to a payment without the merchant asking: the buyer, the bank, the gateway's own people.

use serde::Deserialize;

/// Something that happens at a gateway, named in the address of the control API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Cash or transfer arrives, or a review ends well.
    Pay,
    /// A review ends badly, or cash will not be taken.
    Fail,
    /// Somebody is going to look at it.
    Review,
    /// The time to pay is over, whatever the clock says.
    Expire,
    /// The gateway's people give money back; without an amount, all that is left.
    Refund,
    /// The buyer's bank takes the money back.
    Chargeback,
    /// The bank returns what it took back.
    WinChargeback,
    /// The buyer passes the challenge.
    #[serde(rename = "complete_3ds")]
    CompleteChallenge,
    /// The buyer fails the challenge.
    #[serde(rename = "fail_3ds")]
    FailChallenge,
}

/// Why an action did not take place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// The gateway has nothing with this id.
    #[error("the gateway has nothing with the id {0:?}; GET /state shows what it has")]
    Unknown(String),
    /// It is not in a state that allows it.
    #[error("this cannot happen to it: it is {0}")]
    State(String),
    /// The amount is more than is left.
    #[error("only {0} minor units are left")]
    Amount(u64),
}
