//! The filter `arm_id`: a Resource Manager id taken apart.

use crate::value::{Map, Value};

/// The parts of a Resource Manager id: `id`, `subscription`, `resource_group`, `provider`, `type`, `name` and
/// `parent`, null where the id has no such part. `None` when the text is not such an id.
pub(super) fn parts(id: &str) -> Option<Value> {
    let id = id.strip_suffix('/').unwrap_or(id);
    let segments: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
    if segments.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    let scope = Scope::read(&segments)?;
    let (provider, kind, name, parent) = match scope.providers.last() {
        Some(provider) => {
            let kind = provider.types.join("/");
            (
                Some(provider.namespace),
                Some(format!("{}/{kind}", provider.namespace)),
                provider.names.last().copied(),
                parent(&segments, provider),
            )
        }
        None => {
            let kind = match scope.resource_group {
                Some(_) => "Microsoft.Resources/resourceGroups",
                None => "Microsoft.Resources/subscriptions",
            };
            let outer = scope
                .resource_group
                .and(scope.subscription)
                .map(|subscription| format!("/subscriptions/{subscription}"));
            (None, Some(kind.to_owned()), scope.resource_group.or(scope.subscription), outer)
        }
    };
    let entries: [(&str, Option<String>); 7] = [
        ("id", Some(id.to_owned())),
        ("subscription", scope.subscription.map(str::to_owned)),
        ("resource_group", scope.resource_group.map(str::to_owned)),
        ("provider", provider.map(str::to_owned)),
        ("type", kind),
        ("name", name.map(str::to_owned)),
        ("parent", parent),
    ];
    Some(Value::Object(
        entries.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect::<Map<_, _>>(),
    ))
}

struct Scope<'i> {
    subscription: Option<&'i str>,
    resource_group: Option<&'i str>,
    providers: Vec<Provider<'i>>,
}

/// One `/providers/Namespace/type/name/type/name`, of which extension resources have a second.
struct Provider<'i> {
    namespace: &'i str,
    types: Vec<&'i str>,
    names: Vec<&'i str>,
}

impl<'i> Scope<'i> {
    fn read(segments: &[&'i str]) -> Option<Scope<'i>> {
        let mut scope = Scope { subscription: None, resource_group: None, providers: Vec::new() };
        let mut pairs = segments.chunks(2).peekable();
        scope.subscription = named(pairs.peek(), "subscriptions");
        if scope.subscription.is_some() {
            pairs.next();
            scope.resource_group = named(pairs.peek(), "resourceGroups");
            if scope.resource_group.is_some() {
                pairs.next();
            }
        }
        for pair in pairs {
            match (pair, scope.providers.last_mut()) {
                ([word, namespace], _) if word.eq_ignore_ascii_case("providers") => {
                    scope.providers.push(Provider { namespace, types: Vec::new(), names: Vec::new() });
                }
                ([kind, name], Some(provider)) => {
                    provider.types.push(kind);
                    provider.names.push(name);
                }
                _ => return None,
            }
        }
        let whole = scope.providers.iter().all(|provider| !provider.names.is_empty());
        (whole && (scope.subscription.is_some() || !scope.providers.is_empty())).then_some(scope)
    }
}

fn named<'i>(pair: Option<&&[&'i str]>, word: &str) -> Option<&'i str> {
    match pair {
        Some([first, name]) if first.eq_ignore_ascii_case(word) => Some(name),
        _ => None,
    }
}

/// The id without its last type and name, and without the provider where that leaves nothing of it.
fn parent(segments: &[&str], provider: &Provider<'_>) -> Option<String> {
    let dropped = if provider.names.len() == 1 { 4 } else { 2 };
    let kept = segments.len().checked_sub(dropped).filter(|kept| *kept > 0)?;
    Some(format!("/{}", segments[..kept].join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn takes_ids_apart() {
        let check = |id: &str, expected: Option<[Value; 6]>| {
            let keys = ["subscription", "resource_group", "provider", "type", "name", "parent"];
            let found = parts(id).map(|parts| keys.map(|key| parts[key].clone()));
            assert_eq!(found, expected, "{id}");
        };
        let none = || Value::Null;
        check(
            "/subscriptions/s",
            Some([json!("s"), none(), none(), json!("Microsoft.Resources/subscriptions"), json!("s"), none()]),
        );
        check(
            "/subscriptions/s/resourcegroups/g/",
            Some([
                json!("s"),
                json!("g"),
                none(),
                json!("Microsoft.Resources/resourceGroups"),
                json!("g"),
                json!("/subscriptions/s"),
            ]),
        );
        let vm = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web-1";
        check(
            vm,
            Some([
                json!("s"),
                json!("g"),
                json!("Microsoft.Compute"),
                json!("Microsoft.Compute/virtualMachines"),
                json!("web-1"),
                json!("/subscriptions/s/resourceGroups/g"),
            ]),
        );
        check(
            &format!("{vm}/extensions/e"),
            Some([
                json!("s"),
                json!("g"),
                json!("Microsoft.Compute"),
                json!("Microsoft.Compute/virtualMachines/extensions"),
                json!("e"),
                json!(vm),
            ]),
        );
        check(
            &format!("{vm}/providers/Microsoft.Authorization/roleAssignments/r"),
            Some([
                json!("s"),
                json!("g"),
                json!("Microsoft.Authorization"),
                json!("Microsoft.Authorization/roleAssignments"),
                json!("r"),
                json!(vm),
            ]),
        );
        check(
            "/providers/Microsoft.Management/managementGroups/m",
            Some([
                none(),
                none(),
                json!("Microsoft.Management"),
                json!("Microsoft.Management/managementGroups"),
                json!("m"),
                none(),
            ]),
        );
        for wrong in [
            "",
            "/",
            "x",
            "/subscriptions",
            "/subscriptions//x",
            "/subscriptions/s/resourceGroups",
            "/subscriptions/s/other/x",
            "/subscriptions/s/providers/N",
            "/subscriptions/s/providers/N/t",
        ] {
            check(wrong, None);
        }
    }
}
