//! What the machine does: how long a disk sync takes, and who used the processors.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::times::Times;
use crate::sandbox::Pids;

/// Bytes appended before each sync; what a small commit writes.
const SYNC_BYTES: usize = 4096;
/// Unit of the times in `/proc`, in milliseconds: Linux counts them in hundredths of a second for every program.
const TICK_MS: u64 = 10;

/// How long it takes to append 4 KiB to a file in `dir` and have it on disk.
///
/// # Errors
/// When the file cannot be written.
pub fn sync_latency(dir: &Path, count: usize) -> anyhow::Result<Times> {
    let mut file = tempfile::tempfile_in(dir).with_context(|| format!("writing in {}", dir.display()))?;
    let block = [0x5a_u8; SYNC_BYTES];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(Times::of(times))
}

/// Processor time used so far, by part of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu {
    /// Control plane.
    pub control_plane: Duration,
    /// Agent.
    pub agent: Duration,
    /// Simulator: gateways and router.
    pub simulator: Duration,
    /// This program, which makes the load.
    pub load: Duration,
    /// Everything that runs on the machine.
    pub machine: Duration,
}

impl Cpu {
    /// Reads the counters.
    ///
    /// # Errors
    /// When a process is gone.
    pub fn now(pids: &Pids) -> anyhow::Result<Self> {
        Ok(Self {
            control_plane: of_process(pids.control_plane)?,
            agent: of_process(pids.agent)?,
            simulator: of_process(pids.simulator)?,
            load: of_process(std::process::id())?,
            machine: of_machine()?,
        })
    }

    /// What was used since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            control_plane: self.control_plane.saturating_sub(earlier.control_plane),
            agent: self.agent.saturating_sub(earlier.agent),
            simulator: self.simulator.saturating_sub(earlier.simulator),
            load: self.load.saturating_sub(earlier.load),
            machine: self.machine.saturating_sub(earlier.machine),
        }
    }

    /// What is ours to save: control plane and agent.
    #[must_use]
    pub fn own(&self) -> Duration {
        self.control_plane + self.agent
    }

    /// Everything else that ran: PostgreSQL, the kernel's own threads, neighbours.
    #[must_use]
    pub fn rest(&self) -> Duration {
        self.machine.saturating_sub(self.own() + self.simulator + self.load)
    }
}

/// Memory that a process holds, in KiB.
///
/// # Errors
/// When the process is gone.
pub fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    memory_kib(pid, "VmRSS:")
}

/// The most memory that a process ever held, in KiB.
///
/// # Errors
/// When the process is gone.
pub fn peak_kib(pid: u32) -> anyhow::Result<u64> {
    memory_kib(pid, "VmHWM:")
}

fn memory_kib(pid: u32, name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading its status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("it has memory")?;
    let number = line.split_whitespace().next().context("memory is a number")?;
    Ok(number.parse()?)
}

/// Processor time that a process has used, of its user and of the kernel.
///
/// # Errors
/// When the process is gone.
pub fn of_process(pid: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("reading its times")?;
    // The name may hold blanks and parentheses; the numbers begin behind its last one.
    let numbers = stat.rsplit(')').next().unwrap_or_default();
    let ticks = sum(numbers.split_whitespace().skip(11).take(2))?;
    Ok(Duration::from_millis(ticks * TICK_MS))
}

fn of_machine() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/stat").context("reading the machine's times")?;
    let line = stat.lines().next().context("the machine has times")?;
    let numbers: Vec<&str> = line.split_whitespace().skip(1).collect();
    // user, nice, system; then idle and waiting, which are nobody's; then interrupts.
    let busy = numbers.iter().enumerate().filter(|(place, _)| [0, 1, 2, 5, 6].contains(place));
    Ok(Duration::from_millis(sum(busy.map(|(_, number)| *number))? * TICK_MS))
}

fn sum<'a>(numbers: impl Iterator<Item = &'a str>) -> anyhow::Result<u64> {
    numbers.map(|number| Ok(number.parse::<u64>()?)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let own = std::process::id();
        let pids = Pids { control_plane: own, agent: own, simulator: own };
        let cpu = Cpu::now(&pids).unwrap();
        assert_eq!(cpu.since(&cpu).own(), Duration::ZERO);
        assert!(resident_kib(own).unwrap() > 100);
        assert!(peak_kib(own).unwrap() > 100);
        assert!(of_machine().unwrap() >= cpu.load);
    }

    #[test]
    fn syncs_are_measured_where_asked() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(sync_latency(dir.path(), 3).unwrap().count(), 3);
    }
}
