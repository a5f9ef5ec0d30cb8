//! Words and sentences on the wire: a pure state machine over byte slices.
//!
//! A sentence is a sequence of words closed by an empty word; each word is its length, in one to five bytes, and its
//! body (MikroTik API documentation, "API words"). The decoder takes the stream in pieces of any size.

/// Longest word that is accepted, in bytes.
pub const WORD_BYTES_MAX: usize = 1 << 20;

/// Longest sentence that is accepted, in bytes on the wire.
pub const SENTENCE_BYTES_MAX: usize = 4 << 20;

/// Most words of one sentence.
pub const SENTENCE_WORDS_MAX: usize = 1 << 16;

/// The stream cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// A length begins with a byte that has no meaning (F1 to FF).
    #[error("word length begins with the unassigned byte {0:#04x}")]
    Prefix(u8),
    /// A word is longer than [`WORD_BYTES_MAX`].
    #[error("word of {0} bytes is too long")]
    WordTooLong(usize),
    /// A sentence is longer than [`SENTENCE_BYTES_MAX`] or has more words than [`SENTENCE_WORDS_MAX`].
    #[error("sentence is too long")]
    SentenceTooLong,
}

/// The words of one sentence, without the empty word that closes it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sentence {
    bytes: Vec<u8>,
    /// Where each word ends in `bytes`.
    ends: Vec<usize>,
}

impl Sentence {
    /// A sentence without words.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a word made of `parts`. An empty word would close the sentence early and is left out.
    pub fn push(&mut self, parts: &[&[u8]]) {
        let before = self.bytes.len();
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        if self.bytes.len() > before {
            self.ends.push(self.bytes.len());
        }
    }

    /// The words in order.
    pub fn words(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied()).map(|(start, end)| &self.bytes[start..end])
    }

    /// The first word; empty when there is none.
    #[must_use]
    pub fn first(&self) -> &[u8] {
        self.words().next().unwrap_or_default()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Size of all word bodies in bytes.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the sentence as it goes over the wire.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for word in self.words() {
            encode_length(word.len(), out);
            out.extend_from_slice(word);
        }
        out.push(0);
    }
}

/// Words may hold passwords: only the first word, a command or reply name, is shown.
impl std::fmt::Debug for Sentence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (+{} words)", String::from_utf8_lossy(self.first()), self.ends.len().saturating_sub(1))
    }
}

/// Appends the shortest form of a word length. Lengths above 32 bits do not exist on the wire.
pub fn encode_length(length: usize, out: &mut Vec<u8>) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let bytes = length.to_be_bytes();
    match length {
        0..=0x7f => out.push(bytes[3]),
        0x80..=0x3fff => out.extend([bytes[2] | 0x80, bytes[3]]),
        0x4000..=0x1f_ffff => out.extend([bytes[1] | 0xc0, bytes[2], bytes[3]]),
        0x20_0000..=0xfff_ffff => out.extend([bytes[0] | 0xe0, bytes[1], bytes[2], bytes[3]]),
        0x1000_0000.. => {
            out.push(0xf0);
            out.extend(bytes);
        }
    }
}

/// How many bytes follow the first byte of a length, and the bits of the first byte that count.
fn length_form(first: u8) -> Result<(u8, u8), CodecError> {
    match first {
        0x00..=0x7f => Ok((0, first)),
        0x80..=0xbf => Ok((1, first & 0x3f)),
        0xc0..=0xdf => Ok((2, first & 0x1f)),
        0xe0..=0xef => Ok((3, first & 0x0f)),
        0xf0 => Ok((4, 0)),
        0xf1..=0xff => Err(CodecError::Prefix(first)),
    }
}

/// Where the decoder is within a word.
#[derive(Debug, Clone, Copy)]
enum Position {
    /// Before the first byte of a length.
    Length,
    /// Within a length: what is known of it and how many bytes are missing.
    LengthRest { value: u32, missing: u8 },
    /// Within a body: how many bytes are missing.
    Body { missing: usize },
}

/// Reads sentences from a stream that comes in pieces.
#[derive(Debug)]
pub struct Decoder {
    position: Position,
    sentence: Sentence,
    sentence_bytes: usize,
    broken: Option<CodecError>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { position: Position::Length, sentence: Sentence::new(), sentence_bytes: 0, broken: None }
    }
}

impl Decoder {
    /// Takes the next piece of the stream and hands each finished sentence to `sink`. Empty sentences are skipped.
    ///
    /// # Errors
    /// When the stream breaks a rule or a limit; every later call then fails the same way.
    pub fn feed(&mut self, input: &[u8], mut sink: impl FnMut(Sentence)) -> Result<(), CodecError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let result = self.advance(input, &mut sink);
        self.broken = result.err();
        result
    }

    fn advance(&mut self, mut input: &[u8], sink: &mut impl FnMut(Sentence)) -> Result<(), CodecError> {
        while let Some((&first, rest)) = input.split_first() {
            match self.position {
                Position::Length => {
                    let (missing, bits) = length_form(first)?;
                    self.length_known(u32::from(bits), missing, sink)?;
                    input = rest;
                }
                Position::LengthRest { value, missing } => {
                    self.length_known((value << 8) | u32::from(first), missing - 1, sink)?;
                    input = rest;
                }
                Position::Body { missing } => {
                    let (body, rest) = input.split_at(missing.min(input.len()));
                    self.sentence.bytes.extend_from_slice(body);
                    self.body_known(missing - body.len());
                    input = rest;
                }
            }
        }
        Ok(())
    }

    fn length_known(
        &mut self,
        value: u32,
        missing: u8,
        sink: &mut impl FnMut(Sentence),
    ) -> Result<(), CodecError> {
        self.sentence_bytes += 1;
        if missing > 0 {
            self.position = Position::LengthRest { value, missing };
            return Ok(());
        }
        self.position = Position::Length;
        let length = usize::try_from(value).unwrap_or(usize::MAX);
        if length == 0 {
            self.sentence_bytes = 0;
            let sentence = std::mem::take(&mut self.sentence);
            if !sentence.is_empty() {
                sink(sentence);
            }
            return Ok(());
        }
        if length > WORD_BYTES_MAX {
            return Err(CodecError::WordTooLong(length));
        }
        self.sentence_bytes += length;
        if self.sentence_bytes > SENTENCE_BYTES_MAX || self.sentence.ends.len() >= SENTENCE_WORDS_MAX {
            return Err(CodecError::SentenceTooLong);
        }
        self.position = Position::Body { missing: length };
        Ok(())
    }

    fn body_known(&mut self, missing: usize) {
        if missing > 0 {
            self.position = Position::Body { missing };
        } else {
            self.sentence.ends.push(self.sentence.bytes.len());
            self.position = Position::Length;
        }
    }
}

#[cfg(test)]
mod tests;
