//! What buyers and faults did, and when, for the timeline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::portal::Answer;

use super::scene::Seen;

/// Who breaks things and makes them whole.
const FAULT: &str = "FAULT";

/// Something that was done outside the programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When, in milliseconds.
    pub at_ms: i64,
    /// Who did it.
    pub who: &'static str,
    /// What.
    pub what: String,
}

/// Notes that everybody adds to.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    /// The buyer did or saw something now.
    pub fn buyer(&self, what: impl Into<String>) {
        self.add("buyer", what.into());
    }

    /// Something broke, or is whole again, now.
    pub fn fault(&self, what: impl Into<String>) {
        self.add(FAULT, what.into());
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Note> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether something broke.
    #[must_use]
    pub fn has_fault(&self) -> bool {
        self.all().iter().any(|note| note.who == FAULT)
    }

    fn add(&self, who: &'static str, what: String) {
        // The programs' clock: their times and ours stand in one list.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Note { at_ms, who, what });
    }
}

/// What a buyer saw, in a few words.
#[must_use]
pub fn seen(seen: &Seen) -> String {
    match seen {
        Ok(seen) => answer(seen),
        Err(why) => format!("no answer ({why})"),
    }
}

/// An answer in a few words.
#[must_use]
pub fn answer(answer: &Answer) -> String {
    match answer.hotspot_user() {
        "" => format!("{} {}", answer.status, answer.code()),
        user => format!("{} user {user}", answer.status),
    }
}
