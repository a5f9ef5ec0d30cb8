//! The counts of transactions, of which lists and dashboards are made, are those of the rows.

use std::collections::BTreeMap;

use crate::evidence::{Evidence, Transaction};

/// Breaches.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let rows = of(&evidence.transactions);
    let places = rows.keys().chain(evidence.counts.keys().filter(|place| !rows.contains_key(*place)));
    places
        .filter(|place| rows.get(*place) != evidence.counts.get(*place))
        .map(|place| {
            let (company, state) = place;
            let (is, said) = (rows.get(place), evidence.counts.get(place));
            format!("{company} has {is:?} {state}, number and amount, and the counts say {said:?}")
        })
        .collect()
}

/// Number and amount of transactions by company and payment state.
pub(super) fn of(transactions: &[Transaction]) -> BTreeMap<(String, String), (i64, i64)> {
    let mut counts = BTreeMap::new();
    for row in transactions {
        let place = (row.company_id.clone(), row.payment_state.clone());
        let (rows, amount) = counts.entry(place).or_insert((0, 0));
        *rows += 1;
        *amount += row.amount;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkers::sound::{COMPANY, sound};

    #[test]
    fn a_sound_world_is_counted_right() {
        assert_eq!(check(&sound()), Vec::<String>::new());
    }

    #[test]
    fn a_row_that_is_not_counted_or_counted_under_another_state_is_seen() {
        let mut evidence = sound();
        evidence.transactions[0].payment_state = "refunded".to_owned();
        assert_eq!(check(&evidence).len(), 2);
        evidence.transactions.remove(0);
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn counts_of_nothing_and_wrong_amounts_are_seen() {
        let mut evidence = sound();
        evidence.counts.insert((COMPANY.to_owned(), "pending".to_owned()), (1, 2_000));
        evidence.counts.entry((COMPANY.to_owned(), "paid".to_owned())).or_default().1 += 1;
        assert_eq!(check(&evidence).len(), 2);
    }
}
