//! Mercado Pago's refusals: its error codes and rejection words as ours, and which of them are the last word.
//!
//! Codes and words are matched whole or by their last dotted segment, never by a part of it.

use super::fields::Fields;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};

/// Causes that leave open what became of the request: an equal one was seen a minute ago (2001, 801), a service
/// inside failed (2004, 2007), the payment is in another state (126).
const UNDECIDED_CAUSES: [&str; 5] = ["2001", "801", "2004", "2007", "126"];

/// An error answer in Mercado Pago's own form.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    causes: Vec<String>,
    words: Vec<String>,
}

impl Refusal {
    /// Reads an error answer; none when it is not in Mercado Pago's own form, so that something else may have given it.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Option<Self> {
        let fields = Fields::read(body)?;
        let message = fields.text("message")?;
        let error = fields.text("error");
        let own = match fields.word("status") {
            Some(told) => told == status.to_string(),
            None => {
                let policy = matches!(status, 401 | 403) && fields.text("code").is_some();
                policy || (error.is_some() && fields.list("cause").is_some())
            }
        };
        let causes = fields.objects("cause").iter().filter_map(|cause| cause.word("code")).collect();
        own.then(|| Self { status, causes, words: error.into_iter().chain([message]).collect() })
    }

    /// The first code, for the log.
    #[must_use]
    pub fn code(&self) -> &str {
        self.causes.first().or(self.words.first()).map_or("", String::as_str)
    }

    /// Whether it excludes that the request had an effect.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        matches!(self.status, 400 | 401 | 403 | 404 | 405 | 406 | 413 | 415 | 422 | 429)
            && !self.causes.iter().any(|cause| UNDECIDED_CAUSES.contains(&cause.as_str()))
    }

    /// The failure it tells: its first known cause decides, else its word, else the HTTP status.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let code = match self.status {
            401 | 403 => Code::GatewayAuthFailed,
            404 => Code::GatewayNotFound,
            429 => Code::RateLimited,
            400 | 422 => self.told().unwrap_or(Code::RequestInvalid),
            _ => Code::GatewayError,
        };
        Failure::new(code, kind(code, self.status))
    }

    fn told(&self) -> Option<Code> {
        let by_cause = self.causes.iter().find_map(|cause| by_cause(cause).or_else(|| by_word(cause)));
        by_cause.or_else(|| self.words.iter().find_map(|word| by_word(word)))
    }
}

/// The failure of a payment that was rejected with `detail`.
#[must_use]
pub fn rejected(detail: &str) -> Failure {
    Failure::new(by_word(detail).unwrap_or(Code::ProcessingError), FailureKind::Payment)
}

fn by_cause(cause: &str) -> Option<Code> {
    let number: u32 = match cause {
        "E301" => return Some(Code::CardNumberInvalid),
        "E203" => return Some(Code::CardCvvInvalid),
        digits => digits.parse().ok()?,
    };
    Some(match number {
        2006 | 2062 | 3003 | 3008 => Code::TokenInvalid,
        145 | 2034 => Code::PayerInvalid,
        109 => Code::InstallmentsInvalid,
        129 => Code::AmountInvalid,
        204 => Code::PaymentMethodInvalid,
        205..=224 | 316..=326 => Code::CardInvalid,
        1 | 2002 | 4000..=4037 | 4292 => Code::RequestInvalid,
        _ => return None,
    })
}

fn by_word(word: &str) -> Option<Code> {
    Some(match word.rsplit('.').next().unwrap_or(word) {
        "cc_rejected_insufficient_amount" | "insufficient_amount" | "cc_amount_rate_limit_exceeded" => {
            Code::InsufficientFunds
        }
        "cc_rejected_bad_filled_card_number" => Code::CardNumberInvalid,
        "cc_rejected_bad_filled_date" => Code::CardExpiryInvalid,
        "cc_rejected_bad_filled_security_code" => Code::CardCvvInvalid,
        "cc_rejected_bad_filled_other" => Code::CardInvalid,
        "cc_rejected_card_disabled" => Code::CardBlocked,
        "cc_rejected_high_risk"
        | "rejected_high_risk"
        | "cc_rejected_blacklist"
        | "cc_rejected_other_reason"
        | "rejected_by_bank" => Code::CardDeclined,
        "cc_rejected_card_error" | "bank_error" => Code::ProcessingError,
        "cc_rejected_duplicated_payment" => Code::DuplicatePayment,
        "cc_rejected_call_for_authorize" => Code::CallIssuer,
        "cc_rejected_max_attempts" => Code::TooManyAttempts,
        "cc_rejected_card_type_not_allowed" => Code::CardNotSupported,
        "cc_rejected_3ds_challenge" | "cc_rejected_3ds_mandatory" => Code::ThreeDsFailed,
        "invalid_payment_method" => Code::PaymentMethodInvalid,
        "invalid_token" => Code::TokenInvalid,
        "invalid_user" => Code::PayerInvalid,
        "invalid_installments" | "cc_rejected_invalid_installments" => Code::InstallmentsInvalid,
        "authentication_error" | "invalid_access_token" => Code::GatewayAuthFailed,
        _ => return None,
    })
}

/// Whose matter it is: the card's, the gateway's, else as the status says.
fn kind(code: Code, status: u16) -> FailureKind {
    const OF_THE_CARD: [Code; 3] = [Code::CardNumberInvalid, Code::CardCvvInvalid, Code::CardInvalid];
    if OF_THE_CARD.contains(&code) {
        return FailureKind::Payment;
    }
    match status {
        _ if code == Code::GatewayAuthFailed => FailureKind::Gateway,
        400 => FailureKind::Request,
        422 => FailureKind::Values,
        429 => FailureKind::Throttled,
        _ => FailureKind::Gateway,
    }
}
