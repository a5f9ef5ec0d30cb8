//! `GET /metrics` on a listener of its own: what was counted, and what is left to do now.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::causes::chain;
use crate::http::app::Shared;
use crate::metrics::{self, gauge};
use crate::purchase::state::Phase;
use crate::store::StoreError;
use crate::store::attention::{self, Counts, InPhase};
use crate::store::outbox::{self, Waiting};

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The whole internal interface.
pub fn router(app: &Shared) -> Router {
    Router::new().route("/metrics", get(handle)).with_state(app.clone())
}

/// What was counted is told also when the database is away; a gauge says whether it is.
async fn handle(State(app): State<Shared>) -> Response {
    let mut text = metrics::text();
    let ongoing = app.purchases.ongoing();
    let now_running = [
        ("pagos_purchases_running", "Purchases with a task in this process.", ongoing.running),
        ("pagos_refunds_under_way", "Refunds under way in this process.", ongoing.refunds),
        ("pagos_agents_connected", "Agents connected to this process.", app.hub.agents()),
    ];
    for (name, help, value) in now_running {
        gauge(&mut text, name, help, &[(vec![], i64::try_from(value).unwrap_or(i64::MAX))]);
    }
    let stored = stored(&app).await;
    let help = "Whether the database answered this scrape.";
    gauge(&mut text, "pagos_database_up", help, &[(vec![], i64::from(stored.is_ok()))]);
    match stored {
        Ok((phases, counts, waiting)) => {
            let now_ms = app.clock.now().0;
            left(&mut text, &phases, counts, now_ms);
            undelivered(&mut text, waiting, now_ms);
        }
        Err(error) => tracing::warn!(error = %chain(&error), "metrics could not be read from the database"),
    }
    (StatusCode::OK, [(CONTENT_TYPE, TEXT)], text).into_response()
}

async fn stored(app: &Shared) -> Result<(Vec<InPhase>, Counts, Waiting), StoreError> {
    let mut reader = app.store.reader().await?;
    let phases = attention::by_phase(&mut reader.conn()).await?;
    let counts = attention::count(&mut reader.conn(), None, app.clock.now()).await?;
    let waiting = outbox::waiting(&mut reader.conn()).await?;
    Ok((phases, counts, waiting))
}

/// What is to be told to endpoints and chats.
fn undelivered(text: &mut String, waiting: Waiting, now_ms: i64) {
    let help = "Webhooks and chat messages that are to be delivered.";
    gauge(text, "pagos_messages_due", help, &[(vec![], waiting.messages)]);
    let age = waiting.oldest.map_or(0, |oldest| (now_ms - oldest).max(0) / 1000);
    let help = "Age of the oldest of them; 0 when there is none.";
    gauge(text, "pagos_messages_due_oldest_seconds", help, &[(vec![], age)]);
}

/// What is left to do: every phase, also those in which there is nothing.
fn left(text: &mut String, phases: &[InPhase], counts: Counts, now_ms: i64) {
    let find = |phase: Phase| phases.iter().find(|row| row.phase == phase.as_str());
    let samples = |value: &dyn Fn(&InPhase) -> i64| -> Vec<(Vec<(&'static str, &'static str)>, i64)> {
        let of = |phase: Phase| (vec![("phase", phase.as_str())], find(phase).map_or(0, value));
        Phase::ALL.into_iter().map(of).collect()
    };
    let help = "Purchases that the machine or a person has left to do.";
    gauge(text, "pagos_purchases", help, &samples(&|row| row.purchases));
    let help = "Age of the oldest of them; 0 when there is none.";
    let age = |row: &InPhase| (now_ms - row.oldest).max(0) / 1000;
    gauge(text, "pagos_purchases_oldest_seconds", help, &samples(&age));
    let kinds = [
        ("purchase", counts.purchases),
        ("stray_payment", counts.strays),
        ("unknown_reservation", counts.reservations),
        ("webhook", counts.endpoints),
    ];
    let samples = kinds.map(|(kind, value)| (vec![("kind", kind)], value));
    gauge(text, "pagos_attention", "What waits for a person.", &samples);
    // Writing to a text cannot fail.
    let _ = writeln!(text);
}
