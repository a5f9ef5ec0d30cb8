//! A user's name as portals send it. Pure.

use crate::domain::device::parse_mac;

/// What stands between a user's name and the number of its clone for one more device.
const CLONE_WORD: &str = "_RANDMAC";

/// The name with percent signs decoded once, if they are an encoding; else as it is.
#[must_use]
pub fn decode(text: &str) -> String {
    let (mut bytes, mut rest, mut decoded) = (Vec::with_capacity(text.len()), text.as_bytes(), false);
    while let Some((first, after)) = rest.split_first() {
        let byte = if *first == b'%' { after.get(..2).and_then(hex_byte) } else { None };
        decoded |= byte.is_some();
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    if !decoded {
        return text.to_owned();
    }
    // What is no text afterwards was no encoding.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Whether the name is the address of a device: nobody is let in by that.
#[must_use]
pub fn looks_like_mac(name: &str) -> bool {
    name.contains([':', '-', '.']) && parse_mac(name).is_some()
}

/// Whether a user can have the name at all.
#[must_use]
pub fn is_possible(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_control)
}

/// The user whose clone goes by this name; none if it is no clone's name.
#[must_use]
pub fn base_of_clone(name: &str) -> Option<&str> {
    let (base, number) = name.rsplit_once(CLONE_WORD)?;
    let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then_some(base)
}

#[cfg(test)]
mod tests {
    use super::{base_of_clone, decode, is_possible, looks_like_mac};

    #[test]
    fn names_are_decoded_once() {
        for (sent, name) in [
            ("PT-7KQ2M", "PT-7KQ2M"),
            ("Pe%C3%B1a%20ana", "Peña ana"),
            ("a%2Bb%40c", "a+b@c"),
            ("a+b", "a+b"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%+1", "%+1"),
            ("50%%20", "50% "),
            ("%2541", "%41"),
            ("ñ%41", "ñA"),
            // Bytes that are no text.
            ("%FF%41", "%FF%41"),
            ("", ""),
        ] {
            assert_eq!(decode(sent), name, "{sent}");
        }
    }

    #[test]
    fn addresses_of_devices_are_told_from_names() {
        for mac in ["AA:BB:CC:00:11:22", "aa-bb-cc-00-11-22", "aa.bb.cc.00.11.22"] {
            assert!(looks_like_mac(mac), "{mac}");
        }
        for name in ["AABBCC001122", "PT-12345", "aa:bb:cc:00:11:2g", "aabb.cc00.1122", ""] {
            assert!(!looks_like_mac(name), "{name}");
        }
        assert!(is_possible("Peña 1") && !is_possible("") && !is_possible("a\0b") && !is_possible("a\nb"));
    }

    #[test]
    fn clones_are_told_from_users() {
        assert_eq!(base_of_clone("ana_RANDMAC12"), Some("ana"));
        for name in ["ana", "ana_RANDMAC", "ana_RANDMACx", "ana_randmac1"] {
            assert_eq!(base_of_clone(name), None, "{name}");
        }
    }
}
