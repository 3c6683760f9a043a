//! A playbook: from its text to the plan, its lints and what is shown of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mi_run::diagnostic::render::{Style, render};
use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::plan::{Caller, Opener};
use mi_run::source::{Source, SourceId, Sources};
use mi_run::template::Nothing;
use mi_run::{lint, plan};

/// Every file there is says this, so that playbooks that include others do.
const INCLUDED: &str =
    "inputs: {a: {default: 1}}\nsteps:\n  - id: x\n    set: {b: '{{ a }}'}\noutputs: {c: '{{ b }}'}\n";

/// Files that are all the same.
struct Files;

impl Opener for Files {
    fn locate(&self, _: &str, written: &str) -> Result<PathBuf, String> {
        if written.contains("..") { Err("it stands outside".to_owned()) } else { Ok(PathBuf::from(written)) }
    }

    fn open(&self, _: &Path, name: &str, sources: &mut Sources) -> Result<SourceId, Box<Diagnostic>> {
        Ok(sources.add(Source::new(name, INCLUDED)))
    }
}

pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(source) = Source::from_bytes("x.yaml", bytes.to_vec()) else { return };
    let mut sources = Sources::new();
    let mut found = Diagnostics::new();
    let id = sources.add(source);
    if let Some(documents) = plan::gather((id, Path::new("x.yaml")), &mut sources, &Files, &mut found) {
        let plan = plan::build(documents, &sources, &mut found);
        if !found.has_errors() {
            lint::lint(&plan, &mut sources, (SystemTime::UNIX_EPOCH, &mut found));
            look_ahead(&plan, &sources, &mut found);
        }
    }
    shown(found, &sources);
}

/// What `mi-run plan` does.
fn look_ahead(plan: &plan::Plan, sources: &Sources, found: &mut Diagnostics) {
    let caller = Caller { given: &[], lookup: &|_| None, scope: &Nothing, sources };
    let values: HashMap<_, _> = plan::resolve(plan, &caller, found);
    let preview = plan::preview(plan, "x.yaml", &values, &caller);
    plan::draw::text(&preview);
    let previews = [preview];
    plan::draw::dot(&previews);
    plan::draw::mermaid(&previews);
}

/// Every place that is told is in a text, and every diagnostic can be shown.
pub(crate) fn shown(found: Diagnostics, sources: &Sources) {
    for diagnostic in found.sorted() {
        for label in &diagnostic.labels {
            let text = sources.get(label.span.source).text();
            assert!(text.get(label.span.range()).is_some(), "{diagnostic:?}");
        }
        let text = render(&diagnostic, sources, Style::default());
        assert!(text.contains(&*diagnostic.code), "{text}");
    }
}
