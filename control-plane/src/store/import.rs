//! Rows of the replaced service on their way in. Only what is absent is written, so all of it may be done again.
//!
//! Secrets come sealed and ids as they were. [`judge`] only looks; [`take`] writes in the transaction it is given.

mod accounts;
mod goods;
mod transactions;

use super::{Conn, StoreError};

pub use accounts::{Company, User};
pub use goods::{Key, Product, Router};
pub use transactions::Transaction;

/// Asks a PostgreSQL server which database of which run of it this is.
pub const IDENTITY: &str = "SELECT current_database() || ' ' || current_setting('port') || ' ' || \
                            CAST(extract(epoch FROM pg_postmaster_start_time()) AS TEXT)";

/// Pages kept in memory, 40 MiB of them, and pages of 64 MiB in the log before they are moved into the database.
const ROOM: &str = "PRAGMA cache_size = -40960; PRAGMA wal_autocheckpoint = 16384";

/// A row to be taken in.
pub enum Row {
    /// A company with its gateway secrets.
    Company(Company),
    /// A user of the administration.
    User(User),
    /// A router, at a site of its own.
    Router(Router),
    /// A router's API key.
    Key(Key),
    /// A product.
    Product(Product),
    /// A transaction. These come many at once, and never beside others.
    Transaction(Transaction),
}

/// What became of a row, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was absent, and is written when this comes from [`take`].
    Absent,
    /// As [`Verdict::Absent`], under a new id: its own belongs to somebody else here.
    Renumbered,
    /// It is here already.
    Known,
    /// Another one of the same name is here, and stays.
    Namesake,
    /// Something else stands in its place.
    Clash(Clash),
}

impl Verdict {
    /// Whether the row, or one that counts as the same, is here afterwards.
    #[must_use]
    pub const fn is_here(self) -> bool {
        match self {
            Self::Absent | Self::Renumbered | Self::Known | Self::Namesake => true,
            Self::Clash(_) => false,
        }
    }
}

/// What stands in a row's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// Its id belongs to something else.
    Id,
    /// Its e-mail belongs to a user of another role or company.
    Email,
    /// Its key has another id here, or another router.
    Key,
    /// The router sells that profile under another number.
    Profile,
    /// Its id at the gateway, or its reference, belongs to another transaction.
    Payment,
    /// The database refuses it.
    Refused,
}

/// Which database of which run of its server this is; none for a file.
///
/// # Errors
/// When the database fails.
pub async fn identity(conn: &mut Conn<'_>) -> Result<Option<String>, StoreError> {
    match conn {
        Conn::Sqlite(_) => Ok(None),
        Conn::Postgres(_) => {
            let (identity,): (String,) = fetch_one!(conn, (String,), IDENTITY)?;
            Ok(Some(identity))
        }
    }
}

/// Makes a sequence go on above `number`.
///
/// # Errors
/// When the database fails.
pub async fn raise_sequence(conn: &mut Conn<'_>, name: &str, number: i64) -> Result<(), StoreError> {
    execute!(conn, "UPDATE sequences SET value = $2 WHERE name = $1 AND value < $2", name, number).map(|_| ())
}

/// Makes room for transactions that touch pages of indexes all over the database: SQLite would write each page many times
/// and read it again. Holds for this connection; PostgreSQL has buffers of its own.
///
/// # Errors
/// When the database fails.
pub async fn make_room(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    let Conn::Sqlite(connection) = conn else { return Ok(()) };
    crate::seams::database(sqlx::raw_sql(ROOM).execute(&mut **connection)).await?;
    Ok(())
}

/// What would become of each row.
///
/// # Errors
/// When the database fails.
pub async fn judge(conn: &mut Conn<'_>, rows: &[Row]) -> Result<Vec<Verdict>, StoreError> {
    if let Some(all) = transactions_of(rows) {
        return transactions::judge(conn, &all).await;
    }
    let mut verdicts = Vec::with_capacity(rows.len());
    for row in rows {
        verdicts.push(judge_one(conn, row).await?);
    }
    Ok(verdicts)
}

/// Writes the rows that are absent; says what became of each.
///
/// # Errors
/// When the database fails, or refuses a row that was absent.
pub async fn take(conn: &mut Conn<'_>, rows: &[Row]) -> Result<Vec<Verdict>, StoreError> {
    if let Some(all) = transactions_of(rows) {
        return transactions::take(conn, &all).await;
    }
    let mut verdicts = Vec::with_capacity(rows.len());
    for row in rows {
        let verdict = judge_one(conn, row).await?;
        match (row, verdict) {
            (Row::User(user), Verdict::Renumbered) => accounts::insert_renumbered_user(conn, user).await?,
            (_, Verdict::Absent) => insert(conn, row).await?,
            (_, Verdict::Renumbered | Verdict::Known | Verdict::Namesake | Verdict::Clash(_)) => {}
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

fn transactions_of(rows: &[Row]) -> Option<Vec<&Transaction>> {
    rows.iter()
        .map(|row| match row {
            Row::Transaction(transaction) => Some(transaction),
            Row::Company(_) | Row::User(_) | Row::Router(_) | Row::Key(_) | Row::Product(_) => None,
        })
        .collect()
}

async fn judge_one(conn: &mut Conn<'_>, row: &Row) -> Result<Verdict, StoreError> {
    match row {
        Row::Company(company) => accounts::judge_company(conn, company).await,
        Row::User(user) => accounts::judge_user(conn, user).await,
        Row::Router(router) => goods::judge_router(conn, router).await,
        Row::Key(key) => goods::judge_key(conn, key).await,
        Row::Product(product) => goods::judge_product(conn, product).await,
        Row::Transaction(transaction) => {
            let verdicts = transactions::judge(conn, &[transaction]).await?;
            Ok(verdicts.first().copied().unwrap_or(Verdict::Clash(Clash::Refused)))
        }
    }
}

async fn insert(conn: &mut Conn<'_>, row: &Row) -> Result<(), StoreError> {
    match row {
        Row::Company(company) => accounts::insert_company(conn, company).await,
        Row::User(user) => accounts::insert_user(conn, user, user.id).await,
        Row::Router(router) => goods::insert_router(conn, router).await,
        Row::Key(key) => goods::insert_key(conn, key).await,
        Row::Product(product) => goods::insert_product(conn, product).await,
        Row::Transaction(transaction) => transactions::take(conn, &[transaction]).await.map(|_| ()),
    }
}
