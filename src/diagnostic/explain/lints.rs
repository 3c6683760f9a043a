//! What each lint of `mi-run check` means, and how to switch it off.

/// What is allowed and hardly meant.
pub(super) const WARNINGS: &[(&str, &str)] = &[
    (
        "cloud-mismatch",
        "A URL, the resource of a token and the cloud of the playbook do not belong together: each cloud has endpoints, \
         directories and resources of its own, and a token of one is refused in the others with 401 \
         `InvalidAuthenticationTokenAudience` or `invalid_resource`. Paths that begin with `/` and the short names \
         `arm`, `graph`, `key_vault` and `storage` follow the cloud. `# mi-run: allow(cloud-mismatch)` switches this off.",
    ),
    (
        "either-way",
        "The expected statuses hold both when access control lets the request in and when it refuses, so the \
         step passes without proving anything about access. Expect one of the two: `expect: allowed` or \
         `expect: denied`. Where either is fine indeed, `# mi-run: allow(either-way)` behind the line says \
         so.",
    ),
    (
        "hand-made-link",
        "A list is followed by hand: a `$skiptoken` in a URL, or a captured `nextLink`. What stands in such a \
         link is the server's own business; it may be of another api-version, and a request made by hand \
         reads one page more and not all. `pages: all` follows each link as it is and joins what the pages \
         list. `# mi-run: allow(hand-made-link)` switches this off.",
    ),
    (
        "id-by-letters",
        "An id with a resource group in it is compared letter by letter. Azure does not promise how it spells \
         `resourceGroups`: services answer with `resourcegroups` as well, claims of tokens always do, and the name of the \
         group comes as somebody typed it. The predicate `resource_id` compares ids as Azure does. \
         `# mi-run: allow(id-by-letters)` switches this off.",
    ),
    (
        "judges-nothing",
        "What stands here could never fail: an expression that looks at nothing, a status that holds whatever \
         comes, metadata that is neither captured nor expected to be something. A playbook of such steps is \
         green for want of trying. `# mi-run: allow(judges-nothing)` before the step switches this off.",
    ),
    (
        "needless-allow",
        "A comment `# mi-run: allow(code)` switches a lint off for its line, or, on a line of its own, for \
         the line below and all that stands deeper. Here no such lint has anything to say, or there is none \
         of that code. Leave the comment out, so that it hides nothing later.",
    ),
    (
        "never-used",
        "An input, a variable or a capture has a name that no template takes. It is left over, or the name \
         that should take it is misspelt in a place that cannot tell. Captures that only the report wants can \
         say so: `# mi-run: allow(never-used)`.",
    ),
    (
        "no-api-version",
        "A request to Resource Manager names no api-version: neither in its URL nor as `api_version`, nor in `defaults`. \
         Resource Manager answers such a request with 400 `MissingApiVersionParameter`, before it looks at the token. \
         `# mi-run: allow(no-api-version)` switches this off.",
    ),
    (
        "no-slash",
        "The resource of a token is matched letter by letter, and this one is written with a slash at its end: Resource \
         Manager did not always take it without, Batch and SQL still do not. `arm` is right in every cloud. \
         `# mi-run: allow(no-slash)` switches this off.",
    ),
    (
        "not-in-report",
        "With `--rerun-failed` only that is run which did not pass in a report before. A playbook or a step does not fit that \
         report: it was added, renamed or taken away since, or its path was given otherwise. A playbook that the report does \
         not know is run as a whole.",
    ),
    (
        "open-path",
        "An input that takes any text stands in the path of a request. What it holds cannot begin a query or \
         a fragment, and `..` is refused, but a slash in it leads to another resource than the path shows. \
         Give the input a `pattern` or a `one_of`, or encode its slashes with `urlencode`. Who trusts whoever \
         gives the value writes `# mi-run: allow(open-path)`.",
    ),
    (
        "preview-api-version",
        "The api-version ends in `-preview` or another word: its shape may change without notice and it is \
         withdrawn after a while. Pipelines that run for years want a final one. `# mi-run: \
         allow(preview-api-version)` for features that have no other.",
    ),
    (
        "report-conflict",
        "Reports that are made one do not fit together: they are of several clouds, identities or versions, the same playbook or \
         the same run is in several of them, or a shard is missing. All of them are told nevertheless, each playbook with the \
         name of its report where it is in several.",
    ),
    (
        "secret-in-file",
        "Something in the file looks like a token, a key, a password or the signature of a shared access \
         signature, or an input that is `secret: true` has its value written out. Files are copied, committed \
         and mailed. Take the value from outside with an input that has `secret: true` and `env:`, and \
         replace the secret, since it is known now. What only looks like one: `# mi-run: \
         allow(secret-in-file)`.",
    ),
    (
        "spelled-otherwise",
        "A segment of a path is written in another case than in Azure's reference. Resource Manager takes any case, and \
         answers in its own or in yours; templates, policies and scripts that compare such ids letter by letter then miss. \
         `# mi-run: allow(spelled-otherwise)` switches this off.",
    ),
    (
        "unknown-action",
        "An `access` step claims something of an action that matches no operation that any built-in role \
         names: it is misspelt most likely, or it is a data action under `can`, or a control one under \
         `can_data`. Such a claim proves nothing; a `cannot` would hold for ever. Providers that no built-in \
         role names are possible: `# mi-run: allow(unknown-action)` then.",
    ),
    (
        "unknown-api-version",
        "An api-version is a date, as in `2021-04-01`, perhaps with a word behind it, as in `-preview`. This \
         one is none, lies before the beginning of Resource Manager, or in the future. Azure answers such a \
         request with 400 `InvalidApiVersionParameter` or `NoRegisteredProviderFound`. `# mi-run: \
         allow(unknown-api-version)` switches this off.",
    ),
    (
        "unproven-denial",
        "A step expects a refusal, and no other step is let in at the same path or at something in it. Azure \
         answers 403 for what does not exist just as for what is forbidden, so a misspelt name passes this \
         test for ever. Add a control: a step that reads the same path as somebody who may, or that reads \
         something in it. For a PUT or a POST what it would stand in will do. `# mi-run: \
         allow(unproven-denial)` before the step where the control is elsewhere.",
    ),
    (
        "waits-in-vain",
        "An `eventually` stands where another attempt cannot come out otherwise: on a request that changes \
         something and so is never sent twice, on a token that comes out of the cache, on a group in which \
         nothing is sent. The step fails at its first attempt, or only after the whole time. `# mi-run: \
         allow(waits-in-vain)` switches this off.",
    ),
];
