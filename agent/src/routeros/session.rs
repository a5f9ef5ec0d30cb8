//! One session on a router's API without IO: login, tags, and the replies of many open commands.
//!
//! Bytes go in through [`Session::receive`] and out through [`Session::outgoing`]. Rules followed (MikroTik API
//! documentation, "Reply word", "Tags" and "Initial login"):
//! - A reply ends with `!done`; `!trap` does not end it, and there may be several.
//! - `!empty`, of RouterOS 7.18 and later, says that there is no record; `!done` follows.
//! - `!fatal` ends the session; its reason is a bare word.
//! - Other reply words are ignored.
//! - Both logins are known: name and password in clear (6.43 and later), and the MD5 challenge of older versions.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use pagos_protocol::Secret;

use super::{
    codec::{CodecError, Decoder, Sentence},
    error::Trap,
    request::{Record, Reply, Request},
};

/// Largest reply that is kept, in bytes of its records.
pub const REPLY_BYTES_MAX: usize = 8 << 20;

/// Most records of one reply that are kept.
pub const REPLY_RECORDS_MAX: usize = 50_000;

/// Most traps of one reply that are kept.
const TRAPS_MAX: usize = 8;

/// Names a command within its session.
pub type Tag = u64;

/// Something that happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The router accepted the login: commands may be sent.
    LoggedIn,
    /// The router refused the login.
    LoginRefused(Trap),
    /// A command has ended.
    Finished {
        /// Which command.
        tag: Tag,
        /// How.
        result: Result<Reply, CommandError>,
    },
    /// The router ends the session; no further event comes.
    Closed {
        /// The router's words.
        reason: String,
    },
}

/// Why a command that ended brought no reply.
#[derive(Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The router answered with an error; the first one, if there were several.
    Trap(Trap),
    /// The reply was larger than [`REPLY_BYTES_MAX`] or [`REPLY_RECORDS_MAX`].
    TooLarge,
}

/// The router does not follow the protocol: the connection is of no more use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The byte stream is broken.
    #[error("the router sent bytes that are no API sentence")]
    Codec(#[from] CodecError),
    /// The login's challenge is not an even number of hex digits.
    #[error("the router sent a login challenge that is not hexadecimal")]
    Challenge,
}

/// What is known of a reply that has not ended.
#[derive(Debug, Default)]
struct Open {
    records: Vec<Record>,
    bytes: usize,
    too_large: bool,
    traps: Vec<Trap>,
}

/// How far the login got. Credentials are dropped once they are of no more use.
#[derive(Debug)]
enum Phase {
    /// Name and password were sent.
    Plain { user: String, password: Secret },
    /// The answer to a challenge was sent.
    Challenged,
    /// Logged in.
    Ready,
    /// Refused or ended.
    Closed,
}

/// One session, from the login to the end of its connection.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    outgoing: Vec<u8>,
    phase: Phase,
    login: Open,
    open: BTreeMap<Tag, Open>,
    next_tag: Tag,
    ignored: u64,
}

impl Session {
    /// Starts a session: the login is in [`Self::outgoing`].
    #[must_use]
    pub fn new(user: &str, password: &Secret) -> Self {
        let mut session = Self {
            decoder: Decoder::default(),
            outgoing: Vec::new(),
            phase: Phase::Plain { user: user.to_owned(), password: password.clone() },
            login: Open::default(),
            open: BTreeMap::new(),
            next_tag: 1,
            ignored: 0,
        };
        // The password goes along even if it is empty; without that word newer versions answer with a challenge.
        session.send_login(&[("name", user.as_bytes()), ("password", password.expose().as_bytes())]);
        session
    }

