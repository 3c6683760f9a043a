//! `mi-run` runs declarative playbooks against Azure Resource Manager with managed-identity tokens.
//!
//! This page is the map of the code: the way from text to report, the rooms, what no room does, and where to put what
//! is new.
//!
//! ```text
//!  source text ─▶ yaml tree ─▶ playbook ─▶ plan ─▶ events ─▶ reports
//!    Source       Node+Span    document    ready    facts     console · json · junit · …
//!       │            │            │          │        ▲
//!       └─ diagnostics: every problem found on the way, with its place
//!                                            │
//!                              World: transport, clock, environment (handed in)
//!                                            ▲
//!                                 the network   or   the emulator
//! ```
//!
//! Each arrow is one public function: [`yaml::parse`], [`playbook::read`], [`plan::build`], [`run::Engine::run`], and the
//! `render` of a report. Each returns what it understood and pushes what it did not to
//! [`diagnostic::Diagnostics`]. Only [`run::World`] touches the outside, so all the rest is tested with strings.
//!
//! # Rooms
//!
//! A room imports only rooms above it in this list; a test reads the sources and says so when it is not true.
//!
//! - [`source`]: where text came from: sources, spans into them, values that remember their span.
//! - [`value`], [`moment`], [`pattern`], [`nearest`], [`secret`]: what flows through templates, captures and assertions, and
//!   how it is named in messages; times; regular expressions; the word that was meant; text that is never shown.
//! - [`diagnostic`]: what is wrong, where, and what to do. One method per message in `catalog`, a paragraph per code in
//!   `explain`, the look in `render`.
//! - [`yaml`]: text → spanned tree, and back from a range inside a scalar to the bytes of the file.
//! - [`template`]: `{{ … }}`: parse, the names used, render.
//! - [`http`]: request, response and transport as values; `client` sends them.
//! - [`query`], [`predicate`], [`shape`]: what to look at; what must hold; JSON Schema.
//! - [`rbac`]: action patterns, permission sets and their algebra, scopes, roles, decisions with their reason, the operation of
//!   a request. The emulator and whoever asks about access decide by the same patterns.
//! - [`azure`]: clouds, the error envelope of Resource Manager, what an answer says about access and what a refusal means,
//!   permissions and assignments, pages of lists, long-running operations, when to try again, instance metadata.
//! - [`identity`]: where tokens come from, one file per source, what they say, the cache all steps share.
//! - [`doctor`]: every cause that is known for a token that does not come or does not do, looked into one by one.
//! - [`playbook`]: the document the author wrote, its reader and its schema.
//! - [`plan`]: the document with names resolved and defaults applied; what waits for what; what the caller gives; in `needs`
//!   the role that it needs.
//! - [`lint`]: what a playbook says that is allowed and hardly meant; `# mi-run: allow(code)` switches it off in place.
//! - [`event`]: what did happen; a record is a run folded from its events, whose steps lie on a `Spool`: reports read them back one
//!   by one. Redaction stands at its door, the `Outlet`.
//! - [`run`]: plan → events, one file per action.
//! - [`report`]: events → text, one file per format.
//! - [`emulator`]: the offline twin of the identity endpoints and of Resource Manager: `world` is what its author wrote,
//!   `store` what requests change, `service` a pure function from request to response, `server` the only part with sockets.
//!
//! The binary holds `cli`: arguments, environment, terminals, exit codes.
//!
//! # Worlds
//!
//! How to write a world of the emulator, and which way a request goes through it, stands at the top of [`emulator`].
//!
//! # What no room does
//!
//! - Nothing but `cli` prints, reads the environment or ends the process.
//! - Nothing but `http::client` opens a connection, and nothing but the emulator's `server` listens.
//! - No report sees a secret: events are redacted once, where they leave the engine, and reports only see events.
//! - No report knows how the run came about: a recorded run renders tomorrow, on another machine.
//! - Nothing that is printed commands a pipeline or a terminal, but for the reports that are commands: `cli` prints by way of
//!   `diagnostic::pipeline`.
//! - The emulator knows nothing of playbooks: it stands for someone else's server.
//! - No input panics, and no input is dropped in silence.
//!
//! # How to add
//!
//! - *a key of a step*: the field with its doc line and its reading in `playbook/step.rs`; what it means in
//!   `plan/build.rs`; what it does in `run/playbook.rs`. The schema follows from the type (`UPDATE=1 cargo test`).
//! - *a predicate*: a variant and its words in `predicate.rs` and `predicate/words.rs`, its judgement in
//!   `predicate/compare.rs`, its reading in `playbook/check.rs`.
//! - *an action*: a variant in `playbook/step.rs` and `plan/mod.rs`, a file in `run/` called by `run/playbook.rs`.
//! - *an event*: a type in `event/mod.rs`, its redaction in `event/redact.rs`, its place in `event/record.rs`.
//! - *a report*: a file in `report/`, its name and how it writes a character in `cli/reports.rs`, a line in `docs/reports.md`.
//! - *a key of a world*: the field with its doc line in `emulator/world/document.rs`, what it means in
//!   `emulator/world/resolve/`. The schema follows from the type.
//! - *something that the emulator answers*: what it is in `emulator/store/`, a file in `emulator/arm/` called by its `route`
//!   (or in `emulator/hosts/` for an identity endpoint), its refusals in `emulator/arm/refusal/`.
//! - *what a refusal means*: a code in `azure/cure/codes.rs`; what has to be asked for it, in `azure/cure.rs` (`next`) and
//!   `run/diagnose.rs`; a page in `tests/cases/diagnosis`.
//! - *a source of tokens*: a file in `identity/`, its variant and how it is found in `identity/source.rs`, its patience in
//!   `identity/patience.rs`, what its errors mean in `run/mishap/tokens.rs`.
//! - *a lint*: its code in `lint/mod.rs`, what finds it in a file of `lint/`, its message in `diagnostic/catalog/lints.rs`, its
//!   paragraph in `diagnostic/explain.rs`.
//! - *a diagnostic*: a method in `diagnostic/catalog.rs` or a file below it (or a function in `run/mishap.rs`), and its
//!   paragraph in `diagnostic/explain.rs`.
//!
//! Each of them gets a page under `tests/cases`.

pub mod azure;
pub mod diagnostic;
pub mod doctor;
pub mod emulator;
pub mod event;
pub mod http;
pub mod identity;
pub mod lint;
pub mod moment;
pub mod nearest;
pub mod pattern;
pub mod plan;
pub mod playbook;
pub mod predicate;
pub mod query;
pub mod rbac;
pub mod report;
pub mod run;
pub mod secret;
pub mod shape;
pub mod source;
pub mod template;
pub mod value;
pub mod yaml;
