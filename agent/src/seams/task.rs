//! Tasks, and the points between two steps of them.

use std::future::Future;

use tokio::task::{JoinHandle, JoinSet};

#[cfg(feature = "simulation")]
use super::simulation;

/// Begins a task.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[cfg(feature = "simulation")]
    if let Some(world) = simulation::world() {
        return simulation::spawn(&world, future);
    }
    tokio::spawn(future)
}

/// Begins a task that ends with its set.
pub fn spawn_in<F>(set: &mut JoinSet<F::Output>, future: F)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[cfg(feature = "simulation")]
    if let Some(world) = simulation::world() {
        let process = world.running();
        set.spawn(simulation::Owned::new(world, process, future));
        return;
    }
    set.spawn(future);
}

/// Where a process may be killed in a simulated world; elsewhere nothing.
pub async fn crash_point(what: &str, name: &str, when: &str) {
    #[cfg(feature = "simulation")]
    if let Some(world) = simulation::world() {
        if world.pass(&format!("{what}.{name}.{when}")) {
            std::future::pending::<()>().await;
        }
    }
    #[cfg(not(feature = "simulation"))]
    let _ = (what, name, when);
}
