//! Amounts: decimal texts on the wire, minor units inside. No binary fraction is ever computed with.

use serde_json::Value;

/// Largest amount taken, in minor units.
const MINOR_MAX: u64 = 100_000_000_000;

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountError {
    /// It is no plain decimal number.
    NotANumber,
    /// More decimals than the currency takes, zero, or out of range.
    Invalid,
}

/// Minor units of a JSON number as it was written.
///
/// # Errors
/// For a text, an exponent, a sign, zero, or more decimals than `decimals`, even if they are zeros.
pub fn minor_units(text: &str, decimals: u32) -> Result<u64, AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        let negative =
            text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        return Err(if negative { AmountError::Invalid } else { AmountError::NotANumber });
    }
    let places = decimals as usize;
    if fraction.len() > places {
        return Err(AmountError::Invalid);
    }
    let minor = format!("{whole}{fraction:0<places$}").parse().map_err(|_| AmountError::Invalid)?;
    if minor == 0 || minor > MINOR_MAX { Err(AmountError::Invalid) } else { Ok(minor) }
}

/// The JSON number of minor units, as the vendor writes it: whole amounts without decimals.
pub fn number(minor: u64, decimals: u32) -> Value {
    let unit = 10_u64.pow(decimals);
    if minor.is_multiple_of(unit) {
        return Value::from(minor / unit);
    }
    let places = decimals as usize;
    let text = format!("{}.{:0places$}", minor / unit, minor % unit);
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_in_both_directions() {
        for (text, minor) in [("20.00", 2000), ("19.99", 1999), ("0.1", 10), ("1500", 150_000), ("0.07", 7)] {
            assert_eq!(minor_units(text, 2), Ok(minor), "{text}");
        }
        for (minor, text) in
            [(2000, "20"), (1999, "19.99"), (10, "0.1"), (7, "0.07"), (1_234_567_890, "12345678.9")]
        {
            assert_eq!(number(minor, 2).to_string(), text);
        }
        assert_eq!((minor_units("1500", 0), number(1500, 0).to_string()), (Ok(1500), "1500".to_owned()));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["\"20\"", "2e1", "1.5E2", "true", "null", ""] {
            assert_eq!(minor_units(text, 2), Err(AmountError::NotANumber), "{text}");
        }
        for text in ["0", "0.00", "-5", "20.000", "19.999", "99999999999999999999"] {
            assert_eq!(minor_units(text, 2), Err(AmountError::Invalid), "{text}");
        }
        assert_eq!(minor_units("1500.0", 0), Err(AmountError::Invalid), "this currency takes no decimals");
    }
}
