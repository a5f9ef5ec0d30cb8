//! All transactions of a company as a file, however many: written page by page while the client reads.
//!
//! A page is read only when the one before has left, so that memory stays the same and no connection to the database waits
//! for a slow client. A client that takes nothing for a while is given up; its file then ends with an error, not early.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::causes::chain;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;
use crate::http::app::App;
use crate::http::csv;
use crate::http::error::ApiError;
use crate::store::transactions::{self, Exported, Mark};
use crate::store::{Store, StoreError};

/// Most files that are written at the same time; more are told to come back.
pub const EXPORTS_MAX: usize = 4;
/// Transactions read at once.
const PAGE_ROWS: i64 = 500;
/// Longest wait for a client to take the next page, in milliseconds.
const STALL_MS: u64 = 60_000;
/// Names of the columns.
const COLUMNS: [&str; 17] = [
    "id",
    "transaccion_id",
    "referencia_externa",
    "creada_en",
    "pagada_en",
    "pasarela",
    "estado_pago",
    "estado_hotspot",
    "monto",
    "moneda",
    "router_id",
    "router",
    "producto",
    "cliente_nombre",
    "cliente_email",
    "cliente_telefono",
    "usuario_hotspot",
];

/// The file, as it is written.
///
/// # Errors
/// `rate_limited` when too many are written, or when the database does not answer.
pub(super) async fn answer(app: &App, company: CompanyId) -> Result<Response, ApiError> {
    let permit = Arc::clone(&app.exports).try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::new(Code::RateLimited))?;
    let today = app.clock.now().iso();
    let date = today.get(..10).unwrap_or_default();
    let name = format!("attachment; filename=\"transacciones_{company}_{date}.csv\"");
    let mut writing = Writing { store: app.store.clone(), company, mark: Mark::START, done: false };
    let first = writing.page().await?;
    let mut beginning = String::from(csv::BYTE_ORDER_MARK);
    csv::line(&mut beginning, COLUMNS);
    beginning.push_str(&first);
    let beginning = stream::iter([Ok(Bytes::from(beginning))]);
    let rest = if writing.done { None } else { Some(rest(writing, permit)) };
    let whole = beginning.chain(stream::iter(rest).flatten());
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, &name),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(whole)).into_response())
}

/// How far a file is written.
struct Writing {
    store: Store,
    company: CompanyId,
    mark: Mark,
    done: bool,
}

impl Writing {
    /// The next lines.
    async fn page(&mut self) -> Result<String, StoreError> {
        let rows = {
            let mut reader = self.store.reader().await?;
            transactions::after(&mut reader.conn(), &self.company, self.mark, PAGE_ROWS).await?
        };
        self.done = i64::try_from(rows.len()).unwrap_or(PAGE_ROWS) < PAGE_ROWS;
        if let Some(last) = rows.last() {
            self.mark = Mark::after(last);
        }
        let mut lines = String::new();
        for row in &rows {
            add(&mut lines, row)?;
        }
        Ok(lines)
    }
}

/// The pages after the first.
fn rest(
    writing: Writing,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (pages, reading) = mpsc::channel(1);
    crate::seams::spawn(write(writing, pages, permit));
    stream::unfold(Some(reading), |reading| async {
        let mut reading = reading?;
        Some(match reading.recv().await {
            Some(Page { lines, last: false }) => (Ok(lines), Some(reading)),
            Some(Page { lines, last: true }) => (Ok(lines), None),
            // A file that is not whole must not look whole.
            None => (Err(io::Error::other("the rest of the file could not be written")), None),
        })
    })
}

/// Some lines of a file.
struct Page {
    lines: Bytes,
    last: bool,
}

/// Writes until the end, or until nobody reads any more.
async fn write(mut writing: Writing, pages: mpsc::Sender<Page>, _permit: OwnedSemaphorePermit) {
    while !writing.done {
        let lines = match writing.page().await {
            Ok(lines) => Bytes::from(lines),
            Err(error) => {
                tracing::error!(error = %chain(&error), "transactions could not be read for a file");
                return;
            }
        };
        let page = Page { lines, last: writing.done };
        if pages.send_timeout(page, Duration::from_millis(STALL_MS)).await.is_err() {
            tracing::info!(company.id = %writing.company, "client took no more of its file");
            return;
        }
    }
}

fn add(lines: &mut String, row: &Exported) -> Result<(), StoreError> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells: [String; COLUMNS.len()] = [
        row.id.to_string(),
        row.public_id.clone(),
        optional(&row.external_reference),
        row.created_at.iso(),
        row.paid_at.map(|at| Timestamp(at).iso()).unwrap_or_default(),
        row.gateway.clone(),
        row.payment_state.clone(),
        row.hotspot_state.clone(),
        row.amount()?.exact(),
        row.currency.clone(),
        row.router_id.clone(),
        optional(&row.router_name),
        optional(&row.product_name),
        optional(&row.customer_name),
        optional(&row.customer_email),
        optional(&row.customer_phone),
        optional(&row.hotspot_user),
    ];
    csv::line(lines, cells.iter().map(String::as_str));
    Ok(())
}
