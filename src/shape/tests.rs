//! Schemas of each draft, bad ones, and hostile ones.

use serde_json::{Value, json};

use super::{Fault, MOST_WORK, Miss, Shape};

fn no_files(path: &str) -> Result<Value, String> {
    Err(format!("`{path}` is not there"))
}

fn compile(schema: &Value) -> Result<Shape, Fault> {
    Shape::compile(schema, &no_files)
}

/// The misses as lines: path, keyword, message.
fn judge(schema: &Value, instance: &Value) -> Vec<String> {
    judge_within(5_000_000, schema, instance)
}

fn judge_within(most: usize, schema: &Value, instance: &Value) -> Vec<String> {
    let misses = match compile(schema).expect("it is a schema").judge_within(most, instance) {
        Ok(misses) => misses,
        Err(why) => return vec![format!("undecided: {why}")],
    };
    misses.into_iter().map(|Miss { instance, keyword, message }| format!("{instance} {keyword}: {message}")).collect()
}

#[test]
fn each_miss_has_its_place() {
    let schema = json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "x": {"items": {"type": "number"}},
            "0": false,
            "n": {"anyOf": [{"type": "string"}, {"required": ["y", "z"]}]},
            "o-o": {"enum": [1, 2]},
        },
        "additionalProperties": false,
    });
    let instance = json!({"x": [1, "a", 2, "b"], "0": 1, "n": {}, "o-o": 3, "extra": 1});
    let expected = [
        "$ additionalProperties: Additional properties are not allowed ('extra' was unexpected)",
        "$ required: \"a\" is a required property",
        "$[\"0\"] falseSchema: nothing may stand here",
        "$.n anyOf: none of the 2 alternatives holds; the nearest: {} is not of type \"string\"",
        "$[\"o-o\"] enum: 3 is not one of 1 or 2",
        "$.x[1] type: \"a\" is not of type \"number\"",
        "$.x[3] type: \"b\" is not of type \"number\"",
    ];
    assert_eq!(judge(&schema, &instance), expected);
    let unexpected = "$ additionalProperties: Additional properties are not allowed ('a' was unexpected)";
    assert_eq!(judge(&schema, &json!({"a": 1, "x": [1]})), [unexpected]);
    assert_eq!(judge(&json!(true), &json!(1)), [""; 0]);
    assert_eq!(judge(&json!(false), &json!(1)), ["$ falseSchema: nothing may stand here"]);
}

#[test]
fn misses_are_few_and_in_order() {
    let items: Vec<_> = (0..100).map(|number| json!(number.to_string())).collect();
    let misses = judge(&json!({"items": {"type": "number"}}), &json!(items));
    assert_eq!(misses.len(), 20);
    assert_eq!(misses[10], "$[10] type: \"10\" is not of type \"number\"");
}

#[test]
fn of_alternatives_the_nearest_is_explained() {
    let schema = json!({"properties": {"q": {"oneOf": [
        {"type": "object", "required": ["a", "b"]},
        {"anyOf": [{"properties": {"z": {"type": "number"}}}]},
    ]}}});
    let expected =
        "$.q oneOf: none of the 2 alternatives holds; the nearest: at `$.q.z`: \"x\" is not of type \"number\"";
    assert_eq!(judge(&schema, &json!({"q": {"z": "x"}})), [expected]);
    let two = json!({"oneOf": [{"type": "number"}, {"minimum": 5}]});
    let expected = "$ oneOf: 7 is valid under more than one of the schemas listed in the 'oneOf' keyword";
    assert_eq!(judge(&two, &json!(7)), [expected]);
}

#[test]
fn long_values_are_not_shown() {
    let long = json!("x".repeat(5000));
    assert_eq!(judge(&json!({"type": "number"}), &long), ["$ type: the value is not of type \"number\""]);
    let many = json!({"enum": (0..5000).collect::<Vec<_>>()});
    assert!(judge(&many, &json!(-1))[0].len() < 400);
}

#[test]
fn each_draft_has_its_own_words() {
    let draft_7 = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": [{"type": "string"}, {"type": "number"}],
        "additionalItems": false,
    });
    assert_eq!(judge(&draft_7, &json!(["a", 1])), [""; 0]);
    assert_eq!(judge(&draft_7, &json!([1])), ["$[0] type: 1 is not of type \"string\""]);
    let latest = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "prefixItems": [{"type": "string"}, {"type": "number"}],
        "items": false,
    });
    assert_eq!(judge(&latest, &json!(["a", 1])), [""; 0]);
    assert_eq!(judge(&latest, &json!(["a", 1, 2])), ["$[2] falseSchema: nothing may stand here"]);
    let none = json!({"prefixItems": [{"type": "string"}]});
    assert_eq!(judge(&none, &json!([1])).len(), 1);
}

