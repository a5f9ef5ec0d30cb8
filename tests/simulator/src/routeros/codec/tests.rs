use super::*;
use serde_json::Value;

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/routeros/words.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap()
}

fn unhex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn length_of(row: &Value) -> u32 {
    u32::try_from(row["length"].as_u64().unwrap()).unwrap()
}

#[test]
fn lengths_agree_with_the_shared_vectors_in_both_directions() {
    let vectors = vectors();
    for row in rows(&vectors, "lengths") {
        let (length, prefix) = (length_of(row), unhex(&row["prefix"]));
        let mut out = Vec::new();
        encode_length(length, &mut out);
        assert_eq!(out, prefix, "length {length}");
        assert_eq!(decode_length(&prefix), Ok(Some((length, prefix.len()))));
        for cut in 0..prefix.len() {
            assert_eq!(decode_length(&prefix[..cut]), Ok(None), "length {length} cut at {cut}");
        }
    }
}

#[test]
fn longer_forms_than_needed_are_read() {
    for row in rows(&vectors()["not_minimal"], "lengths") {
        let prefix = unhex(&row["prefix"]);
        assert_eq!(decode_length(&prefix), Ok(Some((length_of(row), prefix.len()))));
    }
}

#[test]
fn reserved_first_bytes_end_the_stream() {
    for byte in rows(&vectors(), "invalid_first_bytes") {
        let byte = unhex(byte)[0];
        let mut decoder = Decoder::default();
        decoder.push(&[byte]);
        assert_eq!(decoder.next_sentence(), Err(CodecError::ReservedByte(byte)));
    }
}

#[test]
fn sentences_agree_with_the_shared_vectors_split_at_every_byte() {
    for row in rows(&vectors(), "sentences") {
        let words: Words = row["words"].as_array().unwrap().iter().map(unhex).collect();
        let bytes = unhex(&row["bytes"]);
        let mut encoded = Vec::new();
        words.iter().for_each(|word| encode_word(word, &mut encoded));
        end_sentence(&mut encoded);
        assert_eq!(encoded, bytes, "{}", row["name"]);
        let expected = if words.is_empty() { None } else { Some(words) };
        for cut in 0..=bytes.len() {
            let mut decoder = Decoder::default();
            decoder.push(&bytes[..cut]);
            let early = decoder.next_sentence().unwrap();
            decoder.push(&bytes[cut..]);
            let found = early.or_else(|| decoder.next_sentence().unwrap());
            assert_eq!(found, expected, "{} cut at {cut}", row["name"]);
        }
    }
}

#[test]
fn bytes_one_by_one_give_every_sentence_in_order() {
    let vectors = vectors();
    let mut stream = Vec::new();
    let mut expected = Vec::new();
    for row in rows(&vectors, "sentences") {
        stream.extend(unhex(&row["bytes"]));
        let words: Words = row["words"].as_array().unwrap().iter().map(unhex).collect();
        if !words.is_empty() {
            expected.push(words);
        }
    }
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    for byte in stream {
        decoder.push(&[byte]);
        while let Some(sentence) = decoder.next_sentence().unwrap() {
            found.push(sentence);
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn an_oversized_word_is_refused_before_it_arrives() {
    let mut decoder = Decoder::default();
    decoder.push(&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(decoder.next_sentence(), Err(CodecError::TooLarge(u64::from(u32::MAX))));
}

#[test]
fn an_attribute_is_the_same_as_its_word() {
    for value in [&b""[..], b"x", &[b'y'; 300]] {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        encode_attribute("name", value, &mut short);
        encode_word(&[b"=name=", value].concat(), &mut long);
        assert_eq!(short, long);
    }
}
