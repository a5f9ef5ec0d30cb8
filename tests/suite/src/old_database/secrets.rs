//! Secrets as the replaced service kept them: Fernet tokens, bcrypt hashes, signed API keys.
//!
//! Written apart from the importer, so that a mistake cannot cancel itself out.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ring::hmac::{HMAC_SHA256, Key, sign};
use sha2::{Digest, Sha256};

/// The key of encrypted secrets, as its environment had it.
pub const ENCRYPTION_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The secret of API keys, as its environment had it.
pub const KEY_SECRET: &str = "secreto-viejo-de-las-claves";
/// Everybody's password.
pub const PASSWORD: &str = "la clave de siempre";

/// A time within the keys' life, in seconds since the epoch.
const ISSUED_AT: &str = "1761991200.898422";
const EXPIRES_AT: &str = "1825063200.898422";
/// The cheapest bcrypt that there is.
const COST: u32 = 4;

/// The Conekta key of a company; none for the third of them that never had one.
#[must_use]
pub fn conekta_key(company: i64) -> Option<String> {
    (company % 3 != 0).then(|| format!("key_{company}"))
}

pub(super) fn stored_conekta_key(company: i64) -> String {
    conekta_key(company).unwrap_or_else(|| "key_test_default".to_owned())
}

/// The Mercado Pago token of a company; none for some.
#[must_use]
pub fn mercado_pago_token(company: i64) -> Option<String> {
    (company % 5 != 4).then(|| format!("APP_USR-{company}-token"))
}

/// Most tokens are encrypted; some are from before that.
pub(super) fn stored_mercado_pago_token(company: i64) -> Option<String> {
    let token = mercado_pago_token(company)?;
    Some(if company % 2 == 0 { token } else { fernet(&token, company) })
}

/// A Fernet token of `plain`.
fn fernet(plain: &str, number: i64) -> String {
    let key: Vec<u8> = (0..32).collect();
    let iv = [u8::try_from(number % 251).unwrap_or(0); 16];
    let cipher = cbc::Encryptor::<Aes128>::new_from_slices(&key[16..], &iv).expect("16 bytes each");
    let mut buffer = plain.as_bytes().to_vec();
    buffer.resize(plain.len() + 16, 0);
    let sealed = cipher.encrypt_padded::<Pkcs7>(&mut buffer, plain.len()).expect("room for the padding");
    let mut token = vec![0x80, 0, 0, 0, 0, 0x65, 0, 0, 0];
    token.extend(iv);
    token.extend(sealed);
    let signature = sign(&Key::new(HMAC_SHA256, &key[..16]), &token);
    token.extend(signature.as_ref());
    URL_SAFE.encode(token)
}

/// The password's hash with each of the three prefixes.
pub(super) fn password_hashes() -> Vec<String> {
    let hash = bcrypt::hash_with_salt(PASSWORD, COST, [9; 16]).expect("the cost is allowed").to_string();
    let with = |prefix: &str| format!("{prefix}{}", &hash[4..]);
    ["$2b$", "$2a$", "$2y$"].map(with).into()
}

/// The API key of a router, as its portal has it.
#[must_use]
pub fn api_key(router: i64) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = format!(
        r#"{{"jti": "key_{router:016x}", "iss": "mikrotik-payment-api", "sub": "{router}", "iat": {ISSUED_AT}, "exp": {EXPIRES_AT}, "type": "router_api_key"}}"#
    );
    let signed = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims));
    let signature = sign(&Key::new(HMAC_SHA256, KEY_SECRET.as_bytes()), signed.as_bytes());
    format!("jwt_{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What is stored of a key.
#[must_use]
pub fn key_hash(key: &str) -> String {
    let digest = Sha256::digest(key.trim_start_matches("jwt_").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
