//! What this process counts, for whoever watches it. Uses nothing of ours, so that everything may count.
//!
//! Counts live as long as the process. Labels come from closed sets of words, never from a tenant or a person.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Purchases that reached a phase without anything left to do.
    PurchasesEnded,
    /// Calls to gateways.
    GatewayCalls,
    /// Effects of purchases.
    Effects,
    /// Devices that asked to be let in again.
    Reconnections,
    /// Tries to deliver messages to endpoints and chats.
    Messages,
}

/// What is measured in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Calls to gateways.
    GatewayCalls,
}

impl Counter {
    const ALL: [Self; 5] =
        [Self::PurchasesEnded, Self::GatewayCalls, Self::Effects, Self::Reconnections, Self::Messages];

    const fn name(self) -> &'static str {
        match self {
            Self::PurchasesEnded => "pagos_purchases_ended_total",
            Self::GatewayCalls => "pagos_gateway_calls_total",
            Self::Effects => "pagos_effects_total",
            Self::Reconnections => "pagos_reconnections_total",
            Self::Messages => "pagos_messages_total",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::PurchasesEnded => "Times a purchase reached a phase that it does not leave by itself.",
            Self::GatewayCalls => "Calls to payment gateways by how they ended.",
            Self::Effects => "Effects of purchases at routers and gateways by how they ended.",
            Self::Reconnections => "Devices that asked to be let in again by how it ended.",
            Self::Messages => "Tries to deliver webhooks and chat messages by how they ended.",
        }
    }
}

impl Timer {
    const ALL: [Self; 1] = [Self::GatewayCalls];

    const fn name(self) -> &'static str {
        match self {
            Self::GatewayCalls => "pagos_gateway_call_seconds",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::GatewayCalls => "Duration of calls to payment gateways.",
        }
    }
}

/// Upper ends of the buckets of a timer, in microseconds and as they are written.
const BUCKETS: [(u64, &str); 11] = [
    (10_000, "0.01"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
    (60_000_000, "60"),
];

/// A name and its word.
type Label<'a> = (&'static str, &'a str);

#[derive(Debug, Clone, Default)]
struct Times {
    /// Per bucket, not summed up.
    buckets: [u64; BUCKETS.len()],
    count: u64,
    micros: u64,
}

static COUNTS: Mutex<BTreeMap<(Counter, String), u64>> = Mutex::new(BTreeMap::new());
static TIMES: Mutex<BTreeMap<(Timer, String), Times>> = Mutex::new(BTreeMap::new());

/// Counts one.
pub fn count(counter: Counter, labels: &[Label<'_>]) {
    *lock(&COUNTS).entry((counter, written(labels))).or_default() += 1;
}

/// Takes a duration down.
pub fn time(timer: Timer, labels: &[Label<'_>], took: Duration) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let mut times = lock(&TIMES);
    let times = times.entry((timer, written(labels))).or_default();
    times.count += 1;
    times.micros = times.micros.saturating_add(micros);
    if let Some(bucket) = BUCKETS.iter().position(|(end, _)| micros <= *end) {
        times.buckets[bucket] += 1;
    }
}

/// Everything counted so far, in the text format of Prometheus.
#[must_use]
pub fn text() -> String {
    let mut text = String::new();
    let counts = lock(&COUNTS).clone();
    for counter in Counter::ALL {
        head(&mut text, counter.name(), counter.help(), "counter");
        for ((_, labels), value) in counts.iter().filter(|((known, _), _)| *known == counter) {
            sample(&mut text, counter.name(), labels, *value);
        }
    }
    let times = lock(&TIMES).clone();
    for timer in Timer::ALL {
        head(&mut text, timer.name(), timer.help(), "histogram");
        for ((_, labels), times) in times.iter().filter(|((known, _), _)| *known == timer) {
            histogram(&mut text, timer.name(), labels, times);
        }
    }
    text
}

/// Adds a gauge with its samples: the labels and the value of each.
pub fn gauge(text: &mut String, name: &str, help: &str, samples: &[(Vec<Label<'_>>, i64)]) {
    head(text, name, help, "gauge");
    for (labels, value) in samples {
        sample(text, name, &written(labels), *value);
    }
}

fn histogram(text: &mut String, name: &str, labels: &str, times: &Times) {
    let mut below = 0;
    for ((_, end), count) in BUCKETS.iter().zip(times.buckets) {
        below += count;
        sample(text, &format!("{name}_bucket"), &format!("{labels},le=\"{end}\""), below);
    }
    sample(text, &format!("{name}_bucket"), &format!("{labels},le=\"+Inf\""), times.count);
    let seconds = format!("{}.{:06}", times.micros / 1_000_000, times.micros % 1_000_000);
    sample(text, &format!("{name}_sum"), labels, seconds);
    sample(text, &format!("{name}_count"), labels, times.count);
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a text cannot fail.
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn sample(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = match labels {
        "" => writeln!(text, "{name} {value}"),
        labels => writeln!(text, "{name}{{{labels}}} {value}"),
    };
}

/// Labels as they are written; their words hold nothing that would have to be escaped.
fn written(labels: &[Label<'_>]) -> String {
    labels.iter().map(|(name, word)| format!("{name}=\"{word}\"")).collect::<Vec<_>>().join(",")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Counter, Timer, count, gauge, text, time};

    #[test]
    fn counts_and_durations_are_written_as_prometheus_reads_them() {
        let labels = [("gateway", "test"), ("call", "read")];
        count(Counter::GatewayCalls, &labels);
        count(Counter::GatewayCalls, &labels);
        time(Timer::GatewayCalls, &labels, Duration::from_millis(60));
        time(Timer::GatewayCalls, &labels, Duration::from_secs(90));
        let text = text();
        for line in [
            "# TYPE pagos_gateway_calls_total counter",
            "pagos_gateway_calls_total{gateway=\"test\",call=\"read\"} 2",
            "# TYPE pagos_gateway_call_seconds histogram",
            "pagos_gateway_call_seconds_bucket{gateway=\"test\",call=\"read\",le=\"0.05\"} 0",
            "pagos_gateway_call_seconds_bucket{gateway=\"test\",call=\"read\",le=\"60\"} 1",
            "pagos_gateway_call_seconds_bucket{gateway=\"test\",call=\"read\",le=\"+Inf\"} 2",
            "pagos_gateway_call_seconds_sum{gateway=\"test\",call=\"read\"} 90.060000",
            "pagos_gateway_call_seconds_count{gateway=\"test\",call=\"read\"} 2",
        ] {
            assert!(text.lines().any(|written| written == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_gauge_may_have_no_labels() {
        let mut text = String::new();
        gauge(&mut text, "pagos_x", "X.", &[(vec![], 3)]);
        assert_eq!(text, "# HELP pagos_x X.\n# TYPE pagos_x gauge\npagos_x 3\n");
    }
}
