//! Transactions, many with one statement: there may be millions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::LazyLock;

use super::{Clash, Verdict};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::store::counts::{Booking, take_turn};
use crate::store::{Conn, StoreError};

/// Rows written with one statement. Not more: for each value SQLite's driver asks for the name of its marker, which SQLite
/// looks for from the first one on.
const ROWS: usize = 16;
/// Values of one row.
const COLUMNS: usize = 26;
/// Names looked up with one statement.
const NAMES: usize = 250;

/// A transaction; it has no purchase.
pub struct Transaction {
    /// Its id.
    pub id: i64,
    /// The gateway's id of the payment.
    pub public_id: String,
    /// Our reference at the gateway.
    pub external_reference: Option<String>,
    /// The seller.
    pub company_id: String,
    /// Where.
    pub router_id: String,
    /// What.
    pub product_id: Option<i64>,
    /// The gateway.
    pub gateway: &'static str,
    /// For how much.
    pub amount: Money,
    /// Buyer's name.
    pub customer_name: Option<String>,
    /// Buyer's e-mail.
    pub customer_email: Option<String>,
    /// Buyer's phone.
    pub customer_phone: Option<String>,
    /// User name.
    pub hotspot_user: Option<String>,
    /// Sealed password.
    pub hotspot_password_sealed: Option<String>,
    /// State of the payment.
    pub payment_state: String,
    /// State of the user.
    pub hotspot_state: String,
    /// The key that asked.
    pub api_key_id: Option<String>,
    /// A JSON object.
    pub metadata: String,
    /// When it was tried.
    pub created_at: Timestamp,
    /// When the money was confirmed.
    pub paid_at: Option<Timestamp>,
    /// When the user was made.
    pub user_created_at: Option<Timestamp>,
    /// Whether a notification about it was worked on.
    pub webhook_processed: bool,
    /// When one came.
    pub webhook_received_at: Option<Timestamp>,
    /// The last one.
    pub notification_id: Option<String>,
}

static INSERT_MANY: LazyLock<String> = LazyLock::new(|| insert_sql(ROWS));
static INSERT_ONE: LazyLock<String> = LazyLock::new(|| insert_sql(1));
static BY_ID: LazyLock<String> = LazyLock::new(|| look_sql("id"));
static BY_PUBLIC_ID: LazyLock<String> = LazyLock::new(|| look_sql("public_id"));
static BY_REFERENCE: LazyLock<String> = LazyLock::new(|| look_sql("external_reference"));

fn insert_sql(rows: usize) -> String {
    let mut sql = String::from(
        "INSERT INTO transactions (id, public_id, purchase_id, external_reference, company_id, router_id, product_id, \
         gateway, amount_minor, currency, customer_name, customer_email, customer_phone, hotspot_user, \
         hotspot_password_sealed, payment_state, hotspot_state, api_key_id, metadata, created_at, paid_at, \
         user_created_at, webhook_processed, webhook_received_at, notification_id, counted) VALUES ",
    );
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        push_markers(&mut sql, row * COLUMNS, COLUMNS);
        sql.push(')');
    }
    sql.push_str(" ON CONFLICT DO NOTHING RETURNING id");
    sql
}

fn look_sql(column: &str) -> String {
    let mut sql =
        format!("SELECT id, public_id, external_reference, company_id FROM transactions WHERE {column} IN (");
    push_markers(&mut sql, 0, NAMES);
    sql.push(')');
    sql
}

fn push_markers(sql: &mut String, after: usize, count: usize) {
    for number in after + 1..=after + count {
        let comma = if number > after + 1 { ", " } else { "" };
        write!(sql, "{comma}${number}").expect("a text takes whatever is written");
    }
}

macro_rules! bind_row {
    ($query:expr, $row:expr) => {
        $query
            .bind($row.id)
            .bind(&$row.public_id)
            .bind(None::<String>)
            .bind($row.external_reference.as_deref())
            .bind(&$row.company_id)
            .bind(&$row.router_id)
            .bind($row.product_id)
            .bind($row.gateway)
            .bind($row.amount.minor)
            .bind($row.amount.currency.code())
            .bind($row.customer_name.as_deref())
            .bind($row.customer_email.as_deref())
            .bind($row.customer_phone.as_deref())
            .bind($row.hotspot_user.as_deref())
            .bind($row.hotspot_password_sealed.as_deref())
            .bind(&$row.payment_state)
            .bind(&$row.hotspot_state)
            .bind($row.api_key_id.as_deref())
            .bind(&$row.metadata)
            .bind($row.created_at.0)
            .bind($row.paid_at.map(|at| at.0))
            .bind($row.user_created_at.map(|at| at.0))
            .bind($row.webhook_processed)
            .bind($row.webhook_received_at.map(|at| at.0))
            .bind($row.notification_id.as_deref())
            .bind(true)
    };
}

#[derive(sqlx::FromRow)]
struct Standing {
    id: i64,
    public_id: String,
    external_reference: Option<String>,
    company_id: String,
}

