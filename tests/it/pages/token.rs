//! The token of the pages: signed by nobody, made anew so that none lies in the repository, and never printed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::program::Printed;

/// How many of its characters already give it away.
const TELLING: usize = 20;

/// The token that `$TOKEN` stands for.
pub(super) fn token() -> String {
    let claims = r#"{"aud":"https://management.chinacloudapi.cn/","oid":"0a1b2c3d-0000-0000-0000-00000000000a","tid":"5b973f99-0000-0000-0000-00000000000b","xms_mirid":"/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/web-1"}"#;
    let parts = [r#"{"typ":"JWT","alg":"none"}"#, claims, "signature"];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// Refuses an output that holds a part of the token.
pub(super) fn refuse_leak(printed: &Printed) -> Result<(), String> {
    let token = token();
    for (name, output) in [("stdout", &printed.stdout), ("stderr", &printed.stderr)] {
        let output = String::from_utf8_lossy(output);
        let starts = 0..token.len() - TELLING;
        if let Some(start) = starts.step_by(TELLING / 2).find(|start| output.contains(&token[*start..start + TELLING]))
        {
            return Err(format!("{name} holds the token from its character {start} on"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_token_is_a_leak() {
        let check = |text: String, leaks: bool| {
            let printed = Printed { stdout: text.clone().into_bytes(), ..Printed::default() };
            assert_eq!(refuse_leak(&printed).is_err(), leaks, "{text}");
        };
        let token = token();
        check(token.clone(), true);
        check(format!("x {}…", &token[..40]), true);
        check(format!("…{} x", &token[token.len() - 40..]), true);
        check("Bearer [secret]".to_owned(), false);
    }
}
