//! Just enough of Rust's syntax to read imports and lengths off a source.

use std::sync::LazyLock;

use regex::Regex;

static TESTS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^#\[cfg\(test\)\]\s+(?:#\[.*\]\s+)*(?:pub(?:\(\w+\))? )?mod "));
static IMPORT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:\b(?:crate|mi_run)|\b((?:super\s*::\s*)*super))\s*::\s*(\{|\w+)"));
static FUNCTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bfn\s+(\w+)"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("it is a pattern")
}

/// A function: where it begins, how long it is from its `fn` to its end, how many parameters it has beside `self`.
#[derive(Debug, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
    pub(super) parameters: usize,
}

/// The source up to its tests.
pub(super) fn production(source: &str) -> String {
    TESTS.find(source).map_or(source, |found| &source[..found.start()]).to_owned()
}

/// The source with comments and the content of texts and characters as spaces; lines stay where they are.
pub(super) fn blank(source: &str) -> String {
    let letters: Vec<char> = source.chars().collect();
    let mut blank = String::with_capacity(source.len());
    let mut at = 0;
    while at < letters.len() {
        let length = quiet(&letters, at);
        if length == 0 {
            blank.push(letters[at]);
            at += 1;
        } else {
            blank.extend(letters[at..at + length].iter().map(|&c| if c == '\n' { c } else { ' ' }));
            at += length;
        }
    }
    blank
}