    /// Bytes to be written to the router. The writer removes what it has written from the front.
    pub fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }

    /// Whether commands may be sent.
    #[must_use]
    pub fn ready(&self) -> bool {
        matches!(self.phase, Phase::Ready)
    }

    /// How many sentences belonged to no open command.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Sends a command. Its end comes as [`Event::Finished`] with the tag returned here.
    pub fn send(&mut self, request: &Request) -> Tag {
        let tag = self.next_tag;
        self.next_tag += 1;
        self.open.insert(tag, Open::default());
        request.encode(tag, &mut self.outgoing);
        tag
    }

    /// Asks the router to give up a command. The command still ends with its own event; so does the cancelling one.
    pub fn cancel(&mut self, tag: Tag) -> Tag {
        self.send(&Request::new("/cancel").attribute("tag", tag.to_string()))
    }

    /// Takes bytes from the router and appends what they bring to `events`.
    ///
    /// # Errors
    /// When the router does not follow the protocol; the session is then at its end.
    pub fn receive(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), SessionError> {
        let mut sentences = Vec::new();
        let decoded = self.decoder.feed(bytes, |sentence| sentences.push(sentence));
        for sentence in sentences {
            match self.phase {
                Phase::Plain { .. } | Phase::Challenged => self.login_sentence(sentence, events)?,
                Phase::Ready => self.reply_sentence(sentence, events),
                Phase::Closed => self.ignored += 1,
            }
        }
        Ok(decoded?)
    }

    fn send_login(&mut self, attributes: &[(&str, &[u8])]) {
        let mut sentence = Sentence::new();
        sentence.push(&[b"/login"]);
        for (name, value) in attributes {
            sentence.push(&[b"=", name.as_bytes(), b"=", value]);
        }
        sentence.encode(&mut self.outgoing);
    }

    fn login_sentence(&mut self, sentence: Sentence, events: &mut Vec<Event>) -> Result<(), SessionError> {
        match sentence.first() {
            b"!done" => {
                if let Some(trap) = std::mem::take(&mut self.login).traps.into_iter().next() {
                    self.phase = Phase::Closed;
                    events.push(Event::LoginRefused(trap));
                    return Ok(());
                }
                let challenge = Record::new(sentence).bytes("ret").map(<[u8]>::to_vec);
                self.login_done(challenge, events)
            }
            b"!trap" => {
                self.login.trap(sentence);
                Ok(())
            }
            b"!fatal" => {
                self.close(&sentence, events);
                Ok(())
            }
            _ => {
                self.ignored += 1;
                Ok(())
            }
        }
    }

    fn login_done(
        &mut self,
        challenge: Option<Vec<u8>>,
        events: &mut Vec<Event>,
    ) -> Result<(), SessionError> {
        match (std::mem::replace(&mut self.phase, Phase::Closed), challenge) {
            (Phase::Plain { user, password }, Some(challenge)) => {
                let response = challenge_response(&challenge, &password)?;
                self.send_login(&[("name", user.as_bytes()), ("response", response.as_bytes())]);
                self.phase = Phase::Challenged;
            }
            (Phase::Challenged, Some(_)) => return Err(SessionError::Challenge),
            (Phase::Plain { .. } | Phase::Challenged, None) => {
                self.phase = Phase::Ready;
                events.push(Event::LoggedIn);
            }
            (phase @ (Phase::Ready | Phase::Closed), _) => self.phase = phase,
        }
        Ok(())
    }

    fn reply_sentence(&mut self, sentence: Sentence, events: &mut Vec<Event>) {
        if sentence.first() == b"!fatal" {
            return self.close(&sentence, events);
        }
        let Some(tag) = self.tag_of(&sentence) else {
            self.ignored += 1;
            return;
        };
        let Some(open) = self.open.get_mut(&tag) else {
            self.ignored += 1;
            return;
        };
        match sentence.first() {
            b"!re" => open.record(sentence),
            b"!trap" => open.trap(sentence),
            b"!done" => {
                let open = std::mem::take(open);
                self.open.remove(&tag);
                events.push(Event::Finished { tag, result: open.finish(sentence) });
            }
            // `!empty` says what an absence of records says; others are not known to us.
            _ => {}
        }
    }

    /// The command a sentence belongs to: by its tag, or the only open one when the router left the tag out.
    fn tag_of(&self, sentence: &Sentence) -> Option<Tag> {
        let Some(tag) = sentence.words().find_map(|word| word.strip_prefix(b".tag=")) else {
            let mut open = self.open.keys();
            return open.next().filter(|_| open.next().is_none()).copied();
        };
        std::str::from_utf8(tag).ok()?.parse().ok()
    }

    fn close(&mut self, sentence: &Sentence, events: &mut Vec<Event>) {
        self.phase = Phase::Closed;
        let word = sentence.words().skip(1).find(|word| !word.starts_with(b".tag=")).unwrap_or_default();
        let word = word.strip_prefix(b"=message=").unwrap_or(word);
        events.push(Event::Closed { reason: String::from_utf8_lossy(word).into_owned() });
    }
}

impl Open {
    fn record(&mut self, sentence: Sentence) {
        self.bytes += sentence.body_bytes();
        if self.bytes > REPLY_BYTES_MAX || self.records.len() >= REPLY_RECORDS_MAX {
            self.too_large = true;
            self.records = Vec::new();
        }
        if !self.too_large {
            self.records.push(Record::new(sentence));
        }
    }

    fn trap(&mut self, sentence: Sentence) {
        let record = Record::new(sentence);
        let category = record.text("category").and_then(|text| text.parse().ok());
        let message = record.text("message").unwrap_or_default().into_owned();
        if self.traps.len() < TRAPS_MAX {
            self.traps.push(Trap { message, category });
        }
    }

    fn finish(self, done: Sentence) -> Result<Reply, CommandError> {
        if let Some(trap) = self.traps.into_iter().next() {
            return Err(CommandError::Trap(trap));
        }
        if self.too_large {
            return Err(CommandError::TooLarge);
        }
        let ret = Record::new(done).bytes("ret").map(<[u8]>::to_vec);
        Ok(Reply { records: self.records, ret })
    }
}

/// The answer to a login challenge: `00` and the MD5 of a zero byte, the password and the challenge's bytes.
fn challenge_response(challenge: &[u8], password: &Secret) -> Result<String, SessionError> {
    if challenge.is_empty() {
        return Err(SessionError::Challenge);
    }
    let challenge = hex::decode(challenge).map_err(|_| SessionError::Challenge)?;
    let mut digest = Md5::new();
    digest.update([0]);
    digest.update(password.expose().as_bytes());
    digest.update(&challenge);
    Ok(format!("00{}", hex::encode(digest.finalize())))
}

#[cfg(test)]
mod tests;
