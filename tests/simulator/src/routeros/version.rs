//! Which RouterOS a router plays, and what follows from it.

use std::fmt;

/// A RouterOS version such as `6.49.18` or `7.20.8 (long-term)`.
///
/// Only the leading digits and dots count; whatever follows is kept for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    numbers: (u32, u32, u32),
    text: String,
}

/// The text does not begin with a RouterOS version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a RouterOS version; write it as 6.49.18 or 7.20.8")]
pub struct VersionError(String);

/// How a router lets API clients in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginEra {
    /// Before 6.43: the password word is ignored, the MD5 answer to a challenge is required.
    Challenge,
    /// 6.43 and 6.44: either way.
    Both,
    /// From 6.45: name and password; a challenge is still handed out, its answer is refused.
    Plain,
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// When there is no `major.minor` at the start, or the major version is neither 6 nor 7.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let wrong = || VersionError(text.to_owned());
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut parts = text[..end].split('.').map(|part| part.parse::<u32>().map_err(|_| wrong()));
        let major = parts.next().ok_or_else(wrong)??;
        let minor = parts.next().ok_or_else(wrong)??;
        let patch = parts.next().unwrap_or(Ok(0))?;
        if !(6..=7).contains(&major) {
            return Err(wrong());
        }
        Ok(Self { numbers: (major, minor, patch), text: text.to_owned() })
    }

    /// How this version logs clients in.
    pub fn login_era(&self) -> LoginEra {
        if self.before(6, 43) {
            LoginEra::Challenge
        } else if self.before(6, 45) {
            LoginEra::Both
        } else {
            LoginEra::Plain
        }
    }

    /// Whether an empty result is announced with `!empty` (from 7.18).
    pub fn announces_empty(&self) -> bool {
        !self.before(7, 18)
    }

    /// Whether this is RouterOS 7.
    pub fn is_v7(&self) -> bool {
        !self.before(7, 0)
    }

    /// What `/system/resource` shows: the version with its release channel.
    pub fn display(&self) -> String {
        if self.text.contains('(') { self.text.clone() } else { format!("{} (stable)", self.text) }
    }

    fn before(&self, major: u32, minor: u32) -> bool {
        (self.numbers.0, self.numbers.1) < (major, minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_follows_from_the_number() {
        let rows = [
            ("6.42.12", LoginEra::Challenge, false),
            ("6.43", LoginEra::Both, false),
            ("6.44.6", LoginEra::Both, false),
            ("6.45.1", LoginEra::Plain, false),
            ("6.49.18 (long-term)", LoginEra::Plain, false),
            ("7.17.2", LoginEra::Plain, false),
            ("7.18beta2", LoginEra::Plain, true),
            ("7.20.8 (long-term)", LoginEra::Plain, true),
            ("7.24rc4 (testing)", LoginEra::Plain, true),
        ];
        for (text, era, empty) in rows {
            let version = Version::parse(text).unwrap();
            assert_eq!(version.login_era(), era, "{text}");
            assert_eq!(version.announces_empty(), empty, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_version_is_refused() {
        for text in ["", "7", "x.y", "5.26", "8.1", "7..1"] {
            assert!(Version::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_channel_is_shown_once() {
        assert_eq!(Version::parse("7.20.8").unwrap().display(), "7.20.8 (stable)");
        assert_eq!(Version::parse("7.20.8 (long-term)").unwrap().display(), "7.20.8 (long-term)");
    }
}
