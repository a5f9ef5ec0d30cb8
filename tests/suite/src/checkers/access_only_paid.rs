//! P2: nobody gets access that was not paid.

use crate::evidence::{Evidence, UnknownReservation, User};

/// Begins the comment of a reserved user; the purchase follows.
const MARK: &str = "pagos:";

/// Breaches of P2.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let sold = evidence.users.iter().filter(|user| !user.is_foreign());
    let mut breaches: Vec<String> = sold
        .flat_map(|user| {
            [orphan(evidence, user), left_mark(evidence, user), kept(evidence, user)].into_iter().flatten()
        })
        .collect();
    breaches.extend(evidence.unknown_reservations.iter().map(|held| {
        let UnknownReservation { router_id, purchase_id, name } = held;
        format!("an agent holds user {name} on {router_id} for {purchase_id}, which nobody knows")
    }));
    breaches
}

/// A user that belongs to no purchase that may have one.
fn orphan(evidence: &Evidence, user: &User) -> Option<String> {
    let mut of_name = evidence
        .purchases
        .iter()
        .filter(|purchase| purchase.router_id == user.router_id && purchase.user == user.sold_as())
        .peekable();
    if of_name.peek().is_none() {
        return Some(format!("user {} belongs to no purchase", user.name));
    }
    let phases: Vec<&str> = of_name.map(|purchase| purchase.phase.as_str()).collect();
    let entitled = phases.iter().any(|phase| match *phase {
        "paid" | "completed" | "mismatch" | "stuck" => true,
        // The access was given before the money went back: the user stays, but disabled ([`kept`]).
        "reversed" => user.disabled || is_forgiven(evidence, user),
        _ => false,
    });
    (!entitled).then(|| format!("user {} stands although its purchase is {}", user.name, phases.join(", ")))
}

/// A user that can still be used although all the money for it went back.
fn kept(evidence: &Evidence, user: &User) -> Option<String> {
    let purchase = evidence
        .purchases
        .iter()
        .find(|own| own.router_id == user.router_id && own.user == user.sold_as())?;
    let money = evidence.money_of(&purchase.id);
    let returned = money.charged > 0 && money.kept() <= 0;
    let excused = user.disabled || purchase.attention || is_forgiven(evidence, user);
    (returned && !excused)
        .then(|| format!("user {} works although all the money of {} went back", user.name, purchase.id))
}

/// Whether the company lets users keep the access when the money goes back.
fn is_forgiven(evidence: &Evidence, user: &User) -> bool {
    evidence.routers.get(&user.router_id).is_some_and(|company| evidence.forgiving.contains(company))
}

/// A mark that is still there although the purchase it names has ended.
fn left_mark(evidence: &Evidence, user: &User) -> Option<String> {
    let id = user.comment.strip_prefix(MARK)?;
    let Some(purchase) = evidence.purchase(id) else {
        return Some(format!("user {} is marked for {id}, which does not exist", user.name));
    };
    let undecided = matches!(purchase.phase.as_str(), "mismatch" | "stuck");
    (!undecided).then(|| format!("user {} is still marked for {id}, which is {}", user.name, purchase.phase))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checkers::sound::{COMPANY, PAID, REVERSED, ROUTER, line, sound, user};
    use crate::evidence::UnknownReservation;

    #[test]
    fn a_sound_world_keeps_the_promise() {
        assert_eq!(check(&sound()), Vec::<String>::new());
    }

    #[test]
    fn a_user_of_nobody_is_seen() {
        let mut evidence = sound();
        evidence.users.push(user("PT-NOBOD"));
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_clone_is_judged_as_the_user_that_was_sold() {
        for (name, is_sound) in
            [("PT-AAAAA_RANDMAC2", true), ("PT-CCCCC_RANDMAC2", false), ("PT-NOBOD_RANDMAC2", false)]
        {
            let mut evidence = sound();
            evidence.users.push(user(name));
            assert_eq!(check(&evidence).is_empty(), is_sound, "{name}");
        }
    }

    #[test]
    fn a_user_whose_charge_was_declined_is_seen() {
        let mut evidence = sound();
        let name = evidence.purchases[1].user.clone();
        evidence.users.push(user(&name));
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn the_same_name_on_another_router_is_no_excuse() {
        let mut evidence = sound();
        evidence.users[0].router_id = "RTR_OTHER".to_owned();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_mark_left_on_a_delivered_user_is_seen() {
        let mut evidence = sound();
        evidence.users[0].comment = format!("pagos:{}", evidence.purchases[0].id);
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_user_that_works_after_the_money_went_back_is_seen() {
        let mut evidence = sound();
        evidence.users.iter_mut().for_each(|user| user.disabled = false);
        assert_eq!(check(&evidence).len(), 2, "by the phase and by the money: {REVERSED}");
    }

    #[test]
    fn money_that_went_back_behind_our_back_is_seen() {
        let mut evidence = sound();
        evidence.ledger.push(line("refund", PAID));
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_company_may_let_users_keep_the_access() {
        let mut evidence = sound();
        evidence.users.iter_mut().for_each(|user| user.disabled = false);
        evidence.forgiving.push(COMPANY.to_owned());
        assert_eq!(check(&evidence), Vec::<String>::new());
    }

    #[test]
    fn a_reservation_that_nobody_knows_is_seen() {
        let mut evidence = sound();
        evidence.unknown_reservations.push(UnknownReservation {
            router_id: ROUTER.to_owned(),
            purchase_id: "TRX_LOST".to_owned(),
            name: "PT-LOSTT".to_owned(),
        });
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn users_that_were_there_before_are_nobodys_business() {
        let mut evidence = sound();
        evidence.users.push(user("preload-7"));
        assert_eq!(check(&evidence), Vec::<String>::new());
    }
}
