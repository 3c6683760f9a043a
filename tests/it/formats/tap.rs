//! A strict reader of TAP 14, as its specification says producers write it.

use serde_json::Value;

/// A test point and what stands with it.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) ok: bool,
    pub(crate) description: String,
    /// The reason that follows `SKIP`.
    pub(crate) skipped: Option<String>,
    pub(crate) diagnostic: Option<Value>,
    pub(crate) subtest: Vec<Point>,
}

/// A whole document: its points and the reason for bailing out, where it does.
pub(crate) fn read(text: &str) -> Result<(Vec<Point>, Option<String>), String> {
    let rest = text.strip_prefix("TAP version 14\n").ok_or("it does not begin with the version")?;
    let lines: Vec<&str> = rest.strip_suffix('\n').ok_or("its last line has no end")?.split('\n').collect();
    let (mut lines, mut bailed) = (lines.as_slice(), None);
    if let Some((last, before)) = lines.split_last()
        && let Some(reason) = last.strip_prefix("Bail out!")
    {
        bailed = Some(unescape(reason.trim())?.0);
        lines = before;
    }
    Ok((points(lines, "")?, bailed))
}

/// The points of a document, all of whose lines stand in so far.
fn points(mut lines: &[&str], indent: &str) -> Result<Vec<Point>, String> {
    let (mut plan, mut found, mut opened) = (None, Vec::new(), None);
    while let Some((first, rest)) = lines.split_first() {
        let line = first.strip_prefix(indent).ok_or_else(|| format!("it does not stand in enough: {first}"))?;
        lines = rest;
        if let Some(count) = line.strip_prefix("1..") {
            let count = count.split(" # ").next().unwrap_or_default();
            let before = plan.replace(count.parse::<usize>().map_err(|_| format!("a plan without a number: {line}"))?);
            if before.is_some() || !found.is_empty() {
                return Err(format!("a plan at the wrong place: {line}"));
            }
        } else if let Some(name) = line.strip_prefix("# Subtest: ") {
            let deeper = format!("{indent}    ");
            let end = lines.iter().position(|line| !line.starts_with(&deeper)).unwrap_or(lines.len());
            opened = Some((unescape(name)?.0, points(&lines[..end], &deeper)?));
            lines = &lines[end..];
        } else if line.starts_with('#') {
            unescape(line)?;
        } else {
            let mut point = point(line, found.len() + 1)?;
            if let Some((name, subtest)) = opened.take() {
                if name != point.description {
                    return Err(format!("the subtest `{name}` ends as `{}`", point.description));
                }
                point.subtest = subtest;
            }
            (point.diagnostic, lines) = diagnostic(lines, indent)?;
            found.push(point);
        }
    }
    match (plan, opened) {
        (_, Some((name, _))) => Err(format!("the subtest `{name}` has no end")),
        (plan, None) if plan == Some(found.len()) => Ok(found),
        (plan, None) => Err(format!("{} points, of a plan for {plan:?}", found.len())),
    }
}

fn point(line: &str, number: usize) -> Result<Point, String> {
    let not_a_point = || format!("neither plan, comment nor point {number}: {line}");
    let (ok, rest) = match line.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok ").ok_or_else(not_a_point)?),
    };
    let rest = rest.strip_prefix(&format!("{number} - ")).ok_or_else(not_a_point)?;
    let (description, directive) = unescape(rest)?;
    let skipped = match &directive {
        None => None,
        Some(directive) => Some(directive.strip_prefix("SKIP").ok_or_else(not_a_point)?.trim().to_owned()),
    };
    Ok(Point { ok, description, skipped, diagnostic: None, subtest: Vec::new() })
}

/// The description, and the directive behind the first `#` that is not escaped.
fn unescape(text: &str) -> Result<(String, Option<String>), String> {
    let (mut description, mut directive) = (String::new(), None);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let begins = directive.is_none() && (description.is_empty() || description.ends_with(' '));
        let kept = match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | '#')) => escaped,
                other => return Err(format!("a backslash before {other:?}: {text}")),
            },
            '#' if begins => {
                directive = Some(String::new());
                continue;
            }
            '#' => return Err(format!("a `#` that is not escaped: {text}")),
            '\r' | '\u{2028}' | '\u{2029}' => return Err(format!("a line that ends in its middle: {text:?}")),
            other => other,
        };
        directive.as_mut().unwrap_or(&mut description).push(kept);
    }
    Ok((description.trim().to_owned(), directive.map(|directive| directive.trim().to_owned())))
}

/// The block of YAML that follows, and the lines behind it.
fn diagnostic<'l, 't>(lines: &'l [&'t str], indent: &str) -> Result<(Option<Value>, &'l [&'t str]), String> {
    let inside = format!("{indent}  ");
    if lines.first() != Some(&format!("{inside}---").as_str()) {
        return Ok((None, lines));
    }
    let end = format!("{inside}...");
    let end = lines.iter().position(|line| *line == end).ok_or("a block of YAML has no end")?;
    let body: Option<Vec<&str>> = lines[1..end].iter().map(|line| line.strip_prefix(&inside)).collect();
    let body = body.ok_or("a line of YAML does not stand in enough")?.join("\n");
    let value = serde_yaml::from_str(&body).map_err(|error| format!("no YAML: {error}\n{body}"))?;
    Ok((Some(value), &lines[end + 1..]))
}
