//! The filter that reads tables: comma-separated values as RFC 4180 has them.

use std::collections::HashSet;
use std::sync::Arc;

use minijinja::value::{Kwargs, Value as Engine};
use minijinja::{Error, State};

use super::text;
use crate::template::bridge::{failed, to_engine};
use crate::template::meter::Meter;
use crate::value::{Map, Value};

/// Reads a table: a list of maps whose keys stand in the first row, or of lists where no header does.
pub(super) fn from_csv(state: &State<'_, '_>, input: &Engine, options: Kwargs) -> Result<Engine, Error> {
    let (header, delimiter): (Option<bool>, Option<String>) = (options.get("header")?, options.get("delimiter")?);
    options.assert_all_used()?;
    let delimiter = delimiter.as_deref().unwrap_or(",");
    let delimiter = match delimiter.chars().collect::<Vec<_>>()[..] {
        [one] if !"\"\r\n".contains(one) => one,
        _ => return Err(failed(format!("a delimiter is one character, such as `;`, not `{delimiter}`"))),
    };
    let text = text(state, input)?;
    let mut meter = Meter::of(state);
    let table = read(&text, delimiter, &mut meter).and_then(|rows| match header {
        Some(false) => Ok(Value::Array(rows.into_iter().map(|row| row.into_iter().collect()).collect())),
        _ => with_header(rows, &mut meter),
    });
    meter.charge(state)?;
    table.map(|table| to_engine(Arc::new(table)))
}

/// The rows as maps from the names in the first of them.
fn with_header(rows: Vec<Vec<String>>, meter: &mut Meter) -> Result<Value, Error> {
    let mut rows = rows.into_iter();
    let names = rows.next().unwrap_or_default();
    let mut seen = HashSet::new();
    for name in &names {
        if !seen.insert(name) {
            return Err(failed(format!("the column `{name}` stands twice in the header")));
        }
    }
    let map = |row: Vec<String>| {
        names.iter().try_for_each(|name| meter.pay_key(name))?;
        Ok(Value::Object(names.iter().cloned().zip(row.into_iter().map(Value::from)).collect::<Map<_, _>>()))
    };
    rows.map(map).collect()
}

/// All rows, each with as many fields as the first.
fn read(text: &str, delimiter: char, meter: &mut Meter) -> Result<Vec<Vec<String>>, Error> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    // Spreadsheets begin a file with a byte order mark.
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !rest.is_empty() {
        let number = rows.len() + 1;
        let wrong = |what: &str| failed(format!("not CSV: {what} in row {number}"));
        let mut row = Vec::new();
        loop {
            let (field, after) = field(rest, delimiter).map_err(wrong)?;
            meter.pay_one()?;
            meter.pay_text(&field)?;
            row.push(field);
            match after.strip_prefix(delimiter) {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')).unwrap_or(after);
                    break;
                }
            }
        }
        match rows.first().map(Vec::len) {
            Some(width) if width != row.len() => {
                return Err(failed(format!("row {number} has {}, the first row {width}", fields(row.len()))));
            }
            _ => rows.push(row),
        }
    }
    Ok(rows)
}

fn fields(count: usize) -> String {
    if count == 1 { "1 field".to_owned() } else { format!("{count} fields") }
}

/// The field at the beginning of `text`, and what follows: a delimiter, the end of the row, or nothing.
fn field(text: &str, delimiter: char) -> Result<(String, &str), &'static str> {
    let ends = |rest: &str| {
        rest.is_empty() || rest.starts_with(delimiter) || rest.starts_with('\n') || rest.starts_with("\r\n")
    };
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.char_indices().find(|(at, _)| ends(&text[*at..])).map_or(text.len(), |(at, _)| at);
        let (field, rest) = text.split_at(end);
        return if field.contains('"') {
            Err("a quote stands inside a field without quotes")
        } else {
            Ok((field.to_owned(), rest))
        };
    };
    let mut field = String::new();
    loop {
        let (inside, after) = rest.split_once('"').ok_or("a quote is never closed")?;
        field.push_str(inside);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None if ends(after) => return Ok((field, after)),
            None => return Err("text follows the closing quote of a field"),
        }
    }
}
