//! One API connection: sentences in, replies out, commands that are held up in between.
//!
//! Commands are carried out as they come, in one task. One that a fault holds up waits beside the others, so that
//! tagged commands overtake it, as on a real router.

use super::codec::{Decoder, Words};
use super::command::Command;
use super::login::LoginState;
use super::reply::{Reply, Trap, encode_fatal, encode_reply};
use super::router::Router;
use crate::fault::{ErrorAnswer, Place, Strike, Verdict};
use crate::listen::{self, Wire};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1024;
/// Most words in a sentence before the login.
const STRANGER_WORDS_MAX: usize = 64;

/// Serves one client until either side leaves.
pub async fn serve<S: Wire>(router: Arc<Router>, mut stream: S, mut away: watch::Receiver<bool>) {
    let mut link = Link::new(router);
    let mut decoder = Decoder::default();
    let mut bytes = vec![0; READ_BYTES];
    loop {
        let next = tokio::select! {
            biased;
            () = listen::gone(&mut away) => {
                stream.reset();
                return;
            }
            read = stream.read(&mut bytes) => match read {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    decoder.push(&bytes[..count]);
                    link.take_sentences(&mut decoder)
                }
            },
            Some(joined) = link.held.join_next() => match joined {
                Ok(held) => link.release(held),
                Err(_) => Next::GoOn,
            },
        };
        if !link.out.is_empty() {
            if stream.write_all(&link.out).await.is_err() {
                break;
            }
            link.out.clear();
        }
        if next == Next::Close {
            return;
        }
    }
    link.finish_alone().await;
}

/// Whether the connection is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Close,
}

/// A command that a fault has held up, and what is to be done with it now.
#[derive(Debug)]
struct Held {
    number: u64,
    command: Command,
    strike: Option<Strike>,
    /// The peer left while it was hanging.
    abandoned: bool,
}

#[derive(Debug)]
struct Pending {
    tag: Option<Vec<u8>>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Link {
    router: Arc<Router>,
    login: LoginState,
    out: Vec<u8>,
    held: JoinSet<Held>,
    pending: BTreeMap<u64, Pending>,
    next_number: u64,
    peer_left: watch::Sender<bool>,
}

impl Link {
    fn new(router: Arc<Router>) -> Self {
        Self {
            router,
            login: LoginState::default(),
            out: Vec::new(),
            held: JoinSet::new(),
            pending: BTreeMap::new(),
            next_number: 0,
            peer_left: watch::Sender::new(false),
        }
    }

    fn take_sentences(&mut self, decoder: &mut Decoder) -> Next {
        loop {
            match decoder.next_sentence() {
                Ok(Some(words)) => {
                    if self.take(words) == Next::Close {
                        return Next::Close;
                    }
                }
                Ok(None) => return Next::GoOn,
                Err(error) => {
                    tracing::debug!(router = %self.router.name, %error, "client broke the protocol");
                    return Next::Close;
                }
            }
        }
    }

    fn take(&mut self, words: Words) -> Next {
        if !self.login.logged_in && words.len() > STRANGER_WORDS_MAX {
            return Next::Close;
        }
        let command = Command::parse(words);
        self.router.count(&command.word);
        let verdict = self.router.faults.verdict(Place::Router(&self.router.name), &command.word);
        if verdict.delay.is_none() && !matches!(verdict.strike, Some(Strike::Hang(_))) {
            return self.carry_out(&command, verdict.strike);
        }
        self.hold(command, verdict);
        Next::GoOn
    }

    /// Lets a command wait beside the connection.
    fn hold(&mut self, command: Command, verdict: Verdict) {
        let number = self.next_number;
        self.next_number += 1;
        let tag = command.tag.clone();
        let mut peer_left = self.peer_left.subscribe();
        let task = self.held.spawn(async move {
            if let Some(delay) = verdict.delay {
                tokio::time::sleep(delay).await;
            }
            let (mut strike, mut abandoned) = (verdict.strike, false);
            if let Some(Strike::Hang(released)) = &mut strike {
                tokio::select! {
                    biased;
                    _ = released.wait_for(|released| *released) => {}
                    _ = peer_left.wait_for(|left| *left) => abandoned = true,
                }
                strike = None;
            }
            Held { number, command, strike, abandoned }
        });
        self.pending.insert(number, Pending { tag, task });
    }

    fn release(&mut self, held: Held) -> Next {
        // Not pending any more: it was cancelled in the very moment in which it went on.
        let cancelled = self.pending.remove(&held.number).is_none();
        if cancelled || held.abandoned { Next::GoOn } else { self.carry_out(&held.command, held.strike) }
    }

    /// The peer has left: what was held up still takes place, except what hangs.
    async fn finish_alone(&mut self) {
        self.peer_left.send_replace(true);
        while let Some(joined) = self.held.join_next().await {
            if let Ok(held) = joined {
                self.release(held);
            }
        }
    }

    fn carry_out(&mut self, command: &Command, strike: Option<Strike>) -> Next {
        match strike {
            None | Some(Strike::Hang(_)) => self.answer(command),
            // Pages and half answers are refused for a router; they are named so that nothing is forgotten.
            Some(Strike::DropBefore | Strike::BadGateway(_)) => Next::Close,
            Some(Strike::DropAfter | Strike::DropMiddle | Strike::BadGatewayAfter(_)) => {
                let before = self.out.len();
                self.answer(command);
                self.out.truncate(before);
                Next::Close
            }
            Some(Strike::Error(error)) => self.answer_error(command, error),
            Some(Strike::ErrorAfter(error)) => {
                let before = self.out.len();
                self.answer(command);
                self.out.truncate(before);
                self.answer_error(command, error)
            }
        }
    }

    fn answer(&mut self, command: &Command) -> Next {
        let reply = match command.word.as_str() {
            "/quit" => return self.say_goodbye("session terminated on request"),
            "/login" => self.login.login(&self.router.gate, command, self.router.fresh_challenge()),
            _ if !self.login.logged_in => return self.say_goodbye("not logged in"),
            "/cancel" => self.cancel(command),
            _ => self.router.execute(command),
        };
        self.write(&reply, command.tag.as_deref());
        Next::GoOn
    }

    fn answer_error(&mut self, command: &Command, error: ErrorAnswer) -> Next {
        self.write(&Reply::Trap(Trap::failure(error.message)), command.tag.as_deref());
        Next::GoOn
    }

    fn say_goodbye(&mut self, reason: &str) -> Next {
        encode_fatal(reason, &mut self.out);
        Next::Close
    }

    /// Interrupts what is held up: the command of one tag, or all.
    fn cancel(&mut self, command: &Command) -> Reply {
        let tag = command.attribute("tag").map(<[u8]>::to_vec);
        let meant = |pending: &Pending| tag.is_none() || pending.tag == tag;
        let (gone, kept) =
            std::mem::take(&mut self.pending).into_iter().partition(|(_, pending)| meant(pending));
        self.pending = kept;
        let gone: BTreeMap<u64, Pending> = gone;
        for pending in gone.values() {
            pending.task.abort();
            self.write(&Reply::Trap(Trap::interrupted()), pending.tag.as_deref());
        }
        Reply::Done
    }

    fn write(&mut self, reply: &Reply, tag: Option<&[u8]>) {
        encode_reply(reply, tag, self.router.announces_empty, &mut self.out);
    }
}
