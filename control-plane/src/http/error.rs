//! What a client is told when it does not get what it asked for.
//!
//! This is the one file in which HTTP statuses stand beside error codes. A handler returns an [`ApiError`]; the outermost layer
//! ([`crate::http::frame`]) writes its body, because only that layer knows language and request id.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::causes::chain;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::store::StoreError;
use crate::text::{Language, Phrase};

/// What `Retry-After` says when nothing better is known, in seconds.
const RETRY_AFTER_DEFAULT_S: u64 = 5;

/// A refusal or failure, ready to be told to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: Code,
    issues: Vec<Issue>,
    retry_after_s: Option<u64>,
}

/// One field that is missing or has the wrong shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Where it stands; begins with `body`, `path`, `query` or `header`.
    pub loc: Vec<Place>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A part of the request, or a field by name.
    Name(&'static str),
    /// An element of a list, or a position in a text.
    Index(usize),
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is absent.
    Missing,
    /// The body is no JSON.
    JsonInvalid,
    /// It cannot be read as an integer.
    IntParsing,
    /// It is a number with a fraction.
    IntFromFloat,
    /// It is of a kind that is never an integer.
    IntType,
    /// It cannot be read as a number.
    FloatParsing,
    /// It cannot be read as a boolean.
    BoolParsing,
    /// It is no text.
    StringType,
    /// It is longer than allowed.
    StringTooLong,
    /// It is none of the allowed texts.
    Literal,
    /// It is no list.
    ListType,
    /// It is no object.
    DictType,
    /// It has the right kind and a wrong value.
    Value(Phrase),
}

impl Fault {
    /// The type as it travels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::JsonInvalid => "json_invalid",
            Self::IntParsing => "int_parsing",
            Self::IntFromFloat => "int_from_float",
            Self::IntType => "int_type",
            Self::FloatParsing => "float_parsing",
            Self::BoolParsing => "bool_parsing",
            Self::StringType => "string_type",
            Self::StringTooLong => "string_too_long",
            Self::Literal => "literal_error",
            Self::ListType => "list_type",
            Self::DictType => "dict_type",
            Self::Value(_) => "value_error",
        }
    }

    const fn phrase(self) -> Phrase {
        match self {
            Self::Missing => Phrase::Missing,
            Self::JsonInvalid => Phrase::JsonInvalid,
            Self::IntParsing | Self::IntType => Phrase::IntegerExpected,
            Self::IntFromFloat => Phrase::IntegerWithFraction,
            Self::FloatParsing => Phrase::NumberExpected,
            Self::BoolParsing => Phrase::BooleanExpected,
            Self::StringType => Phrase::TextExpected,
            Self::StringTooLong => Phrase::TextTooLong,
            Self::Literal => Phrase::ChoiceExpected,
            Self::ListType => Phrase::ListExpected,
            Self::DictType => Phrase::ObjectExpected,
            Self::Value(phrase) => phrase,
        }
    }
}

impl Issue {
    /// A field of the body.
    #[must_use]
    pub fn body(field: &'static str, fault: Fault) -> Self {
        Self { loc: vec![Place::Name("body"), Place::Name(field)], fault }
    }

    fn json(&self, language: Language) -> Value {
        let loc: Vec<Value> = self
            .loc
            .iter()
            .map(|place| match place {
                Place::Name(name) => json!(name),
                Place::Index(index) => json!(index),
            })
            .collect();
        json!({"type": self.fault.as_str(), "loc": loc, "msg": language.phrase(self.fault.phrase())})
    }
}

