//! Steps are read as they were put there: in their order, each with those inside it, wherever they lie.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::spool::tests::on_disk;
use crate::event::{Event, Millis, Outcome, Outlet, Place, PlaybookStarted, Record, Sink, StepFinished};

/// The shape of a step: those inside it.
#[derive(Clone, Debug)]
struct Shape(Vec<Shape>);

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let leaf = Just(Shape(Vec::new()));
    let shape = leaf.prop_recursive(4, 40, 5, |inner| prop::collection::vec(inner, 0..5).prop_map(Shape));
    prop::collection::vec(shape, 0..6)
}

fn step(trail: &Trail) -> Step {
    let place = Place { path: Arc::from("a.yaml"), line: 1, column: 1, length: 0 };
    let mut step = Step::new(format!("id {trail}"), format!("name {trail}"), "set", place);
    step.trail = trail.clone();
    step.outcome = Outcome::Passed;
    // An exact number, and one that is not.
    step.captures.insert("pi".to_owned(), json!([std::f64::consts::PI, 0.1, u64::MAX]));
    step
}

/// The steps of such shapes in the order in which they end.
fn ended(shapes: &[Shape], around: &Trail, tell: &mut dyn FnMut(Step)) {
    for (at, Shape(inside)) in shapes.iter().enumerate() {
        let own = around.then(Turn { step: at as u32, iteration: (at % 2 == 1).then_some(3) });
        ended(inside, &own, tell);
        let holds_steps = !inside.is_empty();
        tell(Step { holds_steps, ..step(&own) });
    }
}

/// The same as JSON, with what is around each.
fn expected(shapes: &[Shape], (around, titles): (&Trail, &[String])) -> Vec<(Vec<String>, Value)> {
    let mut all = Vec::new();
    for (at, Shape(inside)) in shapes.iter().enumerate() {
        let own = around.then(Turn { step: at as u32, iteration: (at % 2 == 1).then_some(3) });
        let mut json = serde_json::to_value(Step { holds_steps: !inside.is_empty(), ..step(&own) }).expect("JSON");
        let titles_inside: Vec<String> = titles.iter().cloned().chain([format!("name {own}")]).collect();
        let inner = expected(inside, (&own, &titles_inside));
        json["steps"] = inner.iter().map(|(_, json)| json.clone()).collect();
        all.push((titles.to_vec(), json));
    }
    all
}

fn read(steps: &Steps) -> Vec<(Vec<String>, Value)> {
    steps.iter().map(|step| (step.within.clone(), serde_json::to_value(step).expect("JSON"))).collect()
}

proptest! {
    #[test]
    fn steps_are_read_as_they_ended(shapes in shapes(), room in prop_oneof![Just(0), 0..5_000_usize, Just(1 << 30)]) {
        let mut steps = Steps::on(Rc::new(RefCell::new(on_disk(room, false))));
        let mut told = Vec::new();
        ended(&shapes, &Trail::default(), &mut |step| {
            told.push(step.trail.clone());
            steps.push(&step);
        });
        let whole = expected(&shapes, (&Trail::default(), &[]));
        prop_assert_eq!(&read(&steps), &whole);
        prop_assert_eq!(&steps.ends().map(|step| step.trail).collect::<Vec<_>>(), &told);
        // Written down and read again, they are the same; and those of other hands, who say no ways, find them.
        let mut json = serde_json::to_value(&steps).expect("JSON");
        let mut again: Steps = serde_json::from_value(json.clone()).expect("steps");
        again.restore();
        prop_assert_eq!(&read(&again), &whole);
        forget(&mut json);
        let mut other: Steps = serde_json::from_value(json).expect("steps");
        other.restore();
        let depths: Vec<usize> = other.ends().map(|step| step.trail.depth()).collect();
        prop_assert_eq!(depths, told.iter().map(Trail::depth).collect::<Vec<_>>());
    }
}

fn forget(steps: &mut Value) {
    for step in steps.as_array_mut().into_iter().flatten() {
        step.as_object_mut().and_then(|step| step.remove("trail"));
        forget(&mut step["steps"]);
    }
}

#[test]
fn those_whose_holder_never_ended_are_nobodys() {
    let at = |text: &str| step(&text.parse().expect("a trail"));
    let mut steps = Steps::on(Rc::default());
    for trail in ["0.0", "0.1", "1", "2.0", "2"] {
        steps.push(&at(trail));
    }
    let told: Vec<String> = steps.iter().map(|step| format!("{}: {}", step.trail, step.steps.iter().count())).collect();
    assert_eq!(told, ["0.0: 0", "0.1: 0", "1: 0", "2: 1"]);
}

fn started() -> Event {
    let (path, name, sources) = (Arc::from("a.yaml"), "A".to_owned(), Vec::new());
    Event::PlaybookStarted(PlaybookStarted { at_ms: Millis(0.0), playbook: 0, path, name, steps: 0, sources })
}

/// The end of a step of the playbook that says something.
fn finished(number: u32, said: &str) -> Event {
    let step = Step { name: said.to_owned(), ..step(&Trail(vec![Turn { step: number, iteration: None }])) };
    let summary = Summary::default();
    Event::StepFinished(StepFinished { at_ms: Millis(0.0), playbook: 0, step: Box::new(step), summary })
}

#[test]
fn a_disk_that_cannot_be_read_is_told() {
    let mut record = Record::on(on_disk(1 << 30, true));
    record.fold(&started());
    (0..100).for_each(|number| record.fold(&finished(number, "x")));
    assert!(record.check().is_ok());
    assert!(record.playbooks[0].steps.ends().count() < 100);
    assert!(record.check().is_err_and(|error| error.to_string() == "the disk is gone"));
}

/// Keeps what the steps said.
struct Said(Rc<RefCell<Vec<String>>>);

impl Sink for Said {
    fn take(&mut self, event: &Event) {
        if let Event::StepFinished(finished) = event {
            self.0.borrow_mut().push(finished.step.name.clone());
        }
    }
}

#[test]
fn what_becomes_a_secret_later_is_taken_out_of_what_is_kept() {
    let said = Rc::<RefCell<Vec<String>>>::default();
    let outlet = Outlet::new(Vec::new(), vec![Box::new(Said(Rc::clone(&said)))], Some(on_disk(1 << 30, false)));
    outlet.send(started());
    outlet.send(finished(0, "hunter2 and correct-horse"));
    outlet.send(finished(2, "hunter2 and correct-horse"));
    outlet.hide("hunter2");
    // The step before it ends only now.
    outlet.send(finished(1, "hunter2 and correct-horse"));
    outlet.hide("correct-horse");
    outlet.send(finished(3, "hunter2 and correct-horse"));
    let first = "hunter2 and correct-horse";
    let later = "[secret] and correct-horse";
    assert_eq!(*said.borrow(), [first, later, later, "[secret] and [secret]"]);
    let record = outlet.into_record().expect("it is kept");
    let kept: Vec<String> = record.playbooks[0].steps.iter().map(|step| step.name).collect();
    assert_eq!(kept, ["[secret] and [secret]"; 4]);
}
