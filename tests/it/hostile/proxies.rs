//! Proxies: what stays on this machine goes through none, whatever the environment says, and one that is asked for sees no
//! token.

use super::peer::{Server, good, token};
use crate::folder::Folder;
use crate::program::{Printed, run};

const TOKEN: &str = "opaque-token-of-a-test-917";
const KEY: &str = "identity-header-of-a-test-918";

/// All spellings of the variables that name a proxy.
const SPELLINGS: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Runs a playbook with these variables.
fn with(playbook: &str, variables: &[(&str, &str)], options: &[&str]) -> Printed {
    let folder = Folder::new().expect("a folder");
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let arguments: Vec<String> = ["a.yaml"].iter().chain(options).map(|word| (*word).to_owned()).collect();
    run(&folder, &variables, &arguments).expect("it ends")
}

fn told(printed: &Printed) -> String {
    String::from_utf8_lossy(&[printed.stdout.as_slice(), &printed.stderr].concat()).into_owned()
}

#[test]
fn no_proxy_of_the_environment_sees_what_stays_on_this_machine() {
    let playbook = "cloud: china\nsteps:\n  - token: arm\n  - request: GET /x\n  - metadata: compute\n  - request: {url: 'http://127.0.0.2:1/x'}\n    \
                    retry: {attempts: 1}\n  - request: {url: 'http://localhost:1/x'}\n    retry: {attempts: 1}\n";
    for name in SPELLINGS {
        let (proxy, honest) = (Server::answering(good("{}")), Server::answering(token(TOKEN)));
        let url = honest.url();
        let (through, without) = (proxy.url(), proxy.address.to_string());
        for value in [&through, &without] {
            let variables = [(name, value.as_str()), ("NO_PROXY", ""), ("no_proxy", "elsewhere.example")];
            let printed = with(playbook, &variables, &["--imds-endpoint", &url, "--arm-endpoint", &url]);
            assert_eq!((printed.exit.as_str(), proxy.connections()), ("4", 0), "{name}={value}: {}", told(&printed));
            assert!(honest.got().contains(TOKEN), "the token was sent where it belongs");
        }
    }
}

#[test]
fn the_key_of_an_identity_endpoint_goes_through_no_proxy_and_after_no_redirect() {
    let proxy = Server::answering(good("{}"));
    let leads = format!("HTTP/1.1 302 Elsewhere\r\nLocation: {}/x\r\nContent-Length: 0\r\n\r\n", proxy.url());
    let honest = Server::answering(leads);
    let endpoint = format!("{}/msi/token", honest.url());
    let through = proxy.url();
    for (endpoint_name, key_name) in [("IDENTITY_ENDPOINT", "IDENTITY_HEADER"), ("MSI_ENDPOINT", "MSI_SECRET")] {
        let mut variables: Vec<(&str, &str)> = SPELLINGS.iter().map(|name| (*name, through.as_str())).collect();
        variables.extend([(endpoint_name, endpoint.as_str()), (key_name, KEY), ("WEBSITE_SITE_NAME", "site")]);
        let printed = with("cloud: china\nsteps: [{token: arm}]\n", &variables, &[]);
        let told = told(&printed);
        assert_eq!((printed.exit.as_str(), proxy.connections()), ("4", 0), "{told}");
        assert!(told.contains("what answers is not an identity endpoint") && told.contains("status 302"), "{told}");
        assert!(honest.got().contains(KEY) && !told.contains(KEY), "{told}");
    }
}

#[test]
fn a_proxy_that_is_asked_for_sees_where_a_token_goes_and_not_the_token() {
    let playbook = "cloud: china\ndefaults: {timeout: 10s, retry: {attempts: 1}}\nsteps: [{request: GET /x}]\n";
    let honest = Server::answering(token(TOKEN));
    for (name, answer) in [
        ("HTTPS_PROXY", "HTTP/1.1 200 Connection established\r\n\r\nand no TLS"),
        ("https_proxy", "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
        ("ALL_PROXY", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
        ("all_proxy", "noise"),
    ] {
        let proxy = Server::start(move |peer| {
            peer.request()?;
            peer.send(answer.as_bytes())?;
            peer.wait()
        });
        let variables = [(name, proxy.url())];
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let printed = with(playbook, &variables, &["--imds-endpoint", &honest.url()]);
        let (got, told) = (proxy.got(), told(&printed));
        assert_eq!(printed.exit, "4", "{told}");
        assert!(got.starts_with("CONNECT management.chinacloudapi.cn:443 "), "{name}: {got}\n{told}");
        assert!(!got.contains(TOKEN), "{got}");
    }
}

#[test]
fn over_http_no_token_goes_out_be_it_through_a_proxy() {
    let proxy = Server::answering(good("{}"));
    let honest = Server::answering(token(TOKEN));
    let through = proxy.url();
    let variables: Vec<(&str, &str)> = SPELLINGS.iter().map(|name| (*name, through.as_str())).collect();
    let playbook = "cloud: china\nsteps:\n  - request: {url: 'http://outside.invalid/x', auth: arm}\n  - request: {url: 'http://outside.invalid/x'}\n";
    let printed = with(playbook, &variables, &["--imds-endpoint", &honest.url()]);
    let (got, told) = (proxy.got(), told(&printed));
    assert!(told.contains("no token is sent to `http://outside.invalid`"), "{told}");
    // The second step carries none, and goes as the environment says.
    assert!(got.starts_with("GET http://outside.invalid/x HTTP/1.1") && !got.contains(TOKEN), "{got}");
}
