//! A network in memory: connections with latency that can be cut, held up, or end with their process.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::stage::Stage;

/// Takes a new connection on behalf of who listens; gets the dialling process.
type Accept = Arc<dyn Fn(End, u64) + Send + Sync>;

/// Connections with the same two ends at the level of places: who dials, and where to.
type Route = (String, String);

#[derive(Default)]
struct Table {
    listening: BTreeMap<String, Accept>,
    /// Name of each process's place.
    places: BTreeMap<u64, String>,
    /// Routes on which nothing gets through now.
    held: BTreeMap<Route, ()>,
    open: Vec<(Route, Arc<Mutex<Wire>>)>,
}

/// The network. Cheap to clone.
#[derive(Clone)]
pub struct Net {
    stage: Stage,
    table: Arc<Mutex<Table>>,
}

/// One connection.
#[derive(Debug)]
struct Wire {
    held: bool,
    reset: bool,
    latency: Duration,
    /// What is on its way to either end.
    ways: [Way; 2],
}

#[derive(Debug, Default)]
struct Way {
    bytes: VecDeque<(Instant, Vec<u8>)>,
    /// The sender has gone; the receiver is told when all has arrived.
    ended: Option<Instant>,
    /// The receiver has gone.
    gone: bool,
    reader: Option<Waker>,
}

/// One end of a connection.
#[derive(Debug)]
pub struct End {
    wire: Arc<Mutex<Wire>>,
    side: usize,
    timer: Pin<Box<Sleep>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Net {
    /// A network without anybody.
    #[must_use]
    pub fn new(stage: Stage) -> Self {
        Self { stage, table: Arc::default() }
    }

    /// Whoever dials `address` from now on is handed to `accept`.
    pub fn listen(&self, address: &str, accept: impl Fn(End, u64) + Send + Sync + 'static) {
        lock(&self.table).listening.insert(address.to_owned(), Arc::new(accept));
    }

    /// Nobody listens at `address` any more; connections that stand are not touched.
    pub fn deafen(&self, address: &str) {
        lock(&self.table).listening.remove(address);
    }

    /// Tells where a process stands, for cuts.
    pub fn place(&self, process: u64, place: &str) {
        lock(&self.table).places.insert(process, place.to_owned());
    }

    /// Opens a connection to whoever listens at `address`.
    ///
    /// # Errors
    /// When nobody does.
    pub async fn dial(&self, from: u64, address: &str) -> io::Result<End> {
        let latency = Duration::from_millis(self.stage.draw(|chance| {
            if address.starts_with("cloud") { chance.between(1, 60) } else { chance.between(1, 4) }
        }));
        tokio::time::sleep(latency).await;
        let place = lock(&self.table).places.get(&from).cloned().unwrap_or_default();
        let route = (place, address.to_owned());
        while lock(&self.table).held.contains_key(&route) {
            // Packets vanish; who dials gives up by itself.
            tokio::time::sleep(Duration::from_millis(1_000)).await;
        }
        let accept = lock(&self.table).listening.get(address).cloned();
        let accept = accept.ok_or(io::ErrorKind::ConnectionRefused)?;
        let wire = Arc::new(Mutex::new(Wire {
            held: false,
            reset: false,
            latency,
            ways: [Way::default(), Way::default()],
        }));
        let mut table = lock(&self.table);
        table.open.retain(|(_, wire)| Arc::strong_count(wire) > 1);
        table.open.push((route, Arc::clone(&wire)));
        drop(table);
        let end =
            |side| End { wire: Arc::clone(&wire), side, timer: Box::pin(tokio::time::sleep(Duration::ZERO)) };
        accept(end(1), from);
        Ok(end(0))
    }

    /// Resets all connections between a place and an address; gives their number.
    pub fn cut(&self, place: &str, address: &str) -> usize {
        let wires = self.wires(place, address);
        for wire in &wires {
            let mut wire = lock(wire);
            wire.reset = true;
            wire.wake();
        }
        wires.len()
    }

    /// Lets nothing through between a place and an address, or lets it through again.
    pub fn hold(&self, place: &str, address: &str, held: bool) {
        let route = (place.to_owned(), address.to_owned());
        let mut table = lock(&self.table);
        if held {
            table.held.insert(route, ());
        } else {
            table.held.remove(&route);
        }
        drop(table);
        for wire in self.wires(place, address) {
            let mut wire = lock(&wire);
            wire.held = held;
            wire.wake();
        }
    }

    /// Lets everything through again.
    pub fn heal(&self) {
        let held: Vec<Route> = lock(&self.table).held.keys().cloned().collect();
        for (place, address) in held {
            self.hold(&place, &address, false);
        }
    }

    fn wires(&self, place: &str, address: &str) -> Vec<Arc<Mutex<Wire>>> {
        let table = lock(&self.table);
        let fits = |route: &Route| (place.is_empty() || route.0 == place) && route.1 == address;
        table.open.iter().filter(|(route, _)| fits(route)).map(|(_, wire)| Arc::clone(wire)).collect()
    }
}

impl Wire {
    fn wake(&mut self) {
        for way in &mut self.ways {
            if let Some(reader) = way.reader.take() {
                reader.wake();
            }
        }
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (wire, side) = (Arc::clone(&self.wire), self.side);
        let mut wire = lock(&wire);
        if wire.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let held = wire.held;
        let way = &mut wire.ways[side];
        way.reader = Some(cx.waker().clone());
        if held {
            return Poll::Pending;
        }
        let now = Instant::now();
        let due = match way.bytes.front_mut() {
            Some((at, bytes)) if *at <= now => {
                let count = bytes.len().min(into.remaining());
                into.put_slice(&bytes[..count]);
                if count == bytes.len() {
                    way.bytes.pop_front();
                } else {
                    bytes.drain(..count);
                }
                return Poll::Ready(Ok(()));
            }
            Some((at, _)) => Some(*at),
            None => match way.ended {
                Some(at) if at <= now => return Poll::Ready(Ok(())),
                ended => ended,
            },
        };
        drop(wire);
        if let Some(at) = due {
            self.timer.as_mut().reset(at);
            if self.timer.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut wire = lock(&self.wire);
        let at = Instant::now() + wire.latency;
        let way = &mut wire.ways[1 - self.side];
        if way.gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        way.bytes.push_back((at, bytes.to_vec()));
        let reader = way.reader.take();
        if wire.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end();
        Poll::Ready(Ok(()))
    }
}

impl End {
    fn end(&self) {
        let mut wire = lock(&self.wire);
        let at = Instant::now() + wire.latency;
        let way = &mut wire.ways[1 - self.side];
        way.ended.get_or_insert(at);
        if let Some(reader) = way.reader.take() {
            reader.wake();
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.end();
        lock(&self.wire).ways[self.side].gone = true;
    }
}

impl pagos_simulator::listen::Wire for End {
    fn reset(&self) {
        let mut wire = lock(&self.wire);
        wire.reset = true;
        wire.wake();
    }
}
