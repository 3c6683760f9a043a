//! A step that came to its end: what was sent, what came, what was expected and what it came to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Millis, Outcome, Steps, Trail};
use crate::value::to_text;

/// Why a step is skipped that nobody asked for.
const NOT_SELECTED: &str = "not selected";

/// A place in a file, for people: lines and columns count from 1, columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, as it was given.
    #[serde(default)]
    pub path: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// How many bytes of the file the place covers, for underlining.
    #[serde(default)]
    pub length: u32,
}

/// A step that came to its end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Which step of the playbook.
    #[serde(default)]
    pub trail: Trail,
    /// What the groups around it are called, from the outside in.
    #[serde(skip)]
    pub within: Vec<String>,
    /// Whether it holds others, which are told and counted themselves.
    #[serde(default, skip_serializing_if = "is_not")]
    pub holds_steps: bool,
    /// Its id: the one given, else one made of its name.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `token`, `request`, `access`, `metadata`, `set`, `assert`, `playbook`, `steps`.
    pub action: Cow<'static, str>,
    /// How it came out.
    pub outcome: Outcome,
    /// The part of the playbook it is in: `steps` or `cleanup`.
    pub phase: Cow<'static, str>,
    /// Which turn of its loop it was.
    pub iteration: Option<Iteration>,
    /// Why it was skipped, failed without an assertion, or could not be carried out.
    pub reason: Option<String>,
    /// The steps beside it that it waited for, by data, by `needs`, or since one of both changes something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Trail>,
    /// When it began, in milliseconds since the run began.
    pub started_ms: Millis,
    /// How long it took.
    pub duration_ms: Millis,
    /// Where it stands.
    pub place: Place,
    /// Each time it was tried.
    pub attempts: Vec<Attempt>,
    /// How long it took until the expectations of an `eventually` held, in milliseconds.
    pub settled_ms: Option<Millis>,
    /// What was sent last.
    pub request: Option<Request>,
    /// What came last.
    pub response: Option<Response>,
    /// What was found out about access: `scope`, `identity` and `via`. Of an `access` step what it was told: `permissions`,
    /// and where it was decided from assignments, `assignments`, `deny_assignments` and `locks`; of a request whose verdict
    /// was judged the `action` that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Value>,
    /// What was expected, judged.
    pub assertions: Vec<Assertion>,
    /// Facts about the outcome that are no fault.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What would cure a failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub helps: Vec<String>,
    /// What went wrong beside assertions.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// What was captured.
    pub captures: BTreeMap<String, Value>,
    /// The steps inside.
    #[schemars(with = "Vec<Step>")]
    pub steps: Steps,
}

/// A turn of a loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Iteration {
    /// Which, from 0.
    pub index: u32,
    /// The item.
    pub item: Value,
}

/// One try.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// How long it took.
    pub duration_ms: Millis,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why there is no answer.
    pub error: Option<String>,
    /// How long was waited before it.
    pub waited_ms: Millis,
    /// What was waited for.
    pub waited_for: Option<String>,
    /// The answer's `x-ms-request-id`.
    pub request_id: Option<String>,
    /// The answer's `x-ms-correlation-request-id`.
    pub correlation_id: Option<String>,
}

/// What was sent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers.
    pub headers: Headers,
    /// How many bytes the body has.
    #[serde(default, skip_serializing_if = "is_none")]
    pub body_bytes: usize,
    /// Whose token it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Bearer>,
}

/// Whose token a request carries: how it can be had again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bearer {
    /// The resource it is for.
    pub resource: String,
    /// The identity, as `--identity` names it; nothing for the machine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The source, where it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What came.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// How many bytes the body has.
    pub body_bytes: usize,
}

fn yes() -> bool {
    true
}

fn is_so(value: &bool) -> bool {
    *value
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

fn is_not(value: &bool) -> bool {
    !value
}

/// Headers in their order; as JSON a map, in which a header that comes twice has its values joined.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub Vec<(String, String)>);

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut joined: Map<String, Value> = Map::new();
        for (name, value) in &self.0 {
            let text = match joined.get(name).and_then(Value::as_str) {
                Some(before) => format!("{before}, {value}"),
                None => value.clone(),
            };
            joined.insert(name.clone(), Value::String(text));
        }
        joined.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let joined = Map::deserialize(deserializer)?;
        Ok(Self(joined.into_iter().map(|(name, value)| (name, to_text(&value))).collect()))
    }
}

