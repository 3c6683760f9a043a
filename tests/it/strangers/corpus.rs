//! Hostile playbooks.

/// A folder with the playbook `a.yaml`, and how `check` ends on it.
pub(super) struct Hostile {
    pub(super) name: &'static str,
    pub(super) files: Vec<(String, String)>,
    /// Links in the folder, and where they lead. Outside of it stands a pipe, which would keep a reader for ever.
    pub(super) links: &'static [(&'static str, &'static str)],
    pub(super) exit: i32,
}

const REFUSED: i32 = 3;
const FINE: i32 = 0;

fn one(name: &'static str, exit: i32, text: String) -> Hostile {
    Hostile { name, files: vec![("a.yaml".to_owned(), text)], links: &[], exit }
}

fn several(name: &'static str, exit: i32, files: Vec<(String, String)>) -> Hostile {
    Hostile { name, files, links: &[], exit }
}

/// So many copies of a piece, each with its number in place of `#`.
fn many(count: usize, piece: &str) -> String {
    (0..count).map(|number| piece.replace('#', &number.to_string())).collect()
}

/// A chain in which each thing names the one before twice.
fn doubling(depth: usize, piece: &str) -> String {
    (1..=depth).map(|at| piece.replace('@', &(at - 1).to_string()).replace('#', &at.to_string())).collect()
}

fn steps(body: &str) -> String {
    format!("cloud: public\nsteps:\n{body}")
}

pub(super) fn corpus(trap: &str) -> Vec<Hostile> {
    [of_yaml(), of_size(), of_templates(), of_expectations(), of_schemas(), of_files(), of_the_network(trap)]
        .concat_all()
}

trait Concat {
    fn concat_all(self) -> Vec<Hostile>;
}

impl<const N: usize> Concat for [Vec<Hostile>; N] {
    fn concat_all(self) -> Vec<Hostile> {
        self.into_iter().flatten().collect()
    }
}

fn of_yaml() -> Vec<Hostile> {
    let laughs = format!("a0: &a0 [x]\n{}", doubling(60, "a#: &a# [*a@, *a@]\n"));
    let merges = format!("a0: &a0 {{x: 1}}\n{}", doubling(60, "a#: &a# {y#: {<<: *a@}, z#: {<<: *a@}}\n"));
    let deep = many(60_000, "- ");
    vec![
        one("aliases that double", REFUSED, laughs),
        one("merges that double", REFUSED, merges),
        one("lists in lists", REFUSED, deep),
        one("brackets in brackets", REFUSED, "[".repeat(1 << 20)),
        one("maps in maps", REFUSED, (0..400).map(|at| format!("{}a:\n", " ".repeat(at))).collect()),
        one("a long scalar", REFUSED, format!("name: {}\nsteps: 1\n", "x".repeat(20 << 20))),
        one("a file that is too large", REFUSED, "#".repeat((32 << 20) + 1)),
        one("many wrong queries", REFUSED, {
            let wrong = format!("$[?!! {}", "@.a > 2 && ".repeat(30));
            let all = many(1_000, &format!("    - {{request: GET /a, expect: {{json: {{'{wrong} #': 1}}}}}}\n"));
            format!("cloud: public\nsteps:\n{all}")
        }),
        one("many keys", REFUSED, many(20_000, "k#: 1\n")),
        one("one key many times", REFUSED, "name: x\n".repeat(20_000)),
        one("many anchors", REFUSED, many(20_000, "- &a# 1\n")),
        one("many tags", REFUSED, many(10_000, "- !<tag:#> !!x 1\n")),
        one("many documents", REFUSED, "---\nsteps: []\n".repeat(50_000)),
        one(
            "commands for a terminal",
            REFUSED,
            "\"\\e]0;x\\a\\e[2J\": 1\nname: \"\\u202e\\u0007\\u009b2J\"\nsteps: [{\"\\e[31m\": 1}]\n".to_owned(),
        ),
    ]
}

