//! People at the sites who make hotspot users by hand, under names that we are about to use. Their users are theirs: we
//! must find other names, and leave theirs alone.

use std::sync::{Arc, Mutex};

use super::chance::Chance;
use super::lock;
use super::sites::Place;
use super::stage::Stage;

/// All of them. Cheap to clone.
#[derive(Clone)]
pub struct Strangers {
    stage: Stage,
    places: Vec<Place>,
    /// Draws of their own, and how often in a hundred they take a name.
    habits: Arc<Mutex<(Chance, u64)>>,
    /// Router and name of each user they made.
    made: Arc<Mutex<Vec<(String, String)>>>,
}

impl Strangers {
    /// The people of these sites, who take so many names in a hundred.
    #[must_use]
    pub fn new(stage: Stage, places: Vec<Place>, chance: Chance, taken_names: u64) -> Self {
        Self { stage, places, habits: Arc::new(Mutex::new((chance, taken_names))), made: Arc::default() }
    }

    /// A name is about to be reserved on a router; one of them may be quicker.
    pub fn take(&self, router: &str, name: &str) {
        let quicker = {
            let (chance, odds) = &mut *lock(&self.habits);
            chance.percent(*odds)
        };
        if quicker && self.places.iter().any(|place| place.make_stranger(router, name)) {
            self.stage.note("stranger", &format!("makes user {name} on {router}"));
            lock(&self.made).push((router.to_owned(), name.to_owned()));
        }
    }

    /// All of them go and take their users along, which must stand as they were made.
    pub fn leave(&self) {
        lock(&self.habits).1 = 0;
        for (router, name) in lock(&self.made).drain(..) {
            if !self.places.iter().any(|place| place.remove_stranger(&router, &name)) {
                self.stage.breach(format!("P5: user {name} on {router} was somebody else's and is gone"));
            }
        }
    }
}
