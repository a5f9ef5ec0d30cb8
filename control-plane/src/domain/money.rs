//! Money: whole minor units and a currency, never a binary fraction.

use serde::{Deserialize, Serialize};

/// Currencies that a gateway may pay in.
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
    /// Argentine peso.
    #[serde(rename = "ARS")]
    Ars,
    /// Brazilian real.
    #[serde(rename = "BRL")]
    Brl,
    /// Chilean peso; has no decimals.
    #[serde(rename = "CLP")]
    Clp,
    /// Colombian peso; gateways take it without decimals.
    #[serde(rename = "COP")]
    Cop,
    /// Peruvian sol.
    #[serde(rename = "PEN")]
    Pen,
    /// Uruguayan peso.
    #[serde(rename = "UYU")]
    Uyu,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 9] =
        [Self::Mxn, Self::Usd, Self::Eur, Self::Ars, Self::Brl, Self::Clp, Self::Cop, Self::Pen, Self::Uyu];

    /// The three-letter code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mxn => "MXN",
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Ars => "ARS",
            Self::Brl => "BRL",
            Self::Clp => "CLP",
            Self::Cop => "COP",
            Self::Pen => "PEN",
            Self::Uyu => "UYU",
        }
    }

    /// Reads a code in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code().eq_ignore_ascii_case(text))
    }

    /// Whether an admin may price a product in it.
    #[must_use]
    pub const fn prices_products(self) -> bool {
        match self {
            Self::Mxn | Self::Usd | Self::Eur => true,
            Self::Ars | Self::Brl | Self::Clp | Self::Cop | Self::Pen | Self::Uyu => false,
        }
    }

    /// Digits after the decimal point.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        match self {
            Self::Clp | Self::Cop => 0,
            Self::Mxn | Self::Usd | Self::Eur | Self::Ars | Self::Brl | Self::Pen | Self::Uyu => 2,
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
        let minor = minor_units(text, currency.decimals())?;
        (minor <= PRICE_MINOR_MAX).then_some(Self { minor, currency })
    }

    /// Decimal text in major units with exactly the currency's decimals, as gateways want it (`20.00`, `1500`).
    #[must_use]
    pub fn exact(self) -> String {
        let decimals = usize::from(self.currency.decimals());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Decimal text in major units with at least one decimal, as the API shows it (`20.0`, `19.99`).
    #[must_use]
    pub fn decimal(self) -> String {
        let exact = self.exact();
        let Some((whole, fraction)) = exact.split_once('.') else { return format!("{exact}.0") };
        let fraction = fraction.trim_end_matches('0');
        format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
    }

    /// The amount as a JSON number in major units.
    #[must_use]
    pub fn json(self) -> serde_json::Number {
        self.decimal().parse().expect("digits and a point are a JSON number")
    }
}

/// The decimal text of a JSON number as whole units of ten to the minus `decimals`.
///
/// None when it is negative, no number, does not fit, or has digits beyond those decimals.
#[must_use]
pub fn minor_units(text: &str, decimals: u8) -> Option<i64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    if digits.is_empty() || digits.len() > 40 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction_digits = i32::try_from(fraction.len()).ok()?;
    shifted(&digits, exponent.checked_add(i32::from(decimals))?.checked_sub(fraction_digits)?)
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
    use proptest::prelude::{ProptestConfig, proptest};

    use super::{Currency, Money, minor_units};

    fn minor(text: &str) -> Option<i64> {
        Money::parse(text, Currency::Mxn).map(|money| money.minor)
    }

    fn mxn(minor: i64) -> Money {
        Money { minor, currency: Currency::Mxn }
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
        for text in ["-1", "1.005", "1e400", "", ".", "1e-3", "99999999999", "NaN", "1e2147483647"] {
            assert_eq!(minor(text), None, "{text}");
        }
        assert_eq!(minor_units("99999999999", 2), Some(9_999_999_999_900));
        assert_eq!(minor_units("99999999999999999999", 2), None);
    }

    #[test]
    fn shown_as_a_json_number_with_a_decimal() {
        let show = |minor| mxn(minor).json().to_string();
        assert_eq!(show(2000), "20.0");
        assert_eq!(show(1999), "19.99");
        assert_eq!(show(2050), "20.5");
        assert_eq!(show(5), "0.05");
        assert_eq!(Money { minor: 1500, currency: Currency::Clp }.json().to_string(), "1500.0");
    }

    #[test]
    fn written_with_the_decimals_of_the_currency() {
        assert_eq!(mxn(1999).exact(), "19.99");
        assert_eq!(mxn(2000).exact(), "20.00");
        assert_eq!(mxn(5).exact(), "0.05");
        assert_eq!(mxn(0).exact(), "0.00");
        assert_eq!(mxn(-1999).exact(), "-19.99");
        for currency in [Currency::Clp, Currency::Cop] {
            let price = Money::parse("1500", currency).expect("a price");
            assert_eq!((price.minor, price.exact().as_str()), (1500, "1500"));
            assert_eq!(Money::parse("1500.0", currency), Some(price));
            assert_eq!(Money::parse("1500.5", currency), None);
        }
    }

    #[test]
    fn every_currency_reads_back() {
        for currency in Currency::ALL {
            assert_eq!(Currency::parse(&currency.code().to_lowercase()), Some(currency));
            let json = serde_json::to_string(&currency).expect("serialises");
            assert_eq!(json, format!("\"{}\"", currency.code()));
        }
        let products: Vec<_> =
            Currency::ALL.into_iter().filter(|currency| currency.prices_products()).collect();
        assert_eq!(products, [Currency::Mxn, Currency::Usd, Currency::Eur]);
    }

    fn round_trip(minor: i64) {
        let typed = format!("{}.{:02}", minor / 100, minor % 100);
        let price = Money::parse(&typed, Currency::Mxn).expect("a price");
        assert_eq!((price.minor, price.exact()), (minor, typed));
        assert_eq!(Money::parse(&price.decimal(), Currency::Mxn), Some(price));
        assert_eq!(Money::parse(&price.json().to_string(), Currency::Mxn), Some(price));
    }

    #[test]
    fn every_price_up_to_a_thousand_round_trips() {
        (1..=100_000).for_each(round_trip);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3_000, ..ProptestConfig::default() })]

        #[test]
        fn every_price_up_to_a_hundred_thousand_round_trips(minor in 1_i64..=10_000_000) {
            round_trip(minor);
        }

        #[test]
        fn every_currency_round_trips(minor in 0_i64..=99_999_999, at in 0_usize..Currency::ALL.len()) {
            let price = Money { minor, currency: Currency::ALL[at] };
            assert_eq!(Money::parse(&price.exact(), price.currency), Some(price));
            assert_eq!(Money::parse(&price.decimal(), price.currency), Some(price));
        }

        #[test]
        fn no_text_is_too_odd(text in "[0-9eE.+-]{0,30}") {
            for currency in Currency::ALL {
                if let Some(price) = Money::parse(&text, currency) {
                    assert_eq!(Money::parse(&price.exact(), currency), Some(price));
                }
            }
        }
    }
}
