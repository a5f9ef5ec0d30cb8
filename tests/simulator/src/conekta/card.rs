//! Card tokens and what becomes of them.
//!
//! The vendor's test tokens work any number of times. Every other token that looks like one pays once; `tok_3ds…` needs a
//! challenge on an order that has a `three_ds_mode`, `tok_review…` a look at it.

use super::failure::{Detail, Failure};

/// What a charge shows of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// `visa`, `mastercard` or `american_express`.
    pub brand: &'static str,
    /// Last four digits.
    pub last4: &'static str,
    /// The bank.
    pub issuer: &'static str,
}

/// Why a charge is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    /// The short word in `failure_code` of the charge.
    pub failure_code: &'static str,
    /// The code in the error's detail, without `conekta.errors.`.
    pub code: &'static str,
    /// Text for the buyer: Spanish, English.
    pub message: [&'static str; 2],
}

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The card behind it.
    pub card: Card,
    /// Why it never pays; `None` when it pays.
    pub decline: Option<Decline>,
    /// Whether it works once only.
    pub single_use: bool,
    /// Whether the buyer has to pass a challenge, where the order allows one.
    pub challenge: bool,
    /// Whether somebody has to look at the charge first.
    pub review: bool,
}

const VISA_4242: Card = Card { brand: "visa", last4: "4242", issuer: "BANAMEX" };
/// Stands for cash and transfers, which have no card.
pub const NO_CARD: Token =
    Token { card: VISA_4242, decline: None, single_use: false, challenge: false, review: false };
const DECLINED: Decline = Decline {
    failure_code: "card_declined",
    code: "processing.bank.declined",
    message: [
        "La tarjeta ingresada ha sido declinada. Por favor intenta con otra.",
        "The card was declined.",
    ],
};
const NO_FUNDS: Decline = Decline {
    failure_code: "insufficient_funds",
    code: "processing.bank.insufficient_funds",
    message: ["La tarjeta no tiene fondos suficientes.", "The card has insufficient funds."],
};
const STOLEN: Decline = Decline {
    failure_code: "stolen_card",
    code: "processing.bank.stolen_card",
    message: [
        "La tarjeta ingresada ha sido declinada. Por favor contacta a tu banco.",
        "The card was declined.",
    ],
};

/// What this token stands for; `None` when it cannot be a token.
pub fn token(id: &str) -> Option<Token> {
    let test = |brand, last4, decline| Token {
        card: Card { brand, last4, issuer: "BANAMEX" },
        decline,
        single_use: false,
        challenge: false,
        review: false,
    };
    Some(match id {
        "tok_test_visa_4242" => test("visa", "4242", None),
        "tok_test_visa_1881" => test("visa", "1881", None),
        "tok_test_mastercard_4444" => test("mastercard", "4444", None),
        "tok_test_mastercard_5100" => test("mastercard", "5100", None),
        "tok_test_amex_0005" => test("american_express", "0005", None),
        "tok_test_amex_8431" => test("american_express", "8431", None),
        "tok_test_card_declined" => test("visa", "0002", Some(DECLINED)),
        "tok_test_insufficient_funds" => test("visa", "0127", Some(NO_FUNDS)),
        "tok_test_stolen_card" => test("visa", "9979", Some(STOLEN)),
        other => {
            let name = other.strip_prefix("tok_").filter(|name| !name.is_empty())?;
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            (plain && name.len() <= 200).then_some(Token {
                card: VISA_4242,
                decline: None,
                single_use: true,
                challenge: name.starts_with("3ds"),
                review: name.starts_with("review"),
            })?
        }
    })
}

/// Nobody knows this token.
pub fn nonexistent() -> Detail {
    Detail {
        code: "parameter_validation.payment_method.token_id.nonexistent_token".to_owned(),
        param: Some("charges[0].payment_method.token_id".to_owned()),
        message: ["El token no existe.", "The token does not exist."],
        debug_message: "there is no token with this id".to_owned(),
    }
}

/// The token was charged before.
pub fn used() -> Failure {
    let detail = Detail {
        code: "processing.tokenization.used".to_owned(),
        param: Some("token_id".to_owned()),
        message: ["El token ya fue utilizado.", "The token was already used."],
        debug_message: "a token can be charged once".to_owned(),
    };
    Failure::new(402, "processing_error", detail)
}

/// The bank said no.
pub fn declined(decline: Decline) -> Failure {
    let detail = Detail {
        code: decline.code.to_owned(),
        param: None,
        message: decline.message,
        debug_message: decline.message[1].to_owned(),
    };
    Failure::new(402, "processing_error", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_tokens_serve_again_and_others_once() {
        assert!(!token("tok_test_visa_4242").unwrap().single_use);
        assert!(token("tok_test_card_declined").unwrap().decline.is_some());
        let other = token("tok_2tXx672QLQ68CkmMn").unwrap();
        assert!(other.single_use && other.decline.is_none());
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        for id in ["", "tok_", "tok", "4242424242424242", "src_1", "tok_a b", "tok_ñ", "TOK_1"] {
            assert_eq!(token(id), None, "{id:?}");
        }
    }
}
