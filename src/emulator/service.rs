//! The emulated servers as one pure function from a request to a response.

use crate::emulator::message::{Door, Request, Response};
use crate::emulator::state::State;
use crate::emulator::{arm, authority, imds};

/// Answers a request as Azure would.
pub fn answer(state: &State, request: &Request) -> Response {
    let response = match request.door {
        Door::Imds => imds::answer(state, request),
        Door::Arm => arm::answer(state, request),
        Door::Authority => authority::answer(state, request),
    };
    let response = response.with("Date", date(request));
    match request.method.as_str() {
        "HEAD" => Response { body: Vec::new(), ..response },
        _ => response,
    }
}

fn date(request: &Request) -> String {
    request.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
