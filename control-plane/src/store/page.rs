//! Which part of a list is asked for.

/// Most rows of one page.
pub const LIMIT_MAX: i64 = 1000;

/// A part of a list; all of it by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most this many rows.
    pub limit: i64,
    /// After this many rows.
    pub offset: i64,
}

impl Page {
    /// This part of a list that is in memory.
    #[must_use]
    pub fn of<T>(self, list: &[T]) -> &[T] {
        let at = |count: i64| usize::try_from(count).unwrap_or(usize::MAX).min(list.len());
        let start = at(self.offset);
        &list[start..at(self.offset.saturating_add(self.limit))]
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: i64::MAX, offset: 0 }
    }
}
