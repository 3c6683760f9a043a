//! Why a text is not a query, and at which byte it stops being one.

use std::fmt;

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::parse_json_path;
use pest::error::InputLocation;

use super::types::Misuse;

/// A text that is not a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The byte at which the text stops being a query; its length when the text ends too early.
    pub offset: usize,
    /// What is wrong there, in lower case.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The longest text whose valid beginning is looked for; nobody writes longer queries by hand.
const SEARCHED: usize = 300;

/// The error for a text that does not begin at the root.
pub(super) fn no_root(text: &str) -> Error {
    let message = match text.chars().next() {
        None => "a query is missing here; `$` stands for the whole value",
        Some('@') => "a query begins with `$`; `@` stands only inside a filter",
        Some(first) if first.is_whitespace() => "a query begins with `$`, without a space before it",
        Some(_) => "a query begins with `$`",
    };
    Error { offset: 0, message: message.to_owned() }
}

/// How deep brackets may stand in brackets, and calls of functions in calls: the library reads on a stack, and what
/// stands in a call up to three times.
const BRACKETS: usize = 32;
const CALLS: usize = 4;

/// The error for a text that nests more than anyone reads.
pub(super) fn too_nested(text: &str) -> Option<Error> {
    let mut open: Vec<bool> = Vec::new();
    let (mut quote, mut escaped, mut last) = (None, false, ' ');
    for (offset, character) in text.char_indices() {
        match (quote, character) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), _) => quote = quote.filter(|_| character != mark),
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => open.push(false),
            (None, '(') => open.push(last.is_alphanumeric() || last == '_'),
            (None, ']' | ')') => {
                open.pop();
            }
            (None, _) => {}
        }
        last = character;
        let too_many = match open.iter().filter(|call| **call).count() {
            _ if open.len() > BRACKETS => format!("the query nests more than {BRACKETS} brackets"),
            calls if calls > CALLS => format!("the query nests more than {CALLS} calls"),
            _ => continue,
        };
        return Some(Error { offset, message: too_many });
    }
    None
}

/// The error for two words with only a space between them, which the library takes for one name.
pub(super) fn split_word(text: &str) -> Option<Error> {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    let (mut quote, mut escaped, mut last, mut spaced) = (None, false, ' ', false);
    for (offset, character) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open => (quote, last, spaced) = (None, ' ', false),
            Some(_) => {}
            None if character.is_whitespace() => spaced = true,
            None if spaced && word(last) && word(character) => {
                return Some(Error { offset, message: message(text, offset) });
            }
            None => {
                quote = matches!(character, '\'' | '"').then_some(character);
                (last, spaced) = (character, false);
            }
        }
    }
    None
}

/// The error for a function used in a way there is not.
pub(super) fn misuse(text: &str, misuse: Misuse) -> Error {
    let offset = misuse.place.and_then(|place| text.find(&place)).unwrap_or(0);
    Error { offset, message: misuse.message }
}

/// The error for a text that the library refuses.
pub(super) fn explain(text: &str, error: &JsonPathError) -> Error {
    at(text, reported(error).max(valid_beginning(text)))
}

/// The same without a search for the place.
pub(super) fn tell(text: &str, error: &JsonPathError) -> Error {
    at(text, reported(error))
}

fn at(text: &str, offset: usize) -> Error {
    let offset = border(text, offset);
    Error { offset, message: message(text, offset) }
}

/// The last border of a character up to there.
fn border(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Where the library stopped.
fn reported(error: &JsonPathError) -> usize {
    match error {
        JsonPathError::PestError(error) => match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        },
        _ => 0,
    }
}

/// The length of the longest beginning of `text` that a closing bracket makes a query: the library often reports
/// only where the segment began that it could not finish, or nothing at all.
fn valid_beginning(text: &str) -> usize {
    let completes = |at: &usize| {
        let before = &text[..*at];
        let ends: &[&str] = if open_bracket(before) { &["]", "']", "\"]", ")]"] } else { &[""] };
        ends.iter().any(|end| parse_json_path(&format!("{before}{end}")).is_ok())
    };
    let searched = border(text, SEARCHED);
    let borders = text[..searched].char_indices().map(|(at, _)| at).chain([searched]);
    borders.rev().find(completes).unwrap_or(0)
}

