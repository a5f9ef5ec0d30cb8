//! Card tokens and what becomes of them.
//!
//! The vendor's test cards decide by the name of the holder. A server never sees it, so here the name is a part of the
//! token: `tok-FUND-8a6f`. Every token works once. One without a known name is approved.

use super::payment::Status;

/// What the bank says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approved,
    /// No, with the vendor's word for why.
    Rejected(&'static str),
    /// Somebody has to look first.
    InProcess,
    /// The buyer has to prove who they are.
    Challenge,
}

/// What becomes of a token; `None` when it cannot be one.
pub fn verdict(token: &str) -> Option<Verdict> {
    let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if token.is_empty() || token.len() > 200 || !plain {
        return None;
    }
    let word = token.strip_prefix("tok-").and_then(|rest| rest.split('-').next()).unwrap_or_default();
    Some(match word {
        "OTHE" => Verdict::Rejected("cc_rejected_other_reason"),
        "CONT" => Verdict::InProcess,
        "CALL" => Verdict::Rejected("cc_rejected_call_for_authorize"),
        "FUND" => Verdict::Rejected("cc_rejected_insufficient_amount"),
        "SECU" => Verdict::Rejected("cc_rejected_bad_filled_security_code"),
        "EXPI" => Verdict::Rejected("cc_rejected_bad_filled_date"),
        "FORM" => Verdict::Rejected("cc_rejected_bad_filled_other"),
        "CARD" => Verdict::Rejected("cc_rejected_bad_filled_card_number"),
        "INST" => Verdict::Rejected("cc_rejected_invalid_installments"),
        "DUPL" => Verdict::Rejected("cc_rejected_duplicated_payment"),
        "LOCK" => Verdict::Rejected("cc_rejected_card_disabled"),
        "BLAC" => Verdict::Rejected("cc_rejected_blacklist"),
        "ATTE" => Verdict::Rejected("cc_rejected_max_attempts"),
        "CHAL" => Verdict::Challenge,
        _ => Verdict::Approved,
    })
}

/// How a card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Only yes or no will do.
    pub binary: bool,
    /// Take the money, not only hold it.
    pub capture: bool,
    /// A challenge may be made.
    pub challenge: bool,
    /// There has to be one.
    pub challenge_required: bool,
}

/// Status and detail of a payment with this verdict.
pub fn settle(verdict: Verdict, terms: Terms) -> (Status, &'static str) {
    let yes = if terms.capture {
        (Status::Approved, "accredited")
    } else {
        (Status::Authorized, "pending_capture")
    };
    match verdict {
        Verdict::Approved => yes,
        Verdict::Rejected(detail) => (Status::Rejected, detail),
        Verdict::InProcess if terms.binary => (Status::Rejected, "cc_rejected_other_reason"),
        Verdict::InProcess => (Status::InProcess, "pending_contingency"),
        Verdict::Challenge if terms.challenge && !terms.binary => (Status::Pending, "pending_challenge"),
        Verdict::Challenge if terms.challenge_required => (Status::Rejected, "cc_rejected_3ds_mandatory"),
        Verdict::Challenge => yes,
    }
}
