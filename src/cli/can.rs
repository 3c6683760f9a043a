//! `mi-run can`: may an identity do something at a scope, and what grants it, or what would?

use mi_run::azure::cure::{Suggestion, assign};
use mi_run::diagnostic::Diagnostic;
use mi_run::rbac::{Algebra, Decision, Pattern, PermissionSet, Plane, TooComplex, Verdict};
use mi_run::source::Sources;
use serde_json::{Value, json};

use super::args::{self, Output};
use super::ask::{Told, ask};
use super::baseline;
use super::errand::without_place;
use super::exit::Exit;
use super::roles::{doubt, pretty, too_complex};
use super::terminal::{diagnose, print};

/// How many grounds are told.
const SHOWN: usize = 4;

/// Answers.
pub(crate) fn can(args: &args::Can) -> Exit {
    let color = args.asking.look.color;
    let pattern = args.action.as_deref().map(Pattern::parse);
    let plane = if args.data { Plane::Data } else { Plane::Control };
    if let Some(doubt) =
        pattern.as_ref().and_then(|pattern| doubt((pattern, plane), ["leave `--data` away", "`--data`"]))
    {
        diagnose(&doubt, &Sources::new(), color);
    }
    let before = match args.against.as_deref().map(baseline::read).transpose() {
        Ok(before) => before,
        Err(diagnostic) => {
            diagnose(&diagnostic, &Sources::new(), color);
            return Exit::Invalid;
        }
    };
    let told = match ask(&args.scope, &args.asking) {
        Ok(told) => told,
        Err(exit) => return exit,
    };
    if !told.says_something() {
        told.problems.last().into_iter().for_each(|problem| diagnose(&without_place(problem), &Sources::new(), color));
        return Exit::Errored;
    }
    let done = match &pattern {
        Some(pattern) => decided(&told, (pattern, plane), args.format),
        None => baseline::all(&told, before.as_ref(), args),
    };
    done.unwrap_or_else(|diagnostic| {
        diagnose(&diagnostic, &Sources::new(), color);
        Exit::Errored
    })
}

/// What was decided.
struct Ruling<'a> {
    verdict: Verdict,
    /// What decides it: the action that breaks the claim, or what was asked for.
    action: String,
    /// By what it is granted: patterns, with role and scope where they are known.
    by: Vec<String>,
    /// The deny assignment that takes it away.
    denied: Option<String>,
    /// Who grants it by assignments that are not effective.
    waiting: Option<String>,
    asked: (&'a Pattern, Plane),
}

impl Ruling<'_> {
    /// Whether only a role is missing.
    fn lacks_a_role(&self) -> bool {
        self.verdict == Verdict::No && self.denied.is_none() && self.waiting.is_none()
    }
}

fn decided(told: &Told, asked: (&Pattern, Plane), format: Output) -> Result<Exit, Box<Diagnostic>> {
    let granted = told.granted();
    let assigned = told.assigned();
    let ruling = ruling((&granted, &assigned), asked).map_err(too_complex)?;
    let suggestion = ruling.lacks_a_role().then(|| Suggestion::of(asked.0, asked.1)).flatten();
    print(&match format {
        Output::Text => text(told, &ruling, suggestion.as_ref()),
        Output::Json => pretty(&as_json(told, &ruling, suggestion.as_ref())),
    });
    Ok(match ruling.verdict {
        Verdict::Yes => Exit::Passed,
        Verdict::No => Exit::Failed,
        Verdict::Maybe => Exit::Errored,
    })
}

fn ruling<'a>(
    (granted, assigned): (&PermissionSet, &PermissionSet),
    asked: (&'a Pattern, Plane),
) -> Result<Ruling<'a>, TooComplex> {
    let algebra = Algebra::built_in();
    let (pattern, plane) = asked;
    let answer = algebra.every(granted, asked)?;
    let action = match (&answer.witness, answer.verdict) {
        (Some(witness), Verdict::No | Verdict::Maybe) => witness.action.clone(),
        _ => pattern.to_string(),
    };
    let denied = match granted.decide(&action, plane) {
        Decision::Denied(entry) => Some(entry.origin().to_string()),
        _ => None,
    };
    let by_roles = algebra.every(assigned, asked)?;
    let waiting = (answer.verdict == Verdict::No && denied.is_none() && by_roles.verdict == Verdict::Yes)
        .then(|| by_roles.grounds(SHOWN, ", ").join(" and "));
    let by = match by_roles.verdict == answer.verdict {
        true => by_roles.grounds(SHOWN, ", "),
        false => answer.grounds(SHOWN, ", "),
    };
    Ok(Ruling { verdict: answer.verdict, action, by, denied, waiting, asked })
}

