//! Waiting for something with a deadline.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::bail;

/// How often a condition is looked at, in milliseconds.
const LOOK_INTERVAL_MS: u64 = 20;

/// Looks until `look` finds something.
///
/// # Errors
/// When `look` fails, or finds nothing within `limit`; the text names `what`.
pub async fn until<T, F, W>(what: &str, limit: Duration, mut look: F) -> anyhow::Result<T>
where
    F: FnMut() -> W,
    W: Future<Output = anyhow::Result<Option<T>>>,
{
    let started = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if started.elapsed() > limit {
            bail!("waited {} s in vain: {what}", limit.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(LOOK_INTERVAL_MS)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn waiting_ends_as_soon_as_something_is_found() {
        let looks = Cell::new(0);
        let found = until("three looks", Duration::from_secs(5), || {
            looks.set(looks.get() + 1);
            std::future::ready(Ok((looks.get() == 3).then_some("found")))
        });
        assert_eq!(found.await.unwrap(), "found");
        assert_eq!(looks.get(), 3);
    }

    #[tokio::test]
    async fn waiting_in_vain_says_for_what() {
        let vain = until("a miracle", Duration::ZERO, || std::future::ready(Ok(None::<()>)));
        assert!(vain.await.unwrap_err().to_string().contains("a miracle"));
    }
}
