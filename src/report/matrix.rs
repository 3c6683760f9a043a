//! The access matrix: what a loop of `access` steps asked, or of requests that were to be allowed or denied, as a table. A row is an
//! identity at a scope, a column an action.

mod caption;

use std::collections::HashMap;

use serde_json::Value;

use crate::event::{Assertion, Iteration, Outcome, Place, Step};
use crate::rbac::Operations;

/// What a loop asked about access and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// What the turns of the loop are called, as far as they are called the same.
    pub title: String,
    /// What is the same in all rows: said once, above the table.
    pub shared: Shared,
    /// What stands above the columns that say what a row is about.
    pub heads: Vec<&'static str>,
    /// The actions, in the order they were asked for.
    pub columns: Vec<Column>,
    /// The rows, in the order of the turns.
    pub rows: Vec<Row>,
    /// How many turns were skipped: they have no row of their own.
    pub skipped: usize,
}

/// What the scopes of all rows have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Nothing that would be worth a word.
    Nothing,
    /// Their beginning, which the rows leave out.
    Prefix(String),
    /// All of it: there is no column for them.
    Scope(String),
}

/// An action that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The action or the pattern of actions.
    pub action: String,
    /// Whether it is one on data.
    pub data: bool,
}

/// An identity at a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// A text for each of the heads.
    pub labels: Vec<String>,
    /// A cell for each of the columns.
    pub cells: Vec<Cell>,
}

/// What came of one action at one scope. Of what came twice, the later in this list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// No claim was about it.
    NotAsked,
    /// Granted, as was claimed.
    Granted,
    /// Refused, as was claimed.
    Refused,
    /// The step was errored before this was decided.
    Undecided,
    /// Granted under a condition only, by which no claim holds.
    Conditional,
    /// Granted, all of it or a part, though the claim was that nothing is.
    UnexpectedlyGranted,
    /// Refused, all of it or a part, though the claim was that everything is granted.
    UnexpectedlyRefused,
}

impl Cell {
    /// The word in reports: what is not as it was claimed stands out without any colour.
    pub fn word(self) -> &'static str {
        match self {
            Cell::NotAsked => "-",
            Cell::Granted => "granted",
            Cell::Refused => "refused",
            Cell::Undecided => "UNDECIDED?",
            Cell::Conditional => "CONDITIONAL?",
            Cell::UnexpectedlyGranted => "GRANTED!",
            Cell::UnexpectedlyRefused => "REFUSED!",
        }
    }

    /// What the word means, where it needs to be said.
    pub fn meaning(self) -> Option<&'static str> {
        match self {
            Cell::NotAsked => Some("not asked"),
            Cell::Granted | Cell::Refused => None,
            Cell::Undecided => Some("the step was errored before it was known"),
            Cell::Conditional => Some("granted under a condition only"),
            Cell::UnexpectedlyGranted => Some("granted, or a part of it, and should not be"),
            Cell::UnexpectedlyRefused => Some("not granted, or not all of it, and should be"),
        }
    }

    /// What an assertion says of its action.
    fn of(assertion: &Assertion) -> Self {
        match (assertion.actual.as_str(), assertion.holds) {
            (_, true) if assertion.subject == "allowed" => Cell::Granted,
            (_, false) if assertion.subject == "denied" => Cell::UnexpectedlyGranted,
            // It may be read, and there is no such thing.
            (Some(actual), false) if assertion.subject == "allowed" && actual.starts_with("allowed") => Cell::Granted,
            (Some("conditional"), _) => Cell::Conditional,
            (Some("granted"), true) => Cell::Granted,
            (Some("granted"), false) => Cell::UnexpectedlyGranted,
            (_, true) => Cell::Refused,
            (_, false) => Cell::UnexpectedlyRefused,
        }
    }
}

impl Column {
    /// The action, and the word `data` behind those on data.
    pub fn title(&self) -> String {
        if self.data { format!("{} (data)", self.action) } else { self.action.clone() }
    }

    fn is(&self, action: &str, data: bool) -> bool {
        self.data == data && self.action.eq_ignore_ascii_case(action)
    }
}

