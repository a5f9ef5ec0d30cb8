//! Opens Fernet tokens, in which the replaced service kept secrets: AES-128-CBC and HMAC-SHA256 in URL-safe base64.
//!
//! A token is a version byte, eight bytes of time, the initial vector, the ciphertext and the signature over all of it.
//! How old it is does not matter here.

use aes::Aes128;
use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;
use zeroize::Zeroizing;

const HALF_KEY_BYTES: usize = 16;
const VERSION: u8 = 0x80;
const HEADER_BYTES: usize = 9;
const IV_BYTES: usize = 16;
const SIGNATURE_BYTES: usize = 32;
/// How every token begins: the version, and years that will not be over soon.
const BEGINNING: &str = "gAAAA";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key of the replaced service.
pub struct Key {
    signing: hmac::Key,
    encryption: Zeroizing<[u8; HALF_KEY_BYTES]>,
}

impl Key {
    /// Reads a key: 32 bytes in URL-safe base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64.decode(text.trim()).ok()?);
        let (signing, encryption) = bytes.split_first_chunk::<HALF_KEY_BYTES>()?;
        let encryption = Zeroizing::new(<[u8; HALF_KEY_BYTES]>::try_from(encryption).ok()?);
        Some(Self { signing: hmac::Key::new(hmac::HMAC_SHA256, signing), encryption })
    }

    /// The text inside a token; none when it was not made with this key.
    #[must_use]
    pub fn open(&self, token: &str) -> Option<Zeroizing<String>> {
        let bytes = BASE64.decode(token.trim()).ok()?;
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>()?;
        hmac::verify(&self.signing, signed, signature).ok()?;
        let (header, body) = signed.split_first_chunk::<HEADER_BYTES>()?;
        if header[0] != VERSION {
            return None;
        }
        let (iv, ciphertext) = body.split_first_chunk::<IV_BYTES>()?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let cipher = cbc::Decryptor::<Aes128>::new(&(*self.encryption).into(), &(*iv).into());
        let plain = cipher.decrypt_padded::<Pkcs7>(&mut buffer).ok()?;
        std::str::from_utf8(plain).ok().map(|text| Zeroizing::new(text.to_owned()))
    }
}

/// Whether a text looks like a token, whoever made it.
#[must_use]
pub fn looks_sealed(text: &str) -> bool {
    text.starts_with(BEGINNING) && BASE64.decode(text.trim()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Key, looks_sealed};

    /// From the published test vectors of Fernet.
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

    #[test]
    fn the_published_token_opens() {
        let key = Key::parse(KEY).expect("a key");
        assert_eq!(key.open(TOKEN).expect("opens").as_str(), "hello");
        assert_eq!(key.open(TOKEN.trim_end_matches('=')).expect("without padding").as_str(), "hello");
        assert!(Key::parse(KEY.trim_end_matches('=')).is_some());
        assert!(looks_sealed(TOKEN) && !looks_sealed("APP_USR-1") && !looks_sealed("gAAAA?"));
    }

    #[test]
    fn what_was_altered_or_made_with_another_key_does_not_open() {
        let key = Key::parse(KEY).expect("a key");
        for at in 0..TOKEN.len() - 2 {
            let letter = if &TOKEN[at..=at] == "A" { "B" } else { "A" };
            let altered = format!("{}{letter}{}", &TOKEN[..at], &TOKEN[at + 1..]);
            assert!(key.open(&altered).is_none(), "{altered}");
        }
        for text in ["", "hello", "gAAAAA==", &TOKEN[..40]] {
            assert!(key.open(text).is_none(), "{text}");
        }
        let other = Key::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").expect("a key");
        assert!(other.open(TOKEN).is_none());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "short", "cw_0x689RpI", &format!("{KEY}AAAA")] {
            assert!(Key::parse(text).is_none(), "{text}");
        }
    }
}
