//! P3: one purchase is never charged twice, nor its money given back twice.

use std::collections::BTreeMap;

use crate::evidence::{Evidence, Payment};

/// Breaches of P3.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let mut charges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in evidence.ledger.iter().filter(|entry| entry.moved_money()) {
        charges.entry(entry.sale_id.as_str()).or_default().push(&entry.payment_id);
    }
    let twice = charges.iter().filter(|(_, payments)| payments.len() > 1);
    let mut breaches: Vec<String> = twice
        .map(|(sale, payments)| {
            format!("{sale} was charged {} times: {}", payments.len(), payments.join(", "))
        })
        .collect();
    for purchase in &evidence.purchases {
        let of_purchase = |payment: &&Payment| payment.sale_id == purchase.id;
        let paid = |payment: &&Payment| matches!(payment.status.as_str(), "paid" | "approved");
        if evidence.payments.iter().filter(of_purchase).filter(paid).count() > 1 {
            breaches.push(format!("{} has more than one paid payment", purchase.id));
        }
        let money = evidence.money_of(&purchase.id);
        if money.refunded > money.charged {
            breaches.push(format!(
                "{} went back for {}, of which {} was paid",
                money.refunded, purchase.id, money.charged
            ));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkers::sound::{PAID, REVERSED, line, sound};

    #[test]
    fn a_sound_world_keeps_the_promise() {
        assert_eq!(check(&sound()), Vec::<String>::new());
    }

    #[test]
    fn the_same_payment_charged_twice_is_seen() {
        let mut evidence = sound();
        let again = evidence.ledger[0].clone();
        evidence.ledger.push(again);
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn two_paid_payments_of_one_purchase_are_seen() {
        for first in [0, 2] {
            let mut evidence = sound();
            let mut payment = evidence.payments[first].clone();
            payment.id = "second".to_owned();
            payment.status = evidence.payments[0].status.clone();
            let charge = crate::evidence::LedgerEntry {
                gateway: payment.gateway,
                payment_id: payment.id.clone(),
                ..line("charge", PAID)
            };
            evidence.payments.push(payment);
            evidence.ledger.push(charge);
            assert!(!check(&evidence).is_empty());
        }
    }

    #[test]
    fn money_given_back_twice_is_seen() {
        let mut evidence = sound();
        evidence.ledger.push(line("refund", REVERSED));
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_declined_try_does_not_count_as_a_charge() {
        let mut evidence = sound();
        let again = evidence.ledger[1].clone();
        evidence.ledger.push(again);
        assert_eq!(check(&evidence), Vec::<String>::new());
    }
}
