//! Words and sentences of the RouterOS API on the wire.
//!
//! Each word has a length in front, big-endian, whose first byte tells how long the length is; a word of length zero
//! ends the sentence. Written for this crate alone: a mistake here must not be able to cancel out one in the agent.
//! Source: the vendor's API page; both sides answer to `tests/vectors/routeros/words.json`.

/// Longest word taken, in bytes.
pub const WORD_BYTES_MAX: usize = 1024 * 1024;
/// Largest sentence taken, in bytes of its words.
pub const SENTENCE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most words in one sentence.
pub const SENTENCE_WORDS_MAX: usize = 65_536;

/// A sentence as it came: its words, never empty.
pub type Words = Vec<Vec<u8>>;

/// What makes the reader give up on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The first byte of a length is F1 to FF: unassigned, or a control byte that nobody knows.
    #[error("the length of a word begins with the reserved byte {0:#04x}")]
    ReservedByte(u8),
    /// A word, or a sentence, is larger than this reader takes.
    #[error("a word or sentence of {0} bytes or words is over the limit")]
    TooLarge(u64),
}

/// Appends the length of a word, in the shortest form, to `out`.
pub fn encode_length(length: u32, out: &mut Vec<u8>) {
    let [a, b, c, d] = length.to_be_bytes();
    match length {
        0..=0x7F => out.push(d),
        0x80..=0x3FFF => out.extend([c | 0x80, d]),
        0x4000..=0x1F_FFFF => out.extend([b | 0xC0, c, d]),
        0x20_0000..=0x0FFF_FFFF => out.extend([a | 0xE0, b, c, d]),
        _ => out.extend([0xF0, a, b, c, d]),
    }
}

/// Appends one word, length first.
///
/// # Panics
/// When the word is 4 GiB or longer; no reply of ours comes near.
pub fn encode_word(word: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(word.len()).expect("a word fits in 32 bits of length");
    encode_length(length, out);
    out.extend_from_slice(word);
}

/// Appends the word `=name=value` without building it first.
pub fn encode_attribute(name: &str, value: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(name.len() + value.len() + 2).expect("a word fits in 32 bits of length");
    encode_length(length, out);
    out.push(b'=');
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    out.extend_from_slice(value);
}

/// Appends the empty word that closes a sentence.
pub fn end_sentence(out: &mut Vec<u8>) {
    out.push(0);
}

/// Reads a length at the start of `bytes`: the length and how many bytes it took, or `None` when more are needed.
///
/// # Errors
/// `ReservedByte` for a first byte of F1 to FF.
pub fn decode_length(bytes: &[u8]) -> Result<Option<(u32, usize)>, CodecError> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (kept, more) = match first {
        0x00..=0x7F => (first, 0),
        0x80..=0xBF => (first & 0x3F, 1),
        0xC0..=0xDF => (first & 0x1F, 2),
        0xE0..=0xEF => (first & 0x0F, 3),
        0xF0 => (0, 4),
        0xF1..=0xFF => return Err(CodecError::ReservedByte(first)),
    };
    let Some(rest) = bytes.get(1..=more) else { return Ok(None) };
    let length = rest.iter().fold(u32::from(kept), |length, &byte| (length << 8) | u32::from(byte));
    Ok(Some((length, more + 1)))
}

/// Takes bytes as they come, split anywhere, and gives whole sentences.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    consumed: usize,
    words: Words,
    sentence_bytes: usize,
}

impl Decoder {
    /// Adds bytes that were just read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.consumed == self.bytes.len() {
            self.bytes.clear();
            self.consumed = 0;
        } else if self.consumed > 64 * 1024 {
            self.bytes.drain(..self.consumed);
            self.consumed = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole sentence, or `None` until more bytes come. Empty sentences are passed over.
    ///
    /// # Errors
    /// The stream cannot be read on after an error.
    pub fn next_sentence(&mut self) -> Result<Option<Words>, CodecError> {
        loop {
            let pending = &self.bytes[self.consumed..];
            let Some((length, prefix)) = decode_length(pending)? else { return Ok(None) };
            let length = usize::try_from(length).map_err(|_| CodecError::TooLarge(u64::from(length)))?;
            if length > WORD_BYTES_MAX || self.sentence_bytes + length > SENTENCE_BYTES_MAX {
                return Err(CodecError::TooLarge(length as u64));
            }
            let Some(word) = pending.get(prefix..prefix + length) else { return Ok(None) };
            if length > 0 {
                if self.words.len() == SENTENCE_WORDS_MAX {
                    return Err(CodecError::TooLarge(SENTENCE_WORDS_MAX as u64));
                }
                self.words.push(word.to_vec());
                self.sentence_bytes += length;
            }
            self.consumed += prefix + length;
            if length == 0 {
                self.sentence_bytes = 0;
                if !self.words.is_empty() {
                    return Ok(Some(std::mem::take(&mut self.words)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
