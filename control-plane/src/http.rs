//! The public HTTP interface.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what handlers may use |
//! | [`frame`] | request id, language, log span and the bodies of errors |
//! | [`paths`] | what holds for a path: cross-origin headers, the redirect of a slash too many |
//! | [`error`] | error answers; the one file with statuses of error codes |
//! | [`body`] | reading and checking what was sent |
//! | [`client`] | whom a request comes from |
//! | [`extract`] | who is asking |
//! | [`account`] | what all endpoints about users share |
//! | [`transaction`] | how panels see a transaction, its refunds, and what waits for a person |
//! | [`portal`] | endpoints for captive portals (router API key) |
//! | [`session`] | logging in and out |
//! | [`csv`] | files for spreadsheets |
//! | [`company`] | endpoints for admins of a company |
//! | [`admin`] | endpoints for operators of the platform |
//! | [`service`] | health and readiness |
//! | [`webhook`] | notifications of the gateways |
//! | [`setup`] | the page that makes the first super admin |
//!
//! A handler parses, calls one function and renders. No SQL and no gateway here.

pub mod account;
pub mod admin;
pub mod app;
pub mod body;
pub mod client;
pub mod company;
pub mod csv;
pub mod error;
pub mod extract;
pub mod frame;
pub mod paths;
pub mod portal;
pub mod service;
pub mod session;
pub mod setup;
pub mod transaction;
pub mod webhook;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use app::Shared;
use error::ApiError;
use paths::{Paths, cross_origin, nowhere, portal_cors, session_cors};

use crate::domain::code::Code;
use crate::outbox::TrialError;
use crate::tenants::TenantError;

