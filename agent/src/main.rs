//! The agent's program; see [`pagos_agent::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    pagos_agent::cli::main()
}
