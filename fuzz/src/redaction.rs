//! A secret in the first line, and a text in the others in which `#` stands for it: it is gone from the text, however it was
//! written there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mi_run::event::redact::{MARK, Redactor};
use mi_run::http::encode;
use serde_json::{Value, json};

use super::halves;

pub(crate) fn fuzz(bytes: &[u8]) {
    let Some((secret, text)) = halves(bytes) else { return };
    // What is as short stands in other words, and the mark itself is no secret, nor what stands beside it a part of one.
    let overlaps = (1..MARK.len()).any(|at| secret.starts_with(&MARK[at..]) || secret.ends_with(&MARK[..at]));
    let meets_mark = overlaps || MARK.contains(secret) || secret.contains(MARK);
    if secret.len() < 6 || secret.trim() != secret || meets_mark || secret.contains(['#', '*', '…']) {
        return;
    }
    let mut redactor = Redactor::default();
    redactor.hide(secret);
    let json = json!(secret).to_string();
    let json = &json[1..json.len() - 1];
    let twice = json!(json).to_string();
    let forms = [
        secret.to_owned(),
        json.to_owned(),
        json.replace('/', "\\/"),
        twice[1..twice.len() - 1].to_owned(),
        encode(secret),
        encode(&encode(secret)),
        encode(secret).replace("%20", "+"),
    ];
    for form in &forms {
        let clean = redactor.text(&text.replace('#', form)).into_owned();
        assert!(!clean.contains(form), "`{form}` stands in `{clean}`");
        // What is clean stays as it is.
        assert_eq!(redactor.text(&clean), clean);
    }
    for before in ["", "a", "ab"] {
        let whole = format!("{before}{secret}{}", text.get(..3).unwrap_or_default());
        for form in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
            let clean = redactor.text(&form).into_owned();
            assert!(clean.contains(MARK), "`{form}` stands as it was");
        }
    }
    let mut value = json!({secret: [text.replace('#', secret), {"a": secret}]});
    redactor.value(&mut value);
    assert!(!holds(&value, secret), "{value}");
}

/// Whether a text or a name in a value holds the secret. In the text of the whole value the end of an escape and what follows
/// it can look like one.
fn holds(value: &Value, secret: &str) -> bool {
    match value {
        Value::String(text) => text.contains(secret),
        Value::Array(items) => items.iter().any(|item| holds(item, secret)),
        Value::Object(members) => members.iter().any(|(name, member)| name.contains(secret) || holds(member, secret)),
        _ => false,
    }
}
