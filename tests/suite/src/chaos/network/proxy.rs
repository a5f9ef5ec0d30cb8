//! A proxy in front of the control plane's agent listener that can break.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One link.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens, on loopback.
    pub port: u16,
    broken: watch::Sender<bool>,
}

impl Proxy {
    /// Forwards connections to `target` until it is dropped.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(target: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (broken, state) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if state.has_changed().is_err() {
                    return;
                }
                tokio::spawn(forward(stream, target.clone(), state.clone()));
            }
        });
        Ok(Self { port, broken })
    }

    /// Breaks every connection and refuses new ones, or lets them through again.
    pub fn cut(&self, cut: bool) {
        self.broken.send_replace(cut);
    }
}

async fn forward(mut stream: TcpStream, target: String, mut broken: watch::Receiver<bool>) {
    if *broken.borrow() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut far) => {}
        _ = broken.wait_for(|broken| *broken) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Proxy;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn a_cut_breaks_connections_and_new_ones_get_nothing() {
        let server = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let target = server.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                let _ = stream.write_all(b"hello").await;
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
            }
        });
        let proxy = Proxy::start(target).await.unwrap();
        let mut word = [0; 5];
        let mut open = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        open.read_exact(&mut word).await.unwrap();
        proxy.cut(true);
        assert!(open.read_exact(&mut word).await.is_err(), "the open one broke");
        let mut refused = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        assert!(refused.read_exact(&mut word).await.is_err(), "a new one gets nothing");
        proxy.cut(false);
        let mut again = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        again.read_exact(&mut word).await.unwrap();
    }
}
