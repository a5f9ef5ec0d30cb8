//! Takes the files of the page at `/docs` out of the archive in which they come, and leaves them compressed.
//!
//! The archive compresses each file by deflate, which is also what gzip holds: only the wrapping is exchanged, so that the
//! program can send the files as they are. Nothing is downloaded.

use std::env;
use std::fs;
use std::path::Path;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED as ARCHIVE;

/// The files, as they end in the archive.
const FILES: [&str; 2] = ["dist/swagger-ui-bundle.js", "dist/swagger-ui.css"];
/// Begins the entry of a file in the list at the end of the archive.
const ENTRY: u32 = 0x0201_4b50;
/// Length of an entry without its name and what follows.
const ENTRY_BYTES: usize = 46;
/// Length of what stands before a file, without its name and what follows.
const LOCAL_BYTES: usize = 30;
/// Begins the end of the archive; a remark may follow it.
const END: &[u8] = b"PK\x05\x06";
const DEFLATED: u16 = 8;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = env::var("OUT_DIR").expect("cargo names the folder for output");
    for file in FILES {
        let name = Path::new(file).file_name().expect("a file has a name");
        let path = Path::new(&folder).join(name).with_extension(extension(file));
        fs::write(path, gzip(file)).expect("the folder for output can be written");
    }
}

fn extension(file: &str) -> String {
    format!("{}.gz", file.rsplit('.').next().unwrap_or_default())
}

/// A file of the archive, wrapped as gzip.
fn gzip(file: &str) -> Vec<u8> {
    let entry = find(file).unwrap_or_else(|| panic!("{file} is not in the archive"));
    assert_eq!(number16(entry + 10), DEFLATED, "{file} is compressed in another way");
    let (length, local) = (number(entry + 20), number(entry + 42));
    let begin = local + LOCAL_BYTES + half(local + 26) + half(local + 28);
    let mut wrapped = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    wrapped.extend_from_slice(&ARCHIVE[begin..begin + length]);
    // Checksum and length of what is compressed.
    wrapped.extend_from_slice(&ARCHIVE[entry + 16..entry + 20]);
    wrapped.extend_from_slice(&ARCHIVE[entry + 24..entry + 28]);
    wrapped
}

/// Where the list at the end tells of a file.
fn find(file: &str) -> Option<usize> {
    let end = ARCHIVE.windows(END.len()).rposition(|bytes| bytes == END)?;
    let mut entry = number(end + 16);
    while entry < end && number(entry) == ENTRY as usize {
        let name = half(entry + 28);
        if ARCHIVE[entry + ENTRY_BYTES..][..name].ends_with(file.as_bytes()) {
            return Some(entry);
        }
        entry += ENTRY_BYTES + name + half(entry + 30) + half(entry + 32);
    }
    None
}

fn number16(at: usize) -> u16 {
    u16::from_le_bytes([ARCHIVE[at], ARCHIVE[at + 1]])
}

fn half(at: usize) -> usize {
    usize::from(number16(at))
}

fn number(at: usize) -> usize {
    half(at) | half(at + 2) << 16
}
