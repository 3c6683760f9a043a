//! Asks Azure what an identity may do at a scope.

use std::sync::Arc;

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::event::{Problem, Step};
use mi_run::rbac::{Origin, Permission, PermissionSet, Role, Scope};
use mi_run::source::Sources;
use serde::Deserialize;
use serde_json::{Value, json};

use super::args::Asking;
use super::errand::{Errand, carry_out};
use super::exit::Exit;
use super::terminal::diagnose_all;

/// What Azure tells of an identity's access at a scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// The scope, as it was asked for.
    pub(crate) scope: String,
    /// The cloud's name.
    pub(crate) cloud: Option<String>,
    /// Whose access: `name`, `principal_id`, `client_id`.
    pub(crate) identity: Value,
    /// What is effective, if that may be asked.
    pub(crate) permissions: Option<Vec<Permission>>,
    /// The role assignments, if they may be read.
    pub(crate) assignments: Option<Vec<Assignment>>,
    /// What deny assignments take away.
    pub(crate) denials: Vec<Denial>,
    /// What may still stand in the way.
    pub(crate) notes: Vec<String>,
    /// Why nothing is told.
    pub(crate) problems: Vec<Problem>,
}

/// A role assignment, as a report tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Assignment {
    /// The name of the role.
    pub(crate) role: String,
    /// Where it is assigned.
    pub(crate) scope: String,
    /// To whom.
    pub(crate) principal_id: String,
    condition: Option<String>,
    /// What the role grants.
    pub(crate) permissions: Vec<Permission>,
}

/// A deny assignment, as a report tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Denial {
    /// Its name.
    pub(crate) name: String,
    scope: String,
    /// What it denies.
    pub(crate) permissions: Vec<Permission>,
    /// Why it is not certain that it concerns the identity.
    pub(crate) perhaps: Option<String>,
}

impl Told {
    /// What is granted now: what is effective less what is denied; from assignments where Azure does not say.
    pub(crate) fn granted(&self) -> PermissionSet {
        let mut set = match &self.permissions {
            Some(permissions) => PermissionSet::of(permissions),
            None => self.assigned(),
        };
        self.deny(&mut set);
        set
    }

    /// What the role assignments grant, each with its role and its scope, less what is denied.
    pub(crate) fn assigned(&self) -> PermissionSet {
        let mut set = PermissionSet::new();
        for one in self.assignments.iter().flatten() {
            let role = Role { name: one.role.clone(), ..Role::default() };
            let scope = Scope::parse(&one.scope).ok();
            let condition = one.condition.clone();
            set.grant(&one.permissions, &Origin { role: Some(Arc::new(role)), scope, condition, ..Origin::default() });
        }
        self.deny(&mut set);
        set
    }

    fn deny(&self, set: &mut PermissionSet) {
        for denial in &self.denials {
            let scope = Scope::parse(&denial.scope).ok();
            let origin = Origin {
                scope,
                assignment: Some(denial.name.clone()),
                condition: denial.perhaps.clone(),
                ..Origin::default()
            };
            set.deny(&denial.permissions, &origin);
        }
    }

    /// Whether anything is told.
    pub(crate) fn says_something(&self) -> bool {
        self.permissions.is_some() || self.assignments.is_some()
    }

    /// Whose access, in words.
    pub(crate) fn who(&self) -> String {
        let text = |name: &str| self.identity.get(name).and_then(Value::as_str);
        match (text("name"), text("principal_id")) {
            (Some(name), Some(principal)) => format!("{name} ({principal})"),
            (one, other) => one.or(other).unwrap_or("the identity").to_owned(),
        }
    }

    fn read(&mut self, step: &Step) {
        let problem = step.problems.iter().any(|problem| problem.code != "too-complex");
        let Some(access) = step.access.as_ref() else {
            self.problems.extend(step.problems.iter().cloned());
            return;
        };
        self.identity = access.get("identity").cloned().unwrap_or_default();
        if problem || access.get("via").is_none() {
            self.problems.extend(step.problems.iter().cloned());
            return;
        }
        let member = |name: &str| access.get(name).cloned().unwrap_or_default();
        if access["via"] == "permissions" {
            self.permissions = serde_json::from_value(member("permissions")).ok();
        } else {
            self.assignments = serde_json::from_value(member("assignments")).ok();
            self.denials = serde_json::from_value(member("deny_assignments")).unwrap_or_default();
            self.notes.extend(step.notes.iter().cloned());
        }
    }
}

/// Asks; on the way, what is wrong with the question is told.
pub(crate) fn ask(scope: &str, asking: &Asking) -> Result<Told, Exit> {
    let mut usage = Diagnostics::new();
    check_scope(scope, &mut usage);
    if usage.has_errors() {
        diagnose_all(usage, &Sources::new(), asking.look.color);
        return Err(Exit::Usage);
    }
    let steps = ["assignments", "permissions"].map(|via| json!({"access": {"scope": scope, "via": via, "can": "*"}}));
    let Errand { record, .. } = carry_out(json!(steps), asking)?;
    let mut told = Told { scope: scope.to_owned(), cloud: record.run.cloud.clone(), ..Told::default() };
    record.playbooks.iter().flat_map(|playbook| playbook.steps.iter()).for_each(|step| told.read(&step));
    Ok(told)
}

fn check_scope(scope: &str, usage: &mut Diagnostics) {
    let why = match Scope::parse(scope) {
        Err(why) => Some(why.to_string()),
        Ok(_) if scope.contains(['?', '#', '{', '}']) => Some("a scope has no parameters and no templates".to_owned()),
        Ok(_) => None,
    };
    if let Some(why) = why {
        let diagnostic =
            Diagnostic::error("invalid-scope", format!("`{}` is not a scope", scope.escape_debug())).note(why);
        usage.push(diagnostic.help("a scope is a resource id: `/subscriptions/<id>/resourceGroups/<name>`"));
    }
}
