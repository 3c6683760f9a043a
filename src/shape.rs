//! What a value must look like: JSON Schema, drafts 4 to 2020-12, and where a value misses it.
//!
//! Nothing is fetched: what a schema refers to is in it, or in a file beside it that the caller loads.

mod documents;
mod meter;
mod pattern;
mod place;
mod stack;

use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Retrieve, ValidationError, ValidationOptions, Validator};
use serde_json::Value;

use documents::{BASE, Documents};
use meter::{Meter, Metered, Node, Undecided};
use pattern::{Limits, Pattern};

/// How deep schemas and values may be nested.
const DEEPEST: usize = 256;

/// How many misses are shown.
const MOST_MISSES: usize = 20;

/// How many misses are looked at to find those to show.
const MOST_LOOKED_AT: usize = 1000;

/// How much work a value is worth: see [`meter::within`].
const MOST_WORK: usize = 20_000_000;

/// How many references in a row cost as much as a look at the value where they end.
const REFERENCES: usize = 200;

/// The longest message of a miss, in characters.
const LONGEST_MESSAGE: usize = 300;

/// The longest value that is shown in a message, in bytes of JSON.
const LONGEST_VALUE: usize = 80;

/// A schema, ready to judge values.
#[derive(Clone)]
pub struct Shape {
    validator: Arc<Validator<Metered>>,
    /// How much there is of the schema and all it refers to.
    size: Size,
}

impl fmt::Debug for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shape").field("objects", &self.size.objects).finish_non_exhaustive()
    }
}

/// Why a schema is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file it is in, as it was asked of the caller; none for the schema itself.
    pub file: Option<String>,
    /// Where in it, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What is wrong there, as a clause.
    pub message: String,
}

