//! One open, logged-in connection, from the first command to its end.

use std::{collections::BTreeMap, io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::oneshot,
    time::sleep_until,
};

use super::{
    ABANDONED_MAX, Ask, BUSY_PROBE_AFTER, CANCEL_GRACE, COMMANDS_OPEN_MAX, Call, IDLE_PROBE_AFTER,
    PROBE_TIMEOUT, task::Task,
};
use crate::{
    routeros::{
        CallError, Reply, Request,
        session::{CommandError, Event, Session, Tag},
    },
    seams::{
        clock::{self, Instant},
        net::Stream,
    },
};

/// Size of one read, in bytes.
pub(super) const READ_BYTES: usize = 4096;

/// Why a connection is no longer served.
pub(super) enum Ended {
    /// It broke, or it was given up.
    Lost,
    /// Nobody can call any more.
    HandlesGone,
}

/// A command that was given up and cancelled, but not yet ended by the router.
struct Abandoned {
    changes: bool,
    settle_by: Instant,
}

/// An open connection and the commands on it.
pub(super) struct Link {
    reader: ReadHalf<Stream>,
    writer: WriteHalf<Stream>,
    session: Session,
    open: BTreeMap<Tag, Call>,
    abandoned: BTreeMap<Tag, Abandoned>,
    settling: Vec<oneshot::Sender<()>>,
    heard_at: Instant,
    /// The open question for the router's identity, and when it was asked.
    probe: Option<(Tag, Instant)>,
}

