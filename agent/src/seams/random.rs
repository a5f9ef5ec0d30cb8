//! Chance.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use super::clock;

/// Fills `bytes` from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give; nothing the agent does is safe then.
pub fn fill(bytes: &mut [u8]) {
    #[cfg(feature = "simulation")]
    if let Some(world) = super::simulation::world() {
        return world.fill(bytes);
    }
    SystemRandom::new().fill(bytes).expect("the operating system provides randomness");
}

/// A new id: UUID version 7 as text, so ids sort by the time they were made.
#[must_use]
pub fn id() -> String {
    let mut bytes = [0_u8; 16];
    fill(&mut bytes);
    let millis = clock::now_ms().to_be_bytes();
    bytes[..6].copy_from_slice(&millis[2..]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A random part of `whole`, between nothing and all of it.
#[must_use]
pub fn jitter(whole: Duration) -> Duration {
    let mut bytes = [0_u8; 4];
    fill(&mut bytes);
    let share = u64::from(u32::from_be_bytes(bytes));
    let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
    let part = u128::from(millis) * u128::from(share) / u128::from(u32::MAX);
    Duration::from_millis(u64::try_from(part).unwrap_or(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_differ() {
        let (one, two) = (id(), id());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'7');
        assert!(b"89ab".contains(&one.as_bytes()[19]));
    }

    #[test]
    fn jitter_stays_within_the_whole() {
        for _ in 0..100 {
            assert!(jitter(Duration::from_secs(3)) <= Duration::from_secs(3));
        }
        assert_eq!(jitter(Duration::ZERO), Duration::ZERO);
    }
}
