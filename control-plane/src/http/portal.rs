//! Endpoints for captive portals. The router's API key says which company and router they are about.

pub mod catalogue;
pub mod catalogue_debug;
pub mod catalogue_item;
pub mod gateway_status;
pub mod pay;
pub mod pay_conekta;
pub mod pay_mercado_pago;
mod payment_reply;
mod product_view;
pub mod public_config;
pub mod purchase_status;
pub mod router_validate;
