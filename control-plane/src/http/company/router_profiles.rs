//! `GET /api/v1/admin/routers/{router_id}/mikrotik-profiles`: asked of the router now.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use pagos_protocol::outcome::Profile;
use pagos_protocol::{Action, Done, Outcome};
use serde_json::{Value, json};

use super::router_test::failure;
use crate::domain::code::Code;
use crate::domain::id::RouterId;
use crate::http::app::Shared;
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::extract::{CompanyAdmin, Segments};
use crate::link::LinkPort;
use crate::store::page::Page;
use crate::tenants::routers;

/// Longest wait for the router, in milliseconds.
const DEADLINE_MS: u64 = 15_000;

/// See the module.
///
/// # Errors
/// `router_not_found`, `router_inactive`, `router_credentials_incomplete`, `router_unreachable`, `router_login_failed`,
/// `router_error`, 422 for a page out of range, or when the database does not answer.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    Segments(id): Segments<String>,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>, ApiError> {
    let page = parameters.page(Page::default())?;
    let router = routers::find(&app.store, &admin.company, &RouterId::new(id)).await?;
    if !router.active {
        return Err(ApiError::router_inactive_for_panel());
    }
    if router.host.trim().is_empty() || router.username.trim().is_empty() {
        return Err(ApiError::new(Code::RouterCredentialsIncomplete));
    }
    let answer = app.hub.send(&router.id, Action::ListProfiles, Duration::from_millis(DEADLINE_MS)).await;
    match answer {
        Ok(Outcome::Done { done: Done::Profiles { profiles } }) => {
            Ok(Json(page.of(&profiles).iter().map(view).collect()))
        }
        other => Err(ApiError::live_check(failure(&other))),
    }
}

fn view(profile: &Profile) -> Value {
    json!({
        "id": profile.id,
        "name": profile.name,
        "session_timeout": profile.session_timeout,
        "idle_timeout": profile.idle_timeout,
        "keepalive_timeout": profile.keepalive_timeout,
        "status_autorefresh": profile.status_autorefresh,
        "shared_users": profile.shared_users,
        "rate_limit": profile.rate_limit,
        "address_list": profile.address_list,
        "mac_cookie_timeout": profile.mac_cookie_timeout,
    })
}
