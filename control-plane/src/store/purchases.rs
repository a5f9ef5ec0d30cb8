//! Purchases: their state, who runs them, and what tells one request from its repeat.

use super::{Conn, StoreError};
use crate::domain::id::{CompanyId, PurchaseId, RouterId};
use crate::domain::time::Timestamp;

/// Names sold on a router are not drawn again for 90 days, in milliseconds.
const NAME_REST_MS: i64 = 90 * 86_400_000;
/// So long a purchase that is not decided keeps its buyer from making another, in milliseconds.
const UNDECIDED_BLOCKS_MS: i64 = 86_400_000;
/// Most purchases taken over in one round.
pub const ABANDONED_MAX: i64 = 5_000;
/// Most rows forgotten in one transaction.
const PRUNE_ROWS_MAX: i64 = 1_000;
/// Idempotency keys are kept for 7 days, in milliseconds.
const KEY_LIFE_MS: i64 = 7 * 86_400_000;

/// A purchase as it is stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Row {
    /// The purchase.
    pub id: String,
    /// Its company.
    pub company_id: String,
    /// Its router.
    pub router_id: String,
    /// Its product.
    pub product_id: i64,
    /// Who buys: MAC, else e-mail.
    pub buyer: String,
    /// Phase word.
    pub phase: String,
    /// Grows with each commit.
    pub version: i64,
    /// The machine's state as JSON.
    pub state: String,
    /// The process that may write it.
    pub runner: String,
    /// Whether something is left to do.
    pub open: bool,
    /// Whether a charge may have been sent whose outcome is not known.
    pub undecided: bool,
    /// Whether a person has to look at it.
    pub attention: bool,
    /// The place of its buyer that it holds until it is decided: no other purchase of the product gets it meanwhile.
    pub slot: Option<String>,
    /// When, in milliseconds.
    pub wake_at: i64,
    /// When it is looked at again although it is completed, in milliseconds; none when it is not.
    pub look_back_at: Option<i64>,
    /// When it was asked for, in milliseconds.
    pub created_at: i64,
}

/// A purchase that a request with the same key made before.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Keyed {
    /// The purchase.
    pub purchase_id: String,
    /// Fingerprint of the request that made it.
    pub fingerprint: String,
    /// The machine's state as JSON.
    pub state: String,
}

/// The purchase made with `key` at `router`, if there is one.
///
/// # Errors
/// When the database refuses.
pub async fn by_key(conn: &mut Conn<'_>, router: &RouterId, key: &str) -> Result<Option<Keyed>, StoreError> {
    fetch_optional!(
        conn,
        Keyed,
        "SELECT k.purchase_id, k.fingerprint, p.state FROM idempotency_keys k
         JOIN purchases p ON p.id = k.purchase_id AND p.router_id = k.router_id
         WHERE k.router_id = $1 AND k.key = $2",
        router.as_str(),
        key
    )
}

/// Ties `key` to a purchase. `replaces` is the purchase that may hold the key now; false when another one does.
///
/// # Errors
/// When the database refuses.
pub async fn claim_key(
    conn: &mut Conn<'_>,
    row: &Row,
    key: &str,
    fingerprint: &str,
    replaces: Option<&str>,
) -> Result<bool, StoreError> {
    let claimed = match replaces {
        None => execute!(
            conn,
            "INSERT INTO idempotency_keys (router_id, key, fingerprint, purchase_id, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (router_id, key) DO NOTHING",
            &row.router_id,
            key,
            fingerprint,
            &row.id,
            row.created_at
        )?,
        Some(earlier) => execute!(
            conn,
            "UPDATE idempotency_keys SET fingerprint = $3, purchase_id = $4, created_at = $5
             WHERE router_id = $1 AND key = $2 AND purchase_id = $6",
            &row.router_id,
            key,
            fingerprint,
            &row.id,
            row.created_at,
            earlier
        )?,
    };
    Ok(claimed == 1)
}

/// A purchase that is not decided.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Undecided {
    /// The purchase.
    pub id: String,
    /// The machine's state as JSON.
    pub state: String,
}

