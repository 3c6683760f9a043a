//! What is asked for: tokens and HTTP requests.

use schemars::{JsonSchema, Schema, json_schema};

use super::document::{Identity, IdentitySource};
use super::reader::{Read, Reader};
use super::repeat::{Pages, Poll};
use super::schema;
use crate::azure::cloud::{SHORT_NAMES, is_resource};
use crate::source::Spanned;
use crate::template::{Text, Tree};
use crate::yaml::Named;
use crate::yaml::{Kind, Node};

/// Which token to acquire: a short name, a resource URL, or a map.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_resource)]
pub struct TokenRequest {
    /// `arm`, `graph`, `key_vault`, `storage`, or a resource URL; `arm` without it.
    #[schemars(transform = short_or_url)]
    pub resource: Option<Text>,
    /// The identity to ask for; without it the playbook's.
    pub identity: Option<Identity>,
    /// Where it comes from; without it that of the identity, or found out.
    pub source: Option<Spanned<IdentitySource>>,
    /// Whether to ask for a new token even when a good one is there.
    pub fresh: Option<bool>,
}

fn short_or_url(schema: &mut Schema) {
    schema::resource(schema, SHORT_NAMES);
}

fn or_resource(schema: &mut Schema) {
    let mut text = json_schema!({"type": "string", "description": "A short name, or a resource URL."});
    short_or_url(&mut text);
    schema::alternatives(schema, &[text.to_value()]);
}

/// An HTTP request: `METHOD url`, or a map.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_request_line)]
pub struct Request {
    /// The HTTP method; `GET` without it.
    pub method: Option<Spanned<Method>>,
    /// Where to; a URL that begins with `/` is on the cloud's Resource Manager endpoint.
    #[schemars(transform = schema::url)]
    pub url: Text,
    /// How many bytes of the rendered `url` are the method and the blanks behind it.
    #[schemars(skip)]
    pub prefix: usize,
    /// The value of the `api-version` parameter.
    pub api_version: Option<Text>,
    /// Parameters of the query; the values are encoded.
    pub query: Option<Named<Tree>>,
    /// Headers; they win over those of `defaults`.
    pub headers: Option<Named<Text>>,
    /// A body that is sent as JSON.
    pub json: Option<Tree>,
    /// A body that is sent as a form.
    pub form: Option<Named<Tree>>,
    /// A body that is sent as it is.
    pub text: Option<Text>,
    /// A file whose bytes are the body; relative to the playbook.
    pub file: Option<Text>,
    /// Whose token the request carries: `arm` for Resource Manager and `none` elsewhere, unless said.
    pub auth: Option<Auth>,
    /// How many redirects to follow; none without it. No token, no own header and no secret body crosses origins.
    pub redirects: Option<Spanned<u32>>,
    /// How many pages of a list to follow by `nextLink`: `all`, or a number. Their `value`s are joined.
    pub pages: Option<Spanned<Pages>>,
    /// Whether, and how long, to follow a long-running operation to its end; the result is the final resource.
    pub poll: Option<Spanned<Poll>>,
}

fn or_request_line(schema: &mut Schema) {
    schema::at_most_one(schema, &["json", "form", "text", "file"]);
    schema::alternatives(schema, &[schema::request_line()]);
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Reads without the body.
    Head,
    /// Acts.
    Post,
    /// Creates or replaces.
    Put,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
    /// Asks what is possible.
    Options,
}

impl Method {
    /// The names and what they stand for.
    pub const WORDS: &[(&str, Self)] = &[
        ("GET", Self::Get),
        ("HEAD", Self::Head),
        ("POST", Self::Post),
        ("PUT", Self::Put),
        ("PATCH", Self::Patch),
        ("DELETE", Self::Delete),
        ("OPTIONS", Self::Options),
    ];

    /// The name on the wire.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("GET", |(word, _)| word)
    }
}

/// Whose token a request carries: `arm`, `none`, a resource, or a map.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_auth_word)]
pub struct Auth {
    /// `none`, a short name or a resource URL.
    #[schemars(transform = word_or_url)]
    pub resource: Option<Text>,
    /// The identity whose token it is; without it the playbook's.
    pub identity: Option<Identity>,
    /// A token of the playbook's own making.
    pub bearer: Option<Text>,
}

fn word_or_url(schema: &mut Schema) {
    schema::resource(schema, AUTH_WORDS);
}

fn or_auth_word(schema: &mut Schema) {
    let mut text = json_schema!({"type": "string", "description": "`none`, a short name, or a resource URL."});
    word_or_url(&mut text);
    schema::at_most_one(schema, &["bearer", "resource"]);
    schema::alternatives(schema, &[text.to_value()]);
}

