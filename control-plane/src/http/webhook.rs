//! Endpoints for the gateways' notifications, and for those who set them up.

pub mod conekta;
pub mod conekta_company;
pub mod configure;
pub mod either;
pub mod mercado_pago;
pub mod mercado_pago_company;
mod reading;
mod reply;
pub mod status;
pub mod test;
pub mod transaction;

use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::role::Role;
use crate::http::error::ApiError;
use crate::http::extract::Admin;
use crate::http::operation::Operation;

/// The endpoints for the gateways.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![
        either::operation(),
        conekta::operation(),
        conekta_company::operation(),
        mercado_pago::operation(),
        mercado_pago_company::operation(),
        test::operation(),
    ]
}

/// The endpoints for those who set them up.
#[must_use]
pub fn settings() -> Vec<Operation> {
    vec![configure::operation(), status::operation(), transaction::operation()]
}

/// The company that an operator, or its own admin, names; another one's does not exist for an admin.
fn company_of(admin: &Admin, named: String) -> Result<CompanyId, ApiError> {
    let own = match admin.0.role {
        Role::SuperAdmin => true,
        Role::CompanyAdmin => admin.0.user.company_id.as_deref() == Some(named.as_str()),
    };
    if own { Ok(CompanyId::new(named)) } else { Err(ApiError::new(Code::CompanyNotFound)) }
}
