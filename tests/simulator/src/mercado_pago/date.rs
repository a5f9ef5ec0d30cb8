//! Dates as the vendor writes them: ISO 8601 with milliseconds and offset.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, UtcOffset};

/// Offset that the vendor's dates carry, wherever the account is.
const OFFSET: UtcOffset = offset!(-4);
const SHAPE: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3][offset_hour sign:mandatory]:[offset_minute]"
);

/// The date of a moment in milliseconds since the Unix epoch.
pub fn text(at_ms: u64) -> String {
    let date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000);
    let date = date.unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(OFFSET);
    date.format(SHAPE).unwrap_or_default()
}

/// Milliseconds since the Unix epoch of a date with offset; `None` when it is no such date.
pub fn parse(text: &str) -> Option<u64> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(date.unix_timestamp_nanos() / 1_000_000).ok()
}

/// The same, but only if it has milliseconds, as the vendor wants dates in a body.
pub fn parse_strict(text: &str) -> Option<u64> {
    text.split_once('.').filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))?;
    parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_milliseconds_and_an_offset() {
        assert_eq!(text(1_769_868_298_396), "2026-01-31T10:04:58.396-04:00");
        assert_eq!(parse("2026-01-31T10:04:58.396-04:00"), Some(1_769_868_298_396));
        assert_eq!(parse("2026-01-31T14:04:58.396Z"), Some(1_769_868_298_396));
        assert_eq!(parse_strict("2026-01-31T14:04:58Z"), None);
        assert_eq!(parse("yesterday"), None);
    }
}
