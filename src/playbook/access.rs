//! The `access` action: what an identity may do at a scope, and what it may not.

use schemars::{JsonSchema, Schema};
use serde_json::json;

use super::document::Identity;
use super::reader::{Read, Reader};
use super::schema;
use crate::source::{Span, Spanned};
use crate::template::Text;
use crate::yaml::{Kind, Node};

/// What the identity may do at a scope, by Azure's own answer about its effective permissions. Every claim must hold, over all
/// actions there could be.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, transform = one_claim)]
pub struct Access {
    /// The scope: `/subscriptions/…`, with or without a resource group and a resource in it, or a management group.
    pub scope: Text,
    /// Whose access it is about; without it the playbook's identity.
    pub identity: Option<Identity>,
    /// What it is decided from; without it `permissions`.
    pub via: Option<Spanned<Via>>,
    /// Action patterns of which every action is granted. An expression may give a list of them.
    #[schemars(transform = or_one)]
    pub can: Option<Vec<Text>>,
    /// Action patterns of which no action is granted.
    #[schemars(transform = or_one)]
    pub cannot: Option<Vec<Text>>,
    /// The same as `can`, for data actions.
    #[schemars(transform = or_one)]
    pub can_data: Option<Vec<Text>>,
    /// The same as `cannot`, for data actions.
    #[schemars(transform = or_one)]
    pub cannot_data: Option<Vec<Text>>,
    /// What is granted is included in this.
    pub at_most: Option<Bound>,
    /// What is granted includes this.
    pub at_least: Option<Bound>,
    /// What is granted is exactly this.
    pub exactly: Option<Bound>,
    /// Exactly these role assignments reach the scope, directly, through groups or from above.
    #[schemars(transform = or_one)]
    pub roles: Option<Vec<Assigned>>,
}

/// What a claim about access is decided from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Via {
    /// Azure's answer to what the caller may do at the scope. It tells neither roles nor deny assignments.
    Permissions,
    /// Role assignments, the definitions of their roles, and deny assignments.
    Assignments,
}

/// A role assignment: a role by name or id, with or without the scope at which it is assigned.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_role)]
pub struct Assigned {
    /// The name or the id of the role.
    pub role: Text,
    /// The scope at which it is assigned; without it anywhere that reaches.
    pub scope: Option<Text>,
}

fn or_role(schema: &mut Schema) {
    schema::alternatives(
        schema,
        &[json!({"type": "string", "pattern": "\\S", "description": "The name or the id of a role."})],
    );
}

/// The keys of which at least one must be there.
const CLAIMS: [&str; 8] = ["can", "cannot", "can_data", "cannot_data", "at_most", "at_least", "exactly", "roles"];

fn or_one(schema: &mut Schema) {
    schema::not_empty(schema);
    schema::alternatives(schema, &[json!({"type": "string"})]);
}

fn one_claim(schema: &mut Schema) {
    let any: Vec<_> = CLAIMS.iter().map(|claim| json!({"required": [claim]})).collect();
    schema.insert("anyOf".to_owned(), json!(any));
}

/// What a set of permissions is compared with: a role by name or id, a list of them, or a permission set.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_roles)]
pub struct Bound {
    /// Where it stands.
    #[schemars(skip)]
    pub span: Span,
    /// Roles, by name or id; all of them together.
    #[schemars(skip)]
    pub roles: Vec<Text>,
    /// What is granted.
    pub actions: Option<Vec<Text>>,
    /// What is taken out of that.
    pub not_actions: Option<Vec<Text>>,
    /// What is granted on data.
    pub data_actions: Option<Vec<Text>>,
    /// What is taken out of that.
    pub not_data_actions: Option<Vec<Text>>,
}

fn or_roles(schema: &mut Schema) {
    let role = json!({"type": "string", "pattern": "\\S", "description": "The name or the id of a role."});
    let roles = json!({"type": "array", "items": {"type": "string", "pattern": "\\S"}, "minItems": 1,
        "description": "Roles by name or id, all of them together."});
    schema::alternatives(schema, &[role, roles]);
}