/// How many letters from here are a comment, a text or a character.
fn quiet(letters: &[char], at: usize) -> usize {
    let rest = &letters[at..];
    let is_word = at > 0 && (letters[at - 1].is_alphanumeric() || letters[at - 1] == '_');
    match rest {
        ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block(rest),
        ['"', ..] => 1 + text(&rest[1..], '"'),
        ['r', '"' | '#', ..] if !is_word => raw(rest, 1),
        ['b', 'r', '"' | '#', ..] if !is_word => raw(rest, 2),
        ['\'', '\\', ..] => 1 + text(&rest[1..], '\''),
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

/// A comment between `/*` and `*/`, with those inside.
fn block(rest: &[char]) -> usize {
    let mut open = 0;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (open, at) = (open + 1, at + 2),
            ('*', '/') if open == 1 => return at + 2,
            ('*', '/') => (open, at) = (open - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// Up to the closing quote, with it.
fn text(rest: &[char], quote: char) -> usize {
    let mut at = 0;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// A raw text whose hashes begin at `start`; zero when it is a raw identifier.
fn raw(rest: &[char], start: usize) -> usize {
    let hashes = rest[start..].iter().take_while(|&&c| c == '#').count();
    let open = start + hashes;
    if rest.get(open) != Some(&'"') {
        return 0;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let length = rest[open + 1..].windows(close.len()).position(|window| window == close);
    length.map_or(rest.len(), |length| open + 1 + length + close.len())
}

/// The number of the line that a byte is in.
pub(super) fn line(source: &str, byte: usize) -> usize {
    source[..byte].matches('\n').count() + 1
}

/// How many modules a file under `src` is deep: 1 for a room.
pub(super) fn depth(path: &str) -> usize {
    let steps = path.split('/').count();
    if path.ends_with("/mod.rs") { steps - 1 } else { steps }
}

/// What is named directly below the root of the crate, with its line.
pub(super) fn imports(blank: &str, depth: usize) -> Vec<(usize, String)> {
    let mut imports = Vec::new();
    for found in IMPORT.captures_iter(blank) {
        let climbs = found.get(1).map_or(depth, |supers| supers.as_str().matches("super").count());
        let (Some(whole), Some(target)) = (found.get(0), found.get(2)) else {
            continue;
        };
        if climbs < depth || target.as_str() == "super" {
            continue;
        }
        let names = match target.as_str() {
            "{" => group(&blank[target.end()..]),
            name => vec![name.to_owned()],
        };
        let line = line(blank, whole.start());
        imports.extend(names.into_iter().map(|name| (line, name)));
    }
    imports
}

/// The first name of each item of a `{ … }` in an import.
fn group(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut open = 1;
    for letter in text.chars() {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 1 => items.push(String::new()),
            _ => items.last_mut().into_iter().for_each(|item| item.push(letter)),
        }
        if open == 0 {
            break;
        }
    }
    let word = |item: &String| {
        item.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty()).map(str::to_owned)
    };
    items.iter().filter_map(word).collect()
}

/// Every function that has a body.
pub(super) fn functions(blank: &str) -> Vec<Function> {
    let found = FUNCTION.captures_iter(blank).filter_map(|found| {
        let whole = found.get(0)?;
        let (parameters, length) = signature(&blank[whole.end()..])?;
        let start = line(blank, whole.start());
        let lines = line(blank, whole.end() + length) - start + 1;
        Some(Function { name: found[1].to_owned(), line: start, lines, parameters })
    });
    found.collect()
}

/// The number of parameters of a signature, and the length of all up to the end of its body.
fn signature(text: &str) -> Option<(usize, usize)> {
    let (mut round, mut curly, mut parameters) = (0, 0, 0);
    let mut is_over = false;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => {
                round -= 1;
                is_over |= round == 0;
            }
            b'{' => curly += 1,
            b'}' => {
                curly -= 1;
                if curly == 0 && round == 0 {
                    return Some((parameters, at));
                }
            }
            b';' if curly == 0 && round == 0 => return None,
            // A parameter has one colon of its own; those of paths come in pairs.
            b':' if round == 1
                && !is_over
                && curly == 0
                && bytes.get(at + 1) != Some(&b':')
                && bytes[at - 1] != b':' =>
            {
                parameters += 1;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_blank() {
        #[track_caller]
        fn check(source: &str, expected: &str) {
            assert_eq!(blank(source).split_whitespace().collect::<Vec<_>>().join(" "), expected, "{source}");
        }
        check("a // b\nc", "a c");
        check("a /* b /* c */ d */ e", "a e");
        check(r#"f("a \" b", 'x', '\'', b'\\', "é") g"#, "f( , , , b , ) g");
        check(r###"a r#"b " c"# d br"e" r#type"###, "a d r#type");
        check("fn f<'a>(x: &'a str) { '{' }", "fn f<'a>(x: &'a str) { }");
        check("\"never closed", "");
        assert_eq!(blank("\"a\nb\" c").lines().count(), 2);
    }

    #[test]
    fn production_code_ends_where_the_tests_begin() {
        #[track_caller]
        fn check(source: &str, expected: &str) {
            assert_eq!(production(source), expected);
        }
        check("a\n#[cfg(test)]\nmod tests {}", "a\n");
        check("a\n#[cfg(test)]\nfn x() {}\nb", "a\n#[cfg(test)]\nfn x() {}\nb");
        check("a\n#[cfg(test)]\n#[path = \"x\"]\npub(crate) mod tests;", "a\n");
        check("a", "a");
    }

    #[test]
    fn what_is_named_below_the_root_is_found() {
        #[track_caller]
        fn check(depth: usize, source: &str, expected: &[&str]) {
            let names: Vec<_> = imports(source, depth).into_iter().map(|(_, name)| name).collect();
            assert_eq!(names, expected, "{source}");
        }
        check(1, "use crate::a::B; use mi_run::c;", &["a", "c"]);
        check(2, "use crate::{a, b::{C, D}, self as x, e as f};", &["a", "b", "self", "e"]);
        check(1, "use super::a;", &["a"]);
        check(2, "use super::a; use super::super::b; super::super::{c, d}", &["b", "c", "d"]);
        check(2, "use std::a; pub(crate) fn x() {}", &[]);
    }

    #[test]
    fn functions_are_measured() {
        let source = "trait T { fn a(); }\nfn b(x: X) -> [u8; 2] {\n  { }\n}\nfn c(&self) {}";
        let function = |name: &str, line, lines, parameters| Function { name: name.into(), line, lines, parameters };
        assert_eq!(functions(source), [function("b", 2, 3, 1), function("c", 5, 1, 0)]);
    }

    #[test]
    fn a_room_is_one_deep() {
        assert_eq!(["yaml.rs", "yaml/mod.rs", "yaml/node.rs", "run/action/mod.rs"].map(depth), [1, 1, 2, 2]);
    }
}
