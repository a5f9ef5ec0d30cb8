//! Names and passwords of hotspot users.

use zeroize::Zeroizing;

use crate::seams::Random;

const PREFIX: &str = "PT-";
const NAME_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const NAME_CHARS: usize = 5;

/// A name nobody has drawn: `PT-` and five characters, or five digits for a PIN user.
#[must_use]
pub fn draw_name(random: &Random, pin: bool) -> String {
    if pin {
        return format!("{PREFIX}{:05}", random.below(100_000));
    }
    let letters = u32::try_from(NAME_LETTERS.len()).expect("thirty-six letters");
    let drawn = (0..NAME_CHARS).map(|_| {
        let index = usize::try_from(random.below(letters)).unwrap_or_default();
        char::from(NAME_LETTERS[index])
    });
    format!("{PREFIX}{}", drawn.collect::<String>())
}

/// A password of four digits, zeros included; empty for a PIN user.
#[must_use]
pub fn draw_password(random: &Random, pin: bool) -> Zeroizing<String> {
    Zeroizing::new(if pin { String::new() } else { format!("{:04}", random.below(10_000)) })
}

#[cfg(test)]
mod tests {
    use super::{draw_name, draw_password};
    use crate::seams::Random;

    #[test]
    fn drawn_users_have_the_shape_that_portals_expect() {
        let random = Random::default();
        for _ in 0..200 {
            let name = draw_name(&random, false);
            assert!(name.len() == 8 && name.starts_with("PT-"), "{name}");
            let password = draw_password(&random, false);
            assert!(password.len() == 4 && password.bytes().all(|digit| digit.is_ascii_digit()));
            let pin = draw_name(&random, true);
            assert!(pin.len() == 8 && pin[3..].bytes().all(|digit| digit.is_ascii_digit()), "{pin}");
        }
        assert!(draw_password(&random, true).is_empty());
    }
}
