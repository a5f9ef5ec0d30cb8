//! `DELETE /admin/empresas/{empresa_id}/routers/{router_id}`: only a router that never sold anything.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::code::Code;
use crate::domain::id::{CompanyId, RouterId};
use crate::http::app::Shared;
use crate::http::error::ApiError;
use crate::http::extract::{Segments, SuperAdmin};
use crate::http::operation::{Access, Operation};
use crate::http::shape::{done, text};
use crate::tenants::routers;
use crate::text::Language;

/// The operation of this file.
#[must_use]
pub fn operation() -> Operation {
    Operation::delete("/admin/empresas/{empresa_id}/routers/{router_id}", handle)
        .titled("Borra un router que no vende ni ha vendido", "Delete a router that sells and sold nothing")
        .open_to(Access::SuperAdmin)
        .gives(done(
            &[Code::RouterDeleted],
            [("router_id", text("RTR_00AA11BB")), ("empresa_id", text("EMP_3A9F1C0B2D"))],
        ))
        .fails(&[
            Code::CompanyNotFound,
            Code::RouterNotFound,
            Code::RouterHasProducts,
            Code::RouterHasTransactions,
        ])
}

/// See the module.
///
/// # Errors
/// `company_not_found`, `router_not_found`, `router_has_products`, `router_has_transactions`, or when the database does
/// not answer.
pub async fn handle(
    State(app): State<Shared>,
    _: SuperAdmin,
    Segments((company, router)): Segments<(String, String)>,
    language: Language,
) -> Result<Json<Value>, ApiError> {
    let (company, router) = (CompanyId::new(company), RouterId::new(router));
    routers::find(&app.store, &company, &router).await?;
    let site = routers::delete(&app.store, &company, &router).await?;
    app.api_keys.forget();
    app.hub.disconnect_site(&site);
    let code = Code::RouterDeleted;
    Ok(Json(json!({
        "message": language.code(code),
        "code": code.as_str(),
        "router_id": router,
        "empresa_id": company,
    })))
}
