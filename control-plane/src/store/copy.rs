//! Whole copies of a SQLite database, consistent also while others write.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Conn, StoreError};

/// What SQLite says of a database without damage.
const WHOLE: &str = "ok";

/// Copies a database into a file that is empty.
///
/// # Errors
/// When one of them cannot be opened, or the copy cannot be written.
pub async fn copy_to(database: &Path, file: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(database).create_if_missing(false);
    let mut connection = options.connect().await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(file.display().to_string());
    copied.execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Whether nothing of a database is damaged.
///
/// # Errors
/// When it cannot be read.
pub async fn is_whole(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    match conn {
        Conn::Sqlite(_) => {
            let rows = fetch_all!(conn, (String,), "PRAGMA integrity_check(1)")?;
            Ok(rows.iter().all(|(row,)| row == WHOLE))
        }
        Conn::Postgres(_) => Ok(true),
    }
}