impl Fault {
    fn new(file: Option<&str>, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.map(str::to_owned), pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.pointer.as_str()) {
            (None, "") => write!(out, "{}", self.message),
            (None, pointer) => write!(out, "at `{pointer}`: {}", self.message),
            (Some(file), "") => write!(out, "in `{file}`: {}", self.message),
            (Some(file), pointer) => write!(out, "at `{file}#{pointer}`: {}", self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// Where a value misses a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The place in the value, as a JSONPath: `$.properties.tags[0]`.
    pub instance: String,
    /// The keyword of the schema that does not hold.
    pub keyword: String,
    /// What is wrong, as a clause.
    pub message: String,
}

impl Shape {
    /// Reads a schema. Files that it refers to are asked of `load` by their path relative to it.
    ///
    /// # Errors
    /// When it is not a schema, or refers to what is not there: the first fault, with its place.
    pub fn compile(schema: &Value, load: &dyn Fn(&str) -> Result<Value, String>) -> Result<Self, Fault> {
        let mut size = Size::default().with(schema, None)?;
        let documents = Documents::default();
        let mut metered = schema.clone();
        meter::add(&mut metered);
        loop {
            let limits = Limits::of(size.patterns);
            let built = stack::run(size.to_compile(), || build(&metered, &documents, limits))
                .map_err(|why| Fault::new(None, "", why))?;
            let error = match built {
                Ok(validator) => return Ok(Self { validator: Arc::new(validator), size }),
                Err(error) => error,
            };
            let Some(uri) = documents.missing() else {
                // What is wrong is shown as it is written.
                let plain = stack::run(size.to_compile(), || fault_of(schema, &documents, limits));
                return Err(match plain {
                    Ok(Some(plain)) => documents.place(schema, plain),
                    // How often these go back is not to be seen from outside, so they may not.
                    _ => Fault {
                        message: "what names have to match may neither look around nor refer back".to_owned(),
                        ..documents.place(schema, error)
                    },
                });
            };
            let (file, pointer) = documents.reference(schema, &uri);
            let fault = |message: String| Fault { file: file.clone(), pointer: pointer.clone(), message };
            let path = documents::path(&uri).map_err(fault)?;
            let mut document = load(&path).map_err(fault)?;
            size = size.with(&document, Some(&path))?;
            stack::run(size.to_compile(), || is_schema(&document, schema))
                .map_err(fault)?
                .map_err(|(pointer, message)| Fault::new(Some(&path), pointer, message))?;
            meter::add(&mut document);
            documents.add(uri, path, document).map_err(fault)?;
        }
    }

    /// Where a value misses the schema: by place, at most 20 of them. A value that fits has none.
    ///
    /// # Errors
    /// When that takes more than is done for any value: why, as a clause.
    pub fn judge(&self, instance: &Value) -> Result<Vec<Miss>, String> {
        self.judge_within(MOST_WORK, instance)
    }

    /// The same, with so much work at most: it is how often the value and what is in it are looked at.
    ///
    /// # Errors
    /// When that is not enough: why, as a clause.
    pub fn judge_within(&self, most: usize, instance: &Value) -> Result<Vec<Miss>, String> {
        let depth = place::depth(instance, DEEPEST)
            .ok_or_else(|| format!("the value is nested more than {DEEPEST} levels deep"))?;
        let size = Size { depth, ..self.size };
        let most = most / (1 + size.references / REFERENCES);
        let spent = "parts of the schema, or its patterns, would be held against parts of this value too often: does it refer to \
                     itself in several ways?";
        stack::run(size, || self.look(most, instance))?.map_err(|why| match why {
            Undecided::Because(why) => why,
            Undecided::Spent => spent.to_owned(),
        })
    }

    /// Looks whether the value fits, and only then for all that it misses; for the first alone when that is too much.
    fn look(&self, most: usize, instance: &Value) -> Result<Vec<Miss>, Undecided> {
        let node = || Node(instance);
        if meter::within(most, self.size.names, || self.validator.is_valid(node()))? {
            return Ok(Vec::new());
        }
        let all = || told(self.validator.iter_errors(node()), instance);
        let first = || told(self.validator.validate(node()).err().into_iter(), instance);
        meter::within(most, self.size.names, all).or_else(|_| {
            let first = meter::within(most, self.size.names, first).ok().filter(|misses| !misses.is_empty());
            let message = "it does not fit, and to find where takes too long".to_owned();
            Ok(first.unwrap_or_else(|| vec![Miss { instance: "$".to_owned(), keyword: String::new(), message }]))
        })
    }
}

/// What is missed, by place.
fn told<'i>(errors: impl Iterator<Item = ValidationError<'i>>, instance: &Value) -> Vec<Miss> {
    // The library also misses properties that are there but unexpected (0.61, `additionalProperties: false`).
    let is_real = |error: &ValidationError<'_>| match error.kind() {
        Kind::Required { property } => property.as_str().is_none_or(|name| error.instance().get(name).is_none()),
        _ => true,
    };
    let errors = errors.take(MOST_LOOKED_AT).filter(is_real);
    let mut found: Vec<_> = errors
        .map(|error| {
            let steps = place::steps(error.instance_path().as_str(), instance);
            let miss = Miss {
                instance: place::path(&steps),
                keyword: keyword(&error).to_owned(),
                message: message(&error, instance),
            };
            (steps, miss)
        })
        .collect();
    found.sort_by(|(one, miss), (other, same)| {
        one.cmp(other).then_with(|| (&miss.keyword, &miss.message).cmp(&(&same.keyword, &same.message)))
    });
    found.dedup_by(|one, other| one.1 == other.1);
    found.into_iter().take(MOST_MISSES).map(|(_, miss)| miss).collect()
}

/// How much there is to go through.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// How many objects there are: nothing goes through more of them at one place.
    objects: usize,
    depth: usize,
    /// How many references: each may lead to the next, and none looks at the value.
    references: usize,
    patterns: usize,
    /// What names of members cost: see [`meter::within`].
    names: usize,
}

impl Size {
    /// The same with another document.
    fn with(self, schema: &Value, file: Option<&str>) -> Result<Self, Fault> {
        let too_much = |what: String| Fault::new(file, "", what);
        let depth = place::depth(schema, DEEPEST)
            .ok_or_else(|| too_much(format!("the schema is nested more than {DEEPEST} levels deep")))?;
        let patterns = self.patterns + place::sum(schema, &pattern::count);
        if patterns > pattern::MOST {
            return Err(too_much(format!("the schema has more than {} patterns", pattern::MOST)));
        }
        let objects = self.objects + place::sum(schema, &|_| 1);
        let references = self.references + place::sum(schema, &documents::count);
        let names = self.names + place::sum(schema, &pattern::cost_of_names);
        Ok(Self { objects, depth: self.depth.max(depth), references, patterns, names })
    }

