//! Fills an empty PostgreSQL database as the replaced service would have left it, with made-up data.
//!
//! `old-database postgres://… [COMPANIES ROUTERS PRODUCTS TRANSACTIONS] [ZONE]`
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::io::Write as _;

use anyhow::Context;
use pagos_suite::old_database::{ENCRYPTION_KEY, KEY_SECRET, PASSWORD, Sizes, api_key, fill};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let url = words.next().context(
        "which database? old-database postgres://… [COMPANIES ROUTERS PRODUCTS TRANSACTIONS] [ZONE]",
    )?;
    let mut number = |usual: i64| words.next().map_or(Ok(usual), |word| word.parse::<i64>());
    let sizes = Sizes {
        companies: number(Sizes::SMALL.companies)?,
        routers: number(Sizes::SMALL.routers)?,
        products: number(Sizes::SMALL.products)?,
        transactions: number(Sizes::SMALL.transactions)?,
    };
    fill(&url, sizes, &words.next().unwrap_or_else(|| "UTC".to_owned())).await?;
    writeln!(
        std::io::stdout(),
        "ENCRYPTION_KEY_MERCADO_PAGO={ENCRYPTION_KEY}\nJWT_APIKEY_SECRET={KEY_SECRET}\n\
         # super@example.org and admin1@example.org log in with: {PASSWORD}\n# key of the first router: {}",
        api_key(1)
    )?;
    Ok(())
}
