//! What steps look at, need and give, read off the plan; and how they come out that get another answer than theirs.

use mi_run::event::{Outcome, Trail};
use mi_run::identity::Selector;
use mi_run::plan::{Action, Auth, Origin, Plan, Step, Subject};

/// The step of a plan that a trail leads to, and the playbook that it stands in.
pub(super) fn find<'p>(plan: &'p Plan, trail: &Trail) -> (&'p Plan, &'p Step) {
    let mut around = plan;
    let mut block: Vec<&Step> = plan.steps.iter().chain(&plan.cleanup).collect();
    let mut found = None;
    for turn in &trail.0 {
        let step = block[turn.step as usize];
        found = Some((around, step));
        match &step.action {
            Action::Group(steps) => block = steps.iter().collect(),
            Action::Include(include) => {
                around = &include.plan;
                block = around.steps.iter().chain(&around.cleanup).collect();
            }
            _ => {}
        }
    }
    found.expect("a trail has a turn")
}

/// The id that names an identity; nothing for the machine's own.
pub(super) fn id_of(selector: &Selector<mi_run::template::Text>) -> Option<String> {
    selector.id().map(|text| text.template.text().to_owned())
}

/// Whose token a step has sent: nothing at all, or that of the machine, or of the identity with an id.
pub(super) fn managed(step: &Step) -> Option<Option<String>> {
    match &step.action {
        Action::Access(_) => Some(None),
        Action::Request(request) => match &request.auth {
            Auth::Default => Some(None),
            Auth::Resource(Some(word), _) if word.template.text() == "none" => None,
            Auth::Resource(_, whose) => Some(whose.as_ref().and_then(|whose| id_of(&whose.selector))),
            Auth::Bearer(_) => None,
        },
        _ => None,
    }
}

pub(super) fn looks_at(step: &Step, at: impl Fn(&Subject) -> bool) -> bool {
    step.assertions.iter().any(|assertion| at(&assertion.subject))
}

/// What a step has captured that has not passed: of a list what it finds, be it nothing, and of another playbook `null`.
pub(super) fn given(step: &Step, outcome: Outcome) -> impl Iterator<Item = String> {
    let all = matches!(step.action, Action::Include(_));
    let some = outcome == Outcome::Failed;
    let captures = step
        .captures
        .iter()
        .filter(move |capture| all || some && matches!(&capture.origin, Origin::Json(query) if !query.is_singular()));
    captures.map(|capture| capture.name.clone())
}

/// Whether a step sends a token that was captured.
pub(super) fn is_own(step: &Step) -> bool {
    matches!(&step.action, Action::Request(request) if matches!(request.auth, Auth::Bearer(_)))
}

/// Whether a step computes what it captures: with what is not there it cannot.
pub(super) fn computes_with_json(step: &Step) -> bool {
    let uses = |text: &mi_run::template::Text| text.template.names().iter().any(|name| name.name == "json");
    step.captures.iter().any(|capture| matches!(&capture.origin, Origin::Template(text) if uses(text)))
}

/// Whether a step looks into the body as JSON.
pub(super) fn reads_json(step: &Step) -> bool {
    looks_at(step, |subject| matches!(subject, Subject::Json(..) | Subject::Schema(_)))
        || step.captures.iter().any(|capture| matches!(capture.origin, Origin::Json(_)))
        || computes_with_json(step)
        || matches!(step.action, Action::Access(_))
}

pub(super) fn reads_type(step: &Step) -> bool {
    looks_at(step, |subject| matches!(subject, Subject::That(text) if text.template.text().contains("content-type")))
}

/// Whether a step reads the network that another one builds.
pub(super) fn reads_network(step: &Step) -> bool {
    matches!(&step.action, Action::Request(request) if request.method == "GET" && request.url.template.text().contains("network"))
}

/// How a step comes out whose answer is not JSON.
pub(super) fn torn(step: &Step, status: u16) -> Outcome {
    use mi_run::azure::verdict::Access;
    if looks_at(step, |subject| matches!(subject, Subject::Access(Access::Allowed))) && status < 300 {
        return Outcome::Passed;
    }
    // A refusal is known by its code.
    if reads_json(step) || looks_at(step, |subject| matches!(subject, Subject::Access(_) | Subject::Denied(_))) {
        return Outcome::Errored;
    }
    match looks_at(step, |subject| matches!(subject, Subject::Error(_))) {
        true => Outcome::Failed,
        false => Outcome::Passed,
    }
}

/// How a step comes out that is answered with this status, and an error that it does not expect.
pub(super) fn by_status(step: &Step, status: u16) -> Outcome {
    use mi_run::azure::verdict::Access;
    let expects = |at: fn(&Subject) -> bool| looks_at(step, at);
    if expects(|subject| matches!(subject, Subject::Access(Access::Allowed))) {
        // What the service refuses, access control has let through.
        return match status {
            400 | 409 => Outcome::Passed,
            404 => Outcome::Failed,
            _ => Outcome::Errored,
        };
    }
    if expects(|subject| matches!(subject, Subject::Access(Access::Denied) | Subject::Denied(_))) {
        return match status {
            400 | 404 | 409 => Outcome::Failed,
            _ => Outcome::Errored,
        };
    }
    if matches!(step.action, Action::Access(_)) || computes_with_json(step) {
        return Outcome::Errored;
    }
    let expected = looks_at(step, |subject| matches!(subject, Subject::Status(statuses) if statuses.include(status)));
    match expected && !expects(|subject| matches!(subject, Subject::Error(_))) {
        true => Outcome::Passed,
        false => Outcome::Failed,
    }
}
