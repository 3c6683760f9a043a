//! Templates from text to value, as playbooks use them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A scope with fixed values, a stopped clock and loaded dice, that remembers what it was asked for.
struct Fixed {
    values: HashMap<String, Arc<Value>>,
    asked: RefCell<Vec<String>>,
}

impl Fixed {
    fn new(values: Value) -> Fixed {
        let Value::Object(entries) = values else { panic!("a scope is a map") };
        let values = entries.into_iter().map(|(name, value)| (name, Arc::new(value))).collect();
        Fixed { values, asked: RefCell::default() }
    }
}

impl Scope for Fixed {
    fn get(&self, name: &str) -> Option<Arc<Value>> {
        self.asked.borrow_mut().push(name.to_owned());
        self.values.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_714_564_800_900)
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    fn files(&self) -> Option<Files> {
        Some(Arc::new(|path| match path {
            "groups.csv" => Ok("name,owner\nDevTest,a\n".to_owned()),
            _ => Err("there is no such file".to_owned()),
        }))
    }
}

fn scope() -> Fixed {
    Fixed::new(json!({
        "group": "DevTest",
        "count": 3,
        "big": u64::MAX,
        "ratio": 2.0,
        "on": true,
        "nothing": null,
        "regions": ["chinaeast", "chinanorth"],
        "cloud": {"name": "china", "arm": "https://management.chinacloudapi.cn", "zones": {"a": [1, 2]}},
        "body": {"z": 1, "a": {"b": [{"id": 1}, {"id": 2}]}, "m": 1.5},
        "stamp": "2024-05-01T10:00:00Z",
    }))
}

fn render(text: &str) -> Result<Value, Problem> {
    Template::parse(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}")).render(&scope())
}

#[test]
fn one_expression_keeps_its_type_and_all_else_is_text() {
    let check = |text: &str, expected: Value| assert_eq!(render(text).as_ref(), Ok(&expected), "{text}");
    check("plain } text {", json!("plain } text {"));
    check("", json!(""));
    check("{{ count }}", json!(3));
    check("{{count}}", json!(3));
    check("{{- count -}}", json!(3));
    check("{{\n  count\n}}", json!(3));
    check("{{ -1 }}", json!(-1));
    check("{{ '}}' }}", json!("}}"));
    check("{{ big }}", json!(u64::MAX));
    check("{{ ratio }}", json!(2.0));
    check("{{ count + 1 }}", json!(4));
    check("{{ count / 2 }}", json!(1.5));
    check("{{ nothing }}", json!(null));
    check("{{ regions }}", json!(["chinaeast", "chinanorth"]));
    check("{{ regions + ['x'] }}", json!(["chinaeast", "chinanorth", "x"]));
    check("{{ {'b': count, 'a': regions[0]} }}", json!({"b": 3, "a": "chinaeast"}));
    check("{{ 'x' if not on }}", json!(null));
    check("{{ group }}{# a remark #}", json!("DevTest"));
    check(" {{ count }}", json!(" 3"));
    check("{{ count }}\n", json!("3\n"));
    check("{{ count }}{{ count }}", json!("33"));
    check("/groups/{{ group }}?top={{ count }}", json!("/groups/DevTest?top=3"));
    check("{{ on }} {{ nothing }} {{ ratio }} {{ 'x' if not on }}.", json!("true  2.0 ."));
    check("{{ regions }} {{ body.a }}", json!("[\"chinaeast\",\"chinanorth\"] {\"b\":[{\"id\":1},{\"id\":2}]}"));
    check("<{{ '<&>' }}>", json!("<<&>>"));
    check("{% for region in regions %}{{ loop.index }}{{ region }};{% endfor %}", json!("1chinaeast;2chinanorth;"));
    check("{% set x = count * 2 %}{{ x }}", json!("6"));
    check("{% if count > 2 %}many{% else %}few{% endif %}", json!("many"));
    check("é {{ group }} 中", json!("é DevTest 中"));
}

#[test]
fn the_order_of_keys_is_kept() {
    assert_eq!(render("{{ body }}").unwrap().to_string(), "{\"z\":1,\"a\":{\"b\":[{\"id\":1},{\"id\":2}]},\"m\":1.5}");
    assert_eq!(
        render("{{ {'z': 1, 'a': {'y': 1, 'b': 2}} }}").unwrap().to_string(),
        "{\"z\":1,\"a\":{\"y\":1,\"b\":2}}"
    );
}

