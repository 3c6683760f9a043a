//! Instance metadata: the document on the VM, and the parts of it that a path selects.

use serde_json::{Value, json};

use crate::emulator::message::Response;
use crate::emulator::target::Target;
use crate::emulator::world::{Vm, World};

/// An error in the shape of the paths that are not about identities.
pub(super) fn refuse(status: u16, description: &str) -> Response {
    Response::json(status, &json!({"error": description}))
}

/// The refusal of a request without the metadata header, to the byte as it was observed.
pub(super) fn unmarked() -> Response {
    Response::text(
        400,
        "application/json; charset=utf-8",
        r#"{ "error": "Bad request: . Required metadata header not specified" }"#.to_owned(),
    )
}

/// The part of the document that a path selects. A leaf is given as text, and only when text is asked for.
pub(super) fn select(world: &World, path: &[String], target: &Target) -> Result<Response, Response> {
    let document = document(world);
    let mut part = &document;
    for segment in path {
        part = child(part, segment).ok_or_else(|| refuse(404, "Not found"))?;
    }
    let format = target.parameter("format").unwrap_or("json");
    let text = |body: String| Response::text(200, "text/plain; charset=utf-8", body);
    match (part, format.to_ascii_lowercase().as_str()) {
        (Value::Object(_) | Value::Array(_), "json") => Ok(Response::json(200, part)),
        (Value::String(leaf), "text") => Ok(text(leaf.clone())),
        (Value::Object(_) | Value::Array(_), "text") => Ok(text(listing(part))),
        (_, "json") => {
            Err(refuse(400, "Bad request. This element is a leaf: it requires the query variable format=text"))
        }
        _ => Err(refuse(400, "Bad request. The query variable 'format' is json or text")),
    }
}

fn child<'a>(part: &'a Value, segment: &str) -> Option<&'a Value> {
    match part {
        Value::Object(members) => {
            members.iter().find(|(name, _)| name.eq_ignore_ascii_case(segment)).map(|(_, value)| value)
        }
        Value::Array(elements) => elements.get(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The names below an element, one a line; what has parts itself ends in a slash.
fn listing(part: &Value) -> String {
    let line = |name: String, value: &Value| match value {
        Value::Object(_) | Value::Array(_) => format!("{name}/"),
        _ => name,
    };
    let lines: Vec<String> = match part {
        Value::Object(members) => members.iter().map(|(name, value)| line(name.clone(), value)).collect(),
        Value::Array(elements) => elements.iter().enumerate().map(|(at, value)| line(at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    lines.join("\n")
}

/// The whole document. Every primitive is a string, and what does not apply is empty, not left out.
fn document(world: &World) -> Value {
    let Vm { name, id, subscription, resource_group, location } = &world.vm;
    let tags = tags(world);
    let listed: Vec<Value> = tags.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let joined: Vec<String> = tags.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    json!({
        "compute": {
            "azEnvironment": world.cloud.facts().environment,
            "customData": "",
            "location": location,
            "name": name,
            "offer": "ubuntu-24_04-lts",
            "osType": "Linux",
            "placementGroupId": "",
            "platformFaultDomain": "0",
            "platformUpdateDomain": "0",
            "priority": "",
            "provider": "Microsoft.Compute",
            "publisher": "Canonical",
            "resourceGroupName": resource_group,
            "resourceId": format!(
                "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Compute\
                 /virtualMachines/{name}"
            ),
            "securityProfile": {
                "secureBootEnabled": "true",
                "securityType": "TrustedLaunch",
                "virtualTpmEnabled": "true",
            },
            "sku": "server",
            "subscriptionId": subscription,
            "tags": joined.join(";"),
            "tagsList": listed,
            "version": "latest",
            "vmId": id,
            "vmScaleSetName": "",
            "vmSize": "Standard_D2s_v5",
            "zone": "",
        },
        "network": {
            "interface": [{
                "ipv4": {
                    "ipAddress": [{"privateIpAddress": "10.0.0.4", "publicIpAddress": ""}],
                    "subnet": [{"address": "10.0.0.0", "prefix": "24"}],
                },
                "ipv6": {"ipAddress": []},
                "macAddress": "000D3A000004",
            }],
        },
    })
}

/// The tags of the machine's own resource, if the world has it.
fn tags(world: &World) -> Vec<(String, String)> {
    let group = world.subscription(&world.vm.subscription).into_iter().flat_map(|subscription| &subscription.groups);
    let mut resources = group
        .filter(|group| group.name.eq_ignore_ascii_case(&world.vm.resource_group))
        .flat_map(|group| &group.resources);
    let own = resources.find(|resource| {
        resource.name.eq_ignore_ascii_case(&world.vm.name)
            && resource.kind.eq_ignore_ascii_case(world.host.resource_type())
    });
    let tags = own.and_then(|resource| resource.body.get("tags")).and_then(Value::as_object);
    tags.into_iter().flatten().map(|(name, value)| (name.clone(), crate::value::to_text(value))).collect()
}
