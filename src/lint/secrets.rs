//! Secrets that are written out in a file.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Diagnostics;
use crate::plan::Plan;
use crate::source::{Sources, Span};
use crate::template::Tree;

/// What secrets look like; the group `secret` is the secret itself.
static SHAPES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let shapes = [
        ("a token", r"(?<secret>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"),
        ("a bearer token", r"(?i)\bbearer[ ]+(?<secret>[A-Za-z0-9._~+/=-]{24,})"),
        // A client secret of Microsoft Entra ID.
        (
            "a client secret",
            r"(?:^|[^A-Za-z0-9_~.-])(?<secret>[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34})(?:$|[^A-Za-z0-9_~.-])",
        ),
        ("the signature of a shared access signature", r"[?&]sig=(?<secret>[A-Za-z0-9%+/]{30,}=*)"),
        ("the key of an account", r"(?i)\b(?:account|sharedaccess)key=(?<secret>[A-Za-z0-9+/]{30,}=*)"),
        ("a private key", r"(?s)(?<secret>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.{16,}?-----END)"),
        (
            "a secret",
            r#"(?im)^[ \t-]*["']?(?:client_?secret|password|access_?token)["']?:[ \t]+["']?(?<secret>[^\s"'{}\[\]|>&*!#$][^\s"'{}]{7,})["']?[ \t]*(?:#.*)?$"#,
        ),
    ];
    shapes.into_iter().filter_map(|(what, shape)| Some((what, Regex::new(shape).ok()?))).collect()
});

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
    for (what, shape) in &*SHAPES {
        for secret in shape.captures_iter(text).filter_map(|parts| parts.name("secret")) {
            let span = Span::new(plan.source, secret.start(), secret.end());
            let is_known = |(known, _): &(Span, &str)| known.start < span.end && span.start < known.end;
            if !found.iter().any(is_known) {
                found.push((span, what));
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
            let shape = SHAPES.iter().find(|(_, shape)| shape.is_match(text));
            shape.map(|(what, _)| *what)
        };
        assert_eq!(SHAPES.len(), 7);
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
