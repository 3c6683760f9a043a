//! A playbook and all that it includes, each file read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::playbook::{self, Action, Playbook, SchemaOrigin, Step};
use crate::shape::Shape;
use crate::source::{SourceId, Sources, Span, Spanned};

/// How deep playbooks may include each other.
const DEEPEST: usize = 32;

/// Finds and reads the files of included playbooks.
pub trait Opener {
    /// Where a file is that the playbook at `from` names: the same for the same file.
    ///
    /// # Errors
    /// With the reason, when there is none or it must not be read.
    fn locate(&self, from: &str, written: &str) -> Result<PathBuf, String>;

    /// Reads the file, which messages call `name`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn open(&self, file: &Path, name: &str, sources: &mut Sources) -> Result<SourceId, Box<Diagnostic>>;
}

/// A playbook and all that it includes.
#[derive(Debug)]
pub struct Documents {
    /// What is included, each behind what it includes itself.
    pub(super) included: Vec<Document>,
    /// The playbook itself.
    pub(super) root: Document,
}

/// One file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) source: SourceId,
    pub(super) playbook: Playbook,
    /// By the path as written: which of the documents it is.
    pub(super) includes: HashMap<String, usize>,
    /// By where it is named: a JSON Schema.
    pub(super) shapes: HashMap<Span, Shape>,
}

impl Documents {
    /// One playbook that includes none.
    pub fn single(source: SourceId, playbook: Playbook) -> Self {
        let (includes, shapes) = (HashMap::new(), HashMap::new());
        Self { included: Vec::new(), root: Document { source, playbook, includes, shapes } }
    }
}

/// Reads the playbook in a source and all that it includes. `None` when nothing usable is left of the first.
pub fn gather(
    (root, file): (SourceId, &Path),
    sources: &mut Sources,
    opener: &dyn Opener,
    diagnostics: &mut Diagnostics,
) -> Option<Documents> {
    let mut gathering =
        Gathering { opener, documents: Vec::new(), known: HashMap::new(), open: vec![file.to_owned()], sources };
    let root = gathering.read(root, diagnostics)?;
    Some(Documents { included: gathering.documents, root })
}

struct Gathering<'g> {
    opener: &'g dyn Opener,
    documents: Vec<Document>,
    /// By file: which of the documents it is; `None` when it could not be read.
    known: HashMap<PathBuf, Option<usize>>,
    /// The files that are being read, each included by the one before.
    open: Vec<PathBuf>,
    sources: &'g mut Sources,
}

impl Gathering<'_> {
    /// Reads a playbook behind those that it includes.
    fn read(&mut self, source: SourceId, diagnostics: &mut Diagnostics) -> Option<Document> {
        let playbook = playbook::read(source, self.sources, diagnostics)?;
        let mut paths = Vec::new();
        included(&playbook.steps, &mut paths);
        playbook.cleanup.iter().for_each(|cleanup| included(cleanup, &mut paths));
        let mut includes = HashMap::new();
        for path in paths {
            if let Some(at) = self.include(source, &path, diagnostics) {
                includes.insert(path.value, at);
            }
        }
        let mut origins = Vec::new();
        expected(&playbook.steps, &mut origins);
        playbook.cleanup.iter().for_each(|cleanup| expected(cleanup, &mut origins));
        let shapes = origins.iter().filter_map(|origin| Some((origin.span, self.shape(source, origin, diagnostics)?)));
        let shapes = shapes.collect();
        Some(Document { source, playbook, includes, shapes })
    }

    fn include(&mut self, from: SourceId, path: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<usize> {
        let owner = self.sources.get(from).name().to_owned();
        let file = match self.opener.locate(&owner, path) {
            Ok(file) => file,
            Err(why) => {
                diagnostics.unreadable_include(path.span, path, &why);
                return None;
            }
        };
        if let Some(at) = self.open.iter().position(|open| *open == file) {
            let names = self.open[at..].iter().chain([&file]).map(|file| short(file));
            diagnostics.include_cycle(path.span, &names.collect::<Vec<_>>());
            return None;
        }
        if let Some(known) = self.known.get(&file) {
            return *known;
        }
        if self.open.len() >= DEEPEST {
            diagnostics.unreadable_include(path.span, path, &format!("it stands {DEEPEST} playbooks deep"));
            return None;
        }
        let name = Path::new(&owner).with_file_name("").join(path.as_str()).display().to_string();
        let read = match self.opener.open(&file, &name, self.sources) {
            Ok(source) => {
                self.open.push(file.clone());
                let read = self.read(source, diagnostics);
                self.open.pop();
                read.map(|document| {
                    self.documents.push(document);
                    self.documents.len() - 1
                })
            }
            Err(diagnostic) => {
                diagnostics.push(diagnostic.at(path.span, "included here"));
                None
            }
        };
        self.known.insert(file, read);
        read
    }
}

impl Gathering<'_> {
    /// The JSON Schema that a step expects, and all that it refers to.
    fn shape(&mut self, from: SourceId, origin: &SchemaOrigin, diagnostics: &mut Diagnostics) -> Option<Shape> {
        let owner = self.sources.get(from).name().to_owned();
        let opener = self.opener;
        let read = |base: &str, written: &str| -> Result<Value, String> {
            let file = opener.locate(base, written)?;
            let mut sources = Sources::new();
            let id = opener.open(&file, written, &mut sources).map_err(|diagnostic| diagnostic.title)?;
            let mut found = Diagnostics::new();
            let node = crate::yaml::parse(id, &sources, &mut found);
            node.map(|node| node.to_value()).ok_or_else(|| {
                found.sorted().first().map_or_else(|| "it is empty".to_owned(), |problem| problem.title.clone())
            })
        };
        let (schema, base) = match &origin.file {
            None => (origin.inline.clone(), owner),
            Some(file) => match read(&owner, file) {
                Ok(schema) => (schema, Path::new(&owner).with_file_name("").join(file).display().to_string()),
                Err(why) => {
                    diagnostics.invalid_schema(origin.span, &why, true);
                    return None;
                }
            },
        };
        let compiled = Shape::compile(&schema, &|path| read(&base, path));
        compiled.map_err(|fault| diagnostics.invalid_schema(origin.span, &fault.to_string(), false)).ok()
    }
}

/// The JSON Schemas that steps expect.
fn expected<'s>(steps: &'s [Step], origins: &mut Vec<&'s SchemaOrigin>) {
    for step in steps {
        origins.extend(step.expect.iter().filter_map(|expect| expect.schema.as_ref()));
        if let Action::Steps(inner) = &step.action {
            expected(inner, origins);
        }
    }
}

/// The name of a file, for a chain of them.
fn short(file: &Path) -> String {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

/// The playbooks that steps include.
fn included(steps: &[Step], paths: &mut Vec<Spanned<String>>) {
    for step in steps {
        match &step.action {
            Action::Playbook(path) => paths.push(path.clone()),
            Action::Steps(inner) => included(inner, paths),
            _ => {}
        }
    }
}