impl ApiError {
    /// The error of `code` with the status that usually goes with it.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self::with_status(default_status(code), code)
    }

    /// The error of `code` with another status, for the codes that can have several.
    #[must_use]
    pub fn with_status(status: StatusCode, code: Code) -> Self {
        let retry_after_s = matches!(
            code,
            Code::RateLimited | Code::PurchaseBusy | Code::AgentOffline | Code::RouterUnreachable
        )
        .then_some(RETRY_AFTER_DEFAULT_S);
        Self { status, code, issues: Vec::new(), retry_after_s }
    }

    /// The router is switched off: 400 for a panel, where [`ApiError::new`] gives 403 for a portal.
    #[must_use]
    pub fn router_inactive_for_panel() -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, Code::RouterInactive)
    }

    /// The router or its agent did not do what a panel asked for in a live check: 400 for what the admin can mend.
    #[must_use]
    pub fn live_check(code: Code) -> Self {
        let mendable = matches!(code, Code::RouterUnreachable | Code::RouterLoginFailed);
        let status = if mendable { StatusCode::BAD_REQUEST } else { default_status(code) };
        Self { retry_after_s: None, ..Self::with_status(status, code) }
    }

    /// The gateway refused a refund: 502 with its reason, whatever that would be for a payment.
    #[must_use]
    pub fn refund_refused(failure: Option<Failure>) -> Self {
        let code = failure.map_or(Code::GatewayError, |failure| failure.code);
        Self { retry_after_s: None, ..Self::with_status(StatusCode::BAD_GATEWAY, code) }
    }

    /// 422 with the list of what is wrong.
    #[must_use]
    pub fn validation(issues: Vec<Issue>) -> Self {
        Self { issues, ..Self::new(Code::ValidationError) }
    }

    /// The end of a purchase without access. The kind decides the status, because one code can come with several.
    #[must_use]
    pub fn failure(failure: Failure) -> Self {
        let status = match failure.kind {
            FailureKind::Request => StatusCode::BAD_REQUEST,
            FailureKind::Values => StatusCode::UNPROCESSABLE_ENTITY,
            FailureKind::Payment => StatusCode::PAYMENT_REQUIRED,
            FailureKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
            FailureKind::Gateway => StatusCode::BAD_GATEWAY,
            FailureKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            FailureKind::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::with_status(status, failure.code)
    }

    /// The same error with another time to wait, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// A fault of ours; the cause is logged here, once, and not told to the client.
    #[must_use]
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(error), "request failed");
        Self::new(Code::InternalError)
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What a page shows: one sentence per wrong field, or that of the code.
    #[must_use]
    pub fn sentences(&self, language: Language) -> Vec<&'static str> {
        if self.issues.is_empty() {
            return vec![language.code(self.code)];
        }
        self.issues.iter().map(|issue| language.phrase(issue.fault.phrase())).collect()
    }

    /// The body as the client gets it.
    #[must_use]
    pub fn body(&self, language: Language, request_id: &str) -> Value {
        let detail = if self.issues.is_empty() {
            json!(language.code(self.code))
        } else {
            self.issues.iter().map(|issue| issue.json(language)).collect()
        };
        json!({"detail": detail, "code": self.code.as_str(), "request_id": request_id})
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for ApiError {
    /// Carries itself to the outermost layer, which writes the body.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The status that usually goes with an error code. Codes of success and advice are no errors; they give 200.
#[rustfmt::skip]
#[must_use]
#[expect(clippy::too_many_lines, reason = "one line per code")]
pub const fn default_status(code: Code) -> StatusCode {
    match code {
        Code::CardDataRefused
        | Code::AmountMismatch
        | Code::GatewayNotConfigured
        | Code::PhoneRequired
        | Code::RequestInvalid
        | Code::AmountInvalid
        | Code::CurrencyInvalid
        | Code::EmailInvalid
        | Code::PhoneInvalid
        | Code::PaymentMethodInvalid
        | Code::PayerInvalid
        | Code::InstallmentsInvalid
        | Code::TokenMissing
        | Code::WebhookSecretRequired
        | Code::UserWithoutCompany
        | Code::TelegramNotConfigured
        | Code::ImageFormatInvalid
        | Code::CurrentPasswordWrong
        | Code::RouterCredentialsIncomplete
        | Code::RouterHasProducts
        | Code::RouterHasTransactions
        | Code::ApiKeyAlreadyRevoked
        | Code::RoleInvalid
        | Code::CompanyRequired
        | Code::CompanyNotAllowed
        | Code::CompanyMismatch
        | Code::EmailTaken
        | Code::RefundAmountInvalid
        | Code::SelfDeactivation => StatusCode::BAD_REQUEST,
        Code::CredentialsMissing
        | Code::ApiKeyMalformed
        | Code::ApiKeyInvalid
        | Code::ApiKeyExpired
        | Code::ApiKeyRevoked
        | Code::SessionInvalid
        | Code::SessionExpired
        | Code::UserInactive
        | Code::LoginFailed
        | Code::InvalidSignature => StatusCode::UNAUTHORIZED,
        Code::CardDeclined
        | Code::InsufficientFunds
        | Code::CardExpired
        | Code::CardInvalid
        | Code::CardNumberInvalid
        | Code::CardExpiryInvalid
        | Code::CardCvvInvalid
        | Code::CardNotSupported
        | Code::CardBlocked
        | Code::CallIssuer
        | Code::TooManyAttempts
        | Code::ThreeDsFailed
        | Code::DuplicatePayment
        | Code::TokenUsed
        | Code::TokenInvalid
        | Code::TokenExpired
        | Code::ProcessingError
        | Code::PaymentDeclined
        | Code::PaymentExpired
        | Code::PaymentCanceled
        | Code::PaymentVoided
        | Code::PaymentFailed
        | Code::PaymentRefunded
        | Code::PaymentDisputed => StatusCode::PAYMENT_REQUIRED,
        Code::RoleForbidden
        | Code::CompanyInactive
        | Code::RouterInactive => StatusCode::FORBIDDEN,
        Code::RouteNotFound
        | Code::CompanyNotFound
        | Code::RouterNotFound
        | Code::ProductNotFound
        | Code::UserNotFound
        | Code::ApiKeyNotFound
        | Code::PaymentNotFound
        | Code::TransactionNotFound
        | Code::StrayPaymentNotFound
        | Code::WebhookNotFound
        | Code::WebhookDeliveryNotFound
        | Code::SetupLinkInvalid => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::ProductProfileTaken
        | Code::RefundNotPossible
        | Code::RefundUnderWay
        | Code::TooManyRefunds
        | Code::ChoiceNotOpen
        | Code::WebhookLimitReached
        | Code::WebhookInactive
        | Code::IdempotencyConflict => StatusCode::CONFLICT,
        Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::ValidationError
        | Code::CurrencyNotAllowed => StatusCode::UNPROCESSABLE_ENTITY,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::InternalError
        | Code::RouterLoginFailed
        | Code::RouterError
        | Code::ProfileNotFound
        | Code::UsernameExhausted
        | Code::FileSaveFailed
        | Code::TelegramFailed => StatusCode::INTERNAL_SERVER_ERROR,
        Code::GatewayAuthFailed
        | Code::GatewayNotFound
        | Code::GatewayError
        | Code::BankUnreachable
        | Code::GatewayQuotaExceeded => StatusCode::BAD_GATEWAY,
        Code::PurchaseBusy
        | Code::AgentOffline
        | Code::RouterUnreachable => StatusCode::SERVICE_UNAVAILABLE,
        Code::AutoConnectNotRequested
        | Code::AutoConnectNoMac
        | Code::AutoConnected
        | Code::AutoConnectTimeout
        | Code::AutoConnectFailed
        | Code::AutoConnectUnverified
        | Code::Reconnected
        | Code::AlreadyConnected
        | Code::CredentialsInvalid
        | Code::AccessExpired
        | Code::LoginRefused
        | Code::LoginUnverified
        | Code::DeviceNotSeen
        | Code::DeviceLimitReached
        | Code::PaymentPending
        | Code::PaymentInReview
        | Code::PaymentWaiting
        | Code::DeliveryPending
        | Code::LoggedOut
        | Code::PasswordChanged
        | Code::SuperAdminCreated
        | Code::ConektaSettingsUpdated
        | Code::SettingsLoaded
        | Code::CompanyUpdated
        | Code::LogoUpdated
        | Code::MercadoPagoSettingsUpdated
        | Code::SettingsUpdated
        | Code::SettingsUnchanged
        | Code::WebhookSecretSaved
        | Code::WebhookReceived
        | Code::WebhookTestReceived
        | Code::WebhookTypeIgnored
        | Code::RouterUpdated
        | Code::RouterOnline
        | Code::RouterActivated
        | Code::RouterDeactivated
        | Code::RouterDeleted
        | Code::ProductDeactivated
        | Code::ApiKeyRegenerated
        | Code::ApiKeyAbsent
        | Code::ApiKeyExpiresSoon
        | Code::ApiKeyNeverUsed
        | Code::UserCreated
        | Code::UserActivated
        | Code::UserDeactivated
        | Code::RefundDone
        | Code::RefundPending
        | Code::DecisionTaken
        | Code::StrayPaymentAcknowledged
        | Code::TelegramTestSent
        | Code::WebhookCreated
        | Code::WebhookUpdated
        | Code::WebhookDeleted
        | Code::WebhookSecretRotated
        | Code::WebhookTestDelivered
        | Code::WebhookTestFailed
        | Code::WebhookDeliveryQueued
        | Code::EndpointStatus
        | Code::EndpointRedirected
        | Code::EndpointGone
        | Code::EndpointTimeout
        | Code::EndpointUnreachable
        | Code::EndpointTlsFailed
        | Code::EndpointTargetRefused
        | Code::EndpointOff
        | Code::AttentionMismatch
        | Code::AttentionUndecided
        | Code::AttentionUndelivered
        | Code::AttentionRefundRefused
        | Code::AttentionRefundUnclear
        | Code::AttentionUserMissing
        | Code::AttentionMoneyReturned
        | Code::AttentionNewsUnread
        | Code::AttentionRouterAway
        | Code::AttentionUnreadable
        | Code::AttentionStrayPayment
        | Code::AttentionUnknownReservation
        | Code::AttentionEndpointOff => StatusCode::OK,
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiError, Fault, Issue};
    use crate::domain::code::Code;
    use crate::text::Language;

    #[test]
    fn an_error_has_a_sentence_its_code_and_the_request() {
        let body = ApiError::new(Code::RouterNotFound).body(Language::English, "r1");
        assert_eq!(
            body,
            serde_json::json!({"detail": "There is no such router.", "code": "router_not_found", "request_id": "r1"})
        );
    }

    #[test]
    fn a_validation_error_lists_fields() {
        let error = ApiError::validation(vec![Issue::body("empresa_id", Fault::Missing)]);
        assert_eq!(error.status().as_u16(), 422);
        let body = error.body(Language::Spanish, "r1");
        assert_eq!(body["detail"][0]["type"], "missing");
        assert_eq!(body["detail"][0]["loc"], serde_json::json!(["body", "empresa_id"]));
        assert_eq!(body["code"], "validation_error");
    }
}
