//! The attested document: what the VM is, signed. The signature is the emulator's, and proves nothing to anybody else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::emulator::imds::instance;
use crate::emulator::key::Key;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// How long a document is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(6);

/// The document on the VM. Where Azure has a PKCS #7 message, there is JSON with the key's signature beside it.
pub(super) fn document(state: &State, request: &Request, target: &Target) -> Result<Response, Response> {
    let stamp = |at: Timestamp| at.strftime("%m/%d/%y %H:%M:%S -0000").to_string();
    let created = stamp(request.now);
    let nonce = match target.parameter("nonce") {
        None | Some("") => request.now.strftime("%Y%m%d-%H%M%S").to_string(),
        Some(nonce) if nonce.len() <= 32 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) => nonce.to_owned(),
        Some(_) => {
            return Err(instance::refuse(
                400,
                "Bad request. The query variable 'nonce' is up to 32 letters and digits",
            ));
        }
    };
    let content = json!({
        "vmId": state.world.vm.id,
        "subscriptionId": state.world.vm.subscription,
        "sku": "server",
        "nonce": nonce,
        "plan": {"name": "", "product": "", "publisher": ""},
        "timeStamp": {
            "createdOn": created,
            "expiresOn": stamp(request.now.checked_add(LIFETIME).unwrap_or(request.now)),
        },
    });
    let signature = STANDARD.encode(Key::get().sign(content.to_string().as_bytes()));
    let message = json!({"signed_by": "the emulator of mi-run", "content": content, "signature": signature});
    let body = json!({"encoding": "pkcs7", "signature": STANDARD.encode(message.to_string())});
    Ok(Response::json(200, &body))
}
