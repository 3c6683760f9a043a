//! What is allowed and hardly meant: the warnings of `mi-run check`.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;

impl Diagnostics {
    /// Nothing is judged here.
    pub fn judges_nothing(&mut self, span: Span, why: &str) {
        let diagnostic = Diagnostic::warning("judges-nothing", "this judges nothing").at(span, why);
        self.push(diagnostic.help("expect something that could fail, or leave it out"));
    }

    /// A status that lets both answers pass.
    pub fn either_way(&mut self, span: Span, refusal: u16) {
        let title = format!("this passes whether the identity is let in or refused with {refusal}");
        self.push(
            Diagnostic::warning("either-way", title)
                .at(span, "both answers hold")
                .help("expect one of them: `expect: allowed` or `expect: denied`"),
        );
    }

    /// A refusal of what is not known to exist.
    pub fn unproven_denial(&mut self, span: Span, step: Span) {
        self.push(
            Diagnostic::warning("unproven-denial", "nothing shows that what is refused exists")
                .at(span, "Azure refuses a path that leads nowhere just the same")
                .beside(step, "in this step")
                .help(
                    "read the same path, or something in it, in a step that is let in (with another identity, perhaps)",
                ),
        );
    }

    /// Waiting for what cannot come about.
    pub fn waits_in_vain(&mut self, span: Span, why: &str, help: &str) {
        self.push(Diagnostic::warning("waits-in-vain", "this waits for what cannot change").at(span, why).help(help));
    }

    /// A name that nothing uses.
    pub fn never_used(&mut self, span: Span, kind: &str, name: &str) {
        let title = format!("the {kind} `{name}` is never used");
        self.push(Diagnostic::warning("never-used", title).at(span, "no template takes it").help("leave it out"));
    }

    /// A secret for all to read.
    pub fn secret_in_file(&mut self, span: Span, what: &str) {
        self.push(
            Diagnostic::warning("secret-in-file", "a secret stands in the file for all to read")
                .at(span, format!("this looks like {what}"))
                .help("take it from outside: an input with `secret: true` and `env: NAME`")
                .help("who could read the file may have it: let a new one take its place"),
        );
    }

    /// A version that is not final.
    pub fn preview_api_version(&mut self, span: Span, version: &str) {
        self.push(
            Diagnostic::warning("preview-api-version", format!("`{version}` is a preview"))
                .at(span, "it may change, and is withdrawn some day")
                .help("take the newest api-version without a word behind the date"),
        );
    }

    /// A version that is none.
    pub fn unknown_api_version(&mut self, span: Span, version: &str, why: &str) {
        let title = format!("`{version}` is hardly an api-version");
        self.push(Diagnostic::warning("unknown-api-version", title).at(span, why));
    }

    /// A request without a version.
    pub fn no_api_version(&mut self, span: Span) {
        self.push(
            Diagnostic::warning("no-api-version", "the request names no api-version")
                .at(span, "Resource Manager refuses it with status 400")
                .help("add `?api-version=2021-04-01`, or name one for all: `defaults: {api_version: 2021-04-01}`"),
        );
    }

    /// A resource that lacks its slash.
    pub fn no_slash(&mut self, span: Span, resource: &str, right: &str) {
        self.push(
            Diagnostic::warning("no-slash", format!("`{resource}` lacks the slash at its end"))
                .at(span, "a resource is matched letter by letter")
                .help(format!("write `{right}`")),
        );
    }

    /// Something that is of another cloud than what it goes with.
    pub fn cloud_mismatch(&mut self, span: Span, (what, its): (&str, &str), other: &str) {
        let title = format!("this {what} is of the cloud `{its}`, and what it goes with is of `{other}`");
        self.push(
            Diagnostic::warning("cloud-mismatch", title)
                .at(span, format!("of `{its}`"))
                .help("let the cloud say it: a path that begins with `/`, and short names such as `arm` or `graph`"),
        );
    }

    /// A segment of an id in another case than Azure writes it.
    pub fn spelled_otherwise(&mut self, span: Span, found: &str, right: &str) {
        self.push(
            Diagnostic::warning("spelled-otherwise", format!("`{found}` is spelled `{right}`"))
                .at(span, "Azure takes it so, and who compares letter by letter does not")
                .help(format!("write `{right}`")),
        );
    }

    /// An id that is compared by its letters.
    pub fn id_by_letters(&mut self, span: Span, predicate: &str) {
        self.push(
            Diagnostic::warning("id-by-letters", format!("`{predicate}` compares an id of Azure letter by letter"))
                .at(span, "Azure answers with `resourceGroups` or `resourcegroups`, as it likes")
                .help("compare it as an id: `resource_id: …`; of a part of it: `matches: (?i)…`"),
        );
    }

    /// An action that no role names.
    pub fn unknown_action(&mut self, span: Span, action: &str, near: Option<&str>) {
        self.push(
            Diagnostic::warning("unknown-action", format!("no operation is known that `{action}` matches"))
                .at(span, "a claim about what does not exist proves nothing")
                .maybe_help(near.map(|near| format!("similar is `{near}`"))),
        );
    }

    /// An action of the other plane.
    pub fn action_of_other_plane(&mut self, span: Span, action: &str, key: &str) {
        let other = key.strip_suffix("_data").map_or_else(|| format!("{key}_data"), str::to_owned);
        self.push(
            Diagnostic::warning("unknown-action", format!("`{action}` matches operations of the other plane only"))
                .at(span, "a claim about what does not exist proves nothing")
                .help(format!("claim it under `{other}`")),
        );
    }

    /// A link to the next page that is made by hand.
    pub fn hand_made_link(&mut self, span: Span, why: &str) {
        self.push(
            Diagnostic::warning("hand-made-link", "the pages of a list are followed by hand")
                .at(span, why)
                .help("let the request follow them: `pages: all` joins what every page lists"),
        );
    }

    /// A path that an input could bend.
    pub fn open_path(&mut self, span: Span, name: &str, input: Span) {
        self.push(
            Diagnostic::warning("open-path", format!("the input `{name}` may lead this path elsewhere"))
                .at(span, "a slash in its value leads on")
                .beside(input, "takes any text")
                .help("give the input a `pattern`, such as `pattern: '[-\\w.()]+'`, or a `one_of`")
                .help(format!("or encode it: `{{{{ {name} | urlencode }}}}`")),
        );
    }
}
