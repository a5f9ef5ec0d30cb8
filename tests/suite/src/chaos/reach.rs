//! Which sites can be sold at: so that buyers get as far as the charge instead of being refused at the door.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::chance::Chance;
use crate::operator::Operator;

/// Pause between two looks at a site.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// A site that does not answer for so long is not sold at.
const ANSWERS_WITHIN: Duration = Duration::from_millis(1_000);

/// Whether each site answered when it was asked last.
#[derive(Debug, Clone)]
pub struct Reach(Rc<Vec<Cell<bool>>>);

impl Reach {
    /// So many sites, all of which answer.
    #[must_use]
    pub fn all(sites: usize) -> Self {
        Self(Rc::new(vec![Cell::new(true); sites]))
    }

    /// One of the sites that answer; none when none does.
    #[must_use]
    pub fn pick(&self, chance: &RefCell<Chance>) -> Option<usize> {
        let open: Vec<usize> = (0..self.0.len()).filter(|site| self.0[*site].get()).collect();
        (!open.is_empty()).then(|| chance.borrow_mut().pick(&open))
    }

    /// Looks at one site until `stop`.
    pub async fn watch(self, site: usize, router_id: String, operator: Operator, stop: Rc<Cell<bool>>) {
        let path = format!("/api/v1/admin/routers/{router_id}/test-connection");
        while !stop.get() {
            let answer = tokio::time::timeout(ANSWERS_WITHIN, operator.get(&path)).await;
            let answers = matches!(answer, Ok(Ok(answer)) if answer.body["success"] == true);
            self.0[site].set(answers);
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}
