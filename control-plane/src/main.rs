//! `pagos-control-plane`; all of it is in the library.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use pagos_control_plane::causes::chain;
use pagos_control_plane::cli::{Cli, run};

/// Hands back what a password hash or a burst of purchases needed; the system's allocator keeps it for each thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nothing can be done when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "pagos-control-plane: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
