//! P5: a purchase, its router, product, key, books, order and journal entry all belong to one company and one router.

use crate::evidence::{Evidence, Purchase};

/// Breaches of P5.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let mut breaches: Vec<String> =
        evidence.purchases.iter().flat_map(|purchase| of_purchase(evidence, purchase)).collect();
    for (id, (company, router)) in &evidence.products {
        if evidence.routers.get(router) != Some(company) {
            breaches.push(format!("product {id} of {company} is sold on {router}, which is not its router"));
        }
    }
    for (id, (company, router)) in &evidence.api_keys {
        if evidence.routers.get(router) != Some(company) {
            breaches.push(format!("key {id} of {company} opens {router}, which is not its router"));
        }
    }
    for entry in &evidence.journal {
        if !entry.given {
            breaches.push(format!(
                "the agent acted for {} on {}, which it was not given",
                entry.purchase_id, entry.router_id
            ));
        }
    }
    breaches
}

fn of_purchase(evidence: &Evidence, purchase: &Purchase) -> Vec<String> {
    let Purchase { id, company_id, router_id, product_id, .. } = purchase;
    let own = (company_id.clone(), router_id.clone());
    let mut breaches = Vec::new();
    if evidence.routers.get(router_id) != Some(company_id) {
        breaches.push(format!("{id} of {company_id} was sold on {router_id}, which is not its router"));
    }
    if evidence.products.get(product_id) != Some(&own) {
        breaches.push(format!("{id} sold product {product_id}, which is not of this company and router"));
    }
    for row in evidence.transactions.iter().filter(|row| row.purchase_id == *id) {
        let key = row.api_key_id.as_ref().and_then(|key| evidence.api_keys.get(key));
        if (&row.company_id, &row.router_id, row.product_id) != (company_id, router_id, Some(*product_id)) {
            breaches.push(format!("the books have {id} under another company, router or product"));
        }
        if key.is_some_and(|key| *key != own) {
            breaches.push(format!("{id} was asked for with a key of another router"));
        }
    }
    for payment in evidence.payments.iter().filter(|payment| payment.sale_id == *id) {
        if (&payment.company_id, &payment.router_id) != (company_id, router_id) {
            breaches.push(format!("payment {} names another company or router than {id}", payment.id));
        }
    }
    for entry in evidence.journal.iter().filter(|entry| entry.purchase_id == *id) {
        if entry.router_id != *router_id {
            breaches.push(format!("an agent acted for {id} on {}", entry.router_id));
        }
    }
    breaches
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
    fn a_sale_on_a_router_of_another_company_is_seen() {
        let mut evidence = sound();
        evidence.routers.insert(ROUTER.to_owned(), "EMP_OTHER".to_owned());
        assert!(check(&evidence).iter().any(|breach| breach.contains("not its router")));
    }

    #[test]
    fn a_product_of_another_router_is_seen() {
        let mut evidence = sound();
        evidence.products.get_mut(&1).unwrap().1 = "RTR_OTHER".to_owned();
        assert!(check(&evidence).iter().any(|breach| breach.contains("product 1")));
    }

    #[test]
    fn books_under_another_company_are_seen() {
        let mut evidence = sound();
        evidence.transactions[0].company_id = "EMP_OTHER".to_owned();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_key_of_another_router_is_seen() {
        let mut evidence = sound();
        evidence.api_keys.insert("key_2".to_owned(), ("EMP_OTHER".to_owned(), "RTR_OTHER".to_owned()));
        evidence.routers.insert("RTR_OTHER".to_owned(), "EMP_OTHER".to_owned());
        evidence.transactions[0].api_key_id = Some("key_2".to_owned());
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_payment_that_names_another_company_is_seen() {
        let mut evidence = sound();
        evidence.payments[0].company_id = "EMP_OTHER".to_owned();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn an_agent_that_acted_on_another_router_is_seen() {
        let mut evidence = sound();
        evidence.journal[0].router_id = "RTR_OTHER".to_owned();
        assert_eq!(check(&evidence).len(), 1, "by the purchase");
        evidence.journal[0].given = false;
        assert_eq!(check(&evidence).len(), 2, "and by what the agent was given");
    }
}
