//! A bare RouterOS API client.

use pagos_simulator::routeros::codec::{Decoder, encode_word, end_sentence};
use pagos_simulator::simulator::RouterAddress;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) type Sentence = Vec<String>;

#[derive(Debug)]
pub(crate) struct ApiClient {
    pub(crate) stream: TcpStream,
    decoder: Decoder,
}

impl ApiClient {
    pub(crate) async fn connect(router: &RouterAddress) -> Self {
        let stream = TcpStream::connect(crate::address(router)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, decoder: Decoder::default() }
    }

    /// Connects and logs in with name and password.
    pub(crate) async fn logged_in(router: &RouterAddress) -> Self {
        let mut client = Self::connect(router).await;
        let (name, password) =
            (format!("=name={}", router.username), format!("=password={}", router.password));
        assert_eq!(client.run(&["/login", &name, &password]).await, [["!done"]]);
        client
    }

    pub(crate) async fn send(&mut self, words: &[&str]) {
        let mut bytes = Vec::new();
        words.iter().for_each(|word| encode_word(word.as_bytes(), &mut bytes));
        end_sentence(&mut bytes);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next sentence, or `None` when the connection is closed or reset.
    pub(crate) async fn receive(&mut self) -> Option<Sentence> {
        loop {
            if let Some(words) = self.decoder.next_sentence().unwrap() {
                return Some(words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect());
            }
            let mut bytes = [0; 4096];
            let wait = tokio::time::timeout(Duration::from_secs(10), self.stream.read(&mut bytes));
            match wait.await.expect("an answer within ten seconds") {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.decoder.push(&bytes[..count]),
            }
        }
    }

    /// Sends a command and collects its answer up to `!done` or `!fatal`, or until the connection is cut.
    pub(crate) async fn run(&mut self, words: &[&str]) -> Vec<Sentence> {
        self.send(words).await;
        let mut found = Vec::new();
        while let Some(sentence) = self.receive().await {
            let last = matches!(sentence[0].as_str(), "!done" | "!fatal");
            found.push(sentence);
            if last {
                break;
            }
        }
        found
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn silent(&mut self) -> bool {
        let mut byte = [0];
        tokio::time::timeout(Duration::from_millis(80), self.stream.peek(&mut byte)).await.is_err()
    }
}
