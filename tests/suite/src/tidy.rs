//! House rules over the source text: what the compiler and the linter do not see.
//!
//! | module | rule |
//! |---|---|
//! | [`imports`] | who may use whom |
//! | [`files`] | sizes and names of files |
//! | [`texts`] | every stable code has a sentence in both languages |
//! | [`words`] | nothing points out of the repository; no test is switched off |

pub mod files;
pub mod imports;
pub mod texts;
pub mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// Folders that hold nothing written here.
const SKIPPED: [&str; 6] = [".git", ".venv", "node_modules", "pagos-data", "sandbox-data", "__pycache__"];

/// A file of the repository.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path from the top of the repository, with slashes.
    pub path: String,
    /// Contents.
    pub text: String,
}

impl Source {
    /// A file that exists only in a test.
    #[must_use]
    pub fn made(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the file is Rust.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All text files that people wrote: those that git knows, or, in a copy without git, all but build output and packages.
///
/// # Errors
/// When a folder cannot be read.
pub fn sources(root: &Path) -> anyhow::Result<Vec<Source>> {
    let files = match known_to_git(root) {
        Some(files) => files,
        None => walk(root)?,
    };
    let mut found: Vec<Source> = files.iter().filter_map(|path| read(root, path)).collect();
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

fn known_to_git(root: &Path) -> Option<Vec<PathBuf>> {
    let listed = Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).output().ok()?;
    let names = String::from_utf8(listed.stdout).ok()?;
    let files: Vec<PathBuf> = names.split_terminator('\0').map(|name| root.join(name)).collect();
    (listed.status.success() && !files.is_empty()).then_some(files)
}

fn walk(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type()?;
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) && !name.starts_with("target") {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// A file that is no text is none of ours.
fn read(root: &Path, path: &Path) -> Option<Source> {
    let text = std::fs::read_to_string(path).ok()?;
    let below = path.strip_prefix(root).ok()?;
    Some(Source { path: below.to_string_lossy().replace('\\', "/"), text })
}

/// Code without line comments and without the contents of plain strings; lines stay where they are.
#[must_use]
pub fn code_only(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", code_of_line(line))).collect()
}

fn code_of_line(line: &str) -> String {
    let (mut code, mut in_string, mut escaped) = (String::new(), false, false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (in_string, letter) {
            (true, _) if escaped => escaped = false,
            (true, '\\') => escaped = true,
            (true, '"') => in_string = false,
            (true, _) => {}
            (false, '"') => in_string = true,
            (false, '/') if letters.peek() == Some(&'/') => break,
            (false, _) => code.push(letter),
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_output_is_not_ours() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["target/debug", ".venv", "agent/src"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
            std::fs::write(root.path().join(folder).join("x.rs"), "").unwrap();
        }
        let found = sources(root.path()).unwrap();
        assert_eq!(found.iter().map(|source| source.path.as_str()).collect::<Vec<_>>(), ["agent/src/x.rs"]);
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(code_only("use a::b; // crate::c\n/// [`crate::d`]\n"), "use a::b; \n\n");
        assert_eq!(code_only("let x = \"crate::e \\\" // y\"; f();"), "let x = ; f();\n");
    }
}
