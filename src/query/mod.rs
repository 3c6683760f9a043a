//! What to look at: JSONPath queries (RFC 9535), parsed once and selected from any number of values.

mod pattern;
mod problem;
mod search;
mod types;

use std::fmt;

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;

use crate::value::{Value, count, exceeds};

pub use problem::Error;
use search::Search;

/// How many items a query may look at on its way.
pub const MOST_LOOKED_AT: u64 = 20_000_000;

/// How many values may be found, with all that is in them, when they are more than the value holds that is looked into:
/// what `$..id` finds can stand one inside the other.
pub const MOST_FOUND: usize = 200_000;

/// A JSONPath query.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    form: Form,
}

/// A singular query is a walk, any other a search.
#[derive(Debug, Clone)]
enum Form {
    Walk(Vec<Step>),
    Search(JpQuery),
}

#[derive(Debug, Clone)]
enum Step {
    Name(String),
    Index(i64),
}

/// What a query found in a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection<'v> {
    /// The answer of a singular query: a value, or nothing.
    One(Option<&'v Value>),
    /// The answer of any other query: all matches, in document order.
    Many(Vec<&'v Value>),
}

impl Query {
    /// Parses the text of a query.
    ///
    /// # Errors
    /// When the text is not a query; the error points at the byte where it stops being one.
    pub fn parse(text: &str) -> Result<Query, Error> {
        Self::read(text, problem::explain)
    }

    /// The same with less work for an error, whose place may be told too early.
    ///
    /// # Errors
    /// When the text is not a query.
    pub(crate) fn parse_quickly(text: &str) -> Result<Query, Error> {
        Self::read(text, problem::tell)
    }

    fn read(text: &str, explain: fn(&str, &JsonPathError) -> Error) -> Result<Query, Error> {
        if !text.starts_with('$') {
            return Err(problem::no_root(text));
        }
        if let Some(error) = problem::too_nested(text).or_else(|| problem::split_word(text)) {
            return Err(error);
        }
        if let Some(steps) = plain(text) {
            return Ok(Query { text: text.to_owned(), form: Form::Walk(steps) });
        }
        let parsed = parse_json_path(text).map_err(|error| explain(text, &error))?;
        types::check(&parsed).map_err(|misuse| problem::misuse(text, misuse))?;
        let form = match parsed.segments.iter().map(step).collect() {
            Some(steps) => Form::Walk(steps),
            None => Form::Search(parsed),
        };
        Ok(Query { text: text.to_owned(), form })
    }

    /// Whether the query is singular: only names and indices, so that it can find one value at most. This is a
    /// matter of its syntax, not of what it finds.
    pub fn is_singular(&self) -> bool {
        matches!(self.form, Form::Walk(_))
    }

    /// What the query finds in `value`, or `None` when it would look at more than [`MOST_LOOKED_AT`] items or find more than
    /// [`MOST_FOUND`] values that are also more than `value` holds.
    pub fn select<'v>(&self, value: &'v Value) -> Option<Selection<'v>> {
        self.select_within(&mut { MOST_LOOKED_AT }, value).filter(|found| match found {
            Selection::One(_) => true,
            Selection::Many(found) => {
                let are_within = |mut left: usize| !found.iter().any(|found| exceeds(found, &mut left));
                are_within(MOST_FOUND) || are_within(count(value))
            }
        })
    }

    /// What the query finds in `value`, or `None` when it would look at more than `budget` items on its way: filters
    /// in filters and lists of selectors can ask for a great many. What it looks at is taken off the budget.
    pub fn select_within<'v>(&self, budget: &mut u64, value: &'v Value) -> Option<Selection<'v>> {
        match &self.form {
            Form::Walk(steps) => Some(Selection::One(steps.iter().try_fold(value, |value, step| step.take(value)))),
            Form::Search(query) => {
                let search = Search::new(query, value, *budget);
                let found = search.run();
                *budget = search.left();
                found.map(Selection::Many)
            }
        }
    }

    /// The text the query was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Query {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Selection<'_> {
    /// The selection as one value: what was found, a list for a query that is not singular, nothing for a miss.
    pub fn to_value(&self) -> Option<Value> {
        match self {
            Selection::One(found) => found.cloned(),
            Selection::Many(found) => Some(found.iter().copied().cloned().collect()),
        }
    }
}

impl Step {
    fn take<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Step::Name(name) => search::member(value, name),
            Step::Index(index) => search::item(value, *index),
        }
    }
}

/// The steps of a query of plain names, `$.a.b`: nearly all queries are, and need no grammar.
fn plain(text: &str) -> Option<Vec<Step>> {
    let names = text.strip_prefix("$.")?.split('.');
    names
        .map(|name| {
            let mut bytes = name.bytes();
            let first = bytes.next()?;
            let good = (first.is_ascii_alphabetic() || first == b'_')
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            good.then(|| Step::Name(name.to_owned()))
        })
        .collect()
}

