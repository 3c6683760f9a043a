//! What loops of `access` steps come to as a table.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::event::{Steps, Trail, Turn};

const WEB: &str = "/subscriptions/98f51385-2edc-4b79/resourceGroups/web";
const DATA: &str = "/subscriptions/98f51385-2edc-4b79/resourceGroups/data";

/// The step on line 7, in a turn of its loop.
fn turn(index: u32, item: Value, access: Option<Value>) -> Step {
    let place = Place { path: Arc::from("a.yaml"), line: 7, column: 5, length: 1 };
    let mut step = Step::new("x".to_owned(), "What is granted".to_owned(), "access", place);
    step.trail = Trail(vec![Turn { step: 0, iteration: Some(index) }]);
    step.iteration = Some(Iteration { index, item });
    step.outcome = if access.is_some() { Outcome::Passed } else { Outcome::Errored };
    step.access = access;
    step
}

/// The step with a claim, what was found, and whether that holds.
fn claims(mut step: Step, claims: &[(&'static str, &str, &str, bool)]) -> Step {
    let assertion = |(subject, path, actual, holds): &(&'static str, &str, &str, bool)| Assertion {
        subject: (*subject).into(),
        path: Some((*path).to_owned()),
        predicate: "access".to_owned(),
        expected: json!("x"),
        actual: json!(actual),
        found: true,
        holds: *holds,
        reason: None,
        place: step.place.clone(),
    };
    step.assertions = claims.iter().map(assertion).collect();
    step
}

fn at(scope: &str) -> Option<Value> {
    Some(json!({"scope": scope}))
}

fn of(name: &str, scope: &str) -> Option<Value> {
    Some(json!({"scope": scope, "identity": {"name": name, "client_id": "1-2-3"}}))
}

/// The matrices of these steps and of all inside them.
fn of_steps(steps: &[Step]) -> Vec<Matrix> {
    let mut loops = Loops::default();
    Steps::from_iter(steps.to_vec()).ends().for_each(|step| loops.take(&step));
    loops.finish()
}

/// The one matrix of these steps, a line of text for the heads and for each row.
fn table(steps: &[Step]) -> Vec<String> {
    let matrices = of_steps(steps);
    assert_eq!(matrices.len(), 1, "{matrices:?}");
    let matrix = &matrices[0];
    let titles = matrix.columns.iter().map(Column::title);
    let heads: Vec<String> = matrix.heads.iter().map(|head| (*head).to_owned()).chain(titles).collect();
    let row = |row: &Row| {
        let words = row.cells.iter().map(|cell| cell.word().to_owned());
        row.labels.iter().cloned().chain(words).collect::<Vec<_>>().join(" | ")
    };
    [heads.join(" | ")].into_iter().chain(matrix.rows.iter().map(row)).collect()
}

#[test]
fn every_verdict_has_its_word() {
    #[track_caller]
    fn check(claim: (&'static str, &str, &str, bool), expected: &str) {
        let found = table(&[claims(turn(0, json!("web"), at(WEB)), &[claim])]);
        assert_eq!(found[1], format!("web | {expected}"), "{claim:?}");
    }
    check(("can", "a", "granted", true), "granted");
    check(("can", "a", "refused", false), "REFUSED!");
    check(("can_data", "a", "conditional", false), "CONDITIONAL?");
    check(("cannot", "a", "refused", true), "refused");
    check(("cannot", "a", "granted", false), "GRANTED!");
    check(("cannot_data", "a", "conditional", false), "CONDITIONAL?");
}

#[test]
fn the_two_planes_are_columns_of_their_own_and_case_does_not_matter() {
    let steps = [
        claims(
            turn(0, json!("web"), at(WEB)),
            &[("can", "A/read", "granted", true), ("can_data", "A/read", "granted", true)],
        ),
        claims(
            turn(1, json!("data"), at(DATA)),
            &[("cannot", "a/READ", "refused", true), ("can", "b", "granted", true)],
        ),
        claims(turn(2, json!("web"), at(&WEB.to_uppercase())), &[("can", "b", "granted", true)]),
    ];
    assert_eq!(
        table(&steps),
        ["scope | A/read | A/read (data) | b", "web | granted | granted | granted", "data | refused | - | granted",]
    );
}

#[test]
fn what_is_as_claimed_does_not_hide_what_is_not() {
    let one =
        claims(turn(0, json!("web"), at(WEB)), &[("can", "*", "refused", false), ("cannot", "*", "granted", false)]);
    let other = claims(turn(1, json!("web"), at(WEB)), &[("can", "*", "granted", true)]);
    assert_eq!(table(&[one, other]), ["scope | *", "web | REFUSED!"]);
}

#[test]
fn identities_are_told_when_they_differ() {
    let claim = [("can", "a", "granted", true)];
    let row = |index, access| claims(turn(index, json!(index), access), &claim);
    let differ = [row(0, of("ops", WEB)), row(1, of("dev", WEB)), row(2, of("dev", DATA))];
    assert_eq!(
        table(&differ),
        ["identity | scope | a", "ops | web | granted", "dev | web | granted", "dev | data | granted"]
    );
    let same = [row(0, of("ops", WEB)), row(1, of("ops", DATA))];
    assert_eq!(table(&same), ["scope | a", "web | granted", "data | granted"]);
    let one_scope = [row(0, of("ops", WEB)), row(1, of("dev", WEB))];
    assert_eq!(table(&one_scope), ["identity | a", "ops | granted", "dev | granted"]);
    assert_eq!(of_steps(&one_scope)[0].shared, Shared::Scope(WEB.to_owned()));
}

#[test]
fn an_identity_without_a_name_is_told_by_its_ids() {
    #[track_caller]
    fn check(told: Value, expected: Option<&str>) {
        assert_eq!(identity(&json!({ "identity": told })).as_deref(), expected, "{told}");
    }
    check(json!({"name": "ops", "client_id": "c", "principal_id": "p"}), Some("ops"));
    check(json!({"name": "", "client_id": "c", "principal_id": "p"}), Some("c"));
    check(json!({"principal_id": "p"}), Some("p"));
    check(json!({"name": null}), None);
    check(json!(null), None);
}

#[test]
fn an_errored_turn_leaves_undecided_what_it_was_about() {
    let asked =
        |index, action| claims(turn(index, json!({"action": action}), at(WEB)), &[("can", action, "granted", true)]);
    let whole = [asked(0, "a"), asked(1, "b"), turn(2, json!(DATA), None)];
    assert_eq!(table(&whole), ["scope | a | b", "web | granted | granted", "data | UNDECIDED? | UNDECIDED?"]);
    let mut late = turn(2, json!({"action": "A"}), at(DATA));
    late.outcome = Outcome::Errored;
    let part = [asked(0, "a"), asked(1, "b"), late];
    assert_eq!(table(&part), ["scope | a | b", "web | granted | granted", "data | UNDECIDED? | -"]);
    let unknown = [asked(0, "a"), turn(1, json!({"group": "x", "n": 1}), None)];
    assert_eq!(table(&unknown), ["scope | a", "web | granted", "group: x, n: 1 | UNDECIDED?"]);
}

#[test]
fn skipped_turns_are_counted() {
    let mut skipped = turn(1, json!("data"), None);
    skipped.outcome = Outcome::Skipped;
    let asked = claims(turn(0, json!("web"), at("/")), &[("can", "a", "granted", true)]);
    let matrices = of_steps(&[asked, skipped]);
    assert_eq!((matrices[0].rows.len(), matrices[0].left_out().as_deref()), (1, Some("1 turn was skipped")));
    assert_eq!(matrices[0].rows[0].labels, ["/"]);
}

#[test]
fn requests_that_were_judged_are_cells_too() {
    let tried = |index: u32, subject: &'static str, actual: &str, holds: bool| {
        let mut access = at(&format!("/subscriptions/s/resourceGroups/g{index}")).expect("an object");
        access["action"] = json!("Microsoft.Resources/subscriptions/resourceGroups/read");
        let step = claims(turn(index, json!("web"), Some(access)), &[(subject, "", actual, holds)]);
        Step { action: "request".into(), ..step }
    };
    let steps = [
        tried(0, "allowed", "allowed", true),
        tried(1, "allowed", "denied", false),
        tried(2, "denied", "Microsoft.Resources/subscriptions/resourceGroups/read", true),
        tried(3, "denied", "allowed", false),
        tried(4, "allowed", "allowed, and not found", false),
    ];
    let found: Vec<Cell> = of_steps(&steps)[0].rows.iter().map(|row| row.cells[0]).collect();
    use Cell::{Granted, Refused, UnexpectedlyGranted, UnexpectedlyRefused};
    assert_eq!(found, [Granted, UnexpectedlyRefused, Refused, UnexpectedlyGranted, Granted]);
}

#[test]
fn only_loops_that_ask_for_actions_are_tables() {
    let asked = || claims(turn(0, json!("web"), at(WEB)), &[("can", "a", "granted", true)]);
    let mut once = asked();
    (once.iteration, once.trail.0[0].iteration) = (None, None);
    let other = Step { action: "request".into(), access: None, ..asked() };
    let roles = claims(turn(0, json!("web"), at(WEB)), &[("at_most", "Reader", "x", true)]);
    assert_eq!(of_steps(&[once, other, roles]), []);
    // A step in a group that is the loop; and a second place.
    let mut inner = asked();
    (inner.iteration, inner.trail.0) = (None, vec![inner.trail.0[0], Turn { step: 0, iteration: None }]);
    let mut group = Step { action: "steps".into(), ..turn(0, json!(1), None) };
    group.steps = [inner].into_iter().collect();
    let mut elsewhere = asked();
    elsewhere.place.line = 9;
    assert_eq!(of_steps(&[group, elsewhere]).len(), 2);
}

#[test]
fn a_title_is_what_the_turns_share() {
    let named = |index, name: &str| {
        let step = claims(turn(index, json!(index), at(WEB)), &[("can", "a", "granted", true)]);
        Step { name: name.to_owned(), ..step }
    };
    assert_eq!(of_steps(&[named(0, "What web may"), named(1, "What data may")])[0].title, "What … may");
    assert_eq!(of_steps(&[named(0, "web"), named(1, "data")])[0].title, "a.yaml:7");
}
