//! The access matrix on the console: columns of equal width, numbered where the names of the actions do not fit.

use crate::report::matrix::{Cell, Matrix};

use super::one_line;

/// How wide a table may be, whatever the terminal: the log of a pipeline knows no width.
const WIDTH: usize = 80;

/// What stands before each line.
const INDENT: &str = "    ";

/// What stands between two columns.
const GAP: &str = "  ";

/// A text of the table, and the cell it stands for.
type Field = (String, Option<Cell>);

/// The lines below the title, painted by `paint` where a cell is not plain.
pub(super) fn lines(matrix: &Matrix, width: usize, paint: &dyn Fn(Cell, &str) -> String) -> Vec<String> {
    let width = width.min(WIDTH) - INDENT.len();
    let mut lines = Vec::new();
    if let Some((words, common)) = matrix.common() {
        lines.extend([format!("{words} {}", one_line(common)), String::new()]);
    }
    let labels = (0..matrix.heads.len()).map(|at| {
        let rows = matrix.rows.iter().map(|row| (one_line(&row.labels[at]), None));
        column(matrix.heads[at].to_owned(), rows.collect())
    });
    let labels: Vec<Vec<Field>> = labels.collect();
    let cells = |head: String, at: usize| {
        let rows = matrix.rows.iter().map(|row| (row.cells[at].word().to_owned(), Some(row.cells[at])));
        column(head, rows.collect())
    };
    let titles: Vec<String> = matrix.columns.iter().map(|column| one_line(&column.title())).collect();
    let named: Vec<_> = titles.iter().enumerate().map(|(at, title)| cells(title.clone(), at)).collect();
    let numbered = total(labels.iter().chain(&named)) > width;
    let columns = match numbered {
        true => (0..titles.len()).map(|at| cells((at + 1).to_string(), at)).collect(),
        false => named,
    };
    for (at, part) in parts(&labels, columns, width).iter().enumerate() {
        lines.extend((at > 0).then(String::new));
        lines.extend(table(part, paint));
    }
    let mut below: Vec<String> = Vec::new();
    if numbered {
        let digits = titles.len().to_string().len();
        below.extend(titles.iter().enumerate().map(|(at, title)| format!("{:>digits$}{GAP}{title}", at + 1)));
    }
    let legend = matrix.legend();
    let longest = legend.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    below.extend(legend.iter().map(|(word, meaning)| format!("{word:<longest$}{GAP}{meaning}")));
    below.extend(matrix.left_out());
    lines.extend((!below.is_empty()).then(String::new));
    lines.extend(below);
    let indented = |line: String| if line.is_empty() { line } else { format!("{INDENT}{line}") };
    lines.into_iter().map(indented).collect()
}

fn column(head: String, rows: Vec<Field>) -> Vec<Field> {
    [(head, None)].into_iter().chain(rows).collect()
}

/// The columns in parts that each fit the width, the labels before each of them.
fn parts(labels: &[Vec<Field>], columns: Vec<Vec<Field>>, width: usize) -> Vec<Vec<Vec<Field>>> {
    let mut parts = Vec::new();
    let mut part = labels.to_vec();
    for column in columns {
        if part.len() > labels.len() && total(part.iter().chain([&column])) > width {
            parts.push(std::mem::replace(&mut part, labels.to_vec()));
        }
        part.push(column);
    }
    parts.push(part);
    parts
}

/// How wide columns are side by side.
fn total<'c>(columns: impl Iterator<Item = &'c Vec<Field>>) -> usize {
    columns.map(|column| wide(column) + GAP.len()).sum::<usize>().saturating_sub(GAP.len())
}

fn wide(column: &[Field]) -> usize {
    column.iter().map(|(text, _)| text.chars().count()).max().unwrap_or_default()
}

/// The lines of a table: the heads, then the rows.
fn table(columns: &[Vec<Field>], paint: &dyn Fn(Cell, &str) -> String) -> Vec<String> {
    let widths: Vec<usize> = columns.iter().map(|column| wide(column)).collect();
    let height = columns.first().map_or(0, Vec::len);
    let line = |row: usize| {
        let mut line = String::new();
        let mut owed = 0;
        for (column, width) in columns.iter().zip(&widths) {
            let (text, cell) = &column[row];
            // Nothing is painted or put behind the last text of a line.
            line.push_str(&" ".repeat(owed));
            line.push_str(&cell.map_or_else(|| text.clone(), |cell| paint(cell, text)));
            owed = width + GAP.len() - text.chars().count();
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::{Column, Row, Shared};

    fn matrix(actions: &[&str], scopes: &[&str]) -> Matrix {
        let columns = actions.iter().map(|action| Column { action: (*action).to_owned(), data: false });
        let row = |scope: &&str| Row { labels: vec![(*scope).to_owned()], cells: vec![Cell::Granted; actions.len()] };
        Matrix {
            title: "x".to_owned(),
            shared: Shared::Nothing,
            heads: vec!["scope"],
            columns: columns.collect(),
            rows: scopes.iter().map(row).collect(),
            skipped: 0,
        }
    }

    #[track_caller]
    fn check(matrix: &Matrix, width: usize, expected: &[&str]) {
        let lines = lines(matrix, width, &|_, text| text.to_owned());
        assert_eq!(lines, expected);
        assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:?}");
    }

    #[test]
    fn names_that_fit_stand_above_their_columns() {
        check(
            &matrix(&["a/read", "b"], &["web", "ö"]),
            80,
            &["    scope  a/read   b", "    web    granted  granted", "    ö      granted  granted"],
        );
    }

    #[test]
    fn names_that_do_not_fit_are_numbered_and_listed() {
        check(
            &matrix(&["a/long/action", "b/long/action"], &["web"]),
            36,
            &[
                "    scope  1        2",
                "    web    granted  granted",
                "",
                "    1  a/long/action",
                "    2  b/long/action",
            ],
        );
    }

    #[test]
    fn columns_that_do_not_fit_follow_below() {
        check(
            &matrix(&["aaaaaaaaaaaa", "b", "c"], &["web"]),
            30,
            &[
                "    scope  1        2",
                "    web    granted  granted",
                "",
                "    scope  3",
                "    web    granted",
                "",
                "    1  aaaaaaaaaaaa",
                "    2  b",
                "    3  c",
            ],
        );
    }

    #[test]
    fn what_could_command_a_terminal_is_shown_instead() {
        check(&matrix(&["\u{1b}[2J"], &["a\nb"]), 80, &["    scope  \\u{1b}[2J", "    a b    granted"]);
    }
}
