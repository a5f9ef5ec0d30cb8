//! Where log lines go, and how they look.

use tracing_subscriber::filter::LevelFilter;

use crate::config::{Format, Level, Log};

/// Starts logging to standard error.
pub(super) fn start(log: &Log, terminal: bool) {
    let lines = tracing_subscriber::fmt()
        .with_max_level(level(log.level))
        .with_writer(std::io::stderr)
        .with_target(false);
    let json = match log.format {
        Format::Auto => !terminal,
        Format::Json => true,
        Format::Text => false,
    };
    // Fails only if something logs already, and then that is fine.
    let _ = if json {
        lines.json().flatten_event(true).with_current_span(false).with_span_list(true).try_init()
    } else {
        lines.with_ansi(terminal).try_init()
    };
}

fn level(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
