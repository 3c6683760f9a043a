//! Recorded runs: told again, made one, sent as traces, and bent on purpose.

mod traces;

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::program::{Printed, run};
use crate::reports::{folder, read};

/// Runs the tour, which uses all that the language has, with these options.
fn tour(folder: &Folder, options: &[&str]) -> Printed {
    let repository = crate::folder::repository();
    let world = format!("--emulate={}", repository.join("playbooks/worlds/tour.yaml").display());
    let playbook = repository.join("playbooks/tour.yaml").display().to_string();
    let arguments = [playbook.as_str(), &world, "--quiet"].into_iter().chain(options.iter().copied());
    run(folder, &[], &arguments.map(str::to_owned).collect::<Vec<_>>()).expect("it runs")
}

#[test]
fn a_recorded_run_is_told_as_it_was() {
    let folder = folder();
    let formats = ["curl", "har", "html", "json", "junit", "markdown"];
    let targets: Vec<String> =
        formats.iter().chain(&["jsonl"]).map(|format| format!("{format}=old.{format}")).collect();
    let options: Vec<&str> = targets.iter().flat_map(|target| ["--report", target]).collect();
    assert_eq!(tour(&folder, &options).exit, "0");
    for from in ["old.json", "old.jsonl"] {
        for format in formats {
            let arguments = ["report", from, "--report", &format!("{format}=new")].map(str::to_owned);
            let printed = run(&folder, &[], &arguments).expect("it runs");
            assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stderr));
            assert!(read(&folder, "new") == read(&folder, &format!("old.{format}")), "{format} of {from}");
        }
    }
}

#[test]
fn every_event_fits_the_schema_and_times_go_on() {
    let folder = folder();
    assert_eq!(tour(&folder, &["--report", "jsonl=events"]).exit, "0");
    let validator = jsonschema::draft202012::new(&crate::schema::schema("event")).expect("a schema");
    let mut last = 0.0;
    let lines = read(&folder, "events");
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let faults: Vec<String> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{line}\n{faults:?}");
        let at = event["at_ms"].as_f64().expect("a time");
        assert!(at >= last, "{line}");
        last = at;
    }
    let event =
        |line: Option<&str>| serde_json::from_str::<Value>(line.expect("a line")).expect("JSON")["event"].clone();
    assert_eq!([event(lines.lines().next()), event(lines.lines().last())], ["run_started", "run_finished"]);
}

#[test]
fn the_archive_has_what_archives_have() {
    let folder = folder();
    assert_eq!(tour(&folder, &["--report", "har=run.har"]).exit, "0");
    let archive: Value = serde_json::from_str(&read(&folder, "run.har")).expect("JSON");
    assert_eq!(archive["log"]["version"], "1.2");
    let pages = archive["log"]["pages"].as_array().expect("pages");
    assert!(pages.iter().all(|page| page["startedDateTime"].is_string() && page["pageTimings"].is_object()));
    let entries = archive["log"]["entries"].as_array().expect("entries");
    assert!(entries.len() > 10, "{}", entries.len());
    for entry in entries {
        for (pointer, kind) in [
            ("/startedDateTime", "string"),
            ("/time", "number"),
            ("/cache", "object"),
            ("/timings/send", "number"),
            ("/timings/wait", "number"),
            ("/timings/receive", "number"),
            ("/request/method", "string"),
            ("/request/url", "string"),
            ("/request/httpVersion", "string"),
            ("/request/cookies", "array"),
            ("/request/headers", "array"),
            ("/request/queryString", "array"),
            ("/request/headersSize", "number"),
            ("/request/bodySize", "number"),
            ("/response/status", "number"),
            ("/response/statusText", "string"),
            ("/response/headers", "array"),
            ("/response/content/size", "number"),
            ("/response/content/mimeType", "string"),
            ("/response/redirectURL", "string"),
        ] {
            let found = entry.pointer(pointer).unwrap_or(&Value::Null);
            let is = match kind {
                "string" => found.is_string(),
                "number" => found.is_number(),
                "array" => found.is_array(),
                _ => found.is_object(),
            };
            assert!(is, "{pointer} is no {kind}: {entry}");
        }
    }
}

/// A report without what differs from run to run.
fn steady(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let passing = ["id", "started_at", "headers", "request_id", "correlation_id", "url", "shard"];
            members.retain(|key, _| !key.ends_with("_ms") && !passing.contains(&key.as_str()));
            members.values_mut().for_each(steady);
        }
        Value::Array(items) => items.iter_mut().for_each(steady),
        _ => {}
    }
}

