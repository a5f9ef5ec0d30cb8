//! What all parts of a world stand on: its time, its processes, its trace, and who is killed where.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::chance::Chance;
use super::points::{self, Fuse};

/// Time of day at which every world begins, in milliseconds since the epoch.
pub const BEGIN_MS: i64 = 1_780_000_000_000;
/// Last lines of the trace that are kept to be shown.
const LINES_KEPT: usize = 400;
/// The process that is no process of ours: the world itself.
pub const OUTSIDE: u64 = 0;

/// What a world counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Processes killed.
    pub crashes: u64,
    /// Connections and links cut.
    pub cuts: u64,
    /// Requests, webhooks and answers that came more than once.
    pub duplicates: u64,
    /// Purchases stored.
    pub purchases: u64,
    /// Those that were paid.
    pub paid: u64,
    /// Jumps of a clock.
    pub jumps: u64,
    /// Routers that lost power.
    pub reboots: u64,
    /// Journals lost.
    pub journals_lost: u64,
    /// Simulated time, in milliseconds.
    pub simulated_ms: u64,
    /// How often each crash point killed its process.
    pub points: BTreeMap<String, u64>,
    /// Crash points that were passed.
    pub passed: BTreeSet<String>,
}

impl Totals {
    /// Adds another world's.
    pub fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.cuts += other.cuts;
        self.duplicates += other.duplicates;
        self.purchases += other.purchases;
        self.paid += other.paid;
        self.jumps += other.jumps;
        self.reboots += other.reboots;
        self.journals_lost += other.journals_lost;
        self.simulated_ms += other.simulated_ms;
        for (point, hits) in &other.points {
            *self.points.entry(point.clone()).or_default() += hits;
        }
        self.passed.extend(other.passed.iter().cloned());
    }
}

/// One process of ours, from its start to its end.
struct Process {
    label: String,
    alive: bool,
    skew_ms: i64,
    chance: Chance,
    tasks: Vec<AbortHandle>,
    /// Where it is to die.
    fuse: Option<Fuse>,
}

struct State {
    running: u64,
    processes: BTreeMap<u64, Process>,
    chance: Chance,
    digest: Sha256,
    lines: VecDeque<String>,
    echo: bool,
    totals: Totals,
    /// No process is killed any more.
    calm: bool,
    breaches: Vec<String>,
}

/// The stage. Cheap to clone.
#[derive(Clone)]
pub struct Stage {
    began: Instant,
    state: Arc<Mutex<State>>,
}

impl Stage {
    /// An empty stage.
    #[must_use]
    pub fn new(chance: Chance, echo: bool) -> Self {
        let state = State {
            running: OUTSIDE,
            processes: BTreeMap::new(),
            chance,
            digest: Sha256::new(),
            lines: VecDeque::new(),
            echo,
            totals: Totals::default(),
            calm: false,
            breaches: Vec::new(),
        };
        Self { began: Instant::now(), state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Time since the beginning, in milliseconds.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// True time of day.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        BEGIN_MS + i64::try_from(self.elapsed_ms()).unwrap_or(i64::MAX / 2)
    }

    /// Writes a line into the trace.
    pub fn note(&self, who: &str, what: &str) {
        let now = self.elapsed_ms();
        let mut state = self.lock();
        let mut line = String::new();
        let _ = write!(line, "{:>9}.{:03} {who:<8} {what}", now / 1000, now % 1000);
        state.digest.update(line.as_bytes());
        state.digest.update(b"\n");
        if state.echo {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
        if state.lines.len() == LINES_KEPT {
            state.lines.pop_front();
        }
        state.lines.push_back(line);
    }

    /// Writes down a promise that was seen broken.
    pub fn breach(&self, what: String) {
        self.note("BREACH", &what);
        self.lock().breaches.push(what);
    }

    /// The breaches written down.
    #[must_use]
    pub fn breaches(&self) -> Vec<String> {
        self.lock().breaches.clone()
    }

    /// Counts something.
    pub fn count(&self, change: impl FnOnce(&mut Totals)) {
        change(&mut self.lock().totals);
    }

    /// What was counted.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.lock().totals.clone()
    }

    /// A draw of the world's own.
    pub fn draw<T>(&self, draw: impl FnOnce(&mut Chance) -> T) -> T {
        draw(&mut self.lock().chance)
    }

    /// Hash of the trace, and its last lines.
    #[must_use]
    pub fn trace(&self) -> (String, Vec<String>) {
        let state = self.lock();
        let hash = state.digest.clone().finalize();
        let hex = hash.iter().take(8).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        (hex, state.lines.iter().cloned().collect())
    }

    /// Enters a process. `fuse` says where it dies, if it does.
    pub fn start(&self, label: &str, skew_ms: i64, fuse: Option<Fuse>) -> u64 {
        self.note(label, "starts");
        let mut state = self.lock();
        let id = state.processes.len() as u64 + 1;
        let chance = state.chance.fork();
        let process =
            Process { label: label.to_owned(), alive: true, skew_ms, chance, tasks: Vec::new(), fuse };
        state.processes.insert(id, process);
        id
    }

    /// Kills a process where it stands.
    pub fn kill(&self, id: u64, why: &str) {
        let label = {
            let mut state = self.lock();
            let Some(process) = state.processes.get_mut(&id).filter(|process| process.alive) else { return };
            process.alive = false;
            let tasks = std::mem::take(&mut process.tasks);
            let label = process.label.clone();
            state.totals.crashes += 1;
            drop(state);
            tasks.iter().for_each(AbortHandle::abort);
            label
        };
        self.note(&label, &format!("killed {why}"));
    }

    /// From now on nobody is killed.
    pub fn calm(&self) {
        self.lock().calm = true;
    }

    /// Sets the clock of a process to another time.
    pub fn set_clock(&self, id: u64, skew_ms: i64) {
        if let Some(process) = self.lock().processes.get_mut(&id) {
            process.skew_ms = skew_ms;
        }
    }

    /// Runs `work` as a task of a process; none when the process is killed before the end.
    pub async fn as_part_of<F>(&self, id: u64, work: F) -> Option<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if !self.alive(id) {
            return None;
        }
        let task = self.begin(id, work);
        task.await.ok()
    }