impl Matrix {
    /// The words in it that need to be explained, the worst first.
    pub fn legend(&self) -> Vec<(&'static str, &'static str)> {
        let mut cells: Vec<Cell> = self.rows.iter().flat_map(|row| row.cells.iter().copied()).collect();
        cells.sort_unstable();
        cells.dedup();
        cells.into_iter().rev().filter_map(|cell| Some((cell.word(), cell.meaning()?))).collect()
    }

    /// What is the same in all rows, in words around it; nothing when there is nothing to say.
    pub fn common(&self) -> Option<(&'static str, &str)> {
        match &self.shared {
            Shared::Nothing => None,
            Shared::Prefix(prefix) => Some(("scopes in", prefix)),
            Shared::Scope(scope) => Some(("scope", scope)),
        }
    }

    /// How many turns were skipped, in words.
    pub fn left_out(&self) -> Option<String> {
        match self.skipped {
            0 => None,
            1 => Some("1 turn was skipped".to_owned()),
            many => Some(format!("{many} turns were skipped")),
        }
    }
}

/// How many actions a table has: what comes beyond is in the steps only.
const MOST_COLUMNS: usize = 200;

/// How many names of turns are compared.
const MOST_NAMES: usize = 100;

/// Gathers the turns of loops as their steps end, those inside of others before these, and keeps no more of them than a matrix
/// shows: there is one for each place where a loop asked for actions, in the order of the file.
#[derive(Default)]
pub(crate) struct Loops(Vec<Gathered>);

/// A loop, as far as its turns ended.
struct Gathered {
    place: Place,
    names: Vec<String>,
    columns: Vec<Column>,
    lines: Vec<Line>,
    /// Where the line of an identity and a scope, in lower case, is.
    known: HashMap<(Option<String>, String), usize>,
    skipped: usize,
}

/// An identity at a scope, as far as it is known.
struct Line {
    identity: Option<String>,
    scope: String,
    cells: Vec<(usize, Cell)>,
    /// For each errored turn: the texts of its item, one of which may be the action it was about.
    errored: Vec<Vec<String>>,
}

impl Loops {
    /// Takes a step that ended, if it asked about access in a loop.
    pub(crate) fn take(&mut self, step: &Step) {
        let asks = step.action == "access" || step.access.is_some();
        if !asks || step.trail.0.iter().all(|turn| turn.iteration.is_none()) {
            return;
        }
        let at = self.0.iter().position(|known| known.place == step.place).unwrap_or_else(|| {
            self.0.push(Gathered {
                place: step.place.clone(),
                names: Vec::new(),
                columns: Vec::new(),
                lines: Vec::new(),
                known: HashMap::new(),
                skipped: 0,
            });
            self.0.len() - 1
        });
        self.0[at].take(step);
    }

    /// The matrices of all that was taken, which is forgotten.
    pub(crate) fn finish(&mut self) -> Vec<Matrix> {
        std::mem::take(&mut self.0).into_iter().filter_map(Gathered::matrix).collect()
    }
}

impl Gathered {
    fn take(&mut self, step: &Step) {
        if self.names.len() < MOST_NAMES && !self.names.contains(&step.name) {
            self.names.push(step.name.clone());
        }
        if step.outcome == Outcome::Skipped {
            self.skipped += 1;
            return;
        }
        let tried = step.access.as_ref().and_then(|access| access.get("action")?.as_str());
        let cells = step.assertions.iter().filter_map(|assertion| self.cell(assertion, tried)).collect::<Vec<_>>();
        let line = self.line(step);
        line.cells.extend(cells);
        if step.outcome == Outcome::Errored {
            let mut told = Vec::new();
            step.iteration.iter().for_each(|turn| texts(&turn.item, &mut told));
            line.errored.push(told);
        }
    }

    /// The column an assertion is about, and what it says. `tried` is the action of a request.
    fn cell(&mut self, assertion: &Assertion, tried: Option<&str>) -> Option<(usize, Cell)> {
        let (action, data) = match &*assertion.subject {
            "can" | "cannot" => (assertion.path.as_deref()?, false),
            "can_data" | "cannot_data" => (assertion.path.as_deref()?, true),
            // A path is written in any case, an operation as it is known.
            "allowed" | "denied" => (Operations::built_in().spelled(tried?), false),
            _ => return None,
        };
        let at = self.columns.iter().position(|column| column.is(action, data));
        let at = match at {
            None if self.columns.len() == MOST_COLUMNS => return None,
            None => {
                self.columns.push(Column { action: action.to_owned(), data });
                self.columns.len() - 1
            }
            Some(at) => at,
        };
        Some((at, Cell::of(assertion)))
    }

