//! Asking the gateway what a payment is about, when no transaction of ours has its id.

use futures_util::future::BoxFuture;

use super::notice::Source;
use crate::domain::id::CompanyId;

/// What the gateway says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It carries this reference.
    Reference(String),
    /// It carries none, or the company has no such payment.
    NotOurs,
    /// It cannot be told now.
    Unknown,
}

/// Reads payments at the gateways.
pub trait LookUp: Send + Sync {
    /// The reference of a payment (Mercado Pago) or order (Conekta), read with the company's own key.
    fn reference_of(&self, company: CompanyId, source: Source, payment: String) -> BoxFuture<'_, Found>;
}

/// Asks nobody.
#[derive(Debug, Clone, Copy)]
pub struct NoLookUp;

impl LookUp for NoLookUp {
    fn reference_of(&self, _: CompanyId, _: Source, _: String) -> BoxFuture<'_, Found> {
        Box::pin(async { Found::Unknown })
    }
}