fn message(text: &str, offset: usize) -> String {
    let (before, rest) = text.split_at(offset);
    let next = rest.chars().next();
    let open = open_bracket(before);
    match (before.trim_end().chars().next_back(), next) {
        (Some('.'), None) => "expected a name or `*` after the dot".to_owned(),
        (Some('.'), Some(_)) => "expected a name or `*` here; other names are quoted: `['…']`".to_owned(),
        (Some('['), _) => "expected a quoted name, an index, `*`, a slice or a `?` filter here".to_owned(),
        (_, None) if open => "the query ends before its `[` is closed".to_owned(),
        (_, None) if before.ends_with(char::is_whitespace) => "a query does not end with a space".to_owned(),
        _ if open && before.contains('?') => {
            "the filter cannot go on like this: it compares with `==`, `!=`, `<`, `<=`, `>`, `>=` and joins with `&&`, `||`"
                .to_owned()
        }
        _ if open => "expected `]` or `,` here".to_owned(),
        (_, Some('[')) => unfinished_bracket(rest),
        (_, Some('.')) => "expected a name or `*` after the dot".to_owned(),
        (_, Some(space)) if space.is_whitespace() && rest.trim().is_empty() => {
            "a query does not end with a space".to_owned()
        }
        (Some(last), Some(next)) if before.ends_with(last) && name_goes_on(last, next) => {
            format!("`{next}` cannot stand in a bare name; quote the name: `['…']`")
        }
        _ => "expected `.name` or `[…]` here".to_owned(),
    }
}

fn unfinished_bracket(rest: &str) -> String {
    let bare = rest[1..].trim_start().chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if bare {
        "names in brackets are quoted: `['…']`".to_owned()
    } else if open_bracket(rest) {
        "this `[` is not closed".to_owned()
    } else {
        "what stands in these brackets is not a name, an index, a slice or a filter".to_owned()
    }
}

fn name_goes_on(last: char, next: char) -> bool {
    (last.is_alphanumeric() || last == '_') && !next.is_whitespace() && !matches!(next, ']' | ')' | ',' | '*')
}

