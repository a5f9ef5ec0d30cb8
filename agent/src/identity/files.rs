//! The files of an identity: private, synced, and replaced whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::IdentityError;
use crate::seams::random;

const DIRECTORY: &str = "identity";
const STAGING_PREFIX: &str = "new-";
/// Longest agent id that is taken as a directory name, in bytes.
const AGENT_ID_BYTES_MAX: usize = 64;

/// Directory of one enrolment.
#[derive(Debug)]
pub struct Place(PathBuf);

impl Place {
    /// The directory of an enrolled agent.
    ///
    /// # Errors
    /// When the id cannot be a directory name.
    pub(super) fn of(data_dir: &Path, agent_id: &str) -> Result<Self, IdentityError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if agent_id.is_empty() || agent_id.len() > AGENT_ID_BYTES_MAX || !agent_id.bytes().all(plain) {
            return Err(IdentityError::AgentId);
        }
        Ok(Self(data_dir.join(DIRECTORY).join(agent_id)))
    }

    /// A new directory for an enrolment under way.
    pub(super) fn staging(data_dir: &Path) -> Result<Self, IdentityError> {
        let parent = data_dir.join(DIRECTORY);
        make_private(&parent)?;
        let path = parent.join(format!("{STAGING_PREFIX}{}", random::id()));
        make_private(&path)?;
        own_like(data_dir, &parent);
        own_like(data_dir, &path);
        Ok(Self(path))
    }

    /// Path of a file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn read(&self, name: &str) -> Result<String, IdentityError> {
        let path = self.path(name);
        fs::read_to_string(&path).map_err(|source| IdentityError::Read { path, source })
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), IdentityError> {
        let path = self.path(name);
        write_private(&path, text).map_err(|source| IdentityError::Write { path: path.clone(), source })?;
        own_like(&self.0, &path);
        Ok(())
    }

    /// Gives the directory its final name.
    pub(super) fn rename(self, data_dir: &Path, agent_id: &str) -> Result<(), IdentityError> {
        let place = Self::of(data_dir, agent_id)?;
        let failed = |source| IdentityError::Write { path: place.0.clone(), source };
        sync_directory(&self.0).map_err(failed)?;
        fs::rename(&self.0, &place.0).map_err(failed)?;
        sync_directory(&data_dir.join(DIRECTORY)).map_err(failed)
    }

    /// Takes an enrolment back that came to nothing.
    pub fn discard(self) {
        // A directory left behind is removed by the next enrolment.
        let _ = fs::remove_dir_all(self.0);
    }
}

/// Replaces a file in `directory` in one step.
pub(super) fn replace(directory: &Path, name: &str, text: &str) -> Result<(), IdentityError> {
    let path = directory.join(name);
    let fresh = directory.join(format!(".{name}.{}", random::id()));
    let write = || -> io::Result<()> {
        write_private(&fresh, text)?;
        own_like(directory, &fresh);
        fs::rename(&fresh, &path)?;
        sync_directory(directory)
    };
    write().map_err(|source| IdentityError::Write { path: path.clone(), source })
}

/// Removes the directories of earlier enrolments; what cannot be removed now is removed by the next one.
pub(super) fn remove_others(data_dir: &Path, agent_id: &str) {
    let Ok(entries) = fs::read_dir(data_dir.join(DIRECTORY)) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name() != agent_id) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

fn make_private(path: &Path) -> Result<(), IdentityError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| IdentityError::Write { path: path.to_owned(), source })
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Gives a file to the owner of `model`: an installer enrols as root, the service may run as somebody else.
fn own_like(model: &Path, path: &Path) {
    let Ok(owner) = fs::metadata(model) else { return };
    if let Err(error) = std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())) {
        tracing::debug!(error = %error, "owner of an identity file was not changed");
    }
}
