//! Deployment templates: from a template and its parameters to the resources that it wants.
//!
//! As much of the template language as small templates use: literals, parameters, variables, and a few functions.
//! What goes beyond that is refused, never guessed.

mod expression;

use serde_json::{Map, Value};

use expression::Expression;

/// A resource that a template wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Planned {
    /// The whole type.
    pub(super) kind: String,
    /// The whole name, one segment for each segment of the type below the namespace.
    pub(super) name: String,
    /// What else it says, as a request that creates it would.
    pub(super) body: Map<String, Value>,
}

/// Why a template cannot be deployed, as a sentence.
pub(super) type Problem = String;

/// Where a template is deployed to.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    pub(super) subscription: String,
    pub(super) tenant: String,
    /// The resource group, when it is deployed to one.
    pub(super) group: Option<(String, String)>,
    /// The name of the deployment.
    pub(super) deployment: String,
}

/// A template with what its expressions can name.
struct Template<'a> {
    context: &'a Context,
    parameters: Map<String, Value>,
    variables: Map<String, Value>,
}

/// The resources that a template wants, in its order; a child stands behind its parent.
pub(super) fn expand(template: &Value, given: &Value, context: &Context) -> Result<Vec<Planned>, Problem> {
    let mut scope = Template { context, parameters: parameters(template, given)?, variables: Map::new() };
    if let Some(Value::Object(variables)) = template.get("variables") {
        for (name, value) in variables {
            let value = scope.value(value, 0)?;
            scope.variables.insert(name.clone(), value);
        }
    }
    let mut planned = Vec::new();
    for resource in resources(template)? {
        scope.resource(resource, None, &mut planned)?;
    }
    Ok(planned)
}

/// The outputs of a template, as its deployment shows them.
pub(super) fn outputs(template: &Value, given: &Value, context: &Context) -> Result<Map<String, Value>, Problem> {
    let mut scope = Template { context, parameters: parameters(template, given)?, variables: Map::new() };
    for section in ["variables", "outputs"] {
        let mut found = Map::new();
        if let Some(Value::Object(entries)) = template.get(section) {
            for (name, value) in entries {
                let value = scope.value(value, 0)?;
                found.insert(name.clone(), value.clone());
                if section == "variables" {
                    scope.variables.insert(name.clone(), value);
                }
            }
        }
        if section == "outputs" {
            return Ok(found);
        }
    }
    Ok(Map::new())
}

/// The resources of a template: a list, or in newer templates a map by symbolic name.
fn resources(template: &Value) -> Result<Vec<&Value>, Problem> {
    match template.get("resources") {
        Some(Value::Array(list)) => Ok(list.iter().collect()),
        Some(Value::Object(named)) => Ok(named.values().collect()),
        _ => Err("The template has no 'resources'.".to_owned()),
    }
}

/// The values of a template's parameters: those given, else their defaults.
fn parameters(template: &Value, given: &Value) -> Result<Map<String, Value>, Problem> {
    let none = Map::new();
    let declared = template.get("parameters").and_then(Value::as_object).unwrap_or(&none);
    let given = given.as_object().unwrap_or(&none);
    let find = |name: &str| given.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    for name in given.keys() {
        if !declared.keys().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(format!(
                "The following parameters were supplied, but do not correspond to any parameters defined in the \
                 template: '{name}'."
            ));
        }
    }
    let mut values = Map::new();
    for (name, declaration) in declared {
        let value = find(name).and_then(|given| given.get("value")).or_else(|| declaration.get("defaultValue"));
        let missing = || format!("The value for the template parameter '{name}' is not provided.");
        values.insert(name.clone(), value.ok_or_else(missing)?.clone());
    }
    Ok(values)
}

/// How deep expressions and values may nest.
const DEPTH: usize = 64;

