//! The formats for pipelines and harnesses, read by the rules of those that take them: whatever names, messages and values hold.

mod agents;
mod tap;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use mi_run::diagnostic::pipeline::{Escape, disarm};
use mi_run::event::{
    Assertion, Event, Iteration, Millis, Outcome, Place, PlaybookFinished, PlaybookStarted, Problem, Record, Request,
    RunFinished, RunStarted, Step, StepFinished, Summary,
};
use mi_run::report::azure_pipelines::Attached;
use mi_run::report::checkout::Checkout;
use mi_run::report::{azure_pipelines, github, html, json, junit, markdown, sarif, tap as tap_report, whole};
use mi_run::source::Source;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Texts that mean something to one of those that read reports.
const HOSTILE: [&str; 14] = [
    "::error file=a.yaml,line=1::x",
    "one\n::set-env name=PATH::/tmp\r\n  ::add-mask::y\r::debug::z",
    "##[error]x ##[group]y",
    "##vso[task.setvariable variable=a;isSecret=false]b",
    "#\u{ad}#vso[task.complete result=Succeeded;] \u{200b}:\u{200b}:error::x",
    "100% %0A::error::x %250A %AZP25 %3B %5D",
    "a,b=c:d;e]f[g",
    "not ok 1 - x # todo y\nBail out!\n1..0",
    "\\ \\# \\\\# # SKIP # skip",
    "---\n...\n  ...\n",
    "\u{1b}[2J\u{9b}1m\u{202e}\u{2066}\u{7f}\u{85}\u{2028}x\u{feff}\u{fffe}",
    "\"'`<>&|",
    "",
    " ",
];

fn place(path: &str, line: u32) -> Place {
    Place { path: path.into(), line, column: 7, length: 4 }
}

/// A run with this text wherever a run holds free text: a step that passed, one that failed by two assertions, one that was
/// errored, one that was skipped, and outputs that went wrong.
fn record(text: &str) -> Record {
    let step = |name: &str, outcome, line| {
        let mut step = Step::new(name.to_owned(), format!("{name} {text}"), "request", place("dir/a.yaml", line));
        step.outcome = outcome;
        step.notes = vec![text.to_owned(), format!("note {text}")];
        step.helps = vec![text.to_owned()];
        step
    };
    let assertion = |predicate: &str, line| Assertion {
        subject: "json".into(),
        path: Some(text.to_owned()),
        predicate: predicate.to_owned(),
        expected: text.into(),
        actual: json!({ text: text }),
        found: true,
        holds: false,
        reason: Some(text.to_owned()),
        place: place("dir/a.yaml", line),
    };
    let problem = |place| Problem {
        code: "connection-failed".into(),
        title: format!("title {text}"),
        place,
        label: text.to_owned(),
        notes: vec![text.to_owned()],
        helps: vec![text.to_owned()],
    };
    let mut failed = step("failed", Outcome::Failed, 3);
    failed.assertions = vec![assertion("equals", 4), assertion("contains", 5)];
    let headers = mi_run::event::Headers::default();
    failed.request = Some(Request {
        method: "GET".to_owned(),
        url: format!("https://a.example/{text}"),
        headers,
        body_bytes: 0,
        token: None,
    });
    failed.iteration = Some(Iteration { index: 0, item: text.into() });
    let mut errored = step("errored", Outcome::Errored, 6);
    errored.problems = vec![problem(None), problem(Some(place("dir/other.yaml", 9)))];
    let mut skipped = step("skipped", Outcome::Skipped, 8);
    skipped.reason = Some(text.to_owned());
    let steps = vec![step("passed", Outcome::Passed, 2), failed, errored, skipped];
    let problems = vec![problem(Some(place("dir/a.yaml", 12)))];
    run(text, steps, problems, |finished| finished.hollow = vec![format!("`{text}`: nothing was judged")])
}