#[test]
fn values_of_the_scope_behave_as_built_in_ones() {
    let check = |text: &str, expected: Value| {
        assert_eq!(render(&format!("{{{{ {text} }}}}")).as_ref(), Ok(&expected), "{text}");
    };
    check("body.a.b[1].id", json!(2));
    check("body['a'].b[-1]['id']", json!(2));
    check("body.a.b | length", json!(2));
    check("body.a.b | map(attribute='id') | sum", json!(3));
    check("body.a.b | selectattr('id', 'gt', 1) | list", json!([{"id": 2}]));
    check("body.a == {'b': [{'id': 1}, {'id': 2}]}", json!(true));
    check("cloud.zones.a == [1, 2.0]", json!(true));
    check("'z' in body and 'chinaeast' in regions", json!(true));
    check("body | items | first", json!(["z", 1]));
    check("body | list", json!(["z", "a", "m"]));
    check("regions | join('/') ~ regions", json!("chinaeast/chinanorth[\"chinaeast\",\"chinanorth\"]"));
    check("regions[1:]", json!(["chinanorth"]));
    check("body.a is mapping and regions is sequence", json!(true));
    check("missing | default('x')", json!("x"));
    check("cloud.missing | default(count)", json!(3));
    check("cloud.missing is defined or missing is defined", json!(false));
}

#[test]
fn only_the_names_used_are_looked_up_once_each() {
    let scope = scope();
    Template::parse("{{ count + count }} {{ cloud.name }}").unwrap().render(&scope).unwrap();
    assert_eq!(*scope.asked.borrow(), ["count", "cloud"]);
}

#[test]
fn expressions_stand_bare_or_wrapped() {
    let check = |text: &str, expected: Value| {
        assert_eq!(Template::expression(text).unwrap().render(&scope()).as_ref(), Ok(&expected), "{text}");
    };
    check("count > 2", json!(true));
    check("{{ count > 2 }}", json!(true));
    check("  {{ on }}\n", json!(true));
    check("count in [1, 2]", json!(false));
    check("group", json!("DevTest"));
}

/// The text between two carets, and where it stands once they are taken out.
fn marked(text: &str) -> (String, Range<usize>) {
    let start = text.find('^').unwrap();
    let end = text.rfind('^').unwrap();
    (text.replace('^', ""), start..end - 1)
}

#[test]
fn names_are_read_with_their_places() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let template = Template::parse(text).unwrap();
        let found: Vec<_> = template.names().iter().map(|name| (&text[name.extent()], name.dotted())).collect();
        let found: Vec<_> = found.iter().map(|(written, dotted)| (*written, dotted.as_str())).collect();
        assert_eq!(found, expected, "{text}");
        for name in template.names() {
            assert_eq!(text[name.range.clone()], name.name);
            assert!(name.path.iter().all(|(key, range)| text[range.clone()].trim_matches(['\'', '"']) == key));
        }
    };
    check("no names", &[]);
    check("{{ a }}", &[("a", "a")]);
    check("{{ a + b * a }}", &[("a", "a"), ("b", "b"), ("a", "a")]);
    check("é中 {{ a }}\r\n 😀 {{\n b . c }}", &[("a", "a"), ("b . c", "b.c")]);
    check("{{ cloud.arm }}/{{ cloud['name'].x }}", &[("cloud.arm", "cloud.arm"), ("cloud['name'].x", "cloud.name.x")]);
    check("{{ items[key].id }}", &[("key", "key"), ("items", "items")]);
    check("{{ items[0].id }}", &[("items", "items")]);
    check(
        "{{ a[b:c] | replace(d, e) is eq(f) }}",
        &[("a", "a"), ("b", "b"), ("c", "c"), ("d", "d"), ("e", "e"), ("f", "f")],
    );
    check(
        "{{ {a: [b, (c, d)]} if e else not f }}",
        &[("a", "a"), ("b", "b"), ("c", "c"), ("d", "d"), ("e", "e"), ("f", "f")],
    );
    check("{{ range(n) }} {{ dict(x=y) }}", &[("n", "n"), ("y", "y")]);
    check(
        "{% for x, y in xs if x.ok %}{{ x }}{{ y.z }}{{ loop.index }}{{ w }}{% else %}{{ loop }}{% endfor %}{{ x }}",
        &[("xs", "xs"), ("w", "w"), ("loop", "loop"), ("x", "x")],
    );
    check("{% set x = x %}{{ x.y }}", &[("x", "x")]);
    check("{% set x %}{{ y }}{% endset %}{{ x }}", &[("y", "y")]);
    check("{% with x = a, y = x %}{{ y }}{{ z }}{% endwith %}{{ y }}", &[("a", "a"), ("z", "z"), ("y", "y")]);
    check("{% filter upper %}{{ a }}{% endfilter %}", &[("a", "a")]);
    check("{% raw %}{{ a }}{% endraw %}{# {{ b }} #}", &[]);
    check("{{ 'a' ~ \"b\" ~ 1 ~ true ~ none }}", &[]);
}

