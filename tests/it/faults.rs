//! Every fault of the emulator at every request of the tour: each step comes out as a small table of rules says beforehand.
//!
//! The rules are in [`oracle`]. They know what a fault does to an answer and how answers are met; which requests there are,
//! what each step looks at and what it needs, they read off the plan and off one run without a fault.

mod oracle;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use mi_run::emulator::{Effect, Fault, When, World};
use mi_run::event::{self, Outcome, Trail};
use mi_run::source::Sources;

use crate::folder::repository;
use crate::offline::{Asked, emulated, plan, run};
use oracle::{Comes, Kind, Oracle};

/// More than any attempt of the tour may take.
const AGES: Duration = Duration::from_secs(61);

/// Bytes in a second: so few that no answer comes in time, and so many that each does.
const SLOW: (u32, u32) = (1, 1000);

/// The kinds of faults, what each makes of an answer, and whether the emulator has done by then what was asked for.
fn kinds() -> Vec<Kind> {
    let kind = |name, effect, comes, acts| Kind { name, effect: Some(effect), delay: None, comes, acts };
    let answer = |status| {
        let effect = Effect::Answer { status, headers: Vec::new(), body: None };
        Kind { name: "answer", effect: Some(effect), delay: None, comes: Comes::Status(status), acts: false }
    };
    let delay = |delay, comes| Kind { name: "delay", effect: None, delay: Some(delay), comes, acts: true };
    let mut kinds: Vec<Kind> = [400, 404, 429, 503].map(answer).into();
    kinds.extend([
        kind("throttle", Effect::Throttle(Duration::from_secs(3)), Comes::Status(429), false),
        kind("close", Effect::Close, Comes::Lost, false),
        kind("cut", Effect::Cut(7), Comes::Lost, true),
        kind("slow", Effect::Slow(SLOW.0), Comes::Late, true),
        kind("slow", Effect::Slow(SLOW.1), Comes::Right, true),
        delay(AGES, Comes::Late),
        delay(Duration::from_millis(10), Comes::Right),
        kind("content_type", Effect::ContentType("text/html".to_owned()), Comes::OddType, true),
        kind("garbage", Effect::Garbage, Comes::Torn, true),
        kind("expired_token", Effect::ExpiredToken, Comes::Expired, false),
    ]);
    kinds
}

/// How often a fault is met: once, as often as is borne, for ever; of kinds that are met alike, one for all.
fn often(kind: &Kind) -> &'static [Option<u32>] {
    match (kind.comes, kind.name) {
        (Comes::Right, _) => &[None],
        (Comes::Status(503), _) | (_, "close" | "delay") => &[Some(1), Some(3), None],
        (Comes::Status(404), _) | (Comes::OddType, _) => &[Some(1)],
        _ => &[Some(1), None],
    }
}

/// A request of the tour: the method, the path, and how many of the same come before it.
struct Point {
    method: &'static str,
    path: String,
    before: u32,
}

fn points(asked: &[Asked]) -> Vec<Point> {
    let before = |at: usize| asked[..at].iter().filter(|one| one.same(&asked[at])).count() as u32;
    let each = asked.iter().enumerate();
    each.map(|(at, one)| Point { method: one.method, path: one.path.clone(), before: before(at) }).collect()
}

/// The world with a fault that so many requests meet from a point on.
fn with_fault(world: &World, point: &Point, kind: &Kind, times: Option<u32>) -> World {
    let when = When { method: Some(point.method.to_owned()), path: Some(point.path.clone()) };
    let fault = Fault { when: when.clone(), times, delay: kind.delay, effect: kind.effect.clone() };
    // Those before it meet one that does nothing.
    let nothing = Fault { when, times: Some(point.before), delay: None, effect: None };
    World { faults: vec![nothing, fault], ..world.clone() }
}

/// How each step came out, those that hold others too.
fn outcomes(steps: &event::Steps) -> BTreeMap<Trail, Outcome> {
    steps.ends().map(|step| (step.trail, step.outcome)).collect()
}

