//! The judgement of a predicate over what was found.

use std::borrow::Cow;

use super::Predicate;
use super::answer::Answer::{self, Fails, Holds, Unfit};
use super::answer::flag;
use super::compare::of_value;
use super::items::{any, count, empty, every, items, none};
use super::work::Work;
use crate::query::Selection;
use crate::value::{Value, describe, exceeds};

/// What a predicate is judged over.
#[derive(Debug, Clone, PartialEq)]
pub enum Actual<'v> {
    /// There is no value.
    Missing,
    /// One value.
    One(&'v Value),
    /// The matches of a query that is not singular.
    Many(Vec<&'v Value>),
}

impl<'v> From<Selection<'v>> for Actual<'v> {
    fn from(selection: Selection<'v>) -> Actual<'v> {
        match selection {
            Selection::One(found) => found.map_or(Actual::Missing, Actual::One),
            Selection::Many(found) => Actual::Many(found),
        }
    }
}

impl Actual<'_> {
    /// What was found as one value, matches as a list; nothing when it is missing.
    pub fn to_value(&self) -> Option<Value> {
        self.value().map(Cow::into_owned)
    }

    /// What was found, for the report of what holds: of a value that holds very many others, only how many it holds
    /// itself.
    pub fn outline(&self) -> Option<Value> {
        let mut left = MANY;
        let is_large = match self {
            Actual::Missing => false,
            Actual::One(value) => exceeds(value, &mut left),
            Actual::Many(values) => values.iter().any(|value| exceeds(value, &mut left)),
        };
        if !is_large {
            return self.to_value();
        }
        Some(Value::String(match self {
            Actual::One(Value::Object(members)) => match members.len() {
                1 => "map of 1 entry".to_owned(),
                many => format!("map of {many} entries"),
            },
            Actual::One(Value::Array(items)) => format!("list of {} items", items.len()),
            Actual::Many(values) => format!("list of {} items", values.len()),
            Actual::One(_) | Actual::Missing => String::new(),
        }))
    }

    pub(super) fn value(&self) -> Option<Cow<'_, Value>> {
        match self {
            Actual::Missing => None,
            Actual::One(value) => Some(Cow::Borrowed(*value)),
            Actual::Many(values) => Some(Cow::Owned(values.iter().copied().cloned().collect())),
        }
    }
}

/// A value that holds more others than this is not told where it is as expected.
const MANY: usize = 1_000;

/// The judgement of one predicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether the predicate holds.
    pub holds: bool,
    /// The key of the predicate.
    pub predicate: &'static str,
    /// The argument of the predicate.
    pub expected: Value,
    /// Why it does not hold, as short as a label: `got "chinanorth"`, `is missing`. Empty when it holds.
    pub reason: String,
}