impl Template<'_> {
    /// Adds a resource and its children to what is planned.
    fn resource(&self, resource: &Value, parent: Option<&Planned>, planned: &mut Vec<Planned>) -> Result<(), Problem> {
        let Value::Object(members) = resource else {
            return Err("A resource of the template is not an object.".to_owned());
        };
        for unsupported in ["copy", "existing", "scope", "import"] {
            if members.contains_key(unsupported) {
                return Err(format!("The property '{unsupported}' of template resources is not supported here."));
            }
        }
        if members.get("condition").map(|condition| self.value(condition, 0)).transpose()? == Some(Value::Bool(false)) {
            return Ok(());
        }
        let text = |key: &str| -> Result<String, Problem> {
            match members.get(key).map(|value| self.value(value, 0)).transpose()? {
                Some(Value::String(text)) if !text.is_empty() => Ok(text),
                _ => Err(format!("The template resource has no '{key}'.")),
            }
        };
        let (mut kind, mut name) = (text("type")?, text("name")?);
        text("apiVersion")?;
        if let Some(parent) = parent {
            (kind, name) = (format!("{}/{kind}", parent.kind), format!("{}/{name}", parent.name));
        }
        if kind.split('/').count() != name.split('/').count() + 1 || kind.split('/').any(str::is_empty) {
            return Err(format!(
                "The template resource '{name}' of type '{kind}' is not valid: the type and the name do not have \
                 matching numbers of segments."
            ));
        }
        let own = |key: &str| {
            matches!(key, "type" | "name" | "apiVersion" | "dependsOn" | "resources" | "condition" | "comments")
        };
        let mut body = Map::new();
        for (key, value) in members.iter().filter(|(key, _)| !own(key)) {
            body.insert(key.clone(), self.value(value, 0)?);
        }
        planned.push(Planned { kind, name, body });
        let at = planned.len() - 1;
        for child in members.get("resources").and_then(Value::as_array).into_iter().flatten() {
            let parent = planned[at].clone();
            self.resource(child, Some(&parent), planned)?;
        }
        Ok(())
    }

    /// A value with its expressions evaluated.
    fn value(&self, value: &Value, depth: usize) -> Result<Value, Problem> {
        if depth > DEPTH {
            return Err("The template nests too deeply.".to_owned());
        }
        Ok(match value {
            Value::String(text) => self.text(text)?,
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.value(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let evaluate = |(key, value): (&String, &Value)| Ok((key.clone(), self.value(value, depth + 1)?));
                Value::Object(members.iter().map(evaluate).collect::<Result<_, Problem>>()?)
            }
            other => other.clone(),
        })
    }

    /// A text: an expression in brackets, or itself. Two brackets at its beginning stand for one.
    fn text(&self, text: &str) -> Result<Value, Problem> {
        if let Some(literal) = text.strip_prefix("[[") {
            return Ok(Value::String(format!("[{literal}")));
        }
        match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(source) => {
                let parsed = Expression::parse(source);
                let parsed = parsed.map_err(|why| format!("The language expression '{text}' is not valid: {why}."))?;
                self.evaluate(&parsed)
            }
            None => Ok(Value::String(text.to_owned())),
        }
    }

    fn evaluate(&self, expression: &Expression) -> Result<Value, Problem> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Member(object, name) => {
                let object = self.evaluate(object)?;
                let found = object.as_object().and_then(|members| {
                    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
                });
                found.ok_or_else(|| format!("The language expression property '{name}' doesn't exist."))
            }
            Expression::Call(name, arguments) => {
                let arguments = arguments.iter().map(|one| self.evaluate(one)).collect::<Result<Vec<_>, _>>()?;
                self.call(name, &arguments)
            }
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, Problem> {
        let context = self.context;
        let texts = || arguments.iter().map(as_text).collect::<Vec<_>>();
        let subscription = format!("/subscriptions/{}", context.subscription);
        let lower = name.to_ascii_lowercase();
        Ok(match (lower.as_str(), arguments) {
            ("parameters", [name]) => lookup(&self.parameters, name, "parameter")?,
            ("variables", [name]) => lookup(&self.variables, name, "variable")?,
            ("concat", _) => texts().concat().into(),
            ("tolower", [text]) => as_text(text).to_lowercase().into(),
            ("toupper", [text]) => as_text(text).to_uppercase().into(),
            ("string", [value]) => as_text(value).into(),
            ("format", [pattern, rest @ ..]) => {
                let numbered = rest.iter().enumerate();
                let fill =
                    |text: String, (at, value): (usize, &Value)| text.replace(&format!("{{{at}}}"), &as_text(value));
                numbered.fold(as_text(pattern), fill).into()
            }
            ("uniquestring", _) => unique(&texts().join("\0")).into(),
            ("resourcegroup", []) => {
                let (name, location) = context
                    .group
                    .as_ref()
                    .ok_or("The template function 'resourceGroup' is not expected at this location.")?;
                let id = format!("{subscription}/resourceGroups/{name}");
                serde_json::json!({"id": id, "name": name, "location": location})
            }
            ("subscription", []) => serde_json::json!({
                "id": subscription, "subscriptionId": context.subscription, "tenantId": context.tenant,
            }),
            ("deployment", []) => serde_json::json!({"name": context.deployment}),
            ("resourceid", [kind, names @ ..]) if !names.is_empty() => {
                let kind = as_text(kind);
                let mut id = subscription;
                if let Some((group, _)) = &context.group {
                    id.extend(["/resourceGroups/", group]);
                }
                let mut types = kind.split('/');
                id.extend(["/providers/", types.next().unwrap_or_default()]);
                for (kind, name) in types.zip(names.iter().map(as_text)) {
                    id.extend(["/", kind, "/", &name]);
                }
                id.into()
            }
            _ => return Err(format!("The template function '{name}' is not supported here.")),
        })
    }
}