/// The purchase that keeps a buyer from making another of the product, if there is one: it holds the buyer's `slot`, or
/// its charge is not decided. One that nobody could decide for a day stands in nobody's way.
///
/// # Errors
/// When the database refuses.
pub async fn in_the_way(
    conn: &mut Conn<'_>,
    router: &RouterId,
    product_id: i64,
    (buyer, slot): (&str, &str),
    now: Timestamp,
) -> Result<Option<Undecided>, StoreError> {
    fetch_optional!(
        conn,
        Undecided,
        "SELECT id, state FROM (
             SELECT id, state, created_at FROM purchases
                 WHERE router_id = $1 AND product_id = $2 AND buyer = $3 AND undecided
             UNION ALL
             SELECT id, state, created_at FROM purchases
                 WHERE router_id = $1 AND product_id = $2 AND slot = $4) AS standing
         WHERE created_at > $5 ORDER BY created_at DESC, id LIMIT 1",
        router.as_str(),
        product_id,
        buyer,
        slot,
        now.0 - UNDECIDED_BLOCKS_MS
    )
}

/// Takes a user name for a purchase; false when it was sold on this router within 90 days.
///
/// # Errors
/// When the database refuses.
pub async fn claim_name(
    conn: &mut Conn<'_>,
    router: &RouterId,
    name: &str,
    purchase: &PurchaseId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let claimed = execute!(
        conn,
        "INSERT INTO drawn_names (router_id, name, purchase_id, drawn_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (router_id, name) DO UPDATE SET purchase_id = excluded.purchase_id, drawn_at = excluded.drawn_at
         WHERE drawn_names.drawn_at < $5",
        router.as_str(),
        name,
        purchase.as_str(),
        now.0,
        now.0 - NAME_REST_MS
    )?;
    Ok(claimed == 1)
}

/// Writes a new purchase, unless another one holds its slot; false then. A holder that nobody could decide for a day
/// gives the slot up.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Conn<'_>, row: &Row) -> Result<bool, StoreError> {
    if insert_row(conn, row).await? {
        return Ok(true);
    }
    execute!(
        conn,
        "UPDATE purchases SET slot = NULL
         WHERE router_id = $1 AND product_id = $2 AND slot = $3 AND created_at <= $4",
        &row.router_id,
        row.product_id,
        row.slot.as_deref(),
        row.created_at - UNDECIDED_BLOCKS_MS
    )?;
    insert_row(conn, row).await
}

async fn insert_row(conn: &mut Conn<'_>, row: &Row) -> Result<bool, StoreError> {
    let inserted = execute!(
        conn,
        "INSERT INTO purchases (id, company_id, router_id, product_id, buyer, phase, version, state, runner, open,
             undecided, attention, slot, wake_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (router_id, product_id, slot) WHERE slot IS NOT NULL DO NOTHING",
        &row.id,
        &row.company_id,
        &row.router_id,
        row.product_id,
        &row.buyer,
        &row.phase,
        row.version,
        &row.state,
        &row.runner,
        row.open,
        row.undecided,
        row.attention,
        row.slot.as_deref(),
        row.wake_at,
        row.created_at
    )?;
    Ok(inserted == 1)
}

/// What became of a write of [`save`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// Nothing was written: it is not at `row.version - 1`, or another process runs it.
    Stale,
    /// It is written. There are no news, or the company has nobody to be told.
    Unheard,
    /// It is written, and the company has somebody to be told of it.
    Heard,
}

