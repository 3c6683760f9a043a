//! Which name means what, and which step has to come first: read off the templates.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::Uses;
use crate::diagnostic::Diagnostics;
use crate::source::{Sources, Span};
use crate::template::{Text, Tree};
use crate::yaml::locate;

/// Functions of templates, whose names cannot mean anything else.
const FUNCTIONS: &[&str] = &["now", "uuid", "range", "dict", "file", "item", "loop"];

/// How many other variables one may need, so that no file asks for endless work.
const DEEPEST: usize = 256;

/// What a name means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// Given by the caller.
    Input(Span),
    /// Derived; its place among the variables.
    Var(usize, Span),
    /// Made by a step.
    Capture(usize, Span),
}

impl Meaning {
    fn span(self) -> Span {
        match self {
            Meaning::Input(span) | Meaning::Var(_, span) | Meaning::Capture(_, span) => span,
        }
    }
}

/// Names that every playbook has, with their members; no members listed: anything goes.
pub(super) type Globals = [(&'static str, &'static [&'static str])];

/// Every name of a playbook.
pub(super) struct Names<'a> {
    pub(super) sources: &'a Sources,
    pub(super) globals: &'static Globals,
    meanings: HashMap<String, Meaning>,
    order: Vec<String>,
    /// By variable: what it uses in the end, through other variables too.
    vars: Vec<Used>,
    /// How many variables were followed to their end.
    followed: usize,
    /// The steps of each loop, from the first to behind the last.
    pub(super) loops: Vec<Range<usize>>,
}

/// Where a template stands, which decides what it may use.
#[derive(Clone, Copy)]
pub(super) struct Position<'p> {
    /// Captures of steps before this one are there.
    pub(super) step: usize,
    /// Names of the step's own: of its result, and of the loops around it.
    pub(super) result: &'p [String],
    /// Whether inputs, variables and captures are there at all.
    pub(super) bare: bool,
}

/// What templates turned out to use.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    /// Captures, and the steps that make them.
    pub(super) captures: BTreeSet<(usize, String)>,
    /// Variables with their rank: each is behind those that it needs.
    vars: BTreeSet<(usize, usize)>,
    /// Names that every playbook has.
    pub(super) globals: BTreeSet<&'static str>,
}

impl Used {
    pub(super) fn add(&mut self, other: &Used) {
        self.captures.extend(other.captures.iter().cloned());
        self.globals.extend(&other.globals);
        self.vars.extend(&other.vars);
    }

    /// As the plan holds them.
    pub(super) fn plan(self) -> Uses {
        Uses {
            captures: self.captures.into_iter().collect(),
            vars: self.vars.iter().map(|(_, at)| *at).collect(),
            globals: self.globals.into_iter().collect(),
        }
    }
}

impl<'a> Names<'a> {
    pub(super) fn new(sources: &'a Sources, globals: &'static Globals) -> Self {
        Self {
            sources,
            globals,
            meanings: HashMap::new(),
            order: Vec::new(),
            vars: Vec::new(),
            followed: 0,
            loops: Vec::new(),
        }
    }

    /// Defines a name; says so when it is taken.
    pub(super) fn define(&mut self, name: &str, meaning: Meaning, diagnostics: &mut Diagnostics) {
        if self.globals.iter().any(|(global, _)| *global == name) || FUNCTIONS.contains(&name) {
            return diagnostics.name_taken(meaning.span(), name, None);
        }
        if let Some(first) = self.meanings.get(name) {
            return diagnostics.name_taken(meaning.span(), name, Some(first.span()));
        }
        self.meanings.insert(name.to_owned(), meaning);
        self.order.push(name.to_owned());
    }

    /// Says so when a name that a loop gives its items means something else already.
    pub(super) fn refuse_taken(&self, name: &str, place: Span, diagnostics: &mut Diagnostics) {
        if self.globals.iter().any(|(global, _)| *global == name) || FUNCTIONS.contains(&name) && name != "item" {
            diagnostics.name_taken(place, name, None);
        } else if let Some(first) = self.meanings.get(name) {
            diagnostics.name_taken(place, name, Some(first.span()));
        }
    }

    /// Follows variables to the captures they use, and finds circles.
    pub(super) fn follow_vars(&mut self, vars: &[(String, Span, Tree)], diagnostics: &mut Diagnostics) {
        let uses: Vec<Vec<String>> = vars.iter().map(|(_, _, tree)| used_names(tree)).collect();
        self.vars = vec![Used::default(); vars.len()];
        let mut states = vec![State::New; vars.len()];
        for at in 0..vars.len() {
            let mut walk = Walk { vars, uses: &uses, states: &mut states, path: Vec::new() };
            self.follow(at, &mut walk, diagnostics);
        }
    }

