//! `mi-run roles`: the built-in roles, which of them grant something, and what one grants that another does not.

use std::sync::Arc;

use mi_run::diagnostic::Diagnostic;
use mi_run::diagnostic::pipeline::{Escape, disarm};
use mi_run::nearest::nearest;
use mi_run::rbac::{Algebra, Doubt, Operations, Pattern, PermissionSet, Plane, Role, TooComplex, Verdict, catalogue};
use mi_run::report::difference;
use mi_run::source::Sources;
use serde_json::{Value, json};

use super::args::{self, Output};
use super::exit::Exit;
use super::terminal::{diagnose, print};

/// Lists roles, shows one, or compares two.
pub(crate) fn roles(args: &args::Roles) -> Exit {
    let done = match (&args.command, args.granting.as_slice(), args.granting_data.as_slice()) {
        (Some(args::RolesCommand::Diff { one, other }), ..) => differ((one, other), args),
        (None, [], []) => show(args.name.as_deref(), args),
        (None, control, data) => granting((control, data), args),
    };
    done.unwrap_or_else(|diagnostic| {
        diagnose(&diagnostic, &Sources::new(), args.look.color);
        Exit::Usage
    })
}

type Done = Result<Exit, Box<Diagnostic>>;

/// The roles whose names hold a text; one whole when the text is its name or id.
fn show(name: Option<&str>, args: &args::Roles) -> Done {
    if let Some(role) = name.and_then(Role::built_in) {
        print(&match args.format {
            Output::Text => whole(&role),
            Output::Json => pretty(&as_json(&role)),
        });
        return Ok(Exit::Passed);
    }
    let wanted = name.unwrap_or_default().to_lowercase();
    let found: Vec<&Arc<Role>> = catalogue().iter().filter(|role| role.name.to_lowercase().contains(&wanted)).collect();
    if found.is_empty() {
        return Err(Box::new(unknown(name.unwrap_or_default())));
    }
    print(&match args.format {
        Output::Text => found.iter().map(|role| format!("{}\n", role.name)).collect(),
        Output::Json => pretty(&Value::Array(found.iter().map(|role| as_json(role)).collect())),
    });
    Ok(Exit::Passed)
}

/// The roles that grant all of some actions, the narrowest first.
fn granting((control, data): (&[String], &[String]), args: &args::Roles) -> Done {
    let of = |list: &[String], plane| -> Vec<(Pattern, Plane)> {
        list.iter().map(|text| (Pattern::parse(text), plane)).collect()
    };
    let wanted = [of(control, Plane::Control), of(data, Plane::Data)].concat();
    wanted
        .iter()
        .filter_map(|(pattern, plane)| doubt((pattern, *plane), ["`--granting`", "`--granting-data`"]))
        .for_each(|told| {
            diagnose(&told, &Sources::new(), args.look.color);
        });
    let found = Algebra::built_in().granting(&wanted).map_err(too_complex)?;
    print(&match args.format {
        Output::Text => {
            let line = |found: &mi_run::rbac::Granting| {
                let condition = if found.verdict == Verdict::Maybe { ", under a condition" } else { "" };
                let noun = if found.breadth == 1 { "operation" } else { "operations" };
                format!("{}  ({} known {noun}{condition})\n", found.role.name, found.breadth)
            };
            found.iter().map(line).collect()
        }
        Output::Json => {
            let each = |found: &mi_run::rbac::Granting| {
                let certain = found.verdict == Verdict::Yes;
                json!({"name": found.role.name, "id": found.role.id, "operations": found.breadth, "certain": certain})
            };
            pretty(&Value::Array(found.iter().map(each).collect()))
        }
    });
    if found.is_empty() {
        let title = "no built-in role grants all of that";
        let help = "a custom role can: `az role definition create`";
        diagnose(&Diagnostic::warning("unknown-role", title).help(help), &Sources::new(), args.look.color);
        return Ok(Exit::Failed);
    }
    Ok(Exit::Passed)
}

/// What one role grants that another does not.
fn differ((one, other): (&str, &str), args: &args::Roles) -> Done {
    let role = |name: &str| Role::built_in(name).ok_or_else(|| Box::new(unknown(name)));
    let (one, other) = (role(one)?, role(other)?);
    let sets = (PermissionSet::of_role(&one), PermissionSet::of_role(&other));
    let difference = Algebra::built_in().difference(&sets.0, &sets.1).map_err(too_complex)?;
    let same = difference::is_empty(&difference);
    print(&match args.format {
        Output::Text if same => format!("{} grants nothing that {} does not\n", one.name, other.name),
        Output::Text => difference::text(&difference),
        Output::Json => pretty(&difference::json(&difference)),
    });
    Ok(if same { Exit::Passed } else { Exit::Failed })
}

fn whole(role: &Role) -> String {
    let mut text = format!("{}  {}\n{}\n", role.name, role.id, role.description);
    for entry in &role.permissions {
        let lists = [
            ("actions", &entry.actions),
            ("not actions", &entry.not_actions),
            ("data actions", &entry.data_actions),
            ("not data actions", &entry.not_data_actions),
        ];
        text.push('\n');
        for (name, patterns) in lists.into_iter().filter(|(_, patterns)| !patterns.is_empty()) {
            text.push_str(&format!("{name}\n"));
            patterns.iter().for_each(|pattern| text.push_str(&format!("  {pattern}\n")));
        }
        if let Some(condition) = &entry.condition {
            text.push_str(&format!("condition\n  {condition}\n"));
        }
    }
    text
}

fn as_json(role: &Role) -> Value {
    json!({"id": role.id, "name": role.name, "description": role.description, "permissions": role.permissions})
}

/// JSON for people and programs, in which nothing commands a pipeline.
pub(super) fn pretty(value: &Value) -> String {
    disarm(&serde_json::to_string_pretty(value).unwrap_or_default(), Escape::Json).into_owned() + "\n"
}

fn unknown(name: &str) -> Diagnostic {
    let near = nearest(name, catalogue().iter().map(|role| role.name.as_str()));
    let diagnostic = Diagnostic::error("unknown-role", format!("there is no built-in role `{}`", name.escape_debug()));
    match near {
        Some(near) => diagnostic.help(format!("a similar name exists: `{near}`")),
        None => diagnostic.help("`mi-run roles` lists them all"),
    }
}

/// What speaks against an action that is asked for; `instead` is how to ask about an action, and about one on data.
pub(super) fn doubt((pattern, plane): (&Pattern, Plane), instead: [&str; 2]) -> Option<Diagnostic> {
    let title = format!("no operation is known that `{pattern}` matches");
    let diagnostic = Diagnostic::warning("unknown-action", title);
    Some(match Operations::built_in().doubt(pattern, plane)? {
        Doubt::OtherPlane if plane == Plane::Control => diagnostic.help(format!("it is a data action: {}", instead[1])),
        Doubt::OtherPlane => diagnostic.help(format!("it is no data action: {}", instead[0])),
        Doubt::Near(near) => diagnostic.help(format!("similar is `{near}`")),
        Doubt::Unknown => diagnostic,
    })
}

pub(super) fn too_complex(why: TooComplex) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("too-complex", "this cannot be decided in reasonable time").note(why.to_string()))
}
