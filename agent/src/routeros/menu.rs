//! Typed commands of the menus that the agent uses, and the rows they print.
//!
//! Every print asks for named rows and named properties, so that its cost does not grow with the number of users.
//! Profiles, a few per router, are the exception.

pub mod account;
pub mod active;
pub mod cookie;
pub mod host;
pub mod profile;
pub mod system;
pub mod user;

use super::Record;

/// Most row ids in one command.
pub const IDS_MAX: usize = 100;

/// Row id as printed (`*1A`).
pub type RowId = String;

/// The id of a printed row; empty if the router left it out.
fn row_id(record: &Record) -> RowId {
    record.text(".id").unwrap_or_default().into_owned()
}

fn owned(record: &Record, name: &str) -> Vec<u8> {
    record.bytes(name).unwrap_or_default().to_vec()
}

/// A number; what is not printed is zero.
fn number(record: &Record, name: &str) -> u64 {
    record.text(name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A MAC as routers print it: upper case with colons. `None` if the text is no MAC.
#[must_use]
pub fn canonical_mac(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|character| !matches!(character, ':' | '-' | '.')).collect();
    let bytes: [u8; 6] = hex::decode(digits).ok()?.try_into().ok()?;
    Some(bytes.map(|byte| hex::encode_upper([byte])).join(":"))
}

/// Reads a duration as routers print it (`1w2d3h4m5s`, or `hh:mm:ss`), in seconds.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    if text.contains(':') {
        return text.split(':').try_fold(0_u64, |sum, part| Some(sum * 60 + part.parse::<u64>().ok()?));
    }
    let mut sum = 0_u64;
    let mut number = None;
    for character in text.chars() {
        if let Some(digit) = character.to_digit(10) {
            number = Some(number.unwrap_or(0_u64).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let unit = match character {
            'w' => 604_800,
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        sum = sum.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    sum.checked_add(number.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{canonical_mac, seconds};

    #[test]
    fn mac_is_read_in_all_spellings() {
        for text in ["aa:bb:cc:00:11:22", "AA-BB-CC-00-11-22", "aabb.cc00.1122", "aabbcc001122"] {
            assert_eq!(canonical_mac(text).as_deref(), Some("AA:BB:CC:00:11:22"));
        }
        for text in ["", "aa:bb:cc:00:11", "aa:bb:cc:00:11:2g", "AA:BB:CC:00:11:22:33"] {
            assert_eq!(canonical_mac(text), None);
        }
    }

    #[test]
    fn durations_are_read_in_all_printed_forms() {
        assert_eq!(seconds("1w2d3h4m5s"), Some(604_800 + 172_800 + 10_800 + 240 + 5));
        assert_eq!(seconds("0s"), Some(0));
        assert_eq!(seconds("01:02:03"), Some(3_723));
        assert_eq!(seconds("7200"), Some(7_200));
        assert_eq!(seconds("none"), None);
    }
}
