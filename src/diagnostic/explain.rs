//! A paragraph on each code, for `mi-run explain`.

mod lints;

use std::sync::LazyLock;

/// What a code means, if there is such a code.
pub fn paragraph(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// Every code and its paragraph, by code.
pub static CODES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let mut codes = [ERRORS, lints::WARNINGS].concat();
    codes.sort_unstable();
    codes
});

/// What cannot be used, carried out or decided.
const ERRORS: &[(&str, &str)] = &[
    (
        "assertion-failed",
        "Something that a step expects does not hold. The place is the expectation in the playbook; `expected` and \
         `actual` show both values with their types, since `text \"200\"` is not `integer 200`. All assertions of a \
         step are judged, so one that fails does not hide the next.",
    ),
    (
        "body-cut-short",
        "The server, or something on the way to it, ended the connection before the whole answer had come. Nothing of \
         such an answer is used. A proxy, a load balancer's time limit or a crashing service are the usual causes.",
    ),
    (
        "body-too-large",
        "The answer is larger than what is kept in memory. Ask for less: `$top`, `$filter`, or a narrower scope.",
    ),
    (
        "broken-pages",
        "A list comes in pages, each with the `nextLink` of the next, and one of them could not be read: the \
         link leads back to a page that was read already, it is no URL, or a page was answered with an error. \
         What was read so far is not used, since half a list proves nothing.",
    ),
    (
        "capture-failed",
        "A capture found no value in the result. A name that was not captured would surprise every later step, so this \
         fails at once. Give the capture a `default:` when the value may be missing.",
    ),
    (
        "connection-failed",
        "No connection came about: nobody listens, the name is not known, or the network has no way. Check the endpoint \
         (`--arm-endpoint`), name resolution, firewalls and proxies.",
    ),
    ("duplicate-id", "Two steps have the same `id`. An id names one step, in `needs:` and on the command line."),
    (
        "duplicate-key",
        "A key stands twice in the same map. YAML forbids it, since one of the two would be lost without a word.",
    ),
    (
        "empty-file",
        "The file holds nothing, or only blanks and comments. A playbook needs at least `steps:` with a step in it.",
    ),
    (
        "exclusive-keys",
        "Two keys stand together of which only one may: two bodies in a request, two ways to name an identity, two \
         places to capture from. Remove one.",
    ),
    ("file-too-large", "The file is larger than any playbook. This limit keeps a wrong path from filling the memory."),
    (
        "foreign-link",
        "The `nextLink` of a list leads to another scheme, host or port. The token of the first request would \
         go there too, so the link is not followed. Something on the way may have changed the answer; an \
         honest service keeps to its own host.",
    ),
    (
        "id-taken",
        "Two things of a world have the same id, or names that Azure cannot tell apart. Give one of them another; an id that is left out is made from the name, the same on every start.",
    ),
    (
        "identity-refused",
        "The identity endpoint answered, and gives no token: the VM has no such identity, has several and none was \
         named, or the resource is not known to the directory. The endpoint's own words stand in the notes. A new \
         identity may take a minute to be known to the endpoint.",
    ),
    (
        "impossible-fault",
        "A fault of a world does one thing to an answer: another answer, a cut, a closed connection, slow bytes, a content type, garbage, an expired token, or a throttle. `delay` goes with each of them.",
    ),
    (
        "include-cycle",
        "A playbook includes itself, directly or by way of others. The note shows the way round. Move what \
         both need into a third playbook that includes neither.",
    ),
    (
        "no-identity-source",
        "No token can be asked for: something is missing that the source of tokens needs. Where `IDENTITY_ENDPOINT`, `MSI_ENDPOINT` \
         or the variables of workload identity are set by halves, asking another endpoint instead would hide the fault. \
         `identity: {source: …}` or `--source` say where tokens come from.",
    ),
    (
        "other-identity",
        "The token that came is of another identity than the one that was asked for, or of a person. Some endpoints ignore an \
         id they do not know, and give the token of the only identity there is.",
    ),
    (
        "invalid-baseline",
        "The file given by `--against` does not hold what `mi-run can --all --save FILE` keeps: JSON with `baseline_version`, \
         `scope`, `identity`, `permissions` and `deny_assignments`.",
    ),
    (
        "invalid-header",
        "A header has a name or a value that HTTP cannot carry: a line break, for example, that came in with a template.",
    ),
    (
        "invalid-input",
        "A value that was given for an input is not what its declaration says: another type, a pattern that does not \
         match, or none of the values in `one_of`. Values from the command line and from the environment are text and \
         are read as the input's type; `--var NAME:=JSON` gives JSON.",
    ),
    (
        "invalid-modifier",
        "A modifier stands beside an action for which it means nothing: `eventually` beside `set`, `safe` \
         beside `token`, `as` without `for_each`. It would be ignored in silence, so it is refused.",
    ),
    (
        "invalid-name",
        "Templates use variables by name, so a name consists of letters, digits and `_`, and does not begin with a digit.",
    ),
    (
        "invalid-option",
        "An option of the command line has a value that it cannot have. `mi-run --help` lists the options.",
    ),
    ("invalid-regex", "The text is no regular expression. The syntax is that of Rust's `regex` crate: no look-around."),
    (
        "invalid-report",
        "The file is not what `--report json` or `--report jsonl` writes, or of another version of it. Of lines the last may be \
         cut short, as when whoever wrote it was ended; everything before it must be whole.",
    ),
    (
        "invalid-schema",
        "What `expect.schema` names is no JSON Schema, or cannot be read. Nothing is ever fetched: a `$ref` \
         leads to a place in the schema itself or to a file beside it, in the folder of the playbook or the \
         one given by `--root`.",
    ),
    (
        "invalid-scope",
        "A scope is a Resource Manager id: `/subscriptions/<id>`, a resource group or a resource in it, or \
         `/providers/Microsoft.Management/managementGroups/<name>`. It begins with a slash, and has no \
         parameters.",
    ),
    ("invalid-url", "The URL cannot be sent to. After templates are rendered it must be absolute, or begin with `/`."),
    ("invalid-value", "The value is of the right type, but cannot be meant: a duration without a unit, for example."),
    (
        "jsonpath-syntax",
        "The text is no JSONPath query by RFC 9535. A query begins with `$`; names follow as `.name` or `['name']`, \
         indices as `[0]`, filters as `[?@.name == 'x']`.",
    ),
    ("missing-input", "An input has no default, and nobody gave it a value. All that are missing are told at once."),
    ("missing-key", "A key is required here and missing."),
    (
        "name-taken",
        "A name is defined twice: an input, a variable and a capture share one space of names, and nothing shadows \
         anything. `cloud`, `identity`, `env` and `run` are defined in every playbook.",
    ),
    (
        "no-action",
        "A step does exactly one thing, and this one does none. The keys `name`, `when`, `expect` and so on only modify \
         an action.",
    ),
    (
        "no-discovery",
        "The playbook says `cloud: {discover: URL}`, and what answers at `/metadata/endpoints` there does not describe a \
         cloud: it is no Resource Manager, it is another page, or it knows none of the versions 2022-09-01, 2019-05-01 and \
         2015-01-01. Describe the cloud instead: `cloud: {arm: https://…, audience: https://…, authority: https://…}`.",
    ),
    (
        "no-identity-endpoint",
        "Nothing answers where tokens of managed identities come from (169.254.169.254 on a VM). Off Azure there is no \
         such endpoint: use `--emulate`. On Azure, a firewall, a proxy variable or a container's network may stand \
         between; the address is only reachable from the VM itself.",
    ),
    (
        "no-metadata",
        "Something needs the VM's instance metadata (`vm`, `metadata`, or `cloud: auto`), and what answers at \
         the instance metadata service gives none. Only Azure VMs have it; elsewhere name the cloud and give \
         the values as inputs.",
    ),
    (
        "no-role-needed",
        "`mi-run plan --role --format json` prints the role definition that grants what the playbook's requests do, and no \
         request that is known beforehand does anything that takes a role. A role without actions cannot be made. \
         `mi-run plan --role` says what it could not tell.",
    ),
    (
        "not-a-list",
        "`for_each` goes over the items of a list, and its value is something else. For a map, go over its \
         entries: `{{ the_map | items | list }}` gives pairs.",
    ),
    (
        "not-an-identity-endpoint",
        "Something answered where the identity endpoint should be, but not in its words: often a proxy, or the metadata \
         service of another cloud, which uses the same address.",
    ),
    (
        "not-http",
        "What came back is not HTTP. Perhaps the port is that of another service, or https is spoken there and the URL \
         says http.",
    ),
    (
        "not-json",
        "An assertion or a capture looks into the body as JSON, and it is none. The first characters of the body stand in \
         the notes: an HTML page usually comes from a proxy or a gateway, not from Azure.",
    ),
    (
        "not-settled",
        "With `hold` an `eventually` wants its expectations to hold several times in a row, since replicas \
         take effect one by one. They held now and then, but not often enough within the time.",
    ),
    ("not-text", "The file is binary, or not UTF-8. Playbooks are UTF-8 text; a byte order mark is allowed."),
    (
        "nothing-selected",
        "`--only` and `--skip` together leave no step to run. A pattern is compared with the tags, the id and \
         the name of each step; `*` stands for any text. Under `--strict` this is an error, since a run \
         without steps proves nothing.",
    ),
    (
        "operation-failed",
        "A long-running operation came to its end, and did not succeed: its state is `Failed` or `Canceled`. \
         The notes hold the error that it tells. Where that is expected, say so: `expect: {error: …}`.",
    ),
    (
        "operation-lost",
        "A long-running operation was started, and cannot be followed to its end: the URL to ask is on \
         another host or missing, the identity may start it but not look at it, or it takes longer than \
         `poll` allows. It may still succeed.",
    ),
    (
        "request-line",
        "A request in one line is a method in capitals, a blank, and a URL: `GET /subscriptions/…`. For headers or a body \
         write a map with `method`, `url` and the rest.",
    ),
    (
        "role-incomplete",
        "The role definition that `mi-run plan --role` prints may not do for this step, or does more than it: its operation is \
         only known when it runs, its name is none that built-in roles know, or what it needs contradicts what the playbook \
         expects to be refused. `mi-run plan --role` without `--format json` tells all of it.",
    ),
    (
        "several-documents",
        "A `---` begins a second document. A file is one playbook; mi-run takes several files at once.",
    ),
    (
        "step-cycle",
        "Steps wait for each other in a circle, by `needs` or by the captures they use, so none of them could \
         begin. The note shows the way round.",
    ),
    (
        "subject-of-other-action",
        "An expectation looks at something that a step of this kind does not have: `claims` belong to `token` steps, \
         `denied` and `error` to requests, and `set` and `assert` have no result to expect anything of.",
    ),
    (
        "template-failed",
        "A template was well written, but could not be rendered with the values at hand: a member that is not there, a \
         filter that got another type.",
    ),
    (
        "template-syntax",
        "The text inside `{{ … }}` or `{% … %}` is no Jinja, or uses a filter or function that is not there.",
    ),
    ("timed-out", "The whole answer did not come within the step's `timeout:` (60 s unless said otherwise)."),
    (
        "tls-failed",
        "The server's certificate was not trusted, or TLS failed otherwise. An own authority is trusted with \
         `--ca-file`; `SSL_CERT_FILE` is honoured. If the certificate surprises you, something reads the traffic.",
    ),
    (
        "token-withheld",
        "A token travels only over https or to loopback, and only to the hosts of its audience, so that a mistyped URL \
         does not give it away. A step that names `auth:` itself takes the responsibility, but never over plain http. With a \
         redirect to another origin go neither the token nor other headers of the playbook, nor a body that holds a secret.",
    ),
    (
        "too-complex",
        "The patterns that are compared have so many stars that deciding exactly would take too long. Roles \
         of Azure have one star in a pattern at the most; none of them comes near the limit.",
    ),
    (
        "too-many-items",
        "A loop would have more turns than any run could finish. `for_each` with several lists goes over \
         every combination of them.",
    ),
    (
        "too-many-problems",
        "There are more problems than anybody reads: 500 of them are shown, and how many more there are. Most of them \
         have one cause, such as a file of another kind. Correct the first ones and check again.",
    ),
    (
        "too-many-steps",
        "One file may hold 200,000 steps. An included playbook, with those that it includes itself, may come to a million: \
         playbooks that include the same ones several times, level by level, multiply.",
    ),
    (
        "too-much-work",
        "A query or a schema comes to more work over this answer than any answer is worth, or to many times its size: queries with \
         `..` find what stands one inside the other, and schemas that refer to themselves and patterns that refer back can look at \
         the same value again and again. Nothing is decided, so the step is errored.",
    ),
    ("two-actions", "A step does exactly one thing, so that its outcome means one thing. Make two steps of it."),
    (
        "undecided",
        "`allowed` and `denied` are verdicts of access control, and this answer holds none: a 401, a throttle, a failing \
         service or a wrong request say nothing about rights. Such a step is errored, never passed.",
    ),
    (
        "undefined-name",
        "A template uses a name that nothing defines: no input, no variable, no capture of an earlier step.",
    ),
    (
        "unknown-cloud",
        "The playbook says `cloud: auto`, or nothing, and the VM's instance metadata names no cloud that is known. Name it: \
         `public`, `china` or `usgov`, or describe it by its endpoints.",
    ),
    (
        "unknown-id",
        "`needs` names steps by their `id`, not by their name. The id must stand in the same playbook; steps \
         of an included playbook cannot be named from outside.",
    ),
    ("unknown-key", "The key means nothing here. Most often it is misspelt, or indented into the wrong map."),
    (
        "unknown-metadata",
        "The instance metadata has nothing at this path. Paths are written as in `compute`, \
         `compute/tagsList/0/name` or `network/interface`.",
    ),
    (
        "unknown-output",
        "A step that includes a playbook captures an output, or expects something of one, that the playbook \
         does not have. What it has stands under its `outputs`.",
    ),
    (
        "unknown-reference",
        "Something in a world names what is not there: a subscription, a resource group, a management group, a resource, a role, an identity. Names are those of the file; subscriptions also go by their id, roles by the name or id of a built-in one.",
    ),
    (
        "unknown-resource",
        "A token is for a resource: a short name (`arm`, `graph`, `key_vault`, `storage`), whose URL the cloud gives, or \
         the resource's own URL, to the letter, trailing slash included. What stands here is neither.",
    ),
    (
        "unknown-role",
        "A role that an `access` step compares with is neither a built-in one, by name or id, nor does \
         Resource Manager know it at the scope. Custom roles are looked up by their name; reading them takes \
         `Microsoft.Authorization/roleDefinitions/read`.",
    ),
    ("unknown-value", "The word is none of those that are possible here."),
    (
        "unknown-variable",
        "A value was given with `--var` for a name that no playbook declares. It is refused, since a misspelt name would \
         leave the real one at its default.",
    ),
    (
        "unquoted-template",
        "YAML reads `{` as the start of a map, so a value that begins with `{{` must be quoted: \
         `name: \"{{ group }}\"`.",
    ),
    ("unreadable-file", "The file is not there, may not be read, or is no file: a folder, a pipe, a device."),
    (
        "unreadable-include",
        "An included playbook cannot be read. Its path is relative to the file that includes it, and it must \
         stand in that playbook's folder, or in the folder given by `--root`.",
    ),
    (
        "unwritable-file",
        "A file cannot be written where it shall go: the folder is not there, or may not be written to.",
    ),
    ("unwritable-report", "A report cannot be written where it shall go. This is found out before anything runs."),
    (
        "used-before-captured",
        "A template uses a capture of the same step or a later one. Steps mean what they mean in the order of the file.",
    ),
    ("variable-cycle", "Variables need each other in a circle, so none of them has a value."),
    (
        "variable-in-loop",
        "Variables are evaluated once, and this one needs a name that has another value in each turn of the \
         loop. Use that name itself inside the loop, or `set` a name there, which is computed in each turn.",
    ),
    (
        "wrong-type",
        "The value is of another type than the one expected. Mind that YAML reads `5` as a number, `true` as a boolean and \
         nothing as null: quote what shall be text.",
    ),
    (
        "yaml-bomb",
        "The file nests deeper, or its aliases expand to more, than what is read. The limits are far above what a playbook \
         needs, and keep a hostile file from filling the memory.",
    ),
    (
        "yaml-syntax",
        "The file is not YAML 1.2. The place is where the reader had to stop; the cause may stand before it.",
    ),
];
