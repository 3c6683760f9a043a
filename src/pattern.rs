//! Regular expressions as authors write them: bounded, so that none takes long to compile, and with why one is refused.

use regex::{Regex, RegexBuilder, bytes};

/// How big a compiled expression may be, in bytes: as much as `[\w.()-]{1,90}` needs, for letters are of many scripts.
const SIZE: usize = 10 << 20;

/// How deep its groups may nest.
const DEPTH: u32 = 100;

/// Compiles a regular expression.
///
/// # Errors
/// When the text is none, or one too big; with the reason.
pub fn compile(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(SIZE).nest_limit(DEPTH).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it repeats too much".to_owned(),
        other => {
            let text = other.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })
}

/// Whether an expression takes long to compile.
pub fn is_big(text: &str) -> bool {
    RegexBuilder::new(text).size_limit(128 << 10).nest_limit(DEPTH).build().is_err()
}

/// How many steps an expression takes for a byte of text, at worst: as many as it has places to be at. What letters are
/// does not count, for a text is at one letter at a time.
pub fn steps(text: &str) -> u64 {
    const PLACE: u64 = 64;
    let fits = |size: &usize| {
        let mut builder = bytes::RegexBuilder::new(text);
        builder.unicode(false).nest_limit(DEPTH).size_limit(*size).build().is_ok()
    };
    let sizes = std::iter::successors(Some(1024), |size| Some(size * 4)).take_while(|size| *size < SIZE);
    { sizes }.find(fits).unwrap_or(SIZE) as u64 / PLACE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_bounded() {
        let check = |text: &str, expected: Result<(), &str>| {
            let compiled = compile(text);
            assert_eq!(compiled.as_ref().map(|_| ()).map_err(String::as_str), expected, "{text}");
        };
        check("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", Ok(()));
        check(r"^\w{1,24}$", Ok(()));
        check(r"^[a-zA-Z][\w.-]{0,62}$", Ok(()));
        check("^.{1,1000}$", Ok(()));
        check("(", Err("unclosed group"));
        check("a{2,1}", Err("invalid repetition count range, the start must be <= the end"));
        check("((a{100}){100}){100}", Err("it repeats too much"));
        check(r"^[\w.()-]{1,90}$", Ok(()));
        check(r"\w{1000}", Err("it repeats too much"));
        check(
            &format!("{}{}", "(".repeat(500), ")".repeat(500)),
            Err("exceed the maximum number of nested parentheses/brackets (100)"),
        );
    }

    #[test]
    fn steps_grow_with_what_is_repeated() {
        let check = |text: &str, expected: u64| assert_eq!(steps(text), expected, "{text}");
        check("[0-9]+", 16);
        check(r"(\w+)@(\w+)", 16);
        check(r"^[\w.()-]{1,90}$", 256);
        check("(?:a?){1000}a{1000}", 4096);
        check("(?:a?){30000}a{30000}", 4 << 14);
        check("(", 10 << 14);
    }
}