/// Writes the next version of a purchase. `news` asks whether the company has an endpoint or a chat: in the same statement,
/// so that a sale of a company without either costs nothing. A slot is only ever given up.
///
/// # Errors
/// When the database refuses.
pub async fn save(conn: &mut Conn<'_>, row: &Row, news: bool, now: Timestamp) -> Result<Saved, StoreError> {
    let saved = fetch_optional!(
        conn,
        (bool,),
        "UPDATE purchases SET phase = $5, state = $6, open = $7, wake_at = $8, undecided = $9, attention = $10,
             attention_since = CASE WHEN $10 THEN COALESCE(attention_since, $11) END,
             slot = CASE WHEN $13 THEN slot END, look_back_at = $14, version = $3, swept_at = NULL
         WHERE id = $1 AND company_id = $2 AND version = $3 - 1 AND runner = $4
         RETURNING CASE WHEN $12 THEN EXISTS (SELECT 1 FROM webhook_endpoints e WHERE e.company_id = $2 AND e.active)
             OR EXISTS (SELECT 1 FROM companies c WHERE c.id = $2 AND c.telegram_enabled
                 AND c.telegram_bot_token_sealed IS NOT NULL AND c.telegram_chat_id IS NOT NULL)
             ELSE $12 END",
        &row.id,
        &row.company_id,
        row.version,
        &row.runner,
        &row.phase,
        &row.state,
        row.open,
        row.wake_at,
        row.undecided,
        row.attention,
        now.0,
        news,
        row.slot.is_some(),
        row.look_back_at
    )?;
    Ok(match saved {
        None => Saved::Stale,
        Some((false,)) => Saved::Unheard,
        Some((true,)) => Saved::Heard,
    })
}

/// Makes `runner` the process that may write the purchase; false when somebody wrote it since it was read, or when it
/// has something left to do and the lease of its runner lives at `now`.
///
/// # Errors
/// When the database refuses.
pub async fn take_over(
    conn: &mut Conn<'_>,
    row: &Row,
    runner: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = execute!(
        conn,
        "UPDATE purchases SET runner = $4, version = $3 + 1 WHERE id = $1 AND company_id = $2 AND version = $3
             AND (NOT open OR runner = $4 OR NOT EXISTS
                 (SELECT 1 FROM runners WHERE runners.id = purchases.runner AND lease_until > $5))",
        &row.id,
        &row.company_id,
        row.version,
        runner,
        now.0
    )?;
    Ok(taken == 1)
}

/// Notes that a person has to look at a purchase, whatever it says of itself, unless somebody wrote it since it was read.
///
/// # Errors
/// When the database refuses.
pub async fn call_person(conn: &mut Conn<'_>, row: &Row, now: Timestamp) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE purchases SET attention = TRUE, attention_since = COALESCE(attention_since, $4)
         WHERE id = $1 AND company_id = $2 AND version = $3",
        &row.id,
        &row.company_id,
        row.version,
        now.0
    )?;
    Ok(())
}

/// One purchase of a router.
///
/// # Errors
/// When the database refuses.
pub async fn find(
    conn: &mut Conn<'_>,
    router: &RouterId,
    id: &PurchaseId,
) -> Result<Option<Row>, StoreError> {
    fetch_optional!(
        conn,
        Row,
        "SELECT id, company_id, router_id, product_id, buyer, phase, version, state, runner, open, undecided,
             attention, slot, wake_at, look_back_at, created_at
         FROM purchases WHERE id = $1 AND router_id = $2",
        id.as_str(),
        router.as_str()
    )
}

/// One purchase of a company.
///
/// # Errors
/// When the database refuses.
pub async fn find_of_company(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    id: &PurchaseId,
) -> Result<Option<Row>, StoreError> {
    fetch_optional!(
        conn,
        Row,
        "SELECT id, company_id, router_id, product_id, buyer, phase, version, state, runner, open, undecided,
             attention, slot, wake_at, look_back_at, created_at
         FROM purchases WHERE id = $1 AND company_id = $2",
        id.as_str(),
        company.as_str()
    )
}

/// Purchases with something left to do that neither `runner` nor any other living process runs, oldest first; at most
/// [`ABANDONED_MAX`].
///
/// # Errors
/// When the database refuses.
pub async fn abandoned(conn: &mut Conn<'_>, runner: &str, now: Timestamp) -> Result<Vec<Row>, StoreError> {
    fetch_all!(
        conn,
        Row,
        "SELECT id, company_id, router_id, product_id, buyer, phase, version, state, runner, open, undecided,
             attention, slot, wake_at, look_back_at, created_at
         FROM purchases WHERE open AND runner <> $1
             AND NOT EXISTS (SELECT 1 FROM runners WHERE runners.id = purchases.runner AND lease_until > $2)
         ORDER BY created_at, id LIMIT $3",
        runner,
        now.0,
        ABANDONED_MAX
    )
}

