//! What a portal tells about a device.

/// A MAC address as 12 hex digits, bare or in pairs with `:`, `-` or `.`; gives upper case with colons.
#[must_use]
pub fn parse_mac(text: &str) -> Option<String> {
    let digits: String = match text.len() {
        12 => text.to_owned(),
        17 => {
            let separator = text.chars().nth(2).filter(|separator| [':', '-', '.'].contains(separator))?;
            let pairs: Vec<&str> = text.split(separator).collect();
            if pairs.len() != 6 || pairs.iter().any(|pair| pair.len() != 2) {
                return None;
            }
            pairs.concat()
        }
        _ => return None,
    };
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let upper = digits.to_ascii_uppercase();
    let pairs: Vec<&str> = (0..6).map(|pair| &upper[pair * 2..pair * 2 + 2]).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::parse_mac;

    #[test]
    fn all_usual_forms_are_one_address() {
        for text in ["a0b1c2d3e4f5", "A0:B1:C2:D3:E4:F5", "a0-b1-c2-d3-e4-f5", "a0.b1.c2.d3.e4.f5"] {
            assert_eq!(parse_mac(text).as_deref(), Some("A0:B1:C2:D3:E4:F5"), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", "a0b1c2d3e4", "g0b1c2d3e4f5", "a0:b1-c2:d3:e4:f5", "a0b:1c2:d3:e4:f5", "ñ0b1c2d3e4f"]
        {
            assert_eq!(parse_mac(text), None, "{text}");
        }
    }
}