type Routes = Vec<(&'static str, MethodRouter<Shared>)>;

/// For captive portals: router API key, any origin.
#[rustfmt::skip]
fn portal_routes() -> Routes {
    vec![
        ("/api/v1/config/public", get(portal::public_config::handle)),
        ("/api/v1/catalogo_perfiles_venta", get(portal::catalogue::handle)),
        ("/api/v1/catalogo_perfiles_venta/debug", get(portal::catalogue_debug::handle)),
        ("/api/v1/catalogo_perfiles_venta/{producto_id}", get(portal::catalogue_item::handle)),
        ("/api/v1/payments/pagar-conekta", post(portal::pay_conekta::handle)),
        ("/api/v1/payments/pagar-mercado-pago", post(portal::pay_mercado_pago::handle)),
        ("/api/v1/payments/estado-pago/{payment_id}", get(portal::gateway_status::handle)),
        ("/api/v1/payments/{id_transaccion}", get(portal::purchase_status::handle)),
        ("/api/v1/hotspot/auto-reconnect", post(portal::auto_reconnect::handle)),
        ("/api/v1/hotspot/user/profile-info", post(portal::profile_info::handle)),
        ("/api/v1/routers/validar-empresa-router", post(portal::router_validate::handle)),
    ]
}

/// Files that pages of anybody may show.
fn static_routes() -> Routes {
    vec![("/static/logos/{file}", get(service::logo::handle))]
}

/// For panels: session, configured origins only.
#[rustfmt::skip]
fn session_routes() -> Routes {
    vec![
        ("/api/v1/auth/login", post(session::log_in::handle)),
        ("/api/v1/auth/logout", post(session::log_out::handle)),
        ("/api/v1/auth/change-password", post(session::change_password::handle)),

        ("/api/v1/payments/configurar-credenciales", post(company::payment_settings::handle)),
        ("/api/v1/webhook/empresa/{empresa_id}/configurar-webhook", post(webhook::configure::handle)),
        ("/api/v1/webhook/empresa/{empresa_id}/estado-webhook", get(webhook::status::handle)),
        ("/api/v1/webhook/transaccion/{external_reference}", get(webhook::transaction::handle)),

        ("/api/v1/admin/mi-empresa", get(company::show::handle).put(company::change::handle)),
        ("/api/v1/admin/mi-empresa/configurar-credenciales", post(company::mercado_pago_change::handle)),
        ("/api/v1/admin/mi-empresa/mercado-pago", get(company::mercado_pago_show::handle)),
        ("/api/v1/admin/mi-empresa/conekta-config", put(company::conekta_change::handle)),
        ("/api/v1/admin/mi-empresa/configurar-conekta", post(company::conekta_change::handle)),
        ("/api/v1/admin/mi-empresa/conekta", get(company::conekta_show::handle)),
        ("/api/v1/admin/mi-empresa/logo", post(company::logo_change::handle)),
        ("/api/v1/admin/mi-empresa/dashboard", get(company::dashboard::handle)),
        ("/api/v1/admin/mi-empresa/routers", get(company::router_list::handle)),
        ("/api/v1/admin/mi-empresa/routers/{router_id}", put(company::router_change::handle)),
        ("/api/v1/admin/mi-empresa/transacciones", get(company::transaction_list::handle)),
        ("/api/v1/admin/mi-empresa/transacciones/{id}", get(company::transaction_show::handle)),
        ("/api/v1/admin/mi-empresa/transacciones/{id}/reembolso", post(company::transaction_refund::handle)),
        ("/api/v1/admin/mi-empresa/transacciones/{id}/resolver", post(company::transaction_resolve::handle)),
        ("/api/v1/admin/mi-empresa/revision", get(company::review_list::handle)),
        ("/api/v1/admin/mi-empresa/revision/pagos-sueltos/{gateway}/{payment_id}/enterado",
            post(company::stray_acknowledge::handle)),
        ("/api/v1/admin/mi-empresa/webhooks",
            get(company::webhook_list::handle).post(company::webhook_create::handle)),
        ("/api/v1/admin/mi-empresa/webhooks/{id}", get(company::webhook_show::handle)
            .put(company::webhook_change::handle).delete(company::webhook_delete::handle)),
        ("/api/v1/admin/mi-empresa/webhooks/{id}/probar", post(company::webhook_try::handle)),
        ("/api/v1/admin/mi-empresa/webhooks/{id}/rotar-secreto", post(company::webhook_rotate::handle)),
        ("/api/v1/admin/mi-empresa/webhooks/{id}/entregas", get(company::delivery_list::handle)),
        ("/api/v1/admin/mi-empresa/webhooks/{id}/entregas/{entrega_id}/reenviar",
            post(company::delivery_resend::handle)),
        ("/api/v1/admin/test-telegram", post(company::telegram_test::handle)),
        ("/api/v1/admin/products", post(company::product_create::handle).get(company::product_list::handle)),
        ("/api/v1/admin/products/{producto_id}", get(company::product_show::handle)
            .put(company::product_change::handle).delete(company::product_deactivate::handle)),
        ("/api/v1/admin/routers/{router_id}/mikrotik-profiles", get(company::router_profiles::handle)),
        ("/api/v1/admin/routers/{router_id}/test-connection", get(company::router_test::handle)),

        ("/admin/dashboard", get(admin::dashboard::handle)),
        ("/admin/empresas", post(admin::company_create::handle).get(admin::company_list::handle)),
        ("/admin/empresas/{empresa_id}/stats", get(admin::company_stats::handle)),
        ("/admin/empresas/{empresa_id}/routers", post(admin::router_create::handle).get(admin::router_list::handle)),
        ("/admin/empresas/{empresa_id}/routers/{router_id}",
            get(admin::router_show::handle).delete(admin::router_delete::handle)),
        ("/admin/empresas/{empresa_id}/routers/{router_id}/toggle-activo", put(admin::router_toggle::handle)),
        ("/admin/empresas/{empresa_id}/routers/{router_id}/enrolamiento", post(admin::enrolment::handle)),
        ("/admin/empresas/{empresa_id}/routers/{router_id}/regenerate-api-key", post(admin::key_regenerate::handle)),
        ("/admin/empresas/{empresa_id}/routers/{router_id}/api-keys", get(admin::key_list::handle)),
        ("/admin/empresas/{empresa_id}/routers/{router_id}/api-keys/{key_id}/revoke", post(admin::key_revoke::handle)),
        ("/admin/empresas/{empresa_id}/routers/{router_id}/api-key-status", get(admin::key_status::handle)),
        ("/admin/revision", get(admin::review_list::handle)),
        ("/admin/empresas/{empresa_id}/transacciones/{id}", get(admin::transaction_show::handle)),
        ("/admin/empresas/{empresa_id}/transacciones/{id}/resolver", post(admin::transaction_resolve::handle)),
        ("/admin/empresas/{empresa_id}/revision/pagos-sueltos/{gateway}/{payment_id}/enterado",
            post(admin::stray_acknowledge::handle)),
        ("/admin/usuarios", post(admin::user_create::handle).get(admin::user_list::handle)),
        ("/admin/usuarios/{usuario_id}", get(admin::user_show::handle)),
        ("/admin/usuarios/{usuario_id}/toggle-activo", put(admin::user_toggle::handle)),
    ]
}

/// For gateways: signed, never from a browser.
#[rustfmt::skip]
fn webhook_routes() -> Routes {
    vec![
        ("/api/v1/webhook", post(webhook::either::handle)),
        ("/api/v1/webhook/conekta", post(webhook::conekta::handle)),
        ("/api/v1/webhook/conekta/{ruta}", post(webhook::conekta_company::handle)),
        ("/api/v1/webhook/mercado-pago", post(webhook::mercado_pago::handle)),
        ("/api/v1/webhook/mercado-pago/{ruta}", post(webhook::mercado_pago_company::handle)),
        ("/api/v1/webhook/test-webhook", get(webhook::test::handle)),
    ]
}

/// For everybody.
#[rustfmt::skip]
fn open_routes() -> Routes {
    vec![
        ("/", get(service::root::handle)),
        ("/health", get(service::health::handle)),
        ("/ready", get(service::ready::handle)),
        ("/setup/{secret}", get(setup::show::handle).post(setup::submit::handle)),
    ]
}

/// The whole public interface.
pub fn router(app: &Shared) -> Router {
    let groups = [
        (portal_routes(), Some(portal_cors())),
        (static_routes(), Some(portal_cors())),
        (session_routes(), session_cors(&app.config.http.cors_origins)),
        (webhook_routes(), None),
        (open_routes(), None),
    ];
    let mut known = Vec::new();
    let mut router = Router::new();
    for (routes, cors) in groups {
        for (path, methods) in routes {
            known.push((path, cors.clone()));
            router = router.route(path, methods);
        }
    }
    let paths = Paths::new(known);
    let served = paths.clone();
    router
        .method_not_allowed_fallback(|| async { ApiError::new(Code::MethodNotAllowed) })
        .fallback(move |request: Request| async move { nowhere(&request, &served) })
        .layer(CatchPanicLayer::custom(frame::panicked))
        .layer(from_fn_with_state(paths, cross_origin))
        .layer(from_fn_with_state(app.clone(), frame::frame))
        .with_state(app.clone())
}

impl From<TrialError> for ApiError {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::TooMany(much) => Self::new(Code::RateLimited).retry_after(much.retry_after_s),
            TrialError::NotConfigured => Self::new(Code::TelegramNotConfigured),
            TrialError::Inside(inside) => Self::internal(inside.as_ref()),
        }
    }
}

impl From<TenantError> for ApiError {
    fn from(error: TenantError) -> Self {
        match error {
            // A panel asks for something that needs an active router; a portal is forbidden to use an inactive one.
            TenantError::Refused(Code::RouterInactive) => Self::router_inactive_for_panel(),
            TenantError::Refused(code) => Self::new(code),
            TenantError::Store(error) => error.into(),
        }
    }
}
