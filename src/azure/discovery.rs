//! What a Resource Manager says of its cloud, in the shape of each api-version of `/metadata/endpoints`.
//!
//! Sources: the documents of public Resource Manager (`2022-09-01`: one cloud, `2019-05-01` and `2020-06-01`: all clouds it
//! knows) and of Azure Stack Hub (`2015-01-01`), as Azure CLI, Azure PowerShell and go-azure-sdk read them.

use serde_json::Value;

use super::cloud::Cloud;
use crate::http::{is_loopback, json, origin};

/// The versions that are asked for, one after the other until one is known.
pub const VERSIONS: [&str; 3] = ["2022-09-01", "2019-05-01", "2015-01-01"];

/// The path of the document.
const PATH: &str = "/metadata/endpoints";

/// The URLs to ask, the next when one is not known there. A URL that names the document itself is asked as it is.
pub fn urls(place: &str) -> Vec<String> {
    let place = place.trim_end_matches('/');
    match place.split_once('?') {
        Some(_) => vec![place.to_owned()],
        None => {
            let base = place.strip_suffix(PATH).unwrap_or(place);
            VERSIONS.iter().map(|version| format!("{base}{PATH}?api-version={version}")).collect()
        }
    }
}

/// Whether a place may be asked, and may be where tokens go: over https, or on this machine.
pub fn is_safe(url: &str) -> bool {
    origin(url).is_some_and(|(scheme, host, _)| scheme == "https" || scheme == "http" && is_loopback(&host))
}

/// Reads the document that came from `place`.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(place: &str, body: &[u8]) -> Result<Cloud, String> {
    let document = json(body).map_err(|_| "the answer is not JSON".to_owned())?;
    let entry = match &document {
        Value::Array(entries) => own(place, entries)?,
        Value::Object(_) => &document,
        _ => return Err("the answer describes no cloud".to_owned()),
    };
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let here = place.find("://").map(|at| at + 3 + place[at + 3..].find(['/', '?']).unwrap_or(place.len() - at - 3));
    let arm = text("/resourceManager").unwrap_or(&place[..here.unwrap_or(place.len())]).trim_end_matches('/');
    let lacks = |key: &str| format!("the answer has no `{key}`");
    let authority = text("/authentication/loginEndpoint").ok_or_else(|| lacks("authentication.loginEndpoint"))?;
    let audiences = entry.pointer("/authentication/audiences").and_then(Value::as_array);
    let audiences: Vec<&str> = audiences.into_iter().flatten().filter_map(Value::as_str).collect();
    let first = *audiences.first().ok_or_else(|| lacks("authentication.audiences"))?;
    for url in [arm, authority] {
        if !is_safe(url) {
            return Err(format!("`{}` is neither https nor on this machine", url.escape_debug()));
        }
    }
    if let Some(owner) = audiences.iter().find_map(|audience| Cloud::of_url(audience)).filter(|_| !is_own(arm)) {
        return Err(format!("`{}` wants tokens that are for `{}` alone", arm.escape_debug(), owner.arm));
    }
    let known = text("/name").and_then(Cloud::of_environment).or_else(|| Cloud::all().find(|cloud| cloud.is_arm(arm)));
    let suffix = text("/suffixes/keyVaultDns").map(|suffix| format!("https://{}", suffix.trim_start_matches('.')));
    let of_known = |part: fn(&Cloud) -> &String| known.as_ref().map(part).cloned();
    let graph = text("/microsoftGraphResourceId").map(str::to_owned);
    Ok(Cloud {
        name: known.as_ref().map(|cloud| cloud.name.clone()).unwrap_or_else(|| name(entry, arm)),
        audience: audience(arm, (first, &audiences), known.as_ref()),
        arm: arm.to_owned(),
        authority: authority.trim_end_matches('/').to_owned(),
        graph: of_known(|cloud| &cloud.graph).or(graph).unwrap_or_default(),
        key_vault: of_known(|cloud| &cloud.key_vault).or(suffix).unwrap_or_default(),
        storage: of_known(|cloud| &cloud.storage).unwrap_or_default(),
    })
}

/// Whether a Resource Manager may have tokens for a cloud that is known: that cloud's own, or one on this machine.
fn is_own(arm: &str) -> bool {
    let host = origin(arm).map(|(_, host, _)| host).unwrap_or_default();
    is_loopback(&host) || Cloud::of_url(arm).is_some() || Cloud::all().any(|cloud| is_below(&host, &cloud.arm))
}

/// Whether a host lies below that of a URL.
fn is_below(host: &str, url: &str) -> bool {
    origin(url).is_some_and(|(_, own, _)| host.strip_suffix(&*own).is_some_and(|rest| rest.ends_with('.')))
}

/// Of all clouds that a Resource Manager knows, its own.
fn own<'d>(place: &str, entries: &'d [Value]) -> Result<&'d Value, String> {
    let arm = |entry: &'d Value| entry.get("resourceManager").and_then(Value::as_str).and_then(origin);
    let here = origin(place);
    let found = entries.iter().find(|entry| here.is_some() && arm(entry) == here);
    if let (None, [only]) = (found, entries) {
        return Ok(only);
    }
    found.ok_or_else(|| {
        let names: Vec<&str> = entries.iter().filter_map(|entry| entry.get("name")?.as_str()).collect();
        format!("the answer describes clouds that are elsewhere: {}", names.join(", "))
    })
}

