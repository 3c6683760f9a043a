//! The body of an answer of Resource Manager, of an identity endpoint or of instance metadata, with a line before it that
//! stands for its status and its headers.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use mi_run::azure::cure::{self, Evidence, Refusal};
use mi_run::azure::error::ArmError;
use mi_run::azure::operation::{Answer, Begun, Body, Operation};
use mi_run::azure::{assignments, challenge, discovery, metadata, pages, patience, permissions, verdict};
use mi_run::http::{self, Request, Response, Transport};
use mi_run::identity::{Ask, Machine, Selector, Source, acquire, no_token, suspects};
use mi_run::rbac::{PermissionSet, Plane};
use serde_json::Value;

use super::halves;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const URL: &str = "https://management.azure.com/subscriptions/s/resourceGroups/g?api-version=1";

pub(crate) fn fuzz(bytes: &[u8]) {
    let Some((head, body)) = halves(bytes) else { return };
    let status = head.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(200);
    let header = head.get(3..).unwrap_or_default().trim();
    of_identity(status, header, body);
    of_operation(status, header, body);
    challenge::claims(header);
    patience::retry_after(header, NOW);
    patience::remaining(&|_| Some(header.to_owned()));
    let _ = discovery::read(URL, body.as_bytes());
    http::beginning(body.as_bytes());
    http::pem::pair(body.as_bytes()).ok();
    let Ok(value) = serde_json::from_str::<Value>(body) else { return };
    of_access(status, &value);
    metadata::environment(&metadata::machine(&value));
    let _ = metadata::part(&value, header);
    pages::next(&value, URL);
    let mut all = pages::Pages::new(value.clone());
    if all.add(value).is_ok() {
        all.finish();
    }
}

/// What an answer means for access.
fn of_access(status: u16, value: &Value) {
    assignments::held(value);
    assignments::denials(value);
    assignments::locks(value);
    permissions::role(value);
    let entries = permissions::entries(value).unwrap_or_default();
    PermissionSet::of(&entries).decide("Microsoft.Compute/virtualMachines/read", Plane::Control);
    let error = ArmError::read(value);
    verdict::decide(status, error.as_ref(), None);
    permissions::is_too_new(status, error.as_ref());
    patience::hopeless(status, error.as_ref());
    let Some(error) = error else { return };
    let evidence =
        Evidence { permissions: Some(Ok(entries)), now: Some(NOW), issued: Some(NOW), ..Evidence::default() };
    for path in ["/subscriptions/s/resourceGroups/g", "/", ""] {
        let refusal = Refusal { status, error: &error, path };
        for evidence in [&Evidence::default(), &evidence] {
            cure::next(&refusal, evidence).iter().for_each(|probe| drop(probe.url()));
            cure::cure(&refusal, evidence);
        }
    }
}

/// An operation never leads away from where it began.
fn of_operation(status: u16, header: &str, body: &str) {
    let value = serde_json::from_str(body);
    let body = match &value {
        Ok(value) => Body::Json(value),
        Err(_) if body.is_empty() => Body::Empty,
        Err(_) => Body::Other,
    };
    let header = |_: &str| Some(header.to_owned());
    let answer = Answer { status, header: &header, body, now: NOW };
    for method in ["PUT", "DELETE", "POST"] {
        if let Begun::Running(mut operation) = Operation::begin(method, URL, &answer) {
            assert_eq!(http::origin(operation.poll()), http::origin(URL), "{operation:?}");
            operation.answer(&answer);
            assert_eq!(http::origin(operation.poll()), http::origin(URL), "{operation:?}");
        }
    }
}

/// Answers everything the same.
struct Same(Response);

impl Transport for Same {
    fn send(&self, _: Request) -> Pin<Box<dyn Future<Output = http::Answer> + '_>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// What an identity endpoint answers: what is no token is told without the token.
fn of_identity(status: u16, header: &str, body: &str) {
    let headers = vec![("www-authenticate".to_owned(), header.to_owned()), ("server".to_owned(), header.to_owned())];
    let response = Response { status, headers, body: body.to_owned().into(), duration: Duration::ZERO };
    let machine =
        Machine { variable: &|name| set(name), arc_keys: Path::new("/no"), himds: Path::new(""), azure_cli: "" };
    for source in [Source::Imds, Source::AppService, Source::Arc, Source::MachineLearning, Source::ServiceFabric] {
        for selector in [Selector::System, Selector::ClientId("c".to_owned())] {
            let ask = Ask {
                resource: "https://management.azure.com/",
                selector: &selector,
                timeout: Duration::from_secs(1),
                now: NOW,
                imds_endpoint: None,
                authority: "",
                machine: &machine,
                renewal: None,
            };
            match acquire(source, &ask, &Same(response.clone())).now_or_never() {
                Some(Ok(token)) => assert!(!format!("{token:?}").is_empty() && !token.secret.reveal().contains(' ')),
                Some(Err(refusal)) => drop(no_token(&refusal, (source, &selector, "r"), false)),
                None => {}
            }
        }
    }
    suspects(body).iter().for_each(|suspect| assert!(body.contains(suspect)));
}

/// The variables of a machine on which every source is there.
fn set(name: &str) -> Option<String> {
    let value = match name {
        "IDENTITY_ENDPOINT" | "MSI_ENDPOINT" | "IMDS_ENDPOINT" => "http://127.0.0.1:1/token",
        "IDENTITY_SERVER_THUMBPRINT" => "0011223344556677889900112233445566778899",
        "AZURE_AUTHORITY_HOST" => return None,
        _ => "x",
    };
    Some(value.to_owned())
}
