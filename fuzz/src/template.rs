//! A template: parsed, its names read, rendered over some values.

use std::sync::Arc;
use std::time::SystemTime;

use mi_run::template::{Files, Scope, Template};
use serde_json::{Value, json};

/// Some values of each kind.
struct Names(Arc<Value>);

impl Scope for Names {
    fn get(&self, name: &str) -> Option<Arc<Value>> {
        match name {
            "all" => Some(Arc::clone(&self.0)),
            name => self.0.get(name).map(|value| Arc::new(value.clone())),
        }
    }

    fn names(&self) -> Vec<String> {
        self.0.as_object().map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    fn files(&self) -> Option<Files> {
        Some(Arc::new(|path| if path.is_empty() { Err("no name".to_owned()) } else { Ok("a,b\n1,2\n".to_owned()) }))
    }
}

pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let names = Names(Arc::new(json!({
        "a": "text é", "b": [1, 2.5, null, true, "x"], "c": {"d": {"e": [1]}, "f": "2026-01-02T03:04:05Z"}, "n": 3,
        "t": "e30.eyJvaWQiOiJvIn0.s", "id": "/subscriptions/s/resourceGroups/g/providers/A.B/c/d", "big": "é".repeat(5000),
    })));
    for template in [Template::parse(text), Template::expression(text)] {
        let template = match template {
            Ok(template) => template,
            Err(problems) => {
                assert!(!problems.is_empty());
                problems.iter().for_each(|problem| assert!(text.get(problem.range.clone()).is_some(), "{problem:?}"));
                continue;
            }
        };
        assert!(template.names().iter().all(|name| text.get(name.range.clone()).is_some()));
        let rendered = template.render(&names);
        if let Err(problem) = &rendered {
            assert!(text.get(problem.range.clone()).is_some(), "{problem:?}");
        }
        // The pieces are the whole.
        if template.gives_text()
            && let (Ok(Value::String(whole)), Ok(parts)) = (&rendered, template.render_parts(&names))
            && !text.contains("uuid")
        {
            assert_eq!(&parts.iter().map(|part| part.text.as_str()).collect::<String>(), whole);
        }
    }
}