    fn follow(&mut self, at: usize, walk: &mut Walk<'_>, diagnostics: &mut Diagnostics) {
        match walk.states[at] {
            State::Done => return,
            State::Open => {
                let from = walk.path.iter().position(|open| *open == at).unwrap_or(0);
                let mut chain: Vec<&str> = walk.path[from..].iter().map(|open| walk.vars[*open].0.as_str()).collect();
                chain.push(&walk.vars[at].0);
                return diagnostics.variable_cycle(walk.vars[at].1, &chain);
            }
            State::New => {}
        }
        if walk.path.len() >= DEEPEST {
            walk.states[at] = State::Done;
            return diagnostics.variables_too_deep(walk.vars[walk.path[0]].1, DEEPEST);
        }
        walk.states[at] = State::Open;
        walk.path.push(at);
        let mut uses = Used::default();
        for name in &walk.uses[at] {
            if let Some((global, _)) = self.globals.iter().find(|(global, _)| global == name) {
                uses.globals.insert(global);
            }
            match self.meanings.get(name) {
                Some(Meaning::Capture(step, _)) => {
                    uses.captures.insert((*step, name.clone()));
                }
                Some(Meaning::Var(other, _)) => {
                    let other = *other;
                    self.follow(other, walk, diagnostics);
                    uses.add(&self.vars[other]);
                }
                _ => {}
            }
        }
        if uses.vars.len() >= DEEPEST {
            diagnostics.variables_too_deep(walk.vars[at].1, DEEPEST);
            uses = Used::default();
        }
        uses.vars.insert((self.followed, at));
        self.followed += 1;
        self.vars[at] = uses;
        walk.path.pop();
        walk.states[at] = State::Done;
    }

    /// Checks the names of a template and adds what it uses.
    pub(super) fn check(&self, text: &Text, position: Position<'_>, uses: &mut Used, diagnostics: &mut Diagnostics) {
        for used in text.template.names() {
            let place = |range: &Range<usize>| locate(self.sources, text.span, text.template.text(), range.clone());
            let name = used.name.as_str();
            if position.result.iter().any(|own| own == name) {
                continue;
            }
            if let Some((global, members)) = self.globals.iter().find(|(global, _)| *global == name) {
                uses.globals.insert(global);
                if let Some((member, range)) = used
                    .path
                    .first()
                    .filter(|(member, _)| !members.is_empty() && !members.contains(&member.as_str()) && !used.optional)
                {
                    diagnostics.undefined_member(place(range), name, member, members);
                }
                continue;
            }
            match self.meanings.get(name).filter(|_| !position.bare) {
                None if used.optional && used.path.is_empty() => {}
                None => diagnostics.undefined_name(place(&used.range), name, &self.known(position)),
                Some(Meaning::Input(_)) => {}
                Some(Meaning::Capture(step, span)) if *step >= position.step => {
                    diagnostics.used_before_captured(place(&used.range), name, *span);
                }
                Some(Meaning::Capture(step, _)) => {
                    uses.captures.insert((*step, name.to_owned()));
                }
                Some(Meaning::Var(at, _)) => {
                    let Some(through) = self.vars.get(*at) else {
                        continue;
                    };
                    for (_, capture) in through.captures.iter().filter(|(step, _)| *step >= position.step) {
                        if let Some(Meaning::Capture(_, span)) = self.meanings.get(capture) {
                            diagnostics.used_before_captured(place(&used.range), capture, *span);
                        }
                    }
                    self.once_only(name, (through, position), place(&used.range), diagnostics);
                    uses.add(through);
                }
            }
        }
    }

    /// Tells of a variable that is used inside a loop whose captures it needs: it has one value only.
    fn once_only(
        &self,
        name: &str,
        (through, position): (&Used, Position<'_>),
        place: Span,
        diagnostics: &mut Diagnostics,
    ) {
        let around = |step: usize| self.loops.iter().any(|each| each.contains(&step) && each.contains(&position.step));
        if let Some((_, capture)) = through.captures.iter().find(|(step, _)| *step < position.step && around(*step)) {
            diagnostics.variable_in_loop(place, name, capture);
        }
    }

    /// The names that a template at this position may use.
    fn known<'n>(&'n self, position: Position<'n>) -> Vec<&'n str> {
        let own = self.order.iter().filter(|name| {
            !position.bare
                && match self.meanings.get(name.as_str()) {
                    Some(Meaning::Capture(step, _)) => *step < position.step,
                    _ => true,
                }
        });
        let globals = self.globals.iter().map(|(name, _)| *name);
        own.map(String::as_str).chain(position.result.iter().map(String::as_str)).chain(globals).collect()
    }
}

struct Walk<'w> {
    vars: &'w [(String, Span, Tree)],
    uses: &'w [Vec<String>],
    states: &'w mut [State],
    path: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

fn used_names(tree: &Tree) -> Vec<String> {
    let mut names = Vec::new();
    tree.each_text(&mut |text| names.extend(text.template.names().iter().map(|name| name.name.clone())));
    names
}
