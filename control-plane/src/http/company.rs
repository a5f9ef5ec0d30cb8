//! Endpoints for admins of a company. The session says which company it is.

pub mod conekta_change;
pub mod conekta_show;
pub mod product_change;
pub mod product_create;
pub mod product_deactivate;
mod product_details;
pub mod product_list;
pub mod product_show;
mod product_view;
pub mod review_list;
pub mod router_change;
pub mod router_list;
pub mod router_profiles;
pub mod router_test;
pub mod show;
pub mod stray_acknowledge;
pub mod transaction_list;
pub mod transaction_refund;
pub mod transaction_resolve;
pub mod transaction_show;

/// Stands for a secret in answers; written back it means unchanged.
const MASK: &str = "********";
