//! Conekta's error codes as ours. Codes are matched by their last dotted segment, never by a part of it.

use serde_json::Value;

use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};

/// The failure told by an error answer: its first known detail decides, else its type, else the HTTP status.
#[must_use]
pub fn failure(status: u16, body: &Value) -> Failure {
    let code = body
        .get("details")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|detail| detail.get("code").and_then(Value::as_str))
        .find_map(by_gateway_code)
        .or_else(|| body.get("type").and_then(Value::as_str).and_then(by_gateway_code))
        .unwrap_or_else(|| by_status(status));
    Failure::new(code, kind(status))
}

/// The failure of a charge that shows as declined on its order.
#[must_use]
pub fn declined(failure_code: Option<&str>) -> Failure {
    let code = failure_code.and_then(by_gateway_code).unwrap_or(Code::PaymentDeclined);
    Failure::new(code, FailureKind::Payment)
}

fn by_gateway_code(gateway_code: &str) -> Option<Code> {
    let mut segments = gateway_code.rsplit('.');
    let segment = segments.next().unwrap_or(gateway_code);
    let of_token = segments.next() == Some("tokenization");
    Some(match segment {
        "processing_error" => Code::ProcessingError,
        "used" if of_token => Code::TokenUsed,
        "invalid" if of_token => Code::TokenInvalid,
        "nonexistent_token" => Code::TokenInvalid,
        "expired" if of_token => Code::TokenExpired,
        "card_declined"
        | "declined"
        | "stolen_card"
        | "restricted_card"
        | "suspected_fraud"
        | "suspicious_behaviour" => Code::CardDeclined,
        "insufficient_funds" => Code::InsufficientFunds,
        "expired_card" | "expired" => Code::CardExpired,
        "invalid_card" => Code::CardInvalid,
        "card_not_supported" | "invalid_transaction" | "international_card_not_allowed" => {
            Code::CardNotSupported
        }
        "call_issuer" => Code::CallIssuer,
        "declined_by_3ds" => Code::ThreeDsFailed,
        "card_number_incorrect" => Code::CardNumberInvalid,
        "cvv_incorrect" | "invalid_card_security_code" => Code::CardCvvInvalid,
        "parameter_validation_error" | "invalid_parameter" | "missing_parameter" => Code::RequestInvalid,
        "invalid_amount" => Code::AmountInvalid,
        "invalid_currency" => Code::CurrencyInvalid,
        "invalid_email" => Code::EmailInvalid,
        "invalid_phone" => Code::PhoneInvalid,
        "authentication_error" | "invalid_api_key" | "unauthorized_request" | "missing_key" => {
            Code::GatewayAuthFailed
        }
        "resource_not_found" | "order_not_found" | "customer_not_found" | "resource_not_found_error" => {
            Code::GatewayNotFound
        }
        "gateway_error" | "server_error" => Code::GatewayError,
        "bank_connection_error" => Code::BankUnreachable,
        "rate_limit_exceeded" => Code::RateLimited,
        "quota_exceeded" => Code::GatewayQuotaExceeded,
        _ => return None,
    })
}

/// Codes of answers whose body tells none.
fn by_status(status: u16) -> Code {
    match status {
        400 | 422 => Code::RequestInvalid,
        401 | 403 => Code::GatewayAuthFailed,
        402 => Code::ProcessingError,
        404 => Code::GatewayNotFound,
        429 => Code::RateLimited,
        _ => Code::GatewayError,
    }
}

