//! `pagos-sandbox`: the whole system on one machine. See the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use pagos_sandbox::options::Options;
use pagos_sandbox::run::run;

// One thread: processes that are to die with their parent die with the thread that started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pagos-sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}
