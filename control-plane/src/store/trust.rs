//! Whether a connection to PostgreSQL that was idle may be used without trying it first.
//!
//! Trying each one costs a journey to the server before every statement. So one that was idle only shortly is trusted; but
//! not when another one broke meanwhile, as when the server was restarted: then all of them did, and each would fail
//! somebody's request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::seams::instant;

/// A connection that was idle for so long is tried before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// When a connection of this process broke last.
static BROKEN_AT: Mutex<Option<Instant>> = Mutex::new(None);

/// Takes note of a failure, if it is one of the connection.
pub(super) fn failed(error: &sqlx::Error) {
    if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)) {
        *BROKEN_AT.lock().unwrap_or_else(PoisonError::into_inner) = Some(instant());
    }
}

/// Whether a connection that was idle for so long may be used as it is.
pub(super) fn is_trusted(idle_for: Duration) -> bool {
    let broken_at = *BROKEN_AT.lock().unwrap_or_else(PoisonError::into_inner);
    let quiet = broken_at.is_none_or(|at| at.elapsed() > idle_for);
    quiet && idle_for < TRUSTED_IDLE
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::{TRUSTED_IDLE, failed, is_trusted};

    #[tokio::test]
    async fn what_was_idle_while_another_broke_is_not_trusted() {
        failed(&sqlx::Error::RowNotFound);
        assert!(!is_trusted(TRUSTED_IDLE));
        failed(&sqlx::Error::Io(io::ErrorKind::UnexpectedEof.into()));
        assert!(!is_trusted(Duration::from_millis(500)));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(is_trusted(Duration::from_millis(1)), "it was used since");
    }
}
