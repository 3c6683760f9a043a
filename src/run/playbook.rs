//! A playbook that is being run, as its steps see it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value};

use super::frame::Frame;
use super::progress::Progress;
use super::{Engine, Job};
use crate::azure::cloud::{Choice, Cloud};
use crate::event::{Outcome, Trail};
use crate::identity::Whose;
use crate::plan::{Plan, Step, Uses};
use crate::template::Misfit;

/// A playbook that is being run, seen from one of its blocks: the names there are, and the way there.
#[derive(Clone)]
pub(super) struct Playbook<'p, 'e> {
    pub(super) engine: &'p Engine<'e>,
    /// Which playbook of the run.
    pub(super) index: usize,
    pub(super) plan: &'p Plan,
    /// The names that the steps of the block see.
    pub(super) frame: Rc<Frame>,
    pub(super) common: Rc<Common>,
    /// The way to the block.
    pub(super) trail: Trail,
    /// What the groups on that way are called.
    pub(super) within: Vec<String>,
    /// Whether it is the cleanup that runs.
    pub(super) cleanup: bool,
    /// Whether everything here is secret.
    pub(super) sensitive: bool,
}

/// What all blocks of a playbook share.
pub(super) struct Common {
    /// The names of the playbook itself.
    pub(super) root: Rc<Frame>,
    /// The cloud, once it is known. Included playbooks that say nothing of theirs share it.
    pub(super) cloud: Rc<RefCell<Option<Rc<Cloud>>>>,
    /// How it becomes known.
    pub(super) choice: Choice,
    /// The identity of the steps that name none, where it is not the one that the playbook names.
    pub(super) identity: Option<Whose>,
    /// Paths of Resource Manager that answered, in lower case, and to which steps: what is there without doubt. Nothing is
    /// kept where no step expects a refusal.
    pub(super) seen: Option<Rc<RefCell<HashMap<String, Trail>>>>,
    /// The folder that files are relative to.
    pub(super) folder: PathBuf,
    /// The folder that files must stay in.
    pub(super) root_folder: PathBuf,
    /// Variables that have their value.
    computed: RefCell<HashSet<usize>>,
}

impl<'p, 'e> Playbook<'p, 'e> {
    /// A playbook that was named on the command line.
    pub(super) fn new(engine: &'p Engine<'e>, index: usize, job: &'p Job) -> Self {
        let choice = engine.settings.cloud.as_ref().unwrap_or(&job.plan.cloud).clone();
        let selector = engine.settings.identity.clone();
        let common = Common {
            root: Rc::new(Frame::new(&job.values, engine, (&job.root, &job.folder))),
            cloud: known(&choice),
            choice,
            identity: selector.map(|selector| Whose { selector, source: None }),
            seen: job.plan.refuses().then(Rc::default),
            folder: job.folder.clone(),
            root_folder: job.root.clone(),
            computed: RefCell::default(),
        };
        Self::over(engine, (index, &job.plan), (common, &job.values))
    }

    /// A playbook that another includes.
    pub(super) fn included(
        caller: &Self,
        plan: &'p Plan,
        (folder, identity): (&Path, Option<Whose>),
        values: &HashMap<String, Value>,
    ) -> Self {
        let (cloud, choice) = match plan.cloud_span.is_none() || caller.engine.settings.cloud.is_some() {
            true => (Rc::clone(&caller.common.cloud), caller.common.choice.clone()),
            false => (known(&plan.cloud), plan.cloud.clone()),
        };
        let common = Common {
            root: Rc::new(Frame::new(values, caller.engine, (&caller.common.root_folder, folder))),
            cloud,
            choice,
            identity,
            seen: caller.common.seen.clone(),
            folder: folder.to_owned(),
            root_folder: caller.common.root_folder.clone(),
            computed: RefCell::default(),
        };
        let begun = Self::over(caller.engine, (caller.index, plan), (common, values));
        Self {
            trail: caller.trail.clone(),
            within: caller.within.clone(),
            cleanup: caller.cleanup,
            sensitive: caller.sensitive,
            ..begun
        }
    }