#[test]
fn what_may_be_missing_is_said() {
    let check = |text: &str, expected: &[(&str, bool)]| {
        let template = Template::parse(text).unwrap();
        let found: Vec<_> = template.names().iter().map(|name| (name.dotted(), name.optional)).collect();
        let found: Vec<_> = found.iter().map(|(dotted, optional)| (dotted.as_str(), *optional)).collect();
        assert_eq!(found, expected, "{text}");
    };
    check("{{ a | default(b) }}", &[("a", true), ("b", false)]);
    check("{{ a.b | d('x') | upper }}", &[("a.b", true)]);
    check("{{ a is defined and b is not undefined and c is none }}", &[("a", true), ("b", true), ("c", false)]);
    check("{{ a[k].b is defined }}", &[("k", false), ("a", false)]);
    check("{% if a %}{% set x = 1 %}{% endif %}{{ x }}", &[("a", false), ("x", true)]);
    check("{% if a %}{% for x in a %}{{ x }}{% endfor %}{% endif %}", &[("a", false), ("a", false)]);
}

#[test]
fn every_problem_of_a_text_is_found() {
    let check = |text: &str, title: &str, help: Option<&str>| {
        let (text, range) = marked(text);
        let problems = Template::parse(&text).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let found = &problems[0];
        assert_eq!(
            (found.title.as_str(), found.help.as_deref(), &found.range),
            (title, help, &range),
            "{text}: {found:?}"
        );
    };
    check("{{ a ^b^ }}", "unexpected `b`", None);
    check("é {{ ^}}^", "unexpected `}}`", None);
    check("{{ a.^}}^", "unexpected `}}`", None);
    check("{{ a + ^}}^", "unexpected `}}`", None);
    check("ab ^{{^ a", "`{{` is never closed", None);
    check("{{ a }} {{ b ^}^", "unexpected `}`", None);
    check("ab ^{%^ if a", "`{%` is never closed", None);
    check("^{%^ if a %}{{ b }}", "`{% if … %}` is never ended", Some("end it with `{% endif %}`"));
    check("{% ^unless^ a %}", "unknown statement `unless`", None);
    check("{{ a | ^uper^ }}", "unknown filter `uper`", Some("a similar filter exists: `upper`"));
    check("中 {{ a |\n ^nothing_like_it^(1) }}", "unknown filter `nothing_like_it`", None);
    check("{{ a is ^defind^ }}", "unknown test `defind`", Some("a similar test exists: `defined`"));
    check("{{ ^uid^() }}", "unknown function `uid`", Some("a similar function exists: `uuid`"));
    check("{{ a.^upper^() }}", "unknown method `upper`", Some("write it as a filter: `| upper`"));
    check(
        "{% for x in a %}{{ loop.index }}{{ loop.cycle(1, 2) }}{{ x.^frob^() }}{% endfor %}",
        "unknown method `frob`",
        None,
    );
    check("{{ ^debug^() }}", "unknown function `debug`", None);
    check("{% ^include^ 'x' %}", "unknown statement `include`", None);
    check("{% ^iff^ a %}", "unknown statement `iff`", Some("a similar statement exists: `if`"));
    check("{% ^endfor^ %}", "`{% endfor %}` stands alone", None);
    check("a ^{%^ if a %}{% set b = 1 %}x", "`{% if … %}` is never ended", Some("end it with `{% endif %}`"));
    check(
        "{% if a %}x{% endif %} ^{%^- set b -%} x",
        "`{% set … %}` is never ended",
        Some("end it with `{% endset %}`"),
    );
    check("^{#^ never", "`{#` is never closed", None);
    check("{{ \"abc }^}^", "a quote is never closed", None);
    check("{{ a ^&^& b }}", "unexpected `&`", Some("for both to hold write `a and b`"));
    check("{{ a |^|^ b }}", "unexpected `|`", Some("for one of them to hold write `a or b`"));
    check("{{ ^!^a }}", "unexpected `!`", Some("for the opposite write `not a`"));
    check("{{ a ^?^ 1 : 2 }}", "unexpected `?`", Some("to choose write `a if condition else b`"));
    check("{{ a ^=^ 1 }}", "unexpected `=`", Some("to compare write `a == b`"));
    let problems = Template::parse("{{ a | uper }} {{ b | lowr }} {{ c() }}").unwrap_err();
    assert_eq!(problems.len(), 3);
}