/// The resource to ask a token for. Where Resource Manager's own URL is among the audiences it is that one, with the slash
/// that every Resource Manager takes; in a cloud that is known, what is known to be right there.
fn audience(arm: &str, (first, all): (&str, &[&str]), known: Option<&Cloud>) -> String {
    let is_listed = |url: &str| all.iter().any(|audience| audience.trim_end_matches('/') == url.trim_end_matches('/'));
    match known {
        _ if is_listed(arm) => format!("{arm}/"),
        Some(cloud) if is_listed(&cloud.audience) => cloud.audience.clone(),
        _ => first.to_owned(),
    }
}

/// What a cloud is called: as it says, or by its host.
fn name(entry: &Value, arm: &str) -> String {
    let said = entry.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    said.map(str::to_owned).or_else(|| origin(arm).map(|(_, host, _)| host.into_owned())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(name: &str, arm: &str, audiences: &[&str]) -> Value {
        json!({
            "name": name, "resourceManager": arm,
            "authentication": {"loginEndpoint": "https://login.example/", "audiences": audiences},
            "suffixes": {"keyVaultDns": "vault.example"}, "microsoftGraphResourceId": "https://graph.example/",
        })
    }

    #[track_caller]
    fn check(place: &str, document: &Value, expected: Result<[&str; 6], &str>) {
        match (read(place, document.to_string().as_bytes()), expected) {
            (Ok(cloud), Ok(expected)) => {
                let found =
                    [&cloud.name, &cloud.arm, &cloud.audience, &cloud.authority, &cloud.graph, &cloud.key_vault];
                assert_eq!(found.map(String::as_str), expected);
            }
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn all_three_shapes_are_read() {
        let arm = "https://arm.example/";
        let one = entry("Own", arm, &["https://arm.example", "https://other.example"]);
        let own = [
            "Own",
            "https://arm.example",
            "https://arm.example/",
            "https://login.example",
            "https://graph.example/",
            "https://vault.example",
        ];
        check("https://arm.example/metadata/endpoints", &one, Ok(own));
        let other = entry("Other", "https://b.example", &["https://b.example"]);
        check("https://arm.example", &json!([other, one]), Ok(own));
        check("https://c.example", &json!([one]), Ok(own));
        check("https://c.example", &json!([other, one]), Err("Other, Own"));
        let short = json!({
            "galleryEndpoint": "", "graphEndpoint": "https://graph.local/",
            "authentication": {"loginEndpoint": "https://adfs.local/adfs/", "audiences": ["https://management.adfs.local/guid"]},
        });
        let stack = [
            "arm.local",
            "https://arm.local:30005",
            "https://management.adfs.local/guid",
            "https://adfs.local/adfs",
            "",
            "",
        ];
        check("https://arm.local:30005/metadata/endpoints?api-version=2015-01-01", &short, Ok(stack));
    }

    #[test]
    fn a_known_cloud_keeps_its_slash() {
        let core = ["https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn"];
        let china = entry("AzureChinaCloud", "https://127.0.0.1:4/", &core);
        let expected = [
            "china",
            "https://127.0.0.1:4",
            "https://management.chinacloudapi.cn/",
            "https://login.example",
            "https://microsoftgraph.chinacloudapi.cn",
            "https://vault.azure.cn",
        ];
        check("https://127.0.0.1:4", &china, Ok(expected));
    }

    #[test]
    fn what_is_no_such_document_is_told() {
        let place = "https://arm.example";
        check(place, &json!("<html>"), Err("describes no cloud"));
        check(place, &json!({}), Err("`authentication.loginEndpoint`"));
        check(place, &entry("Own", "http://arm.example", &["x"]), Err("neither https"));
        check(place, &entry("Own", place, &[]), Err("`authentication.audiences`"));
        assert!(read(place, b"<html>").is_err_and(|why| why.contains("not JSON")));
        let marked = [b"\xef\xbb\xbf".as_slice(), entry("Own", place, &[place]).to_string().as_bytes()].concat();
        assert!(read(place, &marked).is_ok());
    }

    #[test]
    fn nobody_gets_the_tokens_of_a_cloud_that_is_known_but_that_cloud() {
        let public = ["https://management.azure.com/"];
        for arm in
            ["https://evil.example", "https://management.azure.com.evil.example", "https://evil-management.azure.com"]
        {
            check(arm, &entry("AzureCloud", arm, &public), Err("`https://management.azure.com` alone"));
            let hidden = entry("Own", arm, &[arm, "https://vault.azure.net"]);
            check(arm, &hidden, Err("wants tokens that are for"));
        }
        for arm in ["https://management.azure.com", "https://westeurope.management.azure.com", "https://127.0.0.1:4"] {
            assert!(read(arm, entry("AzureCloud", arm, &public).to_string().as_bytes()).is_ok(), "{arm}");
        }
    }

    #[test]
    fn the_document_is_asked_for_in_each_version() {
        let all = VERSIONS.map(|version| format!("https://a/metadata/endpoints?api-version={version}"));
        for place in ["https://a", "https://a/", "https://a/metadata/endpoints"] {
            assert_eq!(urls(place), all, "{place}");
        }
        assert_eq!(urls("https://a/metadata/endpoints?api-version=1"), ["https://a/metadata/endpoints?api-version=1"]);
    }
}
