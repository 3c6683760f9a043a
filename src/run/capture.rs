//! Captures: names for values of a result.

use serde_json::Value;

use super::mishap;
use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use crate::plan::{Capture, Origin, Step};
use crate::query::Query;
use crate::source::Span;

impl Playbook<'_, '_> {
    /// Captures what a step names. What finds nothing and has no default is a failure.
    pub(super) fn capture(&self, step: &Step, reply: &Reply, progress: &mut Progress) -> Vec<(String, Value)> {
        let mut found = Vec::with_capacity(step.captures.len());
        for capture in &step.captures {
            let value = match self.look(capture, reply, progress) {
                Looked::Found(value) => value,
                Looked::Nothing => match &capture.default {
                    Some(default) => match default.render(&*self.frame) {
                        Ok(value) => value,
                        Err(misfit) => {
                            progress.misfit(self, &misfit);
                            continue;
                        }
                    },
                    None => {
                        let diagnostic = mishap::capture_failed(&capture.name, &looked_at(capture), outline(reply));
                        progress.failed(self, diagnostic.at(capture.span, "finds nothing"));
                        continue;
                    }
                },
                Looked::Broken => continue,
            };
            if capture.secret || progress.sensitive {
                self.engine.outlet.hide_value(&value);
            }
            found.push((capture.name.clone(), value));
        }
        found
    }

    fn look(&self, capture: &Capture, reply: &Reply, progress: &mut Progress) -> Looked {
        match &capture.origin {
            Origin::Json(query) => match reply.json() {
                Ok(json) => self.find(query, json, capture.span, progress),
                Err(_) if capture.default.is_some() => Looked::Nothing,
                Err(why) => {
                    let diagnostic = mishap::not_json(&reply.beginning(), reply.header("content-type"), why);
                    self.once(diagnostic.at(capture.span, "looks into the body as JSON"), progress);
                    Looked::Broken
                }
            },
            Origin::Claims(query) => self.find(query, &reply.claims, capture.span, progress),
            Origin::Header(name) => match name.render_text(&*self.frame) {
                Ok(name) => {
                    let value = reply.header(&name.to_ascii_lowercase());
                    Looked::from(value.map(|value| Value::String(value.to_owned())))
                }
                Err(misfit) => {
                    progress.misfit(self, &misfit);
                    Looked::Broken
                }
            },
            Origin::Regex(regex) => {
                let text = reply.text();
                let Some(found) = regex.over(&text) else {
                    progress.errored(self, mishap::too_much_text(regex.text()).at(capture.span, "looks for too much"));
                    return Looked::Broken;
                };
                let captured = found.captures(&text).and_then(|groups| groups.get(1).or_else(|| groups.get(0)));
                Looked::from(captured.map(|group| Value::String(group.as_str().to_owned())))
            }
            Origin::Text => Looked::Found(Value::String(reply.text())),
            Origin::Template(text) if !self.has_material(text, reply, progress) => Looked::Broken,
            Origin::Template(text) => match text.render(&self.frame.with_reply(reply)) {
                Ok(value) => Looked::Found(value),
                Err(misfit) => {
                    progress.misfit(self, &misfit);
                    Looked::Broken
                }
            },
        }
    }

    fn find(&self, query: &Query, value: &Value, span: Span, progress: &mut Progress) -> Looked {
        match query.select(value) {
            Some(found) => Looked::from(found.to_value()),
            None => {
                progress.errored(self, mishap::too_much_found(query).at(span, "asks for too much"));
                Looked::Broken
            }
        }
    }
}

enum Looked {
    Found(Value),
    Nothing,
    Broken,
}

impl From<Option<Value>> for Looked {
    fn from(value: Option<Value>) -> Self {
        value.map_or(Looked::Nothing, Looked::Found)
    }
}

fn looked_at(capture: &Capture) -> String {
    match &capture.origin {
        Origin::Json(query) => format!("`{query}` over the body"),
        Origin::Claims(query) => format!("`{query}` over the token's claims"),
        Origin::Header(name) => format!("the header `{}`", name.template.text()),
        Origin::Regex(regex) => format!("`{}` over the body", regex.text()),
        Origin::Text | Origin::Template(_) => "it".to_owned(),
    }
}

/// What the body is like, to see at a glance why a query misses.
fn outline(reply: &Reply) -> Option<String> {
    let json = reply.json().as_ref().ok().filter(|_| !reply.veiled)?;
    let members = json.as_object()?;
    let names: Vec<&str> = members.keys().take(12).map(String::as_str).collect();
    (!names.is_empty()).then(|| format!("status {}; the body has {}", reply.status, names.join(", ")))
}
