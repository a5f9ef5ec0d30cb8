//! Orders and charges as they are kept, and as the vendor shows them.

use super::card::{Card, Decline};
use super::validate::{ChargeDraft, Method, OrderDraft};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// What has become of an order or a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Money moved.
    Paid,
    /// No money moved.
    Declined,
    /// Money is held.
    PreAuthorized,
    /// Closed before payment.
    Canceled,
    /// A hold was given up.
    Voided,
    /// A part of the money went back.
    PartiallyRefunded,
    /// All of the money went back.
    Refunded,
    /// The buyer has to do something: pass a challenge, pay in a shop, send a transfer.
    PendingPayment,
    /// The time to pay is over.
    Expired,
    /// Somebody is looking at it.
    UnderFraudReview,
    /// The look at it ended badly.
    Fraudulent,
    /// The buyer's bank took the money back.
    ChargedBack,
}

impl Status {
    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::PreAuthorized => "pre_authorized",
            Self::Canceled => "canceled",
            Self::Voided => "voided",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::PendingPayment => "pending_payment",
            Self::Expired => "expired",
            Self::UnderFraudReview => "under_fraud_review",
            Self::Fraudulent => "fraudulent",
            Self::ChargedBack => "charged_back",
        }
    }

    /// Whether money is with the merchant, all or some of it.
    pub fn refundable(self) -> bool {
        match self {
            Self::Paid | Self::PartiallyRefunded => true,
            Self::Declined
            | Self::PreAuthorized
            | Self::Canceled
            | Self::Voided
            | Self::Refunded
            | Self::PendingPayment
            | Self::Expired
            | Self::UnderFraudReview
            | Self::Fraudulent
            | Self::ChargedBack => false,
        }
    }
}

/// An order.
#[derive(Debug, Clone)]
pub struct Order {
    /// `ord_…`.
    pub id: String,
    /// The private key that made it; no other sees it.
    pub key: String,
    /// What was asked for.
    pub draft: OrderDraft,
    /// Ids of its line items.
    pub line_item_ids: Vec<String>,
    /// Nothing until it is charged or canceled.
    pub status: Option<Status>,
    /// Money that went back, in minor units.
    pub amount_refunded: u64,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
    /// Seconds since the Unix epoch.
    pub updated_at: u64,
    /// Tries, in order; at most one of them holds or moved money.
    pub charges: Vec<Charge>,
}

/// A try to charge an order.
#[derive(Debug, Clone)]
pub struct Charge {
    /// 24 hex digits.
    pub id: String,
    /// What was asked for.
    pub draft: ChargeDraft,
    /// The card behind the token.
    pub card: Card,
    /// What became of it.
    pub status: Status,
    /// Why it was declined.
    pub decline: Option<Decline>,
    /// Amount in minor units.
    pub amount: u64,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
    /// Seconds since the Unix epoch.
    pub paid_at: Option<u64>,
    /// Money that went back.
    pub refunds: Vec<Refund>,
    /// End of cash and transfers that are not paid, in seconds since the Unix epoch.
    pub expires_at: Option<u64>,
    /// Whether the buyer has a challenge before them.
    pub challenged: bool,
    /// Where a chargeback stands, when there is one.
    pub chargeback: Option<&'static str>,
}

/// Money that went back.
#[derive(Debug, Clone)]
pub struct Refund {
    /// 24 hex digits.
    pub id: String,
    /// Amount in minor units, positive here and negative in the vendor's list.
    pub amount: u64,
    /// The reason given.
    pub reason: String,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
}

impl Order {
    /// Whether the order was made with a live key.
    pub fn livemode(&self) -> bool {
        self.key.contains("live")
    }

    /// The charge that moved or holds money, or did, or still may.
    pub fn settled_charge(&mut self) -> Option<&mut Charge> {
        self.charges.iter_mut().find(|charge| charge.status != Status::Declined)
    }

