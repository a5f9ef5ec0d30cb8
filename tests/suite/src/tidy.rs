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

use std::path::Path;

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

/// All text files below `root` that people write; build output and packages are left out.
///
/// # Errors
/// When a folder cannot be read.
pub fn sources(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type()?;
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) && !name.starts_with("target") {
                folders.push(path);
            } else if kind.is_file() {
                found.extend(read(root, &path));
            }
        }
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
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
    use super::code_only;

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(code_only("use a::b; // crate::c\n/// [`crate::d`]\n"), "use a::b; \n\n");
        assert_eq!(code_only("let x = \"crate::e \\\" // y\"; f();"), "let x = ; f();\n");
    }
}