#[test]
fn problems_of_expressions_have_their_places() {
    let check = |text: &str, title: &str| {
        let (text, range) = marked(text);
        let found = Template::expression(&text).unwrap_err().remove(0);
        assert_eq!((found.title.as_str(), &found.range), (title, &range), "{text}: {found:?}");
    };
    check("a ^b^", "unexpected `b`");
    check("{{ a ^b^ }}", "unexpected `b`");
    check("{{ ^é^ }}", "unexpected `é`");
    check("a | ^uper^", "unknown filter `uper`");
    check("  {{ a | ^uper^ }}", "unknown filter `uper`");
    check("^{{ }}^", "nothing to evaluate");
    assert_eq!(Template::expression("").unwrap_err()[0].range, 0..0);
    for text in ["{{ a }} == 'x'", "{{ a }} == {{ b }}"] {
        let help = Template::expression(text).unwrap_err().remove(0).help;
        assert_eq!(help.as_deref(), Some("write it as one expression, without `{{ }}` inside"), "{text}");
    }
    let template = Template::expression(" {{ cloud.arm }}").unwrap();
    assert_eq!(template.names()[0].extent(), 4..13);
}

#[test]
fn problems_of_rendering_name_the_culprit() {
    let check = |text: &str, title: &str, label: &str, help: Option<&str>| {
        let (text, range) = marked(text);
        let found = render(&text).unwrap_err();
        let told = (found.title.as_str(), found.label.as_str(), found.help.as_deref(), &found.range);
        assert_eq!(told, (title, label, help, &range), "{text}");
    };
    check("é {{ ^groop^ }}", "undefined name `groop`", "not defined", Some("a similar name exists: `group`"));
    check("{{ ^groop^ }}", "undefined name `groop`", "not defined", Some("a similar name exists: `group`"));
    check("{{ group ~ ^xyz^ }}", "undefined name `xyz`", "not defined", None);
    check("{{ group if on else xyz }}{{ ^qqq^ }}", "undefined name `qqq`", "not defined", None);
    check(
        "{{ cloud.^amr^ }}",
        "undefined name `cloud.amr`",
        "not a key of `cloud`",
        Some("a similar key exists: `arm`"),
    );
    check(
        "{{ cloud.^amr^.x | upper }}",
        "undefined name `cloud.amr`",
        "not a key of `cloud`",
        Some("a similar key exists: `arm`"),
    );
    check("{{ group.^x^ }}", "undefined name `group.x`", "`group` is text, which has no keys", None);
    check("{% for x in ^xyz^ %}{% endfor %}", "undefined name `xyz`", "not defined", None);
    check("{{ [^xyz^] }}", "undefined name `xyz`", "not defined", None);
    check("{{ ^xyz^ if on }}", "undefined name `xyz`", "not defined", None);
    check("{{ ^xyz^ | sha256 }}", "undefined name `xyz`", "not defined", None);
    check("^{{ regions[9] }}^", "a value is undefined", "no such item, member or value", None);
    check("- {{ ^regions[9]^ }}", "`regions[9]` is undefined", "no such item, member or value", None);
    let failed = "this cannot be evaluated";
    check("é {{ '/w==' | ^b64decode^ }}", "the decoded bytes are not text", failed, None);
    check("{{ group | ^from_json^ }}", "not JSON: expected value at line 1 column 1", failed, None);
}

