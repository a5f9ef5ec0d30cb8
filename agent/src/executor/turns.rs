//! Whose turn it is: at most one command per purchase at a time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// The purchases that have commands at work or waiting.
#[derive(Debug, Default, Clone)]
pub(super) struct Turns {
    locks: Arc<Mutex<BTreeMap<String, Lock>>>,
}

/// A purchase's turn; the next one comes when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    // Dropped in this order: the lock is free before its entry is looked at.
    _guard: OwnedMutexGuard<()>,
    _ticket: Ticket,
}

/// A place in a purchase's queue. Takes the queue away when it was the last one.
#[derive(Debug)]
struct Ticket {
    turns: Turns,
    purchase_id: String,
    lock: Lock,
}

impl Turns {
    /// Waits for the purchase's turn. Cancel-safe.
    pub(super) async fn wait(&self, purchase_id: &str) -> Turn {
        let lock = Arc::clone(self.locks().entry(purchase_id.to_owned()).or_default());
        let ticket = Ticket { turns: self.clone(), purchase_id: purchase_id.to_owned(), lock };
        let guard = Arc::clone(&ticket.lock).lock_owned().await;
        Turn { _guard: guard, _ticket: ticket }
    }

    fn locks(&self) -> MutexGuard<'_, BTreeMap<String, Lock>> {
        self.locks.lock().expect("no holder panics")
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut locks = self.turns.locks();
        // The map's and ours: nobody else waits.
        if Arc::strong_count(&self.lock) == 2 {
            locks.remove(&self.purchase_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_of_one_purchase_follow_each_other_and_leave_nothing_behind() {
        let turns = Turns::default();
        let first = turns.wait("TRX_1").await;
        let other = turns.wait("TRX_2").await;
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { drop(turns.wait("TRX_1").await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop((first, other));
        waiting.await.expect("the waiting turn came");
        assert!(turns.locks().is_empty());
    }

    #[tokio::test]
    async fn one_that_stops_waiting_leaves_nothing_behind() {
        let turns = Turns::default();
        let first = turns.wait("TRX_1").await;
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(5), turns.wait("TRX_1")).await;
        assert!(given_up.is_err());
        drop(first);
        assert!(turns.locks().is_empty());
    }
}
