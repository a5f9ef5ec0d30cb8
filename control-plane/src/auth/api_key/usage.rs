//! Uses of keys, counted in memory until they are written together.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use crate::domain::id::ApiKeyId;
use crate::domain::time::Timestamp;
use crate::store::api_keys::Usage;

/// Most keys that are counted between two writes; uses of further keys are not counted.
const KEYS_MAX: usize = 65_536;

#[derive(Default)]
pub(super) struct Counter(Mutex<BTreeMap<ApiKeyId, (i64, Timestamp)>>);

impl Counter {
    pub(super) fn count(&self, key: &ApiKeyId, now: Timestamp) {
        let mut keys = self.keys();
        if let Some((count, last)) = keys.get_mut(key) {
            *count += 1;
            *last = now;
        } else if keys.len() < KEYS_MAX {
            keys.insert(key.clone(), (1, now));
        }
    }

    pub(super) fn take(&self) -> Vec<Usage> {
        let keys = std::mem::take(&mut *self.keys());
        keys.into_iter()
            .map(|(key_id, (count, last_used_at))| Usage { key_id, count, last_used_at })
            .collect()
    }

    pub(super) fn put_back(&self, usage: Vec<Usage>) {
        let mut keys = self.keys();
        for used in usage {
            let (count, last) = keys.entry(used.key_id).or_insert((0, used.last_used_at));
            *count += used.count;
            *last = used.last_used_at.max(*last);
        }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<ApiKeyId, (i64, Timestamp)>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}
