//! A payment in the gateway's own words, for portals that ask about one by its id. Writes nothing.

use super::PurchaseError;
use super::Purchases;
use super::admin::AdminError;
use super::offer::key_field;
use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::gateway::{GatewayName, Key, PaymentFacts};
use crate::store::credentials;
use crate::vault::Context;

impl Purchases {
    /// What Mercado Pago shows of a payment to the company, asked with the key in use, for a portal of `router`.
    ///
    /// # Errors
    /// `rate_limited`, `gateway_not_configured`, the code of the gateway's refusal, or when the key cannot be read.
    pub async fn payment_facts(
        &self,
        company: &CompanyId,
        router: &RouterId,
        payment: i64,
    ) -> Result<PaymentFacts, AdminError> {
        let parts = &self.0.parts;
        let counted = parts.limits.gateway_read(router, parts.clock.now());
        counted.map_err(|_| AdminError::Refused(Code::RateLimited))?;
        let gateway = GatewayName::MercadoPago;
        let credential = {
            let mut reader = parts.store.reader().await?;
            credentials::current(&mut reader.conn(), company, gateway.as_str()).await?
        };
        let credential = credential.ok_or(AdminError::Refused(Code::GatewayNotConfigured))?;
        let context = Context { tenant: company.as_str(), field: key_field(gateway) };
        let key = parts.vault.open_sealed(&context, &credential.key_sealed).map_err(PurchaseError::from)?;
        let facts = parts.gateways.of(gateway).facts(Key(key), payment.to_string()).await;
        facts.map_err(AdminError::Refused)
    }
}