impl Read for Access {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "an access")?;
        let scope = fields.required("scope", reader);
        let access = Access {
            scope: Text { template: crate::template::Template::literal_of(""), span: node.span },
            can: fields.node("can").and_then(|node| patterns(node, reader)),
            cannot: fields.node("cannot").and_then(|node| patterns(node, reader)),
            can_data: fields.node("can_data").and_then(|node| patterns(node, reader)),
            cannot_data: fields.node("cannot_data").and_then(|node| patterns(node, reader)),
            at_most: fields.get("at_most", reader),
            at_least: fields.get("at_least", reader),
            exactly: fields.get("exactly", reader),
            roles: fields.node("roles").and_then(|node| match &node.kind {
                Kind::List(_) => Vec::read(node, reader),
                _ => Assigned::read(node, reader).map(|one| vec![one]),
            }),
            identity: fields.get("identity", reader),
            via: fields.node("via").and_then(|node| {
                let words = [("permissions", Via::Permissions), ("assignments", Via::Assignments)];
                reader.word(node, &words).map(|via| Spanned::new(via, node.span))
            }),
        };
        let said = fields.present(&CLAIMS);
        for entry in fields.entries().iter().filter(|entry| entry.value.is_empty()) {
            reader.diagnostics.nothing_expected(entry.span(), &format!("`{}`", entry.key.key_text()));
        }
        if said.is_empty() && fields.all_known() {
            reader.diagnostics.nothing_expected(node.span, "`access`");
        }
        fields.finish(reader);
        Some(Access { scope: scope?, ..access })
    }
}

/// One pattern, or a list of them.
fn patterns(node: &Node, reader: &mut Reader<'_>) -> Option<Vec<Text>> {
    match &node.kind {
        Kind::Text(_) => reader.text(node).map(|pattern| vec![pattern]),
        _ => Vec::read(node, reader),
    }
}

impl Read for Assigned {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if let Kind::Text(_) = &node.kind {
            return reader.text(node).map(|role| Assigned { role, scope: None });
        }
        let mut fields = reader.fields(node, "a role assignment")?;
        let role = fields.required("role", reader);
        let scope = fields.get("scope", reader);
        fields.finish(reader);
        Some(Assigned { role: role?, scope })
    }
}

impl Read for Bound {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let blank = |roles| Bound {
            span: node.span,
            roles,
            actions: None,
            not_actions: None,
            data_actions: None,
            not_data_actions: None,
        };
        match &node.kind {
            Kind::Text(_) => return reader.text(node).map(|role| blank(vec![role])),
            Kind::List(_) => return Vec::read(node, reader).map(blank),
            _ => {}
        }
        let mut fields = reader.fields(node, "a permission set")?;
        let set = Bound {
            actions: fields.get("actions", reader),
            not_actions: fields.get("not_actions", reader),
            data_actions: fields.get("data_actions", reader),
            not_data_actions: fields.get("not_data_actions", reader),
            ..blank(Vec::new())
        };
        fields.finish(reader);
        Some(set)
    }
}

impl Access {
    /// The patterns that are claimed, by the key they stand under.
    pub fn patterns(&mut self) -> Vec<(&'static str, Vec<Text>)> {
        let lists = [
            ("can", self.can.take()),
            ("cannot", self.cannot.take()),
            ("can_data", self.can_data.take()),
            ("cannot_data", self.cannot_data.take()),
        ];
        lists.into_iter().filter_map(|(key, list)| Some((key, list?))).collect()
    }

    /// The sets that are compared with, by the key they stand under.
    pub fn bounds(&mut self) -> Vec<(&'static str, Bound)> {
        let bounds =
            [("at_most", self.at_most.take()), ("at_least", self.at_least.take()), ("exactly", self.exactly.take())];
        bounds.into_iter().filter_map(|(key, bound)| Some((key, bound?))).collect()
    }
}
