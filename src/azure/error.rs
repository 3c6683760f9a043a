//! Resource Manager's error envelope, in each form it comes in.
//!
//! Source: azure-resource-manager-rpc, `common-api-details.md`, section on error responses; OData and the
//! bare `{"Message": …}` of older services besides.

use serde_json::Value;

/// An error as Resource Manager or a provider tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArmError {
    /// The code, as sent.
    pub code: String,
    /// The message, as sent.
    pub message: String,
    /// Codes of the errors inside, outermost first.
    pub inner: Vec<String>,
    /// The action that a refusal names.
    pub action: Option<String>,
    /// The scope that a refusal names.
    pub scope: Option<String>,
    /// The object id of the caller that a refusal names.
    pub object_id: Option<String>,
}

impl ArmError {
    /// Reads the error of a body, if it holds one.
    pub fn read(body: &Value) -> Option<Self> {
        let error = body.get("error").or_else(|| body.get("odata.error")).unwrap_or(body);
        let code = text(error, "code");
        let message = text(error, "message").or_else(|| error.pointer("/message/value")?.as_str().map(str::to_owned));
        if code.is_none() && message.is_none() {
            return None;
        }
        let mut found =
            Self { code: code.unwrap_or_default(), message: message.unwrap_or_default(), ..Self::default() };
        collect_inner(error, &mut found.inner, 0);
        // An operation that was tried is one, no pattern of many.
        found.action = quoted_after(&found.message, "perform action").filter(|action| !action.contains('*'));
        found.scope = quoted_after(&found.message, "over scope").or_else(|| quoted_after(&found.message, "on scope"));
        found.object_id = quoted_after(&found.message, "with object id");
        Some(found)
    }

    /// All codes: its own and those inside.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.code.as_str()).chain(self.inner.iter().map(String::as_str))
    }

    /// Whether the code is this one, in any case.
    pub fn is(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
    }
}

/// A member of an object by its name in any case: older services send `Code` and `Message`.
fn text(object: &Value, name: &str) -> Option<String> {
    let members = object.as_object()?;
    let (_, value) = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    value.as_str().map(str::to_owned)
}

fn collect_inner(error: &Value, codes: &mut Vec<String>, depth: usize) {
    if depth > 8 {
        return;
    }
    let details = error.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for inner in details.iter().chain(error.get("innererror")).chain(error.get("innerError")) {
        codes.extend(text(inner, "code"));
        collect_inner(inner, codes, depth + 1);
    }
}

/// What stands in single quotes soon after a phrase: `perform action 'X'`, `perform action(s) 'X'`.
pub(super) fn quoted_after(message: &str, phrase: &str) -> Option<String> {
    let folded = message.to_ascii_lowercase();
    let at = folded.find(phrase)? + phrase.len();
    let rest = message.get(at..)?.trim_start_matches("(s)").trim_start();
    let quoted = rest.strip_prefix('\'')?;
    quoted.split_once('\'').map(|(inside, _)| inside.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_envelope_is_understood() {
        let check = |body: Value, code: &str, message: &str| {
            let error = ArmError::read(&body).expect("an error");
            assert_eq!((error.code.as_str(), error.message.as_str()), (code, message), "{body}");
        };
        check(json!({"error": {"code": "A", "message": "m"}}), "A", "m");
        check(json!({"code": "A", "message": "m"}), "A", "m");
        check(json!({"odata.error": {"code": "A", "message": {"lang": "en", "value": "m"}}}), "A", "m");
        check(json!({"Message": "m"}), "", "m");
        check(json!({"Code": "A", "Message": "m"}), "A", "m");
        assert_eq!(ArmError::read(&json!({"value": []})), None);
        assert_eq!(ArmError::read(&json!("text")), None);
        assert_eq!(ArmError::read(&json!({"error": "invalid_request"})), None);
    }

    #[test]
    fn a_refusal_names_action_scope_and_caller() {
        let message = "The client 'c' with object id 'o' does not have authorization to perform action 'A/read' over \
                       scope '/subscriptions/s' or the scope is invalid.";
        let error = ArmError::read(&json!({"error": {"code": "AuthorizationFailed", "message": message}}));
        let error = error.expect("an error");
        assert_eq!(error.action.as_deref(), Some("A/read"));
        let starred = message.replace("A/read", "A/*");
        assert_eq!(ArmError::read(&json!({"message": starred})).expect("an error").action, None);
        assert_eq!(error.scope.as_deref(), Some("/subscriptions/s"));
        assert_eq!(error.object_id.as_deref(), Some("o"));
    }

    #[test]
    fn inner_codes_are_found_at_every_depth() {
        let body = json!({"error": {"code": "DeploymentFailed", "message": "", "details": [
            {"code": "Conflict", "details": [{"code": "SkuNotAvailable"}]}, {"code": "Other"}]}});
        let error = ArmError::read(&body).expect("an error");
        assert_eq!(error.codes().collect::<Vec<_>>(), ["DeploymentFailed", "Conflict", "SkuNotAvailable", "Other"]);
    }
}
