//! Tier 2: seeded worlds.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use pagos_suite::world::{Options, run};

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..8 {
        let (one, two) = (run(seed, Options::default()), run(seed, Options::default()));
        assert_eq!(one.hash, two.hash, "seed {seed}:\n{}\n\nagain:\n{}", one.lines.join("\n"), two.lines.join("\n"));
    }
}