/// Whether a bracket stands open at the end of `before`, quoted text left aside.
fn open_bracket(before: &str) -> bool {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut characters = before.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use crate::query::Query;

    #[test]
    fn points_at_the_offending_character() {
        // The caret stands before the character that is wrong.
        let check = |marked: &str, message: &str| {
            let offset = marked.find('^').unwrap();
            let error = Query::parse(&marked.replacen('^', "", 1)).unwrap_err();
            assert_eq!((error.offset, error.message.as_str()), (offset, message), "{marked}");
        };
        check("^", "a query is missing here; `$` stands for the whole value");
        check("^name", "a query begins with `$`");
        check("^.name", "a query begins with `$`");
        check("^@.name", "a query begins with `$`; `@` stands only inside a filter");
        check("^ $.name", "a query begins with `$`, without a space before it");
        check("$.^", "expected a name or `*` after the dot");
        check("$.name.^", "expected a name or `*` after the dot");
        check("$.a..^", "expected a name or `*` after the dot");
        check("$.^[0]", "expected a name or `*` here; other names are quoted: `['…']`");
        check("$^name", "expected `.name` or `[…]` here");
        check("$.odd^-name", "`-` cannot stand in a bare name; quote the name: `['…']`");
        check("$.é^-name", "`-` cannot stand in a bare name; quote the name: `['…']`");
        check("$.^1st", "expected a name or `*` here; other names are quoted: `['…']`");
        check("$.value[^name]", "expected a quoted name, an index, `*`, a slice or a `?` filter here");
        check("$.value[^", "expected a quoted name, an index, `*`, a slice or a `?` filter here");
        check("$.value[^]", "expected a quoted name, an index, `*`, a slice or a `?` filter here");
        check("$.value[0^", "the query ends before its `[` is closed");
        check("$.value[0 ^1]", "expected `]` or `,` here");
        check("$.name ^", "a query does not end with a space");
        check("$.name ^x", "expected `.name` or `[…]` here");
        check("$['a b'].c ^d.e", "expected `.name` or `[…]` here");
        check("$.a[0]^]", "expected `.name` or `[…]` here");
        check("$['a^", "the query ends before its `[` is closed");
        check(
            "$.value[?@.a ^= 1]",
            "the filter cannot go on like this: it compares with `==`, `!=`, `<`, `<=`, `>`, `>=` and joins with `&&`, `||`",
        );
        check("$.value[0].^-", "expected a name or `*` here; other names are quoted: `['…']`");
    }

    #[test]
    fn finds_a_place_inside_filters() {
        for text in ["$[?]", "$[?@.a ==]", "$[?@.a = 1]", "$[?nothing(@)]", "$['a", "$[99999999999999999999]"] {
            let error = Query::parse(text).unwrap_err();
            assert!(error.offset > 0 && error.offset <= text.len(), "{text}: {}", error.offset);
            assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn misused_functions_are_named() {
        let check = |marked: &str, message: &str| {
            let offset = marked.find('^').unwrap();
            let error = Query::parse(&marked.replacen('^', "", 1)).unwrap_err();
            assert_eq!((error.offset, error.message.as_str()), (offset, message), "{marked}");
        };
        check("$[?^count(@.a)]", "`count` gives a value to compare: `count(…) > 1`");
        check("$[?@.b && ^length(@.a)]", "`length` gives a value to compare: `length(…) > 1`");
        check("$[?^count(value(@.a)) > 1]", "`count` takes a query such as `@.name`");
        let many = "takes one value: a query with `*`, `..`, a slice, a filter or several names may give many";
        check("$[?^length(@.*) > 1]", &format!("`length` {many}"));
        check("$[?@[?^match(@..a, 'x')]]", &format!("`match` {many}"));
        check("$[?^in(@, $.a)]", "there is no function `in`, only `count`, `length`, `match`, `search` and `value`");
        check("$.value[?^search(@.a, '(')]", "`(` is not a regular expression");
        check("$.value[?^search(@.a, 'x{999}{999}{999}')]", "`x{999}{999}{999}` is not a regular expression");
        check("^$[?@.a < 1e999]", "a number of the filter is too big");
    }

    #[test]
    fn deep_nesting_is_refused_at_once() {
        let nested = |open: &str, times: usize, close: &str| format!("${}@{}", open.repeat(times), close.repeat(times));
        for (text, title) in [
            (format!("${}", "[?(".repeat(200)), "nests more than 32 brackets"),
            (nested("[?@", 500, "]"), "nests more than 32 brackets"),
            (nested("[?length(", 30, ")]"), "nests more than 4 calls"),
            (format!("$[?{}(! !", "length(".repeat(30)), "nests more than 4 calls"),
        ] {
            let error = Query::parse(&text).unwrap_err();
            assert!(error.message.contains(title), "{text}: {error}");
        }
        assert!(Query::parse(&format!("$[?@.a{}", "]".repeat(10_000))).is_err());
        assert!(Query::parse(&format!("${}{}", "[?@".repeat(32), "]".repeat(32))).is_ok());
        assert!(Query::parse(&format!("$[?{}@.a{}]", "(".repeat(31), ")".repeat(31))).is_ok());
        assert!(Query::parse("$['[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[']").is_ok());
        assert!(Query::parse("$[?length(length(length(length(! !").is_err());
    }

    #[test]
    fn long_queries_are_read_in_time() {
        assert!(Query::parse(&format!("$['{}']", "a".repeat(100_000))).is_ok());
        assert!(Query::parse(&format!("${}", "[0]".repeat(10_000))).is_ok());
        assert!(Query::parse(&format!("$[?@.a == 1{}", " || @.a == 1".repeat(2_000))).is_err());
    }
}
