//! Redaction: texts that are secret are taken out of events, in every encoding they might stand in.

mod search;

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Assertion, Attempt, Event, Exchange, Headers, Problem, Record, Request, Response, Step};
use crate::source::Source;
use search::Search;

/// What stands where a secret was.
pub const MARK: &str = "[secret]";

/// The shortest line that is hidden by itself, of a secret of several.
const LINE: usize = 12;

/// Knows what is secret.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Vec<Zeroizing<String>>,
    search: Search,
}

impl Redactor {
    /// How many secrets it knows.
    pub fn known(&self) -> usize {
        self.secrets.len()
    }

    /// Never shows this text, however it is encoded. The empty text is no secret.
    pub fn hide(&mut self, secret: &str) {
        let secret = secret.trim_end_matches(['\n', '\r']);
        if secret.is_empty() || self.secrets.iter().any(|known| **known == secret) {
            return;
        }
        self.secrets.push(Zeroizing::new(secret.to_owned()));
        self.search.add(secret);
        // Whatever shows a part of a key shows it line by line.
        if secret.contains('\n') {
            secret.lines().map(str::trim).filter(|line| line.len() >= LINE).for_each(|line| self.hide(line));
        }
    }

    /// Hides every text and number inside a value.
    pub fn hide_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.hide(text),
            Value::Number(number) => self.hide(&number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.hide_value(item)),
            Value::Object(members) => members.values().for_each(|member| self.hide_value(member)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The text without secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, |_, clean| clean.push_str(MARK))
    }

    /// The text with each secret in it replaced by what `put` writes.
    fn replace<'t>(&self, text: &'t str, put: impl Fn(&str, &mut String)) -> Cow<'t, str> {
        let found = self.search.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut done = 0;
        for range in found {
            clean.push_str(&text[done..range.start]);
            put(&text[range.clone()], &mut clean);
            done = range.end;
        }
        clean.push_str(&text[done..]);
        Cow::Owned(clean)
    }

    /// Takes the secrets out of an event.
    pub fn event(&self, event: &mut Event) {
        if self.search.is_empty() {
            return;
        }
        match event {
            Event::RunStarted(_) | Event::LoopStarted(_) | Event::LoopFinished(_) => {}
            Event::RunFinished(finished) => finished.hollow.iter_mut().for_each(|text| self.clean(text)),
            Event::WaitStarted(started) => self.clean(&mut started.waits_for),
            Event::PlaybookStarted(started) => {
                self.clean(&mut started.name);
                self.texts(&mut started.sources);
            }
            Event::StepStarted(started) => self.clean(&mut started.name),
            Event::AsideAnswered(answered) => {
                if let Some(exchange) = &mut answered.exchange {
                    self.exchange(exchange);
                }
            }
            Event::AttemptFinished(finished) => {
                self.attempt(&mut finished.attempt);
                if let Some(exchange) = &mut finished.exchange {
                    self.exchange(exchange);
                }
            }
            Event::StepFinished(finished) => self.step(&mut finished.step),
            Event::PlaybookFinished(finished) => {
                self.members(&mut finished.outputs);
                finished.problems.iter_mut().for_each(|problem| self.problem(problem));
            }
        }
    }

    /// Takes the secrets out of a record: those too that became known after the events were sent. Of the steps that lie behind
    /// `until` on the spool nothing is to be taken.
    pub fn record(self: &Rc<Self>, record: &mut Record, until: u64) {
        for playbook in &mut record.playbooks {
            self.clean(&mut playbook.name);
            self.members(&mut playbook.outputs);
            self.texts(&mut playbook.sources);
            let redactor = Rc::clone(self);
            playbook.steps.change_until(until, move |step| redactor.step(step));
        }
    }

    fn texts(&self, sources: &mut [Arc<Source>]) {
        for source in sources {
            if let Some(masked) = self.mask(source) {
                *source = Arc::new(masked);
            }
        }
    }

    /// The source with secrets masked character by character, so that places in it stay true.
    fn mask(&self, source: &Source) -> Option<Source> {
        let stars = |found: &str, masked: &mut String| {
            masked.extend(found.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }));
        };
        let Cow::Owned(masked) = self.replace(source.text(), stars) else {
            return None;
        };
        Some(Source::new(source.name(), masked))
    }

    /// Takes the secrets out of a text.
    pub fn clean(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.text(text) {
            *text = clean;
        }
    }

    fn maybe(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.clean(text);
        }
    }

    /// Takes the secrets out of a value, a number that is one included.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.clean(text),
            Value::Number(number) => {
                let text = number.to_string();
                if self.secrets.iter().any(|secret| **secret == text) {
                    *value = Value::String(MARK.to_owned());
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => self.members(members),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn members(&self, members: &mut Map<String, Value>) {
        let leaks = members.keys().any(|key| matches!(self.text(key), Cow::Owned(_)));
        if leaks {
            let old = std::mem::take(members);
            members.extend(old.into_iter().map(|(key, value)| (self.text(&key).into_owned(), value)));
        }
        members.values_mut().for_each(|member| self.value(member));
    }

    fn step(&self, step: &mut Step) {
        step.helps.iter_mut().for_each(|help| self.clean(help));
        step.access.iter_mut().for_each(|access| self.value(access));
        self.clean(&mut step.id);
        self.clean(&mut step.name);
        step.within.iter_mut().for_each(|name| self.clean(name));
        self.maybe(&mut step.reason);
        if let Some(iteration) = &mut step.iteration {
            self.value(&mut iteration.item);
        }
        step.attempts.iter_mut().for_each(|attempt| self.attempt(attempt));
        if let Some(request) = &mut step.request {
            self.request(request);
        }
        if let Some(response) = &mut step.response {
            self.response(response);
        }
        step.assertions.iter_mut().for_each(|assertion| self.assertion(assertion));
        step.notes.iter_mut().for_each(|note| self.clean(note));
        step.problems.iter_mut().for_each(|problem| self.problem(problem));
        step.captures.values_mut().for_each(|capture| self.value(capture));
    }

    fn attempt(&self, attempt: &mut Attempt) {
        self.maybe(&mut attempt.error);
        self.maybe(&mut attempt.waited_for);
        self.maybe(&mut attempt.request_id);
        self.maybe(&mut attempt.correlation_id);
    }

    fn request(&self, request: &mut Request) {
        self.clean(&mut request.url);
        self.headers(&mut request.headers);
        if let Some(token) = &mut request.token {
            self.clean(&mut token.resource);
            self.maybe(&mut token.identity);
        }
    }

    fn response(&self, response: &mut Response) {
        self.headers(&mut response.headers);
    }

    fn headers(&self, headers: &mut Headers) {
        for (name, value) in &mut headers.0 {
            self.clean(name);
            self.clean(value);
        }
    }

    fn assertion(&self, assertion: &mut Assertion) {
        self.maybe(&mut assertion.path);
        self.maybe(&mut assertion.reason);
        self.value(&mut assertion.expected);
        self.value(&mut assertion.actual);
    }

    fn problem(&self, problem: &mut Problem) {
        self.clean(&mut problem.title);
        self.clean(&mut problem.label);
        problem.notes.iter_mut().chain(&mut problem.helps).for_each(|text| self.clean(text));
    }

    fn exchange(&self, exchange: &mut Exchange) {
        self.request(&mut exchange.request);
        self.maybe(&mut exchange.request_body);
        if let Some(response) = &mut exchange.response {
            self.response(response);
        }
        self.maybe(&mut exchange.response_body);
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    use super::*;
    use crate::http::encode;

    fn redactor(secrets: &[&str]) -> Redactor {
        let mut redactor = Redactor::default();
        secrets.iter().for_each(|secret| redactor.hide(secret));
        redactor
    }

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let secret = "p/ss \"wörd\"+1";
        let redactor = redactor(&[secret]);
        let check = |text: String| {
            let clean = redactor.text(&text).into_owned();
            assert!(clean.contains(MARK), "{text} → {clean}");
        };
        check(format!("x{secret}y"));
        check(serde_json::to_string(secret).expect("JSON"));
        check(serde_json::to_string(&serde_json::to_string(secret).expect("JSON")).expect("JSON"));
        check(format!("https://host/?a={}", encode(secret)));
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "z", "zz"] {
                check(STANDARD_NO_PAD.encode(format!("{before}{secret}{after}")));
                check(URL_SAFE_NO_PAD.encode(format!("{before}{secret}{after}")));
            }
        }
        check(encode(&encode(&STANDARD.encode(secret))));
        check(encode(secret).replace("%2F", "%2f").replace("%20", "+"));
        check(r#"{"a": "p\/ss\u0020\u0022w\u00f6rd\u0022\u002B1"}"#.to_owned());
        check(r#"p\\u002fss \\\"w\u00F6rd\\\"+1"#.to_owned());
        check("p/ss \"w\r\nörd\"\n+1".to_owned());
        check(
            serde_json::to_string(&format!("{}\r\n", STANDARD.encode(secret).replace("cm", "c\r\nm"))).expect("JSON"),
        );
    }

    #[test]
    fn a_secret_beyond_the_plane_and_of_several_lines_is_found() {
        let redactor = redactor(&["pass😀word", "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nshort\n"]);
        let check = |text: &str, expected: &str| assert_eq!(redactor.text(text), expected, "{text}");
        check(r"x pass\ud83d\uDE00word y", "x [secret] y");
        check(r"x pass\ud83dword y", r"x pass\ud83dword y");
        check("a\n  | MIIEvQIBADANBgkq\n  | short", "a\n  | [secret]\n  | short");
        check(r"-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nshort\n", r"[secret]\n");
        let with_escape = self::redactor(&["T\" %23r0é"]);
        assert_eq!(with_escape.text(r#"x T\" %23r0é y"#), "x [secret] y");
    }

    #[test]
    fn a_secret_whose_ends_make_an_escape_with_what_stands_beside_it_is_found() {
        let check = |secret: &str, text: &str, expected: &str| {
            assert_eq!(redactor(&[secret]).text(text), expected, "{text}");
        };
        check("a\" word%d", r#"a\" word%dA"#, "[secret]A");
        check("41a\"word", r#"%41a\"word"#, "%[secret]");
        check("new/word", r"\new%2Fword", r"\[secret]");
        check("new/word", r"\new%252Fword", r"\[secret]");
    }

    #[test]
    fn a_secret_that_was_cut_is_found() {
        let redactor = redactor(&["abcdefghij", "a\"bcdefgh"]);
        let check = |text: &str, expected: &str| assert_eq!(redactor.text(text), expected, "{text}");
        check("got \"x abcdefg…\" (3 more characters)", "got \"x [secret]…\" (3 more characters)");
        check("abcd… and a\\\"bcde…", "[secret]… and [secret]…");
        check("abc… bcdefghij… é…", "abc… bcdefghij… é…");
        check("abcdefghij…", "[secret]…");
    }

    #[test]
    fn the_longest_secret_wins_and_nothing_else_changes() {
        let redactor = redactor(&["abc", "abcdef", ""]);
        assert_eq!(redactor.text("x abcdef y abc z"), "x [secret] y [secret] z");
        assert!(matches!(redactor.text("ab cd"), Cow::Borrowed("ab cd")));
    }

    #[test]
    fn numbers_and_keys_are_values_too() {
        let mut redactor = Redactor::default();
        redactor.hide_value(&serde_json::json!({"pin": 4711, "list": ["hunter2"]}));
        let mut value = serde_json::json!({"a": 4711, "b": 47110, "hunter2": 1});
        redactor.value(&mut value);
        assert_eq!(value, serde_json::json!({"a": MARK, "b": 47110, "[secret]": 1}));
    }

    #[test]
    fn places_stay_true_in_a_masked_source() {
        let redactor = redactor(&["hünter2"]);
        let source = Source::new("x", "a: hünter2\nb: 1");
        let masked = redactor.mask(&source).expect("masked");
        assert_eq!(masked.text(), "a: ********\nb: 1");
        assert_eq!(masked.position(source.text().len()), source.position(source.text().len()));
    }
}
