//! Passwords: argon2id on a bounded pool of blocking threads, and the rule for new ones.
//!
//! Imported users come with bcrypt hashes. They verify too, and are to be replaced when the password is known.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::AuthError;
use crate::seams::Random;
use crate::text::Phrase;

/// Fewest characters of a new password.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Most characters of a new password.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Hashes computed at the same time; each takes a core and 19 MiB.
const WORKERS_MAX: usize = 2;
/// Hashes computed or waiting; more are refused at once.
const PLACES_MAX: usize = 64;
const SALT_BYTES: usize = 16;

/// How hashes of the replaced service begin.
const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];
/// Largest cost of a bcrypt hash that is looked at: one step more is twice the time.
const BCRYPT_COST_MAX: u32 = 14;

/// Verified in place of the hash of a user who does not exist, so that both take the same time.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cGFnb3MtaG90c3BvdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies passwords without holding up the async threads.
#[derive(Debug)]
pub struct Passwords {
    places: Semaphore,
    workers: Arc<Semaphore>,
    random: Random,
}

impl Passwords {
    /// A pool without work.
    #[must_use]
    pub fn new(random: Random) -> Self {
        Self { places: Semaphore::new(PLACES_MAX), workers: Arc::new(Semaphore::new(WORKERS_MAX)), random }
    }

    /// The hash of a password, to be stored.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many wait.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, AuthError> {
        let salt = self.random.bytes::<SALT_BYTES>();
        self.blocking(move || {
            Argon2::default()
                .hash_password_with_salt(password.as_bytes(), &salt)
                .expect("a password of limited length and a salt of fixed length can be hashed")
                .to_string()
        })
        .await
    }

    /// Whether the password belongs to the hash. Takes as long when there is no hash.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many wait.
    pub async fn verify(&self, hash: Option<String>, password: Zeroizing<String>) -> Result<bool, AuthError> {
        self.blocking(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| DECOY.to_owned());
            matches(&hash, password.as_bytes()) && known
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let _place = self.places.try_acquire().map_err(|_| AuthError::Busy)?;
        let worker = self.workers.clone().acquire_owned().await.map_err(|_| AuthError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(worker);
            result
        });
        done.await.map_err(|_| AuthError::Busy)
    }
}

/// Whether a stored hash is of an older kind, to be replaced once the password is known.
#[must_use]
pub fn is_outdated(hash: &str) -> bool {
    BCRYPT.iter().any(|prefix| hash.starts_with(prefix))
}

/// Of a bcrypt hash only the first 72 bytes of the password count.
fn matches(hash: &str, password: &[u8]) -> bool {
    if !is_outdated(hash) {
        return Argon2::default().verify_password(password, hash).is_ok();
    }
    let cost = hash.get(4..6).and_then(|cost| cost.parse().ok());
    cost.is_some_and(|cost: u32| cost <= BCRYPT_COST_MAX) && bcrypt::verify(password, hash).unwrap_or(false)
}

/// Why a new password is not good enough; none when it is.
#[must_use]
pub fn fault(password: &str) -> Option<Phrase> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Some(Phrase::PasswordTooShort);
    }
    if password.chars().count() > PASSWORD_CHARS_MAX {
        return Some(Phrase::PasswordTooLong);
    }
    let lower = password.to_lowercase();
    let one_character = lower.chars().all(|character| lower.starts_with(character));
    if one_character || COMMON.binary_search(&lower.as_str()).is_ok() || is_run(&lower) {
        return Some(Phrase::PasswordCommon);
    }
    None
}

/// Whether it is a stretch of the digits, the alphabet or a keyboard row, or one word of up to three letters repeated.
fn is_run(lower: &str) -> bool {
    const ROWS: [&str; 5] = [
        "01234567890123456789",
        "09876543210987654321",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "zyxwvutsrqponmlkjihgfedcba",
    ];
    let characters: Vec<char> = lower.chars().collect();
    let repeats = (2..=3)
        .any(|period| characters.iter().zip(characters.iter().skip(period)).all(|(one, later)| one == later));
    repeats || ROWS.iter().any(|row| row.contains(lower))
}

