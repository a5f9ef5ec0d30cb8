//! Asking the gateway what a payment is about, when no transaction of ours has its id.

use futures_util::future::BoxFuture;

use super::notice::Source;
use crate::causes::chain;
use crate::domain::id::CompanyId;
use crate::gateway::GatewayName;
use crate::purchase::Purchases;
use crate::purchase::sweep::Owner;

/// What the gateway says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It carries this reference.
    Reference(String),
    /// It carries none, or the company has no such payment.
    NotOurs,
    /// The gateway does not show it; a payment may be hidden in its first minutes.
    Hidden,
    /// It cannot be told now.
    Unknown,
}

/// Reads payments at the gateways.
pub trait LookUp: Send + Sync {
    /// The reference of a payment (Mercado Pago) or order (Conekta), read with the company's own key.
    fn reference_of(&self, company: CompanyId, source: Source, payment: String) -> BoxFuture<'_, Found>;
}

impl LookUp for Purchases {
    fn reference_of(&self, company: CompanyId, source: Source, payment: String) -> BoxFuture<'_, Found> {
        let gateway = match source {
            Source::Conekta => GatewayName::Conekta,
            Source::MercadoPago => GatewayName::MercadoPago,
        };
        Box::pin(async move {
            match self.owner_of(&company, gateway, &payment).await {
                Ok(Owner::Purchase(id)) => Found::Reference(id.to_string()),
                Ok(Owner::Nobody) => Found::NotOurs,
                Ok(Owner::Hidden) => Found::Hidden,
                Ok(Owner::Unknown) => Found::Unknown,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "owner of a payment could not be asked for");
                    Found::Unknown
                }
            }
        })
    }
}
