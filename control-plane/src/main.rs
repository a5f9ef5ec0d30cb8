//! `pagos-control-plane`; all of it is in the library.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use pagos_control_plane::cli::{Cli, run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nothing can be done when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "pagos-control-plane: {error:#}");
            ExitCode::FAILURE
        }
    }
}
