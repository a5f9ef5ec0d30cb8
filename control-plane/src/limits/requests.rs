//! How often one portal key may ask, and how often one address may be refused.
//!
//! All phones of a site share one public address, so that what is good is never counted by address: only what is refused is.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::bucket::{Buckets, TooMuch};
use crate::domain::id::ApiKeyId;
use crate::domain::network::neighbourhood;
use crate::domain::time::Timestamp;

/// The limits in force, each for a minute.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Requests of one portal key.
    pub per_key: u32,
    /// Requests of one address that are refused for their credentials.
    pub refused_per_client: u32,
    /// Wrong passwords of one address, whatever the user.
    pub wrong_passwords_per_client: u32,
}

/// Counts requests.
#[derive(Debug)]
pub struct RequestLimits {
    rates: Rates,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    keys: Buckets<ApiKeyId>,
    refused: Buckets<u64>,
    passwords: Buckets<u64>,
}

impl RequestLimits {
    /// Starts counting.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self { rates, counts: Mutex::default() }
    }

    /// Counts a request of a portal key.
    ///
    /// # Errors
    /// [`TooMuch`] when the key has used up its minute.
    pub fn key(&self, key: &ApiKeyId, now: Timestamp) -> Result<(), TooMuch> {
        self.lock().keys.take(key.clone(), self.rates.per_key, now)
    }

    /// Counts a request that is refused for its credentials.
    ///
    /// # Errors
    /// [`TooMuch`] when the address has used up its minute.
    pub fn refused(&self, client: Option<IpAddr>, now: Timestamp) -> Result<(), TooMuch> {
        let Some(client) = client else { return Ok(()) };
        self.lock().refused.take(neighbourhood(client), self.rates.refused_per_client, now)
    }

    /// Counts a password before it is known whether it is wrong, so that many at once are not all tried.
    ///
    /// # Errors
    /// [`TooMuch`] when the address has used up its minute.
    pub fn password(&self, client: Option<IpAddr>, now: Timestamp) -> Result<(), TooMuch> {
        let Some(client) = client else { return Ok(()) };
        self.lock().passwords.take(neighbourhood(client), self.rates.wrong_passwords_per_client, now)
    }

    /// The password was not wrong: it is not counted.
    pub fn password_was_good(&self, client: Option<IpAddr>, now: Timestamp) {
        let Some(client) = client else { return };
        let rate = self.rates.wrong_passwords_per_client;
        self.lock().passwords.give_back(&neighbourhood(client), rate, now);
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Rates, RequestLimits};
    use crate::domain::id::ApiKeyId;
    use crate::domain::time::Timestamp;

    fn limits() -> RequestLimits {
        RequestLimits::new(Rates { per_key: 600_000, refused_per_client: 2, wrong_passwords_per_client: 2 })
    }

    #[test]
    fn a_key_has_its_minute_also_when_it_may_ask_very_often() {
        let (limits, key) = (limits(), ApiKeyId::new("key_1"));
        let asked = (0..700_000).filter(|_| limits.key(&key, Timestamp(0)).is_ok()).count();
        assert_eq!(asked, 600_000);
        assert!(limits.key(&ApiKeyId::new("key_2"), Timestamp(0)).is_ok());
        assert!(limits.key(&key, Timestamp(1)).is_ok());
    }

    #[test]
    fn good_passwords_cost_an_address_nothing() {
        let limits = limits();
        let client = "203.0.113.7".parse::<IpAddr>().ok();
        for _ in 0..100 {
            assert!(limits.password(client, Timestamp(0)).is_ok());
            limits.password_was_good(client, Timestamp(0));
        }
        assert!(limits.password(client, Timestamp(0)).is_ok());
        assert!(limits.password(client, Timestamp(0)).is_ok());
        assert!(limits.password(client, Timestamp(0)).is_err());
        assert!(limits.refused(client, Timestamp(0)).is_ok(), "counted apart");
        assert!(limits.password("203.0.113.8".parse().ok(), Timestamp(0)).is_ok());
        assert!(limits.password(None, Timestamp(0)).is_ok());
    }
}
