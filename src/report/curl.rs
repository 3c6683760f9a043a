//! The requests of a run as lines for a shell: what repeats one by hand, and the whole run as a script.
//!
//! A token is never in them: `$TOKEN` stands for it, and the line that obtains it before.

use std::fmt::Write as _;
use std::io;

use super::console::title;
use super::text::Text;
use super::told;
use crate::diagnostic::render::printable;
use crate::event::{Bearer, Record, Request, Step};

/// Headers whose value the platform puts into the environment.
const VARIABLES: [(&str, &str); 2] = [("x-identity-header", "IDENTITY_HEADER"), ("secret", "MSI_SECRET")];

/// Headers without which Resource Manager answers the same.
const IMPLIED: [(&str, &str); 2] = [("accept", "application/json"), ("accept-language", "en-US")];

/// Writes the script of a run, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = Text::to(out);
    let _ = write!(text, "#!/bin/sh\n# The requests of the run {}, in its order.\nset -eu\n", comment(&record.run.id));
    let mut token: Option<Bearer> = None;
    for playbook in &record.playbooks {
        let _ = write!(text, "\n# {}\n", comment(&playbook.name));
        for step in told(&playbook.steps) {
            let Some(request) = &step.request else { continue };
            let _ = writeln!(text, "\n# {}", comment(&title(&step)));
            if let Some(needed) = request.token.as_ref().filter(|needed| token.as_ref() != Some(needed)) {
                let _ = writeln!(text, "{}", obtain(needed));
                token = Some(needed.clone());
            }
            let _ = writeln!(text, "{}", line(request));
            text.hand_on()?;
        }
    }
    text.end()
}

/// What repeats the request of a step by hand, the token obtained before; nothing where it sent none.
pub(crate) fn repeats(step: &Step) -> Option<String> {
    let request = step.request.as_ref().filter(|request| request.method != "RUN")?;
    let obtained = request.token.as_ref().map(|token| obtain(token) + "; ").unwrap_or_default();
    Some(obtained + &line(request))
}

/// What obtains a token.
fn obtain(token: &Bearer) -> String {
    let mut command = format!("mi-run token {}", quoted(&token.resource));
    for (option, value) in [("--identity", &token.identity), ("--source", &token.source)] {
        if let Some(value) = value {
            let _ = write!(command, " {option} {}", quoted(value));
        }
    }
    format!("TOKEN=$({command})")
}

/// One request.
fn line(request: &Request) -> String {
    if request.method == "RUN" {
        return request.url.clone();
    }
    let mut line = "curl -sS".to_owned();
    if request.method != "GET" {
        let _ = write!(line, " -X {}", quoted(&request.method));
    }
    let says_something = |(name, value): &&(String, String)| !IMPLIED.contains(&(name.as_str(), value.as_str()));
    for (name, value) in request.headers.0.iter().filter(says_something) {
        let variable = VARIABLES.iter().find(|(header, _)| name.eq_ignore_ascii_case(header));
        let _ = match (variable, name.eq_ignore_ascii_case("authorization")) {
            (Some((_, variable)), _) => write!(line, " -H \"{name}: ${variable}\""),
            (None, true) if request.token.is_some() => write!(line, " -H \"Authorization: Bearer $TOKEN\""),
            _ => write!(line, " -H {}", quoted(&format!("{name}: {value}"))),
        };
    }
    if request.body_bytes > 0 {
        line.push_str(" --data-binary @body");
    }
    let _ = write!(line, " {}", quoted(&request.url));
    line
}

/// A text as one word of a shell, on one line.
fn quoted(text: &str) -> String {
    let text = printable(text).replace('\n', " ");
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn comment(text: &str) -> String {
    printable(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Headers;
    use proptest::prelude::*;

    #[test]
    fn a_request_becomes_a_line() {
        let check = |method: &str, has_token: bool, headers: &[(&str, &str)], expected: &str| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let request = Request {
                method: method.to_owned(),
                url: "https://a/b?c=d&e=it's".to_owned(),
                headers: Headers(headers),
                body_bytes: usize::from(method == "PUT"),
                token: has_token.then(|| Bearer { resource: String::new(), identity: None, source: None }),
            };
            assert_eq!(line(&request), expected);
        };
        check("GET", false, &[], "curl -sS 'https://a/b?c=d&e=it'\\''s'");
        let authorized = [("authorization", "Bearer [secret]"), ("accept", "application/json")];
        check(
            "PUT",
            true,
            &authorized,
            "curl -sS -X PUT -H \"Authorization: Bearer $TOKEN\" --data-binary @body \
             'https://a/b?c=d&e=it'\\''s'",
        );
        check(
            "GET",
            false,
            &[("X-IDENTITY-HEADER", "[secret]"), ("Metadata", "true")],
            "curl -sS -H \"X-IDENTITY-HEADER: $IDENTITY_HEADER\" -H 'Metadata: true' 'https://a/b?c=d&e=it'\\''s'",
        );
    }

    #[test]
    fn a_token_is_obtained_as_it_was() {
        let bearer = |identity: Option<&str>, source: Option<&str>| Bearer {
            resource: "https://a/".to_owned(),
            identity: identity.map(str::to_owned),
            source: source.map(str::to_owned),
        };
        assert_eq!(obtain(&bearer(None, None)), "TOKEN=$(mi-run token https://a/)");
        let full = obtain(&bearer(Some("client_id=a b"), Some("arc")));
        assert_eq!(full, "TOKEN=$(mi-run token https://a/ --identity 'client_id=a b' --source arc)");
    }

    proptest! {
        #[test]
        fn a_word_stays_one_word(text in "\\PC{0,20}|['\"$`\\\\\n ;&|]{0,12}") {
            let word = quoted(&text);
            let inside = word.replace("'\\''", "");
            let bare = inside.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            prop_assert!(!word.contains('\n'));
            match bare {
                Some(bare) => prop_assert!(!bare.contains('\'')),
                None => prop_assert!(!inside.contains(|letter: char| " $`\"\\;&|<>()".contains(letter))),
            }
        }
    }
}
