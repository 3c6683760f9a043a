//! Who one is on each kind of machine, and the token that is asked for by name.

use serde_json::Value;

use crate::folder::Folder;
use crate::program::{self, Printed};

/// What `mi-run` prints on a machine of this kind, with these variables in its environment.
fn run(host: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Printed {
    let folder = Folder::new().expect("a folder");
    let world = format!(
        "cloud: china\nhost: {host}\nvm: {{name: web-1, resource_group: web, subscription: dev}}\nsubscriptions:\n  dev: \
         {{resource_groups: {{web: {{location: chinanorth}}}}}}\nidentities:\n  system: {{}}\n  other: {{client_id: \
         1b0f6f0e-3a52-4f44-9f0d-6f1f4f3c2a11}}\n"
    );
    folder.write("world.yaml", world.as_bytes()).expect("a file");
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let arguments: Vec<String> = arguments.iter().copied().chain(["--emulate=world.yaml"]).map(str::to_owned).collect();
    program::run(&folder, &variables, &arguments).expect("it ends")
}

fn json(printed: &Printed) -> Value {
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    serde_json::from_slice(&printed.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
}

#[test]
fn each_kind_of_machine_tells_its_source_and_its_identity() {
    let hosts = [
        ("vm", "imds"),
        ("app_service", "app_service"),
        ("container_apps", "app_service"),
        ("arc", "arc"),
        ("cloud_shell", "cloud_shell"),
        ("machine_learning", "machine_learning"),
        ("service_fabric", "service_fabric"),
        ("aks", "workload_identity"),
    ];
    for (host, source) in hosts {
        let told = json(&run(host, &[], &["whoami", "--format", "json"]));
        assert_eq!(told["source"], source, "{host}");
        assert_eq!(told["claims"]["aud"], "https://management.chinacloudapi.cn/", "{host}");
        assert!(told["reason"].as_str().is_some_and(|reason| reason.len() > 10), "{host}");
        let is_machine = told["machine"]["name"] == "web-1";
        assert_eq!(is_machine, matches!(host, "vm" | "aks" | "service_fabric" | "arc"), "{host}: {}", told["machine"]);
    }
}

#[test]
fn the_environment_of_this_machine_is_not_that_of_the_emulated_one() {
    let told = json(&run("vm", &[("IDENTITY_ENDPOINT", "http://127.0.0.1:9/x")], &["whoami", "--format", "json"]));
    assert_eq!(told["source"], "imds");
}

#[test]
fn a_token_is_printed_alone_or_with_all_that_came() {
    let printed = run("vm", &[], &["token", "graph"]);
    let text = String::from_utf8(printed.stdout).expect("text");
    assert_eq!((text.matches('.').count(), text.lines().count(), printed.exit.as_str()), (2, 1, "0"));
    let all = json(&run(
        "app_service",
        &[],
        &["token", "--json", "--identity", "client_id=1b0f6f0e-3a52-4f44-9f0d-6f1f4f3c2a11"],
    ));
    assert!(all["access_token"].is_string() && all["expires_on"].is_string(), "{all}");
}

#[test]
fn what_cannot_be_is_told_and_the_token_never() {
    #[track_caller]
    fn check(host: &str, arguments: &[&str], part: &str) {
        let printed = run(host, &[], arguments);
        let told = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert!(told.contains(part) && !told.contains("eyJ"), "{part}:\n{told}");
        assert_eq!(printed.exit, "4", "{told}");
    }
    let named = "client_id=2b0f6f0e-3a52-4f44-9f0d-6f1f4f3c2a22";
    check("vm", &["whoami", "--identity", named], "Identity not found");
    check("app_service", &["whoami", "--identity", named], "error[identity-refused]");
    check("arc", &["whoami", "--identity", named], "Azure Arc gives no token for an identity that is named so");
    check("cloud_shell", &["token", "--identity", named], "Cloud Shell gives no token");
    check("service_fabric", &["token", "--identity", named], "Service Fabric gives no token");
    check("vm", &["token", "--source", "cloud_shell"], "`MSI_ENDPOINT` is not set");
    check("vm", &["token", "https://nowhere.example/"], "error[identity-refused]");
}
