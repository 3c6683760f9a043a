//! What will happen and what waits for what: a playbook with its names resolved and its defaults applied.
//!
//! Nothing here does I/O.

mod access;
mod build;
mod claim;
pub mod draw;
mod extent;
mod gather;
mod inputs;
mod known;
mod names;
pub mod needs;
mod order;
mod preview;
mod request;
mod result;
mod select;
mod steps;
mod texts;

use std::rc::Rc;
use std::time::Duration;

use crate::azure::cloud::Choice;
use crate::identity::{Source, Whose};
use crate::source::{SourceId, Span, Spanned};
use crate::template::{Text, Tree};

pub use access::{Access, Bound, Claim, Says};
pub use build::{GLOBALS, build};
pub use claim::{Assertion, Capture, Origin, Subject};
pub use gather::{Documents, Opener, gather};
pub use inputs::{Caller, Given, Lookup, Origin as InputOrigin, declared, has_secrets, resolve};
pub use preview::{Preview, PreviewStep, Variable, Waiting, preview};
pub use select::Selection;

/// How long an attempt may take when nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A playbook, ready to be carried out.
#[derive(Debug)]
pub struct Plan {
    /// The file.
    pub source: SourceId,
    /// What it is called.
    pub name: Option<Text>,
    /// The cloud, as the playbook says.
    pub cloud: Choice,
    /// Where it says so; one that is included and says nothing takes its caller's.
    pub cloud_span: Option<Span>,
    /// The endpoints by which it describes its cloud: what each is of, and its URL.
    pub endpoints: Vec<(&'static str, Spanned<String>)>,
    /// The identity of every step that names none; one that is included takes its caller's where it says nothing.
    pub identity: Option<Whose<Text>>,
    /// What the caller gives.
    pub inputs: Vec<Input>,
    /// What is derived, when it is first used.
    pub vars: Vec<Var>,
    /// The variables that the name uses.
    pub head: Vec<usize>,
    /// The steps, in the order of the file.
    pub steps: Vec<Step>,
    /// The steps that run last, in order.
    pub cleanup: Vec<Step>,
    /// What it gives to its caller, and the variables and names that takes.
    pub outputs: Vec<(String, Tree)>,
    /// What the outputs use.
    pub tail: Uses,
    /// Whether any step may change something.
    pub changes: bool,
}

/// What templates use of the playbook around them.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// The steps whose captures are used, and the name of each capture.
    pub captures: Vec<(usize, String)>,
    /// The variables, each behind those that it needs.
    pub vars: Vec<usize>,
    /// The names of those that every playbook has.
    pub globals: Vec<&'static str>,
}

/// Something the caller gives.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// What it is.
    pub declaration: crate::playbook::Input,
}

/// Something that is derived.
#[derive(Clone, Debug)]
pub struct Var {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its value.
    pub tree: Tree,
}

/// A step, ready to be carried out.
#[derive(Debug)]
pub struct Step {
    /// Which step of its playbook, in the order of the file, groups before what is in them.
    pub number: usize,
    /// The number behind the last step inside: only a group holds others.
    pub end: usize,
    /// Its id; one made of its name or its action when none was given.
    pub id: String,
    /// What it is called.
    pub name: Option<Text>,
    /// The place that stands for it.
    pub span: Span,
    /// The words it can be selected by.
    pub tags: Vec<String>,
    /// Skipped when this is false.
    pub when: Option<Text>,
    /// What it is repeated over.
    pub each: Option<Each>,
    /// The steps beside it that it waits for.
    pub waits: Vec<Wait>,
    /// The steps that must have passed.
    pub needs: Vec<usize>,
    /// What it uses itself: a group's steps use what they use.
    pub uses: Uses,
    /// What it does.
    pub action: Action,
    /// What must hold.
    pub assertions: Vec<Assertion>,
    /// What is captured.
    pub captures: Vec<Capture>,
    /// All names that are captured by it and by the steps inside.
    pub exports: Vec<String>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How passing faults are met.
    pub retry: Retry,
    /// Waiting for what comes about.
    pub eventually: Option<Eventually>,
    /// Whether bodies and captures are secret.
    pub sensitive: bool,
    /// Whether it may change something outside.
    pub changes: bool,
    /// Whether a request may be sent twice without harm whatever its method.
    pub safe: bool,
    /// Why it is left out, when a selection does.
    pub left_out: Option<&'static str>,
}

/// What a step is repeated over.
#[derive(Debug)]
pub struct Each {
    /// Where it stands.
    pub span: Span,
    /// The items.
    pub items: Items,
    /// What templates call the item.
    pub name: String,
    /// What the items use.
    pub uses: Uses,
}

