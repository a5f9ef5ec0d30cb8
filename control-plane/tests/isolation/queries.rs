//! Counts the database queries of this process, as the driver tells of them.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const TARGET: &str = "sqlx::query";
/// Pause between two looks, and how many must show the same.
const LOOK: Duration = Duration::from_millis(4);
const QUIET_LOOKS: u32 = 5;

static COUNT: AtomicUsize = AtomicUsize::new(0);
static BEGUN: Once = Once::new();

/// How many there were since the first time that this was asked, as soon as all is quiet: the driver tells of a query
/// after it has given the answer.
pub async fn count() -> usize {
    BEGUN.call_once(|| tracing::subscriber::set_global_default(Counter).expect("the only one"));
    let mut before = COUNT.load(Ordering::SeqCst);
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        tokio::time::sleep(LOOK).await;
        let now = COUNT.load(Ordering::SeqCst);
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    before
}

struct Counter;

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == TARGET {
            COUNT.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
