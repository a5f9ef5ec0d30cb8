//! Where the built programs are.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Names another Python that has the packages.
const PYTHON_VARIABLE: &str = "PAGOS_TEST_PYTHON";

/// The program of this name, built by the same profile as the running test.
///
/// # Errors
/// When it has not been built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding the running program")?;
    let mut dir = own.parent().context("a program lies in a directory")?;
    if dir.ends_with("deps") {
        dir = dir.parent().context("deps lies in a directory")?;
    }
    let path = dir.join(name);
    if !path.is_file() {
        bail!("{name} is not in {}; build it first: make build-tests", dir.display());
    }
    Ok(path)
}

/// The Python that has the packages of `tests/outside`.
///
/// # Errors
/// When there is none.
pub fn python() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os(PYTHON_VARIABLE).map(PathBuf::from);
    let python = named.unwrap_or_else(|| repository().join(".venv/bin/python"));
    if !python.is_file() {
        bail!("{} is missing; scripts/setup makes it", python.display());
    }
    Ok(python)
}

/// The top directory of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
