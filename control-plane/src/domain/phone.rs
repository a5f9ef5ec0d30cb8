//! Phone numbers as the gateways of Mexico take them.

/// Digits of a Mexican number as `+52…`; none when it is not one.
#[must_use]
pub fn mexican(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        12 if digits.starts_with("52") => Some(format!("+{digits}")),
        10 => Some(format!("+52{digits}")),
        _ => None,
    }
}

/// Digits of a number without the country code of Mexico; none when there are none.
#[must_use]
pub fn national(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("52") {
        Some(rest) if digits.len() == 12 => Some(rest.to_owned()),
        Some(_) | None => Some(digits).filter(|digits| !digits.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::{mexican, national};

    #[test]
    fn the_country_code_is_taken_off() {
        assert_eq!(national("+52 55 1234 5678").as_deref(), Some("5512345678"));
        assert_eq!(national("5512345678").as_deref(), Some("5512345678"));
        assert_eq!(national("n/a"), None);
    }

    #[test]
    fn ten_digits_and_the_country_code_are_understood() {
        assert_eq!(mexican("55 1234 5678").as_deref(), Some("+525512345678"));
        assert_eq!(mexican("+52 (55) 1234-5678").as_deref(), Some("+525512345678"));
        assert_eq!(mexican("12345"), None);
        assert_eq!(mexican("015512345678"), None);
    }
}
