//! One HTTP request on one connection; all of HTTP that the agent needs besides the link.

use std::io;

use pagos_protocol::ENROLL_PATH;
use pagos_protocol::enrolment::EnrollRequest;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::link::Address;

/// HTTP status of success.
pub(super) const OK: u16 = 200;
/// HTTP status of a refusal.
pub(super) const FORBIDDEN: u16 = 403;
/// Largest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// An HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Sends the request and reads the answer to its end. Has no time-out of its own.
pub(super) async fn post(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: &Address,
    request: &EnrollRequest,
) -> io::Result<Answer> {
    let body = serde_json::to_vec(request)?;
    let head = format!(
        "POST {ENROLL_PATH} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    stream.flush().await?;
    let mut bytes = Vec::new();
    let read = (&mut stream).take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await;
    match (parse(&bytes), read) {
        (Some(answer), _) => Ok(answer),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP, or was cut"))
        }
    }
}

/// The answer, if all of it is there.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(HEAD_END.len()).position(|window| window == HEAD_END)?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = &bytes[end + HEAD_END.len()..];
    let body = match length {
        Some(length) => body.get(..length)?,
        None => body,
    };
    Some(Answer { status, body: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::{Answer, parse};

    #[test]
    fn a_whole_answer_is_read() {
        let answer = parse(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}more");
        assert_eq!(answer, Some(Answer { status: 403, body: b"{}".to_vec() }));
    }

    #[test]
    fn a_cut_answer_or_another_protocol_is_none() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}"[..],
            b"HTTP/1.1 200 OK\r\ncontent-le",
            b"SSH-2.0-x\r\n\r\n",
            b"",
        ] {
            assert_eq!(parse(bytes), None);
        }
    }
}
