//! The patterns of `match` and `search`: those of RFC 9485, as the regular expressions of the `regex` crate.

use crate::pattern::Regex;

/// Compiles a pattern: one that the whole text must match, or any part of it.
pub(super) fn compile(pattern: &str, whole: bool) -> Result<Regex, String> {
    let translated = translate(pattern);
    let anchored = if whole { format!("^(?:{translated})$") } else { translated };
    Regex::compile(&anchored)
}

/// The dot of RFC 9485 matches no line break of either kind; that of the crate does match `\r`.
fn translate(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let (mut in_class, mut escaped) = (false, false);
    for character in pattern.chars() {
        if character == '.' && !in_class && !escaped {
            translated.push_str(r"[^\n\r]");
            continue;
        }
        translated.push(character);
        in_class = match character {
            _ if escaped => in_class,
            '[' => true,
            ']' => false,
            _ => in_class,
        };
        escaped = character == '\\' && !escaped;
    }
    translated
}
