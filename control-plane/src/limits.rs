//! How much one router, and one device, may ask for; how often keys and addresses, in [`requests`].
//!
//! The portal key is public by nature, and all customers of a site share one public address: so what is good
//! is counted per router and per device, never per address.

pub mod guesses;
pub mod requests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use crate::domain::bucket::TooMuch;

use crate::domain::bucket::Buckets;
use crate::domain::id::RouterId;
use crate::domain::time::Timestamp;

/// A router's payment requests a minute, repeats included, are so many times its purchase attempts.
const REQUESTS_PER_ATTEMPT: u32 = 10;
/// Payments that the portals of a router may ask a gateway about a minute: each is a call with the company's key.
const GATEWAY_READS_PER_MINUTE: u32 = 60;

/// The limits in force.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Unpaid hotspot users a router may hold at once.
    pub reservations_in_flight: u32,
    /// Purchase attempts a minute per router.
    pub attempts_per_minute: u32,
    /// Purchase attempts a minute per device of a router.
    pub attempts_per_device_per_minute: u32,
}

/// Counts what goes on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Limits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    allowance: Allowance,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Per router, and per router and device.
    attempts: Buckets<(RouterId, Option<String>)>,
    /// Per router, repeats included.
    requests: Buckets<RouterId>,
    /// Per router.
    gateway_reads: Buckets<RouterId>,
    in_flight: BTreeMap<RouterId, u32>,
}

/// One reservation in flight; counted until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    limits: Limits,
    router: RouterId,
}

impl Limits {
    /// Starts counting.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self(Arc::new(Inner { allowance, counts: Mutex::default() }))
    }

    /// Counts one payment request, which may repeat an earlier one.
    ///
    /// # Errors
    /// [`TooMuch`] when the router has used up its minute; then nothing is counted.
    pub fn request(&self, router: &RouterId, now: Timestamp) -> Result<(), TooMuch> {
        let per_minute = self.0.allowance.attempts_per_minute.saturating_mul(REQUESTS_PER_ATTEMPT);
        self.lock().requests.take(router.clone(), per_minute, now)
    }

    /// Counts one question about a payment that goes on to the gateway.
    ///
    /// # Errors
    /// [`TooMuch`] when the router has used up its minute; then nothing is counted.
    pub fn gateway_read(&self, router: &RouterId, now: Timestamp) -> Result<(), TooMuch> {
        self.lock().gateway_reads.take(router.clone(), GATEWAY_READS_PER_MINUTE, now)
    }

    /// Counts one purchase attempt: a request that is no repeat.
    ///
    /// # Errors
    /// [`TooMuch`] when the router or the device has used up its minute; then nothing is counted.
    pub fn attempt(&self, router: &RouterId, device: Option<&str>, now: Timestamp) -> Result<(), TooMuch> {
        let (allowance, mut counts) = (&self.0.allowance, self.lock());
        let all = (router.clone(), None);
        counts.attempts.room(&all, allowance.attempts_per_minute, now)?;
        if let Some(device) = device {
            let one = (router.clone(), Some(device.to_owned()));
            counts.attempts.take(one, allowance.attempts_per_device_per_minute, now)?;
        }
        counts.attempts.take(all, allowance.attempts_per_minute, now)
    }

    /// Counts one reservation until the returned value is dropped.
    ///
    /// # Errors
    /// [`TooMuch`] when the router holds as many as it may.
    pub fn reserve(&self, router: &RouterId) -> Result<Reservation, TooMuch> {
        let mut counts = self.lock();
        let held = counts.in_flight.entry(router.clone()).or_default();
        if *held >= self.0.allowance.reservations_in_flight {
            return Err(TooMuch { retry_after_s: 2 });
        }
        *held += 1;
        Ok(Reservation { limits: self.clone(), router: router.clone() })
    }

    /// Counts a reservation that exists already, whatever the limit says.
    #[must_use]
    pub fn reserved(&self, router: &RouterId) -> Reservation {
        *self.lock().in_flight.entry(router.clone()).or_default() += 1;
        Reservation { limits: self.clone(), router: router.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut counts = self.limits.lock();
        if let Some(held) = counts.in_flight.get_mut(&self.router) {
            *held -= 1;
            if *held == 0 {
                counts.in_flight.remove(&self.router);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Limits};
    use crate::domain::id::RouterId;
    use crate::domain::time::Timestamp;

    fn limits() -> Limits {
        Limits::new(Allowance {
            reservations_in_flight: 2,
            attempts_per_minute: 6,
            attempts_per_device_per_minute: 2,
        })
    }

    #[test]
    fn a_device_is_stopped_before_it_uses_up_the_router() {
        let (limits, router) = (limits(), RouterId::new("RTR_1"));
        let attempt = |device| limits.attempt(&router, device, Timestamp(0)).is_ok();
        assert!(attempt(Some("a")) && attempt(Some("a")));
        assert!(!attempt(Some("a")));
        assert!(attempt(Some("b")) && attempt(None) && attempt(None) && attempt(None));
        assert!(!attempt(None));
    }

    #[test]
    fn the_allowance_comes_back_with_time() {
        let (limits, router) = (limits(), RouterId::new("RTR_1"));
        for _ in 0..6 {
            assert_eq!(limits.attempt(&router, None, Timestamp(0)), Ok(()));
        }
        let refused = limits.attempt(&router, None, Timestamp(0)).expect_err("used up");
        assert_eq!(refused.retry_after_s, 11);
        assert_eq!(limits.attempt(&router, None, Timestamp(10_000)), Ok(()));
        assert_eq!(limits.attempt(&RouterId::new("RTR_2"), None, Timestamp(0)), Ok(()));
    }

    #[test]
    fn repeats_have_ten_times_the_room() {
        let (limits, router) = (limits(), RouterId::new("RTR_1"));
        for _ in 0..60 {
            assert_eq!(limits.request(&router, Timestamp(0)), Ok(()));
        }
        assert!(limits.request(&router, Timestamp(0)).is_err());
        assert_eq!(limits.attempt(&router, None, Timestamp(0)), Ok(()));
    }

    #[test]
    fn reservations_count_until_they_are_dropped() {
        let (limits, router) = (limits(), RouterId::new("RTR_1"));
        let held = (limits.reserve(&router), limits.reserve(&router));
        assert!(limits.reserve(&router).is_err());
        drop(held);
        assert!(limits.reserve(&router).is_ok());
    }
}
