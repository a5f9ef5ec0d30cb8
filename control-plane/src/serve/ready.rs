//! The file that tells a supervisor where everything is. It may hold the set-up link, so only its owner reads it.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// Base address of the public side, on this machine.
    pub http_url: String,
    /// `host:port` that agents dial.
    pub agent_address: String,
    /// Where metrics are read; none when they are off.
    pub metrics_url: Option<String>,
    /// Where the first super admin is made; none when there is one.
    pub setup_url: Option<String>,
    /// Id of this process.
    pub pid: u32,
}

impl Ready {
    /// Writes the file whole: a reader finds all of it or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let draft = path.with_extension(format!("new-{}", self.pid));
        let text = serde_json::to_string_pretty(self)?;
        let _ = fs::remove_file(&draft);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    }
}

#[cfg(test)]
mod tests {
    use super::Ready;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_reads_the_file() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("ready.json");
        let ready = Ready {
            http_url: "http://127.0.0.1:1".into(),
            agent_address: "127.0.0.1:2".into(),
            metrics_url: None,
            setup_url: None,
            pid: 3,
        };
        ready.write(&path).expect("written");
        ready.write(&path).expect("written again");
        let mode = std::fs::metadata(&path).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let read: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).expect("text")).expect("JSON");
        assert_eq!(read["setup_url"], serde_json::Value::Null);
        assert_eq!(std::fs::read_dir(directory.path()).expect("directory").count(), 1);
    }
}
