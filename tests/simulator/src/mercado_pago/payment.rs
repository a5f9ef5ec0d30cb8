//! Payments as they are kept, and as the vendor shows them.

use super::account::Account;
use super::amount::number;
use super::date;
use super::draft::PaymentDraft;
use serde_json::{Map, Value, json};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Money moved to the merchant.
    Approved,
    /// Money is held.
    Authorized,
    /// Somebody is looking at it.
    InProcess,
    /// The buyer has to do something.
    Pending,
    /// No money moved.
    Rejected,
    /// Closed before payment.
    Cancelled,
    /// All of the money went back.
    Refunded,
    /// The buyer's bank took the money back.
    ChargedBack,
}

impl Status {
    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Authorized => "authorized",
            Self::InProcess => "in_process",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
        }
    }

    /// Whether it can still become paid.
    pub fn open(self) -> bool {
        match self {
            Self::InProcess | Self::Pending => true,
            Self::Approved
            | Self::Authorized
            | Self::Rejected
            | Self::Cancelled
            | Self::Refunded
            | Self::ChargedBack => false,
        }
    }
}

/// A payment, refused or not.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Number beyond 2^53.
    pub id: u64,
    /// Who made it; no other sees it.
    pub account: Account,
    /// What was asked for.
    pub draft: PaymentDraft,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub detail: &'static str,
    /// Amount in minor units; less than asked for when a part of a hold was taken.
    pub amount: u64,
    /// Money that went back, in minor units.
    pub amount_refunded: u64,
    /// Refunds in order.
    pub refunds: Vec<Refund>,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// Milliseconds since the Unix epoch.
    pub updated_ms: u64,
    /// Milliseconds since the Unix epoch.
    pub approved_ms: Option<u64>,
    /// When it ends unpaid, in milliseconds since the Unix epoch.
    pub expires_ms: Option<u64>,
    /// `X-Idempotency-Key` of the request that made it.
    pub key: String,
    /// `X-meli-session-id` of the request that made it.
    pub device_id: Option<String>,
}

/// Money that went back.
#[derive(Debug, Clone)]
pub struct Refund {
    /// Number.
    pub id: u64,
    /// Amount in minor units.
    pub amount: u64,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

impl Payment {
    /// Whether the money was taken, not only held.
    pub fn captured(&self) -> bool {
        match self.status {
            Status::Approved | Status::Refunded | Status::ChargedBack => true,
            Status::Authorized => false,
            Status::InProcess | Status::Pending | Status::Rejected | Status::Cancelled => self.draft.capture,
        }
    }

