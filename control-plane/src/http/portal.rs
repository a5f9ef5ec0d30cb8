//! Endpoints for captive portals. The router's API key says which company and router they are about.

pub mod auto_reconnect;
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
pub mod profile_info;
pub mod public_config;
pub mod purchase_status;
pub mod router_validate;

use super::operation::Operation;

/// Longest name of a hotspot user, in characters.
const USERNAME_CHARS_MAX: usize = 255;
/// Longest password of a hotspot user, in characters.
const PASSWORD_CHARS_MAX: usize = 255;

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
        auto_reconnect::operation(),
        profile_info::operation(),
        router_validate::operation(),
    ]
}