fn lookup(values: &Map<String, Value>, name: &Value, what: &str) -> Result<Value, Problem> {
    let name = as_text(name);
    let found = values.iter().find(|(key, _)| key.eq_ignore_ascii_case(&name)).map(|(_, value)| value.clone());
    found.ok_or_else(|| format!("The template {what} '{name}' is not found."))
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Thirteen letters that stand for a text; not those that Azure would make of it.
fn unique(text: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().take(13).map(|byte| char::from(b'a' + byte % 26)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn context() -> Context {
        Context {
            subscription: "s".to_owned(),
            tenant: "t".to_owned(),
            group: Some(("DevTest".to_owned(), "westeurope".to_owned())),
            deployment: "d".to_owned(),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Result<Value, &str>) {
        let template = json!({
            "parameters": {"name": {"type": "string", "defaultValue": "web"}, "size": {"type": "int"}},
            "variables": {"full": "[concat(parameters('name'), '-', parameters('SIZE'))]"},
            "resources": [],
            "outputs": {"x": {"type": "string", "value": text}},
        });
        let found = outputs(&template, &json!({"size": {"value": 3}}), &context());
        let found = found.map(|outputs| outputs["x"]["value"].clone());
        assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{text}");
    }

    #[test]
    fn evaluates_expressions() {
        check("plain", Ok(json!("plain")));
        check("[[plain]", Ok(json!("[plain]")));
        check("[parameters('name')]", Ok(json!("web")));
        check("[parameters('size')]", Ok(json!(3)));
        check("[variables('full')]", Ok(json!("web-3")));
        check("[resourceGroup().location]", Ok(json!("westeurope")));
        check("[toLower(concat('A', 'it''s'))]", Ok(json!("ait's")));
        check("[format('{0}-{1}', 'a', 2)]", Ok(json!("a-2")));
        check(
            "[resourceId('N/a/b', 'x', 'y')]",
            Ok(json!("/subscriptions/s/resourceGroups/DevTest/providers/N/a/x/b/y")),
        );
        check("[nope('a')]", Err("The template function 'nope' is not supported here."));
        check("[parameters('no')]", Err("The template parameter 'no' is not found."));
        check("[resourceGroup().no]", Err("The language expression property 'no' doesn't exist."));
        check("[concat('a']", Err("The language expression '[concat('a']' is not valid: `)` or `,` is missing."));
    }

    #[test]
    fn plans_resources_with_their_children() {
        let template = json!({"resources": [{
            "type": "N/a", "apiVersion": "2020-01-01", "name": "x", "location": "[resourceGroup().location]",
            "properties": {"p": 1}, "dependsOn": ["y"],
            "resources": [{"type": "b", "apiVersion": "2020-01-01", "name": "y"}],
        }]});
        let planned = expand(&template, &Value::Null, &context()).expect("a plan");
        let found: Vec<(&str, &str)> = planned.iter().map(|one| (one.kind.as_str(), one.name.as_str())).collect();
        assert_eq!(found, [("N/a", "x"), ("N/a/b", "x/y")]);
        assert_eq!(Value::Object(planned[0].body.clone()), json!({"location": "westeurope", "properties": {"p": 1}}));
    }

    #[test]
    fn refuses_what_it_cannot_do() {
        #[track_caller]
        fn check(template: Value, given: Value, expected: &str) {
            assert_eq!(expand(&template, &given, &context()), Err(expected.to_owned()));
        }
        check(json!({}), Value::Null, "The template has no 'resources'.");
        check(
            json!({"parameters": {"a": {"type": "string"}}, "resources": []}),
            Value::Null,
            "The value for the template parameter 'a' is not provided.",
        );
        check(
            json!({"resources": []}),
            json!({"b": {"value": 1}}),
            "The following parameters were supplied, but do not correspond to any parameters defined in the template: \
             'b'.",
        );
        check(
            json!({"resources": [{"type": "N/a", "name": "x/y", "apiVersion": "1"}]}),
            Value::Null,
            "The template resource 'x/y' of type 'N/a' is not valid: the type and the name do not have matching \
             numbers of segments.",
        );
        check(
            json!({"resources": [{"type": "N/a", "name": "x", "apiVersion": "1", "copy": {}}]}),
            Value::Null,
            "The property 'copy' of template resources is not supported here.",
        );
    }
}
