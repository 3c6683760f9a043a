//! The patterns of a schema: some go back in a text again and again, and what that costs is counted.
//!
//! A pattern that can go back is tried with ever higher limits, and each try is paid before it is made. So a text that is looked
//! through at once costs little, however long the pattern could take for another.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{FancyRegex, Keyword, PatternOptions, ValidationError, Validator};
use serde_json::json;

use super::meter::{Metered, Node, Undecided, end, paid, pay};
use super::shown;
use crate::pattern::steps;
use crate::value::{Map, Value};

/// The keyword.
pub(super) const KEYWORD: &str = "pattern";

/// How many patterns a schema may have.
pub(super) const MOST: usize = 5000;

/// How large all compiled patterns of a schema may be, in bytes.
const ALL: usize = 32 << 20;

/// How large one of them may be.
const LARGEST: usize = 1 << 20;

/// How often one may go back in a text: with each try more often.
const TRIES: [usize; 5] = [16, 256, 4096, 32_768, 131_072];

/// How many bytes a pattern may look through while it goes back once.
const BYTES: usize = 64;

/// How many steps cost as much as a look at a value.
const STEPS: u64 = 16;

/// Steps for each byte that cost nothing beside the look at the text.
const FREE: u64 = 16;

/// How many patterns a part of a schema has.
pub(super) fn count(part: &Map<String, Value>) -> usize {
    let text = part.get(KEYWORD).is_some_and(Value::is_string);
    usize::from(text) + names(part).count()
}

/// What the names of members cost a part of a schema, for each byte.
pub(super) fn cost_of_names(part: &Map<String, Value>) -> usize {
    names(part).map(|name| cost(name)).sum()
}

fn names(part: &Map<String, Value>) -> impl Iterator<Item = &String> {
    part.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys)
}

/// What a byte of a text costs.
fn cost(pattern: &str) -> usize {
    // What is looked for ahead is looked for as any other text.
    let plain = pattern.replace("(?=", "(?:").replace("(?!", "(?:");
    usize::try_from(steps(&plain).saturating_sub(FREE) / STEPS).unwrap_or(usize::MAX)
}

/// How patterns are compiled where there are so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    bytes: usize,
}

impl Limits {
    pub(super) fn of(patterns: usize) -> Self {
        Self { bytes: (ALL / patterns.max(1)).min(LARGEST) }
    }

    /// Those that never go back.
    pub(super) fn steady(self) -> PatternOptions<jsonschema::Regex> {
        PatternOptions::regex().size_limit(self.bytes).dfa_size_limit(self.bytes)
    }

    /// Those that may go back, no more often than that.
    pub(super) fn restless(self, most: usize) -> PatternOptions<FancyRegex> {
        let options = PatternOptions::fancy_regex().backtrack_limit(most);
        options.size_limit(self.bytes).dfa_size_limit(self.bytes)
    }
}

/// A pattern that texts have to match.
pub(super) struct Pattern {
    text: String,
    way: Way,
}

/// How a pattern goes through a text.
enum Way {
    /// Once, at a cost for each byte.
    Steady(usize, Validator<Metered>),
    /// Back and forth: no more often than that.
    Restless(Vec<(usize, Validator<Metered>)>),
}

impl Pattern {
    pub(super) fn compile(text: &Value, limits: Limits) -> Result<Self, ValidationError<'static>> {
        let schema = json!({KEYWORD: text});
        let text = text.as_str().unwrap_or_default().to_owned();
        let steady = jsonschema::options_for().with_pattern_options(limits.steady()).build(&schema);
        if let Ok(validator) = steady {
            let way = Way::Steady(cost(&text), validator);
            return Ok(Self { text, way });
        }
        let tries = TRIES.iter().map(|most| {
            let options = jsonschema::options_for().with_pattern_options(limits.restless(*most));
            options.build(&schema).map(|validator| (*most, validator))
        });
        Ok(Self { text, way: Way::Restless(tries.collect::<Result<_, _>>()?) })
    }

    /// Whether a value fits: what is no text does.
    fn matches(&self, value: &Value) -> bool {
        let Value::String(text) = value else { return true };
        match &self.way {
            Way::Steady(cost, validator) => {
                pay(1 + text.len().saturating_mul(*cost));
                paid(|| validator.is_valid(Node(value)))
            }
            Way::Restless(tries) => {
                let each = 1 + text.len() / BYTES;
                let decided = tries.iter().find_map(|(most, validator)| {
                    pay(most.saturating_mul(each));
                    decide(validator, value)
                });
                decided.unwrap_or_else(|| {
                    end(Undecided::Because(format!("the pattern `{}` takes too long for a text in it", self.text)))
                })
            }
        }
    }
}

/// Whether a text matches; nothing when the engine gave up.
fn decide(validator: &Validator<Metered>, text: &Value) -> Option<bool> {
    match paid(|| validator.validate(Node(text))) {
        Ok(()) => Some(true),
        Err(error) => matches!(error.kind(), Kind::Pattern { .. }).then_some(false),
    }
}

impl<'i> Keyword<'i, Metered> for Pattern {
    fn validate(&self, Node(value): Node<'i>) -> Result<(), ValidationError<'i>> {
        let message = || format!("{} does not match \"{}\"", shown(value), self.text);
        if self.matches(value) { Ok(()) } else { Err(ValidationError::custom(message())) }
    }

    fn is_valid(&self, Node(value): Node<'i>) -> bool {
        self.matches(value)
    }
}
