use super::*;

/// The shared vectors; the simulator's codec, written separately, answers to the same file.
fn vectors() -> serde_json::Value {
    let text = include_str!("../../../../tests/vectors/routeros/words.json");
    serde_json::from_str(text).expect("the vectors are JSON")
}

fn bytes(value: &serde_json::Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("text")).expect("hex")
}

fn list<'a>(value: &'a serde_json::Value, name: &str) -> &'a Vec<serde_json::Value> {
    value[name].as_array().expect("array")
}

fn decode(pieces: &[&[u8]]) -> Result<Vec<Sentence>, CodecError> {
    let mut decoder = Decoder::default();
    let mut sentences = Vec::new();
    for piece in pieces {
        decoder.feed(piece, |sentence| sentences.push(sentence))?;
    }
    Ok(sentences)
}

fn sentence(words: &[Vec<u8>]) -> Sentence {
    let mut sentence = Sentence::new();
    for word in words {
        sentence.push(&[word]);
    }
    sentence
}

#[test]
fn lengths_are_written_as_in_the_vectors() {
    for vector in list(&vectors(), "lengths") {
        let length = usize::try_from(vector["length"].as_u64().expect("number")).expect("fits");
        let mut out = Vec::new();
        encode_length(length, &mut out);
        assert_eq!(out, bytes(&vector["prefix"]), "{length}");
    }
}

#[test]
fn lengths_are_read_in_every_form() {
    let vectors = vectors();
    for vector in list(&vectors, "lengths").iter().chain(list(&vectors["not_minimal"], "lengths")) {
        let length = usize::try_from(vector["length"].as_u64().expect("number")).expect("fits");
        let prefix = bytes(&vector["prefix"]);
        if length > WORD_BYTES_MAX {
            assert_eq!(decode(&[&prefix]), Err(CodecError::WordTooLong(length)));
            continue;
        }
        let body = vec![b'x'; length];
        let sentences = decode(&[&prefix, &body, &[0]]).expect("sentence");
        let words: Vec<&[u8]> = sentences.iter().flat_map(Sentence::words).collect();
        assert_eq!(words.concat().len(), length);
    }
}

#[test]
fn bytes_without_meaning_end_the_stream() {
    for vector in list(&vectors(), "invalid_first_bytes") {
        let first = bytes(vector);
        assert_eq!(decode(&[&first]), Err(CodecError::Prefix(first[0])));
    }
}

#[test]
fn sentences_of_the_vectors_survive_every_split() {
    for vector in list(&vectors(), "sentences") {
        let words: Vec<Vec<u8>> = list(vector, "words").iter().map(bytes).collect();
        let expected = sentence(&words);
        let wire = bytes(&vector["bytes"]);
        let mut out = Vec::new();
        expected.encode(&mut out);
        assert_eq!(out, wire, "{}", vector["name"]);
        // An empty sentence is skipped.
        let expected: Vec<Sentence> = if expected.is_empty() { vec![] } else { vec![expected] };
        for split in 0..=wire.len() {
            let (front, back) = wire.split_at(split);
            let read = decode(&[front, back]).expect("sentence");
            assert_eq!(read, expected, "{} split at {split}", vector["name"]);
        }
        let single: Vec<&[u8]> = wire.chunks(1).collect();
        assert_eq!(decode(&single).expect("sentence"), expected);
    }
}

#[test]
fn long_values_and_all_bytes_survive() {
    let all: Vec<u8> = (0..=255).collect();
    for word in [b"=a=".to_vec(), all.repeat(280), vec![0; 256], vec![b'='; 16_384]] {
        let mut wire = Vec::new();
        sentence(std::slice::from_ref(&word)).encode(&mut wire);
        let read = decode(&[&wire]).expect("sentence");
        assert_eq!(read[0].first(), word);
    }
}

#[test]
fn empty_sentences_are_skipped() {
    let read = decode(&[&[0, 0, 1, b'a', 0, 0, 1, b'b', 0]]).expect("sentences");
    assert_eq!(read.iter().map(Sentence::first).collect::<Vec<_>>(), [b"a", b"b"]);
}

#[test]
fn word_over_the_limit_is_refused_before_its_body() {
    let mut prefix = Vec::new();
    encode_length(WORD_BYTES_MAX + 1, &mut prefix);
    assert_eq!(decode(&[&prefix]), Err(CodecError::WordTooLong(WORD_BYTES_MAX + 1)));
}

#[test]
fn sentence_over_the_limit_is_refused() {
    let mut decoder = Decoder::default();
    let mut word = Vec::new();
    encode_length(WORD_BYTES_MAX, &mut word);
    word.resize(word.len() + WORD_BYTES_MAX, b'x');
    for _ in 0..3 {
        decoder.feed(&word, |_| panic!("no sentence has ended")).expect("within the limit");
    }
    assert_eq!(decoder.feed(&word, |_| ()), Err(CodecError::SentenceTooLong));
    // It stays broken.
    assert_eq!(decoder.feed(&[0], |_| ()), Err(CodecError::SentenceTooLong));
}

#[test]
fn sentence_of_too_many_words_is_refused() {
    let words = [1, b'x'].repeat(SENTENCE_WORDS_MAX + 1);
    assert_eq!(decode(&[&words]), Err(CodecError::SentenceTooLong));
}

#[test]
fn debug_shows_no_attribute() {
    let mut login = Sentence::new();
    login.push(&[b"/login"]);
    login.push(&[b"=password=0417"]);
    assert_eq!(format!("{login:?}"), "/login (+1 words)");
}
