//! Which version of the schema a database has.

use super::{Conn, MIGRATIONS, StoreError};

/// The version that this program makes.
#[must_use]
pub fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The version of the database; none when it has none of our tables.
///
/// # Errors
/// When the database fails.
pub async fn version(conn: &mut Conn<'_>) -> Result<Option<i64>, StoreError> {
    let (tables,): (i64,) = match conn {
        Conn::Sqlite(_) => fetch_one!(
            conn,
            (i64,),
            "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('_sqlx_migrations', 'sequences')"
        )?,
        Conn::Postgres(_) => fetch_one!(
            conn,
            (i64,),
            "SELECT COUNT(*) FROM (VALUES ('_sqlx_migrations'), ('sequences')) AS ours (name) \
                 WHERE to_regclass(name) IS NOT NULL"
        )?,
    };
    if tables < 2 {
        return Ok(None);
    }
    let (version,) = fetch_one!(conn, (Option<i64>,), "SELECT MAX(version) FROM _sqlx_migrations")?;
    Ok(version)
}
