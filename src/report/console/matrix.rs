//! The access matrix on the console: columns of equal width, numbered where the names of the actions do not fit.

use std::collections::BTreeSet;

use crate::report::matrix::{Cell, Matrix, Row};

use super::one_line;

/// How wide a table may be, whatever the terminal: the log of a pipeline knows no width.
const WIDTH: usize = 80;

/// What stands before each line.
const INDENT: &str = "    ";

/// What stands between two columns.
const GAP: &str = "  ";

/// A text of the table, and the cell it stands for.
type Field = (String, Option<Cell>);

/// How many rows are shown.
const MOST_ROWS: usize = 40;

/// The lines below the title, painted by `paint` where a cell is not plain.
pub(super) fn lines(matrix: &Matrix, width: usize, paint: &dyn Fn(Cell, &str) -> String) -> Vec<String> {
    let all = matrix.rows.len();
    if all > MOST_ROWS {
        let mut lines = lines(&fewer(matrix), width, paint);
        let left = all - MOST_ROWS;
        lines.push(format!(
            "{INDENT}and {left} more rows: `--report html=FILE` and `--report markdown=FILE` have them all"
        ));
        return lines;
    }
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
    let labels = if total(labels.iter().chain(&named)) > width { shortened(labels) } else { labels };
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

/// The matrix with as many rows as are shown: those that are not as they were claimed before others.
fn fewer(matrix: &Matrix) -> Matrix {
    let is_well = |row: &Row| row.cells.iter().all(|cell| *cell <= Cell::Refused);
    let mut order: Vec<usize> = (0..matrix.rows.len()).collect();
    order.sort_by_key(|at| is_well(&matrix.rows[*at]));
    order.truncate(MOST_ROWS);
    order.sort_unstable();
    Matrix { rows: order.iter().map(|at| matrix.rows[*at].clone()).collect(), ..matrix.clone() }
}

/// The labels with ids cut short, where all rows stay apart.
fn shortened(labels: Vec<Vec<Field>>) -> Vec<Vec<Field>> {
    let short = |column: &Vec<Field>| column.iter().map(|(text, cell)| (without_ids(text), *cell)).collect();
    let cut: Vec<Vec<Field>> = labels.iter().map(short).collect();
    let different = |labels: &[Vec<Field>]| {
        let row = |at: usize| labels.iter().map(|column| column[at].0.clone()).collect::<Vec<_>>();
        (0..labels.first().map_or(0, Vec::len)).map(row).collect::<BTreeSet<_>>().len()
    };
    if different(&cut) == different(&labels) { cut } else { labels }
}

/// A scope with the first part only of each id of a subscription in it.
fn without_ids(text: &str) -> String {
    let cut = |part: &str| {
        let is_id = part.len() == 36 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if is_id { format!("{}…", &part[..8]) } else { part.to_owned() }
    };
    text.split('/').map(cut).collect::<Vec<_>>().join("/")
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
    fn of_many_rows_those_are_shown_that_are_not_as_claimed() {
        let names: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut many = matrix(&["b"], &names);
        many.rows[99].cells[0] = Cell::UnexpectedlyGranted;
        let lines = lines(&many, 80, &|_, text| text.to_owned());
        assert!(lines[40].contains("n99    GRANTED!"), "{lines:?}");
        assert!(lines.last().is_some_and(|last| last.contains("and 60 more rows")), "{lines:?}");
    }

    #[test]
    fn ids_are_cut_short_where_rows_stay_apart() {
        let ids = ["98f51385-2edc-4b79-bed9-7718de4cb861/a", "08f51385-2edc-4b79-bed9-7718de4cb862/a"];
        let cut = ["    scope        b", "    98f51385…/a  granted", "    08f51385…/a  granted"];
        check(&matrix(&["b"], &ids), 40, &cut);
        let twins = ["98f51385-2edc-4b79-bed9-7718de4cb861", "98f51385-2edc-4b79-bed9-7718de4cb862"];
        let whole = lines(&matrix(&["b"], &twins), 40, &|_, text| text.to_owned());
        assert!(whole[1].contains(twins[0]) && whole[2].contains(twins[1]), "{whole:?}");
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
