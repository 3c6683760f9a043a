//! The `playbook` action: another playbook, whose steps are those of this one's step.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::frame::Frame;
use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use crate::diagnostic::Diagnostics;
use crate::event::Outcome;
use crate::plan::{self, Caller, Given, Include, InputOrigin, Step};

impl<'p> Playbook<'p, '_> {
    /// Runs the playbook that a step includes; what it captures of its outputs.
    pub(super) async fn include(
        &self,
        inside: &Self,
        (step, include): (&'p Step, &'p Include),
        progress: &mut Progress,
    ) -> Vec<(String, Value)> {
        let Some(values) = self.inputs(include, progress) else {
            return Vec::new();
        };
        // Who says nothing of its identity runs as its caller.
        let identity = match include.plan.identity {
            Some(_) => None,
            None => match self.whose(None, progress) {
                Some(whose) => Some(whose),
                None => return Vec::new(),
            },
        };
        let folder = Path::new(&include.path).parent().unwrap_or(Path::new(""));
        let playbook = Playbook::included(inside, &include.plan, (folder, identity), &values);
        if step.name.is_none() {
            progress.step.name = playbook.name(&progress.step.name);
        }
        progress.step.holds_steps = true;
        progress.step.outcome = playbook.run().await;
        let (outputs, misfits) = playbook.outputs();
        misfits.iter().for_each(|misfit| progress.misfit(self, misfit));
        let body = Value::Object(outputs).to_string().into_bytes();
        let mut reply = Reply::new(200, Vec::new(), body.into(), std::time::Duration::ZERO);
        if progress.step.outcome == Outcome::Errored && step.assertions.is_empty() && step.captures.is_empty() {
            return Vec::new();
        }
        self.conclude(step, &mut reply, progress)
    }

    /// The values of the inputs of an included playbook.
    fn inputs(&self, include: &Include, progress: &mut Progress) -> Option<HashMap<String, Value>> {
        let mut given = Vec::with_capacity(include.with.len());
        for (name, tree) in &include.with {
            match tree.render(&*self.frame) {
                Ok(value) => given.push(Given { name: name.clone(), value, origin: InputOrigin::With }),
                Err(misfit) => {
                    progress.misfit(self, &misfit);
                    return None;
                }
            }
        }
        let variables = (self.engine.world.variables)();
        let lookup = |name: &str| variables.get(name).and_then(Value::as_str).map(str::to_owned);
        let scope = Frame::bare(self.engine);
        let caller = Caller { given: &given, lookup: &lookup, scope: &scope, sources: self.engine.sources };
        let mut found = Diagnostics::new();
        let values = plan::resolve(&include.plan, &caller, &mut found);
        let bad = found.has_errors();
        found.sorted().into_iter().for_each(|diagnostic| progress.errored(self, diagnostic));
        (!bad).then_some(values)
    }
}
