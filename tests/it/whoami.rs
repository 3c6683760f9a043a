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
fn no_request_to_a_local_endpoint_goes_through_a_proxy() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", proxy.local_addr().expect("an address"));
    proxy.set_nonblocking(true).expect("it can be asked without waiting");
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let variables = names.map(|name| (name, url.as_str()));
    for host in ["vm", "app_service", "arc", "cloud_shell", "machine_learning", "service_fabric", "aks"] {
        for arguments in [&["whoami", "--format", "json"][..], &["doctor"], &["token", "graph"]] {
            let printed = run(host, &variables, arguments);
            assert!(matches!(printed.exit.as_str(), "0" | "1"), "{}", String::from_utf8_lossy(&printed.stderr));
        }
    }
    let came = proxy.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(came, Err(std::io::ErrorKind::WouldBlock), "somebody asked the proxy");
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

/// What `mi-run token` says, where this answers in the place of the instance metadata service.
fn answered_by(answer: impl FnOnce(std::net::TcpStream) + Send + 'static) -> Printed {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = [0; 4096];
        let _ = std::io::Read::read(&mut stream, &mut request);
        answer(stream);
    });
    let folder = Folder::new().expect("a folder");
    let arguments = ["token", "--cloud", "public", "--imds-endpoint", &url].map(str::to_owned);
    let printed = program::run(&folder, &[], &arguments).expect("it ends");
    server.join().expect("it answered");
    printed
}

#[test]
fn five_megabytes_of_headers_are_not_read() {
    let printed = answered_by(|mut stream| {
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n");
        let line = format!("x-{}: {}\r\n", "a".repeat(20), "b".repeat(1000));
        // The client gives up on the way.
        for _ in 0..5000 {
            if std::io::Write::write_all(&mut stream, line.as_bytes()).is_err() {
                return;
            }
        }
    });
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert_eq!(printed.exit, "4", "{told}");
    assert!(told.contains("error[no-identity-endpoint]") && told.len() < 2000, "{told}");
}

#[test]
fn an_error_with_status_200_and_a_token_behind_it_are_told_apart() {
    let check = |body: &'static str, exit: &str, part: &str| {
        let printed = answered_by(move |mut stream| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = std::io::Write::write_all(&mut stream, (head + body).as_bytes());
        });
        let told = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert_eq!(printed.exit, exit, "{told}");
        assert!(told.contains(part) && !told.contains("hunter2"), "{told}");
    };
    check(r#"{"error": "invalid_request", "error_description": "no"}"#, "4", "status 200, `invalid_request`: no");
    check(r#"{"access_token": "hunter2-hunter2 hunter2"}"#, "4", "holds characters that no token has");
    check("<html>hunter</html>", "4", "the body is not JSON");
    for expires in ["4102444800", "\"4102444800\"", "\"2100-01-01T00:00:00Z\"", "\"soon\"", "null", "[]", "-1", "1e400"]
    {
        let body = format!(r#"{{"access_token": "hunter2-hunter2", "expires_on": {expires}}}"#);
        let (exit, part) = if expires == "1e400" { ("4", "not JSON") } else { ("0", "") };
        check(body.leak(), exit, part);
    }
}

#[test]
fn a_certificate_of_another_and_a_broken_token_file_are_told() {
    let check = |host: &str, change: &str, part: &str| {
        let folder = Folder::new().expect("a folder");
        folder
            .write("world.yaml", format!("cloud: china\nhost: {host}\nidentities: {{system: {{}}}}\n").as_bytes())
            .expect("a file");
        folder.write("empty", b"").expect("a file");
        let line = ["emulate", "world.yaml", "--", "env", change, "mi-run", "token", "--cloud", "china"];
        let printed = program::run(&folder, &[], &line.map(str::to_owned)).expect("it ends");
        let told = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert!(told.contains(part) && !told.contains("eyJ"), "{told}");
        assert_eq!(printed.exit, "4", "{told}");
    };
    let other = format!("IDENTITY_SERVER_THUMBPRINT={}", "0f".repeat(20));
    check("service_fabric", &other, "certificate");
    check("service_fabric", "IDENTITY_SERVER_THUMBPRINT=0f", "is not the SHA-1 of a certificate");
    check("aks", "AZURE_FEDERATED_TOKEN_FILE=empty", "is empty");
    check("aks", "AZURE_FEDERATED_TOKEN_FILE=nowhere", "cannot be read");
    check("aks", "AZURE_FEDERATED_TOKEN_FILE=.", "is a folder");
    check("aks", "AZURE_FEDERATED_TOKEN_FILE=world.yaml", "holds no token");
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
    check("arc", &["whoami", "--identity", named], "Identity not found");
    check("vm", &["token", "--source", "environment"], "and `AZURE_TENANT_ID` is not set");
    check("vm", &["token", "--source", "azure_cli"], "no Azure CLI can be asked here");
    check("cloud_shell", &["token", "--identity", named], "Cloud Shell gives no token");
    check("service_fabric", &["token", "--identity", named], "Service Fabric gives no token");
    check("vm", &["token", "--source", "cloud_shell"], "`MSI_ENDPOINT` is not set");
    check("vm", &["token", "https://nowhere.example/"], "error[identity-refused]");
}