    /// The order as a read sees it that is behind: without charges that are younger than the horizon.
    pub fn seen(&self, horizon_ms: u64) -> Cow<'_, Self> {
        let old = |charge: &&Charge| charge.created_at.saturating_mul(1000) <= horizon_ms;
        if self.charges.iter().all(|charge| old(&charge)) {
            return Cow::Borrowed(self);
        }
        let charges: Vec<Charge> = self.charges.iter().filter(old).cloned().collect();
        let status = charges.last().map(|charge| charge.status);
        Cow::Owned(Self { charges, status, amount_refunded: 0, ..self.clone() })
    }

    /// The order as the vendor shows it: with the nulls that it really sends, and a field that nobody announced.
    pub fn render(&self) -> Value {
        let draft = &self.draft;
        let challenged = self.charges.last().is_some_and(|charge| charge.challenged);
        // The vendor hides a charge for as long as its challenge is open.
        let charges = (!self.charges.is_empty() && !challenged).then(|| {
            list(&self.charges.iter().rev().map(|charge| self.render_charge(charge)).collect::<Vec<_>>())
        });
        json!({
            "object": "order",
            "id": self.id,
            "livemode": self.livemode(),
            "amount": draft.amount,
            "amount_refunded": self.amount_refunded,
            "currency": draft.currency,
            "payment_status": self.status.map(Status::word),
            "is_refundable": self.status.is_some_and(Status::refundable),
            "processing_mode": null,
            "channel": null,
            "checkout": null,
            "next_action": challenged.then(|| self.render_challenge()),
            "fiscal_entity": null,
            "shipping_contact": null,
            "three_ds_mode": draft.three_ds_mode,
            "return_url": draft.return_url,
            "customer_info": {
                "object": "customer_info",
                "customer_id": null,
                "customer_custom_reference": null,
                "name": draft.customer.name,
                "email": draft.customer.email,
                "phone": draft.customer.phone,
                "corporate": false,
                "antifraud_info": null,
            },
            "line_items": list(&self.render_lines()),
            "tax_lines": draft.lines("tax_lines").map(list),
            "shipping_lines": draft.lines("shipping_lines").map(list),
            "discount_lines": draft.lines("discount_lines").map(list),
            "metadata": draft.metadata,
            "charges": charges,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "unannounced_field": [1, "two", { "three": null }],
        })
    }

    /// A charge as the vendor shows it inside its order.
    pub fn render_charge(&self, charge: &Charge) -> Value {
        let refunds = (!charge.refunds.is_empty()).then(|| {
            list(&charge.refunds.iter().map(|refund| render_refund(refund, charge)).collect::<Vec<_>>())
        });
        json!({
            "object": "charge",
            "id": charge.id,
            "livemode": self.livemode(),
            "order_id": self.id,
            "status": charge.status.word(),
            "amount": charge.amount,
            "currency": self.draft.currency,
            "fee": charge.amount * 36 / 1000 + 290,
            "description": "Payment from order",
            "reference_id": charge.draft.reference_id,
            "created_at": charge.created_at,
            "paid_at": charge.paid_at,
            "customer_id": null,
            "channel": null,
            "device_fingerprint": null,
            "session_id": null,
            "failure_code": charge.decline.map(|decline| decline.failure_code),
            "failure_message": charge.decline.map(|decline| decline.message[0]),
            "is_refundable": charge.status.refundable(),
            "monthly_installments": null,
            "refunds": refunds,
            "payment_method": self.render_method(charge),
            "chargeback": charge.chargeback.map(|status| render_chargeback(charge, status)),
        })
    }

    fn render_method(&self, charge: &Charge) -> Value {
        let reference =
            charge.id.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 90_000_000_000_000);
        match charge.draft.method {
            Method::Card => json!({
                "object": "card_payment",
                "type": "credit",
                "account_type": "CREDIT",
                "auth_code": charge.paid_at.map(|_| auth_code(&charge.id)),
                "brand": charge.card.brand,
                "contract_id": null,
                "country": "MX",
                "customer_ip_address": charge.draft.customer_ip_address,
                "exp_month": "08",
                "exp_year": "30",
                "fraud_indicators": [],
                "issuer": charge.card.issuer,
                "last4": charge.card.last4,
                "name": self.draft.customer.name,
                "three_ds_flow_required": charge.challenged,
                "tracking_number": null,
            }),
            Method::Cash => json!({
                "object": "cash_payment",
                "type": "oxxo",
                "reference": (10_000_000_000_000 + reference).to_string(),
                "barcode_url": format!("https://barcodes.conekta.com/{}.png", charge.id),
                "service_name": "OxxoPay",
                "store_name": "OXXO",
                "product_type": "oxxo_cash_in",
                "agreement": null,
                "expires_at": charge.expires_at,
            }),
            Method::Spei => json!({
                "object": "bank_transfer_payment",
                "type": "spei",
                "clabe": format!("6461{reference:014}"),
                "bank": "STP",
                "expires_at": charge.expires_at,
                "executed_at": charge.paid_at,
                "tracking_code": charge.paid_at.map(|_| charge.id.clone()),
                "reference_number": null,
                "issuing_account_bank": null,
                "issuing_account_number": null,
            }),
        }
    }

    fn render_challenge(&self) -> Value {
        json!({
            "type": "redirect_to_url",
            "redirect_to_url": {
                "url": format!("https://3ds-pay.conekta.com/{}", self.id),
                "return_url": self.draft.return_url,
            },
        })
    }

    fn render_lines(&self) -> Vec<Value> {
        let with_id = |(line, id): (&Map<String, Value>, &String)| {
            let mut shown = line.clone();
            shown.insert("object".to_owned(), json!("line_item"));
            shown.insert("id".to_owned(), json!(id));
            shown.insert("parent_id".to_owned(), json!(self.id));
            for absent in ["sku", "description", "brand", "tags", "metadata", "antifraud_info"] {
                shown.entry(absent).or_insert(Value::Null);
            }
            Value::Object(shown)
        };
        self.draft.line_items.iter().zip(&self.line_item_ids).map(with_id).collect()
    }
}

/// A list of the vendor's, on one page.
pub fn list(data: &[Value]) -> Value {
    json!({
        "object": "list",
        "has_more": false,
        "total": data.len(),
        "next_page_url": null,
        "previous_page_url": null,
        "data": data,
    })
}

fn render_refund(refund: &Refund, charge: &Charge) -> Value {
    // The vendor shows the amount of a refund below zero.
    let amount = i64::try_from(refund.amount).map_or(i64::MIN, |amount| -amount);
    json!({
        "object": "refund",
        "id": refund.id,
        "amount": amount,
        "reason": refund.reason,
        "auth_code": auth_code(&charge.id),
        "status": "refunded",
        "expires_at": null,
        "created_at": refund.created_at,
    })
}

fn render_chargeback(charge: &Charge, status: &str) -> Value {
    json!({
        "object": "chargeback",
        "id": format!("cbk_{}", charge.id),
        "status": status,
        "amount": charge.amount,
        "reason": null,
        "created_at": charge.created_at,
    })
}

/// Six digits that belong to a charge.
fn auth_code(charge_id: &str) -> String {
    let number = charge_id.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 900_000);
    (number + 100_000).to_string()
}
