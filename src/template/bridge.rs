//! Between the values of a playbook and those of the template engine, without copying what is not looked at.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Engine, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::meter::Meter;
use crate::value::{Map, Number, Value, to_text};

/// How deep a value may be nested that a template builds.
const DEPTH: usize = 128;

/// A list or map somewhere in a shared value. The engine reads through it; nothing is converted ahead.
#[derive(Debug)]
struct Node {
    root: Arc<Value>,
    path: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Key(Arc<str>),
    Index(usize),
}

impl Node {
    fn value(&self) -> &Value {
        let walk = self.path.iter().try_fold(&*self.root, |value, step| match step {
            Step::Key(key) => value.get(&**key),
            Step::Index(index) => value.get(*index),
        });
        walk.unwrap_or(&Value::Null)
    }

    fn child(&self, value: &Value, step: impl FnOnce() -> Step) -> Engine {
        scalar(value).unwrap_or_else(|| {
            let path = self.path.iter().cloned().chain([step()]).collect();
            Engine::from_object(Node { root: Arc::clone(&self.root), path })
        })
    }
}

impl Object for Node {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.value().is_array() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        match self.value() {
            Value::Array(items) => {
                let index = key.as_usize()?;
                Some(self.child(items.get(index)?, || Step::Index(index)))
            }
            _ => self.get_value_by_str(key.as_str()?),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        Some(self.child(self.value().as_object()?.get(key)?, || Step::Key(key.into())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.value() {
            Value::Array(items) => Enumerator::Seq(items.len()),
            Value::Object(entries) => Enumerator::Values(entries.keys().map(Engine::from).collect()),
            _ => Enumerator::Empty,
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        match self.value() {
            Value::Array(items) => Some(items.len()),
            Value::Object(entries) => Some(entries.len()),
            _ => Some(0),
        }
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.value())
    }
}

fn scalar(value: &Value) -> Option<Engine> {
    match value {
        Value::Null => Some(Engine::from(())),
        Value::Bool(boolean) => Some(Engine::from(*boolean)),
        Value::Number(number) => Some(match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Engine::from(integer),
            (None, Some(integer)) => Engine::from(integer),
            (None, None) => Engine::from(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Some(Engine::from(text.as_str())),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as the engine sees it.
pub(super) fn to_engine(value: Arc<Value>) -> Engine {
    scalar(&value).unwrap_or_else(|| Engine::from_object(Node { root: value, path: Vec::new() }))
}

/// A value the engine computed. One that comes from outside as it is may be as big as it likes.
pub(super) fn from_engine(value: &Engine) -> Result<Value, Error> {
    match value.downcast_object_ref::<Node>() {
        Some(node) => Ok(node.value().clone()),
        None => convert(value, 0, &mut Meter::full()),
    }
}

/// Hands the value behind `value` to `look`, uncopied where it comes from the playbook.
pub(super) fn with_value<T>(state: &State<'_, '_>, value: &Engine, look: impl FnOnce(&Value) -> T) -> Result<T, Error> {
    if let Some(node) = value.downcast_object_ref::<Node>() {
        return Ok(look(node.value()));
    }
    let mut meter = Meter::of(state);
    let converted = convert(value, 0, &mut meter);
    meter.charge(state)?;
    converted.map(|value| look(&value))
}

/// A small list can stand for a huge value, when its items are the same one: so each is paid for before it is copied.
fn convert(value: &Engine, depth: usize, meter: &mut Meter) -> Result<Value, Error> {
    if let Some(node) = value.downcast_object_ref::<Node>() {
        meter.pay_value(node.value())?;
        return Ok(node.value().clone());
    }
    meter.pay_one()?;
    if depth > DEPTH {
        return Err(failed(format!("a value is nested more than {DEPTH} deep")));
    }
    match value.kind() {
        ValueKind::None => Ok(Value::Null),
        ValueKind::Bool => Ok(Value::Bool(value.is_true())),
        ValueKind::Number => number(value).map(Value::Number),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            meter.pay_text(text)?;
            Ok(Value::String(text.to_owned()))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.checked().map(|item| convert(&item?, depth + 1, meter)).collect()
        }
        ValueKind::Map => {
            let mut entries = Map::new();
            for key in value.try_iter()?.checked() {
                let key = key?;
                let item = convert(&value.get_item(&key)?, depth + 1, meter)?;
                let name = to_text(&convert(&key, depth + 1, meter)?);
                meter.pay_key(&name)?;
                entries.insert(name, item);
            }
            Ok(Value::Object(entries))
        }
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Bytes => match value.as_bytes().map(std::str::from_utf8) {
            Some(Ok(text)) => Ok(Value::from(text)),
            _ => Err(failed("these bytes are not text")),
        },
        ValueKind::Plain => Err(failed("a function has no value; call it with `()`")),
        _ => Err(failed(value.to_string())),
    }
}

fn number(value: &Engine) -> Result<Number, Error> {
    if value.is_integer() {
        let integer = i64::try_from(value.clone()).map(Number::from);
        return integer
            .or_else(|_| u64::try_from(value.clone()).map(Number::from))
            .map_err(|_| failed(format!("the integer {value} has more than 64 bits")));
    }
    let float = f64::try_from(value.clone())?;
    Number::from_f64(float).ok_or_else(|| failed(format!("the result is {float}, which is not a number")))
}

/// An operation that cannot be done.
pub(super) fn failed(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4).prop_map(|pairs| pairs.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(value in json_value()) {
            let engine = to_engine(Arc::new(value.clone()));
            prop_assert_eq!(from_engine(&engine).unwrap().to_string(), value.to_string());
        }

        #[test]
        fn what_the_engine_rebuilds_is_the_same(value in json_value()) {
            let engine = to_engine(Arc::new(json!([value])));
            let items: Vec<Engine> = engine.try_iter().unwrap().collect();
            prop_assert_eq!(from_engine(&Engine::from(items)).unwrap().to_string(), json!([value]).to_string());
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        assert!(from_engine(&Engine::from(f64::NAN)).is_err());
        assert!(from_engine(&Engine::from(u128::MAX)).is_err());
        assert!(from_engine(&Engine::UNDEFINED).is_err());
        assert!(from_engine(&Engine::from_bytes(vec![0xFF])).is_err());
        let deep = (0..DEPTH + 2).fold(Engine::from(0), |inner, _| Engine::from(vec![inner]));
        assert!(from_engine(&deep).is_err());
    }
}
