//! What a company has sold, by meaning: money that came and stayed, attempts that are not decided, everything.

use std::collections::BTreeMap;

use crate::domain::money::{Currency, Money};
use crate::store::StoreError;
use crate::store::counts::Count;

/// Words for money that came and stayed; each gateway has its own.
const PAID: [&str; 2] = ["paid", "approved"];
/// The word for an attempt that is not decided.
const PENDING: &str = "pending";

/// What a company has sold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sales {
    /// All transactions, attempts included.
    pub transactions: i64,
    /// Those that are paid.
    pub paid: i64,
    /// Those that are not decided.
    pub pending: i64,
    /// What came in, by currency; the one with most paid transactions first.
    pub income: Vec<Income>,
}

/// What came in, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Income {
    /// How much.
    pub amount: Money,
    /// By how many transactions.
    pub paid: i64,
}

impl Sales {
    /// Sums up counts of transactions.
    ///
    /// # Errors
    /// When a stored currency is unknown.
    pub fn of(counts: &[Count]) -> Result<Self, StoreError> {
        let mut sales = Self::default();
        let mut income: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for count in counts {
            sales.transactions += count.transactions;
            if count.payment_state == PENDING {
                sales.pending += count.transactions;
            }
            if PAID.contains(&count.payment_state.as_str()) {
                sales.paid += count.transactions;
                let (minor, paid) = income.entry(&count.currency).or_default();
                *minor += count.amount_minor;
                *paid += count.transactions;
            }
        }
        for (code, (minor, paid)) in income {
            let currency = Currency::parse(code).ok_or_else(|| StoreError::Inconsistent {
                table: "transaction_counts",
                column: "currency",
                id: code.to_owned(),
            })?;
            sales.income.push(Income { amount: Money { minor, currency }, paid });
        }
        sales.income.sort_by_key(|income| std::cmp::Reverse(income.paid));
        Ok(sales)
    }

    /// What came in, in the currency that the company sells most in; pesos when it has sold nothing.
    #[must_use]
    pub fn main_income(&self) -> Money {
        self.income.first().map_or(Money { minor: 0, currency: Currency::Mxn }, |income| income.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::Sales;
    use crate::domain::money::{Currency, Money};
    use crate::store::counts::Count;

    fn count(state: &str, currency: &str, transactions: i64, amount_minor: i64) -> Count {
        Count { payment_state: state.into(), currency: currency.into(), transactions, amount_minor }
    }

    #[test]
    fn only_money_that_came_and_stayed_is_income() {
        let sales = Sales::of(&[
            count("approved", "MXN", 1, 1_999),
            count("charged_back", "MXN", 1, 500),
            count("declined", "MXN", 7, 14_000),
            count("paid", "MXN", 2, 4_000),
            count("partially_refunded", "MXN", 1, 2_000),
            count("pending", "MXN", 3, 6_000),
        ])
        .expect("known currencies");
        assert_eq!((sales.transactions, sales.paid, sales.pending), (15, 3, 3));
        assert_eq!(sales.main_income(), Money { minor: 5_999, currency: Currency::Mxn });
    }

    #[test]
    fn currencies_are_never_added_up() {
        let counts =
            [count("paid", "EUR", 1, 900), count("paid", "USD", 2, 700), count("approved", "USD", 1, 1)];
        let sales = Sales::of(&counts).expect("known currencies");
        let income: Vec<_> =
            sales.income.iter().map(|income| (income.amount.currency, income.paid)).collect();
        assert_eq!(income, [(Currency::Usd, 3), (Currency::Eur, 1)]);
        assert_eq!(sales.main_income(), Money { minor: 701, currency: Currency::Usd });
        assert_eq!(Sales::default().main_income(), Money { minor: 0, currency: Currency::Mxn });
        assert!(Sales::of(&[count("paid", "???", 1, 1)]).is_err());
    }
}
