//! Where things lie in the data directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The data directory of one sandbox.
#[derive(Debug)]
pub struct Layout {
    root: PathBuf,
    /// Removes the directory at the end, when it is a temporary one.
    _temporary: Option<tempfile::TempDir>,
}

impl Layout {
    /// Opens `dir`, or makes a temporary directory that goes away at the end.
    ///
    /// # Errors
    /// When the directory cannot be made, or holds a sandbox whose start was never finished.
    pub fn open(dir: Option<&Path>) -> anyhow::Result<Self> {
        let (root, temporary) = match dir {
            Some(dir) => {
                std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
                (std::fs::canonicalize(dir).with_context(|| format!("finding {}", dir.display()))?, None)
            }
            None => {
                let made = tempfile::Builder::new()
                    .prefix("pagos-sandbox-")
                    .tempdir()
                    .context("making a directory")?;
                (made.path().to_path_buf(), Some(made))
            }
        };
        let layout = Self { root, _temporary: temporary };
        if !layout.memory().exists() && layout.control_plane().exists() {
            bail!(
                "{} holds a sandbox whose start was not finished; remove the directory or name another one",
                layout.root.display()
            );
        }
        Ok(layout)
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Data directory of the control plane.
    #[must_use]
    pub fn control_plane(&self) -> PathBuf {
        self.root.join("control-plane")
    }

    /// Data directory of the agent.
    #[must_use]
    pub fn agent(&self) -> PathBuf {
        self.root.join("agent")
    }

    /// What was seeded, for the next start.
    #[must_use]
    pub fn memory(&self) -> PathBuf {
        self.root.join("sandbox.json")
    }

    /// What the simulator showed at the end of `--once`: its state goes away with it.
    #[must_use]
    pub fn last_state(&self) -> PathBuf {
        self.root.join("simulator.state.json")
    }

    /// Ready file of a part.
    #[must_use]
    pub fn ready_file(&self, part: &str) -> PathBuf {
        self.root.join(format!("{part}.ready.json"))
    }

    /// Log of a part.
    #[must_use]
    pub fn log(&self, part: &str) -> PathBuf {
        self.root.join(format!("{part}.log"))
    }
}

/// Writes a file in one step, readable by its owner only: it holds passwords.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file =
        tempfile::NamedTempFile::new_in(dir).with_context(|| format!("writing into {}", dir.display()))?;
    file.write_all(text.as_bytes())?;
    file.persist(path).with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_sandbox_is_refused_and_a_finished_one_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("control-plane")).unwrap();
        assert!(Layout::open(Some(dir.path())).is_err());
        write_private(&dir.path().join("sandbox.json"), "{}").unwrap();
        assert!(Layout::open(Some(dir.path())).is_ok());
    }

    #[test]
    fn a_temporary_directory_goes_away() {
        let layout = Layout::open(None).unwrap();
        let root = layout.root().to_path_buf();
        assert!(root.exists());
        drop(layout);
        assert!(!root.exists());
    }

    #[test]
    fn files_with_passwords_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.json");
        write_private(&path, "{}").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }
}