#[test]
fn work_is_bounded() {
    for text in [
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{% for a in range(99999) recursive %}{{ loop(range(99999)) }}{% endfor %}",
    ] {
        let problem = render(text).unwrap_err();
        assert!(matches!(problem.kind, Kind::TooMuchWork | Kind::Failed), "{text}: {problem:?}");
    }
    let kept = "{% for a in range(20000) %}{% set x = [x | default(0)] %}{{ x if loop.last }}{% endfor %}";
    assert_eq!(render(kept), Ok(json!("[0]")));
    let nested = "{% set x = [x] %}".repeat(5_000);
    let problems = Template::parse(&format!("{{% set x = 1 %}}{nested}{{{{ x }}}}")).unwrap_err();
    assert_eq!(problems[0].kind, Kind::TooMuchWork);
    let nested = "{% set x = [x] %}".repeat(900);
    let problem = render(&format!("{{% set x = 1 %}}{nested}{{{{ x }}}}")).unwrap_err();
    assert!(problem.title.contains("nested more than"), "{problem:?}");
}

/// What asks for too much: each ends soon, and says so.
#[test]
fn nothing_grows_without_bound() {
    let check = |text: &str| {
        let problem = render(text).unwrap_err();
        assert_eq!(problem.kind, Kind::TooMuchWork, "{text}: {problem:?}");
    };
    check("{{ ['x' * 1000000] * 100000 }}");
    check("{{ (['x' * 1000000] * 100000) | to_json }}");
    check("{{ (['x' * 1000000] * 100000) | join }}");
    check("{{ range(100000) | join('x' * 100000) }}");
    check("{{ ('a' * 1000000) | replace('a', 'b' * 1000000) }}");
    check("{{ ('a\\n' * 1000000) | indent(100000) }}");
    check("{{ '%1000000000d' | format(1) }}");
    check("{{ [1] | batch(1000000000, 'x') | list }}");
    check(&("{% set x = 'ab' %}".to_owned() + &"{% set x = x ~ x %}".repeat(40) + "{{ x }}"));
    check(&("{% set x = [1] %}".to_owned() + &"{% set x = [x, x] %}".repeat(60) + "{{ x }}"));
    check("{{ ('[' ~ '0,' * 9000000 ~ '0]') | from_json }}");
    check("{{ (',' * 9000000) | from_csv }}");
    check("{{ ('\\n' * 9000000) | from_csv(header=false) }}");
    check("{{ ((range(1000) | join(',')) ~ ('\\n' ~ ',' * 999) * 1000) | from_csv }}");
    check("{% for i in range(1000) %}{{ ('- 1\\n' * 20000) | from_yaml | length }}{% endfor %}");
    check("{{ ('a' * 100000) | regex_replace('a', 'b' * 100000) }}");
    check("{{ ('a' * 100000) | regex_replace('(a*)', '$1' * 1000) }}");
    check("{{ ('a' * 100000) | regex_find('(?:a?){1000}a{1000}') }}");
    check("{% for i in range(100000) %}{{ 'ab' | regex_find('^a{1,9}' ~ i) | default('') }}{% endfor %}");
    check("{{ [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]] | jsonpath('$' ~ '[*,*]' * 22) }}");
    check("{{ ('A' * 20000000) | b64decode }}");
    check("{{ ('é' * 9000000) | urlencode }}");
    check("{{ {'a': 'é' * 5000000} | urlencode }}");
    check("{{ now() | date('%Y' * 5000000) }}");
}

#[test]
fn an_expression_does_not_go_on_for_ever() {
    for (before, repeated, after) in [
        ("1", " + 1", ""),
        ("'a'", " ~ 'a'", ""),
        ("1", " | abs", ""),
        ("body", ".a", ""),
        ("body", "['a']", ""),
        ("", "not ", "1"),
        ("", "-", "1"),
        ("1", " and 1", ""),
        ("", "(", "1"),
    ] {
        let inside = format!("{before}{}{after}", repeated.repeat(20_000));
        let refused = |parsed: Result<Template, Vec<Problem>>| assert!(parsed.is_err(), "{repeated}");
        refused(Template::parse(&format!("{{{{ {inside} }}}}")));
        refused(Template::parse(&format!("x {{{{ {inside} }}}}")));
        refused(Template::expression(&inside));
    }
    let branches = format!("{{% if count %}}{}{{% endif %}}", "{% elif count %}".repeat(2_000));
    assert!(Template::parse(&branches).is_err());
    assert_eq!(render(&format!("{{{{ 0{} }}}}", " + 1".repeat(400))), Ok(json!(400)));
    let list = format!("{{{{ [{}] | length }}}}", "'a.b + c', ".repeat(5_000));
    assert_eq!(render(&list), Ok(json!(5_000)));
    let many = "{{ count + 1 }} ".repeat(2_000);
    assert_eq!(render(&many), Ok(json!("4 ".repeat(2_000))));
}