#[test]
fn a_bad_schema_is_told_with_its_place() {
    let check = |schema: Value, pointer: &str, message: &str| {
        let fault = compile(&schema).expect_err("it is no schema");
        assert_eq!((fault.pointer.as_str(), fault.file.as_deref()), (pointer, None), "{schema}");
        assert!(fault.message.contains(message), "{schema}: {}", fault.message);
    };
    check(json!([1]), "", "is not of types \"boolean\", \"object\"");
    check(json!({"properties": {"x": {"type": 5}}}), "/properties/x/type", "none of the 2 alternatives holds");
    check(json!({"items": {"minimum": {"a": {}}}}), "/items/minimum", "{\"a\":{}} is not of type \"number\"");
    check(json!({"properties": {"a/b": {"minimum": "x"}}}), "/properties/a~1b/minimum", "is not of type \"number\"");
    check(json!({"items": {"pattern": "("}}), "/items/pattern", "`(` is not a regular expression");
    check(json!({"$schema": 5}), "/$schema", "is not of type \"string\"");
    check(json!({"anyOf": [true, {"$ref": "#/$defs/nope"}]}), "/anyOf/1/$ref", "there is no `/$defs/nope`");
    check(json!({"items": {"$ref": "#nope"}}), "/items/$ref", "there is no anchor `nope`");
    check(json!({"items": {"$ref": "nope.json"}}), "/items/$ref", "`nope.json` is not there");
}

#[test]
fn nothing_is_fetched() {
    let check = |schema: Value, pointer: &str, message: &str| {
        let load = |path: &str| panic!("{path} is loaded");
        let fault = Shape::compile(&schema, &load).expect_err("it is not there");
        assert_eq!((fault.pointer.as_str(), fault.file), (pointer, None), "{schema}");
        assert!(fault.message.contains(message), "{schema}: {}", fault.message);
    };
    let network = "is on the network, and schemas are not fetched";
    check(json!({"items": {"$ref": "https://example.com/a.json#/b"}}), "/items/$ref", network);
    check(json!({"$ref": "http://example.com/a.json"}), "/$ref", network);
    check(json!({"$id": "https://example.com/root.json", "$ref": "a.json"}), "/$ref", network);
    check(json!({"$ref": "file:///etc/hosts"}), "/$ref", "neither in the schema nor a file beside it");
    check(json!({"$ref": "urn:example:a"}), "/$ref", "neither in the schema nor a file beside it");
    check(json!({"$ref": "/etc/hosts"}), "/$ref", "relative to the schema");
    check(json!({"$ref": "//host/hosts"}), "/$ref", "relative to the schema");
    let draft_7 = "http://json-schema.org/draft-07/schema#";
    check(json!({"$ref": draft_7}), "/$ref", "name its draft in `$schema`");
    assert_eq!(judge(&json!({"$schema": draft_7, "$ref": draft_7}), &json!({"type": "string"})), [""; 0]);
    let inside = json!({
        "$id": "https://example.com/root.json",
        "$ref": "a.json",
        "$defs": {"a": {"$id": "a.json", "type": "string"}},
    });
    assert_eq!(judge(&inside, &json!(1)), ["$ type: 1 is not of type \"string\""]);
}

