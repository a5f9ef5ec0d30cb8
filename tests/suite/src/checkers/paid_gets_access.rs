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
    let money = evidence.money_of(id);
    if delivered(purchase) {
        if money.charged != purchase.price {
            breaches
                .push(format!("{id} is {phase} for {} but {} was charged", purchase.price, money.charged));
        }
        let usable = evidence
            .users
            .iter()
            .any(|row| row.router_id == purchase.router_id && row.name == *user && !row.disabled);
        if !usable {
            breaches.push(format!("{id} is {phase} but its user {user} is not usable on the router"));
        }
    } else if money.kept() != 0 && !shown_to_a_person(purchase) {
        breaches.push(format!("{} was charged for {id}, which ended {phase}", money.kept()));
    }
    let called = matches!(phase.as_str(), "mismatch" | "stuck");
    if called && !purchase.attention {
        breaches.push(format!("{id} is {phase} but is not shown to a person"));
    }
    if !purchase.open && !called {
        breaches.extend(misbooked(evidence, purchase));
    }
    breaches
}

/// Whether our books and the gateway's differ.
fn misbooked(evidence: &Evidence, purchase: &Purchase) -> Option<String> {
    let kept = evidence.money_of(&purchase.id).kept();
    let own = evidence.transactions.iter().filter(|row| row.purchase_id == purchase.id);
    let booked: i64 = own
        .map(|row| match row.payment_state.as_str() {
            "paid" | "approved" | "partially_refunded" => row.amount - purchase.refunded,
            _ => 0,
        })
        .sum();
    (kept != booked).then(|| format!("the books have {booked} for {}, the gateway has {kept}", purchase.id))
}

/// Money that no purchase knows of.
fn lost(evidence: &Evidence, entry: &LedgerEntry) -> Option<String> {
    let (sale, payment) = (entry.sale_id.as_str(), &entry.payment_id);
    if evidence.strays.iter().any(|stray| stray.payment_id == *payment && stray.amount == entry.amount) {
        return None;
    }
    let Some(purchase) = evidence.purchase(sale) else {
        return Some(format!("payment {payment} was charged for {sale:?}, which does not exist"));
    };
    let known = purchase.payment_id.as_deref() == Some(payment.as_str());
    (!known).then(|| format!("payment {payment} was charged but {sale} does not know it"))
}

fn delivered(purchase: &Purchase) -> bool {
    matches!(purchase.phase.as_str(), "paid" | "completed")
}

fn shown_to_a_person(purchase: &Purchase) -> bool {
    purchase.attention
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkers::sound::{PAID, REVERSED, line, sound};
    use crate::evidence::Stray;

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
        assert_eq!(check(&evidence).len(), 2, "by its end and by the books");
    }

    #[test]
    fn money_taken_and_shown_to_a_person_is_no_breach() {
        let mut evidence = sound();
        evidence.ledger[1].kind = "charge".to_owned();
        evidence.purchases[1].phase = "stuck".to_owned();
        evidence.purchases[1].attention = true;
        assert_eq!(check(&evidence), Vec::<String>::new());
        evidence.purchases[1].attention = false;
        assert_eq!(check(&evidence).len(), 2, "the money is not settled, and nobody is shown it");
    }

    #[test]
    fn a_refund_that_our_books_do_not_have_is_seen() {
        let mut evidence = sound();
        evidence.ledger.push(crate::evidence::LedgerEntry { amount: 500, ..line("refund", PAID) });
        assert_eq!(check(&evidence).len(), 1);
        evidence.purchases[0].refunded = 500;
        assert_eq!(check(&evidence), Vec::<String>::new());
    }

    #[test]
    fn a_reversed_purchase_whose_money_did_not_go_back_is_seen() {
        let mut evidence = sound();
        evidence.ledger.retain(|entry| entry.kind != "refund");
        assert_eq!(check(&evidence).len(), 2, "by its end and by the books: {REVERSED}");
    }

    #[test]
    fn a_stray_payment_that_a_person_is_shown_is_no_breach() {
        let mut evidence = sound();
        let mut payment = evidence.payments[0].clone();
        payment.id = "ord_stray".to_owned();
        payment.sale_id = "TRX_GONE".to_owned();
        let charge = crate::evidence::LedgerEntry {
            payment_id: payment.id.clone(),
            sale_id: payment.sale_id.clone(),
            ..line("charge", PAID)
        };
        evidence.strays.push(Stray { payment_id: payment.id.clone(), amount: charge.amount });
        evidence.payments.push(payment);
        evidence.ledger.push(charge);
        assert_eq!(check(&evidence), Vec::<String>::new());
        evidence.strays.clear();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn access_without_money_is_seen() {
        let mut evidence = sound();
        evidence.ledger.remove(0);
        assert_eq!(check(&evidence).len(), 2, "by the price and by the books");
    }

    #[test]
    fn money_for_a_payment_that_nobody_knows_is_seen() {
        let mut evidence = sound();
        evidence.purchases[0].payment_id = Some("ord_other".to_owned());
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_sale_that_is_not_in_the_books_is_seen() {
        let mut evidence = sound();
        evidence.transactions[0].payment_state = "pending".to_owned();
        assert_eq!(check(&evidence).len(), 1);
    }
}
