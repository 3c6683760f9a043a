//! A command line cut into words as a shell would, without a shell: quotes and backslashes, no expansion, no pipes.

/// The words of a line. A word that begins with `#` ends it.
pub(crate) fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' => words.extend(word.take()),
            '#' if word.is_none() => break,
            '\'' | '"' => quoted(letter, &mut letters, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(letters.next().ok_or("the line ends in a backslash")?),
            '|' | '<' | '>' | ';' | '&' | '`' => {
                return Err(format!("`{letter}` needs a shell, and there is none: quote it"));
            }
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Reads on to the closing quote. Between double quotes a backslash escapes `"` and `\`.
fn quoted(quote: char, letters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), String> {
    while let Some(letter) = letters.next() {
        match letter {
            _ if letter == quote => return Ok(()),
            '\\' if quote == '"' => match letters.next() {
                Some(escaped @ ('"' | '\\')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            _ => word.push(letter),
        }
    }
    Err(format!("a {quote} is never closed"))
}

/// The leading `NAME=VALUE` words, and the rest.
pub(crate) fn assignments(words: Vec<String>) -> (Vec<(String, String)>, Vec<String>) {
    let mut pairs = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            break;
        }
        pairs.push((name.to_owned(), value.to_owned()));
        words.next();
    }
    (pairs, words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_words() {
        #[track_caller]
        fn check(line: &str, expected: &[&str]) {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
        check("", &[]);
        check("  mi-run   check\tx.yaml ", &["mi-run", "check", "x.yaml"]);
        check("--var 'a=b c'", &["--var", "a=b c"]);
        check(r#"--var a="x \"y\" \n""#, &["--var", r#"a=x "y" \n"#]);
        check(r"a\ b ''", &["a b", ""]);
        check("x # the rest is a remark", &["x"]);
        check("x#y", &["x#y"]);
        check("$.x '$.a[?@.b > 1]'", &["$.x", "$.a[?@.b > 1]"]);
    }

    #[test]
    fn what_needs_a_shell_is_refused() {
        for line in ["a | b", "a > b", "a && b", "'a", "a \"", "a\\"] {
            assert!(split(line).is_err(), "{line}");
        }
    }

    #[test]
    fn assignments_come_first() {
        let words = |line| split(line).unwrap();
        let (pairs, rest) = assignments(words("A=1 B_2='x=y' mi-run --var c=d"));
        assert_eq!(pairs, [("A".into(), "1".into()), ("B_2".into(), "x=y".into())]);
        assert_eq!(rest, ["mi-run", "--var", "c=d"]);
        assert_eq!(assignments(words("--x=1 mi-run")).0, []);
    }
}
