//! P1: no card is charged before the router has confirmed the user.

use crate::evidence::{Evidence, JournalEntry, Purchase};

/// Breaches of P1.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let mut breaches = Vec::new();
    for purchase in &evidence.purchases {
        breaches.extend(unconfirmed_charge(purchase));
        // Declined ones count too: the bank was asked.
        let tried = evidence
            .ledger
            .iter()
            .filter(|entry| matches!(entry.kind.as_str(), "charge" | "declined" | "hold"));
        for entry in tried.filter(|entry| entry.sale_id == purchase.id) {
            match purchase.reserved_at {
                None => {
                    breaches.push(format!("{} was charged but its user was never confirmed", purchase.id));
                }
                Some(at) if at > entry.at_ms => {
                    breaches.push(format!(
                        "{} was charged {} ms before its user stood",
                        purchase.id,
                        at - entry.at_ms
                    ));
                }
                Some(_) => {}
            }
            let made = evidence.journal.iter().any(|own| own.purchase_id == purchase.id && knows_a_user(own));
            if !made && !evidence.forgetful.contains(&purchase.router_id) {
                breaches
                    .push(format!("{} was charged but no agent knows a router row of its user", purchase.id));
            }
        }
    }
    breaches
}

/// A removed user has no row any more; that it was removed says that the agent knew of it.
fn knows_a_user(entry: &JournalEntry) -> bool {
    entry.row_id.is_some() || matches!(entry.kind.as_deref(), Some("release" | "revoke"))
}

fn unconfirmed_charge(purchase: &Purchase) -> Option<String> {
    let sent_at = purchase.charge_started_at?;
    match purchase.reserved_at {
        None => Some(format!("{} was about to be charged without a user", purchase.id)),
        Some(at) if at > sent_at => {
            Some(format!("{} was about to be charged before its user stood", purchase.id))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkers::sound::{ROUTER, sound};

    #[test]
    fn a_sound_world_keeps_the_promise() {
        assert_eq!(check(&sound()), Vec::<String>::new());
    }

    #[test]
    fn a_charge_without_a_confirmed_user_is_seen() {
        let mut evidence = sound();
        evidence.purchases[0].reserved_at = None;
        assert_eq!(check(&evidence).len(), 2, "by the purchase and by the ledger");
    }

    #[test]
    fn a_charge_before_the_user_stood_is_seen() {
        let mut evidence = sound();
        evidence.ledger[0].at_ms = evidence.purchases[0].reserved_at.unwrap() - 1;
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_declined_charge_before_the_user_stood_is_seen() {
        let mut evidence = sound();
        evidence.purchases[1].reserved_at = Some(evidence.ledger[1].at_ms + 1);
        assert_eq!(check(&evidence).len(), 2);
    }

    #[test]
    fn a_charge_that_no_agent_knows_of_is_seen() {
        let mut evidence = sound();
        evidence.journal[0].row_id = None;
        assert_eq!(check(&evidence).len(), 1);
    }
    #[test]
    fn an_agent_that_lost_its_journal_is_no_witness() {
        let mut evidence = sound();
        evidence.journal.clear();
        assert!(!check(&evidence).is_empty());
        evidence.forgetful.insert(ROUTER.to_owned());
        assert_eq!(check(&evidence), Vec::<String>::new());
    }
}
