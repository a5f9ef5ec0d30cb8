//! Who is asking: accounts, their country and their mode, all read from the access token.

use super::failure::Failure;
use axum::http::{HeaderMap, header};

/// Currencies of the countries the vendor works in, and the decimals that each takes.
const CURRENCIES: [(&str, u32); 7] =
    [("MXN", 2), ("ARS", 2), ("BRL", 2), ("CLP", 0), ("COP", 0), ("PEN", 2), ("UYU", 2)];

/// A client that has shown an access token. Each token is an account of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The access token.
    pub token: String,
    /// Currency of its country: the one named in the token, Mexico's without one.
    pub currency: &'static str,
    /// Decimals that the currency takes.
    pub decimals: u32,
    /// Whether the token contains `live`.
    pub live_mode: bool,
}

impl Account {
    /// Reads the access token from the headers.
    ///
    /// # Errors
    /// 401 when there is none, or it does not begin like one.
    pub fn identify(headers: &HeaderMap) -> Result<Self, Failure> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = value.and_then(|value| value.split_once(' ')).unwrap_or_default();
        let token = token.trim();
        let known = ["APP_USR-", "TEST-"]
            .iter()
            .any(|prefix| token.len() > prefix.len() && token.starts_with(prefix));
        if !scheme.eq_ignore_ascii_case("bearer") || !known {
            return Err(Failure::unauthorized());
        }
        Ok(Self::of(token))
    }

    /// The account behind a token.
    pub fn of(token: &str) -> Self {
        let named = CURRENCIES.iter().find(|(currency, _)| token.contains(currency));
        let (currency, decimals) = *named.unwrap_or(&CURRENCIES[0]);
        Self { token: token.to_owned(), currency, decimals, live_mode: token.contains("live") }
    }
}
