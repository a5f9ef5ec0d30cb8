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
mod product_view;
pub mod profile_info;
pub mod public_config;
pub mod purchase_status;

/// Longest name of a hotspot user, in characters.
const USERNAME_CHARS_MAX: usize = 255;
/// Longest password of a hotspot user, in characters.
const PASSWORD_CHARS_MAX: usize = 255;
pub mod router_validate;
