//! The emulated servers as one pure function from a request to a response.

use crate::emulator::journal::Exchange;
use crate::emulator::message::{Door, Request, Response};
use crate::emulator::state::State;
use crate::emulator::{arm, authority, control, imds, mischief};

/// Answers a request as Azure would, or as the world's faults want it.
pub fn answer(state: &State, request: &Request) -> Response {
    if request.door == Door::Control {
        return control::answer(state, request).with("Date", date(request));
    }
    let ordinary = || match request.door {
        Door::Imds => imds::answer(state, request),
        Door::Arm => arm::answer(state, request),
        Door::Authority | Door::Control => authority::answer(state, request),
    };
    let response = match state.fault(request) {
        Some(fault) => mischief::answer(state, (request, &fault), ordinary),
        None => ordinary(),
    };
    let mut response = response.with("Date", date(request));
    if request.method == "HEAD" {
        response.body = Vec::new();
    }
    state.remember(Exchange::of(request, &response));
    response
}

fn date(request: &Request) -> String {
    request.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