    /// Begins a task of a process.
    pub fn begin<F>(&self, id: u64, work: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let before = self.enter(id);
        let task = pagos_control_plane::seams::spawn(work);
        self.enter(before);
        task
    }

    /// What a process is called.
    #[must_use]
    pub fn label(&self, id: u64) -> Option<String> {
        self.lock().processes.get(&id).map(|process| process.label.clone())
    }

    /// Whether a process runs.
    #[must_use]
    pub fn alive(&self, id: u64) -> bool {
        id == OUTSIDE || self.lock().processes.get(&id).is_some_and(|process| process.alive)
    }

    fn enter(&self, id: u64) -> u64 {
        std::mem::replace(&mut self.lock().running, id)
    }

    /// The process that runs now.
    #[must_use]
    pub fn current(&self) -> u64 {
        self.lock().running
    }

    fn clock_ms(&self) -> i64 {
        let now = self.now_ms();
        let state = self.lock();
        now + state.processes.get(&state.running).map_or(0, |process| process.skew_ms)
    }

    fn fill_bytes(&self, bytes: &mut [u8]) {
        let mut state = self.lock();
        let running = state.running;
        match state.processes.get_mut(&running) {
            Some(process) => process.chance.fill(bytes),
            None => state.chance.fill(bytes),
        }
    }

    fn note_task(&self, task: AbortHandle) {
        let mut state = self.lock();
        let running = state.running;
        if let Some(process) = state.processes.get_mut(&running) {
            if process.tasks.len() > 64 && process.tasks.len().is_power_of_two() {
                process.tasks.retain(|task| !task.is_finished());
            }
            process.tasks.push(task);
        }
    }

    /// The running process passes a point; true when it is killed there.
    pub fn pass_point(&self, point: &str) -> bool {
        let (id, label) = {
            let now = self.elapsed_ms();
            let mut state = self.lock();
            state.digest.update(now.to_le_bytes());
            state.digest.update(point.as_bytes());
            if !state.totals.passed.contains(point) {
                state.totals.passed.insert(point.to_owned());
            }
            let (running, calm) = (state.running, state.calm);
            let doomed = points::is_seldom(point) && state.chance.percent(points::SELDOM_DEATHS);
            let Some(process) = state.processes.get_mut(&running) else { return false };
            let burnt = process.fuse.as_mut().is_some_and(|fuse| fuse.burns(point));
            if calm || !(doomed || burnt) {
                return false;
            }
            let label = process.label.clone();
            *state.totals.points.entry(point.to_owned()).or_default() += 1;
            (running, label)
        };
        tracing::debug!(process = label, point, "killed");
        self.kill(id, &format!("at {point}"));
        true
    }
}

impl pagos_control_plane::seams::simulation::World for Stage {
    fn now_ms(&self) -> i64 {
        self.clock_ms()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.fill_bytes(bytes);
    }

    fn running(&self) -> u64 {
        self.current()
    }

    fn switch(&self, process: u64) -> u64 {
        self.enter(process)
    }

    fn lives(&self, process: u64) -> bool {
        self.alive(process)
    }

    fn began(&self, task: AbortHandle) {
        self.note_task(task);
    }
}

/// The stage as agents see it, with the network they dial.
pub struct AgentStage {
    /// The stage.
    pub stage: Stage,
    /// The network.
    pub net: super::net::Net,
}

impl pagos_agent::seams::simulation::World for AgentStage {
    fn now_ms(&self) -> i64 {
        self.stage.clock_ms()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.stage.fill_bytes(bytes);
    }

    fn running(&self) -> u64 {
        self.stage.current()
    }

    fn switch(&self, process: u64) -> u64 {
        self.stage.enter(process)
    }

    fn lives(&self, process: u64) -> bool {
        self.stage.alive(process)
    }

    fn began(&self, task: AbortHandle) {
        self.stage.note_task(task);
    }

    fn dial(
        &self,
        host: &str,
        port: u16,
    ) -> futures_util::future::BoxFuture<'static, std::io::Result<pagos_agent::seams::net::Stream>> {
        let (net, from, host) = (self.net.clone(), self.stage.current(), format!("{host}:{port}"));
        Box::pin(async move {
            let end = net.dial(from, &host).await?;
            Ok(Box::new(end) as pagos_agent::seams::net::Stream)
        })
    }

    fn pass(&self, point: &str) -> bool {
        self.stage.pass_point(&format!("agent.{point}"))
    }
}