    /// The payment as the vendor shows it, with nulls and with a field that nobody announced.
    pub fn render(&self) -> Value {
        let (draft, places) = (&self.draft, self.account.decimals);
        let by_card = draft.later_by_transfer.is_none();
        let sent = |name: &str| draft.body.get(name).cloned().unwrap_or(Value::Null);
        let date = |at_ms: Option<u64>| at_ms.map(date::text);
        let paid = self.approved_ms.map_or(0, |_| self.amount);
        let mut shown = json!({
            "id": self.id,
            "date_created": date::text(self.created_ms),
            "date_approved": date(self.approved_ms),
            "date_last_updated": date::text(self.updated_ms),
            "date_of_expiration": date(self.expires_ms.filter(|_| !by_card)),
            "money_release_date": null,
            "operation_type": "regular_payment",
            "issuer_id": draft.body.get("issuer_id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)),
            "payment_method_id": draft.method,
            "payment_type_id": self.payment_type(),
            "status": self.status.word(),
            "status_detail": self.detail,
            "currency_id": self.account.currency,
            "description": sent("description"),
            "live_mode": self.account.live_mode,
            "sponsor_id": null,
            "authorization_code": self.approved_ms.map(|_| format!("{:06}", self.id % 1_000_000)),
            "money_release_schema": null,
            "taxes_amount": 0,
            "counter_currency": null,
            "collector_id": 44_444,
            "payer": { "type": null, "id": null, "email": null, "identification": { "type": null, "number": null } },
            "metadata": metadata(&draft.body),
            "additional_info": sent("additional_info"),
            "external_reference": draft.external_reference,
            "transaction_amount": number(self.amount, places),
            "transaction_amount_refunded": number(self.amount_refunded, places),
            "coupon_amount": 0,
            "differential_pricing_id": null,
            "deduction_schema": null,
            "installments": if by_card { sent("installments") } else { json!(1) },
            "statement_descriptor": sent("statement_descriptor"),
            "notification_url": draft.notification_url,
            "binary_mode": draft.binary_mode,
            "captured": self.captured(),
            "refunds": self.refunds.iter().map(|refund| self.render_refund(refund)).collect::<Vec<_>>(),
            "unannounced_field": [1, "two", { "three": null }],
        });
        let details = json!({
            "net_received_amount": number(paid, places),
            "total_paid_amount": number(self.amount, places),
            "overpaid_amount": 0,
            "external_resource_url": if by_card { Value::Null } else { json!(format!("https://www.mercadopago.com.mx/payments/{}/ticket", self.id)) },
            "payment_method_reference_id": if by_card { Value::Null } else { json!(format!("{:014}", self.id % 100_000_000_000_000)) },
            "financial_institution": null,
        });
        shown["transaction_details"] = details;
        shown["card"] = if by_card { self.card() } else { json!({}) };
        shown["three_ds_info"] = self.challenge();
        shown["point_of_interaction"] = self.point_of_interaction();
        shown
    }

    /// A refund as the vendor shows it: above zero.
    pub fn render_refund(&self, refund: &Refund) -> Value {
        json!({
            "id": refund.id,
            "payment_id": self.id,
            "amount": number(refund.amount, self.account.decimals),
            "adjustment_amount": 0,
            "status": "approved",
            "refund_mode": "standard",
            "metadata": {},
            "source": { "id": "44444", "name": null, "type": "collector" },
            "date_created": date::text(refund.created_ms),
            "unique_sequence_number": null,
            "reason": null,
            "labels": [],
        })
    }

    fn payment_type(&self) -> &'static str {
        match (self.draft.later_by_transfer, self.draft.method.as_str()) {
            (Some(true), _) => "bank_transfer",
            (Some(false), _) => "ticket",
            (None, method) if method.starts_with("deb") => "debit_card",
            (None, _) => "credit_card",
        }
    }

    fn card(&self) -> Value {
        json!({
            "id": null,
            "first_six_digits": "407559",
            "last_four_digits": "3764",
            "expiration_month": 11,
            "expiration_year": 2030,
            "cardholder": { "name": null, "identification": { "number": null, "type": null } },
        })
    }

    /// Where the buyer passes the challenge, while there is one.
    fn challenge(&self) -> Value {
        if self.detail != "pending_challenge" {
            return Value::Null;
        }
        json!({
            "external_resource_url": format!("https://www.mercadopago.com.mx/challenge/{}", self.id),
            "creq": format!("creq{}", self.id),
        })
    }

    fn point_of_interaction(&self) -> Value {
        let data = (self.draft.later_by_transfer == Some(true)).then(|| {
            json!({
                "qr_code": format!("{:018}", self.id % 1_000_000_000_000_000_000),
                "qr_code_base64": null,
                "ticket_url": format!("https://www.mercadopago.com.mx/payments/{}/ticket", self.id),
            })
        });
        json!({ "type": "UNSPECIFIED", "business_info": { "unit": null }, "transaction_data": data })
    }
}

/// Metadata as it comes back: names in snake case.
fn metadata(body: &Map<String, Value>) -> Value {
    let sent = body.get("metadata").and_then(Value::as_object);
    let renamed = sent.into_iter().flatten().map(|(name, value)| (snake_case(name), value.clone()));
    Value::Object(renamed.collect())
}

fn snake_case(name: &str) -> String {
    let mut made = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !made.is_empty() && !made.ends_with('_') {
            made.push('_');
        }
        made.push(letter.to_ascii_lowercase());
    }
    made
}
