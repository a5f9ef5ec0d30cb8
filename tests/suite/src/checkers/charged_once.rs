//! P3: one purchase is never charged twice.

use std::collections::BTreeMap;

use crate::evidence::Evidence;

/// Breaches of P3.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let mut charges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in evidence.ledger.iter().filter(|entry| entry.moved_money()) {
        charges.entry(evidence.sale_of(entry).unwrap_or("no purchase")).or_default().push(&entry.order_id);
    }
    let twice = charges.iter().filter(|(_, orders)| orders.len() > 1);
    let mut breaches: Vec<String> = twice
        .map(|(sale, orders)| format!("{sale} was charged {} times: {}", orders.len(), orders.join(", ")))
        .collect();
    for purchase in &evidence.purchases {
        let orders =
            evidence.orders.iter().filter(|order| order.sale_id == purchase.id && order.status == "paid");
        if orders.count() > 1 {
            breaches.push(format!("{} has more than one paid order", purchase.id));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkers::sound::sound;

    #[test]
    fn a_sound_world_keeps_the_promise() {
        assert_eq!(check(&sound()), Vec::<String>::new());
    }

    #[test]
    fn the_same_order_charged_twice_is_seen() {
        let mut evidence = sound();
        let again = evidence.ledger[0].clone();
        evidence.ledger.push(again);
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn two_paid_orders_of_one_purchase_are_seen() {
        let mut evidence = sound();
        let mut order = evidence.orders[0].clone();
        let mut charge = evidence.ledger[0].clone();
        order.id = "ord_second".to_owned();
        charge.order_id.clone_from(&order.id);
        evidence.orders.push(order);
        evidence.ledger.push(charge);
        assert_eq!(check(&evidence).len(), 2, "by the ledger and by the orders");
    }

    #[test]
    fn a_declined_try_does_not_count_as_a_charge() {
        let mut evidence = sound();
        let again = evidence.ledger[1].clone();
        evidence.ledger.push(again);
        assert_eq!(check(&evidence), Vec::<String>::new());
    }
}