fn of_size() -> Vec<Hostile> {
    let chain = format!("  v0: '{{{{ v2000 }}}}'\n{}", doubling(2000, "  v#: '{{ v@ }}'\n"));
    let list = many(200, "#, ");
    vec![
        one("more steps than are read", REFUSED, steps(&"  - assert: [true]\n".repeat(200_001))),
        one("many steps", FINE, steps(&many(10_000, "  - set: {x#: 1}\n"))),
        one("many steps that wait", FINE, steps(&many(500, "  - request: {method: POST, url: /x, api_version: 2021-04-01}\n    id: s#\n"))),
        one("many steps on one line", FINE, format!("{{cloud: public, steps: [{}]}}", many(40_000, "{set: {x#: 1}}, "))),
        one("many problems on one line", REFUSED, steps(&format!("  - assert: [{}]\n", many(60_000, "'name# == 1', ")))),
        one("problems with places far away", REFUSED, format!("vars:\n{}{}", many(60_000, "  k#: 1\n"), "  k0: 2\n".repeat(500))),
        one("many steps of one id", REFUSED, steps(&many(3_000, "  - id: x\n    set: {x#: 1}\n"))),
        one("groups in groups", REFUSED, steps(&(0..40).map(|at| format!("{}- steps:\n", " ".repeat(2 + at * 2))).collect::<String>())),
        one("variables in a circle", REFUSED, format!("vars:\n{chain}steps: [{{set: {{x: 1}}}}]\n")),
        one("a chain of variables", REFUSED, format!("vars:\n  v0: 1\n{}steps: [{{assert: [\"v1000 == 1\"]}}]\n", doubling(1000, "  v#: \"{{ v@ }}\"\n"))),
        one("a chain of needs", FINE, format!("steps:\n  - {{id: s0, assert: [\"1 == 1\"]}}\n{}", doubling(1000, "  - {id: s#, needs: [s@], assert: [\"1 == 1\"]}\n"))),
        one("products of loops", FINE, steps(&format!("  - for_each: {{a: [{list}], b: [{list}], c: [{list}], d: [{list}]}}\n    assert: [\"item.a == item.b\"]\n"))),
        one("enormous numbers", REFUSED, "defaults: {timeout: 1e999999s, retry: {attempts: 99999999999999999999, base: 9999999999999999999h}}\nvars: {a: 1e999999, b: 0xffffffffffffffffffffffffffff, c: -.inf}\nsteps:\n  - {set: {x: 1}, eventually: {within: 18446744073709551616h, hold: 1e300}}\n".to_owned()),
        one("a number of a million digits", FINE, format!("vars: {{a: {}}}\nsteps: [{{assert: [\"a == 1\"]}}]\n", "9".repeat(1 << 20))),
        one("many inputs", FINE, format!("inputs:\n{}steps: [{{assert: [\"1 == 1\"]}}]\n", many(3_000, "  i#: {default: 1}\n"))),
    ]
}

fn of_templates() -> Vec<Hostile> {
    let set = |template: &str| steps(&format!("  - set: {{x: '{template}'}}\n"));
    vec![
        one(
            "brackets in a template",
            REFUSED,
            set(&format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000))),
        ),
        one("a long sum", REFUSED, set(&format!("{{{{ 1{} }}}}", "+1".repeat(100_000)))),
        one("a long chain of filters", REFUSED, set(&format!("{{{{ 1{} }}}}", "|string".repeat(100_000)))),
        one("loops in loops", REFUSED, set(&format!("{}x", "{% for i in range(9) %}".repeat(5_000)))),
        one("macros that call themselves", REFUSED, set("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}")),
        one("many templates", FINE, steps(&many(3_000, "  - set: {x#: '{{ # + 1 }}'}\n"))),
        one("what it never computes", FINE, set("{{ \"x\" * 1000000000 }}{{ range(1000000000) | list | length }}")),
        one("files of the machine", FINE, set("{{ file(\"/etc/passwd\") }}{{ file(\"../outside\") }}{{ env.HOME }}")),
    ]
}

fn of_expectations() -> Vec<Hostile> {
    let json = |path: &str, predicate: &str| {
        steps(&format!(
            "  - request: GET /subscriptions?api-version=2022-12-01\n    expect:\n      json:\n        ? '{path}'\n        : {predicate}\n"
        ))
    };
    vec![
        one("a regex that repeats too much", REFUSED, json("$.a", "{matches: '((a{100}){100}){100}'}")),
        one(
            "a regex in brackets",
            REFUSED,
            json("$.a", &format!("{{matches: '{}a{}'}}", "(".repeat(20_000), ")".repeat(20_000))),
        ),
        one(
            "many large regexes",
            FINE,
            format!(
                "cloud: public\ninputs:\n{}steps: [{{assert: ['1 == 1']}}]\n",
                many(40, "  i#: {default: aa#, pattern: '^.{1,900}#?$'}\n")
            ),
        ),
        one("a query of many descents", FINE, json(&format!("${}", "..*".repeat(20_000)), "1")),
        one("a query of brackets", REFUSED, json(&format!("$[?{}@.a{}]", "(".repeat(20_000), ")".repeat(20_000)), "1")),
        one("predicates in predicates", REFUSED, json("$.a", &format!("{}1{}", "{not: ".repeat(500), "}".repeat(500)))),
        one(
            "a long default near a long choice",
            REFUSED,
            format!("cloud: public\ninputs:\n  a: {{default: {0}a, one_of: [{0}b]}}\nsteps: []\n", "x".repeat(300_000)),
        ),
        one(
            "a regex at many places over a long default",
            REFUSED,
            format!(
                "cloud: public\ninputs:\n  a: {{default: {}, pattern: '[ab]*a[ab]{{2000}}c'}}\nsteps: []\n",
                "abba".repeat(1 << 20)
            ),
        ),
        one(
            "many actions",
            FINE,
            steps(&format!(
                "  - access: {{scope: /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861, can: [{}]}}\n",
                many(2, "\"M*/*#*/read\", ")
            )),
        ),
        one(
            "stars in an action",
            FINE,
            steps(&format!(
                "  - access: {{scope: /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861, cannot: [\"{}\"]}}\n",
                "*a".repeat(2_000)
            )),
        ),
    ]
}

