//! P2: nobody gets access that was not paid.

use crate::evidence::{Evidence, User};

/// Begins the comment of a reserved user; the purchase follows.
const MARK: &str = "pagos:";

/// Breaches of P2.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let sold = evidence.users.iter().filter(|user| !user.is_foreign());
    sold.flat_map(|user| orphan(evidence, user).into_iter().chain(left_mark(evidence, user))).collect()
}

/// A user that belongs to no purchase that may have one.
fn orphan(evidence: &Evidence, user: &User) -> Option<String> {
    let mut of_name = evidence
        .purchases
        .iter()
        .filter(|purchase| purchase.router_id == user.router_id && purchase.user == user.name)
        .peekable();
    if of_name.peek().is_none() {
        return Some(format!("user {} belongs to no purchase", user.name));
    }
    let phases: Vec<&str> = of_name.map(|purchase| purchase.phase.as_str()).collect();
    let entitled = phases.iter().any(|phase| matches!(*phase, "paid" | "completed" | "mismatch" | "stuck"));
    // Who had the access and got the money back keeps a user that opens no door.
    let shut = user.disabled && phases.contains(&"reversed");
    (!entitled && !shut)
        .then(|| format!("user {} stands although its purchase is {}", user.name, phases.join(", ")))
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
    use crate::checkers::sound::{sound, user};

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
    fn users_that_were_there_before_are_nobodys_business() {
        let mut evidence = sound();
        evidence.users.push(user("preload-7"));
        assert_eq!(check(&evidence), Vec::<String>::new());
    }
}
