//! Endpoints for captive portals. The router's API key says which company and router they are about.

pub mod catalogue;
pub mod catalogue_debug;
pub mod catalogue_item;
pub mod gateway_status;
pub mod pay;
pub mod pay_conekta;
pub mod pay_mercado_pago;
mod payment_reply;
mod payment_shape;
mod product_view;
pub mod public_config;
pub mod purchase_status;

use super::operation::Operation;

/// The endpoints.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![
        public_config::operation(),
        catalogue::operation(),
        catalogue_debug::operation(),
        catalogue_item::operation(),
        pay_conekta::operation(),
        pay_mercado_pago::operation(),
        gateway_status::operation(),
        purchase_status::operation(),
    ]
}