fn of_schemas() -> Vec<Hostile> {
    let schema = |schema: &str| {
        steps(&format!("  - request: GET /subscriptions?api-version=2022-12-01\n    expect: {{schema: {schema}}}\n"))
    };
    // The mark of references is that of numbers here.
    let piece = "\"d#\": {\"anyOf\": [{\"$ref\": \"\u{1}/$defs/d@\"}, {\"$ref\": \"\u{1}/$defs/d@\"}]},";
    let branches = doubling(64, piece).replace('\u{1}', "#");
    vec![
        one(
            "a schema that doubles",
            FINE,
            schema(&format!(
                "{{\"$defs\": {{\"d0\": {{\"type\": \"string\"}}, {branches}}}, \"$ref\": \"#/$defs/d64\"}}"
            )),
        ),
        one(
            "a schema with very many patterns",
            REFUSED,
            schema(&format!("{{anyOf: [{}]}}", many(20_000, "{pattern: '^#(a[a-z]){50}'}, "))),
        ),
        one(
            "a schema with many large patterns",
            REFUSED,
            schema(&format!("{{anyOf: [{}]}}", many(4_000, "{pattern: '^#(?=a)(a[a-z.]){300}'}, "))),
        ),
        one("a schema of itself", FINE, schema("{\"$ref\": \"#\"}")),
        one("a schema with a large pattern", REFUSED, schema("{\"pattern\": \"((a{1000}){1000}){1000}\"}")),
    ]
}

fn of_files() -> Vec<Hostile> {
    let include = |name: &str| steps(&format!("  - playbook: {name}\n"));
    let own = |name: &str, text: String| (name.to_owned(), text);
    let ring = vec![own("a.yaml", include("b.yaml")), own("b.yaml", include("a.yaml"))];
    let mut chain: Vec<_> =
        (1..60).map(|at| own(&format!("{at}.yaml"), include(&format!("{}.yaml", at + 1)))).collect();
    chain.push(own("60.yaml", steps("  - assert: ['1 == 1']\n")));
    chain.push(own("a.yaml", include("1.yaml")));
    let mut doubled: Vec<_> = (1..30)
        .map(|at| {
            own(
                &format!("{at}.yaml"),
                [include(&format!("{}.yaml", at + 1)), format!("  - playbook: {}.yaml\n", at + 1)].concat(),
            )
        })
        .collect();
    doubled.push(own("30.yaml", steps("  - assert: ['1 == 1']\n")));
    doubled.push(own("a.yaml", include("1.yaml")));
    let links: &[(&str, &str)] = &[
        ("up", ".."),
        ("pipe", "../outside"),
        ("zero", "/dev/zero"),
        ("self", "self"),
        ("passwd", "/etc/passwd"),
        ("here", "."),
    ];
    let linked = |name, file: &str| Hostile { links, ..one(name, REFUSED, include(file)) };
    let shape = |name, file: &str| Hostile {
        links,
        ..one(name, REFUSED, steps(&format!("  - request: GET /x\n    expect: {{schema: {file}}}\n")))
    };
    vec![
        several("playbooks in a ring", REFUSED, ring),
        several("a long chain of playbooks", REFUSED, chain),
        several("playbooks that double", REFUSED, doubled),
        one("a playbook that includes itself", REFUSED, include("a.yaml")),
        one("many playbooks that are not there", REFUSED, steps(&many(2_000, "  - playbook: p#.yaml\n"))),
        linked("the pipe above", "../outside"),
        linked("the pipe through a link to the folder above", "up/outside"),
        linked("the pipe through a link", "pipe"),
        linked("a device", "/dev/zero"),
        linked("a device through a link", "zero"),
        linked("a link to itself", "self"),
        linked("the folder itself", "here"),
        linked("a file of the machine", "passwd"),
        linked("the memory of the program", "/proc/self/mem"),
        linked("its standard input", "/dev/stdin"),
        shape("a schema above", "../outside"),
        shape("a schema that is a device", "zero"),
        shape("a schema that refers above", "{$ref: ../outside}"),
        shape("a schema that refers to the machine", "{$ref: \"file:///etc/passwd\"}"),
    ]
}

fn of_the_network(trap: &str) -> Vec<Hostile> {
    vec![
        one(
            "a cloud elsewhere",
            FINE,
            format!(
                "cloud: {{discover: '{trap}'}}\nsteps:\n  - token: arm\n  - metadata: compute\n  - request: GET {trap}/x\n  - access: {{scope: /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861, can: '*'}}\n"
            ),
        ),
        one(
            "a schema elsewhere",
            REFUSED,
            steps(&format!("  - request: GET /x\n    expect: {{schema: {{$ref: '{trap}/x.json'}}}}\n")),
        ),
        one(
            "a draft elsewhere",
            REFUSED,
            steps(&format!("  - request: GET /x\n    expect: {{schema: {{$schema: '{trap}/draft'}}}}\n")),
        ),
        one("a playbook elsewhere", REFUSED, steps(&format!("  - playbook: '{trap}/x.yaml'\n"))),
        one("a program", FINE, "cloud: public\nidentity: {source: azure_cli}\nsteps: [{token: arm}]\n".to_owned()),
    ]
}
