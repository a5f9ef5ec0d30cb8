//! What keys stand for, remembered for a few seconds.
//!
//! Another process may revoke a key: that is why the life is short. A change in this process clears the cache at once,
//! also for look-ups that began before it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::domain::time::Timestamp;
use crate::store::api_keys::Identity;

/// Longest time for which an identity is believed, in milliseconds.
const LIFE_MS: i64 = 3_000;
/// Most identities that are kept; then all are forgotten.
const ENTRIES_MAX: usize = 16_384;

#[derive(Default)]
pub(super) struct Cache(Mutex<Table>);

#[derive(Default)]
struct Table {
    generation: u64,
    entries: BTreeMap<[u8; 32], Entry>,
}

struct Entry {
    identity: Arc<Identity>,
    read_at: Timestamp,
    expires_at: Timestamp,
}

impl Cache {
    /// The identity of the key with `hash`, if it was read a moment ago.
    pub(super) fn find(&self, hash: &[u8; 32], now: Timestamp) -> Option<Arc<Identity>> {
        let table = self.table();
        let entry = table.entries.get(hash)?;
        let fresh = (0..LIFE_MS).contains(&now.since(entry.read_at)) && now < entry.expires_at;
        fresh.then(|| entry.identity.clone())
    }

    /// Changes with each [`Cache::clear`].
    pub(super) fn generation(&self) -> u64 {
        self.table().generation
    }

    /// Remembers an identity, unless the cache was cleared since `seen`.
    pub(super) fn keep(
        &self,
        seen: u64,
        hash: [u8; 32],
        identity: Arc<Identity>,
        read_at: Timestamp,
        expires_at: Timestamp,
    ) {
        let mut table = self.table();
        if table.generation != seen {
            return;
        }
        if table.entries.len() >= ENTRIES_MAX {
            table.entries.clear();
        }
        table.entries.insert(hash, Entry { identity, read_at, expires_at });
    }

    pub(super) fn clear(&self) {
        let mut table = self.table();
        table.generation += 1;
        table.entries.clear();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Cache, LIFE_MS};
    use crate::domain::id::{ApiKeyId, CompanyId, RouterId};
    use crate::domain::time::Timestamp;
    use crate::store::api_keys::Identity;

    fn identity() -> Arc<Identity> {
        Arc::new(Identity {
            key_id: ApiKeyId::new("key_1"),
            company_id: CompanyId::new("EMP_1"),
            router_id: RouterId::new("RTR_1"),
            company_active: true,
            router_active: true,
        })
    }

    #[test]
    fn an_identity_is_believed_for_a_while_and_never_beyond_the_key() {
        let cache = Cache::default();
        cache.keep(0, [1; 32], identity(), Timestamp(0), Timestamp(1_000));
        cache.keep(0, [2; 32], identity(), Timestamp(0), Timestamp(i64::MAX));
        assert!(cache.find(&[1; 32], Timestamp(999)).is_some());
        assert!(cache.find(&[1; 32], Timestamp(1_000)).is_none());
        assert!(cache.find(&[2; 32], Timestamp(LIFE_MS - 1)).is_some());
        assert!(cache.find(&[2; 32], Timestamp(LIFE_MS)).is_none());
        assert!(cache.find(&[2; 32], Timestamp(-1)).is_none(), "the clock went back");
    }

    #[test]
    fn a_look_up_that_began_before_a_change_is_not_remembered() {
        let cache = Cache::default();
        let seen = cache.generation();
        cache.clear();
        cache.keep(seen, [1; 32], identity(), Timestamp(0), Timestamp(i64::MAX));
        assert!(cache.find(&[1; 32], Timestamp(0)).is_none());
    }
}
