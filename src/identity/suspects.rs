//! What looks like a token in an answer that is not understood: it is not shown either.

/// Shorter texts are no tokens.
const SHORTEST: usize = 12;

/// The texts in a body that look like tokens: JSON Web Tokens, and what follows a name such as `access_token`.
pub fn suspects(body: &str) -> Vec<&str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_.~+/=%".contains(character);
    let run = |from: usize| {
        let rest = &body[from..];
        &rest[..rest.find(|character| !is_part(character)).unwrap_or(rest.len())]
    };
    let webs = body.match_indices("eyJ").map(|(at, _)| run(at));
    let folded = body.to_ascii_lowercase();
    let named = folded.match_indices("token").map(|(at, word)| {
        let end = at + word.len();
        let rest = &body[end..];
        run(end + rest.find(|character: char| !"\"': =[\t\r\n".contains(character)).unwrap_or(rest.len()))
    });
    webs.chain(named).filter(|suspect| suspect.len() >= SHORTEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_however_broken_the_answer() {
        let check = |body: &str, expected: &[&str]| assert_eq!(suspects(body), expected, "{body}");
        check(r#"{"access_token":"opaque-and-long-1"#, &["opaque-and-long-1"]);
        check(r#"{"Access_Token" : ["opaque-and-long-1"], "token_type": "Bearer"}"#, &["opaque-and-long-1"]);
        check("access_token=opaque-and-long-1&expires_in=5", &["opaque-and-long-1"]);
        check("x eyJ-header-and-claims. y", &["eyJ-header-and-claims."]);
        check(r#"{"error_description": "the token: expired"}"#, &[]);
        check("token", &[]);
        check("tökén token: é", &[]);
    }
}
