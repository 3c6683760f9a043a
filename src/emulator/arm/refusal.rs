//! The catalogue of Resource Manager's refusals: code, status and sentence of each.

use serde_json::{Value, json};

use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::operation::Operation;
use crate::emulator::message::Response;
use crate::emulator::meter::Kind;
use crate::emulator::world::DenyAssignment;

/// A refusal.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    /// Whether Resource Manager's front door refuses, and not the provider behind it.
    gateway: bool,
    /// What `WWW-Authenticate` says.
    challenge: Option<String>,
    /// What `Retry-After` says, in seconds.
    wait: Option<u32>,
}

/// The versions of Resource Manager's own types, newest first.
pub(super) const OWN_VERSIONS: &str = "2025-04-01,2025-03-01,2024-11-01,2024-07-01,2024-03-01,2023-07-01,2022-12-01,\
    2022-09-01,2022-06-01,2022-05-01,2022-03-01-preview,2022-01-01,2021-04-01,2021-01-01,2020-10-01,2020-09-01,\
    2020-08-01,2020-07-01,2020-06-01,2020-05-01,2020-01-01,2019-11-01,2019-10-01,2019-09-01,2019-08-01,2019-07-01,\
    2019-06-01,2019-05-10,2019-05-01,2019-03-01,2018-11-01,2018-09-01,2018-08-01,2018-07-01,2018-06-01,2018-05-01,\
    2018-02-01,2018-01-01,2017-12-01,2017-08-01,2017-06-01,2017-05-10,2017-05-01,2017-03-01,2016-09-01,2016-07-01,\
    2016-06-01,2016-02-01,2015-11-01,2015-01-01,2014-04-01-preview,2014-04-01,2014-01-01,2013-03-01";

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, code, message: message.into(), gateway: true, challenge: None, wait: None }
    }

    /// The refusal as it goes over the wire.
    pub(super) fn response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        let mut response = Response::json(self.status, &body);
        if self.gateway {
            response = response.with("x-ms-failure-cause", "gateway");
        }
        if let Some(challenge) = self.challenge {
            response = response.with("WWW-Authenticate", challenge);
        }
        if let Some(seconds) = self.wait {
            response = response.with("Retry-After", seconds.to_string());
        }
        response
    }

    /// The same refusal, challenging the client to authenticate at this authority.
    pub(super) fn challenging(self, authority: &str, description: Option<&str>) -> Refusal {
        let description = description.unwrap_or(&self.message).replace('"', "'");
        Refusal {
            challenge: Some(format!(
                "Bearer authorization_uri=\"{authority}\", error=\"invalid_token\", error_description=\"{description}\""
            )),
            ..self
        }
    }

    pub(super) fn missing_api_version() -> Refusal {
        Refusal::new(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    }

    pub(super) fn invalid_api_version(version: &str, supported: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidApiVersionParameter",
            format!("The api-version '{version}' is invalid. The supported versions are '{supported}'."),
        )
    }

    pub(super) fn invalid_subscription(id: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidSubscriptionId",
            format!("The provided subscription identifier '{id}' is malformed or invalid."),
        )
    }

    pub(super) fn subscription_not_found(id: &str) -> Refusal {
        Refusal::new(404, "SubscriptionNotFound", format!("The subscription '{id}' could not be found."))
    }

    pub(super) fn missing_subscription() -> Refusal {
        Refusal::new(
            404,
            "MissingSubscription",
            "The request did not have a subscription or a valid tenant level resource provider.",
        )
    }

    pub(super) fn missing_authorization() -> Refusal {
        Refusal::new(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    }

    pub(super) fn missing_token() -> Refusal {
        Refusal::new(
            401,
            "AuthenticationFailedMissingToken",
            "Authentication failed. The 'Authorization' header is missing the access token.",
        )
    }

    pub(super) fn invalid_authorization() -> Refusal {
        Refusal::new(
            401,
            "AuthenticationFailedInvalidHeader",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        )
    }

    pub(super) fn invalid_token() -> Refusal {
        Refusal::new(401, "InvalidAuthenticationToken", "The access token is invalid.")
    }

    pub(super) fn no_principal() -> Refusal {
        Refusal::new(
            401,
            "InvalidAuthenticationToken",
            "The received access token is not valid: at least one of the claims 'puid' or 'altsecid' or 'oid' should \
             be present. If you are accessing as application please make sure service principal is properly created \
             in the tenant.",
        )
    }

    pub(super) fn expired_token(expiry: &str, now: &str) -> Refusal {
        Refusal::new(
            401,
            "ExpiredAuthenticationToken",
            format!("The access token expiry UTC time '{expiry}' is earlier than current UTC time '{now}'."),
        )
    }

    pub(super) fn wrong_audience(audience: &str, allowed: &[String]) -> Refusal {
        let allowed: Vec<String> = allowed.iter().map(|one| format!("'{one}'")).collect();
        Refusal::new(
            401,
            "InvalidAuthenticationTokenAudience",
            format!(
                "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly \
                 match with one of the allowed audiences {}.",
                allowed.join(",")
            ),
        )
    }

    pub(super) fn wrong_tenant(issuer: &str, wanted: &str, authority: &str) -> Refusal {
        Refusal::new(
            401,
            "InvalidAuthenticationTokenTenant",
            format!(
                "The access token is from the wrong issuer '{issuer}'. It must match the tenant '{wanted}' associated \
                 with this subscription. Please use the authority (URL) '{authority}' to get the token. Note, if the \
                 subscription is transferred to another tenant there is no impact to the services, but information \
                 about new tenant could take time to propagate (up to an hour). If you just transferred your \
                 subscription and see this error message, please try back later."
            ),
        )
    }

    pub(super) fn forbidden(caller: &Caller, operation: &Operation) -> Refusal {
        let Operation { action, scope } = operation;
        Refusal::new(
            403,
            "AuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over \
                 scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your \
                 credentials.",
                caller.client_id, caller.object_id
            ),
        )
    }

    pub(super) fn deny_assignment(caller: &Caller, operation: &Operation, denied: &DenyAssignment) -> Refusal {
        let Operation { action, scope } = operation;
        Refusal::new(
            403,
            "DenyAssignmentAuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' has permission to perform action '{action}' on scope '{scope}'; \
                 however, the access is denied because of the deny assignment with name '{}' and Id '{}' at scope '{}'.",
                caller.client_id,
                caller.object_id,
                denied.name,
                denied.id.replace('-', ""),
                denied.scope
            ),
        )
    }

    pub(super) fn linked(caller: &Caller, operation: &Operation, (action, id): (&str, &str)) -> Refusal {
        Refusal::new(
            403,
            "LinkedAuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' has permission to perform action '{}' on scope '{}'; however, it \
                 does not have permission to perform action(s) '{action}' on the linked scope(s) '{id}' (respectively) or \
                 the linked scope(s) are invalid.",
                caller.client_id, caller.object_id, operation.action, operation.scope
            ),
        )
    }

    pub(super) fn group_not_found(name: &str) -> Refusal {
        Refusal::new(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
    }

    pub(super) fn throttled(kind: Kind, (subscription, principal): (&str, &str), seconds: u32) -> Refusal {
        let kind = kind.word().trim_end_matches('s');
        let message = format!(
            "Number of '{kind}' requests for subscription actor '{subscription}:{principal}' exceeded. Please try again \
             after '{seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for \
             additional information."
        );
        Refusal { wait: Some(seconds), ..Refusal::new(429, "SubscriptionRequestsThrottled", message) }
    }

    pub(super) fn resource_not_found(resource: &str, group: &str) -> Refusal {
        Refusal::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{resource}' under resource group '{group}' was not found. For more details please go \
                 to https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    pub(super) fn invalid_resource_type(namespace: &str, version: &str) -> Refusal {
        Refusal::new(
            404,
            "InvalidResourceType",
            format!("The resource type could not be found in the namespace '{namespace}' for api version '{version}'."),
        )
    }

    /// What the refusal says, as the detail of another.
    pub(super) fn detail(&self) -> Value {
        json!({"code": self.code, "message": self.message})
    }

    pub(super) fn resource_missing(resource: &str) -> Refusal {
        Refusal::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{resource}' was not found. For more details please go to \
                 https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    pub(super) fn parent_not_found(parent: &str) -> Refusal {
        Refusal::new(
            404,
            "ParentResourceNotFound",
            format!("Can not perform requested operation on nested resource. Parent resource '{parent}' not found."),
        )
    }

    pub(super) fn management_group_not_found(name: &str) -> Refusal {
        Refusal::new(404, "NotFound", format!("'/providers/Microsoft.Management/managementGroups/{name}' not found"))
    }

    pub(super) fn deployment_not_found(name: &str) -> Refusal {
        Refusal::new(404, "DeploymentNotFound", format!("Deployment '{name}' could not be found."))
    }

    pub(super) fn operation_not_found(id: &str) -> Refusal {
        Refusal::new(404, "NotFound", format!("The operation '{id}' could not be found."))
    }

    pub(super) fn no_registered_provider(version: &str, (namespace, kind): (&str, &str)) -> Refusal {
        Refusal::new(
            400,
            "NoRegisteredProviderFound",
            format!(
                "No registered resource provider found for API version '{version}' for type '{kind}' in the namespace \
                 '{namespace}'. A version is a date, such as '2024-03-01' or '2024-03-01-preview'."
            ),
        )
    }

    pub(super) fn invalid_namespace(namespace: &str) -> Refusal {
        Refusal::new(404, "InvalidResourceNamespace", format!("The resource namespace '{namespace}' is invalid."))
    }

    pub(super) fn not_registered(namespace: &str) -> Refusal {
        Refusal::new(
            409,
            "MissingSubscriptionRegistration",
            format!(
                "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found \
                 for how to register subscriptions."
            ),
        )
    }

    pub(super) fn disabled_subscription(id: &str) -> Refusal {
        Refusal::new(
            409,
            "ReadOnlyDisabledSubscription",
            format!(
                "The subscription '{id}' is disabled and therefore marked as read only. You cannot perform any write \
                 actions on this subscription until it is re-enabled."
            ),
        )
    }

    pub(super) fn scope_locked(scope: &str, verb: &str, locked: &[String]) -> Refusal {
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

    pub(super) fn invalid_filter(filter: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidFilterInQueryString",
            format!("Invalid $filter '{filter}' specified in the query string."),
        )
    }

    pub(super) fn invalid_top(top: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidTopInQueryString",
            format!("Invalid $top '{top}' specified in the query string: it is a number above 0."),
        )
    }

    pub(super) fn invalid_skip_token() -> Refusal {
        Refusal::new(400, "InvalidSkipToken", "The provided skip token is malformed or invalid.")
    }

    pub(super) fn invalid_content(message: &str) -> Refusal {
        Refusal::new(400, "InvalidRequestContent", message)
    }

    pub(super) fn invalid_template(why: &str) -> Refusal {
        Refusal::new(400, "InvalidTemplate", format!("Deployment template validation failed: '{why}'"))
    }

    pub(super) fn location_required() -> Refusal {
        Refusal::new(400, "LocationRequired", "The location property is required for this definition.")
    }

    pub(super) fn group_location(here: &str, wanted: &str) -> Refusal {
        Refusal::new(
            409,
            "InvalidResourceGroupLocation",
            format!(
                "Invalid resource group location '{wanted}'. The Resource group already exists in location '{here}'."
            ),
        )
    }

    pub(super) fn group_name(name: &str) -> Refusal {
        Refusal::new(
            400,
            "InvalidResourceGroup",
            format!(
                "The provided resource group name '{name}' has these invalid characters or is too long: a name has up to \
                 90 letters, digits, '_', '-', '.' and parentheses, and does not end in a period."
            ),
        )
    }

    pub(super) fn unsupported_filter() -> Refusal {
        Refusal::new(400, "UnsupportedQuery", "The filter is not supported here.")
    }

    pub(super) fn assignment_not_found(name: &str) -> Refusal {
        Refusal::new(404, "RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
    }

    pub(super) fn assignment_exists(name: &str) -> Refusal {
        Refusal::new(
            409,
            "RoleAssignmentExists",
            format!(
                "The role assignment already exists. The ID of the existing role assignment is {}.",
                name.replace('-', "")
            ),
        )
    }

    pub(super) fn assignment_update() -> Refusal {
        Refusal::new(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    }

    pub(super) fn principal_not_found(principal: &str, tenant: &str) -> Refusal {
        Refusal::new(
            400,
            "PrincipalNotFound",
            format!(
                "Principal {} does not exist in the directory {tenant}. Check that you have the correct principal ID. If \
                 you are creating this principal and then immediately assigning a role, this error might be related to a \
                 replication delay. In this case, set the role assignment principalType property to a value, such as \
                 ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype",
                principal.replace('-', "")
            ),
        )
    }

    pub(super) fn unmatched_principal(principal: &str) -> Refusal {
        Refusal::new(
            400,
            "UnmatchedPrincipalType",
            format!("The principal type of {} does not match the one in the directory.", principal.replace('-', "")),
        )
    }

    pub(super) fn definition_not_found(id: &str) -> Refusal {
        Refusal::new(
            404,
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{id}' does not exist."),
        )
    }

    pub(super) fn definition_is_built_in() -> Refusal {
        Refusal::new(403, "RoleDefinitionIsBuiltIn", "Built-in roles cannot be changed or deleted.")
    }

    pub(super) fn definition_has_assignments() -> Refusal {
        Refusal::new(
            400,
            "RoleDefinitionHasAssignments",
            "There are existing role assignments referencing role. Remove them before you delete the role.",
        )
    }

    pub(super) fn definition_name_taken(name: &str) -> Refusal {
        Refusal::new(
            409,
            "RoleDefinitionWithSameNameExists",
            format!(
                "A custom role with the same name already exists in this directory. Use a different name than '{name}'."
            ),
        )
    }

    pub(super) fn denial_not_found(name: &str) -> Refusal {
        Refusal::new(404, "DenyAssignmentNotFound", format!("The deny assignment '{name}' is not found."))
    }

    pub(super) fn method_not_allowed(method: &str) -> Refusal {
        Refusal {
            gateway: false,
            ..Refusal::new(
                405,
                "MethodNotAllowed",
                format!("The HTTP method '{method}' is not supported on the resource."),
            )
        }
    }
}
