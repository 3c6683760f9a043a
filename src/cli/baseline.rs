//! Everything that an identity may do at a scope: told, kept in a file, and compared with what was kept.

use std::io::Write as _;
use std::path::Path;

use mi_run::diagnostic::Diagnostic;
use mi_run::rbac::{Algebra, Origin, Permission, PermissionSet};
use mi_run::report::difference;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::args::{self, Output};
use super::ask::{Denial, Told};
use super::exit::Exit;
use super::files;
use super::pending::Pending;
use super::roles::{pretty, too_complex};
use super::terminal::print;

/// How large a file may be.
const LARGEST: usize = 16 << 20;

/// What is kept in a file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Baseline {
    baseline_version: u32,
    scope: String,
    cloud: Option<String>,
    identity: Value,
    permissions: Vec<Permission>,
    deny_assignments: Vec<Kept>,
}

/// A deny assignment that is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    name: String,
    permissions: Vec<Permission>,
    /// Why it is not certain that it concerns the identity.
    perhaps: Option<String>,
}

/// Reads what was kept.
pub(crate) fn read(path: &Path) -> Result<Baseline, Box<Diagnostic>> {
    let name = path.display();
    let bytes = files::bytes(path, LARGEST).map_err(|error| {
        let diagnostic =
            Diagnostic::error("unreadable-file", format!("`{name}` cannot be read")).note(error.to_string());
        Box::new(diagnostic.help(format!("`mi-run can --all --scope SCOPE --save {name}` makes it")))
    })?;
    let wrong = |why: String| {
        let title = format!("`{name}` does not hold what `mi-run can --all --save` keeps");
        Box::new(Diagnostic::error("invalid-baseline", title).note(why))
    };
    let baseline: Baseline = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    match baseline.baseline_version {
        1 => Ok(baseline),
        other => Err(wrong(format!("its `baseline_version` is {other}, and 1 is known here"))),
    }
}

impl Baseline {
    fn of(told: &Told) -> Baseline {
        let assigned = || told.assignments.iter().flatten().flat_map(|one| one.permissions.clone()).collect();
        let kept = |denial: &Denial| Kept {
            name: denial.name.clone(),
            permissions: denial.permissions.clone(),
            perhaps: denial.perhaps.clone(),
        };
        Baseline {
            baseline_version: 1,
            scope: told.scope.clone(),
            cloud: told.cloud.clone(),
            identity: told.identity.clone(),
            permissions: told.permissions.clone().unwrap_or_else(assigned),
            deny_assignments: told.denials.iter().map(kept).collect(),
        }
    }

    fn granted(&self) -> PermissionSet {
        let mut set = PermissionSet::of(&self.permissions);
        for denial in &self.deny_assignments {
            let origin = Origin { condition: denial.perhaps.clone(), ..Origin::default() };
            set.deny(&denial.permissions, &origin);
        }
        set
    }
}

/// Tells all that is granted, or what changed; keeps it where that is wished.
pub(crate) fn all(told: &Told, before: Option<&Baseline>, args: &args::Can) -> Result<Exit, Box<Diagnostic>> {
    let now = Baseline::of(told);
    let exit = match before {
        Some(before) => changed(before, &now, (told, args.format))?,
        None => {
            print(&match args.format {
                Output::Text => text(told),
                Output::Json => pretty(&json!(now)),
            });
            Exit::Passed
        }
    };
    if let Some(path) = &args.save {
        let unwritable = |error: std::io::Error| {
            let title = format!("`{}` cannot be written", path.display());
            Box::new(Diagnostic::error("unwritable-file", title).note(error.to_string()))
        };
        let mut pending = Pending::create(path).map_err(unwritable)?;
        pending.write_all(pretty(&json!(now)).as_bytes()).and_then(|()| pending.finish()).map_err(unwritable)?;
    }
    Ok(exit)
}

fn changed(before: &Baseline, now: &Baseline, (told, format): (&Told, Output)) -> Result<Exit, Box<Diagnostic>> {
    let (old, new) = (before.granted(), now.granted());
    let algebra = Algebra::built_in();
    let gained = algebra.difference(&new, &old).map_err(too_complex)?;
    let lost = algebra.difference(&old, &new).map_err(too_complex)?;
    let same = difference::is_empty(&gained) && difference::is_empty(&lost);
    let mut notes = Vec::new();
    if !before.scope.eq_ignore_ascii_case(&now.scope) {
        notes.push(format!("the baseline is of another scope: {}", before.scope));
    }
    let principal = |baseline: &Baseline| baseline.identity.get("principal_id").cloned();
    if principal(before) != principal(now) {
        let name = |value: Option<Value>| value.and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default();
        notes.push(format!("the baseline is of another identity: {}", name(principal(before))));
    }
    print(&match format {
        Output::Json => pretty(&json!({
            "scope": now.scope, "identity": now.identity, "same": same, "gained": difference::json(&gained),
            "lost": difference::json(&lost), "notes": notes,
        })),
        Output::Text => {
            let mut text = format!("{} at {}\n", told.who(), told.scope);
            for (title, part) in [("gained", &gained), ("lost", &lost)] {
                if !difference::is_empty(part) {
                    text.push_str(&format!("\n{title}\n"));
                    difference::text(part).lines().for_each(|line| text.push_str(&format!("  {line}\n")));
                }
            }
            if same {
                text.push_str("may do what it could before, neither more nor less\n");
            }
            notes.iter().for_each(|note| text.push_str(&format!("\nnote: {note}\n")));
            text
        }
    });
    Ok(if same { Exit::Passed } else { Exit::Failed })
}

fn text(told: &Told) -> String {
    let mut text = format!("{} at {}\n", told.who(), told.scope);
    let entries = |text: &mut String, permissions: &[Permission]| {
        for entry in permissions {
            let lists = [
                ("", &entry.actions),
                ("but not  ", &entry.not_actions),
                ("data  ", &entry.data_actions),
                ("data, but not  ", &entry.not_data_actions),
            ];
            for (name, patterns) in lists {
                patterns.iter().for_each(|pattern| text.push_str(&format!("  {name}{pattern}\n")));
            }
            entry
                .condition
                .iter()
                .for_each(|condition| text.push_str(&format!("  under the condition  {condition}\n")));
        }
    };
    match &told.assignments {
        Some(assignments) => {
            for one in assignments {
                let own = told.identity.get("principal_id").and_then(Value::as_str) == Some(&one.principal_id);
                let through = if own { String::new() } else { format!(", through the group {}", one.principal_id) };
                text.push_str(&format!("\n{} at {}{through}\n", one.role, one.scope));
                entries(&mut text, &one.permissions);
            }
        }
        None => {
            text.push('\n');
            entries(&mut text, told.permissions.as_deref().unwrap_or_default());
        }
    }
    for denial in &told.denials {
        text.push_str(&format!("\ntaken away by the deny assignment {}\n", denial.name));
        entries(&mut text, &denial.permissions);
    }
    if told.assignments.is_none() {
        text.push_str("\nnote: role and deny assignments and locks may not be read: some of it may be taken away\n");
    }
    told.notes.iter().for_each(|note| text.push_str(&format!("\nnote: {note}\n")));
    text
}