#[test]
fn files_beside_the_schema_are_loaded() {
    let load = |path: &str| match path {
        "a.json" => Ok(json!({"properties": {"b": {"$ref": "sub/b.json#/$defs/b"}}})),
        "sub/b.json" => Ok(json!({"$defs": {"b": {"type": "array", "items": {"$ref": "../../up d.json"}}}})),
        "../up d.json" => Ok(json!({"type": "string"})),
        "bad.json" => Ok(json!({"properties": {"x": {"type": "word"}}})),
        "nest.json" => Ok(json!({"items": {"$ref": "https://example.com/x"}})),
        "old.json" => Ok(json!({"definitions": {"x": {"items": [{"type": "string"}]}}})),
        other => Err(format!("`{other}` is not there")),
    };
    let shape = Shape::compile(&json!({"$ref": "a.json"}), &load);
    // A space in a reference is written as `%20`.
    assert!(shape.is_err());
    let load = |path: &str| match path {
        "sub/b.json" => Ok(json!({"$defs": {"b": {"type": "array", "items": {"$ref": "../../up%20d.json"}}}})),
        other => load(other),
    };
    let shape = Shape::compile(&json!({"$ref": "./a.json"}), &load).expect("it is a schema");
    let misses = shape.judge(&json!({"b": ["x", 1]})).expect("it is decided");
    assert_eq!(misses[0].instance, "$.b[1]");
    assert_eq!(misses[0].message, "1 is not of type \"string\"");
    let check = |reference: &str, file: Option<&str>, pointer: &str, message: &str| {
        let schema = json!({"$schema": "http://json-schema.org/draft-07/schema#", "items": {"$ref": reference}});
        let fault = Shape::compile(&schema, &load).expect_err("it is not there");
        assert_eq!((fault.file.as_deref(), fault.pointer.as_str()), (file, pointer), "{reference}: {fault}");
        assert!(fault.message.contains(message), "{fault}");
    };
    check("bad.json", Some("bad.json"), "/properties/x/type", "none of the 2 alternatives holds");
    check("nest.json", Some("nest.json"), "/items/$ref", "is on the network");
    check("gone.json", None, "/items/$ref", "`gone.json` is not there");
    check("a.json#/nowhere", None, "/items/$ref", "there is no `/nowhere`");
    let old = json!({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "old.json#/definitions/x"});
    assert_eq!(Shape::compile(&old, &load).expect("it is a schema").judge(&json!([1])).unwrap().len(), 1);
}

#[test]
fn files_without_end_are_not_loaded() {
    let load = |path: &str| Ok(json!({"$ref": format!("x{path}")}));
    let fault = Shape::compile(&json!({"$ref": "x"}), &load).expect_err("there is no end");
    assert!(fault.message.contains("more than 64 files"), "{fault}");
}

#[test]
fn references_may_go_in_circles() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
        json!({"$dynamicAnchor": "x", "$dynamicRef": "#x"}),
        json!({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": true, "$recursiveRef": "#"}),
        json!({"unevaluatedProperties": {"$ref": "#"}, "allOf": [{"$ref": "#"}]}),
    ] {
        compile(&schema).expect("it is a schema").judge(&json!({"a": {"b": [1]}})).expect("it is decided");
    }
    let tree = json!({"type": "object", "additionalProperties": {"$ref": "#"}});
    assert_eq!(judge(&tree, &json!({"a": {"b": {"c": 1}}})), ["$.a.b.c type: 1 is not of type \"object\""]);
}

#[test]
fn deep_things_do_not_exhaust_the_stack() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({"a": inner}));
    let tree = json!({"type": "object", "properties": {"a": {"$ref": "#"}}});
    assert_eq!(judge(&tree, &nested(256)).len(), 1);
    assert_eq!(judge(&tree, &nested(257)), ["undecided: the value is nested more than 256 levels deep"]);
    let thick = (0..100).fold(json!({"properties": {"a": {"$ref": "#"}}}), |inner, _| json!({"allOf": [inner]}));
    assert_eq!(judge(&thick, &nested(250)), [""; 0]);
    let deep = (0..300).fold(json!({}), |inner, _| json!({"not": inner}));
    assert!(compile(&deep).expect_err("it is too deep").message.contains("nested more than 256 levels"));
    let mut chain: serde_json::Map<_, _> =
        (0..3000).map(|at| (format!("d{at}"), json!({"allOf": [{"$ref": format!("#/$defs/d{}", at + 1)}]}))).collect();
    chain.insert("d3000".to_owned(), json!({"type": "string"}));
    let chain = json!({"$ref": "#/$defs/d0", "$defs": chain});
    assert_eq!(judge(&chain, &json!(1)), ["$ type: 1 is not of type \"string\""]);
    assert_eq!(judge(&chain, &nested(200)), ["undecided: the schema is too large for a value as deep as this"]);
}