    fn over(
        engine: &'p Engine<'e>,
        (index, plan): (usize, &'p Plan),
        (common, values): (Common, &HashMap<String, Value>),
    ) -> Self {
        if let Some(cloud) = common.cloud.borrow().as_ref() {
            common.root.put("cloud", cloud.to_value());
        }
        for input in plan.inputs.iter().filter(|input| input.declaration.secret.unwrap_or(false)) {
            values.get(&input.name).into_iter().for_each(|value| engine.outlet.hide_value(value));
        }
        // What the caller overrides is not computed.
        let given = plan.vars.iter().enumerate().filter(|(_, var)| values.contains_key(&var.name));
        common.computed.borrow_mut().extend(given.map(|(at, _)| at));
        Self {
            engine,
            index,
            plan,
            frame: Rc::clone(&common.root),
            common: Rc::new(common),
            trail: Trail::default(),
            within: Vec::new(),
            cleanup: false,
            sensitive: false,
        }
    }

    /// What the playbook is called: its path, when it has no name or the name cannot be told yet.
    pub(super) fn name(&self, path: &str) -> String {
        let computed = self.compute(&self.plan.head).is_ok();
        let name = self.plan.name.as_ref().filter(|_| computed);
        name.and_then(|name| name.render_text(&*self.frame).ok()).unwrap_or_else(|| path.to_owned())
    }

    /// Runs all steps, and the cleanup whatever came of them.
    pub(super) async fn run(&self) -> Outcome {
        let outcome = self.block(&self.plan.steps, 0).await;
        let cleanup = Self { cleanup: true, ..self.clone() };
        outcome.max(cleanup.block(&self.plan.cleanup, self.plan.steps.len()).await)
    }

    /// What the playbook gives to its caller: what can be told, and what goes wrong with the rest.
    pub(super) fn outputs(&self) -> (Map<String, Value>, Vec<Misfit>) {
        let (mut outputs, mut misfits) = (Map::new(), Vec::new());
        for (name, tree) in &self.plan.outputs {
            let mut uses = Vec::new();
            tree.each_text(&mut |text| uses.extend(text.template.names().iter().map(|used| used.name.as_str())));
            // What was not captured was told where it happened.
            let missing = self.plan.tail.captures.iter().any(|(_, capture)| self.frame.lacks(capture));
            let known = |name: &&str| self.plan.vars.iter().any(|var| var.name == **name) || !self.frame.lacks(name);
            let rendered = match self.compute(&self.plan.tail.vars) {
                Ok(()) => tree.render(&*self.frame),
                Err(misfit) => Err(misfit),
            };
            match rendered {
                Ok(value) => drop(outputs.insert(name.clone(), value)),
                Err(_) if missing || !uses.iter().all(known) => drop(outputs.insert(name.clone(), Value::Null)),
                Err(misfit) => misfits.push(*misfit),
            }
        }
        (outputs, misfits)
    }

    /// Sees to it that every name that is used has its value.
    pub(super) async fn prepare(&self, step: &Step, uses: &Uses, progress: &mut Progress) -> bool {
        for global in &uses.globals {
            let there = match *global {
                "cloud" => self.the_cloud(step, progress).await.is_some(),
                "vm" => Box::pin(self.the_machine(step, progress)).await.is_some(),
                "identity" => !self.frame.lacks("identity") || Box::pin(self.own_token(step, progress)).await.is_some(),
                _ => true,
            };
            if !there {
                return false;
            }
        }
        match self.compute(&uses.vars) {
            Ok(()) => true,
            Err(misfit) => {
                progress.misfit(self, &misfit);
                false
            }
        }
    }

    /// Computes variables that have no value yet. Each stands behind those that it needs.
    fn compute(&self, vars: &[usize]) -> Result<(), Box<Misfit>> {
        for at in vars {
            if self.common.computed.borrow().contains(at) {
                continue;
            }
            let var = &self.plan.vars[*at];
            let value = var.tree.render(&*self.common.root)?;
            self.common.root.put(&var.name, value);
            self.common.computed.borrow_mut().insert(*at);
        }
        Ok(())
    }
}

/// The cloud, where it need not be found out.
fn known(choice: &Choice) -> Rc<RefCell<Option<Rc<Cloud>>>> {
    Rc::new(RefCell::new(choice.known().cloned().map(Rc::new)))
}