    /// The line of a step's identity and scope.
    fn line(&mut self, step: &Step) -> &mut Line {
        let identity = step.access.as_ref().and_then(identity);
        let scope = scope(step);
        let at = *self.known.entry((identity.clone(), scope.to_ascii_lowercase())).or_insert_with(|| {
            self.lines.push(Line { identity, scope, cells: Vec::new(), errored: Vec::new() });
            self.lines.len() - 1
        });
        &mut self.lines[at]
    }

    /// The whole; nothing when no action was asked for.
    fn matrix(self) -> Option<Matrix> {
        if self.columns.is_empty() {
            return None;
        }
        let title = caption::title(&self.names);
        let title = if title.is_empty() { format!("{}:{}", self.place.path, self.place.line) } else { title };
        let first = self.lines.first()?;
        let mut known = self.lines.iter().filter_map(|line| line.identity.as_deref());
        let one = known.next();
        let identities = one.is_some() && known.any(|other| Some(other) != one);
        let scopes: Vec<&str> = self.lines.iter().map(|line| line.scope.as_str()).collect();
        let shared = match scopes.iter().all(|scope| scope.eq_ignore_ascii_case(&first.scope)) {
            true if identities => Shared::Scope(first.scope.clone()),
            _ => caption::prefix(&scopes).map_or(Shared::Nothing, |prefix| Shared::Prefix(prefix.to_owned())),
        };
        let scoped = !matches!(shared, Shared::Scope(_));
        let heads = [("identity", identities), ("scope", scoped)];
        let label = |line: &Line| {
            let scope = match &shared {
                Shared::Prefix(prefix) => caption::without(&line.scope, prefix),
                _ => &line.scope,
            };
            let identity = identities.then(|| line.identity.clone().unwrap_or_default());
            identity.into_iter().chain(scoped.then(|| scope.to_owned())).collect()
        };
        let row = |line: &Line| Row { labels: label(line), cells: line.cells(&self.columns) };
        Some(Matrix {
            title,
            heads: heads.into_iter().filter_map(|(head, shown)| shown.then_some(head)).collect(),
            rows: self.lines.iter().map(row).collect(),
            columns: self.columns.clone(),
            skipped: self.skipped,
            shared,
        })
    }
}

impl Line {
    /// A cell for each column.
    fn cells(&self, columns: &[Column]) -> Vec<Cell> {
        let mut cells = vec![Cell::NotAsked; columns.len()];
        for (at, cell) in &self.cells {
            cells[*at] = cells[*at].max(*cell);
        }
        for told in &self.errored {
            let is_meant = |column: &Column| told.iter().any(|text| column.action.eq_ignore_ascii_case(text));
            let any = columns.iter().any(is_meant);
            for (cell, column) in cells.iter_mut().zip(columns) {
                if *cell == Cell::NotAsked && (!any || is_meant(column)) {
                    *cell = Cell::Undecided;
                }
            }
        }
        cells
    }
}

/// What people call the identity of an `access` step.
fn identity(access: &Value) -> Option<String> {
    let identity = access.get("identity")?;
    let names = ["name", "client_id", "principal_id"].iter().filter_map(|key| identity.get(key)?.as_str());
    names.into_iter().find(|name| !name.is_empty()).map(str::to_owned)
}

/// The scope a step asked about; what its turn was about when it did not come so far.
fn scope(step: &Step) -> String {
    let asked = step.access.as_ref().and_then(|access| access.get("scope")?.as_str());
    let text = match (asked, step.iteration.as_ref()) {
        (Some(scope), _) => scope,
        (None, Some(Iteration { item: Value::String(item), .. })) => item,
        (None, Some(turn)) => return turn.title(),
        (None, None) => return step.within.last().unwrap_or(&step.name).clone(),
    };
    match text.trim().trim_end_matches('/') {
        "" => "/".to_owned(),
        scope => scope.to_owned(),
    }
}

/// All texts inside a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
