//! The quickstart as a user feels it: the whole process, from its start to its end, beside Hurl with the same requests.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod bench;

use std::fs;
use std::path::Path;

use bench::{Outcome, SUBSCRIPTION, Subject};

fn main() -> Outcome {
    bench::main(|| {
        let server = bench::serve()?;
        let playbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/quickstart.yaml");
        let file = bench::scratch("quickstart.hurl");
        fs::write(&file, bench::hurl_token(&server) + &bench::hurl_group(&server, "DevTest") + &closed(&server))?;
        bench::compare("quickstart", 100, &[Subject::mi_run(&playbook, &server), Subject::hurl(&file)])
    })
}

/// The request that must be refused, for Hurl.
fn closed(server: &str) -> String {
    format!(
        "GET {server}/subscriptions/{SUBSCRIPTION}/resourceGroups/Prod?api-version=2021-04-01\n\
        Authorization: Bearer {{{{token}}}}\nHTTP 403\n[Asserts]\njsonpath \"$.error.code\" == \"AuthorizationFailed\"\n"
    )
}
