//! Processes that run purchases. A purchase belongs to its runner as long as the runner's lease lives, by the
//! database's clock; then any other process may take it over.

use super::{Conn, StoreError};
use crate::domain::time::Timestamp;

/// The time by which leases are judged: the database's own where several processes share one, else ours.
///
/// # Errors
/// When the database fails.
pub async fn now(conn: &mut Conn<'_>, ours: Timestamp) -> Result<Timestamp, StoreError> {
    match conn {
        Conn::Sqlite(_) => Ok(ours),
        Conn::Postgres(_) => {
            let (millis,): (i64,) = fetch_one!(
                conn,
                (i64,),
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
            )?;
            Ok(Timestamp(millis))
        }
    }
}

/// Makes or renews the lease of a runner.
///
/// # Errors
/// When the database refuses.
pub async fn renew(
    conn: &mut Conn<'_>,
    runner: &str,
    node: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO runners (id, node, lease_until) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until",
        runner,
        node,
        until.0
    )?;
    Ok(())
}

/// Ends the leases of all other runners of a node: only one process at a time is that node.
///
/// # Errors
/// When the database refuses.
pub async fn retire_others(conn: &mut Conn<'_>, runner: &str, node: &str) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM runners WHERE node = $2 AND id <> $1", runner, node)?;
    Ok(())
}

/// Ends the lease of a runner that stops.
///
/// # Errors
/// When the database refuses.
pub async fn retire(conn: &mut Conn<'_>, runner: &str) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM runners WHERE id = $1", runner)?;
    Ok(())
}

/// Forgets leases that ended before `before`.
///
/// # Errors
/// When the database refuses.
pub async fn prune(conn: &mut Conn<'_>, before: Timestamp) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM runners WHERE lease_until < $1", before.0)?;
    Ok(())
}

/// How many processes other than a node's have a lease that lives.
///
/// # Errors
/// When the database fails.
pub async fn live_elsewhere(conn: &mut Conn<'_>, node: &str, ours: Timestamp) -> Result<i64, StoreError> {
    let now = now(conn, ours).await?;
    let (count,) = fetch_one!(
        conn,
        (i64,),
        "SELECT COUNT(*) FROM runners WHERE lease_until > $1 AND node <> $2",
        now.0,
        node
    )?;
    Ok(count)
}
