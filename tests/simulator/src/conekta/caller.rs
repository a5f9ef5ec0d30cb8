//! Who is asking, and in which version and language.

use super::failure::{Failure, Language};
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Versions that a client may ask for.
const VERSIONS: [&str; 4] = ["2.0.0", "2.1.0", "2.2.0", "2.3.0"];

/// A client that has shown a key.
#[derive(Debug)]
pub(super) struct Caller {
    /// Its private key. Any that looks like one is an account of its own.
    pub(super) key: String,
}

impl Caller {
    /// Reads version and key from the headers.
    pub(super) fn identify(headers: &HeaderMap) -> Result<Self, Failure> {
        let key = key(headers)?;
        let accept = text(headers, header::ACCEPT);
        let mut asked =
            accept.split(',').filter_map(|part| part.trim().strip_prefix("application/vnd.conekta-v"));
        let wrong =
            asked.find(|part| !part.split_once('+').is_some_and(|(version, _)| VERSIONS.contains(&version)));
        wrong.map_or(Ok(Self { key }), |part| Err(Failure::version(part.split('+').next().unwrap_or(part))))
    }
}

/// The language of texts for the buyer.
pub(super) fn language(headers: &HeaderMap) -> Language {
    if text(headers, header::ACCEPT_LANGUAGE).trim_start().starts_with("en") {
        Language::English
    } else {
        Language::Spanish
    }
}

/// Bearer, or Basic with the key as the user and an empty password.
fn key(headers: &HeaderMap) -> Result<String, Failure> {
    let missing =
        || Failure::authentication("missing_key", "send the private key as Authorization: Bearer key_…");
    let value = text(headers, header::AUTHORIZATION);
    let (scheme, rest) = value.split_once(' ').ok_or_else(missing)?;
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.and_then(|pair| pair.split_once(':').map(|(user, _)| user.to_owned())).unwrap_or_default()
    } else {
        return Err(missing());
    };
    if key.is_empty() {
        return Err(missing());
    }
    if key.strip_prefix("key_").is_none_or(str::is_empty) {
        return Err(Failure::authentication("invalid_key", "a private key begins with key_"));
    }
    Ok(key)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
