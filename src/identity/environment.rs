//! An application that signs in with a secret or a certificate, as the environment of a developer's machine says.
//!
//! Never found out, only by name. Source: `EnvironmentCredential` of the Azure Identity libraries, for the variables;
//! Microsoft identity platform, "Application authentication certificate credentials" (`certificate-credentials.md`), for the
//! assertion.

use std::io::Read as _;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::directory::{self, ASSERTION_TYPE};
use super::{Ask, Refusal, Selector, Source, cannot_select, needed, unmet};
use crate::http::Request;
use crate::http::pem::{self, Key};

/// No file with a certificate, its chain and its key is longer.
const LONGEST: u64 = 256 * 1024;
/// How long an assertion is good, in seconds.
const LIFETIME: u64 = 10 * 60;

const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    let client = match ask.selector {
        Selector::System => needed(ask, "AZURE_CLIENT_ID")?,
        Selector::ClientId(id) => id.clone(),
        _ => return Err(cannot_select(Source::Environment, "name the application by its client id")),
    };
    let url = directory::endpoint(ask)?;
    if let Some(secret) = ask.machine.get(SECRET) {
        return Ok(directory::request(ask, url, &client, &[("client_secret", &secret)]));
    }
    let Some(path) = ask.machine.get(CERTIFICATE) else {
        let why = format!("neither `{SECRET}` nor `{CERTIFICATE}` is set");
        return Err(unmet(why, "set one of them, or say where tokens come from: `--source azure_cli`"));
    };
    let assertion = assertion(ask, &path, (&url, &client))?;
    let credential = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
    Ok(directory::request(ask, url, &client, &credential))
}

/// What the application says of itself, signed with the key of its certificate.
fn assertion(ask: &Ask<'_>, path: &str, (audience, client): (&str, &str)) -> Result<String, Refusal> {
    let shown = path.escape_debug();
    let refuse = |why: &str, help: &str| unmet(format!("the certificate file `{shown}` {why}"), help);
    let broken = |why: &str| refuse(why, "it is a PEM file with a certificate and its RSA key, which has no password");
    let unreadable = |error: std::io::Error| refuse(&format!("cannot be read: {error}"), "is the path right?");
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(broken("is a folder, a pipe or a device"));
    }
    file.take(LONGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    let (certificate, key) = pem::pair(&bytes).map_err(broken)?;
    let key = match &key {
        Key::Pkcs8(der) => RsaKeyPair::from_pkcs8(der),
        Key::Pkcs1(der) => RsaKeyPair::from_der(der),
    };
    let key = key.map_err(|_| broken("holds a key that is not RSA of 2048 bits or more"))?;
    let random = SystemRandom::new();
    let mut id = [0; 16];
    random.fill(&mut id).map_err(|_| broken("cannot be used: this machine gives no random bytes"))?;
    let now = ask.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate));
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let claims = json!({
        "aud": audience,
        "exp": now + LIFETIME,
        "iat": now,
        "iss": client,
        "jti": URL_SAFE_NO_PAD.encode(id),
        "nbf": now,
        "sub": client,
    });
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(&header), encoded(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PSS_SHA256, &random, signed.as_bytes(), &mut signature)
        .map_err(|_| broken("holds a key that cannot sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
