//! Reads a certificate request: only the key counts, and only if its owner has signed the request.

use rcgen::{
    CertificateSigningRequestParams, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKey, PublicKeyData,
};

/// Longest request that is looked at, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Length of an uncompressed P-256 point, in bytes.
const P256_POINT_BYTES: usize = 65;
/// Length of an Ed25519 key, in bytes.
const ED25519_KEY_BYTES: usize = 32;

/// Why a certificate request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not a certificate request, or larger than one can be.
    #[error("certificate request cannot be read")]
    Malformed,
    /// Its signature does not prove that the sender has the key.
    #[error("certificate request is not signed with its own key")]
    NotProven,
    /// The key is neither P-256 nor Ed25519.
    #[error("key of the certificate request is of a kind that is not accepted")]
    KeyKind,
    /// The certificate could not be made.
    #[error("certificate for the request cannot be made")]
    Sign,
}

/// The key of a request whose sender has proven to own it.
pub(super) fn proven_key(pem: &str) -> Result<PublicKey, RequestError> {
    if pem.len() > REQUEST_BYTES_MAX {
        return Err(RequestError::Malformed);
    }
    let request = CertificateSigningRequestParams::from_pem(pem).map_err(|error| reason(&error))?;
    let key = request.public_key;
    let algorithm = key.algorithm();
    let bytes = PublicKeyData::der_bytes(&key).len();
    let accepted = (*algorithm == PKCS_ECDSA_P256_SHA256 && bytes == P256_POINT_BYTES)
        || (*algorithm == PKCS_ED25519 && bytes == ED25519_KEY_BYTES);
    if accepted { Ok(key) } else { Err(RequestError::KeyKind) }
}

fn reason(error: &rcgen::Error) -> RequestError {
    if matches!(error, rcgen::Error::InvalidCertificationRequestSignature) {
        return RequestError::NotProven;
    }
    if matches!(error, rcgen::Error::UnsupportedSignatureAlgorithm) {
        return RequestError::KeyKind;
    }
    RequestError::Malformed
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::{REQUEST_BYTES_MAX, RequestError, proven_key};

    fn request(algorithm: &'static rcgen::SignatureAlgorithm) -> String {
        let key = KeyPair::generate_for(algorithm).expect("key");
        CertificateParams::default().serialize_request(&key).expect("request").pem().expect("pem")
    }

    #[test]
    fn p256_and_ed25519_are_accepted() {
        assert!(proven_key(&request(&PKCS_ECDSA_P256_SHA256)).is_ok());
        assert!(proven_key(&request(&PKCS_ED25519)).is_ok());
    }

    #[test]
    fn other_keys_are_refused() {
        assert_eq!(proven_key(&request(&PKCS_ECDSA_P384_SHA384)), Err(RequestError::KeyKind));
    }

    #[test]
    fn a_request_signed_by_another_key_is_refused() {
        let pem = request(&PKCS_ECDSA_P256_SHA256);
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = STANDARD.decode(body).expect("base64");
        let last = der.len() - 1;
        der[last] ^= 1;
        let altered = format!(
            "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
            STANDARD.encode(der)
        );
        assert_eq!(proven_key(&altered), Err(RequestError::NotProven));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(proven_key("hello"), Err(RequestError::Malformed));
        assert_eq!(proven_key(&"x".repeat(REQUEST_BYTES_MAX + 1)), Err(RequestError::Malformed));
    }
}
