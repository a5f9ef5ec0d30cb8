//! Starts, watches and ends the processes of the sandbox.
//!
//! Every process is a group of its own, so that a Ctrl-C in the terminal reaches the sandbox alone and the sandbox ends
//! the others in order. Should the sandbox itself be killed, `setpriv --pdeathsig` (util-linux) makes the kernel kill
//! them; where there is no `setpriv`, only the simulator ends by itself, because its standard input closes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long a process may take to end by itself, in milliseconds.
const END_MS_MAX: u64 = 10_000;
/// How often a ready file is looked for, in milliseconds.
const LOOK_INTERVAL_MS: u64 = 10;
/// Lines of a log shown when its process did not start.
const LOG_LINES_SHOWN: usize = 12;
/// Variables that a process gets from whoever started the sandbox.
const INHERITED: [&str; 6] = ["PATH", "HOME", "TZ", "RUST_LOG", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// How to call a process; complete, so that anybody can start it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
}

impl Call {
    /// A call with the few variables that every program needs.
    #[must_use]
    pub fn new(program: &Path, args: &[&str]) -> Self {
        let argv =
            std::iter::once(program.display().to_string()).chain(args.iter().map(|arg| (*arg).to_owned()));
        let env = INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        Self { argv: argv.collect(), env: env.collect() }
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }
}

/// A process that ended although nobody asked it to.
#[derive(Debug)]
pub struct Death {
    /// The part that it was.
    pub part: &'static str,
    /// How it ended.
    pub status: String,
}

/// The processes that run.
#[derive(Debug)]
pub struct Processes {
    prefix: Vec<String>,
    running: Vec<Running>,
    deaths: mpsc::UnboundedReceiver<Death>,
    report: mpsc::UnboundedSender<Death>,
}

#[derive(Debug)]
struct Running {
    part: &'static str,
    end: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

impl Processes {
    /// None yet.
    pub async fn new() -> Self {
        let (report, deaths) = mpsc::unbounded_channel();
        Self { prefix: death_signal_prefix().await, running: Vec::new(), deaths, report }
    }

    /// Starts a process whose output goes to `log`; gives its id.
    ///
    /// # Errors
    /// When the program cannot be started or the log not be written.
    pub fn start(&mut self, part: &'static str, call: &Call, log: &Path) -> anyhow::Result<u32> {
        let mut child = self.spawn(call, log).with_context(|| format!("starting {}", call.argv[0]))?;
        let id = child.id().context("the process has an id")?;
        let (end, ended) = oneshot::channel();
        let report = self.report.clone();
        // Held open for as long as the process may live: its end tells the simulator to end.
        let stdin = child.stdin.take();
        let keeper = tokio::spawn(async move {
            tokio::select! {
                status = child.wait() => drop(report.send(Death { part, status: describe(status) })),
                _ = ended => finish(&mut child).await,
            }
            drop(stdin);
        });
        self.running.push(Running { part, end, keeper });
        Ok(id)
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it cannot be started, takes longer than `limit` or ends with an error.
    pub async fn run(&self, call: &Call, log: &Path, limit: Duration) -> anyhow::Result<()> {
        let mut child = self.spawn(call, log).with_context(|| format!("starting {}", call.argv[0]))?;
        let status = timeout(limit, child.wait()).await.context("it did not end in time")??;
        if !status.success() {
            bail!(
                "{} ended with {status}\n{}",
                call.argv[..2.min(call.argv.len())].join(" "),
                last_lines(log)
            );
        }
        Ok(())
    }

    /// Waits until the file of a part that starts is there, and reads it.
    ///
    /// # Errors
    /// When the part ends before that, or `limit` passes; with the end of its log.
    pub async fn ready<T: serde::de::DeserializeOwned>(
        &mut self,
        part: &'static str,
        file: &Path,
        log: &Path,
        limit: Duration,
    ) -> anyhow::Result<T> {
        let look = async {
            loop {
                if let Some(found) = read_json(file) {
                    return found;
                }
                sleep(Duration::from_millis(LOOK_INTERVAL_MS)).await;
            }
        };
        tokio::select! {
            found = look => Ok(found),
            death = self.next_death() => {
                bail!("{} ended while {part} was starting ({})\n{}", death.part, death.status, last_lines(log))
            }
            () = sleep(limit) => bail!("{part} did not start within {} s\n{}", limit.as_secs(), last_lines(log)),
        }
    }

    /// Waits for a process to end that was not asked to.
    pub async fn next_death(&mut self) -> Death {
        // The sender lives in `self`: there is always something to wait for.
        self.deaths.recv().await.expect("the channel is open")
    }

    /// Ends all of them, the last one started first.
    pub async fn end(mut self) {
        while let Some(Running { end, keeper, .. }) = self.running.pop() {
            let _ = end.send(());
            let _ = keeper.await;
        }
    }

    /// Names of the parts that were started.
    #[must_use]
    pub fn parts(&self) -> Vec<&'static str> {
        self.running.iter().map(|running| running.part).collect()
    }

