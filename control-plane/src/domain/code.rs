//! Stable codes: what clients may rely on besides the HTTP status.
//!
//! A code is for ever. Its texts are in [`crate::text`], the status that goes with an error code in the HTTP module.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// Says what went wrong, what was done, or what to do next.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it travels.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    /// A raw card field was sent.
    CardDataRefused => "card_data_refused",
    /// The amount sent is not the price.
    AmountMismatch => "amount_mismatch",
    /// The company has no keys for this gateway.
    GatewayNotConfigured => "gateway_not_configured",
    /// The gateway needs a phone and none is known.
    PhoneRequired => "phone_required",
    /// The gateway found a field invalid.
    RequestInvalid => "request_invalid",
    /// The gateway refused the amount.
    AmountInvalid => "amount_invalid",
    /// The gateway refused the currency.
    CurrencyInvalid => "currency_invalid",
    /// The gateway refused the e-mail.
    EmailInvalid => "email_invalid",
    /// The gateway refused the phone.
    PhoneInvalid => "phone_invalid",
    /// The gateway refused the payment method.
    PaymentMethodInvalid => "payment_method_invalid",
    /// The gateway refused the payer.
    PayerInvalid => "payer_invalid",
    /// The gateway refused the number of installments.
    InstallmentsInvalid => "installments_invalid",
    /// The card token is empty.
    TokenMissing => "token_missing",
    /// No webhook secret was sent.
    WebhookSecretRequired => "webhook_secret_required",
    /// The user belongs to no company.
    UserWithoutCompany => "user_without_company",
    /// The token or the chat id of Telegram is missing.
    TelegramNotConfigured => "telegram_not_configured",
    /// The file is no image of an accepted kind.
    ImageFormatInvalid => "image_format_invalid",
    /// The current password does not match.
    CurrentPasswordWrong => "current_password_wrong",
    /// Address or login of the router is missing.
    RouterCredentialsIncomplete => "router_credentials_incomplete",
    /// The router cannot be deleted: it has products.
    RouterHasProducts => "router_has_products",
    /// The router cannot be deleted: it has transactions.
    RouterHasTransactions => "router_has_transactions",
    /// The key was revoked before.
    ApiKeyAlreadyRevoked => "api_key_already_revoked",
    /// No such role.
    RoleInvalid => "role_invalid",
    /// A company admin needs a company.
    CompanyRequired => "company_required",
    /// A super admin has no company.
    CompanyNotAllowed => "company_not_allowed",
    /// The company in the body is not the one in the path.
    CompanyMismatch => "company_mismatch",
    /// Another user has the e-mail.
    EmailTaken => "email_taken",
    /// A user cannot switch itself off.
    SelfDeactivation => "self_deactivation",
    /// The amount is nothing, or more than is left to give back.
    RefundAmountInvalid => "refund_amount_invalid",
    /// No usable credential was sent.
    CredentialsMissing => "credentials_missing",
    /// The key lacks its prefix.
    ApiKeyMalformed => "api_key_malformed",
    /// The key's signature or shape is wrong.
    ApiKeyInvalid => "api_key_invalid",
    /// The key's time is over.
    ApiKeyExpired => "api_key_expired",
    /// The key is revoked or unknown; also the answer to a revocation.
    ApiKeyRevoked => "api_key_revoked",
    /// The session token is wrong or its session was ended.
    SessionInvalid => "session_invalid",
    /// The session's time is over.
    SessionExpired => "session_expired",
    /// The user is switched off or gone.
    UserInactive => "user_inactive",
    /// Unknown user or wrong password.
    LoginFailed => "login_failed",
    /// The signature of a notification is wrong or missing.
    InvalidSignature => "invalid_signature",
    /// The bank declined the card.
    CardDeclined => "card_declined",
    /// The card has too little money.
    InsufficientFunds => "insufficient_funds",
    /// The card has expired.
    CardExpired => "card_expired",
    /// The card data is wrong.
    CardInvalid => "card_invalid",
    /// The card number is wrong.
    CardNumberInvalid => "card_number_invalid",
    /// The expiry date is wrong.
    CardExpiryInvalid => "card_expiry_invalid",
    /// The security code is wrong.
    CardCvvInvalid => "card_cvv_invalid",
    /// The gateway does not take this card.
    CardNotSupported => "card_not_supported",
    /// The card is not active.
    CardBlocked => "card_blocked",
    /// The bank must authorize the payment.
    CallIssuer => "call_issuer",
    /// Too many attempts with this card.
    TooManyAttempts => "too_many_attempts",
    /// The bank's check of the buyer failed.
    ThreeDsFailed => "three_ds_failed",
    /// An equal payment exists.
    DuplicatePayment => "duplicate_payment",
    /// The card token was used before.
    TokenUsed => "token_used",
    /// The card token is unknown.
    TokenInvalid => "token_invalid",
    /// The card token is too old.
    TokenExpired => "token_expired",
    /// Refused without a reason.
    ProcessingError => "processing_error",
    /// The payment was declined.
    PaymentDeclined => "payment_declined",
    /// The payment was not finished in time.
    PaymentExpired => "payment_expired",
    /// The payment was cancelled.
    PaymentCanceled => "payment_canceled",
    /// The payment was voided.
    PaymentVoided => "payment_voided",
    /// The payment failed.
    PaymentFailed => "payment_failed",
    /// The money was returned; there is no access.
    PaymentRefunded => "payment_refunded",
    /// The payment is disputed.
    PaymentDisputed => "payment_disputed",
    /// The user's role may not do this.
    RoleForbidden => "role_forbidden",
    /// The company is switched off or gone.
    CompanyInactive => "company_inactive",
    /// The router is switched off.
    RouterInactive => "router_inactive",
    /// There is nothing at this path.
    RouteNotFound => "route_not_found",
    /// No such company.
    CompanyNotFound => "company_not_found",
    /// No such router.
    RouterNotFound => "router_not_found",
    /// No such product.
    ProductNotFound => "product_not_found",
    /// No such user.
    UserNotFound => "user_not_found",
    /// No such key.
    ApiKeyNotFound => "api_key_not_found",
    /// The gateway does not know the payment.
    PaymentNotFound => "payment_not_found",
    /// No such transaction.
    TransactionNotFound => "transaction_not_found",
    /// The set-up link was used, is too old or never existed.
    SetupLinkInvalid => "setup_link_invalid",
    /// The company has no such payment that waits for a person.
    StrayPaymentNotFound => "stray_payment_not_found",
    /// The company has no such endpoint.
    WebhookNotFound => "webhook_not_found",
    /// The endpoint has no such delivery.
    WebhookDeliveryNotFound => "webhook_delivery_not_found",
    /// The path does not take this method.
    MethodNotAllowed => "method_not_allowed",
    /// The router has a product of this profile.
    ProductProfileTaken => "product_profile_taken",
    /// The key came before with another body.
    IdempotencyConflict => "idempotency_conflict",
    /// There is no money of this transaction that could go back.
    RefundNotPossible => "refund_not_possible",
    /// Another refund of this transaction is being worked on.
    RefundUnderWay => "refund_under_way",
    /// No more refunds of this transaction are taken.
    TooManyRefunds => "too_many_refunds",
    /// This cannot be decided about the transaction as it stands.
    ChoiceNotOpen => "choice_not_open",
    /// The company has as many endpoints as it may have.
    WebhookLimitReached => "webhook_limit_reached",
    /// The endpoint is switched off.
    WebhookInactive => "webhook_inactive",
    /// The body is larger than allowed.
    BodyTooLarge => "body_too_large",
    /// Fields are missing or have the wrong shape.
    ValidationError => "validation_error",
    /// A product cannot have this currency.
    CurrencyNotAllowed => "currency_not_allowed",
    /// Too many requests.
    RateLimited => "rate_limited",
    /// A fault of ours.
    InternalError => "internal_error",
    /// The router refuses the login.
    RouterLoginFailed => "router_login_failed",
    /// Any other answer of the router.
    RouterError => "router_error",
    /// The profile is missing on the router.
    ProfileNotFound => "profile_not_found",
    /// No free user name after all draws.
    UsernameExhausted => "username_exhausted",
    /// A file could not be stored.
    FileSaveFailed => "file_save_failed",
    /// Telegram did not take the message.
    TelegramFailed => "telegram_failed",
    /// The gateway refuses the company's key.
    GatewayAuthFailed => "gateway_auth_failed",
    /// The gateway does not know what was asked for.
    GatewayNotFound => "gateway_not_found",
    /// Any other definite error of the gateway.
    GatewayError => "gateway_error",
    /// The gateway could not reach the bank.
    BankUnreachable => "bank_unreachable",
    /// The company's quota at the gateway is used up.
    GatewayQuotaExceeded => "gateway_quota_exceeded",
    /// Another process carries the purchase at this moment.
    PurchaseBusy => "purchase_busy",
    /// The site's agent is not connected.
    AgentOffline => "agent_offline",
    /// The router could not be reached.
    RouterUnreachable => "router_unreachable",
    /// No login of the device was asked for.
    AutoConnectNotRequested => "auto_connect_not_requested",
    /// The device is not known, so it was not logged in.
    AutoConnectNoMac => "auto_connect_no_mac",
    /// The device is online.
    AutoConnected => "auto_connected",
    /// The router was too slow for the login.
    AutoConnectTimeout => "auto_connect_timeout",
    /// The login of the device failed.
    AutoConnectFailed => "auto_connect_failed",
    /// The login was accepted, but no session was seen.
    AutoConnectUnverified => "auto_connect_unverified",
    /// The device is online again.
    Reconnected => "reconnected",
    /// The device was online before anything was done.
    AlreadyConnected => "already_connected",
    /// There is no such hotspot user, or the password is another.
    CredentialsInvalid => "credentials_invalid",
    /// The hotspot user is disabled, or its time or bytes are used up.
    AccessExpired => "access_expired",
    /// The router refused the login of a device.
    LoginRefused => "login_refused",
    /// The router accepted the login of a device, and no session was seen.
    LoginUnverified => "login_unverified",
    /// The device is not on the hotspot's network.
    DeviceNotSeen => "device_not_seen",
    /// The hotspot user has as many devices as it may.
    DeviceLimitReached => "device_limit_reached",
    /// The outcome is not known yet.
    PaymentPending => "payment_pending",
    /// The gateway reviews the payment.
    PaymentInReview => "payment_in_review",
    /// The buyer or the bank must act.
    PaymentWaiting => "payment_waiting",
    /// Paid; the router was not reached yet.
    DeliveryPending => "delivery_pending",
    /// The session was ended.
    LoggedOut => "logged_out",
    /// The password was changed.
    PasswordChanged => "password_changed",
    /// The first super admin was made.
    SuperAdminCreated => "super_admin_created",
    /// The Conekta settings were stored.
    ConektaSettingsUpdated => "conekta_settings_updated",
    /// The settings follow.
    SettingsLoaded => "settings_loaded",
    /// The company was changed.
    CompanyUpdated => "company_updated",
    /// The company has a new logo.
    LogoUpdated => "logo_updated",
    /// The Mercado Pago settings were stored.
    MercadoPagoSettingsUpdated => "mercado_pago_settings_updated",
    /// Settings were stored.
    SettingsUpdated => "settings_updated",
    /// Nothing was sent that changes a setting.
    SettingsUnchanged => "settings_unchanged",
    /// The secret of notifications was stored.
    WebhookSecretSaved => "webhook_secret_saved",
    /// A notification was taken in.
    WebhookReceived => "webhook_received",
    /// The gateway tried the address.
    WebhookTestReceived => "webhook_test_received",
    /// The notification is about nothing of ours.
    WebhookTypeIgnored => "webhook_type_ignored",
    /// The router was changed.
    RouterUpdated => "router_updated",
    /// The router answers.
    RouterOnline => "router_online",
    /// The router was switched on.
    RouterActivated => "router_activated",
    /// The router was switched off.
    RouterDeactivated => "router_deactivated",
    /// The router was deleted with its keys.
    RouterDeleted => "router_deleted",
    /// The product is no longer sold.
    ProductDeactivated => "product_deactivated",
    /// A new key replaces the old ones.
    ApiKeyRegenerated => "api_key_regenerated",
    /// The router has no key.
    ApiKeyAbsent => "api_key_absent",
    /// The key ends within 30 days.
    ApiKeyExpiresSoon => "api_key_expires_soon",
    /// The key was never used.
    ApiKeyNeverUsed => "api_key_never_used",
    /// The user was made.
    UserCreated => "user_created",
    /// The user was switched on.
    UserActivated => "user_activated",
    /// The user was switched off.
    UserDeactivated => "user_deactivated",
    /// The money went back.
    RefundDone => "refund_done",
    /// The money is going back.
    RefundPending => "refund_pending",
    /// The decision is stored and acted upon.
    DecisionTaken => "decision_taken",
    /// The payment waits for nobody any more.
    StrayPaymentAcknowledged => "stray_payment_acknowledged",
    /// A message was sent to the chat.
    TelegramTestSent => "telegram_test_sent",
    /// An endpoint was made; its secret is shown once.
    WebhookCreated => "webhook_created",
    /// An endpoint was changed.
    WebhookUpdated => "webhook_updated",
    /// An endpoint was deleted with its deliveries.
    WebhookDeleted => "webhook_deleted",
    /// An endpoint has a new secret, shown once.
    WebhookSecretRotated => "webhook_secret_rotated",
    /// The endpoint took a message.
    WebhookTestDelivered => "webhook_test_delivered",
    /// The endpoint did not take a message.
    WebhookTestFailed => "webhook_test_failed",
    /// A delivery will be made again.
    WebhookDeliveryQueued => "webhook_delivery_queued",
    /// The receiver answered with an error.
    EndpointStatus => "endpoint_status",
    /// The receiver answered with a redirect.
    EndpointRedirected => "endpoint_redirected",
    /// The receiver says that it is gone for good.
    EndpointGone => "endpoint_gone",
    /// The receiver took too long.
    EndpointTimeout => "endpoint_timeout",
    /// The receiver could not be reached.
    EndpointUnreachable => "endpoint_unreachable",
    /// The certificate of the receiver is not good.
    EndpointTlsFailed => "endpoint_tls_failed",
    /// The address leads where nothing may be sent.
    EndpointTargetRefused => "endpoint_target_refused",
    /// The endpoint was switched off before the delivery.
    EndpointOff => "endpoint_off",
    /// The gateway shows something else than was asked for.
    AttentionMismatch => "attention_mismatch",
    /// It cannot be told whether money moved.
    AttentionUndecided => "attention_undecided",
    /// Paid, and the access cannot be given.
    AttentionUndelivered => "attention_undelivered",
    /// The gateway refused a refund.
    AttentionRefundRefused => "attention_refund_refused",
    /// It cannot be told whether the money went back.
    AttentionRefundUnclear => "attention_refund_unclear",
    /// The paid user is not on its router any more.
    AttentionUserMissing => "attention_user_missing",
    /// Money that went back, or was disputed, is with the company again.
    AttentionMoneyReturned => "attention_money_returned",
    /// The gateway has, or may have, news of a payment, and it could not be read for hours.
    AttentionNewsUnread => "attention_news_unread",
    /// The router has not done what is due for an hour.
    AttentionRouterAway => "attention_router_away",
    /// The stored purchase cannot be read.
    AttentionUnreadable => "attention_unreadable",
    /// Paid at the gateway, and no purchase knows the payment.
    AttentionStrayPayment => "attention_stray_payment",
    /// An agent holds a reservation that no purchase knows.
    AttentionUnknownReservation => "attention_unknown_reservation",
    /// An endpoint was switched off because it took nothing for days, or is gone.
    AttentionEndpointOff => "attention_endpoint_off",
}

impl Code {
    /// Reads a code that was stored or sent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn every_code_is_unique_and_reads_back() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for &code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::parse("no_such_code"), None);
    }
}
