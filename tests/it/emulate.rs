//! `mi-run emulate` on its own: a process that other processes talk to, over http and over TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::folder::{Folder, repository};
use crate::program::{Background, run, start, words};

/// The emulator, and its ready line.
fn emulator(folder: &Folder) -> (Background, Value) {
    let (background, line) = start(folder, &words(&["emulate"])).expect("the emulator starts");
    (background, serde_json::from_str(&line).expect("the ready line is JSON"))
}

fn text<'v>(ready: &'v Value, name: &str) -> &'v str {
    ready[name].as_str().unwrap_or_else(|| panic!("the ready line has `{name}`: {ready}"))
}

/// The answer to a request that is written out here, as it came.
fn raw(url: &str, request: &str) -> String {
    let address = url.strip_prefix("http://").expect("plain http");
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).expect("it takes the request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers and closes");
    answer
}

#[test]
fn the_ready_line_tells_clients_all_they_need() {
    let folder = Folder::new().expect("a folder");
    let (_background, ready) = emulator(&folder);
    for name in ["imds", "arm_http"] {
        assert!(text(&ready, name).starts_with("http://127.0.0.1:"), "{ready}");
    }
    for name in ["arm", "authority"] {
        assert!(text(&ready, name).starts_with("https://127.0.0.1:"), "{ready}");
    }
    let authority = std::fs::read_to_string(text(&ready, "ca_file")).expect("the CA file is there");
    assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"), "{authority}");
    let env = &ready["env"];
    assert_eq!(env["AZURE_POD_IDENTITY_AUTHORITY_HOST"], ready["imds"]);
    assert_eq!(env["MI_RUN_ARM_ENDPOINT"], ready["arm"]);
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        assert_eq!(env[name], ready["ca_file"], "{name}");
    }
}

#[test]
fn a_playbook_runs_against_it_over_tls_by_option_and_by_environment() {
    let folder = Folder::new().expect("a folder");
    let (_background, ready) = emulator(&folder);
    let playbook = repository().join("playbooks/verify.yaml").display().to_string();
    let by_option = words(&[
        &playbook,
        "--imds-endpoint",
        text(&ready, "imds"),
        "--arm-endpoint",
        text(&ready, "arm"),
        "--ca-file",
        text(&ready, "ca_file"),
    ]);
    let printed = run(&folder, &[], &by_option).expect("it runs");
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stdout));
    let env = ready["env"].as_object().expect("a map");
    let variables: Vec<(String, String)> =
        env.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    let printed = run(&folder, &variables, &words(&[&playbook])).expect("it runs");
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stdout));
    let untrusting =
        words(&[&playbook, "--imds-endpoint", text(&ready, "imds"), "--arm-endpoint", text(&ready, "arm")]);
    let printed = run(&folder, &[], &untrusting).expect("it runs");
    let shown = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert_eq!(printed.exit, "4", "{shown}");
    assert!(shown.contains("error[tls-failed]") && shown.contains("--ca-file"), "{shown}");
}

#[test]
fn it_refuses_what_the_endpoint_of_a_vm_refuses() {
    let folder = Folder::new().expect("a folder");
    let (_background, ready) = emulator(&folder);
    let token = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.chinacloudapi.cn/";
    let imds = text(&ready, "imds");
    let check = |head: &str, status: &str, words: &str| {
        let answer = raw(imds, &format!("{head}\nHost: imds\nConnection: close\n\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(words), "{head}\n{answer}");
    };
    check(&format!("GET {token} HTTP/1.1\nMetadata: true"), "200", r#""token_type":"Bearer""#);
    check(&format!("GET {token} HTTP/1.1"), "400", "Required metadata header not specified");
    check(&format!("POST {token} HTTP/1.1\nMetadata: true\nContent-Length: 0"), "405", "error");
    check(&format!("GET {token}&client_id=x HTTP/1.1\nMetadata: true"), "400", "Identity not found");
    check("GET /metadata/identity/oauth2/token?api-version=2018-02-01 HTTP/1.1\nMetadata: true", "400", "'resource'");
}

#[cfg(unix)]
#[test]
fn signals_end_it_at_once_and_it_takes_its_files_along() {
    for signal in [nix::sys::signal::Signal::SIGINT, nix::sys::signal::Signal::SIGTERM] {
        let folder = Folder::new().expect("a folder");
        let (background, ready) = emulator(&folder);
        assert_eq!(background.signal(signal), Ok(0));
        assert!(!std::path::Path::new(text(&ready, "ca_file")).exists());
    }
}

#[test]
fn a_port_that_is_taken_is_told() {
    let folder = Folder::new().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let printed = run(&folder, &[], &words(&["emulate", "--imds-port", &port])).expect("it ends");
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert_eq!(printed.exit, "4", "{told}");
    assert!(told.contains(&format!("cannot listen on port {port}")), "{told}");
}