/// Router and id of all purchases of `runner` with something left to do.
///
/// # Errors
/// When the database refuses.
pub async fn open_keys(conn: &mut Conn<'_>, runner: &str) -> Result<Vec<(RouterId, PurchaseId)>, StoreError> {
    let rows: Vec<(String, String)> = fetch_all!(
        conn,
        (String, String),
        "SELECT router_id, id FROM purchases WHERE open AND runner = $1",
        runner
    )?;
    Ok(rows.into_iter().map(|(router, id)| (RouterId::new(router), PurchaseId::new(id))).collect())
}

/// Gives back a name that was not sold.
///
/// # Errors
/// When the database refuses.
pub async fn free_name(conn: &mut Conn<'_>, row: &Row, name: &str) -> Result<(), StoreError> {
    execute!(
        conn,
        "DELETE FROM drawn_names WHERE router_id = $1 AND name = $2 AND purchase_id = $3",
        &row.router_id,
        name,
        &row.id
    )?;
    Ok(())
}

/// Forgets some keys and names that are old enough; true when there may be more.
///
/// # Errors
/// When the database refuses.
pub async fn prune(conn: &mut Conn<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let keys = execute!(
        conn,
        "DELETE FROM idempotency_keys WHERE (router_id, key) IN
             (SELECT router_id, key FROM idempotency_keys WHERE created_at < $1 LIMIT $2)",
        now.0 - KEY_LIFE_MS,
        PRUNE_ROWS_MAX
    )?;
    let names = execute!(
        conn,
        "DELETE FROM drawn_names WHERE (router_id, name) IN
             (SELECT router_id, name FROM drawn_names WHERE drawn_at < $1 LIMIT $2)",
        now.0 - NAME_REST_MS,
        PRUNE_ROWS_MAX
    )?;
    Ok(keys + names > 0)
}

/// What is sold, by whom, and with which gateway key.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Seller {
    /// Whether the router sells.
    pub router_active: bool,
    /// The company's own phone.
    pub contact_phone: Option<String>,
    /// Newest version of its gateway key; none when it has none, or none any more.
    pub credentials_version: Option<i64>,
    /// `test` or `live`, as the company says of its Mercado Pago account.
    pub mercado_pago_mode: String,
    /// The part of its webhook addresses that cannot be guessed.
    pub webhook_path: Option<String>,
}

/// The seller behind a router.
///
/// # Errors
/// When the database refuses.
pub async fn seller(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    gateway: &str,
) -> Result<Option<Seller>, StoreError> {
    fetch_optional!(
        conn,
        Seller,
        "SELECT r.active AS router_active, c.contact_phone, c.mercado_pago_mode, c.webhook_path,
             (SELECT g.version FROM gateway_credentials g
                 WHERE g.company_id = c.id AND g.gateway = $3 AND g.key_sealed <> ''
                     AND g.version = (SELECT MAX(h.version) FROM gateway_credentials h
                         WHERE h.company_id = c.id AND h.gateway = $3)) AS credentials_version
         FROM routers r JOIN companies c ON c.id = r.company_id
         WHERE r.company_id = $1 AND r.id = $2",
        company.as_str(),
        router.as_str(),
        gateway
    )
}

/// A product as it is sold.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Offer {
    /// Name on the receipt.
    pub sale_name: String,
    /// Exact profile name.
    pub profile_name: String,
    /// Price in minor units.
    pub price_minor: i64,
    /// Currency code.
    pub currency: String,
}

/// The product, if it is on sale at this router.
///
/// # Errors
/// When the database refuses.
pub async fn offer(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    router: &RouterId,
    product_id: i64,
) -> Result<Option<Offer>, StoreError> {
    fetch_optional!(
        conn,
        Offer,
        "SELECT sale_name, profile_name, price_minor, currency FROM products
         WHERE company_id = $1 AND router_id = $2 AND id = $3 AND active",
        company.as_str(),
        router.as_str(),
        product_id
    )
}
