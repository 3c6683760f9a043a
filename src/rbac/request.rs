//! From a method and a path to the operation that roles must grant, and the scope at which they must.

use crate::rbac::Scope;

/// What a request wants to do, in the words of access control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The operation's name; its case follows the path.
    pub action: String,
    /// The scope that is checked, and named in a refusal.
    pub scope: Scope,
}

/// What the methods do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Read,
    Write,
    Delete,
    Action,
}

impl Verb {
    fn of(method: &str) -> Option<Verb> {
        match method {
            "GET" | "HEAD" => Some(Verb::Read),
            "PUT" | "PATCH" => Some(Verb::Write),
            "DELETE" => Some(Verb::Delete),
            "POST" => Some(Verb::Action),
            _ => None,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Verb::Read => "read",
            Verb::Write => "write",
            Verb::Delete => "delete",
            Verb::Action => "action",
        }
    }
}

impl Operation {
    /// The operation of a request to this path; there is none for methods that Resource Manager does not have.
    pub fn of(method: &str, segments: &[String]) -> Option<Operation> {
        let verb = Verb::of(method)?;
        let path = Path::split(segments);
        let types = path.types(verb);
        let action = std::iter::once(path.namespace).chain(types).chain([verb.suffix()]).collect::<Vec<_>>().join("/");
        Some(Operation { action, scope: Scope::of(segments[..path.scope(verb)].iter().cloned()) })
    }
}

/// A path cut at its last provider; what has no provider is Resource Manager's own.
struct Path<'a> {
    segments: &'a [String],
    namespace: &'a str,
    /// Where the provider clause begins, or 0 without one.
    base: usize,
    /// Where types and names begin to alternate.
    rest: usize,
}

impl<'a> Path<'a> {
    fn split(segments: &'a [String]) -> Path<'a> {
        // A clause is a pair, so it begins at an even place; a resource that is called `providers` does not.
        let clause = (0..segments.len())
            .step_by(2)
            .rev()
            .find(|at| segments[*at].eq_ignore_ascii_case("providers"))
            .filter(|at| segments.len() > at + 2);
        match clause {
            Some(at) => Path { segments, namespace: &segments[at + 1], base: at, rest: at + 2 },
            None => Path { segments, namespace: "Microsoft.Resources", base: 0, rest: 0 },
        }
    }

    /// The types among the segments, the names dropped; of an action its own name too.
    fn types(&self, verb: Verb) -> Vec<&'a str> {
        let rest = &self.segments[self.rest..];
        let (typed, name) = match (verb, rest.split_last()) {
            (Verb::Action, Some((name, typed))) => (typed, Some(name)),
            _ => (rest, None),
        };
        typed.iter().step_by(2).chain(name).map(String::as_str).collect()
    }

    /// How many segments make up the scope.
    fn scope(&self, verb: Verb) -> usize {
        let all = self.segments.len();
        let own = self.rest == 0;
        let length = all - self.rest;
        match verb {
            Verb::Action if length == 1 => self.base,
            Verb::Action => all.saturating_sub(1),
            Verb::Read if own && !all.is_multiple_of(2) => all - 1,
            Verb::Read if own && self.names_provider() => all - 2,
            Verb::Read if !own && length == 1 => self.collection(),
            _ => all,
        }
    }

    /// Whether the path ends in a provider without anything of it.
    fn names_provider(&self) -> bool {
        self.segments.iter().rev().nth(1).is_some_and(|segment| segment.eq_ignore_ascii_case("providers"))
    }

