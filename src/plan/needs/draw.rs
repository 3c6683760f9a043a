//! What playbooks need, as text for people.

use std::fmt::Write as _;

use super::role::Proposal;
use super::target::written;
use super::{Assignment, Label, Needs, Note, Share, numbers};
use crate::rbac::{Algebra, Granting, Scope, TooComplex};

/// As people read it: for each identity the operations, the role that grants exactly those, and the built-in roles that come
/// near; then what is to be known.
pub fn text(needs: &Needs) -> Result<String, TooComplex> {
    let algebra = Algebra::built_in();
    let mut out = format!("What {} needs of Resource Manager\n", needs.paths.join(", "));
    let mut notes: Vec<Note> = Vec::new();
    let mut is_any = false;
    for share in needs.chosen() {
        let Some(proposal) = share.proposal(needs, &algebra)? else { continue };
        is_any = true;
        one(&mut out, needs, (share, &proposal));
        notes.extend(proposal.notes);
        notes.dedup();
    }
    if !is_any {
        out.push_str("\nnothing: no request that is known beforehand takes a role\n");
    }
    let listed: Vec<&Note> = notes.iter().chain(&needs.notes).collect();
    for (title, matters) in [("to be looked at", true), ("to be known", false)] {
        let some: Vec<_> = listed.iter().filter(|note| note.matters == matters).collect();
        if !some.is_empty() {
            let _ = writeln!(out, "\n{title}");
        }
        for note in some {
            let _ = writeln!(out, "  {}", note.told());
        }
    }
    Ok(out)
}

fn one(out: &mut String, needs: &Needs, (share, proposal): (&Share, &Proposal)) {
    let Proposal { definition, assignments, .. } = proposal;
    if needs.is_shared() {
        let _ = writeln!(out, "\nidentity {}", share.identity);
    }
    out.push_str("\noperations\n");
    let widest = share.wanted.iter().map(|one| one.action.chars().count()).max().unwrap_or(0);
    for at in assignments {
        let _ = writeln!(out, "  at {}", written(&at.scope));
        let mut wanted: Vec<(&str, Vec<Label>)> = Vec::new();
        for one in &at.wanted {
            match wanted.iter_mut().find(|(action, _)| action.eq_ignore_ascii_case(&one.action)) {
                Some((_, known)) => one.steps.iter().for_each(|step| super::add(known, step)),
                None => wanted.push((&one.action, one.steps.clone())),
            }
        }
        for (action, by) in wanted {
            let _ = writeln!(out, "    {action:widest$}  {}", numbers(&by));
        }
    }
    let json = serde_json::to_string_pretty(definition).unwrap_or_default();
    let _ = writeln!(out, "\na role that grants exactly those\n{json}\n");
    let of = if needs.is_shared() { format!("--role={} ", quoted(&share.identity)) } else { String::new() };
    let _ = writeln!(out, "  the same command with `{of}--format json > role.json` saves it; then");
    for line in custom(needs, (share, proposal)) {
        let _ = writeln!(out, "  {line}");
    }
    out.push_str("\nor built-in roles\n");
    for at in assignments {
        let _ = writeln!(out, "  at {}", written(&at.scope));
        built_in(out, at, share);
    }
}

/// The lines that make the custom role and assign it.
fn custom(needs: &Needs, (share, proposal): (&Share, &Proposal)) -> Vec<String> {
    let mut lines = Vec::new();
    match needs.cloud.as_deref() {
        Some("china") => lines.push("az cloud set --name AzureChinaCloud".to_owned()),
        Some("usgov") => lines.push("az cloud set --name AzureUSGovernment".to_owned()),
        _ => {}
    }
    lines.push("az role definition create --role-definition role.json".to_owned());
    let scopes: Vec<&Scope> = proposal.assignments.iter().map(|at| &at.scope).collect();
    let is_below =
        |scope: &Scope, other: &Scope| !other.segments().is_empty() && other != scope && other.contains(scope);
    // Whatever is assigned at a scope reaches all below it; a custom role cannot be assigned at `/`.
    let outermost = scopes
        .iter()
        .filter(|scope| !scope.segments().is_empty() && !scopes.iter().any(|other| is_below(scope, other)));
    lines.extend(outermost.map(|scope| assign(&proposal.definition.name, share, &written(scope))));
    lines
}

fn built_in(out: &mut String, at: &Assignment, share: &Share) {
    if at.missing.is_empty() {
        out.push_str("    nothing more: what is assigned above grants it\n");
        return;
    }
    let scope = written(&at.scope);
    let needed = at.missing.len();
    let role = |out: &mut String, one: &Granting| {
        let _ = writeln!(out, "      {}", assign(&one.role.name, share, &scope));
    };
    if let Some(alone) = &at.covering.alone {
        let _ = writeln!(out, "    {}: {}, needed: {needed}", alone.role.name, operations(alone.breadth));
        role(out, alone);
    }
    let together = &at.covering.together;
    if !together.is_empty() {
        let names: Vec<&str> = together.iter().map(|one| one.role.name.as_str()).collect();
        let first = if at.covering.alone.is_some() { "narrower together" } else { "together" };
        let _ = writeln!(out, "    {first}, {}: {}", names.join(" and "), operations(at.covering.breadth));
        together.iter().for_each(|one| role(out, one));
    }
    if at.covering.alone.is_none() && together.is_empty() {
        out.push_str("    none grants it\n");
    }
    if let Some(usual) = &at.covering.usual {
        let _ = writeln!(out, "    for comparison, {}: {}", usual.role.name, operations(usual.breadth));
    }
    for action in &at.spoilt {
        let _ = writeln!(out, "    beware: {action} is meant to be refused, and is granted with it");
    }
}

fn operations(count: usize) -> String {
    let noun = if count == 1 { "operation" } else { "operations" };
    format!("{count} known {noun}")
}

/// The line that assigns a role.
fn assign(role: &str, share: &Share, scope: &str) -> String {
    let principal = share.identity.strip_prefix("object_id ").unwrap_or("<object id of the identity>");
    format!(
        "az role assignment create --role {} --assignee-object-id {} --assignee-principal-type ServicePrincipal --scope {}",
        quoted(role),
        quoted(principal),
        quoted(scope)
    )
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    match text.contains(['"', '$', '`', '\\', '!', '\'']) {
        true => format!("'{}'", text.replace('\'', r"'\''")),
        false if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => text.to_owned(),
        false => format!("\"{text}\""),
    }
}
