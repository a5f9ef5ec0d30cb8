//! The record: every purchase has its first line, the last line tells where it stands, and nothing is ever taken back.

use crate::evidence::{Evidence, Line, Purchase};

/// The step of the first line.
const FIRST_STEP: &str = "asked";

/// Breaches of the record's rules.
#[must_use]
pub fn check(evidence: &Evidence) -> Vec<String> {
    let mut breaches: Vec<String> =
        evidence.purchases.iter().flat_map(|purchase| of_purchase(evidence, purchase)).collect();
    for (id, before) in &evidence.earlier_records {
        let now = evidence.records.get(id).map(Vec::as_slice).unwrap_or_default();
        if !now.starts_with(before) {
            breaches.push(format!("the record of {id} had {} lines that are no longer so", before.len()));
        }
    }
    breaches
}

fn of_purchase(evidence: &Evidence, purchase: &Purchase) -> Vec<String> {
    let Purchase { id, phase, .. } = purchase;
    let lines = evidence.records.get(id).map(Vec::as_slice).unwrap_or_default();
    let mut breaches = Vec::new();
    if lines.first().is_none_or(|line| line.step != FIRST_STEP) {
        breaches.push(format!("the record of {id} has no first line"));
    }
    if lines.is_sorted_by(|one, next| one.version <= next.version) {
        let told = lines.iter().rev().find(|line| line.step == "phase").map(told_phase);
        if told.is_some_and(|told| told != phase) {
            breaches.push(format!("{id} is {phase}, but its record ends with {told:?}"));
        }
    } else {
        breaches.push(format!("the record of {id} is out of order"));
    }
    breaches
}

/// The phase that a line tells, without the code of a failure.
fn told_phase(line: &Line) -> &str {
    line.result.split(':').next().unwrap_or_default()
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
    fn a_purchase_without_its_first_line_is_seen() {
        let mut evidence = sound();
        evidence.records.get_mut("TRX_A").unwrap().remove(0);
        assert_eq!(check(&evidence).len(), 1);
        evidence.records.remove("TRX_A");
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_record_that_ends_elsewhere_than_the_purchase_is_seen() {
        let mut evidence = sound();
        evidence.purchases[0].phase = "reversed".to_owned();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_record_out_of_order_is_seen() {
        let mut evidence = sound();
        evidence.records.get_mut("TRX_A").unwrap()[1].version = 0;
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn a_line_that_was_taken_back_or_changed_is_seen() {
        let mut evidence = sound();
        evidence.earlier_records = evidence.records.clone();
        assert_eq!(check(&evidence), Vec::<String>::new());
        evidence.earlier_records.get_mut("TRX_B").unwrap()[0].result = "other".to_owned();
        assert_eq!(check(&evidence).len(), 1);
        let mut evidence = sound();
        let mut longer = evidence.records["TRX_B"].clone();
        longer.push(longer[1].clone());
        evidence.earlier_records.insert("TRX_B".to_owned(), longer);
        assert_eq!(check(&evidence).len(), 1);
    }
}