impl JsonSchema for Headers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Headers".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object", "additionalProperties": {"type": "string"}})
    }
}

/// Something that was expected, judged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Assertion {
    /// `status`, `json`, `headers`, …
    pub subject: Cow<'static, str>,
    /// The query or name within the subject.
    pub path: Option<String>,
    /// The predicate's name.
    pub predicate: String,
    /// What was expected.
    pub expected: Value,
    /// What was there; null when nothing was. Where the assertion holds, a value that holds more than 1,000 others is told
    /// by how many it holds, such as `list of 2000 items`.
    pub actual: Value,
    /// Whether something was there at all.
    #[serde(default = "yes", skip_serializing_if = "is_so")]
    pub found: bool,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// What went wrong, told like a diagnostic.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A stable kebab-case word; `mi-run explain` knows it.
    pub code: Cow<'static, str>,
    /// What is wrong.
    pub title: String,
    /// Where in the playbook.
    pub place: Option<Place>,
    /// What the place is.
    pub label: String,
    /// Facts.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<String>,
}

/// What was sent and what came, in full.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// What was sent.
    pub request: Request,
    /// Its body.
    pub request_body: Option<String>,
    /// What came.
    pub response: Option<Response>,
    /// Its body.
    pub response_body: Option<String>,
}

impl Step {
    /// A step of which only this is known.
    pub fn new(id: String, name: String, action: &'static str, place: Place) -> Self {
        Self {
            trail: Trail::default(),
            within: Vec::new(),
            holds_steps: false,
            id,
            name,
            action: action.into(),
            outcome: Outcome::Skipped,
            phase: "steps".into(),
            iteration: None,
            reason: None,
            after: Vec::new(),
            started_ms: Millis(0.0),
            duration_ms: Millis(0.0),
            place,
            attempts: Vec::new(),
            settled_ms: None,
            request: None,
            response: None,
            access: None,
            assertions: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
            problems: Vec::new(),
            captures: BTreeMap::new(),
            steps: Steps::default(),
        }
    }

    /// Whether it is told and counted itself: a step that holds others is told by them, unless something is wrong with it.
    pub fn is_told(&self) -> bool {
        !self.holds_steps || !self.problems.is_empty() || self.assertions.iter().any(|assertion| !assertion.holds)
    }

    /// Whether it was skipped since nobody asked for it, with `--only` or `--skip`.
    pub fn was_left_out(&self) -> bool {
        self.outcome == Outcome::Skipped && self.reason.as_deref() == Some(NOT_SELECTED)
    }

    /// Its name, and the item of its turn where the name does not tell it.
    pub fn title(&self) -> String {
        let Some(iteration) = &self.iteration else {
            return self.name.clone();
        };
        let item = iteration.title();
        let told = match &iteration.item {
            // A name that tells every part of a combination tells the item; lists in it would tell too much.
            Value::Object(parts) => {
                let mut plain = parts.values().filter(|part| !part.is_array() && !part.is_object()).peekable();
                plain.peek().is_some() && plain.all(|part| tells(&self.name, &to_text(part)))
            }
            other => tells(&self.name, &to_text(other)),
        };
        if told { self.name.clone() } else { format!("{} ({item})", self.name) }
    }
}

impl Iteration {
    /// The item in a few words: text as it is, a map by its entries.
    pub fn title(&self) -> String {
        const SHOWN: usize = 60;
        let text = match &self.item {
            Value::Object(parts) => {
                let parts = parts.iter().map(|(name, part)| format!("{name}: {}", to_text(part)));
                parts.collect::<Vec<_>>().join(", ")
            }
            other => to_text(other),
        };
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

/// Whether a name holds a text as words of their own.
fn tells(name: &str, text: &str) -> bool {
    let is_edge = |next: Option<char>| next.is_none_or(|next| !next.is_alphanumeric());
    let mut found = name.match_indices(text);
    !text.is_empty()
        && found
            .any(|(at, _)| is_edge(name[..at].chars().next_back()) && is_edge(name[at + text.len()..].chars().next()))
}
