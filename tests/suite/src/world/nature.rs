//! What a world is like, beside what happens in it.

use super::chance::Chance;
use super::misdeeds::Misdeed;

/// Who paid gets the access by then, or the money back, in milliseconds: nearly always in time, or often too late.
const DELIVERY_LIMITS_MS: [i64; 3] = [1_800_000, 1_800_000, 100_000];

/// Drawn once, at the beginning.
#[derive(Debug, Clone, Copy)]
pub struct Nature {
    /// What is wrong on purpose.
    pub misdeed: Option<Misdeed>,
    /// Calls of a gateway that are lost or slow, in a hundred.
    pub lost_calls: u64,
    /// Names that somebody at the site takes just before they are reserved, in a hundred.
    pub taken_names: u64,
    /// Who paid gets the access by then, or the money back, in milliseconds.
    pub delivery_limit_ms: i64,
    /// Whether what goes away can stay away for minutes.
    pub long_outages: bool,
}

impl Nature {
    /// Draws one.
    pub fn draw(chance: &mut Chance, misdeed: Option<Misdeed>) -> Self {
        Self {
            misdeed,
            lost_calls: chance.of(&[0, 5, 10, 25]),
            taken_names: chance.of(&[0, 0, 2, 20]),
            delivery_limit_ms: chance.of(&DELIVERY_LIMITS_MS),
            long_outages: chance.percent(30),
        }
    }

    /// How long something is away, in milliseconds; where nothing lasts, at most `short`.
    pub fn outage_ms(&self, chance: &mut Chance, short: u64) -> u64 {
        if self.long_outages && chance.percent(50) {
            chance.between(60_000, 400_000)
        } else {
            chance.between(500, short)
        }
    }
}