fn kind(status: u16) -> FailureKind {
    match status {
        400 => FailureKind::Request,
        402 => FailureKind::Payment,
        422 => FailureKind::Values,
        429 => FailureKind::Throttled,
        _ => FailureKind::Gateway,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{declined, failure};
    use crate::domain::code::Code;
    use crate::domain::failure::FailureKind;

    fn code(status: u16, gateway_code: &str) -> Code {
        failure(status, &json!({"type": "processing_error", "details": [{"code": gateway_code}]})).code
    }

    #[test]
    fn the_last_segment_decides() {
        assert_eq!(code(402, "conekta.errors.processing.bank.insufficient_funds"), Code::InsufficientFunds);
        assert_eq!(code(402, "conekta.errors.processing.bank_bindings.expired"), Code::CardExpired);
        assert_eq!(code(402, "conekta.errors.processing.tokenization.expired"), Code::TokenExpired);
        assert_eq!(code(402, "conekta.errors.processing.tokenization.used"), Code::TokenUsed);
        assert_eq!(
            code(422, "conekta.errors.parameter_validation.payment_method.token_id.nonexistent_token"),
            Code::TokenInvalid
        );
        assert_eq!(code(402, "conekta.errors.processing.bank.stolen_card"), Code::CardDeclined);
    }

    #[test]
    fn every_code_of_the_gateway_has_its_meaning() {
        let table = [
            ("processing_error", Code::ProcessingError),
            ("conekta.errors.processing.tokenization.used", Code::TokenUsed),
            ("conekta.errors.processing.tokenization.invalid", Code::TokenInvalid),
            ("conekta.errors.processing.tokenization.expired", Code::TokenExpired),
            ("card_declined", Code::CardDeclined),
            ("conekta.errors.processing.bank.declined", Code::CardDeclined),
            ("conekta.errors.processing.bank_bindings.declined", Code::CardDeclined),
            ("conekta.errors.processing.bank.stolen_card", Code::CardDeclined),
            ("conekta.errors.processing.bank.suspected_fraud", Code::CardDeclined),
            ("conekta.errors.processing.bank_bindings.suspected_fraud", Code::CardDeclined),
            ("conekta.errors.processing.charge.card_payment.suspicious_behaviour", Code::CardDeclined),
            ("restricted_card", Code::CardDeclined),
            ("conekta.errors.processing.bank_bindings.insufficient_funds", Code::InsufficientFunds),
            ("conekta.errors.processing.bank.expired_card", Code::CardExpired),
            ("expired", Code::CardExpired),
            ("conekta.errors.processing.bank.invalid_card", Code::CardInvalid),
            ("conekta.errors.processing.bank.card_not_supported", Code::CardNotSupported),
            ("conekta.errors.processing.bank.invalid_transaction", Code::CardNotSupported),
            (
                "conekta.errors.parameter_validation.charge.international_card_not_allowed",
                Code::CardNotSupported,
            ),
            ("conekta.errors.processing.bank.call_issuer", Code::CallIssuer),
            ("conekta.errors.processing.charge.card_payment.declined_by_3ds", Code::ThreeDsFailed),
            ("card_number_incorrect", Code::CardNumberInvalid),
            ("cvv_incorrect", Code::CardCvvInvalid),
            ("invalid_card_security_code", Code::CardCvvInvalid),
            ("parameter_validation_error", Code::RequestInvalid),
            ("invalid_parameter", Code::RequestInvalid),
            ("missing_parameter", Code::RequestInvalid),
            ("invalid_amount", Code::AmountInvalid),
            ("invalid_currency", Code::CurrencyInvalid),
            ("invalid_email", Code::EmailInvalid),
            ("invalid_phone", Code::PhoneInvalid),
            ("authentication_error", Code::GatewayAuthFailed),
            ("invalid_api_key", Code::GatewayAuthFailed),
            ("unauthorized_request", Code::GatewayAuthFailed),
            ("conekta.errors.authentication.missing_key", Code::GatewayAuthFailed),
            ("resource_not_found", Code::GatewayNotFound),
            ("order_not_found", Code::GatewayNotFound),
            ("customer_not_found", Code::GatewayNotFound),
            ("gateway_error", Code::GatewayError),
            ("server_error", Code::GatewayError),
            ("bank_connection_error", Code::BankUnreachable),
            ("rate_limit_exceeded", Code::RateLimited),
            ("quota_exceeded", Code::GatewayQuotaExceeded),
            ("not_a_card_declined_word", Code::ProcessingError),
        ];
        for (gateway_code, expected) in table {
            assert_eq!(code(402, gateway_code), expected, "{gateway_code}");
        }
    }

    #[test]
    fn every_status_without_a_known_code_has_its_meaning() {
        let table = [
            (400, Code::RequestInvalid, FailureKind::Request),
            (401, Code::GatewayAuthFailed, FailureKind::Gateway),
            (402, Code::ProcessingError, FailureKind::Payment),
            (403, Code::GatewayAuthFailed, FailureKind::Gateway),
            (404, Code::GatewayNotFound, FailureKind::Gateway),
            (409, Code::GatewayError, FailureKind::Gateway),
            (422, Code::RequestInvalid, FailureKind::Values),
            (429, Code::RateLimited, FailureKind::Throttled),
        ];
        let odd = [
            json!(null),
            json!("<html>"),
            json!([]),
            json!({"details": null, "type": 3}),
            json!({"details": {"code": "declined"}}),
            json!({"details": [null, {"code": null}, {"code": 7}], "type": "a_new_word"}),
        ];
        for (status, code, kind) in table {
            for body in &odd {
                let told = failure(status, body);
                assert_eq!((told.code, told.kind), (code, kind), "{status} {body}");
            }
        }
    }

    #[test]
    fn the_first_known_detail_decides() {
        let body =
            json!({"type": "processing_error", "details": [{"code": "new"}, {"code": "x.call_issuer"}]});
        assert_eq!(failure(402, &body).code, Code::CallIssuer);
    }

    #[test]
    fn unknown_codes_fall_back_to_type_and_status() {
        assert_eq!(code(402, "conekta.errors.new.word"), Code::ProcessingError);
        let refused = failure(418, &json!(null));
        assert_eq!((refused.code, refused.kind), (Code::GatewayError, FailureKind::Gateway));
        assert_eq!(failure(401, &json!({"type": "authentication_error"})).kind, FailureKind::Gateway);
    }

    #[test]
    fn a_declined_order_is_a_payment_failure() {
        assert_eq!(declined(Some("suspected_fraud")).code, Code::CardDeclined);
        assert_eq!(declined(None).code, Code::PaymentDeclined);
    }
}
