//! A lane leads to one target and carries one message at a time. One process serves it, as long as that process's lease
//! lives; then any other may.

use crate::domain::time::Timestamp;
use crate::store::{Conn, StoreError};

/// A lane that has something due.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Due {
    /// Where it leads.
    pub target: String,
    /// Whose it is.
    pub company_id: String,
}

/// Lanes with something due that nobody serves but perhaps `runner`, those that wait longest first. `now` is the time of
/// the messages, `leases` the time by which leases are judged.
///
/// # Errors
/// When the database fails.
pub async fn due(
    conn: &mut Conn<'_>,
    runner: &str,
    now: Timestamp,
    leases: Timestamp,
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    fetch_all!(
        conn,
        Due,
        "SELECT o.target, o.company_id FROM outbox o LEFT JOIN outbox_lanes l ON l.target = o.target
         WHERE o.state = 'due' AND o.next_at <= $2 AND COALESCE(l.free_at, 0) <= $2
             AND (COALESCE(l.runner, '') IN ('', $1) OR NOT EXISTS
                 (SELECT 1 FROM runners r WHERE r.id = l.runner AND r.lease_until > $3))
         GROUP BY o.target, o.company_id ORDER BY MIN(o.next_at), o.target LIMIT $4",
        runner,
        now.0,
        leases.0,
        limit
    )
}

/// Makes `runner` the process that serves a lane; gives how often in a row its target has failed. None when it is not
/// free, or another living process serves it.
///
/// # Errors
/// When the database refuses.
pub async fn claim(
    conn: &mut Conn<'_>,
    target: &str,
    runner: &str,
    now: Timestamp,
    leases: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let claimed = fetch_optional!(
        conn,
        (i64,),
        "INSERT INTO outbox_lanes (target, runner, free_at, failures) VALUES ($1, $2, $3, 0)
         ON CONFLICT (target) DO UPDATE SET runner = excluded.runner
         WHERE outbox_lanes.free_at <= $3 AND (outbox_lanes.runner IN ('', $2) OR NOT EXISTS
             (SELECT 1 FROM runners r WHERE r.id = outbox_lanes.runner AND r.lease_until > $4))
         RETURNING failures",
        target,
        runner,
        now.0,
        leases.0
    )?;
    Ok(claimed.map(|(failures,)| failures))
}

/// Says how often in a row the target has failed by now, and that nothing is sent there before `free_at`; false when
/// another process serves the lane.
///
/// # Errors
/// When the database refuses.
pub async fn pace(
    conn: &mut Conn<'_>,
    target: &str,
    runner: &str,
    failures: i64,
    free_at: Timestamp,
) -> Result<bool, StoreError> {
    let paced = execute!(
        conn,
        "UPDATE outbox_lanes SET failures = $3, free_at = $4 WHERE target = $1 AND runner = $2",
        target,
        runner,
        failures,
        free_at.0
    )?;
    Ok(paced == 1)
}

/// Lets the lane to whoever comes next.
///
/// # Errors
/// When the database refuses.
pub async fn release(conn: &mut Conn<'_>, target: &str, runner: &str) -> Result<(), StoreError> {
    execute!(conn, "UPDATE outbox_lanes SET runner = '' WHERE target = $1 AND runner = $2", target, runner)
        .map(|_| ())
}

/// Forgets what held a lane up, because its target was changed or is wanted at once.
///
/// # Errors
/// When the database refuses.
pub async fn clear(conn: &mut Conn<'_>, target: &str, now: Timestamp) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE outbox_lanes SET failures = 0, free_at = $2 WHERE target = $1 AND free_at > $2",
        target,
        now.0
    )
    .map(|_| ())
}
