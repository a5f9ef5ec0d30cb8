//! How often somebody may be wrong about a name and its password.
//!
//! A try counts from its beginning, so that many at once are slowed like many in a row, and is taken back once it was
//! right or could not be judged. So whoever knows a password is slowed by others' guesses only.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::bucket::{Buckets, TooMuch};
use crate::domain::id::RouterId;
use crate::domain::time::Timestamp;

/// Wrong tries a minute.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Of all devices and users of a router.
    pub per_router: u32,
    /// Of one device of a router.
    pub per_device: u32,
    /// About one user of a router.
    pub per_user: u32,
}

/// Counts tries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Guesses(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    patience: Patience,
    counts: Mutex<Buckets<Key>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    All,
    Device(String),
    User(String),
}

type Key = (RouterId, Who);

/// One try, which counts unless it is taken back.
#[derive(Debug)]
pub struct Guess {
    guesses: Guesses,
    keys: Vec<(Key, u32)>,
}

impl Guesses {
    /// Starts counting.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self(Arc::new(Inner { patience, counts: Mutex::default() }))
    }

    /// Counts one try about `user`, by `device` if it is known.
    ///
    /// # Errors
    /// [`TooMuch`] when there were too many wrong ones; then nothing is counted.
    pub fn begin(
        &self,
        router: &RouterId,
        device: Option<&str>,
        user: &str,
        now: Timestamp,
    ) -> Result<Guess, TooMuch> {
        let patience = self.0.patience;
        let mut keys = vec![
            ((router.clone(), Who::All), patience.per_router),
            // Whether routers tell capitals from small letters is not known.
            ((router.clone(), Who::User(user.to_lowercase())), patience.per_user),
        ];
        if let Some(device) = device {
            keys.push(((router.clone(), Who::Device(device.to_owned())), patience.per_device));
        }
        let mut counts = self.lock();
        for (key, per_minute) in &keys {
            counts.room(key, *per_minute, now)?;
        }
        for (key, per_minute) in &keys {
            counts.take(key.clone(), *per_minute, now)?;
        }
        drop(counts);
        Ok(Guess { guesses: self.clone(), keys })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Buckets<Key>> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guess {
    /// Takes the try back: it was right, or nobody learnt whether it was.
    pub fn take_back(self, now: Timestamp) {
        let mut counts = self.guesses.lock();
        for (key, per_minute) in &self.keys {
            counts.give_back(key, *per_minute, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Guesses, Patience};
    use crate::domain::id::RouterId;
    use crate::domain::time::Timestamp;

    fn guesses() -> Guesses {
        Guesses::new(Patience { per_router: 6, per_device: 2, per_user: 3 })
    }

    #[test]
    fn wrong_tries_are_slowed_per_device_user_and_router() {
        let (guesses, router) = (guesses(), RouterId::new("RTR_1"));
        let wrong = |device, user| guesses.begin(&router, device, user, Timestamp(0)).is_ok();
        assert!(wrong(Some("a"), "x") && wrong(Some("a"), "y"));
        assert!(!wrong(Some("a"), "z"), "the device");
        assert!(wrong(Some("b"), "X") && wrong(None, "x"));
        assert!(!wrong(Some("c"), "x"), "the user");
        assert!(wrong(None, "p") && wrong(None, "q"));
        assert!(!wrong(Some("d"), "r"), "the router");
        assert!(guesses.begin(&RouterId::new("RTR_2"), Some("a"), "x", Timestamp(0)).is_ok());
        assert!(guesses.begin(&router, Some("a"), "z", Timestamp(30_000)).is_ok(), "time heals");
    }

    #[test]
    fn what_is_taken_back_never_slows_anybody() {
        let (guesses, router) = (guesses(), RouterId::new("RTR_1"));
        for _ in 0..100 {
            let guess = guesses.begin(&router, Some("a"), "x", Timestamp(0)).expect("room");
            guess.take_back(Timestamp(5));
        }
        let at_work = (guesses.begin(&router, Some("a"), "x", Timestamp(9)), ());
        assert!(at_work.0.is_ok());
        assert!(guesses.begin(&router, Some("a"), "x", Timestamp(9)).is_ok());
        assert!(guesses.begin(&router, Some("a"), "x", Timestamp(9)).is_err(), "as many at once as in a row");
    }
}
