//! What both benchmarks share: playbooks, and the answers to what these ask.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// The subscription that is read.
pub(crate) const SUBSCRIPTION: &str = "98f51385-2edc-4b79-bed9-7718de4cb861";

/// The audience of Resource Manager in the China cloud.
const AUDIENCE: &str = "https://management.chinacloudapi.cn/";

/// How a playbook begins.
pub(crate) const HEAD: &str = "cloud: china\nsteps:\n";

/// The step that asks for a token and captures whose it is.
pub(crate) const TOKEN: &str = "  - name: Token
    token: https://management.chinacloudapi.cn/
    capture: {principal: $.oid}
";

/// The step that reads a group, with what else it has.
pub(crate) fn read(group: &str, more: &str) -> String {
    format!(
        "  - name: Read {group}
    request: GET {}
    expect:
      status: 200
      json:
        $.name: \"{group}\"
        $.properties.provisioningState: Succeeded
{more}",
        target(group)
    )
}

/// Steps that read groups and capture the location of each.
pub(crate) fn groups(groups: impl IntoIterator<Item = String>) -> String {
    let each =
        |(number, group): (usize, String)| read(&group, &format!("    capture: {{location_{number}: $.location}}\n"));
    groups.into_iter().enumerate().map(each).collect()
}

/// A step that reads one group after the other in a loop.
pub(crate) fn looped(turns: usize) -> String {
    read("group-{{ item }}", &format!("    for_each: \"{{{{ range({turns}) }}}}\"\n"))
}

/// Names of groups.
pub(crate) fn numbered(count: usize, word: &str) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{word}-{number}"))
}

/// What is asked for a resource group.
pub(crate) fn target(group: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}?api-version=2021-04-01")
}

/// The answer about the group at a path, which is always there.
pub(crate) fn group(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let properties = r#""location":"chinanorth","tags":{},"properties":{"provisioningState":"Succeeded"}"#;
    format!(r#"{{"id":"{path}","name":"{name}","type":"Microsoft.Resources/resourceGroups",{properties}}}"#)
}

/// A list of resources: 2.2 MB of them are 8,000.
pub(crate) fn list(count: usize) -> String {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/DevTest");
    let more = r#""location":"chinanorth","sku":{"name":"Standard_LRS","tier":"Standard"},"tags":{"team":"web"}"#;
    let mut list = r#"{"value":["#.to_owned();
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        // A text takes everything that is written to it.
        let _ = write!(
            list,
            r#"{comma}{{"id":"{group}/providers/Microsoft.Storage/storageAccounts/data{number}","name":"data{number}","type":"Microsoft.Storage/storageAccounts",{more}}}"#
        );
    }
    list + "]}"
}

/// The identity endpoint's answer, with a token that nobody signed.
pub(crate) fn token() -> String {
    let claims = format!(
        r#"{{"aud":"{AUDIENCE}","exp":4102444800,"oid":"00000000-0000-0000-0000-000000000001","tid":"00000000-0000-0000-0000-000000000002"}}"#
    );
    let token = [r#"{"alg":"none","typ":"JWT"}"#, &claims, "unsigned"].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let token = token.join(".");
    format!(
        r#"{{"access_token":"{token}","client_id":"00000000-0000-0000-0000-000000000003","expires_in":"86399","expires_on":"4102444800","ext_expires_in":"86399","not_before":"1700000000","resource":"{AUDIENCE}","token_type":"Bearer"}}"#
    )
}
