//! Text that no pipeline takes for a command, whoever wrote it.
//!
//! GitHub Actions obeys a line that begins with `::` and one that holds `##[`; Azure Pipelines one that holds `##vso[` or
//! `##[`; TeamCity one that holds `##teamcity[`. All of them read what is printed, line by line, and so [`disarm`] stands
//! where things are printed, not where they come from. The agents of GitHub and Azure compare as people of some culture do:
//! characters without a look of their own do not count, so that these make no command harmless, and do not here either.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::render::commands_terminal;

/// How a character is written that would begin a command, so that whoever reads the text still reads that character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As people are shown what must not be sent: `\u{23}`.
    Shown,
    /// As strings in JSON, and double-quoted ones in YAML, have it: `\u0023`.
    Json,
    /// As text and attributes in XML and HTML have it: `&#35;`.
    Markup,
}

/// The text, in which nothing begins a command. Where it is no text for people yet, nothing in it commands a terminal either:
/// that is shown in the text for people already, and what is left in that is a report's own colour.
pub fn disarm(text: &str, escape: Escape) -> Cow<'_, str> {
    let armed = armed(text, escape != Escape::Shown);
    if armed.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(written(text, armed, escape)) }
}

/// The same for people, of text that never begins a line, and where the bytes of the text went.
pub(super) fn disarm_inside(text: &str) -> (Cow<'_, str>, impl Fn(usize) -> usize + use<>) {
    let mut armed = armed(text, false);
    armed.retain(|(_, character)| *character == '#');
    let places: Vec<usize> = armed.iter().map(|(at, _)| *at).collect();
    let text = if armed.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(written(text, armed, Escape::Shown)) };
    let longer = "\\u{23}".len() - "#".len();
    (text, move |at| at + longer * places.iter().filter(|place| **place < at).count())
}

fn written(text: &str, armed: Vec<(usize, char)>, escape: Escape) -> String {
    let mut out = String::with_capacity(text.len() + armed.len() * 6);
    let mut written = 0;
    for (at, character) in armed {
        out.push_str(&text[written..at]);
        let number = u32::from(character);
        let _ = match escape {
            Escape::Shown => write!(out, "\\u{{{number:x}}}"),
            Escape::Json => write!(out, "\\u{number:04x}"),
            Escape::Markup => write!(out, "&#{number};"),
        };
        written = at + character.len_utf8();
    }
    out.push_str(&text[written..]);
    out
}

/// The characters that begin a command, of a terminal too if wished, and where they are.
fn armed(text: &str, terminal: bool) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let mut begins = true;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let rest = characters.as_str();
        if terminal && character != '\r' && commands_terminal(character) {
            found.push((at, character));
            continue;
        }
        match character {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => begins = true,
            blank if blank.is_whitespace() || is_unseen(blank) => {}
            _ => {
                let is_armed = match character {
                    ':' => begins && is_key(rest),
                    '#' => is_opening(rest),
                    _ => false,
                };
                found.extend(is_armed.then_some((at, character)));
                begins = false;
            }
        }
    }
    found
}

/// Whether one more colon follows, and not two: no command has a name that begins with one, and `:::` stands above the second
/// file of a diagnostic.
fn is_key(rest: &str) -> bool {
    let rest = rest.trim_start_matches(is_unseen).strip_prefix(':');
    rest.is_some_and(|rest| !rest.starts_with(':'))
}

/// Whether `#[`, or the same with a word in it, follows.
fn is_opening(rest: &str) -> bool {
    let in_word = |character: char| character.is_ascii_alphanumeric() || is_unseen(character);
    let rest = rest.trim_start_matches(is_unseen).strip_prefix('#');
    rest.is_some_and(|rest| rest.trim_start_matches(in_word).starts_with('['))
}

