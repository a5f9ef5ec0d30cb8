//! Finds, starts and stops PostgreSQL.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Names the initdb to use.
const INITDB_VARIABLE: &str = "PAGOS_TEST_INITDB";
/// Where Debian keeps the server programs of each major version.
const DEBIAN_DIR: &str = "/usr/lib/postgresql";
/// The user to become when started by root, and what to try when there is none of that name.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];
/// The longest a start may take, in milliseconds.
const START_MS_MAX: u64 = 30_000;
/// Tests open many pools at the same time.
const CONNECTIONS_MAX: &str = "1000";

/// Runs the server, kills and starts it again as it is told; once standard input ends, stops it and removes its data.
/// What was committed outlives the server.
const KEEPER: &str = r#"
run() {
  "$1/postgres" -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c max_connections="$4" $5 \
    >"$2/log" 2>&1 &
  server=$!
}
end() {
  kill -QUIT "$server" 2>/dev/null
  wait "$server"
}
run "$@"
while read -r word; do
  case $word in
    kill) end ;;
    start) run "$@" ;;
  esac
done
end
rm -rf "$2"
"#;

/// Whether a commit waits until the server's own log is written: if not, a killed server forgets the last ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commits {
    /// It does not wait.
    Forgettable,
    /// It waits.
    Kept,
    /// It waits until it is on disk, as on a server that people run.
    OnDisk,
}

impl Commits {
    /// Settings of the server; nothing is synced to disk unless it is measured: the machine itself does not crash.
    const fn settings(self) -> &'static str {
        match self {
            Self::Forgettable => {
                "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB"
            }
            Self::Kept => {
                "-c fsync=off -c synchronous_commit=on -c full_page_writes=off -c shared_buffers=32MB"
            }
            Self::OnDisk => "",
        }
    }
}

/// A running server; stops when dropped, or when this process ends.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    port: u16,
    dir: PathBuf,
    keeper: Child,
}

impl Postgres {
    /// Starts a server on a free port. Blocks until it answers.
    ///
    /// # Errors
    /// When the programs are not found or the server does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::run(Commits::Forgettable)
    }

    /// The same, for a server that is going to be killed: it forgets nothing that it has committed.
    ///
    /// # Errors
    /// When the programs are not found or the server does not start.
    pub fn start_to_be_killed() -> anyhow::Result<Self> {
        Self::run(Commits::Kept)
    }

    /// Starts one with the settings that a server comes with: what it committed is on disk. For benchmarks.
    ///
    /// # Errors
    /// When the programs are not found or the server does not start.
    pub fn start_synced() -> anyhow::Result<Self> {
        Self::run(Commits::OnDisk)
    }

    /// Kills the server: every connection breaks, new ones are refused.
    ///
    /// # Errors
    /// When the shell that keeps it is gone.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.tell("kill")
    }

    /// Starts a killed server again on the same data. Blocks until it answers.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.tell("start")?;
        wait_until_up(self.port, &self.dir)
    }

    fn tell(&mut self, word: &str) -> anyhow::Result<()> {
        // An old log must not be taken for the new one.
        let _ = std::fs::remove_file(self.dir.join("log"));
        let keeper = self.keeper.stdin.as_mut().context("the server is kept")?;
        writeln!(keeper, "{word}").context("telling the shell that keeps PostgreSQL")
    }

    fn run(commits: Commits) -> anyhow::Result<Self> {
        let programs = find_programs()?;
        let owner = unprivileged_owner()?;
        let dir = data_dir(owner)?;
        initialise(&programs, &dir, owner)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = as_owner("sh", owner);
        command
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(&dir)
            .args([&port.to_string(), CONNECTIONS_MAX])
            .arg(commits.settings());
        command
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let keeper = command.spawn().context("starting the shell that keeps PostgreSQL")?;
        let url = format!("postgres://postgres@127.0.0.1:{port}");
        wait_until_up(port, &dir)?;
        Ok(Self { url, port, dir, keeper })
    }

    /// Address without a database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Folder of the newest server programs: named by a variable, on the path, or where Debian keeps them.
