//! P4: whoever paid gets access; what a machine cannot settle is shown to a person; nothing is left half done.

use crate::evidence::{Evidence, LedgerEntry, Purchase};

/// Breaches of P4.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let mut breaches: Vec<String> =
        evidence.purchases.iter().flat_map(|purchase| broken(evidence, purchase)).collect();
    breaches.extend(
        evidence.ledger.iter().filter(|entry| entry.moved_money()).filter_map(|entry| lost(evidence, entry)),
    );
    breaches
}

fn broken(evidence: &Evidence, purchase: &Purchase) -> Vec<String> {
    let Purchase { id, phase, user, .. } = purchase;
    let mut breaches = Vec::new();
    if purchase.open {
        breaches.push(format!("{id} is still open in phase {phase}"));
    }
    let paid: i64 = evidence.charges_of(id).iter().map(|entry| entry.amount).sum();
    let returned = evidence.returned_of(id);
    if returned > paid {
        breaches.push(format!("{id} was given {returned} back of {paid}"));
    }
    if delivered(purchase) {
        if paid != purchase.price {
            breaches.push(format!("{id} is {phase} for {} but {paid} was charged", purchase.price));
        }
        let usable = evidence
            .users
            .iter()
            .any(|row| row.router_id == purchase.router_id && row.name == *user && !row.disabled);
        if !usable {
            breaches.push(format!("{id} is {phase} but its user {user} is not usable on the router"));
        }
        let booked =
            evidence.transactions.iter().any(|row| row.purchase_id == *id && is_money(&row.payment_state));
        if !booked {
            breaches.push(format!("{id} is {phase} but no paid transaction is in the books"));
        }
    } else if paid != returned && !shown_to_a_person(purchase) {
        breaches.push(format!("{paid} was charged for {id}, which ended {phase}, and {returned} given back"));
    }
    breaches
}

/// Money that no purchase knows of.
fn lost(evidence: &Evidence, entry: &LedgerEntry) -> Option<String> {
    let sale = evidence.sale_of(entry).unwrap_or_default();
    let Some(purchase) = evidence.purchase(sale) else {
        return Some(format!("order {} was charged for {sale:?}, which does not exist", entry.order_id));
    };
    let known = purchase.order_id.as_deref() == Some(entry.order_id.as_str());
    (!known).then(|| format!("order {} was charged but {sale} does not know it", entry.order_id))
}

/// Words of the books for money that has come, some of which may have gone back.
fn is_money(state: &str) -> bool {
    matches!(state, "paid" | "approved" | "partially_refunded")
}

fn delivered(purchase: &Purchase) -> bool {
    matches!(purchase.phase.as_str(), "paid" | "completed")
}

fn shown_to_a_person(purchase: &Purchase) -> bool {
    matches!(purchase.phase.as_str(), "mismatch" | "stuck")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkers::sound::sound;
    use crate::evidence::LedgerEntry;

    #[test]
    fn a_sound_world_keeps_the_promise() {
        assert_eq!(check(&sound()), Vec::<String>::new());
    }

    #[test]
    fn a_purchase_left_open_is_seen() {
        let mut evidence = sound();
        evidence.purchases[1].open = true;
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_paid_purchase_without_its_user_is_seen() {
        let mut evidence = sound();
        evidence.users.clear();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_paid_user_that_is_disabled_is_seen() {
        let mut evidence = sound();
        evidence.users[0].disabled = true;
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn money_taken_for_a_purchase_that_ended_unpaid_is_seen() {
        let mut evidence = sound();
        evidence.ledger[1].kind = "charge".to_owned();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn money_taken_and_shown_to_a_person_is_no_breach() {
        let mut evidence = sound();
        evidence.ledger[1].kind = "charge".to_owned();
        evidence.purchases[1].phase = "stuck".to_owned();
        assert_eq!(check(&evidence), Vec::<String>::new());
    }

    #[test]
    fn money_given_back_for_an_undelivered_purchase_is_no_breach_but_more_than_that_is() {
        let mut evidence = sound();
        evidence.ledger[1].kind = "charge".to_owned();
        evidence.purchases[1].phase = "reversed".to_owned();
        assert_eq!(check(&evidence).len(), 1);
        let refund = LedgerEntry { kind: "refund".to_owned(), ..evidence.ledger[1].clone() };
        evidence.ledger.push(refund.clone());
        assert_eq!(check(&evidence), Vec::<String>::new());
        evidence.ledger.push(refund);
        assert!(!check(&evidence).is_empty());
    }

    #[test]
    fn access_without_money_is_seen() {
        let mut evidence = sound();
        evidence.ledger.remove(0);
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn money_for_an_order_that_nobody_knows_is_seen() {
        let mut evidence = sound();
        evidence.purchases[0].order_id = Some("ord_other".to_owned());
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_sale_that_is_not_in_the_books_is_seen() {
        let mut evidence = sound();
        evidence.transactions[0].payment_state = "pending".to_owned();
        assert_eq!(check(&evidence).len(), 1);
    }
}
