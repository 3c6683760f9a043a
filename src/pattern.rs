//! Regular expressions as authors write them: bounded, so that none takes long to compile or to look through a text, and with
//! why one is refused.

use std::sync::{Arc, OnceLock};

use regex::{RegexBuilder, bytes};

/// How big a compiled expression may be, in bytes: as much as `[\w.()-]{1,90}` needs, for letters are of many scripts.
const SIZE: usize = 10 << 20;

/// How deep its groups may nest.
const DEPTH: u32 = 100;

/// How many steps expressions may take for one assertion, one capture or one input: some seconds, when each is taken.
pub const MOST_STEPS: u64 = 5_000_000_000;

/// Why an expression was not asked, as a clause.
pub const TOO_MUCH: &str = "the regular expression may take too long for so much text";

/// A regular expression that an author wrote. It never goes back in a text, but it may be at many places of itself at once.
#[derive(Clone, Debug)]
pub struct Regex {
    regex: regex::Regex,
    steps: Arc<OnceLock<u64>>,
}

impl Regex {
    /// Compiles a text.
    ///
    /// # Errors
    /// When the text is no expression, or one too big; with the reason.
    pub fn compile(text: &str) -> Result<Self, String> {
        Ok(Self { regex: compile(text)?, steps: Arc::default() })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        self.regex.as_str()
    }

    /// How many steps it takes to look through a text, at worst.
    pub fn cost(&self, text: &str) -> u64 {
        let steps = *self.steps.get_or_init(|| steps(self.text()));
        steps.saturating_mul(text.len() as u64)
    }

    /// The compiled expression to look through a text once; nothing when that may take more than [`MOST_STEPS`].
    pub fn over(&self, text: &str) -> Option<&regex::Regex> {
        (self.cost(text) <= MOST_STEPS).then_some(&self.regex)
    }

    /// The compiled expression, for who bounds the work by [`Regex::cost`].
    pub fn regex(&self) -> &regex::Regex {
        &self.regex
    }
}

fn compile(text: &str) -> Result<regex::Regex, String> {
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