/// Common passwords of at least ten characters, sorted.
const COMMON: &[&str] = &[
    "1234567890a",
    "1234567890q",
    "123456789a",
    "123456789abc",
    "123456789q",
    "1234qwerasdf",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "1qazxsw23edc",
    "a123456789",
    "abc1234567",
    "abc123456789",
    "abcd123456",
    "abcd12345678",
    "admin12345",
    "admin123456",
    "adminadmin",
    "administrador",
    "administrator",
    "america2024",
    "asdf123456",
    "barcelona1",
    "bienvenido",
    "bienvenido1",
    "bienvenido123",
    "changeme123",
    "chivas1234",
    "chocolate1",
    "computadora",
    "contrasena",
    "contrasena1",
    "contrasena123",
    "contraseña",
    "contraseña1",
    "contraseña123",
    "cruzazul123",
    "dragonball",
    "estrellita",
    "familia123",
    "football123",
    "guadalupe1",
    "hola123456",
    "hotspot123",
    "iloveyou12",
    "iloveyou123",
    "internet123",
    "jesucristo",
    "liverpool1",
    "mariposa123",
    "mexico1234",
    "mexico2024",
    "mexico2025",
    "mexico2026",
    "mikrotik123",
    "mypassword",
    "p@ssw0rd123",
    "pagos12345",
    "pagoshotspot",
    "pass123456",
    "passw0rd123",
    "password01",
    "password11",
    "password12",
    "password123",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "princesa123",
    "q1w2e3r4t5",
    "q1w2e3r4t5y6",
    "qazwsxedcrfv",
    "qwer123456",
    "qwerty1234",
    "qwerty12345",
    "qwerty123456",
    "qwertyqwerty",
    "realmadrid",
    "root123456",
    "secret1234",
    "sunshine123",
    "superadmin",
    "superadmin1",
    "superman123",
    "teamo12345",
    "teamomucho",
    "temporal123",
    "test123456",
    "usuario123",
    "welcome123",
    "welcome1234",
    "wifi123456",
    "zaq12wsxcde3",
];

#[cfg(test)]
mod tests {
    use super::{COMMON, PASSWORD_CHARS_MIN, Passwords, fault, is_outdated, matches};
    use crate::seams::Random;
    use crate::text::Phrase;
    use zeroize::Zeroizing;

    #[test]
    fn short_and_common_passwords_are_refused() {
        assert_eq!(fault("corta"), Some(Phrase::PasswordTooShort));
        for common in
            ["aaaaaaaaaaaa", "1234567890", "QwertyUiop", "Password123", "abababababab", "0987654321"]
        {
            assert_eq!(fault(common), Some(Phrase::PasswordCommon), "{common}");
        }
        assert_eq!(fault(&"ab".repeat(129)), Some(Phrase::PasswordTooLong));
        assert_eq!(fault("tres tristes tigres"), None);
    }

    #[test]
    fn the_list_can_be_searched() {
        let mut sorted = COMMON.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, COMMON);
        assert!(COMMON.iter().all(|word| word.chars().count() >= PASSWORD_CHARS_MIN));
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_verifies() {
        let passwords = Passwords::new(Random::default());
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        let hash = passwords.hash(secret("tres tristes")).await.expect("hash");
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify(Some(hash.clone()), secret("tres tristes")).await.expect("verify"));
        assert!(!passwords.verify(Some(hash), secret("tres tigres")).await.expect("verify"));
        assert!(!passwords.verify(None, secret("tres tristes")).await.expect("verify"));
    }

    #[test]
    fn hashes_of_the_replaced_service_verify() {
        // Published by the authors of bcrypt, and the same written with the other two prefixes.
        let published = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let hash = published.replace("$2a$", prefix);
            assert!(is_outdated(&hash) && matches(&hash, b"U*U"), "{hash}");
            assert!(!matches(&hash, b"U*V") && !matches(&hash, b""), "{hash}");
        }
        let long = bcrypt::hash_with_salt([b'x'; 80], 4, [7; 16]).expect("hash").to_string();
        assert!(matches(&long, &[b'x'; 72]), "only 72 bytes count");
        assert!(!matches(&long, &[b'x'; 71]));
        for broken in ["$2b$", "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$2b$xx$", ""]
        {
            assert!(!matches(broken, b"U*U"), "{broken}");
        }
    }

    #[test]
    fn the_decoy_costs_as_much_as_a_hash() {
        use argon2::password_hash::phc::PasswordHash;
        let decoy = PasswordHash::new(super::DECOY).expect("decoy");
        let params = argon2::Params::try_from(&decoy).expect("params");
        assert_eq!(params.m_cost(), argon2::Params::DEFAULT_M_COST);
        assert_eq!(params.t_cost(), argon2::Params::DEFAULT_T_COST);
        assert_eq!(params.p_cost(), argon2::Params::DEFAULT_P_COST);
    }
}