fn step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Selector(Selector::Name(name)) => Some(Step::Name(name.clone())),
        Segment::Selector(Selector::Index(index)) => Some(Step::Index(*index)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn body() -> Value {
        json!({
            "name": "DevTest",
            "odd-name": 1,
            "tags": {"owner": "a", "a.b": 2, "": 3, "é": 4},
            "value": [{"id": 1, "ok": true}, {"id": 2}, {"id": 3, "ok": false}],
            "none": null
        })
    }

    #[test]
    fn singular_queries_give_a_value_or_nothing() {
        let check = |text: &str, expected: Option<Value>| {
            let query = Query::parse(text).unwrap();
            assert!(query.is_singular(), "{text}");
            assert_eq!(query.select(&body()), Some(Selection::One(expected.as_ref())), "{text}");
            assert_eq!(query.to_string(), text);
        };
        check("$", Some(body()));
        check("$.name", Some(json!("DevTest")));
        check("$['odd-name']", Some(json!(1)));
        check("$.tags[\"a.b\"]", Some(json!(2)));
        check("$.tags['']", Some(json!(3)));
        check("$.tags.é", Some(json!(4)));
        check("$.tags['\\u00e9']", Some(json!(4)));
        check("$.value[0].id", Some(json!(1)));
        check("$.value[-1].id", Some(json!(3)));
        check("$ .value [1] .id", Some(json!(2)));
        check("$.none", Some(json!(null)));
        check("$.none.deeper", None);
        check("$.value[3]", None);
        check("$.value[-4]", None);
        check("$.value['0']", None);
        check("$.tags[0]", None);
        check("$.missing.name", None);
    }

    #[test]
    fn other_queries_give_the_list_of_matches() {
        let check = |text: &str, expected: Value| {
            let query = Query::parse(text).unwrap();
            assert!(!query.is_singular(), "{text}");
            assert_eq!(query.select(&body()).unwrap().to_value(), Some(expected), "{text}");
        };
        check("$.value[*].id", json!([1, 2, 3]));
        check("$..id", json!([1, 2, 3]));
        check("$.value[0,2].id", json!([1, 3]));
        check("$.value[1:].id", json!([2, 3]));
        check("$.value[:1].id", json!([1]));
        check("$.value[?@.ok].id", json!([1, 3]));
        check("$.value[?@.ok == true].id", json!([1]));
        check("$.value[?@.id > 1 && @.id < 3].id", json!([2]));
        check("$.value[?length(@) == 1].id", json!([2]));
        check("$.value[?@.id == 9].id", json!([]));
        check("$['name','missing']", json!(["DevTest"]));
        check("$.nothing[*]", json!([]));
    }

    #[test]
    fn filters_mean_what_the_standard_says() {
        let check = |text: &str, value: Value, expected: Value| {
            assert_eq!(Query::parse(text).unwrap().select(&value).unwrap().to_value(), Some(expected), "{text}");
        };
        check("$[?count(@.zones[*]) == 0]", json!([{"zones": [1]}, {"zones": []}, {}]), json!([{"zones": []}, {}]));
        check("$[?count(@.*) == 2]", json!([{"a": 1, "b": 2}, {"a": 1}]), json!([{"a": 1, "b": 2}]));
        check("$[?@[?@.a > 1]]", json!([[{"a": 1}], [{"a": 2}], []]), json!([[{"a": 2}]]));
        check("$..['id','name']", json!([{"name": "x", "id": 1}, {"name": "y", "id": 2}]), json!([1, "x", 2, "y"]));
        check("$[?@ == $[0]]", json!([[1], [1.0], [2]]), json!([[1], [1.0]]));
        check("$[?@ == $[0]]", json!([u64::MAX, u64::MAX - 1]), json!([u64::MAX]));
        check("$[?@ < 1e-20]", json!([0, 1e-21, 1e-19]), json!([0, 1e-21]));
        check("$[?@.a == @.b]", json!([{}, {"a": null}, {"a": 1, "b": 1.0}]), json!([{}, {"a": 1, "b": 1.0}]));
        check("$[?!@.a]", json!([{"a": null}, {"b": 1}]), json!([{"b": 1}]));
        check("$[?@ != 'x']", json!(["x", "y", 1, null]), json!(["y", 1, null]));
        check("$[?match(@, 'a|b.')]", json!(["a", "ab", "bc", "b\r", 1]), json!(["a", "bc"]));
        check("$[?search(@, '^a[.]\\\\.')]", json!(["a..b", "aa.", "a.b"]), json!(["a..b"]));
        check("$[?search(@.text, @.pattern)]", json!([{"text": "a(", "pattern": "("}, {"text": "a"}]), json!([]));
        check("$[?length(value(@..x)) == 2]", json!([{"a": {"x": "éa"}}, {"x": 1}]), json!([{"a": {"x": "éa"}}]));
        check("$[::-2]", json!([0, 1, 2, 3, 4]), json!([4, 2, 0]));
        check("$[3:-9007199254740991:-9007199254740991]", json!([0, 1, 2, 3, 4]), json!([3]));
        check("$[1:2:0]", json!([0, 1, 2]), json!([]));
    }

    #[test]
    fn a_search_ends_where_its_budget_does() {
        let mut value = json!(1);
        for _ in 0..60 {
            value = json!([value]);
        }
        let query = Query::parse(&format!("${}", "[*,*]".repeat(60))).unwrap();
        assert_eq!(query.select_within(&mut 10_000, &value), None);
        let items: Value = (0..3_000).map(|id| json!({"id": id})).collect();
        let query = Query::parse("$[?count($[*]) == 3000 && $[0].id == 0].id").unwrap();
        let Some(Selection::Many(found)) = query.select_within(&mut 20_000, &items) else { panic!("it is within") };
        assert_eq!(found.len(), 3_000);
        let query = Query::parse("$[?@.id >= 0 && $[?@.id == 2999]].id").unwrap();
        assert!(query.select_within(&mut 20_000, &items).is_some());
        for list in ["['a','a','a']", "[0:,0:,0:]", "[*,*,*]", "[?@,?@,?@]"] {
            let wide: Value = json!([{"a": 1}, {"a": 1}, {"a": 1}]);
            let query = Query::parse(&format!("$..{list}")).unwrap();
            let mut left = 1_000;
            let Some(Selection::Many(found)) = query.select_within(&mut left, &wide) else { panic!("it is within") };
            assert!(found.len() as u64 <= 1_000 - left, "{list}: {} for {}", found.len(), 1_000 - left);
        }
    }

    #[test]
    fn patterns_cost_what_they_take() {
        let found = |query: &str, value: &Value| {
            let query = Query::parse(query).unwrap();
            query.select_within(&mut 300_000, value).is_some()
        };
        let texts = |text: &str, many: usize| json!({"texts": vec![text; many]});
        assert!(found("$.texts[?match(@, '[0-9a-f]{8}-[0-9a-f-]{27}')]", &texts(&"0".repeat(36), 1000)));
        assert!(found("$.texts[?search(@, 'a[ab]{2000}c')]", &texts("ab", 100)));
        assert!(!found("$.texts[?search(@, 'a[ab]{2000}c')]", &texts(&"ab".repeat(1000), 100)));
        // Patterns that stand in the value.
        let own = |many: usize, text: &str| -> Value {
            (0..many).map(|at| json!({"p": format!("{text}{at}"), "t": "a"})).collect()
        };
        assert!(found("$[?match(@.t, @.p)]", &own(100, "a")));
        assert!(!found("$[?match(@.t, @.p)]", &own(1000, "a")));
        assert!(!found("$[?match(@.t, @.p)]", &own(10, "\\w{60}")));
    }

    #[test]
    fn what_is_found_one_inside_the_other_is_bounded() {
        let chain = (0..100).fold(json!(1), |inner, _| json!({"id": inner}));
        let found = |count: usize| {
            let value = Value::from(vec![chain.clone(); count]);
            let query = Query::parse("$..id").unwrap();
            query.select(&value).map(|found| match found {
                Selection::Many(found) => found.len(),
                Selection::One(_) => 1,
            })
        };
        // Of each chain 100 values are found, which hold 99 others and fewer, down to none: 5,050 in all.
        assert_eq!(found(39), Some(3_900));
        assert_eq!(found(40), None);
        // A list may be as long as it is.
        let long = json!({"a": vec![0; MOST_FOUND + 1]});
        let found = Query::parse("$.a[*]").unwrap().select(&long).map(|found| found.to_value());
        assert_eq!(found, Some(Some(long["a"].clone())));
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from)];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-c]", inner), 0..4).prop_map(|pairs| pairs.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\$?[\\PC$.\\[\\]'\"?@()*:,0-9a ]{0,40}") {
            match Query::parse(&text) {
                Ok(query) => { query.select(&body()); }
                Err(error) => prop_assert!(text.is_char_boundary(error.offset), "{} in {text}", error.offset),
            }
        }

        #[test]
        fn the_walk_finds_what_the_search_finds(
            value in json_value(),
            text in "\\$(\\.[a-c]|\\['[a-c]'\\]|\\[-?[1-3]\\]|\\[0\\]){0,4}",
        ) {
            let query = Query::parse(&text).unwrap();
            prop_assert!(query.is_singular());
            let parsed = parse_json_path(&text).unwrap();
            let found = Search::new(&parsed, &value, u64::MAX).run().unwrap();
            prop_assert_eq!(query.select(&value), Some(Selection::One(found.first().copied())));
        }
    }
}
