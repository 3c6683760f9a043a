//! Bodies as JSON, with a bound on what they unfold to: a value takes two bytes of a body and many more of memory.

use serde_json::Value;

/// How many values are kept of a body.
pub const MOST_VALUES: usize = 2_000_000;

/// A body as JSON. A byte order mark before it is no fault.
///
/// # Errors
/// Why it is none, in words; and when it holds more than [`MOST_VALUES`].
pub fn json(body: &[u8]) -> Result<Value, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // A value and the mark before it take two bytes.
    if body.len() / 2 >= MOST_VALUES && values(body) > MOST_VALUES {
        return Err(format!("it holds more values than are kept, which are {} million", MOST_VALUES / 1_000_000));
    }
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// How many values a body holds at most, by the marks outside of texts that come before them.
pub fn values(body: &[u8]) -> usize {
    let (mut count, mut in_text, mut escaped) = (1, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' | b',' | b':' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_by_marks_outside_of_texts() {
        for (body, expected) in
            [("5", 1), ("[1,2]", 3), (r#"{"a,b":[1]}"#, 4), (r#"["\",[",1]"#, 3), (r#"["\\",1]"#, 3)]
        {
            assert_eq!(values(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn what_unfolds_to_too_much_is_refused_and_long_texts_are_not() {
        let wide = format!("[{}0]", "0,".repeat(MOST_VALUES));
        assert!(json(wide.as_bytes()).is_err_and(|why| why.contains("more values than are kept")));
        let text = format!("\u{feff}{{\"a\": \"{}\"}}", ",".repeat(MOST_VALUES + 1));
        assert!(json(text.as_bytes()).is_ok());
        assert!(json(b"[").is_err_and(|why| why.contains("EOF")));
    }
}
