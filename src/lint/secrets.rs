//! Secrets that are written out in a file.

use std::sync::OnceLock;

use regex::Regex;

use crate::diagnostic::Diagnostics;
use crate::plan::Plan;
use crate::source::{Sources, Span};
use crate::template::Tree;

/// What a secret looks like.
struct Shape {
    what: &'static str,
    /// Words, in lower case, one of which stands in or before every such secret: where none does, nothing is compiled.
    words: &'static [&'static str],
    /// A regular expression; its group `secret` is the secret itself.
    pattern: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Shape {
    const fn new(what: &'static str, words: &'static [&'static str], pattern: &'static str) -> Self {
        Self { what, words, pattern, compiled: OnceLock::new() }
    }

    /// What to look for in a text, given in lower case; nothing where it cannot be there.
    fn regex(&self, lower: &str) -> Option<&Regex> {
        let may_be_there = self.words.iter().any(|word| lower.contains(word));
        may_be_there.then(|| self.compiled.get_or_init(|| Regex::new(self.pattern).ok()).as_ref()).flatten()
    }
}

static SHAPES: [Shape; 7] = [
    Shape::new("a token", &["eyj"], r"(?<secret>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"),
    Shape::new("a bearer token", &["bearer"], r"(?i)\bbearer[ ]+(?<secret>[A-Za-z0-9._~+/=-]{24,})"),
    // A client secret of Microsoft Entra ID.
    Shape::new(
        "a client secret",
        &["q~"],
        r"(?:^|[^A-Za-z0-9_~.-])(?<secret>[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34})(?:$|[^A-Za-z0-9_~.-])",
    ),
    Shape::new("the signature of a shared access signature", &["sig="], r"[?&]sig=(?<secret>[A-Za-z0-9%+/]{30,}=*)"),
    Shape::new(
        "the key of an account",
        &["key="],
        r"(?i)\b(?:account|sharedaccess)key=(?<secret>[A-Za-z0-9+/]{30,}=*)",
    ),
    Shape::new(
        "a private key",
        &["private key"],
        r"(?s)(?<secret>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.{16,}?-----END)",
    ),
    Shape::new(
        "a secret",
        &["client_secret", "clientsecret", "password", "access_token", "accesstoken"],
        r#"(?im)^[ \t-]*["']?(?:client_?secret|password|access_?token)["']?:[ \t]+["']?(?<secret>[^\s"'{}\[\]|>&*!#$][^\s"'{}]{7,})["']?[ \t]*(?:#.*)?$"#,
    ),
];

/// Finds what looks like a secret, and masks it.
pub(super) fn lint(plan: &Plan, sources: &mut Sources, diagnostics: &mut Diagnostics) {
    let mut found: Vec<(Span, &str)> = Vec::new();
    for input in plan.inputs.iter().filter(|input| input.declaration.secret == Some(true)) {
        if let Some(default) = &input.declaration.default
            && let Tree::Text(text) = &default.value
            && text.template.literal().is_some_and(|literal| !literal.is_empty())
        {
            found.push((default.span, "the value of a secret input"));
        }
    }
    let text = sources.get(plan.source).text();
    let lower = text.to_lowercase();
    for shape in &SHAPES {
        let secrets = shape.regex(&lower).into_iter().flat_map(|regex| regex.captures_iter(text));
        for secret in secrets.filter_map(|parts| parts.name("secret")) {
            let span = Span::new(plan.source, secret.start(), secret.end());
            let is_known = |(known, _): &(Span, &str)| known.start < span.end && span.start < known.end;
            if !found.iter().any(is_known) {
                found.push((span, shape.what));
            }
        }
    }
    for (span, what) in found {
        diagnostics.secret_in_file(span, what);
        sources.mask(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_shape() {
        let of = |text: &str| {
            let lower = text.to_lowercase();
            let shape = SHAPES.iter().find(|shape| shape.regex(&lower).is_some_and(|regex| regex.is_match(text)));
            shape.map(|shape| shape.what)
        };
        assert!(SHAPES.iter().all(|shape| Regex::new(shape.pattern).is_ok()));
        let key = "k".repeat(44);
        assert_eq!(of(&format!("Authorization: Bearer {key}")), Some("a bearer token"));
        assert_eq!(of(&format!("x: eyJ{}.eyJ{}.c", &key[..9], &key[..9])), Some("a token"));
        assert_eq!(of(&format!("secret: 'abc8Q~{}'", &key[..34])), Some("a client secret"));
        assert_eq!(of(&format!("https://h/c?sv=1&sig={key}%3D")), Some("the signature of a shared access signature"));
        assert_eq!(of(&format!("AccountName=a;AccountKey={key}==;")), Some("the key of an account"));
        assert_eq!(of("a:\n  client_secret: hunter22hunter"), Some("a secret"));
        for text in [
            "Authorization: Bearer {{ token }}",
            "password: \"{{ env.PASSWORD }}\"",
            "password: {secret: true}",
            "client_secret: short",
            "access_token: $.access_token.that.is.long",
            "name: eyJhbGciOi",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
