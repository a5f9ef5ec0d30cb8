//! What the machine gives: directory, disk, ports.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio::net::TcpListener;

use super::Finding;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::node;
use crate::seams::Random;
use crate::text::doctor::Found;

/// Rights of others than the owner.
const OTHERS: u32 = 0o077;
const MIB: u64 = 1 << 20;
/// Less free space than this is little, in MiB.
const DISK_LOW_MIB: u64 = 1_024;
/// Less than this is too little, in MiB.
const DISK_FULL_MIB: u64 = 100;

pub(super) fn directory(path: &Path) -> Finding {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Found::DirectoryAbsent,
        Err(_) => Found::DirectoryBad,
        Ok(metadata) if !metadata.is_dir() || fs::read_dir(path).is_err() => Found::DirectoryBad,
        Ok(metadata) if metadata.permissions().mode() & OTHERS != 0 => Found::DirectoryOpen,
        Ok(_) => Found::DirectoryGood,
    };
    Finding(found, path.display().to_string())
}

/// Whether others can read a file.
pub(super) fn is_open_to_others(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}

/// Free space where the data lies, or will lie; nothing when the system does not tell.
pub(super) fn disk(path: &Path) -> Option<Finding> {
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let space = rustix::fs::statvfs(existing).ok()?;
    let free = space.f_bavail.saturating_mul(space.f_frsize) / MIB;
    let found = match free {
        0..DISK_FULL_MIB => Found::DiskFull,
        DISK_FULL_MIB..DISK_LOW_MIB => Found::DiskLow,
        _ => Found::DiskGood,
    };
    Some(Finding(found, free.to_string()))
}

/// Whether the service could listen. One that runs holds its own ports.
pub(super) async fn ports(config: &Config, random: &Random, now: Timestamp) -> Vec<Finding> {
    let claimed = config.data_dir.join(node::FILE).exists()
        && matches!(node::try_claim(&config.data_dir, random, now), Ok(None));
    if claimed {
        return vec![Finding(Found::PortOurs, String::new())];
    }
    let wanted: Vec<SocketAddr> =
        [config.http.listen, config.agent_listen].into_iter().chain(config.metrics.address()).collect();
    let mut findings = Vec::with_capacity(wanted.len());
    for address in wanted {
        findings.push(match TcpListener::bind(address).await {
            Ok(_) => Finding(Found::PortGood, address.to_string()),
            Err(error) => Finding(Found::PortTaken, format!("{address}: {error}")),
        });
    }
    findings
}
