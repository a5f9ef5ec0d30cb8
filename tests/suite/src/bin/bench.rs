//! Measures the real processes and prints a table. Run it with `make bench`.

use std::io::Write as _;
use std::process::ExitCode;

use pagos_suite::bench::options::{Options, USAGE};
use pagos_suite::bench::run;

// One thread: processes that are to die with their parent die with the thread that started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        let _ = writeln!(std::io::stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match measure(words).await {
        Ok(text) => {
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(words: Vec<String>) -> anyhow::Result<String> {
    let options = Options::parse(words)?;
    let report = Box::pin(run(&options)).await?;
    Ok(if options.json { serde_json::to_string_pretty(&report)? } else { report.table() })
}
