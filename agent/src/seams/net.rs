//! Outgoing connections.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

/// Most addresses of one host name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Bytes in and out.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug> Io for S {}

/// An open connection.
pub type Stream = Box<dyn Io>;

/// Opens a TCP connection, without delay of small writes and with keepalive. Has no time-out of its own.
///
/// # Errors
/// The last error when no address of the host answers; `NotFound` when the name has no address.
pub async fn dial(host: &str, port: u16) -> io::Result<Stream> {
    #[cfg(feature = "simulation")]
    if let Some(world) = super::simulation::world() {
        return world.dial(host, port).await;
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in addresses(host, port).await? {
        match dial_address(address).await {
            Ok(stream) => return Ok(Box::new(stream)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = literal.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    Ok(lookup_host((host, port)).await?.take(ADDRESSES_MAX).collect())
}

async fn dial_address(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_keepalive(true)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}
