//! The catalogue of Resource Manager's refusals: code, status and sentence of each.

mod requests;
mod roles;

use serde_json::{Value, json};

use crate::emulator::arm::bearer::Caller;
use crate::emulator::message::Response;
use crate::emulator::meter::Kind;
use crate::emulator::world::DenyAssignment;
use crate::rbac::Operation;

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

    pub(super) fn throttled(kind: Kind, (subscription, principal): (&str, &str), seconds: u32) -> Refusal {
        let kind = kind.word().trim_end_matches('s');
        let message = format!(
            "Number of '{kind}' requests for subscription actor '{subscription}:{principal}' exceeded. Please try again \
             after '{seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for \
             additional information."
        );
        Refusal { wait: Some(seconds), ..Refusal::new(429, "SubscriptionRequestsThrottled", message) }
    }

    /// What the refusal says, as the detail of another.
    pub(super) fn detail(&self) -> Value {
        json!({"code": self.code, "message": self.message})
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
