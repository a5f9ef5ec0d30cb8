//! Which installation this is, and that only one process at a time is it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context as _;

use crate::domain::time::Timestamp;
use crate::seams::Random;

/// Holds the installation's id; locked as long as a process uses the directory.
pub const FILE: &str = "node.id";

/// An installation's id. The lock on its directory lives as long as this.
#[derive(Debug)]
pub struct Node {
    /// The id.
    pub id: String,
    _lock: File,
}

/// Takes the data directory for this process and reads its id, made at the first start.
///
/// # Errors
/// When another process uses the directory, or the file cannot be read or written.
pub fn claim(data_dir: &Path, random: &Random, now: Timestamp) -> anyhow::Result<Node> {
    try_claim(data_dir, random, now)?.with_context(|| {
        format!(
            "another pagos-control-plane uses the data directory {}: stop it, or give this one a directory of its own \
             (data_dir)",
            data_dir.display()
        )
    })
}

/// The same; none when another process uses the directory.
///
/// # Errors
/// When the file cannot be read or written.
pub fn try_claim(data_dir: &Path, random: &Random, now: Timestamp) -> anyhow::Result<Option<Node>> {
    let path = data_dir.join(FILE);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = open.with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("locking {}", path.display()));
        }
    }
    let mut id = String::new();
    file.read_to_string(&mut id).with_context(|| format!("reading {}", path.display()))?;
    if id.trim().is_empty() {
        id = random.uuid(now);
        file.write_all(id.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
        file.sync_all().with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(Some(Node { id: id.trim().to_owned(), _lock: file }))
}

#[cfg(test)]
mod tests {
    use super::claim;
    use crate::domain::time::Timestamp;
    use crate::seams::Random;

    #[test]
    fn the_id_stays_and_one_process_at_a_time_has_it() {
        let directory = tempfile::tempdir().expect("directory");
        let take = || claim(directory.path(), &Random::default(), Timestamp(0));
        let first = take().expect("claimed");
        assert!(take().expect_err("in use").to_string().contains("another pagos-control-plane"));
        let id = first.id.clone();
        drop(first);
        assert_eq!(take().expect("claimed").id, id);
    }
}