/// Whether a comparison may pass over a character. More are taken for such than there are: no harm comes of it.
fn is_unseen(character: char) -> bool {
    !character.is_whitespace() && (character.is_control() || (!character.is_ascii() && !character.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_a_command_is_shown_instead() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(disarm(text, Escape::Shown), expected, "{text}");
        }
        check("all is well: a::b, # heading, ## [link] #[x] ##", "all is well: a::b, # heading, ## [link] #[x] ##");
        check("::error::x", "\\u{3a}:error::x");
        check("  \t::set-env name=A::b", "  \t\\u{3a}:set-env name=A::b");
        check("one\n::two\r::three\r\n  ::four", "one\n\\u{3a}:two\r\\u{3a}:three\r\n  \\u{3a}:four");
        check("\u{a0}\u{3000}::x", "\u{a0}\u{3000}\\u{3a}:x");
        check("\u{feff}:\u{200b}:x", "\u{feff}\\u{3a}\u{200b}:x");
        check("\u{1b}::x", "\u{1b}\\u{3a}:x");
        check("::: a.yaml:1:2", "::: a.yaml:1:2");
        check("::\u{1b}:x", "\\u{3a}:\u{1b}:x");
        check("::1", "\\u{3a}:1");
        check("2001:db8::1 and é::x", "2001:db8::1 and é::x");
        check("a ##[error]b", "a \\u{23}#[error]b");
        check("a ##vso[task.setvariable variable=x]b", "a \\u{23}#vso[task.setvariable variable=x]b");
        check("##VSO[x]##teamcity[y]", "\\u{23}#VSO[x]\\u{23}#teamcity[y]");
        check("###vso[x]", "#\\u{23}#vso[x]");
        check("#\u{ad}#v\u{200d}so[x]", "\\u{23}\u{ad}#v\u{200d}so[x]");
        check("# #vso[x] ##\nvso[x]", "# #vso[x] ##\nvso[x]");
    }

    #[test]
    fn what_reads_the_text_reads_the_character() {
        assert_eq!(disarm("\"##vso[x]\"", Escape::Json), "\"\\u0023#vso[x]\"");
        assert_eq!(disarm("<a>##vso[x]\n::y</a>", Escape::Markup), "<a>&#35;#vso[x]\n&#58;:y</a>");
        assert_eq!(disarm("\"\u{202e}\u{9b}\"\n", Escape::Json), "\"\\u202e\\u009b\"\n");
        assert_eq!(disarm("<a>\u{202e}</a>\r\n", Escape::Markup), "<a>&#8238;</a>\r\n");
        assert_eq!(disarm("\u{1b}[1mred", Escape::Shown), "\u{1b}[1mred");
    }

    #[test]
    fn underlines_stay_below_what_they_underline() {
        let (text, moved) = disarm_inside("::a ##vso[b] ##[c]");
        assert_eq!(text, "::a \\u{23}#vso[b] \\u{23}#[c]");
        let at = |from: usize, to: usize| &text[moved(from)..moved(to)];
        assert_eq!((at(0, 3), at(4, 9), at(10, 11), at(13, 18)), ("::a", "\\u{23}#vso", "b", "\\u{23}#[c]"));
    }

    /// What the agents look for, where they compare without the characters that have no look.
    fn is_command(line: &str) -> bool {
        let seen: String = line.chars().filter(|character| !is_unseen(*character)).collect();
        let opens = |prefix: &str| seen.to_ascii_lowercase().contains(prefix);
        seen.trim_start().strip_prefix("::").is_some_and(|rest| !rest.starts_with(':'))
            || opens("##[")
            || opens("##vso[")
    }

    proptest! {
        #[test]
        fn no_line_is_a_command(text in "[:#\\[vVsSoO \n\r\t\u{ad}\u{200b}\u{a0}\u{1b}\u{2028}x]{0,40}") {
            for escape in [Escape::Shown, Escape::Json, Escape::Markup] {
                let safe = disarm(&text, escape);
                prop_assert!(!safe.split(['\n', '\r']).any(is_command), "{:?}", safe);
            }
        }

        #[test]
        fn json_stays_what_it_is(text in "[:#\\[vso\\\\\"\n ]{0,40}") {
            let json = serde_json::to_string(&text).expect("it is text");
            let read: String = serde_json::from_str(&disarm(&json, Escape::Json)).expect("it is JSON");
            prop_assert_eq!(read, text);
        }
    }
}