/// One verdict for each key of `predicate`.
pub(super) fn verdicts(predicate: &Predicate<Value>, actual: &Actual<'_>, work: &Work) -> Vec<Verdict> {
    let parts = match predicate {
        Predicate::All(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    if let [Predicate::All(_)] = parts {
        return verdicts(&parts[0], actual, work);
    }
    answers(parts, actual, work)
        .into_iter()
        .map(|(part, answer)| {
            let (holds, reason) = match answer {
                Holds => (true, String::new()),
                Fails(reason) | Unfit(reason) => (false, reason),
            };
            Verdict { holds, predicate: part.name(), expected: part.argument(), reason }
        })
        .collect()
}

/// The answers of predicates that stand beside each other. `empty: true` beside `every` or `none` is no claim of its
/// own: it says that having no items is fine.
fn answers<'p>(parts: &'p [Predicate<Value>], actual: &Actual<'_>, work: &Work) -> Vec<(&'p Predicate<Value>, Answer)> {
    let over_items = |part: &Predicate<Value>| matches!(part, Predicate::Every(_) | Predicate::None(_));
    let lenient = |part: &Predicate<Value>| matches!(part, Predicate::Empty(Value::Bool(true)));
    let pardon = parts.iter().any(over_items) && parts.iter().any(lenient);
    parts
        .iter()
        .filter(|part| !(pardon && lenient(part)))
        .map(|part| {
            let excused = pardon && over_items(part) && items(actual).is_ok_and(|items| items.is_empty());
            (part, if excused { Holds } else { ask(part, actual, work) })
        })
        .collect()
}

pub(super) fn ask(predicate: &Predicate<Value>, actual: &Actual<'_>, work: &Work) -> Answer {
    match predicate {
        Predicate::Exists(expected) => exists(expected, actual),
        Predicate::All(parts) => all(parts, actual, work),
        Predicate::Not(inner) => not(inner, actual, work),
        _ if *actual == Actual::Missing => Unfit("is missing".to_owned()),
        Predicate::Count(inner) => count(inner, actual, work),
        Predicate::Empty(expected) => empty(expected, actual),
        Predicate::Every(inner) => every(inner, actual, work),
        Predicate::Any(inner) => any(inner, actual, work),
        Predicate::None(inner) => none(inner, actual, work),
        _ => match actual.value() {
            Some(value) => of_value(predicate, &value, work),
            None => Unfit("is missing".to_owned()),
        },
    }
}

fn exists(expected: &Value, actual: &Actual<'_>) -> Answer {
    let there = match actual {
        Actual::Missing => false,
        Actual::One(_) => true,
        Actual::Many(values) => !values.is_empty(),
    };
    match flag(expected) {
        Ok(expected) if expected == there => Holds,
        Ok(true) => Fails("is missing".to_owned()),
        Ok(false) => Fails(actual.value().map(|value| format!("got {}", describe(&value))).unwrap_or_default()),
        Err(unfit) => unfit,
    }
}

fn all(parts: &[Predicate<Value>], actual: &Actual<'_>, work: &Work) -> Answer {
    let mut failed = None;
    for (_, answer) in answers(parts, actual, work) {
        match answer {
            Holds => {}
            // What does not fit outweighs what fails, or a `not` around both would hold by the second.
            Unfit(reason) => return Unfit(reason),
            Fails(reason) => failed = failed.or(Some(reason)),
        }
    }
    failed.map_or(Holds, Fails)
}

fn not(inner: &Predicate<Value>, actual: &Actual<'_>, work: &Work) -> Answer {
    match ask(inner, actual, work) {
        Holds => Fails(actual.value().map_or("is missing".to_owned(), |value| format!("got {}", describe(&value)))),
        Fails(_) => Holds,
        unfit => unfit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Regex;
    use crate::predicate::Pattern;
    use serde_json::json;

    type P = Predicate<Value>;

    fn one(predicate: &P, actual: &Actual<'_>) -> (bool, String) {
        let verdicts = predicate.judge(actual).expect("it is judged");
        assert_eq!(verdicts.len(), 1, "{verdicts:?}");
        assert_eq!(verdicts[0].holds, verdicts[0].reason.is_empty(), "{verdicts:?}");
        (verdicts[0].holds, verdicts[0].reason.clone())
    }

    fn holds(predicate: P, actual: Value) {
        let (holds, reason) = one(&predicate, &Actual::One(&actual));
        assert!(holds, "{} over {actual}: {reason}", predicate.words());
    }

    fn fails(predicate: P, actual: Value, expected: &str) {
        let (holds, reason) = one(&predicate, &Actual::One(&actual));
        assert!(!holds, "{} holds over {actual}", predicate.words());
        assert_eq!(reason, expected, "{} over {actual}", predicate.words());
    }

    fn boxed(predicate: P) -> Box<P> {
        Box::new(predicate)
    }

    fn not(predicate: P) -> P {
        P::Not(boxed(predicate))
    }

    #[test]
    fn equality_and_choice() {
        holds(P::Equals(json!(1)), json!(1.0));
        holds(P::Equals(json!({"a": 1, "b": [2]})), json!({"b": [2.0], "a": 1}));
        fails(P::Equals(json!("chinaeast")), json!("chinanorth"), "got \"chinanorth\"");
        fails(P::Equals(json!("5")), json!(5), "got integer 5");
        fails(P::Equals(json!("x")), json!(null), "got null");
        holds(P::OneOf(json!([200, 201])), json!(201));
        fails(P::OneOf(json!([200, 201])), json!(404), "got integer 404");
        fails(P::OneOf(json!("a")), json!("a"), "`one_of` takes a list, not text \"a\"");
    }

    #[test]
    fn text_and_containers() {
        holds(P::Contains(json!("bc")), json!("abcd"));
        holds(P::Contains(json!(2)), json!([1, 2.0]));
        holds(P::Contains(json!("a")), json!({"a": null}));
        fails(P::Contains(json!("x")), json!("abc"), "got \"abc\"");
        fails(P::Contains(json!(3)), json!([1, 2]), "got [1,2]");
        fails(P::Contains(json!(3)), json!("123"), "text cannot contain integer 3");
        fails(P::Contains(json!("1")), json!(123), "got integer 123, and only text, a list or a map will do");
        holds(P::StartsWith(json!("/sub")), json!("/subscriptions"));
        fails(P::StartsWith(json!("sub")), json!("/subscriptions"), "got \"/subscriptions\"");
        holds(P::EndsWith(json!("é")), json!("café"));
        fails(P::EndsWith(json!("e")), json!(["e"]), "got list [\"e\"], and only text will do");
        fails(P::EndsWith(json!(1)), json!("1"), "expected text to compare with, not integer 1");
    }

    #[test]
    fn patterns() {
        holds(P::Matches(Pattern::compiled(json!("^a+$"), Regex::compile("^a+$").unwrap())), json!("aaa"));
        holds(P::Matches(Pattern::templated(json!("b"))), json!("abc"));
        fails(P::Matches(Pattern::templated(json!("^b"))), json!("abc"), "got \"abc\"");
        fails(P::Matches(Pattern::templated(json!("("))), json!("("), "\"(\" is not a regular expression");
        fails(not(P::Matches(Pattern::templated(json!("(")))), json!("("), "\"(\" is not a regular expression");
        fails(P::Matches(Pattern::templated(json!("1"))), json!(1), "got integer 1, and only text will do");
    }

    #[test]
    fn numbers() {
        holds(P::Above(json!(1)), json!(1.5));
        fails(P::Above(json!(1)), json!(1.0), "got 1.0");
        holds(P::AtLeast(json!(1)), json!(1.0));
        holds(P::Below(json!(2)), json!(1));
        holds(P::AtMost(json!(u64::MAX)), json!(u64::MAX));
        fails(P::AtMost(json!(0)), json!(u64::MAX), "got 18446744073709551615");
        fails(P::Above(json!(1)), json!("2"), "got text \"2\", and only a number will do");
        fails(not(P::Above(json!(1))), json!("2"), "got text \"2\", and only a number will do");
        fails(P::Above(json!("1")), json!(2), "expected a number to compare with, not text \"1\"");
    }

    #[test]
    fn kinds() {
        for (name, value) in [
            ("text", json!("")),
            ("string", json!("")),
            ("integer", json!(1)),
            ("number", json!(1)),
            ("number", json!(1.5)),
            ("boolean", json!(true)),
            ("list", json!([])),
            ("map", json!({})),
            ("null", json!(null)),
        ] {
            holds(P::Type(json!(name)), value);
        }
        holds(P::Type(json!(["text", "null"])), json!(null));
        holds(P::Type(json!(null)), json!(null));
        fails(P::Type(json!("integer")), json!(1.5), "got number 1.5");
        fails(P::Type(json!("lisst")), json!([]), "there is no type `lisst`; a similar one is `list`");
        fails(P::Type(json!(5)), json!([]), "a type is a word, not integer 5");
    }

    #[test]
    fn counts_and_emptiness() {
        let count = |predicate| P::Count(boxed(predicate));
        holds(count(P::Equals(json!(2))), json!([1, 2]));
        holds(count(P::Equals(json!(2))), json!("éé"));
        holds(count(P::Above(json!(0))), json!({"a": 1}));
        fails(count(P::Equals(json!(2))), json!([1]), "got 1");
        fails(count(P::Equals(json!(2))), json!(2), "got integer 2, and only a list, a map or text will do");
        assert_eq!(one(&count(P::Equals(json!(0))), &Actual::Many(vec![])), (true, String::new()));
        for value in [json!([]), json!({}), json!(""), json!(null)] {
            holds(P::Empty(json!(true)), value.clone());
            fails(P::Empty(json!(false)), value, "is empty");
        }
        fails(P::Empty(json!(true)), json!([1]), "got list [1]");
        holds(P::Empty(json!(false)), json!("a"));
        fails(P::Empty(json!(true)), json!(0), "got integer 0, and only a list, a map or text will do");
        fails(P::Empty(json!("yes")), json!([]), "expected `true` or `false`, not text \"yes\"");
    }

    #[test]
    fn parts_of_values() {
        holds(P::Includes(json!({"a": [{"b": 1}]})), json!({"a": [{"b": 1, "c": 2}, 3], "d": 4}));
        fails(P::Includes(json!({"a": {"b": 1}})), json!({"a": {"b": 2}}), "`a.b` is integer 2");
        fails(P::Includes(json!({"a": {"b": 1}})), json!({"a": {}}), "`a.b` is missing");
        fails(P::Includes(json!([3])), json!([1, 2]), "has no item that includes integer 3");
        fails(P::Includes(json!([3])), json!("3"), "got text \"3\"");
    }

    #[test]
    fn items_are_all_asked() {
        let text = || boxed(P::Type(json!("text")));
        holds(P::Every(text()), json!(["a", "b"]));
        holds(P::Every(text()), json!({"k": "a"}));
        fails(P::Every(text()), json!(["a", 1]), "item 1: got integer 1");
        fails(P::Every(text()), json!([]), "has no items; `empty: true` beside it would allow that");
        fails(P::Every(text()), json!("a"), "got text \"a\", and only a list or a map will do");
        holds(P::Any(text()), json!([1, "a"]));
        fails(P::Any(text()), json!([1, 2]), "got [1,2]");
        fails(P::Any(text()), json!([]), "has no items");
        holds(P::None(text()), json!([1, 2]));
        fails(P::None(text()), json!([1, "a"]), "item 1 is text \"a\"");
        fails(P::None(text()), json!([]), "has no items; `empty: true` beside it would allow that");
        fails(not(P::Every(text())), json!([]), "has no items; `empty: true` beside it would allow that");
        let (a, b) = (json!("a"), json!(1));
        assert!(!one(&P::Every(text()), &Actual::Many(vec![&a, &b])).0);
        assert!(one(&P::Every(text()), &Actual::Many(vec![&a])).0);
    }

    #[test]
    fn empty_beside_every_allows_nothing_to_be_there() {
        let both = |items: P| P::All(vec![items, P::Empty(json!(true))]);
        let text = || boxed(P::Type(json!("text")));
        holds(both(P::Every(text())), json!([]));
        holds(both(P::None(text())), json!([]));
        holds(both(P::Every(text())), json!(["a"]));
        fails(both(P::Every(text())), json!([1]), "item 0: got integer 1");
        assert!(one(&both(P::Every(text())), &Actual::Many(vec![])).0);
        assert_eq!(one(&both(P::Every(text())), &Actual::Missing), (false, "is missing".to_owned()));
        let strict = P::All(vec![P::Every(text()), P::Empty(json!(false))]);
        assert_eq!(strict.judge(&Actual::One(&json!(["a"]))).expect("it is judged").len(), 2);
    }

    #[test]
    fn ids_and_times() {
        holds(P::ResourceId(json!("/subscriptions/A/resourceGroups/b/")), json!("/SUBSCRIPTIONS/a/resourcegroups/B"));
        fails(P::ResourceId(json!("/subscriptions/a")), json!("/subscriptions/b"), "got \"/subscriptions/b\"");
        holds(P::Before(json!("2024-01-02")), json!("2024-01-01T23:59:59Z"));
        holds(P::After(json!("2024-01-01T00:00:00+08:00")), json!("2024-01-01"));
        holds(P::After(json!("2024-01-01")), json!(1_800_000_000));
        fails(P::After(json!("2024-01-02")), json!("2024-01-02"), "got \"2024-01-02\"");
        fails(P::After(json!("2024-01-02")), json!("soon"), "got text \"soon\", and only a time will do");
        fails(P::After(json!("soon")), json!("2024-01-02"), "expected a time to compare with, not text \"soon\"");
    }

    #[test]
    fn only_exists_false_holds_of_what_is_missing() {
        let unasked = [
            P::Equals(json!(null)),
            P::Empty(json!(true)),
            P::Count(boxed(P::Equals(json!(0)))),
            P::Every(boxed(P::Exists(json!(true)))),
            P::None(boxed(P::Exists(json!(true)))),
            not(P::Equals(json!("x"))),
            not(not(P::Equals(json!("x")))),
            P::Exists(json!(true)),
            not(P::All(vec![P::Exists(json!(true)), P::Equals(json!(1))])),
        ];
        for predicate in unasked {
            assert_eq!(one(&predicate, &Actual::Missing), (false, "is missing".to_owned()), "{}", predicate.words());
        }
        assert!(one(&P::Exists(json!(false)), &Actual::Missing).0);
        assert!(one(&not(P::Exists(json!(true))), &Actual::Missing).0);
        assert!(one(&P::Exists(json!(false)), &Actual::Many(vec![])).0);
        holds(P::Exists(json!(true)), json!(null));
        fails(P::Exists(json!(false)), json!(5), "got integer 5");
        fails(not(P::Equals(json!(5))), json!(5), "got integer 5");
    }

    #[test]
    fn what_holds_very_much_is_told_in_outline() {
        let small = json!([1, {"a": "b"}]);
        assert_eq!(Actual::One(&small).outline(), Some(small.clone()));
        let large: Value = (0..MANY).map(Value::from).collect();
        assert_eq!(Actual::One(&large).outline(), Some(json!("list of 1000 items")));
        assert_eq!(Actual::One(&json!({"a": large})).outline(), Some(json!("map of 1 entry")));
        assert_eq!(Actual::Many(vec![&small, &large]).outline(), Some(json!("list of 2 items")));
        assert_eq!(Actual::Many(vec![&small]).outline(), Some(json!([small])));
        assert_eq!(Actual::Missing.outline(), None);
    }

    #[test]
    fn each_key_has_its_own_verdict() {
        let both = P::All(vec![P::Above(json!(1)), P::Below(json!(3))]);
        let verdicts = both.judge(&Actual::One(&json!(5))).expect("it is judged");
        let told: Vec<_> =
            verdicts.iter().map(|verdict| (verdict.predicate, verdict.holds, verdict.expected.clone())).collect();
        assert_eq!(told, [("above", true, json!(1)), ("below", false, json!(3))]);
        holds(not(both), json!(5));
    }

    #[test]
    fn a_judgement_that_takes_too_long_is_none() {
        let judged = |predicate: P, actual: Value| {
            let work = Work::of(1_000_000);
            let verdicts = verdicts(&predicate, &Actual::One(&actual), &work);
            assert!(!work.is_spent() || !verdicts.iter().any(|verdict| verdict.holds), "{verdicts:?}");
            !work.is_spent()
        };
        let (every, any) = (|inner| P::Every(boxed(inner)), |inner| P::Any(boxed(inner)));
        let list = |many: usize| -> Value { (0..many).collect() };
        let each = |value: Value, many: usize| -> Value { vec![value; many].into() };
        let map = |many: usize| json!({"list": list(many)});
        // Lists in lists.
        assert!(judged(every(P::OneOf(list(1000))), list(1000)));
        assert!(!judged(every(P::OneOf(each(map(100), 200))), each(map(101), 200)));
        assert!(judged(P::Includes(list(1000)), list(1000)));
        assert!(!judged(P::Includes(each(list(300), 100)), each(list(299), 100)));
        // An argument that does not fit is told of each item.
        assert!(judged(any(P::StartsWith(list(1000))), list(100)));
        assert!(!judged(any(P::StartsWith(list(10_000))), list(1000)));
        // Patterns over long texts.
        let thick = || P::Matches(Pattern::compiled(json!("x"), Regex::compile("^[ab]*a[ab]{2000}c").unwrap()));
        assert!(judged(thick(), json!("ab".repeat(100))));
        assert!(!judged(thick(), json!("ab".repeat(10_000))));
        assert!(!judged(any(thick()), each(json!("c".repeat(100)), 1000)));
        let thin = || P::Matches(Pattern::templated(json!("^[0-9a-f]{8}-[0-9a-f-]{27}$")));
        assert!(judged(any(thin()), each(json!("00000000-0000-0000-0000-00000000000x"), 1000)));
    }

    #[test]
    fn leaves_are_mapped_and_errors_pass_through() {
        let written = Predicate::Not(Box::new(Predicate::All(vec![
            Predicate::Equals("1"),
            Predicate::Matches(Pattern::compiled("2", Regex::compile("2").unwrap())),
        ])));
        let read = written.try_map(&mut |leaf: &&str| leaf.parse::<i64>().map(Value::from)).unwrap();
        assert_eq!(read.argument(), json!({"equals": 1, "matches": 2}));
        assert!(written.try_map(&mut |_| Err::<Value, _>("no")).is_err());
    }
}