/// A run of one playbook.
fn run(name: &str, steps: Vec<Step>, problems: Vec<Problem>, change: impl FnOnce(&mut RunFinished)) -> Record {
    let mut record = Record::default();
    let at_ms = Millis(1.0);
    let run = "01890000-0000-7000-8000-000000000000".to_owned();
    let started_at = "2026-01-02T03:04:05.678Z".to_owned();
    record.fold(&Event::RunStarted(RunStarted {
        at_ms,
        run,
        started_at,
        mi_run: "1.2.3".into(),
        shard: None,
        traceparent: None,
    }));
    let sources = vec![Arc::new(Source::new("dir/a.yaml", "a line of a playbook\n".repeat(20)))];
    let (path, steps_there) = ("dir/a.yaml".into(), steps.len());
    let name = name.to_owned();
    let started = PlaybookStarted { at_ms, playbook: 0, path, name, steps: steps_there, sources };
    record.fold(&Event::PlaybookStarted(started));
    let mut summary = Summary::default();
    let mut outcome = steps.iter().map(|step| step.outcome).max().unwrap_or_default();
    for step in steps {
        summary.count(&step);
        record.fold(&Event::StepFinished(StepFinished { at_ms, playbook: 0, step: Box::new(step), summary }));
    }
    if !problems.is_empty() {
        outcome = Outcome::Errored;
    }
    let outputs = Map::new();
    record.fold(&Event::PlaybookFinished(PlaybookFinished { at_ms, playbook: 0, outcome, outputs, problems }));
    let mut finished = RunFinished {
        at_ms: Millis(1500.0),
        outcome,
        interrupted: false,
        timed_out: false,
        cloud: None,
        identity: None,
        summary,
        hollow: Vec::new(),
    };
    change(&mut finished);
    record.fold(&Event::RunFinished(finished));
    record
}

/// How most reports are written.
type Write = fn(&Record, &mut dyn io::Write) -> io::Result<()>;

fn rendered(write: Write, record: &Record) -> String {
    whole(|out| write(record, out))
}

fn checkout() -> Checkout {
    Checkout::new(Some(PathBuf::from("/w/repo")), PathBuf::from("/w/repo/sub"))
}

fn attached() -> Attached {
    Attached { summary: Some("/tmp/a b%;].md".into()), results: Some("/tmp/a b%;].xml".into()) }
}

fn many(count: usize) -> Vec<Step> {
    let step = |index: usize| {
        let mut step = Step::new(format!("s{index}"), format!("Step {index}"), "assert", place("dir/a.yaml", 3));
        step.outcome = Outcome::Errored;
        step.reason = Some("it was interrupted".to_owned());
        step
    };
    (0..count).map(step).collect()
}

/// Reads all that is for GitHub: three errors of two steps, one of the outputs, a warning.
fn judge_github(text: &str) {
    let rendered = github::render(&record(text), &checkout());
    let commands: Vec<_> = rendered.lines().map(|line| agents::github(line).expect(line)).collect();
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    assert_eq!(names, ["error", "error", "error", "error", "error", "warning"], "{rendered}");
    let places: Vec<_> = commands
        .iter()
        .map(|command| {
            ["file", "line", "endLine", "col", "endColumn"].map(|key| command.properties.get(key).map(String::as_str))
        })
        .collect();
    let own = |line| [Some("sub/dir/a.yaml"), Some(line), Some(line), Some("7"), Some("11")];
    let other = [Some("sub/dir/other.yaml"), Some("9"), Some("9"), Some("7"), None];
    assert_eq!(places, [own("4"), own("5"), own("6"), other, own("12"), [None; 5]]);
    let allowed = ["file", "line", "endLine", "col", "endColumn", "title"];
    assert!(commands.iter().all(|command| command.properties.keys().all(|key| allowed.contains(&key.as_str()))));
    assert!(commands.iter().all(|command| !command.data.is_empty() && !command.data.contains('\u{1b}')), "{rendered}");
    for command in &commands {
        let again =
            [&command.data].into_iter().chain(command.properties.values()).find_map(|text| agents::obeyed(text));
        assert_eq!(again, None, "what the runner prints of it commands nothing either");
    }
}

/// Reads all that is for Azure Pipelines.
fn judge_azure(text: &str) {
    let rendered = azure_pipelines::render(&record(text), &checkout(), &attached());
    let commands: Vec<_> = rendered.lines().map(|line| agents::azure(line).expect(line)).collect();
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    let issue = "task.logissue";
    let end = ["task.setprogress", "task.uploadsummary", "results.publish"];
    assert_eq!(names[..6], [issue; 6], "{rendered}");
    assert_eq!(names[6..], end, "{rendered}");
    let keys = ["type", "sourcepath", "linenumber", "columnnumber", "code"];
    let told = |at: usize| keys.map(|key| commands[at].properties.get(key).map(String::as_str));
    let failed = [Some("error"), Some("sub/dir/a.yaml"), Some("4"), Some("7"), Some("assertion-failed")];
    let errored = [Some("error"), Some("sub/dir/other.yaml"), Some("9"), Some("7"), Some("connection-failed")];
    assert_eq!((told(0), told(3)), (failed, errored));
    assert_eq!(told(5), [Some("warning"), None, None, None, None]);
    assert_eq!(commands[6].properties["value"], "100");
    assert_eq!(commands[7].data, "/tmp/a b%;].md");
    assert_eq!(commands[8].properties["type"], "JUnit");
    assert_eq!(commands[8].properties["resultFiles"], "/tmp/a b%;].xml");
    for command in &commands[..6] {
        assert!(command.properties.keys().all(|key| keys.contains(&key.as_str())), "{rendered}");
        assert_eq!(agents::obeyed(&command.data), None, "what the agent prints of it commands nothing either");
    }
}

