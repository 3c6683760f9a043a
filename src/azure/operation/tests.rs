//! Operations as Microsoft tests its clients with them (`Azure/autorest.testserver`, `lros.js`), and what else servers do.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Answer, Begun, Body, Operation, Step};

const URL: &str = "https://arm.example/r?v=1";

/// An answer as a line: the status, headers as `name=value` (`a`: `Azure-AsyncOperation`, `l`: `Location`, `r`:
/// `Retry-After`), and after them the body, if any.
fn answered<T>(line: &str, read: impl FnOnce(&Answer<'_>) -> T) -> T {
    let (head, body) = line.split_once(" : ").unwrap_or((line, ""));
    let mut words = head.split(' ');
    let status = words.next().unwrap().parse().unwrap();
    let headers: Vec<_> = words.map(|word| word.split_once('=').unwrap()).collect();
    let header = |name: &str| {
        let short = match name {
            "azure-asyncoperation" => "a",
            "location" => "l",
            "retry-after" => "r",
            _ => return None,
        };
        headers.iter().find(|(own, _)| *own == short).map(|(_, value)| (*value).to_owned())
    };
    let json: Result<Value, _> = serde_json::from_str(body);
    let body = match &json {
        _ if body.is_empty() => Body::Empty,
        Ok(value) => Body::Json(value),
        Err(_) => Body::Other,
    };
    read(&Answer { status, header: &header, body, now: SystemTime::UNIX_EPOCH })
}

fn path(url: &str) -> &str {
    url.strip_prefix("https://arm.example").unwrap_or(url)
}

/// Plays the answers of a server against an operation: each poll is the path that was asked, then what came of it.
fn play(method: &str, answers: &[&str]) -> String {
    let mut log = Vec::new();
    let mut operation = match answered(answers[0], |answer| Operation::begin(method, URL, answer)) {
        Begun::Running(operation) => operation,
        Begun::Done => return "done".to_owned(),
        Begun::Failed { status, error } => {
            return format!("failed {status} {}", error.map(|error| error.code).unwrap_or_default());
        }
        Begun::Refused(why) => return format!("refused: {why}"),
    };
    for answer in &answers[1..] {
        log.push(path(operation.poll()).to_owned());
        match answered(answer, |answer| operation.answer(answer)) {
            Step::Running => {}
            Step::Finished { get: None } => log.push("finished".to_owned()),
            Step::Finished { get: Some(url) } => log.push(format!("get {}", path(&url))),
            Step::Failed { status, error } => {
                log.push(format!("failed {status} {}", error.map(|error| error.code).unwrap_or_default()));
            }
            Step::Broken(why) => log.push(format!("broken: {why}")),
        }
    }
    log.join(", ").trim_end().to_owned()
}

#[track_caller]
fn check(method: &str, answers: &[&str], expected: &str) {
    assert_eq!(play(method, answers), expected, "{method} {answers:#?}");
}

const CREATING: &str = r#"{"properties": {"provisioningState": "Creating"}}"#;
const SUCCEEDED: &str = r#"{"properties": {"provisioningState": "Succeeded"}}"#;

#[test]
fn what_is_over_at_once_is_not_followed() {
    check("PUT", &[&format!("200 : {SUCCEEDED}")], "done");
    check("PUT", &[&format!("201 : {SUCCEEDED}")], "done");
    check("PUT", &[r#"200 : {"id": "100"}"#], "done");
    check("PUT", &[r#"201 : {"id": "100"}"#], "done");
    check("PATCH", &[&format!("200 a=/never : {SUCCEEDED}")], "done");
    check("PUT", &[&format!("201 l=/r : {SUCCEEDED}")], "done");
    check("DELETE", &["204"], "done");
    check("DELETE", &["200"], "done");
    check("DELETE", &["200 l=/other"], "done");
    check("POST", &["200 : not json"], "done");
    check("POST", &[&format!("200 : {CREATING}")], "done");
    check("GET", &[&format!("200 : {CREATING}")], "done");
    check("PUT", &["400 a=/o : {}"], "done");
    check("PUT", &["404"], "done");
    check("PUT", &["500 a=/o"], "done");
    check("PUT", &["302 l=/o"], "done");
}

#[test]
fn a_failure_at_once_is_one() {
    let body = r#"{"properties": {"provisioningState": "Failed", "error": {"code": "Quota", "message": "m"}}}"#;
    check("PUT", &[&format!("200 : {body}")], "failed Failed Quota");
    check("PATCH", &[r#"201 : {"properties": {"provisioningState": "CANCELED"}}"#], "failed CANCELED ");
}

#[test]
fn a_resource_is_polled_where_no_header_says_where() {
    let (creating, succeeded) = (format!("201 : {CREATING}"), format!("200 : {SUCCEEDED}"));
    check("PUT", &[&creating, &succeeded], "/r?v=1, finished");
    check(
        "PATCH",
        &[&format!("200 : {CREATING}"), &format!("200 : {CREATING}"), &succeeded],
        "/r?v=1, /r?v=1, finished",
    );
    check("PUT", &[&creating, r#"200 : {"properties": {}}"#], "/r?v=1, finished");
    check("PUT", &[&creating, r#"200 : {"properties": {"provisioningState": "Failed"}}"#], "/r?v=1, failed Failed");
    check(
        "PUT",
        &[&creating, r#"200 : {"properties": {"provisioningState": "Cancelled"}}"#],
        "/r?v=1, failed Cancelled",
    );
    check("PUT", &["202", "202", &succeeded], "/r?v=1, /r?v=1, finished");
    check("PUT", &["201", r#"200 : {"id": "100"}"#], "/r?v=1, finished");
    check("PUT", &["201 : null", &succeeded], "/r?v=1, finished");
    check("PUT", &["201", "200"], "/r?v=1, broken: an answer 200 to a poll shows no resource: its body is empty");
    check(
        "PUT",
        &[&creating, "200 : null"],
        "/r?v=1, broken: an answer 200 to a poll shows no resource: its body is `null`",
    );
    check(
        "PUT",
        &[&creating, "200 : {\"a"],
        "/r?v=1, broken: an answer 200 to a poll shows no resource: its body is not JSON",
    );
}

#[test]
fn a_location_is_polled_until_it_is_no_longer_accepted() {
    check("PUT", &["202 l=/l", r#"200 : {"id": "100"}"#], "/l, finished");
    check("PUT", &["202 l=/l : {}", "202", &format!("200 : {SUCCEEDED}")], "/l, /l, finished");
    check("PUT", &["202 l=/l", "202", r#"200 : {"name": "sku"}"#], "/l, /l, finished");
    check("DELETE", &["202 l=/l r=0", "200"], "/l, finished");
    check("DELETE", &["202 l=/l", "202", "204"], "/l, /l, finished");
    check("DELETE", &["202 l=/l", &format!("200 : {SUCCEEDED}")], "/l, finished");
    check("DELETE", &["202 l=/l", r#"200 : {"properties": {"provisioningState": "Failed"}}"#], "/l, failed Failed");
    check(
        "DELETE",
        &["202 l=/l", r#"200 : {"properties": {"provisioningState": "Deleting"}}"#, "204"],
        "/l, /l, finished",
    );
    check("POST", &["202 l=/1 r=0", "202 l=/2", "200 : {}"], "/1, /2, finished");
    check("POST", &["202 l=/1", "202 l=/2", "204"], "/1, /2, finished");
    check("POST", &["202 l=/l", "200 : null"], "/l, finished");
    check("POST", &["202 l=/l", "200 : a result in words"], "/l, finished");
    check("POST", &["202 l=/l", r#"200 : {"properties": {"provisioningState": "Updating"}}"#], "/l, finished");
    check(
        "POST",
        &["202 l=/l", r#"200 : {"status": "Failed", "error": {"code": "Quota"}}"#],
        "/l, failed Failed Quota",
    );
    check("POST", &["202 l=/l", r#"200 : {"status": "Failed"}"#], "/l, finished");
    check("GET", &["202 l=/l", "202", "200 : {}"], "/l, /l, finished");
    check("POST", &["201 l=/made", "200 : {}"], "/made, finished");
    check("PUT", &[&format!("200 l=/l : {CREATING}"), "200 : {}"], "/l, finished");
    check("POST", &["202 l=/l", "200 l=https://other.example/ : {}"], "/l, finished");
}

#[test]
fn an_operation_is_polled_before_a_location() {
    let (running, over) = (r#"200 : {"status": "InProgress"}"#, r#"200 : {"status": "Succeeded"}"#);
    check(
        "PUT",
        &[&format!("200 a=/o l=/o r=0 : {CREATING}"), r#"202 a=/o l=/o : {"status": "Accepted"}"#, over],
        "/o, /o, get /r?v=1",
    );
    check("PUT", &[&format!("201 a=/o l=somethingBad : {CREATING}"), running, over], "/o, /o, get /r?v=1");
    check("PUT", &["202 a=/o", over], "/o, get /r?v=1");
    check("PUT", &["200 a=/o : not json", over], "/o, get /r?v=1");
    check("PATCH", &[&format!("201 a=/o : {CREATING}"), over], "/o, get /r?v=1");
    check("PATCH", &[&format!("202 a=/o l=/l : {SUCCEEDED}"), running, over], "/o, /o, get /r?v=1");
    check("DELETE", &["202 a=/o l=somethingBad", running, over], "/o, /o, finished");
    check("DELETE", &["202 a=/o", r#"200 : {"status": "SUCCEEDED"}"#], "/o, finished");
    check("POST", &["202 a=/o l=/l", r#"200 : {"status": "succeeded"}"#], "/o, get /l");
    check("POST", &["202 a=/o", r#"200 : {"status": "succeeded", "id": "100"}"#], "/o, finished");
    check("POST", &["202 a=/o", running, r#"200 l=/late : {"status": "Succeeded"}"#], "/o, /o, get /late");
    check("POST", &["202 a=/1 l=/l", r#"200 a=/2 : {"status": "Running"}"#, over], "/1, /2, get /l");
    check("POST", &["200 a=/o", over], "/o, finished");
    check("POST", &["202 a= l=/l", "200"], "/l, finished");
}

#[test]
fn an_operation_that_failed_shows_its_error() {
    let failed = r#"200 : {"status": "Failed", "error": {"code": "AllocationFailed", "message": "m"}}"#;
    check("PUT", &["202 a=/o", failed], "/o, failed Failed AllocationFailed");
    check("DELETE", &["202 a=/o", r#"200 : {"status": "Canceled"}"#], "/o, failed Canceled");
    check(
        "POST",
        &["202 a=/o", r#"200 : {"status": "failed", "error": {"code": 500, "message": "m"}}"#],
        "/o, failed failed",
    );
    check("POST", &["202 a=/o", r#"200 : {"status": "cancelled", "message": "no error"}"#], "/o, failed cancelled");
}

#[test]
fn passing_faults_of_a_poll_are_borne_and_others_are_not() {
    let over = r#"200 : {"status": "Succeeded"}"#;
    check("PUT", &["202 a=/o", "500", "503 : <html>", "429 r=5", "408", over], "/o, /o, /o, /o, /o, get /r?v=1");
    check("DELETE", &["202 l=/l", "500", "204"], "/l, /l, finished");
    check("PUT", &["202 a=/o", "400"], "/o, broken: the poll was answered with status 400");
    check("PUT", &["202 a=/o", r#"400 : {"message": "m"}"#], "/o, broken: the poll was answered with status 400");
    check("PUT", &[&format!("201 : {CREATING}"), "400 : <{"], "/r?v=1, broken: the poll was answered with status 400");
    let refused = r#"403 : {"error": {"code": "AuthorizationFailed", "message": "m"}}"#;
    check("POST", &["202 a=/o", refused], "/o, broken: the poll was answered with status 403, `AuthorizationFailed`");
    check("DELETE", &["202 l=/l", "404"], "/l, broken: the poll was answered with status 404");
    check("DELETE", &["202 l=/l", "302 l=/x"], "/l, broken: the poll was answered with status 302");
}

#[test]
fn bodies_without_a_status_are_told_apart() {
    let check = |answer: &str, expected: &str| {
        let (status, _) = answer.split_once(' ').unwrap_or((answer, ""));
        let expected = format!("/o, broken: an answer {status} to a poll has no `status`: {expected}");
        check("DELETE", &["202 a=/o", answer], &expected);
    };
    check("200", "its body is empty");
    check("204", "its body is empty");
    check("200 : null", "its body is `null`");
    check("200 : { }", "its body does not say it");
    check("200 : []", "its body does not say it");
    check(r#"200 : {"status": 5}"#, "its body does not say it");
    check(r#"200 : {"status": ""}"#, "its body does not say it");
    check(r#"200 : {"status": "Accepted""#, "its body is not JSON");
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let nowhere = "refused: the answer 202 says nowhere how to follow it";
    check("POST", &["202"], nowhere);
    check("DELETE", &["202 : {}"], nowhere);
    let foreign = "refused: its link leads to another host, where the token must not go: `https://other.example/o`";
    check("PUT", &["202 a=https://other.example/o"], foreign);
    check("PUT", &["202 l=//other.example/o"], foreign);
    check("PUT", &["202 a=https://other.example/o l=/l"], foreign);
    check("POST", &["202 l=https:///x"], "refused: its link is broken: `https:///x` is not a URL");
    let text = "refused: the body is not JSON, so it does not say whether the operation is over";
    check("PUT", &[r#"200 : {"properties": {"provisioningState": "Creating"}"#], text);
    let moved = "/o, broken: its link leads to another host, where the token must not go: `https://other.example/o`";
    check("PUT", &["202 a=/o", r#"200 a=https://other.example/o : {"status": "Running"}"#], moved);
    check("POST", &["202 l=/o", "202 l=https://other.example/o"], moved);
    let result = "/o, broken: the operation succeeded, but its link leads to another host, where the token must not go: \
                  `https://other.example/l`";
    check("POST", &["202 a=/o l=https://other.example/l", r#"200 : {"status": "Succeeded"}"#], result);
}

#[test]
fn relative_links_are_joined_to_where_they_came_from() {
    check("PUT", &["202 a=/foo r=/bar", "404"], "/foo, broken: the poll was answered with status 404");
    check("DELETE", &["202 l=o/1", "202 l=2", "204"], "/o/1, /o/2, finished");
    check("DELETE", &["202 l=https://ARM.example:443/o", "204"], "https://ARM.example:443/o, finished");
}

#[test]
fn each_answer_says_anew_how_long_to_wait() {
    let begin = |line: &str| answered(line, |answer| Operation::begin("PUT", URL, answer));
    let Begun::Running(mut operation) = begin("202 a=/o r=15") else { panic!("it runs") };
    assert_eq!(operation.wait(), Some(Duration::from_secs(15)));
    answered(r#"200 : {"status": "Running"}"#, |answer| operation.answer(answer));
    assert_eq!(operation.wait(), None);
    answered("429 r=7", |answer| operation.answer(answer));
    assert_eq!(operation.wait(), Some(Duration::from_secs(7)));
    answered("429 r=/bar", |answer| operation.answer(answer));
    assert_eq!(operation.wait(), None);
}