#[test]
fn what_refers_to_itself_several_times_over_is_bounded() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({"a": inner}));
    let undecided = "undecided: parts of the schema, or its patterns, would be held against parts of this value too often: does \
                     it refer to itself in several ways?";
    // Through the value: each level is looked at twice as often as the one above. What fits is known from one look.
    let twice = |leaf: &str| json!({"anyOf": [{"type": leaf}, {"allOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}], "type": "object"}]});
    assert_eq!(judge(&twice("number"), &nested(100)), [""; 0]);
    assert_eq!(judge(&twice("string"), &nested(3)).len(), 1);
    let lost = "$ : it does not fit, and to find where takes too long";
    assert_eq!(judge(&twice("string"), &nested(100)), [lost]);
    // At one place: each part holds the next one twice.
    let mut parts: serde_json::Map<_, _> = (0..64)
        .map(|at| {
            let next = json!({"$ref": format!("#/$defs/d{}", at + 1)});
            (format!("d{at}"), json!({"allOf": [next.clone(), next]}))
        })
        .collect();
    for (last, expected) in [(json!(true), undecided), (json!(false), "$ falseSchema: nothing may stand here")] {
        parts.insert("d64".to_owned(), last);
        let chain = json!({"$ref": "#/$defs/d0", "$defs": parts});
        assert_eq!(judge(&chain, &json!(1)), [expected]);
        let old = json!({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/$defs/d0", "$defs": parts});
        assert_eq!(judge(&old, &json!(1)), [expected]);
    }
    // A schema that is large and a value that is, too, are not much work.
    let wide: Value = (0..50_000).map(|id| json!({"id": id, "name": "x"})).collect();
    let part =
        json!({"required": ["id", "name"], "properties": {"id": {"type": "number"}, "name": {"type": "string"}}});
    assert_eq!(judge(&json!({"items": {"$ref": "#/$defs/part"}, "$defs": {"part": part}}), &wide), [""; 0]);
}

#[test]
fn what_fails_over_and_over_is_bounded() {
    // Each part holds the next one twice, and the last one never holds.
    let chain = |parts: usize, part: &dyn Fn(Value) -> Value, last: &Value| {
        let next = |at: usize| json!({"$ref": format!("#/$defs/d{}", at + 1)});
        let mut chain: serde_json::Map<_, _> = (0..parts).map(|at| (format!("d{at}"), part(next(at)))).collect();
        chain.insert(format!("d{parts}"), last.clone());
        json!({"$ref": "#/$defs/d0", "$defs": chain})
    };
    let kinds: [&dyn Fn(Value) -> Value; 5] = [
        &|next| json!({"anyOf": [next.clone(), next]}),
        &|next| json!({"anyOf": [next.clone(), {"allOf": [next]}]}),
        &|next| json!({"oneOf": [next.clone(), next]}),
        &|next| json!({"if": next.clone(), "else": next}),
        &|next| json!({"not": {"allOf": [{"not": next.clone()}, {"not": next}]}}),
    ];
    let mut undecided = 0;
    for part in kinds {
        for last in [json!(false), json!({"type": "string"}), json!({"pattern": "^b"}), json!({"not": {}})] {
            for instance in [json!("a"), json!({"a": 1}), json!(["a"])] {
                let told = |parts: usize| judge_within(200_000, &chain(parts, part, &last), &instance);
                let (few, many) = (told(2), told(60));
                assert!(!few.iter().any(|miss| miss.starts_with("undecided")), "{few:?}");
                match many.first().is_some_and(|miss| miss.starts_with("undecided")) {
                    true => undecided += 1,
                    false => assert_eq!(many.is_empty(), few.is_empty(), "{last} {instance}: {many:?}"),
                }
            }
        }
    }
    assert_eq!(undecided, 48);
}

#[test]
fn what_is_counted_is_not_seen() {
    let schema = json!({
        "not": {"properties": {"a": {"const": {"b": 1}}}},
        "dependentRequired": {"a": ["b"]},
        "properties": {"properties": {"properties": {"enum": {"type": "string"}}}},
    });
    let expected = [
        "$ not: {\"properties\":{\"a\":{\"const\":{\"b\":1}}}} is not allowed for {\"a\":{\"b\":1}}",
        "$ required: \"b\" is a required property",
    ];
    assert_eq!(judge(&schema, &json!({"a": {"b": 1}})), expected);
    let inner = judge(&schema, &json!({"a": {"b": 1}, "b": 1, "properties": {"enum": 1}}));
    assert_eq!(inner[1], "$.properties.enum type: 1 is not of type \"string\"");
}

#[test]
fn patterns_are_bounded() {
    let text = "a".repeat(2000) + "b";
    assert_eq!(
        judge(&json!({"pattern": "^(a+)+$"}), &json!(text)),
        ["$ pattern: the value does not match \"^(a+)+$\""]
    );
    let back = judge_within(MOST_WORK, &json!({"pattern": "^((?=a)a|(?=a)aa)+$"}), &json!("a".repeat(40) + "b"));
    assert_eq!(back, ["undecided: the pattern `^((?=a)a|(?=a)aa)+$` takes too long for a text in it"]);
    let fault = compile(&json!({"pattern": "((a{1000}){1000}){1000}"})).expect_err("it is too large");
    assert_eq!(fault.pointer, "/pattern");
    assert_eq!(judge(&json!({"pattern": "^(?=a)[ab]+$"}), &json!("ab")), [""; 0]);
}

#[test]
fn patterns_cost_what_they_take() {
    let undecided = "undecided: parts of the schema, or its patterns, would be held against parts of this value too often: does \
                     it refer to itself in several ways?";
    let texts = |many: usize, text: &str| -> Value { (0..many).map(|at| format!("{text}{at:05}")).collect() };
    let names =
        |many: usize, text: &str| -> Value { (0..many).map(|at| (format!("{text}{at:05}"), json!(1))).collect() };
    let tried = |pattern: &str| json!({"items": {"not": {"pattern": pattern}}});
    // Each text keeps this pattern busy for long, but not for too long.
    let (restless, text) = ("^((?=a)a|(?=a)aa)+$", "a".repeat(21));
    assert_eq!(judge(&tried(restless), &texts(3, &text)), [""; 0]);
    assert_eq!(judge(&tried(restless), &texts(40, &text)), [undecided]);
    // One that looks ahead once is no such pattern.
    let id = "/subscriptions/98f51385/resourceGroups/devtest/providers/Microsoft.Compute/virtualMachines/web";
    assert_eq!(
        judge_within(MOST_WORK, &json!({"items": {"pattern": "^(?!.*prod)[a-zA-Z0-9./]+$"}}), &texts(20_000, id)),
        [""; 0]
    );
    // Names may only match what never goes back.
    let fault = compile(&json!({"patternProperties": {restless: {}}})).expect_err("it goes back");
    assert_eq!(
        fault.to_string(),
        "at `/patternProperties/^((?=a)a|(?=a)aa)+$`: what names have to match may neither look around nor refer back"
    );
    // What never goes back may be in many places at once.
    let thick = "^(?:a?){2000}a{2000}$";
    assert_eq!(judge(&tried(thick), &texts(1, &text)), [""; 0]);
    assert_eq!(judge(&tried(thick), &texts(20, &"a".repeat(4000))), [undecided]);
    let named = json!({"patternProperties": {thick: {}}});
    assert_eq!(judge(&named, &names(1, &text)), [""; 0]);
    assert_eq!(judge(&named, &names(20, &"a".repeat(4000))), [undecided]);
    assert_eq!(
        judge_within(MOST_WORK, &json!({"items": {"pattern": "^[a-z]+[0-9]+$"}}), &texts(100_000, "web")),
        [""; 0]
    );
}

#[test]
fn so_many_patterns_and_no_more() {
    let many = |many: usize| -> Value { (0..many).map(|at| json!({"pattern": format!("^a{at}$")})).collect() };
    assert!(compile(&json!({"anyOf": many(5_000)})).is_ok());
    let fault = compile(&json!({"anyOf": many(5_001)})).expect_err("they are too many");
    assert_eq!(fault.message, "the schema has more than 5000 patterns");
    // The more there are, the smaller each has to be.
    let large = json!({"pattern": "^(a[a-z.]){400}$"});
    assert!(compile(&large).is_ok());
    let fault = compile(&json!({"allOf": [large, {"anyOf": many(4_999)}]})).expect_err("it is too large");
    assert_eq!(fault.pointer, "/allOf/0/pattern");
}

#[test]
fn faults_and_shapes_show_themselves() {
    let fault = |file: Option<&str>, pointer: &str| Fault::new(file, pointer, "it is wrong").to_string();
    assert_eq!(fault(None, ""), "it is wrong");
    assert_eq!(fault(None, "/items"), "at `/items`: it is wrong");
    assert_eq!(fault(Some("a.json"), "/items"), "at `a.json#/items`: it is wrong");
    assert_eq!(format!("{:?}", compile(&json!({})).unwrap()), "Shape { objects: 1, .. }");
}