#[test]
fn every_fault_at_every_request_of_the_tour_comes_to_what_the_rules_say() {
    let path: PathBuf = repository().join("playbooks/tour.yaml");
    let text = std::fs::read_to_string(&path).expect("it is shipped");
    let world = std::fs::read_to_string(repository().join("playbooks/worlds/tour.yaml")).expect("it is shipped");
    // The hiccup that the tour is shipped with would come on top.
    let world = World { faults: Vec::new(), ..emulated(&world) };
    let plain = run((&path, &text), world.clone());
    assert_eq!(plain.record.outcome, Outcome::Passed);
    let points = points(&plain.asked);
    assert!(points.len() > 30, "{}", points.len());
    let at = |point| kinds().into_iter().map(move |kind| (point, kind));
    let often = |(point, kind): (_, Kind)| {
        often(&kind).iter().map(move |times| (point, kind.clone(), *times)).collect::<Vec<_>>()
    };
    let cases: Vec<_> = points.iter().flat_map(at).flat_map(often).collect();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let runners: Vec<_> = (0..threads)
            .map(|thread| {
                let (cases, world, path, text) = (&cases, &world, &path, &text);
                scope.spawn(move || {
                    let mut sources = Sources::new();
                    let plan = plan(path, text, &mut sources);
                    // What came of a run belongs to its thread.
                    let plain = run((path, text), world.clone());
                    let mut wrong = Vec::new();
                    for (point, kind, times) in cases.iter().skip(thread).step_by(threads) {
                        let expected =
                            Oracle::new((&plan, &plain), (point.method, &point.path, point.before), kind, *times)
                                .outcomes();
                        let ran = run((path, text), with_fault(world, point, kind, *times));
                        let found = outcomes(&ran.record.playbooks[0].steps);
                        let differ = found.iter().filter(|(trail, outcome)| expected.get(trail) != Some(outcome));
                        let mut told: Vec<String> = differ
                            .map(|(trail, outcome)| format!("  {trail:?} {outcome:?}, not {:?}", expected.get(trail)))
                            .collect();
                        told.extend(
                            expected
                                .keys()
                                .filter(|trail| !found.contains_key(trail))
                                .map(|trail| format!("  {trail:?} is not there")),
                        );
                        if !told.is_empty() {
                            let (method, path, before) = (point.method, &point.path, point.before);
                            let effect = (kind.name, &kind.effect, kind.delay);
                            wrong.push(format!(
                                "{effect:?} × {times:?} at {method} {path} #{before}:\n{}",
                                told.join("\n")
                            ));
                        }
                    }
                    wrong
                })
            })
            .collect();
        runners.into_iter().flat_map(|runner| runner.join().expect("no run panics")).collect()
    });
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn however_long_a_server_says_to_wait_ten_minutes_are_the_longest() {
    let check = |after: &str, attempts: u32, most: u64| {
        let world = format!(
            "cloud: china\nidentities: {{system: {{}}}}\nfaults: [{{when: {{path: '/subscriptions'}}, answer: {{status: 503, headers: {{Retry-After: '{after}'}}}}}}]"
        );
        let playbook = format!(
            "cloud: china\nsteps: [{{request: 'GET /subscriptions?api-version=2021-04-01', retry: {{attempts: {attempts}}}}}]"
        );
        let ran = run((std::path::Path::new("a.yaml"), &playbook), emulated(&world));
        assert_eq!(ran.record.outcome, Outcome::Failed);
        assert_eq!(ran.asked.iter().filter(|asked| asked.path == "/subscriptions").count() as u32, attempts, "{after}");
        assert!(ran.took <= Duration::from_secs(most), "{after}: {:?}", ran.took);
    };
    for after in ["31536000", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        check(after, 3, 2 * 600);
    }
    for after in ["-5", "0", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        check(after, 3, 0);
    }
    for after in ["soon", "1e9", "", "\u{fffd}"] {
        check(after, 3, 2);
    }
}

#[test]
fn what_may_have_had_an_effect_is_sent_twice_only_where_that_does_no_harm() {
    // Every method gets an answer with a body here: that there is no such subscription.
    let path = "/subscriptions/00000000-aaaa-4bbb-8ccc-000000000000/resourceGroups/g";
    let world = emulated("cloud: china\nidentities: {system: {}}");
    for (method, idempotent) in [("GET", true), ("PUT", true), ("DELETE", true), ("PATCH", false), ("POST", false)] {
        for (kind, safe) in kinds().into_iter().flat_map(|kind| [(kind.clone(), false), (kind, true)]) {
            let playbook = format!(
                "cloud: china\nsteps:\n  - request: {{method: {method}, url: '{path}?api-version=2021-04-01'}}\n    safe: {safe}\n    \
                 retry: {{attempts: 3}}\n"
            );
            let point = Point { method, path: path.to_owned(), before: 0 };
            let ran = run((std::path::Path::new("a.yaml"), &playbook), with_fault(&world, &point, &kind, None));
            let harmless = idempotent || safe;
            let expected = match kind.comes {
                // Turned away before anything was done.
                Comes::Status(429) => 3,
                Comes::Status(503) | Comes::Lost | Comes::Late if harmless => 3,
                // Once more, with a new token.
                Comes::Expired => 2,
                _ => 1,
            };
            let sent = ran.asked.iter().filter(|asked| asked.path == path).count();
            assert_eq!(sent, expected, "{method}, safe: {safe}, {:?} {:?}", kind.effect, kind.delay);
        }
    }
}

#[test]
fn an_operation_that_was_started_is_not_called_unsent() {
    let group = "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/new";
    let world = World::quickstart();
    let owner = emulated(
        "cloud: china\nvm: {name: web-1, resource_group: g, subscription: dev}\nsubscriptions:\n  dev: {id: \
         98f51385-2edc-4b79-bed9-7718de4cb861, resource_groups: {g: {location: chinanorth}}}\nidentities:\n  system: {assignments: [{role: \
         Owner, scope: /subscriptions/dev}]}\nfaults: [{when: {method: PUT}, garbage: true}]\n",
    );
    let playbook = |poll: &str| {
        format!(
            "cloud: china\nsteps:\n  - request: {{method: PUT, url: '{group}?api-version=2021-04-01', json: {{location: chinanorth}}{poll}}}\n    \
             eventually: {{within: 5s, every: 1s}}\n"
        )
    };
    let notes = |world: World, poll: &str| {
        let ran = run((std::path::Path::new("a.yaml"), &playbook(poll)), world);
        ran.record.playbooks[0].steps.iter().flat_map(|step| step.notes).collect::<Vec<_>>().join("\n")
    };
    assert!(notes(owner, ", poll: true").contains("not waited for: what came leads nowhere"));
    assert!(!notes(world, "").contains("what came leads nowhere"));
}
