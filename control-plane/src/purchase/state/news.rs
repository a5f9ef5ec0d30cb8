//! What came of reading the payment of a settled purchase, because somebody said that there are news or because it was time
//! to look.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;
use crate::purchase::schedule;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// How often in a row nothing new was read.
    pub in_vain: u32,
    /// When it was read last.
    pub read_at: Option<Timestamp>,
    /// Whether nobody told of news: it is read because it is time to look.
    pub routine: bool,
    /// News that were told could not be read for hours; a person should know.
    pub unread: bool,
}

impl News {
    /// When news that are told now are read: at once, unless what was told before was nothing again and again.
    #[must_use]
    pub fn read_next(&self, now: Timestamp) -> Timestamp {
        self.read_at.map_or(now, |at| now.max(at.plus(schedule::news_pause_ms(self.in_vain))))
    }

    /// Takes note of a reading.
    pub fn was_read(&mut self, new: bool, now: Timestamp) {
        self.in_vain = if new { 0 } else { self.in_vain.saturating_add(1) };
        self.read_at = Some(now);
    }
}