    fn spawn(&self, call: &Call, log: &Path) -> anyhow::Result<Child> {
        let words: Vec<&String> = self.prefix.iter().chain(&call.argv).collect();
        let output = open_log(log)?;
        Command::new(words[0])
            .args(&words[1..])
            .env_clear()
            .envs(&call.env)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("starting it")
    }
}

/// Sends a signal by name.
///
/// # Errors
/// When there is no shell to send it.
pub async fn signal(name: &str, id: u32) -> std::io::Result<ExitStatus> {
    Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).stderr(Stdio::null()).status().await
}

/// The child is not waited for before this, so its id cannot be another process's.
async fn finish(child: &mut Child) {
    if let Some(id) = child.id()
        && signal("TERM", id).await.is_ok()
        && timeout(Duration::from_millis(END_MS_MAX), child.wait()).await.is_ok()
    {
        return;
    }
    let _ = child.kill().await;
}

async fn death_signal_prefix() -> Vec<String> {
    let words = ["setpriv", "--pdeathsig", "KILL", "--"];
    let probe = Command::new(words[0]).args(&words[1..]).arg("true").stderr(Stdio::null()).status().await;
    if probe.is_ok_and(|status| status.success()) {
        return words.iter().map(|word| (*word).to_owned()).collect();
    }
    Vec::new()
}

fn open_log(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("opening the log {}", path.display()))
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Call {
        Call::new(Path::new("/bin/sh"), &["-c", script])
    }

    #[tokio::test]
    async fn a_process_that_dies_is_reported_with_its_part() {
        let dir = tempfile::tempdir().unwrap();
        let mut processes = Processes::new().await;
        processes.start("agent", &shell("exit 7"), &dir.path().join("log")).unwrap();
        let death = processes.next_death().await;
        assert_eq!(death.part, "agent");
        assert!(death.status.contains('7'), "{}", death.status);
    }

    #[tokio::test]
    async fn ending_waits_until_the_processes_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("mark");
        let script =
            format!("trap 'echo bye > {}; exit 0' TERM; while :; do sleep 0.01; done", mark.display());
        let mut processes = Processes::new().await;
        let id = processes.start("agent", &shell(&script), &dir.path().join("log")).unwrap();
        sleep(Duration::from_millis(100)).await;
        processes.end().await;
        assert!(mark.exists(), "it was asked to end");
        assert!(!signal("0", id).await.unwrap().success(), "it is gone");
    }

    #[tokio::test]
    async fn a_start_that_fails_shows_the_end_of_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut processes = Processes::new().await;
        processes.start("control plane", &shell("echo no database; exit 1"), &log).unwrap();
        let file = dir.path().join("never.json");
        let started =
            processes.ready::<serde_json::Value>("control plane", &file, &log, Duration::from_secs(10)).await;
        let message = started.unwrap_err().to_string();
        assert!(message.contains("no database"), "{message}");
    }
}