impl Link {
    pub(super) fn new(stream: Stream, session: Session) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            session,
            open: BTreeMap::new(),
            abandoned: BTreeMap::new(),
            settling: Vec::new(),
            heard_at: clock::monotonic(),
            probe: None,
        }
    }

    /// Carries commands until the connection ends. Commands that were sent are then answered as lost.
    pub(super) async fn serve(mut self, task: &mut Task) -> Ended {
        let reason = match self.work(task).await {
            Ok(ended) => return ended,
            Err(reason) => reason,
        };
        tracing::debug!(reason = %reason, "router connection ended");
        for call in std::mem::take(&mut self.open).into_values() {
            call.fail(CallError::Lost(reason.clone()));
        }
        // Dropping the connection settles what was given up.
        Ended::Lost
    }

    async fn work(&mut self, task: &mut Task) -> Result<Ended, String> {
        let mut buffer = [0; READ_BYTES];
        loop {
            self.send_waiting(task);
            let timer = self.next_timer(task);
            let unwritten = !self.session.outgoing().is_empty();
            tokio::select! {
                biased;
                read = self.reader.read(&mut buffer) => self.take_bytes(read, &buffer)?,
                written = self.writer.write(self.session.outgoing()), if unwritten => {
                    let written = written.map_err(|error| error.to_string())?;
                    self.session.outgoing().drain(..written);
                }
                ask = task.asks.recv() => match ask {
                    Some(Ask::Call(call)) => task.queue(call),
                    Some(Ask::Settle(answer)) => self.settling.push(answer),
                    None => return Ok(Ended::HandlesGone),
                },
                () = sleep_until(timer) => self.on_timer(task)?,
            }
            self.answer_settled();
        }
    }

    /// Sends waiting commands as far as there is room.
    fn send_waiting(&mut self, task: &mut Task) {
        let now = clock::monotonic();
        while self.open.len() < COMMANDS_OPEN_MAX {
            let Some(call) = task.waiting.pop_front() else { return };
            if call.deadline <= now {
                call.fail(CallError::DeadlinePassed { sent: false });
                continue;
            }
            let tag = self.session.send(&call.request);
            self.open.insert(tag, call);
        }
    }

    fn take_bytes(&mut self, read: io::Result<usize>, buffer: &[u8]) -> Result<(), String> {
        let read = read.map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("the router closed the connection".into());
        }
        self.heard_at = clock::monotonic();
        let mut events = Vec::new();
        let received = self.session.receive(&buffer[..read], &mut events);
        for event in events {
            match event {
                Event::Finished { tag, result } => self.finish(tag, result)?,
                Event::Closed { reason } => return Err(format!("the router ended the session: {reason}")),
                Event::LoggedIn | Event::LoginRefused(_) => {}
            }
        }
        received.map_err(|error| error.to_string())
    }

    /// Answers the caller of a command that has ended.
    fn finish(&mut self, tag: Tag, result: Result<Reply, CommandError>) -> Result<(), String> {
        self.abandoned.remove(&tag);
        if self.probe.is_some_and(|(probe, _)| probe == tag) {
            self.probe = None;
        }
        let Some(call) = self.open.remove(&tag) else { return Ok(()) };
        let result = result.map_err(|error| match error {
            CommandError::Trap(trap) => CallError::Trap(trap),
            CommandError::TooLarge => CallError::ReplyTooLarge,
        });
        let forgotten = result
            .as_ref()
            .is_err_and(|error| error.trap_class() == Some(crate::routeros::TrapClass::NotLoggedIn));
        // A caller that is gone needs no answer.
        let _ = call.answer.send(result);
        if forgotten { Err("the router has forgotten the session".into()) } else { Ok(()) }
    }

    fn next_timer(&self, task: &Task) -> Instant {
        let probe = self.probe_overdue().unwrap_or_else(|| self.heard_at + self.silence_allowed());
        let deadlines = self.open.values().map(|call| call.deadline);
        let settles = self.abandoned.values().filter(|gone| gone.changes).map(|gone| gone.settle_by);
        deadlines.chain(settles).chain(task.waiting_deadline()).fold(probe, Instant::min)
    }

    fn on_timer(&mut self, task: &mut Task) -> Result<(), String> {
        let now = clock::monotonic();
        task.expire_waiting(now);
        self.abandon_late(now);
        if self.abandoned.values().any(|gone| gone.changes && gone.settle_by <= now) {
            return Err("the router did not give up a cancelled command".into());
        }
        if self.abandoned.len() > ABANDONED_MAX {
            return Err("the router left too many commands unanswered".into());
        }
        if self.probe_overdue().is_some_and(|overdue| overdue <= now) {
            return Err("the router has fallen silent".into());
        }
        if self.probe.is_none() && now >= self.heard_at + self.silence_allowed() {
            let tag = self.session.send(&Request::new("/system/identity/print"));
            self.probe = Some((tag, now));
        }
        Ok(())
    }

    fn silence_allowed(&self) -> Duration {
        if self.open.is_empty() { IDLE_PROBE_AFTER } else { BUSY_PROBE_AFTER }
    }

    /// When the connection is given up for its silence. A slow router that says anything at all is not silent.
    fn probe_overdue(&self) -> Option<Instant> {
        self.probe.map(|(_, asked_at)| asked_at.max(self.heard_at) + PROBE_TIMEOUT)
    }

    /// Gives up commands whose deadline has passed: their callers are told, the router is asked to cancel.
    fn abandon_late(&mut self, now: Instant) {
        let late: Vec<Tag> =
            self.open.iter().filter(|(_, call)| call.deadline <= now).map(|(tag, _)| *tag).collect();
        for tag in late {
            let Some(call) = self.open.remove(&tag) else { continue };
            let abandoned = Abandoned { changes: call.request.changes(), settle_by: now + CANCEL_GRACE };
            self.abandoned.insert(tag, abandoned);
            call.fail(CallError::DeadlinePassed { sent: true });
            self.session.cancel(tag);
        }
    }

    fn answer_settled(&mut self) {
        if !self.abandoned.values().any(|gone| gone.changes) {
            for answer in self.settling.drain(..) {
                // Whoever no longer waits needs no answer.
                let _ = answer.send(());
            }
        }
    }
}