fn text(told: &Told, ruling: &Ruling<'_>, suggestion: Option<&Suggestion>) -> String {
    let (pattern, plane) = ruling.asked;
    let data = if plane == Plane::Data { " on data" } else { "" };
    let every = if pattern.is_literal() { "" } else { "all of " };
    let who = told.who();
    let mut text = match ruling.verdict {
        Verdict::Yes => format!("yes: {who} may do {every}`{pattern}`{data}\n"),
        Verdict::No => format!("no: {who} may not do {every}`{pattern}`{data}\n"),
        Verdict::Maybe => format!("maybe: {who} may do {every}`{pattern}`{data} under a condition only\n"),
    };
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<12}{value}\n"));
    line("at", &told.scope);
    if ruling.verdict == Verdict::No && !pattern.is_literal() {
        line("for example", &format!("`{}`", ruling.action));
    }
    if ruling.verdict != Verdict::No {
        ruling.by.iter().for_each(|by| line("granted by", by));
    }
    if let Some(denied) = &ruling.denied {
        line("denied by", &format!("the deny assignment {denied}"));
    }
    if let Some(waiting) = &ruling.waiting {
        line(
            "not yet",
            &format!(
                "{waiting} grants it, not effective so far: wait up to 10 minutes, or a day if a group is in between"
            ),
        );
    }
    if ruling.verdict == Verdict::No {
        let roles: Vec<String> =
            told.assignments.iter().flatten().map(|one| format!("{} at {}", one.role, one.scope)).collect();
        roles.iter().for_each(|role| line("it holds", role));
    }
    match suggestion {
        Some(suggestion) => {
            line("would do", &suggestion.to_string());
            assignment(told, suggestion).iter().for_each(|command| line("", command));
        }
        None if ruling.lacks_a_role() => line("would do", Suggestion::NONE),
        None => {}
    }
    notes(told, ruling).iter().for_each(|note| line("note", note));
    text
}

/// The line that would grant it.
fn assignment(told: &Told, suggestion: &Suggestion) -> Option<String> {
    let principal = told.identity.get("principal_id").and_then(Value::as_str)?;
    let scope = told.scope.trim_end_matches('/');
    Some(assign(&suggestion.narrowest.role.name, (principal, scope), told.cloud.as_deref()))
}

/// What may still stand in the way of what is granted.
fn notes(told: &Told, ruling: &Ruling<'_>) -> Vec<String> {
    match (ruling.verdict, &told.assignments) {
        (Verdict::No, _) => Vec::new(),
        (_, Some(_)) => told.notes.clone(),
        (_, None) => {
            vec!["role and deny assignments and locks may not be read: they may still stand in the way".to_owned()]
        }
    }
}

fn as_json(told: &Told, ruling: &Ruling<'_>, suggestion: Option<&Suggestion>) -> Value {
    let (pattern, plane) = ruling.asked;
    let verdict = match ruling.verdict {
        Verdict::Yes => "yes",
        Verdict::No => "no",
        Verdict::Maybe => "maybe",
    };
    json!({
        "action": pattern, "data": plane == Plane::Data, "scope": told.scope, "identity": told.identity, "verdict": verdict,
        "witness": ruling.action, "granted_by": ruling.by, "denied_by": ruling.denied, "not_yet": ruling.waiting,
        "would_do": suggestion.map(|one| json!({"role": one.narrowest.role.name, "id": one.narrowest.role.id,
            "operations": one.narrowest.breadth, "assign": assignment(told, one)})),
        "notes": notes(told, ruling),
    })
}
