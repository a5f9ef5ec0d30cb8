//! Money: whole minor units and a currency, never a binary fraction.

use serde::{Deserialize, Serialize};

/// Currencies a product may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Currency {
    /// Mexican peso.
    #[serde(rename = "MXN")]
    Mxn,
    /// United States dollar.
    #[serde(rename = "USD")]
    Usd,
    /// Euro.
    #[serde(rename = "EUR")]
    Eur,
}

impl Currency {
    /// The three-letter code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mxn => "MXN",
            Self::Usd => "USD",
            Self::Eur => "EUR",
        }
    }

    /// Reads a code in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mxn, Self::Usd, Self::Eur]
            .into_iter()
            .find(|currency| currency.code().eq_ignore_ascii_case(text))
    }

    /// Digits after the decimal point.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Mxn | Self::Usd | Self::Eur => 2,
        }
    }
}

/// An amount in minor units (centavos) of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Whole minor units; never negative for a price.
    pub minor: i64,
    /// What they are units of.
    pub currency: Currency,
}

/// Largest price of a product, in minor units.
pub const PRICE_MINOR_MAX: i64 = 99_999_999;

impl Money {
    /// Reads the decimal text of a JSON number (`19.99`, `20`, `2e1`) exactly.
    ///
    /// None when it is negative, has more decimals than the currency, or is larger than [`PRICE_MINOR_MAX`].
    #[must_use]
    pub fn parse(text: &str, currency: Currency) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: String = [whole, fraction].concat();
        if digits.is_empty() || digits.len() > 40 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let shift =
            i32::try_from(currency.decimals()).ok()? + exponent - i32::try_from(fraction.len()).ok()?;
        let minor = shifted(&digits, shift)?;
        (minor <= PRICE_MINOR_MAX).then_some(Self { minor, currency })
    }

    /// Decimal text in major units with at least one decimal, as the API shows it (`20.0`, `19.99`).
    #[must_use]
    pub fn decimal(self) -> String {
        let (whole, cents) = (self.minor / 100, self.minor % 100);
        if cents % 10 == 0 { format!("{whole}.{}", cents / 10) } else { format!("{whole}.{cents:02}") }
    }

    /// The amount as a JSON number in major units.
    #[must_use]
    pub fn json(self) -> serde_json::Number {
        self.decimal().parse().expect("digits and a point are a JSON number")
    }
}

/// `digits` as an integer times ten to the `shift`; none when digits other than zero would be lost.
fn shifted(digits: &str, shift: i32) -> Option<i64> {
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    if let Ok(zeros) = usize::try_from(shift) {
        let text = if zeros > 18 { return None } else { format!("{significant}{}", "0".repeat(zeros)) };
        return text.parse().ok();
    }
    let drop = usize::try_from(shift.unsigned_abs()).ok()?;
    let keep = digits.len().checked_sub(drop)?;
    let (kept, lost) = digits.split_at(keep);
    if lost.bytes().any(|byte| byte != b'0') {
        return None;
    }
    if kept.is_empty() { Some(0) } else { kept.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::{Currency, Money};

    fn minor(text: &str) -> Option<i64> {
        Money::parse(text, Currency::Mxn).map(|money| money.minor)
    }

    #[test]
    fn decimal_text_becomes_exact_cents() {
        assert_eq!(minor("19.99"), Some(1999));
        assert_eq!(minor("20"), Some(2000));
        assert_eq!(minor("20.5"), Some(2050));
        assert_eq!(minor("0.010"), Some(1));
        assert_eq!(minor("2e1"), Some(2000));
        assert_eq!(minor("1999e-2"), Some(1999));
        assert_eq!(minor("0"), Some(0));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in ["-1", "1.005", "1e400", "", ".", "1e-3", "99999999999", "NaN"] {
            assert_eq!(minor(text), None, "{text}");
        }
    }

    #[test]
    fn shown_as_a_json_number_with_a_decimal() {
        let show = |minor| Money { minor, currency: Currency::Mxn }.json().to_string();
        assert_eq!(show(2000), "20.0");
        assert_eq!(show(1999), "19.99");
        assert_eq!(show(2050), "20.5");
        assert_eq!(show(5), "0.05");
    }
}