/// Reads the TAP.
fn judge_tap(text: &str) {
    let rendered = rendered(tap_report::write, &record(text));
    let (points, bailed) = tap::read(&rendered).unwrap_or_else(|why| panic!("{why}\n{rendered}"));
    assert_eq!(bailed, None);
    let [playbook] = points.as_slice() else { panic!("one playbook: {rendered}") };
    assert!(!playbook.ok);
    let told: Vec<_> = playbook.subtest.iter().map(|point| (point.ok, point.skipped.is_some())).collect();
    assert_eq!(told, [(true, false), (false, false), (false, false), (true, true), (false, false)]);
    let names: Vec<_> = playbook.subtest.iter().filter_map(|point| point.description.split(' ').next()).collect();
    assert_eq!(names, ["passed", "failed", "errored", "skipped", "outputs"]);
    let severities: Vec<_> = playbook.subtest.iter().map(|point| &point.diagnostic).collect();
    let severities =
        severities.into_iter().map(|diagnostic| diagnostic.as_ref().map(|found| found["severity"].clone()));
    assert_eq!(severities.flatten().collect::<Vec<_>>(), ["fail", "error", "error"]);
    let diagnostic = playbook.subtest[1].diagnostic.as_ref().expect("it failed");
    assert_eq!(diagnostic["at"], json!({"file": "dir/a.yaml", "line": 4, "column": 7}));
    assert_eq!(diagnostic["notes"][1], format!("note {text}"), "all text is read back as it was");
    assert_eq!(diagnostic["more"].as_array().map(Vec::len), Some(1));
    assert!(diagnostic["expected"].is_string() && diagnostic["actual"].is_string());
}

fn judge_sarif(text: &str) {
    let rendered = whole(|out| sarif::write((&record(text), &checkout()), out));
    let log: Value = serde_json::from_str(&rendered).expect("it is JSON");
    let run = &log["runs"][0];
    let rules: Vec<&str> = run["tool"]["driver"]["rules"].as_array().expect("a list").iter().map(id).collect();
    let results = run["results"].as_array().expect("a list");
    assert_eq!(results.len(), 6);
    let mut fingerprints: Vec<_> = results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("a number") as usize;
        assert_eq!(result["ruleId"], rules[index]);
    }
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 6, "no two results are the same");
    let location = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"], json!({"uri": "sub/dir/a.yaml", "uriBaseId": "%SRCROOT%"}));
    assert_eq!(location["region"], json!({"startLine": 4, "startColumn": 7, "endLine": 4, "endColumn": 11}));
}

fn id(rule: &Value) -> &str {
    rule["id"].as_str().expect("a text")
}

/// Whatever is printed of a run, nothing in it is a command but those of the two reports that consist of them.
fn judge_printed(text: &str) {
    let record = record(text);
    let printed = [
        (rendered(json::write, &record), Escape::Json),
        (whole(|out| sarif::write((&record, &checkout()), out)), Escape::Json),
        (rendered(tap_report::write, &record), Escape::Json),
        (rendered(junit::write, &record), Escape::Markup),
        (rendered(html::write, &record), Escape::Markup),
        (rendered(markdown::write, &record), Escape::Shown),
        (github::render_summary(&record, 0), Escape::Shown),
        (text.to_owned(), Escape::Shown),
    ];
    for (rendered, escape) in printed {
        assert_eq!(agents::obeyed(&disarm(&rendered, escape)), None);
    }
    let read: Value = serde_json::from_str(&disarm(&rendered(json::write, &record), Escape::Json)).expect("it is JSON");
    assert_eq!(read["hollow"][0], format!("`{text}`: nothing was judged"), "JSON says what it said");
    let tap = rendered(tap_report::write, &record);
    tap::read(&disarm(&tap, Escape::Json)).expect("it is still TAP");
}

fn judge(text: &str) {
    judge_github(text);
    judge_azure(text);
    judge_tap(text);
    judge_sarif(text);
    judge_printed(text);
}

#[test]
fn no_text_leaves_its_place() {
    HOSTILE.into_iter().for_each(judge);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_at_all_leaves_its_place(text in "[:#\\[\\]vso%=,;\\\\ \n\r\t\u{ad}\u{200b}\u{1b}\u{202e}\u{2028}\"a0-9.-]{0,32}|.{0,16}") {
        judge(&text);
    }
}

