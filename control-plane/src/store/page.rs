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

impl Default for Page {
    fn default() -> Self {
        Self { limit: i64::MAX, offset: 0 }
    }
}
