//! Azure Arc-enabled servers: the agent proves by a file that who asks may read it.
//!
//! The agent answers with the name of a file, and gives the token to who brings what is in it. The file must stand in the
//! agent's own folder: another one could be anybody's. Source: `managed-identity-authentication.md` of Azure Arc; for
//! user-assigned identities, MSAL for Go and Python: older agents ignore the name, so the answer must tell whose the token is.

use std::io::Read as _;
use std::path::Path;

use super::app_service::get;
use super::{Ask, Exchange, Refusal, Source, Token, answer, imds, send, unmet, with_parameters};
use crate::http::Transport;

/// Where the agent listens when no variable says so.
const ENDPOINT: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";

/// The agent's keys are shorter.
const LONGEST: u64 = 4096;

pub(super) async fn acquire(ask: &Ask<'_>, transport: &dyn Transport) -> Result<Token, Refusal> {
    let endpoint = ask.machine.get("IDENTITY_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
    let mut parameters = vec![("api-version", "2020-06-01"), ("resource", ask.resource)];
    parameters.extend(imds::parameter(ask.selector));
    let url = with_parameters(&endpoint, &parameters);
    let marked = vec![("Metadata".to_owned(), "true".to_owned())];
    let challenge = send(get(url.clone(), marked.clone(), ask), transport).await?;
    if challenge.status != 401 {
        return match answer::read(ask, Source::Arc, challenge) {
            // Who gives tokens to anybody who asks is not the agent.
            Ok(token) => Err(foreign(token.exchange.clone(), "it gives a token without asking for the agent's key")),
            Err(refusal) => Err(refusal),
        };
    }
    let key = key(ask, challenge)?;
    let mut headers = marked;
    headers.push(("Authorization".to_owned(), format!("Basic {key}")));
    let exchange = send(get(url, headers, ask), transport).await?;
    let token = answer::read(ask, Source::Arc, exchange)?;
    if ask.selector.id().is_some() && !answer::is_of(ask.selector, &token.answer, &token.claims) {
        let why =
            format!("asked for {}, and the agent does not tell whose token it gave: it may be too old", ask.selector);
        return Err(Refusal::Stranger { exchange: Box::new(token.exchange.clone()), why });
    }
    Ok(token)
}

fn foreign(exchange: Exchange, why: &str) -> Refusal {
    Refusal::Foreign { exchange: Box::new(exchange), why: why.to_owned() }
}

/// What is in the file that a challenge names.
fn key(ask: &Ask<'_>, challenge: Exchange) -> Result<String, Refusal> {
    let header = challenge.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    let realm = header.and_then(|(_, value)| {
        let (scheme, rest) = value.trim().split_once(' ')?;
        let (name, realm) = rest.trim().split_once('=')?;
        (scheme.eq_ignore_ascii_case("Basic") && name.trim().eq_ignore_ascii_case("realm"))
            .then(|| realm.trim().trim_matches('"').to_owned())
    });
    let Some(realm) = realm.filter(|realm| !realm.is_empty()) else {
        return Err(foreign(challenge, "its challenge names no file, as the agent of Azure Arc does"));
    };
    let path = Path::new(&realm);
    let shown = realm.escape_debug();
    let outside = "only keys of the agent's own folder are read, so that nobody else can ask for a file";
    if path.parent() != Some(ask.machine.arc_keys) || path.extension().is_none_or(|ending| ending != "key") {
        return Err(unmet(format!("the challenge names `{shown}`, which is no key of the agent"), outside));
    }
    let denied = |error: std::io::Error| {
        let why = format!("the agent's key `{shown}` cannot be read: {error}");
        unmet(
            why,
            "who asks the agent has to be in the group `himds`: `sudo usermod -aG himds USER`, then sign in anew",
        )
    };
    let metadata = std::fs::symlink_metadata(path).map_err(denied)?;
    if !metadata.is_file() {
        return Err(unmet(format!("the agent's key `{shown}` is a link or no file"), outside));
    }
    if !is_own(&metadata) {
        return Err(unmet(format!("the agent's key `{shown}` belongs to another user than the agent"), outside));
    }
    if metadata.len() > LONGEST {
        return Err(unmet(format!("the agent's key `{shown}` is longer than {LONGEST} bytes"), outside));
    }
    let mut key = String::new();
    std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut key)).map_err(denied)?;
    let key = key.trim();
    if key.is_empty() || key.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(unmet(
            format!("the agent's key `{shown}` is empty, or no text"),
            "ask again: the agent makes a new one",
        ));
    }
    Ok(key.to_owned())
}

/// Whether a key may be the agent's: it runs as root or as a user of the system. What is the asker's own is no danger.
#[cfg(unix)]
fn is_own(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const FIRST_PERSON: u32 = 1000;
    let asker = std::fs::metadata("/proc/self").map(|own| own.uid());
    metadata.uid() < FIRST_PERSON || asker.is_ok_and(|asker| asker == metadata.uid())
}

#[cfg(not(unix))]
fn is_own(_: &std::fs::Metadata) -> bool {
    true
}
