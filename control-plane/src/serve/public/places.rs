//! How many connections there may be at the same time: of everybody together, and of one address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::network::{Network, neighbourhood};

/// The places. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    per_client: u32,
    /// Proxies carry everybody's requests and are not limited.
    proxies: Arc<[Network]>,
    held: Arc<Mutex<BTreeMap<u64, u32>>>,
}

/// A place that is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    client: Option<u64>,
    held: Arc<Mutex<BTreeMap<u64, u32>>>,
    _one_of_all: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(all: usize, per_client: u32, proxies: &[Network]) -> Self {
        let held = Arc::default();
        Self { all: Arc::new(Semaphore::new(all)), per_client, proxies: proxies.into(), held }
    }

    /// Waits until there is a place for anybody; further connections wait in the system's queue meanwhile.
    pub(super) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives the place to a connection; none when its address has as many as it may.
    pub(super) fn take(&self, place: OwnedSemaphorePermit, from: IpAddr) -> Option<Place> {
        let held = Arc::clone(&self.held);
        if self.proxies.iter().any(|proxy| proxy.contains(from)) {
            return Some(Place { client: None, held, _one_of_all: place });
        }
        let client = neighbourhood(from);
        let mut counts = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= self.per_client {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Place { client: Some(client), held, _one_of_all: place })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut counts = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::domain::network::Network;

    #[tokio::test]
    async fn one_address_cannot_take_all_places_and_a_proxy_can() {
        let proxy = Network::parse("10.0.0.1").expect("a network");
        let places = Places::new(100, 2, &[proxy]);
        let take = async |from: &str| {
            let place = places.wait().await.expect("a place");
            places.take(place, from.parse().expect("an address"))
        };
        let held = [take("203.0.113.7").await, take("203.0.113.7").await];
        assert!(held.iter().all(Option::is_some));
        assert!(take("203.0.113.7").await.is_none());
        assert!(take("203.0.113.8").await.is_some());
        let many = [take("10.0.0.1").await, take("10.0.0.1").await, take("10.0.0.1").await];
        assert!(many.iter().all(Option::is_some));
        drop(held);
        assert!(take("203.0.113.7").await.is_some());
        drop(many);
        assert_eq!(places.all.available_permits(), 100);
        assert!(places.held.lock().expect("held").is_empty());
    }
}