#[test]
fn a_big_value_passes_through() {
    let items: Vec<Value> = (0..50_000).map(|id| json!({"id": id, "name": "a name of some length"})).collect();
    let scope = Fixed::new(json!({"body": {"value": items}}));
    let eval = |text: &str| Template::parse(text).unwrap().render(&scope).unwrap();
    assert_eq!(eval("{{ body.value[49999].id }}"), json!(49_999));
    assert_eq!(eval("{{ body | jsonpath('$.value[-1].id') }}"), json!(49_999));
    assert_eq!(eval("{{ body.value }}").as_array().map(Vec::len), Some(50_000));
}

#[test]
fn filters() {
    let check = |text: &str, expected: Value| {
        assert_eq!(render(&format!("{{{{ {text} }}}}")).as_ref(), Ok(&expected), "{text}");
    };
    check("[1, 'a', true, none, [2]] | join('-')", json!("1-a-true--[2]"));
    check("body.a.b | join(',', attribute='id') ~ ([1, 2] | join)", json!("1,212"));
    check("'{\"z\": [1, 2.5], \"a\": null}' | from_json", json!({"z": [1, 2.5], "a": null}));
    check("('[1]' | from_json)[0]", json!(1));
    check("body.a | to_json", json!("{\"b\":[{\"id\":1},{\"id\":2}]}"));
    check("'x\"' | to_json", json!("\"x\\\"\""));
    check("'Zürich' | b64encode", json!("WsO8cmljaA=="));
    check("'>>?' | b64encode(url_safe=true)", json!("Pj4_"));
    check("'WsO8cmljaA==' | b64decode", json!("Zürich"));
    check("'WsO8cmljaA' | b64decode", json!("Zürich"));
    check("'Pj4_' | b64decode ~ ('Pj4/' | b64decode)", json!(">>?>>?"));
    check("'a b/é~-._&' | urlencode", json!("a%20b%2F%C3%A9~-._%26"));
    check("{'a b': 1, 'c': 'd&e'} | urlencode", json!("a%20b=1&c=d%26e"));
    check("count | urlencode", json!("3"));
    check("body | jsonpath('$.a.b[0].id')", json!(1));
    check("body | jsonpath('$.a.b[*].id')", json!([1, 2]));
    check("body | jsonpath('$.nope') | default('none')", json!("none"));
    check("'id=42;' | regex_find('\\\\d+')", json!("42"));
    check("'id=42;' | regex_find('id=(\\\\d+)')", json!("42"));
    check("'id=42;' | regex_find('id=(\\\\d+)', 0)", json!("id=42"));
    check("'id=42;' | regex_find('(?P<key>.*)=', 'key')", json!("id"));
    check("'id' | regex_find('x') | default('-')", json!("-"));
    check("'a-b' | regex_replace('(.)-(.)', '$2-$1')", json!("b-a"));
    check("'a-b' | regex_replace('(.)-(.)', '\\\\2_\\\\1')", json!("b_a"));
    check("'abc' | sha256", json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    check("('x.' ~ ('{\"oid\":\"o\"}' | b64encode(url_safe=true)) ~ '.y' | string) | jwt_claims", json!({"oid": "o"}));
    check("('/subscriptions/s/resourceGroups/g' | arm_id).resource_group", json!("g"));
    check("'a: [1, no, ~]' | from_yaml", json!({"a": [1, "no", null]}));
    check("('a: {b: 2}' | from_yaml).a.b + 1", json!(3));
    check("'' | from_yaml", json!(null));
    check("stamp | date('%Y-%m-%d')", json!("2024-05-01"));
    check("stamp | date(add='2h', sub='1 day')", json!("2024-04-30T12:00:00Z"));
    check("1714564800 | date('%H:%M')", json!("12:00"));
}

#[test]
fn filters_say_what_they_cannot_do() {
    let check = |text: &str, title: &str| {
        let problem = render(&format!("{{{{ {text} }}}}")).unwrap_err();
        assert_eq!((problem.kind, problem.title.as_str()), (Kind::Failed, title), "{text}");
    };
    check("'a: [' | from_yaml", "not YAML: unclosed bracket '[', in line 1");
    check("'a: 1\\na: 2' | from_yaml", "key `a` stands twice in the YAML text");
    check("'a\\n---\\nb' | from_yaml", "the YAML text holds several documents");
    check("('[' * 100) | from_yaml", "the YAML text nests or expands beyond what is read");
    check("body | from_yaml", "expected text, got map {\"z\":1,\"a\":{\"b\":[{\"id\":1},{\"id\":2}]},\"m\":1.5}");
    check("nothing | from_yaml", "expected text, got null");
    check("'a,b\\n1' | from_csv", "row 2 has 1 field, the first row 2");
    check("'a,a\\n1,2' | from_csv", "the column `a` stands twice in the header");
    check("'a\\n\"b' | from_csv", "not CSV: a quote is never closed in row 2");
    check("'a\\n\"b\"c' | from_csv", "not CSV: text follows the closing quote of a field in row 2");
    check("'a\\nb\"c' | from_csv", "not CSV: a quote stands inside a field without quotes in row 2");
    check("'a' | from_csv(delimiter='ab')", "a delimiter is one character, such as `;`, not `ab`");
    check("'a' | from_csv(delimiter='\"')", "a delimiter is one character, such as `;`, not `\"`");
    check("'a' | from_csv(head=false)", "unknown keyword argument 'head'");
    check("regions | from_csv", "expected text, got list [\"chinaeast\",\"chinanorth\"]");
    check("'[1, ]' | from_json", "not JSON: trailing comma at line 1 column 5");
    check("regions | from_json", "expected text, got list [\"chinaeast\",\"chinanorth\"]");
    check("('[' * 1000) | from_json", "not JSON: recursion limit exceeded at line 1 column 128");
    check("'a' | b64encode(safe=true)", "unknown keyword argument 'safe'");
    check("'=' | b64decode", "not base64");
    check("'a' | b64decode", "not base64");
    check("'é' | b64decode", "not base64");
    check("body | b64decode", "expected text, got map {\"z\":1,\"a\":{\"b\":[{\"id\":1},{\"id\":2}]},\"m\":1.5}");
    check("regions | urlencode", "expected text, got list [\"chinaeast\",\"chinanorth\"]");
    check("group | regex_replace('(', '')", "`(` is not a regular expression: unclosed group");
    check("group | regex_find('.{1000000}')", "`.{1000000}` is not a regular expression: it repeats too much");
    check("group | regex_find('.', [1])", "a group is a number or a name");
    check("group | regex_find('.', 'x')", "the pattern has no group x");
    check("'x.W10.y' | jwt_claims", "not a JSON Web Token");
    check("'a.b.c.d' | jwt_claims", "not a JSON Web Token");
    check("'/subscriptions/' | arm_id", "not a resource id: text \"/subscriptions/\"");
    check("on | date", "not a time: boolean true");
    check("stamp | date('%999Y')", "strftime formatting failed: parsed width is too big, max is 255");
    let no_span = "`99999999999 years` is not a span of time such as `2h` or `3 days`";
    check("stamp | date(add='99999999999 years')", no_span);
    check("stamp | date(plus='1h')", "unknown keyword argument 'plus'");
    check("group | jsonpath(1)", "value is not a string");
    check("regions | sha256", "expected text, got list [\"chinaeast\",\"chinanorth\"]");
    check("nothing | urlencode", "expected text, got null");
    check("'a.b' | jwt_claims", "not a JSON Web Token");
    check("'a.b.c' | jwt_claims", "not a JSON Web Token");
    check("'x' | arm_id", "not a resource id: text \"x\"");
    check("'x' | date", "not a time: text \"x\"");
    check("stamp | date(add='soon')", "`soon` is not a span of time such as `2h` or `3 days`");
    check("body | jsonpath('$.')", "`$.` is not a JSONPath query: expected a name or `*` after the dot");
    check("group | regex_find('(')", "`(` is not a regular expression: unclosed group");
    check("group | regex_find('.', 4)", "the pattern has no group 4");
    check("range", "a function has no value; call it with `()`");
    check("2 ** 100", "the integer 1267650600228229401496703205376 has more than 64 bits");
}

#[test]
fn tables_are_read() {
    let check = |text: &str, options: &str, expected: Value| {
        let scope = Fixed::new(json!({"text": text}));
        let template = Template::parse(&format!("{{{{ text | from_csv{options} }}}}")).unwrap();
        assert_eq!(template.render(&scope).as_ref(), Ok(&expected), "{text} {options}");
    };
    check("name,count\nx,1\ny,2\n", "", json!([{"name": "x", "count": "1"}, {"name": "y", "count": "2"}]));
    check("name,count\r\nx,1\r\ny,2", "", json!([{"name": "x", "count": "1"}, {"name": "y", "count": "2"}]));
    check("b,a\n1,2", "", json!([{"b": "1", "a": "2"}]));
    check("\u{feff}a\n1", "", json!([{"a": "1"}]));
    check("a,b\n\"x, \"\"y\"\"\",\"two\r\nlines\"\n", "", json!([{"a": "x, \"y\"", "b": "two\r\nlines"}]));
    check("a,b\n,\n", "", json!([{"a": "", "b": ""}]));
    check("a\n\n\"\"\n", "", json!([{"a": ""}, {"a": ""}]));
    check("\"a b\", c \n 1,2", "", json!([{"a b": " 1", " c ": "2"}]));
    check("a;b\n1,5;2\n", "(delimiter=';')", json!([{"a": "1,5", "b": "2"}]));
    check("a\tb\n1\t2", "(delimiter='\\t')", json!([{"a": "1", "b": "2"}]));
    check("1,2\n3,4", "(header=false)", json!([["1", "2"], ["3", "4"]]));
    check("1;2\n", "(header=false, delimiter=';')", json!([["1", "2"]]));
    check("é中,b\n😀,2", "", json!([{"é中": "😀", "b": "2"}]));
    check("a,b", "", json!([]));
    check("", "", json!([]));
    check("", "(header=false)", json!([]));
}

#[test]
fn clock_and_dice_come_from_the_scope() {
    assert_eq!(render("{{ now() }}"), Ok(json!("2024-05-01T12:00:00Z")));
    assert_eq!(render("at {{ now() | date('%s', add='1s') }}"), Ok(json!("at 1714564801")));
    let Ok(Value::Array(ids)) = render("{{ [uuid(), uuid()] }}") else { panic!("two ids") };
    assert_ne!(ids[0], ids[1]);
    assert_eq!(render("{{ [uuid(), uuid()] }}"), Ok(json!(ids)));
    let id = ids[0].as_str().unwrap();
    assert_eq!((id.len(), &id[14..15], id[19..20].contains(['8', '9', 'a', 'b'])), (36, "4", true), "{id}");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "([a-c .|(){}\\[\\]%#'\"é\n-]|\\{\\{|\\}\\}|\\{%|%\\}|for |set |if |end|in |is ){0,30}") {
        for parsed in [Template::parse(&text), Template::expression(&text)] {
            match parsed {
                Ok(template) => {
                    for name in template.names() {
                        prop_assert_eq!(&text[name.range.clone()], &name.name);
                    }
                    if let Err(problem) = template.render(&scope()) {
                        prop_assert!(text.get(problem.range.clone()).is_some(), "{:?}", problem);
                    }
                }
                Err(problems) => for problem in problems {
                    prop_assert!(text.get(problem.range.clone()).is_some(), "{:?}", problem);
                },
            }
        }
    }

    #[test]
    fn text_without_marks_is_kept(text in "[^{]*") {
        let template = Template::parse(&text).unwrap();
        prop_assert_eq!(template.literal(), Some(text.as_str()));
        prop_assert_eq!(template.render(&scope()), Ok(json!(text)));
    }

    #[test]
    fn values_pass_through_text_and_expressions(text in any::<String>(), number in any::<i64>()) {
        let scope = Fixed::new(json!({"text": text, "number": number}));
        let eval = |template: &str| Template::parse(template).unwrap().render(&scope).unwrap();
        prop_assert_eq!(eval("{{ text }}"), json!(text));
        prop_assert_eq!(eval("<{{ text }}|{{ number }}>"), json!(format!("<{text}|{number}>")));
        prop_assert_eq!(eval("{{ text | b64encode | b64decode }}"), json!(text));
        prop_assert_eq!(eval("{{ [text, number] | to_json | from_json }}"), json!([text, number]));
    }
}