/// Runs one of the look-ups for up to [`NAMES`] names; the last one fills the places that are left.
macro_rules! look {
    ($conn:expr, $sql:expr, $names:expr) => {{
        let mut found = Vec::new();
        for names in $names.chunks(NAMES) {
            let places = names.iter().chain(names.last().into_iter().cycle()).take(NAMES);
            found.extend(match $conn {
                Conn::Sqlite(connection) => {
                    let query = sqlx::query_as::<sqlx::Sqlite, Standing>($sql);
                    let query = places.fold(query, |query, name| query.bind(name));
                    crate::seams::database(query.fetch_all(&mut **connection)).await?
                }
                Conn::Postgres(connection) => {
                    let query = sqlx::query_as::<sqlx::Postgres, Standing>($sql);
                    let query = places.fold(query, |query, name| query.bind(name));
                    query.fetch_all(&mut **connection).await?
                }
            });
        }
        Ok::<Vec<Standing>, StoreError>(found)
    }};
}

pub(super) async fn judge(conn: &mut Conn<'_>, rows: &[&Transaction]) -> Result<Vec<Verdict>, StoreError> {
    let verdicts = judge_ids(conn, rows).await?;
    let public: Vec<&str> = rows.iter().map(|row| row.public_id.as_str()).collect();
    let references: Vec<&str> = rows.iter().filter_map(|row| row.external_reference.as_deref()).collect();
    let (public, references) =
        (look!(conn, BY_PUBLIC_ID.as_str(), public)?, look!(conn, BY_REFERENCE.as_str(), references)?);
    let public: BTreeSet<&str> = public.iter().map(|one| one.public_id.as_str()).collect();
    let references: BTreeSet<&str> =
        references.iter().filter_map(|one| one.external_reference.as_deref()).collect();
    let is_taken = |row: &Transaction| {
        let reference = row.external_reference.as_deref();
        public.contains(row.public_id.as_str()) || reference.is_some_and(|own| references.contains(own))
    };
    let refine = |(row, verdict): (&&Transaction, Verdict)| {
        if verdict == Verdict::Absent && is_taken(row) { Verdict::Clash(Clash::Payment) } else { verdict }
    };
    Ok(rows.iter().zip(verdicts).map(refine).collect())
}

/// Whether each id is free, the row's own, or somebody else's.
async fn judge_ids(conn: &mut Conn<'_>, rows: &[&Transaction]) -> Result<Vec<Verdict>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let standing = look!(conn, BY_ID.as_str(), ids)?;
    let standing: BTreeMap<i64, &Standing> = standing.iter().map(|one| (one.id, one)).collect();
    let verdict = |row: &&Transaction| match standing.get(&row.id) {
        None => Verdict::Absent,
        Some(one) if one.public_id == row.public_id && one.company_id == row.company_id => Verdict::Known,
        Some(_) => Verdict::Clash(Clash::Id),
    };
    Ok(rows.iter().map(verdict).collect())
}

/// Writes what is absent, and counts it in the same transaction.
pub(super) async fn take(conn: &mut Conn<'_>, rows: &[&Transaction]) -> Result<Vec<Verdict>, StoreError> {
    let mut verdicts = judge_ids(conn, rows).await?;
    let absent: Vec<&Transaction> = rows
        .iter()
        .zip(&verdicts)
        .filter(|(_, verdict)| **verdict == Verdict::Absent)
        .map(|(row, _)| *row)
        .collect();
    if absent.is_empty() {
        return Ok(verdicts);
    }
    take_turn(conn).await?;
    let written = insert(conn, &absent).await?;
    let mut booking = Booking::default();
    for (row, verdict) in rows.iter().zip(&mut verdicts).filter(|(_, verdict)| **verdict == Verdict::Absent) {
        if written.contains(&row.id) {
            booking.add(&row.company_id, &row.payment_state, row.amount, row.created_at);
        } else {
            // Its id is free: another row has its payment.
            *verdict = Verdict::Clash(Clash::Payment);
        }
    }
    booking.write(conn).await?;
    Ok(verdicts)
}

/// The ids that were written.
async fn insert(conn: &mut Conn<'_>, rows: &[&Transaction]) -> Result<BTreeSet<i64>, StoreError> {
    let (many, single) = rows.split_at(rows.len() - rows.len() % ROWS);
    let statements = many
        .chunks(ROWS)
        .map(|rows| (INSERT_MANY.as_str(), rows))
        .chain(single.chunks(1).map(|row| (INSERT_ONE.as_str(), row)));
    let mut written = BTreeSet::new();
    for (sql, rows) in statements {
        let ids: Vec<(i64,)> = match conn {
            Conn::Sqlite(connection) => {
                let query = rows.iter().fold(sqlx::query_as(sql), |query, row| bind_row!(query, row));
                crate::seams::database(query.fetch_all(&mut **connection)).await?
            }
            Conn::Postgres(connection) => {
                let query = rows.iter().fold(sqlx::query_as(sql), |query, row| bind_row!(query, row));
                query.fetch_all(&mut **connection).await?
            }
        };
        written.extend(ids.into_iter().map(|(id,)| id));
    }
    Ok(written)
}