#[test]
fn the_merge_of_all_shards_is_the_whole() {
    let folder = folder();
    let names: Vec<String> = (0..7).map(|number| format!("{number}.yaml")).collect();
    for (number, name) in names.iter().enumerate() {
        let text = format!("cloud: china\nsteps: [{{name: N{number}, assert: [\"{number} < 5\"]}}, {{token: arm}}]\n");
        folder.write(name, text.as_bytes()).expect("written");
    }
    let all = |options: &[&str]| {
        let fixed = ["--emulate", "--quiet", "--report"].into_iter().chain(options.iter().copied());
        let arguments: Vec<String> = names.iter().cloned().chain(fixed.map(str::to_owned)).collect();
        run(&folder, &[], &arguments).expect("it runs");
    };
    all(&["json=whole.json"]);
    let mut merge = vec!["report".to_owned()];
    for number in [3, 1, 2] {
        all(&[&format!("json={number}.json"), "--shard", &format!("{number}/3")]);
        merge.push(format!("{number}.json"));
    }
    merge.extend(["--report".to_owned(), "json=merged.json".to_owned()]);
    let printed = run(&folder, &[], &merge).expect("it runs");
    assert_eq!((printed.exit.as_str(), String::from_utf8_lossy(&printed.stderr).as_ref()), ("0", ""));
    let [whole, merged] = ["whole.json", "merged.json"].map(|file| {
        let mut report: Value = serde_json::from_str(&read(&folder, file)).expect("JSON");
        steady(&mut report);
        report
    });
    assert_eq!(whole["summary"]["failed"], 2);
    assert!(whole == merged, "{whole:#}\n{merged:#}");
}

/// Replaces what stands at a random place of a document by something odd of its kind.
fn bend(value: &mut Value, way: &mut impl Iterator<Item = usize>) {
    let Some(number) = way.next() else { return };
    match value {
        Value::Object(members) if !members.is_empty() && number % 40 > 0 => {
            let count = members.len();
            members.values_mut().nth(number % count).into_iter().for_each(|member| bend(member, way));
        }
        Value::Array(items) if !items.is_empty() && number % 40 > 0 => {
            let count = items.len();
            bend(&mut items[number % count], way);
        }
        Value::Object(_) => *value = json!({"number": 0, "of": 0}),
        Value::Array(_) => *value = json!([]),
        Value::Number(_) => {
            *value = [json!(0), json!(1), json!(4_294_967_295_u32), json!(1e300), json!(-1)][number % 5].clone()
        }
        Value::String(_) => {
            *value = [json!(""), json!("9[2].3"), json!("\u{202e}é\u{1b}[2J<'\"&`")][number % 3].clone()
        }
        Value::Bool(flag) => *flag = !*flag,
        Value::Null => *value = json!("x"),
    }
}

#[test]
fn a_report_that_was_bent_is_told_or_refused_and_nothing_breaks() {
    use mi_run::report::compare::Changes;
    use mi_run::report::{curl, har, html, json, junit, markdown, merge, otlp, read as reader, tap, whole as rendered};

    let folder = folder();
    assert_eq!(tour(&folder, &["--report", "json=whole.json"]).exit, "0");
    let text = read(&folder, "whole.json");
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    let good = reader::read(text.as_bytes()).expect("a report");
    let mut taken = 0;
    // A walk that is the same each time, and goes everywhere.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize
    };
    for round in 0..300 {
        let mut bent = whole.clone();
        let way: Vec<usize> = (0..30).map(|_| next()).collect();
        bend(&mut bent, &mut way.into_iter());
        let Ok(record) = reader::read(bent.to_string().as_bytes()) else { continue };
        taken += 1;
        if round % 4 != 0 {
            continue;
        }
        let _ = Changes::between(&good, &record).text();
        for write in [curl::write, har::write, html::write, json::write, junit::write, markdown::write, tap::write] {
            assert!(!rendered(|out| write(&record, out)).is_empty());
        }
        assert!(otlp::batches(&record).all(|body| !body.is_empty()));
        let mut told = 0;
        record.replay(&mut |_| told += 1);
        assert!(told >= 2);
        let _ = merge::merge(vec![("a".to_owned(), record), ("b".to_owned(), good.clone())]);
    }
    assert!(taken > 100, "{taken}");
}
