//! The control API: JSON over HTTP, for tests and for the sandbox. Meant for the loopback address only.

mod gateways;
mod handlers;
mod state;

use crate::clock::Clock;
use crate::conekta::Conekta;
use crate::fault::FaultBoard;
use crate::mercado_pago::MercadoPago;
use crate::routeros::router::Router;
use crate::webhook::Courier;
use crate::{http, listen};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// What the control API works on.
#[derive(Debug)]
pub struct Control {
    /// The time that routers and gateways go by.
    pub clock: Arc<Clock>,
    /// What is to go wrong.
    pub faults: Arc<FaultBoard>,
    /// The routers in the order they were configured.
    pub routers: Vec<Arc<Router>>,
    /// One gateway.
    pub conekta: Arc<Conekta>,
    /// The other.
    pub mercado_pago: Arc<MercadoPago>,
    /// What they tell without being asked.
    pub courier: Arc<Courier>,
}

/// Serves the control API for ever.
pub async fn serve(listener: TcpListener, control: Arc<Control>) {
    let routes = handlers::routes(Arc::clone(&control));
    listen::accept(listener, &control.faults, None, |stream, away| {
        let routes = routes.clone();
        http::serve(stream, away, move |request| {
            let routes = routes.clone();
            async move {
                let answer = routes.oneshot(request).await;
                Ok(answer.unwrap_or_else(|never: Infallible| match never {}))
            }
        })
    })
    .await;
}
