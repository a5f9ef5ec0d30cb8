//! How RouterOS reads and prints the values of attributes.

use std::fmt;
use std::net::Ipv4Addr;

/// A hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Reads six pairs of hex digits, with colons, dashes or nothing between them, in either case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b':' | b'-')).collect();
        let mut bytes = [0; 6];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

/// Upper case with colons, as routers print it.
impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

/// Reads an IPv4 address.
pub fn parse_address(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads a flag; `true`, `false`, `yes` and `no` are taken.
pub fn parse_flag(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"yes" => Some(true),
        b"false" | b"no" => Some(false),
        _ => None,
    }
}

/// Prints a flag.
pub fn format_flag(flag: bool) -> &'static [u8] {
    if flag { b"true" } else { b"false" }
}

/// Reads a plain decimal number.
pub fn parse_number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok().filter(|text| !text.starts_with('+'))?.parse().ok()
}

/// Longest duration taken, in seconds: 136 years, so that milliseconds can be counted with.
const DURATION_S_MAX: u64 = u32::MAX as u64;

/// Reads a duration into seconds: `1w2d3h4m5s`, `7200s`, `7200`, `hh:mm:ss`, `1d02:00:00`.
pub fn parse_duration(text: &[u8]) -> Option<u64> {
    let seconds = std::str::from_utf8(text).ok().and_then(parse_seconds)?;
    (seconds <= DURATION_S_MAX).then_some(seconds)
}

fn parse_seconds(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..end].parse().ok()?;
        let scale = match rest[end..].chars().next() {
            Some('w') => 604_800,
            Some('d') => 86_400,
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') | None => 1,
            Some(':') => return total.checked_add(parse_clock(rest)?),
            Some(_) => return None,
        };
        total = total.checked_add(number.checked_mul(scale)?)?;
        rest = rest.get(end + 1..).unwrap_or("");
    }
    Some(total)
}

fn parse_clock(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes, seconds] => (hours, minutes, seconds),
        [hours, minutes] => (hours, minutes, 0),
        _ => return None,
    };
    hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_add(seconds)
}

/// Prints seconds as `1w2d3h4m5s` without its zero parts; nothing is `0s`.
pub fn format_duration(seconds: u64) -> String {
    if seconds == 0 {
        return "0s".to_owned();
    }
    let parts = [
        (seconds / 604_800, 'w'),
        (seconds / 86_400 % 7, 'd'),
        (seconds / 3600 % 24, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect()
}

/// Prints the id of a row: `*` and upper-case hex.
pub fn format_id(id: u32) -> String {
    format!("*{id:X}")
}

/// Reads the id of a row.
pub fn parse_id(text: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(text.strip_prefix(b"*")?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_in_every_form_and_print_in_one() {
        let rows: [(&str, u64, &str); 9] = [
            ("0s", 0, "0s"),
            ("7200s", 7200, "2h"),
            ("7200", 7200, "2h"),
            ("02:00:00", 7200, "2h"),
            ("1d00:00:05", 86_405, "1d5s"),
            ("1w2d3h4m5s", 788_645, "1w2d3h4m5s"),
            ("90m", 5400, "1h30m"),
            ("3d", 259_200, "3d"),
            ("14d", 1_209_600, "2w"),
        ];
        for (text, seconds, printed) in rows {
            assert_eq!(parse_duration(text.as_bytes()), Some(seconds), "{text}");
            assert_eq!(format_duration(seconds), printed);
        }
        for text in [
            "",
            "h",
            "1x",
            "-1",
            "99999999999999999999s",
            "1:2:3:4",
            "4294967296s",
            "1:999999999999999999:0",
            "99999999999w",
        ] {
            assert_eq!(parse_duration(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn hardware_addresses_are_printed_in_one_form() {
        for text in ["aa:bb:cc:00:01:0f", "AA-BB-CC-00-01-0F", "aabbcc00010f"] {
            assert_eq!(Mac::parse(text.as_bytes()).unwrap().to_string(), "AA:BB:CC:00:01:0F");
        }
        assert_eq!(Mac::parse(b"aa:bb:cc:00:01"), None);
        assert_eq!(Mac::parse(b"zz:bb:cc:00:01:0f"), None);
    }

    #[test]
    fn ids_are_upper_case_hex() {
        assert_eq!(format_id(0x1a), "*1A");
        assert_eq!(parse_id(b"*1a"), Some(0x1a));
        assert_eq!(parse_id(b"1A"), None);
        assert_eq!(parse_id(b"*"), None);
    }
}
