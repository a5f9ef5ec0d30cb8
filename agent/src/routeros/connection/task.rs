//! The task of one router: waits for calls, dials when there is one, keeps the breaker.

use std::{collections::VecDeque, io};

use pagos_protocol::RouterSettings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::{sleep_until, timeout},
};

use super::{
    Ask, COMMANDS_WAITING_MAX, CONNECT_TIMEOUT, Call, LOGIN_TIMEOUT, TLS_PORT,
    link::{Ended, Link, READ_BYTES},
};
use crate::{
    routeros::{
        CallError,
        breaker::Breaker,
        session::{Event, Session},
    },
    seams::{
        clock::{self, Instant},
        net::{self, Stream},
        random,
    },
};

/// What the task owns besides an open connection.
pub(super) struct Task {
    settings: RouterSettings,
    pub(super) asks: mpsc::Receiver<Ask>,
    /// Calls that no connection has taken yet, oldest first.
    pub(super) waiting: VecDeque<Call>,
    breaker: Breaker,
    /// Why the last attempt failed; the answer while the breaker is open.
    last_failure: CallError,
}

impl Task {
    pub(super) fn new(settings: RouterSettings, asks: mpsc::Receiver<Ask>) -> Self {
        let last_failure = CallError::Unreachable("it was not tried yet".into());
        Self { settings, asks, waiting: VecDeque::new(), breaker: Breaker::default(), last_failure }
    }

    /// Works until every handle is gone.
    pub(super) async fn run(mut self) {
        loop {
            if self.waiting.is_empty() {
                let Some(ask) = self.asks.recv().await else { return };
                self.take_unconnected(ask);
                continue;
            }
            if self.settings.port == TLS_PORT {
                self.refuse_waiting(&CallError::TlsUnsupported);
                continue;
            }
            if !self.breaker.allows(clock::monotonic()) {
                self.refuse_waiting(&self.last_failure.clone());
                continue;
            }
            match self.open_while_taking().await {
                Ok(Some((stream, session))) => {
                    self.breaker.succeeded();
                    match Link::new(stream, session).serve(&mut self).await {
                        Ended::Lost => {}
                        Ended::HandlesGone => return,
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(router.id = %self.settings.router_id, "router could not be reached or refused the login");
                    tracing::debug!(router.id = %self.settings.router_id, error = %error, "router connection failed");
                    self.breaker.failed(clock::monotonic(), random::jitter);
                    self.last_failure = error.clone();
                    self.refuse_waiting(&error);
                }
            }
        }
    }

    /// Queues a call, or refuses it when too many wait.
    pub(super) fn queue(&mut self, call: Call) {
        if self.waiting.len() < COMMANDS_WAITING_MAX {
            self.waiting.push_back(call);
        } else {
            call.fail(CallError::QueueFull);
        }
    }

    /// The nearest deadline of a waiting call.
    pub(super) fn waiting_deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|call| call.deadline).min()
    }

    /// Answers the waiting calls whose deadline has passed.
    pub(super) fn expire_waiting(&mut self, now: Instant) {
        let (late, waiting) = self.waiting.drain(..).partition(|call: &Call| call.deadline <= now);
        self.waiting = waiting;
        let late: VecDeque<Call> = late;
        for call in late {
            call.fail(CallError::DeadlinePassed { sent: false });
        }
    }

    fn take_unconnected(&mut self, ask: Ask) {
        match ask {
            Ask::Call(call) => self.queue(call),
            // Without a connection nothing can still take effect.
            Ask::Settle(answer) => {
                let _ = answer.send(());
            }
        }
    }

    fn refuse_waiting(&mut self, error: &CallError) {
        for call in self.waiting.drain(..) {
            call.fail(error.clone());
        }
    }

    /// Dials and logs in, and meanwhile takes calls and answers those that get too late. `None`: no handle is left.
    async fn open_while_taking(&mut self) -> Result<Option<(Stream, Session)>, CallError> {
        let settings = self.settings.clone();
        let opening = open(&settings);
        tokio::pin!(opening);
        loop {
            let expiry = self.waiting_deadline();
            tokio::select! {
                biased;
                opened = &mut opening => return opened.map(Some),
                ask = self.asks.recv() => match ask {
                    Some(ask) => self.take_unconnected(ask),
                    None => return Ok(None),
                },
                () = sleep_until(expiry.unwrap_or_else(|| clock::monotonic() + LOGIN_TIMEOUT)) => {
                    self.expire_waiting(clock::monotonic());
                }
            }
        }
    }
}

async fn open(settings: &RouterSettings) -> Result<(Stream, Session), CallError> {
    let unreachable = |error: io::Error| CallError::Unreachable(error.to_string());
    let mut stream = timeout(CONNECT_TIMEOUT, net::dial(&settings.host, settings.port))
        .await
        .map_err(|_| CallError::Unreachable("no TCP connection in time".into()))?
        .map_err(unreachable)?;
    let session = timeout(LOGIN_TIMEOUT, login(&mut stream, settings))
        .await
        .map_err(|_| CallError::Unreachable("no answer to the login in time".into()))??;
    Ok((stream, session))
}

async fn login(stream: &mut Stream, settings: &RouterSettings) -> Result<Session, CallError> {
    let unreachable = |error: io::Error| CallError::Unreachable(error.to_string());
    let mut session = Session::new(&settings.username, &settings.password);
    let mut buffer = [0; READ_BYTES];
    loop {
        let outgoing = std::mem::take(session.outgoing());
        stream.write_all(&outgoing).await.map_err(unreachable)?;
        let read = stream.read(&mut buffer).await.map_err(unreachable)?;
        if read == 0 {
            // A service limited to other addresses answers like this.
            return Err(CallError::Unreachable("the router closed the connection before the login".into()));
        }
        let mut events = Vec::new();
        session
            .receive(&buffer[..read], &mut events)
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        for event in events {
            match event {
                Event::LoggedIn => return Ok(session),
                Event::LoginRefused(trap) => return Err(CallError::LoginRefused(trap.message)),
                Event::Closed { reason } => return Err(CallError::Unreachable(reason)),
                Event::Finished { .. } => {}
            }
        }
    }
}