    /// How much a schema holds one inside the other: a compiler leaves references for later, and a meta-schema goes
    /// through few objects at one place.
    fn to_compile(self) -> Self {
        Self { objects: self.objects.min(64), ..self }
    }
}

fn options(documents: &Documents) -> ValidationOptions<'_, Arc<dyn Retrieve>, Metered> {
    jsonschema::options_for().with_base_uri(BASE).with_retriever(documents.clone())
}

fn build(
    schema: &Value,
    documents: &Documents,
    limits: Limits,
) -> Result<Validator<Metered>, ValidationError<'static>> {
    options(documents)
        .with_pattern_options(limits.steady())
        .with_keyword(pattern::KEYWORD, move |_, text, _| Ok(Box::new(Pattern::compile(text, limits)?)))
        .with_keyword(meter::KEYWORD, |_, _, _| Ok(Box::new(Meter)))
        .build(schema)
}

/// What is wrong with a schema as it is written.
fn fault_of(schema: &Value, documents: &Documents, limits: Limits) -> Option<ValidationError<'static>> {
    options(documents).with_pattern_options(limits.restless(0)).build(schema).err()
}

/// Holds a file against the draft it names, or else that of the schema that refers to it.
fn is_schema(document: &Value, root: &Value) -> Result<(), (String, String)> {
    let mut document = document.clone();
    if let (Some(members), Some(draft)) = (document.as_object_mut(), root.get("$schema")) {
        members.entry("$schema").or_insert_with(|| draft.clone());
    }
    jsonschema::meta::validate(&document)
        .map_err(|error| (error.instance_path().as_str().to_owned(), message(&error, &document)))
}

/// The keyword that does not hold, as it is written.
fn keyword<'e>(error: &'e ValidationError<'_>) -> &'e str {
    match error.kind() {
        Kind::Not { schema } if meter::is_nothing(schema) => "falseSchema",
        kind => kind.keyword(),
    }
}

/// A value in a message, unless it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > LONGEST_VALUE { "the value".to_owned() } else { text }
}

/// What is wrong, as a clause; places are those in the whole value.
fn message(error: &ValidationError<'_>, whole: &Value) -> String {
    let text = match error.kind() {
        _ if keyword(error) == "falseSchema" => "nothing may stand here".to_owned(),
        Kind::Custom { message, .. } => message.clone(),
        Kind::PropertyNames { error } => message(error, whole),
        Kind::Format { format } if format == "regex" => {
            format!("`{}` is not a regular expression", error.instance().as_str().unwrap_or_default())
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let cause = nearest(error).map(|cause| {
                let place = place::path(&place::steps(cause.instance_path().as_str(), whole));
                let place =
                    if cause.instance_path() == error.instance_path() { "".into() } else { format!("at `{place}`: ") };
                format!("; the nearest: {place}{}", message(cause, whole))
            });
            let cause = cause.unwrap_or_default();
            format!("none of the {} alternatives holds{cause}", context.len())
        }
        Kind::Not { schema } => {
            format!("{} is not allowed for {}", meter::without(schema), shown(error.instance()))
        }
        _ if error.instance().to_string().len() > LONGEST_VALUE => error.masked_with("the value").to_string(),
        _ => error.to_string(),
    };
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// What keeps the alternative that is missed least from holding: alternatives inside it are gone through too.
fn nearest<'a>(error: &'a ValidationError<'_>) -> Option<&'a ValidationError<'static>> {
    let (Kind::AnyOf { context } | Kind::OneOfNotValid { context }) = error.kind() else { return None };
    let mut context = context;
    loop {
        let alternatives = context.iter().filter(|errors| !errors.is_empty());
        let cause = alternatives.min_by_key(|errors| errors.len())?.first()?;
        match cause.kind() {
            Kind::AnyOf { context: inner } | Kind::OneOfNotValid { context: inner }
                if inner.iter().any(|errors| !errors.is_empty()) =>
            {
                context = inner;
            }
            _ => return Some(cause),
        }
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
