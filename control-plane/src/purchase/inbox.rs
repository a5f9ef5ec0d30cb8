//! What a running purchase is told from outside.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::machine::{Message, Refusal};

/// Most messages that wait for one purchase.
const LETTERS_MAX: usize = 32;

/// A message, and where it is answered if somebody waits.
pub(super) struct Letter {
    /// What is told.
    pub(super) message: Message,
    /// Hears that it is on disk, or why it was not taken.
    answer: Option<oneshot::Sender<Result<(), Refusal>>>,
}

impl Letter {
    /// A message that nobody waits for.
    pub(super) fn unanswered(message: Message) -> Self {
        Self { message, answer: None }
    }

    /// A message whose sender waits until it is on disk.
    pub(super) fn answered(message: Message) -> (Self, oneshot::Receiver<Result<(), Refusal>>) {
        let (answer, heard) = oneshot::channel();
        (Self { message, answer: Some(answer) }, heard)
    }

    /// It was taken in and is on disk.
    pub(super) fn taken(self) {
        self.end(Ok(()));
    }

    /// It was not taken in.
    pub(super) fn refused(self, refusal: Refusal) {
        self.end(Err(refusal));
    }

    fn end(self, result: Result<(), Refusal>) {
        if let Some(answer) = self.answer {
            // Who asked may have gone.
            let _ = answer.send(result);
        }
    }
}

/// The messages that wait for one purchase.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) letters: Letters,
    pub(super) wake: Notify,
}

/// A bounded queue.
#[derive(Default)]
pub(super) struct Letters(Mutex<VecDeque<Letter>>);

impl From<Vec<Letter>> for Letters {
    fn from(letters: Vec<Letter>) -> Self {
        Self(Mutex::new(letters.into()))
    }
}

impl Inbox {
    /// Adds a message and wakes the purchase. A full inbox drops it: its sender hears nothing and asks again.
    pub(super) fn put(&self, letter: Letter) {
        let mut letters = self.letters.0.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.len() < LETTERS_MAX {
            letters.push_back(letter);
            self.wake.notify_one();
        }
    }

    /// Takes all messages.
    pub(super) fn drain(&self) -> Vec<Letter> {
        self.letters.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.letters.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