#[test]
fn github_is_told_ten_of_a_kind_and_how_many_more() {
    let record = run("many", many(13), Vec::new(), |finished| finished.hollow = vec!["`x`: nothing".to_owned(); 11]);
    let rendered = github::render(&record, &checkout());
    let count = |start: &str| rendered.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("::error "), count("::warning "), count("::notice ")), (10, 10, 1), "{rendered}");
    let last = agents::github(rendered.lines().last().expect("a line")).expect("a command");
    assert!(last.data.starts_with("3 more errors and 1 more warning not shown here"), "{}", last.data);

    let strict = run("many", many(9), Vec::new(), |finished| {
        (finished.outcome, finished.hollow) = (Outcome::Errored, vec!["`x`: nothing".to_owned(); 3]);
    });
    assert_eq!(github::render(&strict, &checkout()).lines().filter(|line| line.starts_with("::warning ")).count(), 3);
}

#[test]
fn what_is_an_error_under_strict_is_one_in_every_report() {
    let mut step = Step::new("s".to_owned(), "Step".to_owned(), "set", place("dir/a.yaml", 3));
    step.outcome = Outcome::Passed;
    let record = run("hollow", vec![step], Vec::new(), |finished| {
        (finished.outcome, finished.hollow) = (Outcome::Errored, vec!["`x`: nothing was judged".to_owned()]);
    });
    assert_eq!(
        github::render(&record, &checkout()),
        "::error title=passed for want of trying::`x`: nothing was judged\n"
    );
    let azure = azure_pipelines::render(&record, &checkout(), &Attached::default());
    assert!(azure.starts_with("##vso[task.logissue type=error;]passed for want of trying: `x`"), "{azure}");
    let (points, _) = tap::read(&rendered(tap_report::write, &record)).expect("it is TAP");
    assert_eq!(points.iter().map(|point| point.ok).collect::<Vec<_>>(), [true, false]);
    let log: Value = serde_json::from_str(&whole(|out| sarif::write((&record, &checkout()), out))).expect("it is JSON");
    assert_eq!(log["runs"][0]["results"][0]["level"], "error");
}

#[test]
fn an_interrupted_run_bails_out() {
    let record = run("cut", many(1), Vec::new(), |finished| finished.interrupted = true);
    let (points, bailed) = tap::read(&rendered(tap_report::write, &record)).expect("it is TAP");
    assert_eq!((points.len(), bailed.as_deref()), (1, Some("interrupted")));
    let log: Value = serde_json::from_str(&whole(|out| sarif::write((&record, &checkout()), out))).expect("it is JSON");
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(
        *invocation,
        json!({
            "executionSuccessful": false, "exitCode": 130, "exitCodeDescription": "interrupted",
            "startTimeUtc": "2026-01-02T03:04:05.678Z", "endTimeUtc": "2026-01-02T03:04:07.178Z",
        })
    );
}

#[test]
fn a_run_of_nothing_is_a_report_too() {
    let (points, _) = tap::read(&rendered(tap_report::write, &Record::default())).expect("it is TAP");
    assert!(points.is_empty());
    let empty = run("empty", Vec::new(), Vec::new(), |_| {});
    let (points, _) = tap::read(&rendered(tap_report::write, &empty)).expect("it is TAP");
    assert_eq!((points.len(), points[0].ok, points[0].skipped.as_deref()), (1, true, Some("no steps")));
    assert_eq!(github::render(&empty, &checkout()), "");
}

#[test]
fn a_summary_is_no_longer_than_github_takes() {
    const LIMIT: usize = 1024 * 1024;
    let record = run("many", many(20_000), Vec::new(), |_| {});
    assert!(rendered(markdown::write, &record).len() > LIMIT);
    for there in [0, 1, LIMIT / 2, LIMIT - 40, LIMIT, LIMIT * 2] {
        let text = github::render_summary(&record, there);
        assert!(text.is_empty() || text.len() + there <= LIMIT, "{there}");
        assert!(text.is_empty() || text.ends_with("\n**The rest is left out: GitHub takes 1 MiB of a summary.**\n"));
        assert_eq!(text.is_empty(), there >= LIMIT - 40, "{there}");
    }
}

#[test]
fn a_result_is_the_same_result_in_the_next_run() {
    let fingerprints = |record: &Record| {
        let log: Value =
            serde_json::from_str(&whole(|out| sarif::write((record, &checkout()), out))).expect("it is JSON");
        let results = log["runs"][0]["results"].as_array().expect("a list").iter();
        results.map(|result| result["partialFingerprints"]["miRun/v1"].to_string()).collect::<Vec<_>>()
    };
    let first = record("x");
    let mut second = record("x");
    second.playbooks[0].steps.change(|step| {
        step.place.line += 7;
        for assertion in &mut step.assertions {
            assertion.actual = json!("something else");
            assertion.reason = Some("something else".to_owned());
            assertion.place.line += 7;
        }
    });
    assert_eq!(fingerprints(&first), fingerprints(&second));
}
