//! Refusals of requests that were let through: nothing there, nothing that can be changed, nothing that makes sense.

use super::Refusal;

impl Refusal {
    pub(in crate::emulator::arm) fn group_not_found(name: &str) -> Refusal {
        Refusal::new(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
    }

    pub(in crate::emulator::arm) fn resource_not_found(resource: &str, group: &str) -> Refusal {
        Refusal::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{resource}' under resource group '{group}' was not found. For more details please go \
                 to https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    pub(in crate::emulator::arm) fn invalid_resource_type(namespace: &str, version: &str) -> Refusal {
        Refusal::new(
            404,
            "InvalidResourceType",
            format!("The resource type could not be found in the namespace '{namespace}' for api version '{version}'."),
        )
    }

    pub(in crate::emulator::arm) fn resource_missing(resource: &str) -> Refusal {
        Refusal::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{resource}' was not found. For more details please go to \
                 https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    pub(in crate::emulator::arm) fn parent_not_found(parent: &str) -> Refusal {
        Refusal::new(
            404,
            "ParentResourceNotFound",
            format!("Can not perform requested operation on nested resource. Parent resource '{parent}' not found."),
        )
    }

    pub(in crate::emulator::arm) fn management_group_not_found(name: &str) -> Refusal {
        Refusal::new(404, "NotFound", format!("'/providers/Microsoft.Management/managementGroups/{name}' not found"))
    }

    pub(in crate::emulator::arm) fn deployment_not_found(name: &str) -> Refusal {
        Refusal::new(404, "DeploymentNotFound", format!("Deployment '{name}' could not be found."))
    }

    pub(in crate::emulator::arm) fn operation_not_found(id: &str) -> Refusal {
        Refusal::new(404, "NotFound", format!("The operation '{id}' could not be found."))
    }

    pub(in crate::emulator::arm) fn no_registered_provider(version: &str, (namespace, kind): (&str, &str)) -> Refusal {
        Refusal::new(
            400,
            "NoRegisteredProviderFound",
            format!(
                "No registered resource provider found for API version '{version}' for type '{kind}' in the namespace \
                 '{namespace}'. A version is a date, such as '2024-03-01' or '2024-03-01-preview'."
            ),
        )
    }

    pub(in crate::emulator::arm) fn invalid_namespace(namespace: &str) -> Refusal {
        Refusal::new(404, "InvalidResourceNamespace", format!("The resource namespace '{namespace}' is invalid."))
    }

    pub(in crate::emulator::arm) fn not_registered(namespace: &str) -> Refusal {
        Refusal::new(
            409,
            "MissingSubscriptionRegistration",
            format!(
                "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found \
                 for how to register subscriptions."
            ),
        )
    }

    pub(in crate::emulator::arm) fn disabled_subscription(id: &str) -> Refusal {
        Refusal::new(
            409,
            "ReadOnlyDisabledSubscription",
            format!(
                "The subscription '{id}' is disabled and therefore marked as read only. You cannot perform any write \
                 actions on this subscription until it is re-enabled."
            ),
        )
    }

    pub(in crate::emulator::arm) fn scope_locked(scope: &str, verb: &str, locked: &[String]) -> Refusal {
        Refusal::new(
            409,
            "ScopeLocked",
            format!(
                "The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: '{}'. \
                 Please remove the lock and try again.",
                locked.join(",")
            ),
        )
    }

    pub(in crate::emulator::arm) fn invalid_filter(filter: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidFilterInQueryString",
            format!("Invalid $filter '{filter}' specified in the query string."),
        )
    }

    pub(in crate::emulator::arm) fn invalid_top(top: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidTopInQueryString",
            format!("Invalid $top '{top}' specified in the query string: it is a number above 0."),
        )
    }

    pub(in crate::emulator::arm) fn invalid_skip_token() -> Refusal {
        Refusal::new(400, "InvalidSkipToken", "The provided skip token is malformed or invalid.")
    }

    pub(in crate::emulator::arm) fn invalid_content(message: &str) -> Refusal {
        Refusal::new(400, "InvalidRequestContent", message)
    }

    pub(in crate::emulator::arm) fn invalid_template(why: &str) -> Refusal {
        Refusal::new(400, "InvalidTemplate", format!("Deployment template validation failed: '{why}'"))
    }

    pub(in crate::emulator::arm) fn location_required() -> Refusal {
        Refusal::new(400, "LocationRequired", "The location property is required for this definition.")
    }

    pub(in crate::emulator::arm) fn group_location(here: &str, wanted: &str) -> Refusal {
        Refusal::new(
            409,
            "InvalidResourceGroupLocation",
            format!(
                "Invalid resource group location '{wanted}'. The Resource group already exists in location '{here}'."
            ),
        )
    }

    pub(in crate::emulator::arm) fn group_name(name: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidResourceGroup",
            format!(
                "The provided resource group name '{name}' has these invalid characters or is too long: a name has up to \
                 90 letters, digits, '_', '-', '.' and parentheses, and does not end in a period."
            ),
        )
    }
}