impl Read for TokenRequest {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.kind, Kind::Map(_)) {
            let resource = resource(node, SHORT_NAMES, reader);
            return resource.map(|resource| Self {
                resource: Some(resource),
                identity: None,
                source: None,
                fresh: None,
            });
        }
        let mut fields = reader.fields(node, "a token request")?;
        let request = Self {
            resource: fields.node("resource").and_then(|node| resource(node, SHORT_NAMES, reader)),
            identity: fields.get("identity", reader),
            source: fields.node("source").and_then(|node| IdentitySource::read(node, reader)),
            fresh: fields.get("fresh", reader),
        };
        fields.finish(reader);
        Some(request)
    }
}

impl Read for Request {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some(text) = node.text() {
            return request_line(node, text, reader);
        }
        let mut fields = reader.fields(node, "a request")?;
        let method = fields
            .node("method")
            .and_then(|node| reader.word(node, Method::WORDS).map(|method| Spanned::new(method, node.span)));
        let request = Self {
            method,
            prefix: 0,
            api_version: fields.get("api_version", reader),
            query: fields.get("query", reader),
            headers: fields.get("headers", reader),
            json: fields.entry("json").and_then(|entry| reader.tree(&entry.value)),
            form: fields.get("form", reader),
            text: fields.get("text", reader),
            file: fields.get("file", reader),
            auth: fields.get("auth", reader),
            redirects: fields.get("redirects", reader),
            pages: fields.get("pages", reader),
            poll: fields.get("poll", reader),
            url: {
                let written = fields.required("url", reader).zip(fields.node("url"));
                match written.and_then(|(text, node)| url(text, 0, node, reader)) {
                    Some(url) => url,
                    None => {
                        fields.finish(reader);
                        return None;
                    }
                }
            },
        };
        if let [first, second, ..] = fields.present(&["json", "form", "text", "file"]).as_slice() {
            reader.diagnostics.exclusive_keys(second.span, first.span, "a request has at most one body");
        }
        fields.finish(reader);
        Some(request)
    }
}

/// What `auth` may say in a word.
const AUTH_WORDS: &[&str] = &["none", "arm", "graph", "key_vault", "storage"];

/// A resource: one of some words, a URL, or a template that gives one of them.
fn resource(node: &Node, words: &[&str], reader: &mut Reader<'_>) -> Option<Text> {
    let text = reader.text(node)?;
    if let Some(word) = text.template.literal()
        && !words.contains(&word)
        && !is_resource(word)
    {
        reader.diagnostics.unknown_resource(node.span, word, words);
        return None;
    }
    Some(text)
}

/// The URL of a request, when what is written out of it can begin one.
fn url(text: Text, start: usize, node: &Node, reader: &mut Reader<'_>) -> Option<Text> {
    let written = text.template.text().get(start..).unwrap_or_default().trim_end();
    let head = written.split("{{").next().unwrap_or_default();
    let folded = head.trim_start().to_ascii_lowercase();
    let begins = |scheme: &str| folded.starts_with(scheme) || head.len() < written.len() && scheme.starts_with(&folded);
    if head.contains("{%") || ["/", "https://", "http://"].into_iter().any(begins) {
        return Some(text);
    }
    let span = reader.inside(node, start..start + written.len());
    reader.diagnostics.invalid_url(span, written);
    None
}

/// Reads `METHOD url`.
fn request_line(node: &Node, text: &str, reader: &mut Reader<'_>) -> Option<Request> {
    let word = text.split_whitespace().next().unwrap_or("");
    let method = Method::WORDS.iter().find(|(name, _)| *name == word).map(|(_, method)| *method);
    let rest = text.trim_start().get(word.len()..).unwrap_or("").trim_start();
    let Some(method) = method.filter(|_| !rest.is_empty()) else {
        let start = text.len() - text.trim_start().len();
        let span = reader.inside(node, start..start + word.len());
        reader.diagnostics.request_line(span, word);
        return None;
    };
    let prefix = text.len() - rest.len();
    let url = reader.text(node).and_then(|text| url(text, prefix, node, reader))?;
    Some(Request {
        method: Some(Spanned::new(method, node.span)),
        url,
        prefix,
        api_version: None,
        query: None,
        headers: None,
        json: None,
        form: None,
        text: None,
        file: None,
        auth: None,
        redirects: None,
        pages: None,
        poll: None,
    })
}

impl Read for Auth {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.kind, Kind::Map(_)) {
            let resource = resource(node, AUTH_WORDS, reader);
            return resource.map(|resource| Self { resource: Some(resource), identity: None, bearer: None });
        }
        let mut fields = reader.fields(node, "an `auth`")?;
        let auth = Self {
            resource: fields.node("resource").and_then(|node| resource(node, AUTH_WORDS, reader)),
            identity: fields.get("identity", reader),
            bearer: fields.get("bearer", reader),
        };
        if let [first, second, ..] = fields.present(&["bearer", "resource"]).as_slice() {
            reader.diagnostics.exclusive_keys(second.span, first.span, "a request carries one token");
        }
        fields.finish(reader);
        Some(auth)
    }
}
