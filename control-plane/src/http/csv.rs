//! Comma-separated values as spreadsheets open them: UTF-8 with a mark, CRLF, quotes where needed (RFC 4180).
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in front: what a buyer typed as a name must not run
//! on the computer of whoever opens the file.

/// Tells spreadsheets that the file is UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";
/// What makes a spreadsheet calculate.
const FORMULA_STARTS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];
/// What makes quotes necessary.
const SPECIAL: [char; 4] = [',', '"', '\r', '\n'];

/// Adds one line of cells to `file`.
pub fn line<'a>(file: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            file.push(',');
        }
        add(file, cell);
    }
    file.push_str("\r\n");
}

fn add(file: &mut String, cell: &str) {
    let guard = if cell.starts_with(FORMULA_STARTS) { "'" } else { "" };
    if cell.contains(SPECIAL) {
        file.extend(["\"", guard, &cell.replace('"', "\"\""), "\""]);
    } else {
        file.extend([guard, cell]);
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    fn of(cells: &[&str]) -> String {
        let mut file = String::new();
        line(&mut file, cells.iter().copied());
        file
    }

    #[test]
    fn only_what_needs_quotes_gets_them() {
        assert_eq!(of(&["a", "b c", "", "ñ"]), "a,b c,,ñ\r\n");
        assert_eq!(of(&["a,b", "say \"x\"", "1\n2"]), "\"a,b\",\"say \"\"x\"\"\",\"1\n2\"\r\n");
    }

    #[test]
    fn nothing_in_it_is_a_formula() {
        for start in ["=1+1", "+52 55", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(of(&[start]), format!("'{start}\r\n"));
        }
        assert_eq!(of(&["\r=1", "=A1,B1"]), "\"'\r=1\",\"'=A1,B1\"\r\n");
        assert_eq!(of(&["1-1", "a=b"]), "1-1,a=b\r\n");
    }
}