fn find_programs() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os(INITDB_VARIABLE).map(PathBuf::from);
    let found = named
        .or_else(|| on_path("initdb", &std::env::var_os("PATH").unwrap_or_default()))
        .or_else(|| newest_below(Path::new(DEBIAN_DIR)))
        .with_context(|| {
            format!("initdb is not found; install PostgreSQL (scripts/setup) or set {INITDB_VARIABLE}")
        })?;
    // A link on the path points to the folder that holds `postgres` as well.
    let real = std::fs::canonicalize(&found).with_context(|| format!("finding {}", found.display()))?;
    Ok(real.parent().context("a program lies in a folder")?.to_path_buf())
}

fn on_path(name: &str, path: &OsString) -> Option<PathBuf> {
    std::env::split_paths(path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

fn newest_below(dir: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(dir).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let major: u32 = entry.file_name().to_str()?.parse().ok()?;
        let initdb = entry.path().join("bin/initdb");
        initdb.is_file().then_some((major, initdb))
    });
    versions.max().map(|(_, initdb)| initdb)
}

/// User and group to become; none when this process is not root.
fn unprivileged_owner() -> anyhow::Result<Option<(u32, u32)>> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").context("reading the accounts of this machine")?;
    let found = UNPRIVILEGED.iter().find_map(|name| account(&accounts, name));
    found
        .map(Some)
        .context("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

fn account(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn data_dir(owner: Option<(u32, u32)>) -> anyhow::Result<PathBuf> {
    // The keeper removes it.
    let dir = tempfile::Builder::new().prefix("pagos-postgres-").tempdir()?.keep();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700))?;
    if let Some((user, group)) = owner {
        chown(&dir, Some(user), Some(group)).context("giving the data folder to its user")?;
    }
    Ok(dir)
}

fn initialise(programs: &Path, dir: &Path, owner: Option<(u32, u32)>) -> anyhow::Result<()> {
    let mut command = as_owner(programs.join("initdb"), owner);
    command.args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres"]);
    let done = command.arg("-D").arg(dir.join("data")).current_dir(dir).output().context("running initdb")?;
    if !done.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

fn as_owner(program: impl AsRef<std::ffi::OsStr>, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn wait_until_up(port: u16, dir: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let log = dir.join("log");
    while started.elapsed() < Duration::from_millis(START_MS_MAX) {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if text.contains("ready to accept connections")
            && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("PostgreSQL did not start: {}", std::fs::read_to_string(&log).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_taken_by_number_not_by_letter() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["9", "15", "17", "not-a-version"] {
            let bin = dir.path().join(version).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            std::fs::write(bin.join("initdb"), "").unwrap();
        }
        assert_eq!(newest_below(dir.path()).unwrap(), dir.path().join("17/bin/initdb"));
        assert_eq!(newest_below(&dir.path().join("absent")), None);
    }

    #[test]
    fn accounts_are_found_by_their_whole_name() {
        let accounts = "nobodyelse:x:7:8::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(account(accounts, "nobody"), Some((65_534, 65_533)));
        assert_eq!(account(accounts, "postgres"), None);
    }

    #[test]
    fn a_killed_server_refuses_and_comes_back() {
        let mut server = Postgres::start_to_be_killed().unwrap();
        let port = server.port;
        let refused = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err();
        server.kill().unwrap();
        let started = Instant::now();
        while !refused() && started.elapsed() < Duration::from_millis(START_MS_MAX) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(refused());
        server.start_again().unwrap();
        assert!(!refused());
    }

    #[test]
    fn a_dropped_server_is_gone_and_leaves_no_data() {
        let server = Postgres::start().unwrap();
        let port: u16 = server.url().rsplit(':').next().unwrap().parse().unwrap();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        drop(server);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