    /// A list is checked at its provider; directly under a subscription at the subscription, save for
    /// authorization itself.
    fn collection(&self) -> usize {
        let under_subscription = self.base == 2 && self.segments[0].eq_ignore_ascii_case("subscriptions");
        let authorization = self.namespace.eq_ignore_ascii_case("Microsoft.Authorization");
        match under_subscription && !authorization {
            true => self.base,
            false => self.rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segments(path: &str) -> Vec<String> {
        path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(request: &str, action: &str, scope: &str) {
        let (method, path) = request.split_once(' ').expect("a method and a path");
        let operation = Operation::of(method, &segments(path)).expect("an operation");
        let found = (operation.action.as_str(), operation.scope.to_string());
        assert_eq!(found, (action, scope.to_owned()), "{request}");
    }

    #[test]
    fn names_the_operations_of_resource_manager_itself() {
        check("GET /subscriptions/s", "Microsoft.Resources/subscriptions/read", "/subscriptions/s");
        check(
            "GET /subscriptions/s/resourcegroups",
            "Microsoft.Resources/subscriptions/resourcegroups/read",
            "/subscriptions/s",
        );
        check(
            "GET /subscriptions/s/resourceGroups/g",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "/subscriptions/s/resourceGroups/g",
        );
        check(
            "HEAD /subscriptions/s/resourcegroups/g",
            "Microsoft.Resources/subscriptions/resourcegroups/read",
            "/subscriptions/s/resourcegroups/g",
        );
        for (method, verb) in [("PUT", "write"), ("PATCH", "write"), ("DELETE", "delete")] {
            check(
                &format!("{method} /subscriptions/s/resourceGroups/g"),
                &format!("Microsoft.Resources/subscriptions/resourceGroups/{verb}"),
                "/subscriptions/s/resourceGroups/g",
            );
        }
        check(
            "GET /subscriptions/s/resourceGroups/g/resources",
            "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
            "/subscriptions/s/resourceGroups/g",
        );
        check("GET /subscriptions/s/resources", "Microsoft.Resources/subscriptions/resources/read", "/subscriptions/s");
        check("GET /subscriptions/s/providers", "Microsoft.Resources/subscriptions/providers/read", "/subscriptions/s");
        check(
            "GET /subscriptions/s/providers/Microsoft.Compute",
            "Microsoft.Resources/subscriptions/providers/read",
            "/subscriptions/s",
        );
    }

    #[test]
    fn names_lists_and_actions_without_a_provider() {
        check("GET /subscriptions/s/locations", "Microsoft.Resources/subscriptions/locations/read", "/subscriptions/s");
        check(
            "POST /subscriptions/s/resourceGroups/g/exportTemplate",
            "Microsoft.Resources/subscriptions/resourceGroups/exportTemplate/action",
            "/subscriptions/s/resourceGroups/g",
        );
        check(
            "POST /subscriptions/s/providers/Microsoft.Web/register",
            "Microsoft.Web/register/action",
            "/subscriptions/s",
        );
    }

    #[test]
    fn names_the_operations_of_providers() {
        const G: &str = "/subscriptions/s/resourceGroups/g/providers";
        #[track_caller]
        fn at(method: &str, path: &str, action: &str, scope: &str) {
            check(&format!("{method} {G}/{path}"), action, &format!("{G}/{scope}"));
        }
        at(
            "GET",
            "Microsoft.Compute/virtualMachines/v",
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Compute/virtualMachines/v",
        );
        at("GET", "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachines/read", "Microsoft.Compute");
        at(
            "GET",
            "Microsoft.Compute/virtualMachines/v/instanceView",
            "Microsoft.Compute/virtualMachines/instanceView/read",
            "Microsoft.Compute/virtualMachines/v/instanceView",
        );
        at(
            "POST",
            "Microsoft.Compute/virtualMachines/v/start",
            "Microsoft.Compute/virtualMachines/start/action",
            "Microsoft.Compute/virtualMachines/v",
        );
        at(
            "GET",
            "Microsoft.Compute/virtualMachines/v/extensions/e",
            "Microsoft.Compute/virtualMachines/extensions/read",
            "Microsoft.Compute/virtualMachines/v/extensions/e",
        );
        at(
            "PUT",
            "Microsoft.Compute/virtualMachineScaleSets/v/virtualMachines/0",
            "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/write",
            "Microsoft.Compute/virtualMachineScaleSets/v/virtualMachines/0",
        );
        at(
            "GET",
            "Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
            "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            "Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
        );
        at(
            "POST",
            "Microsoft.Storage/storageAccounts/a/listKeys",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/a",
        );
        at(
            "POST",
            "Microsoft.Web/sites/w/config/authsettings/list",
            "Microsoft.Web/sites/config/list/action",
            "Microsoft.Web/sites/w/config/authsettings",
        );
        at(
            "POST",
            "Microsoft.ContainerService/managedClusters/k/listClusterUserCredential",
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            "Microsoft.ContainerService/managedClusters/k",
        );
        at(
            "PUT",
            "Microsoft.Compute/virtualMachines/v/providers/Microsoft.Insights/diagnosticSettings/d",
            "Microsoft.Insights/diagnosticSettings/write",
            "Microsoft.Compute/virtualMachines/v/providers/Microsoft.Insights/diagnosticSettings/d",
        );
        at(
            "GET",
            "Microsoft.Resources/deployments/d/operationStatuses/x",
            "Microsoft.Resources/deployments/operationStatuses/read",
            "Microsoft.Resources/deployments/d/operationStatuses/x",
        );
        at(
            "POST",
            "Microsoft.Resources/deployments/d/whatIf",
            "Microsoft.Resources/deployments/whatIf/action",
            "Microsoft.Resources/deployments/d",
        );
        at(
            "PATCH",
            "Microsoft.Resources/tags/default",
            "Microsoft.Resources/tags/write",
            "Microsoft.Resources/tags/default",
        );
        at(
            "DELETE",
            "Microsoft.Storage/storageAccounts/providers",
            "Microsoft.Storage/storageAccounts/delete",
            "Microsoft.Storage/storageAccounts/providers",
        );
    }

    #[test]
    fn names_the_scope_of_lists_as_resource_manager_does() {
        check(
            "GET /subscriptions/s/providers/Microsoft.Storage/storageAccounts",
            "Microsoft.Storage/storageAccounts/read",
            "/subscriptions/s",
        );
        const READ: &str = "Microsoft.Authorization/roleAssignments/read";
        for at in [
            "",
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/g",
            "/providers/Microsoft.Management/managementGroups/m",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v",
        ] {
            let scope = format!("{at}/providers/Microsoft.Authorization");
            check(&format!("GET {scope}/roleAssignments"), READ, &scope);
            let one = format!("{scope}/roleAssignments/1");
            check(&format!("GET {one}"), READ, &one);
        }
    }

    #[test]
    fn other_methods_have_no_operation() {
        for method in ["OPTIONS", "TRACE", "get", ""] {
            assert_eq!(Operation::of(method, &["subscriptions".to_owned()]), None);
        }
    }

    proptest! {
        #[test]
        fn any_path_has_an_operation(path in "(/(a|b|providers)){0,9}") {
            for method in ["GET", "PUT", "DELETE", "POST"] {
                let operation = Operation::of(method, &segments(&path));
                prop_assert!(operation.is_some());
            }
        }
    }
}
