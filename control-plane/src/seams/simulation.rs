//! What stands in for the machine when a process of ours runs in a simulated world.
//!
//! A world lives on one thread, so it is installed per thread. Several processes share that thread: each task knows
//! whose it is, and a process that is killed is never polled again.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::task::{AbortHandle, JoinHandle};

/// What a world does in place of the machine.
pub trait World: Send + Sync {
    /// Time of day as the running process sees it, in milliseconds since the epoch.
    fn now_ms(&self) -> i64;
    /// Draws for the running process.
    fn fill(&self, bytes: &mut [u8]);
    /// The process that is running.
    fn running(&self) -> u64;
    /// From now on `process` is running; gives the one that was.
    fn switch(&self, process: u64) -> u64;
    /// Whether it was not killed.
    fn lives(&self, process: u64) -> bool;
    /// Takes note of a task of the running process, to be ended when it is killed.
    fn began(&self, task: AbortHandle);
}

thread_local! {
    static WORLD: RefCell<Option<Arc<dyn World>>> = const { RefCell::new(None) };
}

/// The world stands for the machine on this thread until this is dropped.
pub struct Installed(());

impl Drop for Installed {
    fn drop(&mut self) {
        WORLD.with(|world| world.borrow_mut().take());
    }
}

/// Puts `world` in place of the machine on this thread.
#[must_use]
pub fn install(world: Arc<dyn World>) -> Installed {
    WORLD.with(|place| *place.borrow_mut() = Some(world));
    Installed(())
}

pub(super) fn world() -> Option<Arc<dyn World>> {
    WORLD.with(|world| world.borrow().clone())
}

/// A future of one process of the world.
pub struct Owned<F> {
    world: Arc<dyn World>,
    process: u64,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Owned<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if !self.world.lives(self.process) {
            return Poll::Pending;
        }
        let before = self.world.switch(self.process);
        let polled = self.future.as_mut().poll(cx);
        self.world.switch(before);
        polled
    }
}

impl<F: Future> Owned<F> {
    fn new(world: Arc<dyn World>, process: u64, future: F) -> Self {
        Self { world, process, future: Box::pin(future) }
    }
}

/// Whose a piece of work is.
#[derive(Debug, Clone, Copy)]
pub struct Place(Option<u64>);

/// The process that runs now.
pub(super) fn place() -> Place {
    Place(world().map(|world| world.running()))
}

/// Begins a task of the running process.
pub(super) fn spawn<F>(world: &Arc<dyn World>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let task = tokio::spawn(Owned::new(Arc::clone(world), world.running(), future));
    world.began(task.abort_handle());
    task
}

/// Begins a task of the process of `place`.
pub(super) fn spawn_at<F>(place: Place, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match (world(), place.0) {
        (Some(world), Some(process)) => {
            let before = world.switch(process);
            let task = spawn(&world, future);
            world.switch(before);
            task
        }
        _ => tokio::spawn(future),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs `future` to its end without letting anything else run: no time passes meanwhile.
pub(super) fn at_once<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(tokio::task::unconstrained(future));
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