/// The items of a loop.
#[derive(Debug)]
pub enum Items {
    /// A list.
    List(Tree),
    /// Lists by name, of which every combination is an item.
    Axes(Vec<(String, Tree)>),
}

/// A step beside another that has to end first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Which one, of those beside it.
    pub step: usize,
    /// Why.
    pub why: Why,
}

/// Why a step waits for another. Earlier reasons beat later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It uses what the other captures.
    Captures,
    /// It names the other in `needs`.
    Needs,
    /// The other may change what it looks at, or it may change what the other looks at.
    Change,
    /// The other may show that what is refused exists.
    Evidence,
}

/// How passing faults are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts there are, the first included.
    pub attempts: u32,
    /// The wait before the second attempt; doubled before each further one.
    pub base: Duration,
    /// The longest such wait.
    pub cap: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_millis(500), cap: Duration::from_secs(30) }
    }
}

/// Waiting for what comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eventually {
    /// How long at most.
    pub within: Duration,
    /// The pause between two attempts; without it one that grows.
    pub every: Option<Duration>,
    /// How many times in a row the expectations must hold.
    pub hold: u32,
    /// Where the step, or the group around it, says so; nothing for a default.
    pub span: Option<Span>,
}

/// Following a long-running operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// How long at most.
    pub within: Duration,
    /// The pause where the server does not say.
    pub every: Duration,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Acquires a token.
    Token(TokenRequest),
    /// Sends a request.
    Request(Box<Request>),
    /// Computes variables.
    Set(Vec<(String, Tree)>),
    /// Judges expressions.
    Assert(Vec<Text>),
    /// Decides what the identity may do at a scope.
    Access(Box<Access>),
    /// Reads the VM's instance metadata.
    Metadata(Text),
    /// Runs another playbook.
    Include(Box<Include>),
    /// Runs the steps inside.
    Group(Vec<Step>),
}

/// Another playbook that is run as a step.
#[derive(Debug)]
pub struct Include {
    /// The file as it was given.
    pub path: String,
    /// What is to be done.
    pub plan: Rc<Plan>,
    /// What its inputs are given.
    pub with: Vec<(String, Tree)>,
}

impl Action {
    /// The key in a playbook.
    pub fn word(&self) -> &'static str {
        match self {
            Action::Token(_) => "token",
            Action::Request(_) => "request",
            Action::Set(_) => "set",
            Action::Assert(_) => "assert",
            Action::Access(_) => "access",
            Action::Metadata(_) => "metadata",
            Action::Include(_) => "playbook",
            Action::Group(_) => "steps",
        }
    }
}

/// Which token to acquire.
#[derive(Debug)]
pub struct TokenRequest {
    /// A short name or a resource; `arm` without it.
    pub resource: Option<Text>,
    /// The identity; the playbook's without it.
    pub identity: Option<Whose<Text>>,
    /// The source; that of the identity without it.
    pub source: Option<Source>,
    /// Whether a good token that is there will not do.
    pub fresh: bool,
}

/// A request.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Where to.
    pub url: Text,
    /// How many bytes of the rendered `url` stand before the URL.
    pub prefix: usize,
    /// The `api-version`, and whether it is only a default.
    pub api_version: Option<(Text, bool)>,
    /// Parameters to add to the query.
    pub query: Vec<(String, Tree)>,
    /// Headers; later ones win.
    pub headers: Vec<(String, Text)>,
    /// The body.
    pub body: Body,
    /// Whose token it carries.
    pub auth: Auth,
    /// How many redirects are followed.
    pub redirects: u32,
    /// How many pages are read, when `nextLink` is followed.
    pub pages: Option<u32>,
    /// How a long-running operation is followed, when it is.
    pub poll: Option<Poll>,
}

/// The body of a request.
#[derive(Debug)]
pub enum Body {
    /// None.
    None,
    /// Sent as JSON.
    Json(Tree),
    /// Sent as a form.
    Form(Vec<(String, Tree)>),
    /// Sent as it is.
    Text(Text),
    /// The bytes of a file.
    File(Text),
}

/// Whose token a request carries.
#[derive(Debug)]
pub enum Auth {
    /// Resource Manager's for Resource Manager, none for others.
    Default,
    /// One for a resource (a short name, a URL, or `none`).
    Resource(Option<Text>, Option<Whose<Text>>),
    /// One of the playbook's own making.
    Bearer(Text),
}
