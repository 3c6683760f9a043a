//! Text that Markdown makes nothing of, whatever is in it.
//!
//! What a server says could hold links, images, mentions, tags, the end of a table's row, or the commands that pipelines
//! look for in what is printed. So nothing is escaped: all that is not a plain word goes into a code span, where nothing
//! has a meaning but the backticks, and what would have one even there stands between code spans as an entity.

use crate::diagnostic::render::printable;

/// A text as code: one line.
pub(super) fn code(text: &str) -> String {
    let mut out = String::new();
    push_code(&mut out, text);
    out
}

/// A message as prose: words as they are, code where the message has backticks, and all other words as code too.
pub(super) fn prose(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('`') {
        push_words(&mut out, before);
        rest = behind;
        match behind.split_once('`') {
            Some((code, after)) if !code.is_empty() => {
                push_code(&mut out, code);
                rest = after;
            }
            _ => push_code(&mut out, "`"),
        }
    }
    push_words(&mut out, rest);
    out.trim().to_owned()
}

fn push_words(out: &mut String, text: &str) {
    for word in text.split_inclusive(' ') {
        let (word, space) = word.strip_suffix(' ').map_or((word, ""), |word| (word, " "));
        match is_plain(word) {
            true => out.push_str(word),
            false => push_code(out, word),
        }
        out.push_str(space);
    }
}

/// Whether a word is one of a language, or a number, with the usual marks around it.
fn is_plain(word: &str) -> bool {
    let word =
        word.trim_start_matches(['"', '\'', '(']).trim_end_matches(['"', '\'', ')', ',', ';', ':', '.', '?', '…']);
    let mut parts = word.split(['-', '\'']);
    word.chars().all(|character| character.is_ascii_digit())
        || parts.all(|part| !part.is_empty() && part.chars().all(char::is_alphabetic))
}

/// Appends code spans. A `|` would end the cell of a table, and some see a command behind `##`, even in code.
fn push_code(out: &mut String, text: &str) {
    let text = one_line(text);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.match_indices(['|', '#']).find(|(at, mark)| *mark == "|" || rest[at + 1..].starts_with('#'));
        let (span, mark) = end.map_or((rest, ""), |(at, mark)| (&rest[..at], mark));
        push_span(out, span);
        out.push_str(match mark {
            "|" => "&#124;",
            "#" => "&#35;",
            _ => "",
        });
        rest = &rest[span.len() + mark.len()..];
    }
}

/// Appends one code span, its fence longer than any run of backticks in it.
fn push_span(out: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    // Two spans side by side would be taken for one.
    if out.ends_with('`') {
        out.push(' ');
    }
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let is_stripped = text.starts_with(' ') && text.ends_with(' ') && !text.trim_matches(' ').is_empty();
    let pad = if text.starts_with('`') || text.ends_with('`') || is_stripped { " " } else { "" };
    out.push_str(&format!("{fence}{pad}{text}{pad}{fence}"));
}

fn one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t', '\u{2028}', '\u{2029}'], " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader of Markdown sees: the text outside of code, and all of it.
    fn read(markdown: &str) -> (String, String) {
        let (mut outside, mut all) = (String::new(), String::new());
        let mut rest = markdown;
        while let Some(first) = rest.chars().next() {
            if first == '`' {
                let fence = rest.len() - rest.trim_start_matches('`').len();
                let body = &rest[fence..];
                let runs = body.match_indices('`').map(|(at, _)| at);
                let is_run = |at: &usize| {
                    let starts = *at == 0 || body.as_bytes()[at - 1] != b'`';
                    starts && body[*at..].len() - body[*at..].trim_start_matches('`').len() == fence
                };
                let end = runs.into_iter().find(is_run).expect("every code span ends");
                let inside = &body[..end];
                let stripped = inside.strip_prefix(' ').and_then(|inside| inside.strip_suffix(' '));
                all.push_str(stripped.filter(|_| !inside.trim_matches(' ').is_empty()).unwrap_or(inside));
                rest = &body[end + fence..];
            } else if let Some((entity, character)) =
                [("&#124;", '|'), ("&#35;", '#')].into_iter().find(|(entity, _)| rest.starts_with(entity))
            {
                all.push(character);
                rest = &rest[entity.len()..];
            } else {
                outside.push(first);
                all.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        (outside, all)
    }

    #[test]
    fn code_is_in_backticks() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(code(text), expected, "{text}");
        }
        check("", "");
        check("a.b", "`a.b`");
        check("a`b", "``a`b``");
        check("``", "``` `` ```");
        check("a|b\\|", "`a`&#124;`b\\`&#124;");
        check("##vso[x]", "&#35;`#vso[x]`");
        check("a\r\n::set-output name=x::y", "`a\\u{d} ::set-output name=x::y`");
        check("\u{202e}", "`\\u{202e}`");
    }

    #[test]
    fn prose_keeps_words_and_makes_code_of_the_rest() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(prose(text), expected, "{text}");
        }
        check("`json $.x` does not hold", "`json $.x` does not hold");
        check("it's a well-known 12 (\"so\"), he says:", "it's a well-known 12 (\"so\"), he says:");
        check("<script>alert(1)</script> and", "`<script>alert(1)</script>` and");
        check("see www.example.com, @me :smile: GH-12 #3", "see `www.example.com,` `@me` `:smile:` `GH-12` `#3`");
        check("*a* _b_ [c](d) !", "`*a*` `_b_` `[c](d)` `!`");
        check("a`b", "a`` ` ``b");
        check("`a`@b", "`a` `@b`");
        check("a `` b", "a `` ` `` `` ` `` b");
        check("ends with `", "ends with `` ` ``");
    }

    proptest! {
        #[test]
        fn code_says_what_the_text_says(text in "[a|#` \\\\<ä\n\u{7}:]{0,24}") {
            let markdown = code(&text);
            let (outside, all) = read(&markdown);
            prop_assert_eq!(all, one_line(&text));
            prop_assert_eq!(outside, "");
            prop_assert!(!markdown.contains(['|', '\n']) && !markdown.contains("##"));
        }

        #[test]
        fn nothing_in_prose_has_a_meaning(text in "[a1|#` \\\\<>!*_~@:/.(\\[&\n\u{7}-]{0,40}|.{0,40}") {
            let markdown = prose(&text);
            let (outside, _) = read(&markdown);
            prop_assert!(outside.chars().all(|character| character.is_alphanumeric() || " \"'(),;:.?…-".contains(character)), "{}", markdown);
            prop_assert!(outside.split(' ').all(is_plain), "{}", markdown);
            prop_assert!(!markdown.contains(['|', '\n']) && !markdown.contains("##"));
        }
    }
}
