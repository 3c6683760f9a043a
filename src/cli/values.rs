//! What the caller gives: `--var`, `--vars-file`, `MI_RUN_VAR_…`.

use std::path::PathBuf;
use std::sync::Arc;

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::plan::{Given, InputOrigin};
use mi_run::source::{SourceId, Sources, Span};
use mi_run::yaml::{self, Kind};
use serde_json::Value;

use super::files::open;

/// Reads `--var NAME=VALUE` and `--var NAME:=JSON`.
pub(crate) fn from_arguments(vars: &[String], diagnostics: &mut Diagnostics) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    for argument in vars {
        let (name, value) = match argument.split_once('=') {
            None | Some(("" | ":", _)) => {
                let title = format!("`--var {argument}` is not `NAME=VALUE`");
                diagnostics.push(Diagnostic::error("invalid-option", title).help("as in `--var group=DevTest`"));
                continue;
            }
            Some((name, text)) => match name.strip_suffix(':') {
                None => (name, Value::String(text.to_owned())),
                Some(name) => match serde_json::from_str(text) {
                    Ok(value) => (name, value),
                    Err(error) => {
                        let title = format!("`--var {name}:=…` is not JSON: {error}");
                        let help = format!("for text write `--var {name}=…`");
                        diagnostics.push(Diagnostic::error("invalid-option", title).help(help));
                        continue;
                    }
                },
            },
        };
        // The last one wins, as everywhere on a command line.
        given.retain(|earlier| earlier.name != name);
        given.push(Given { name: name.to_owned(), value, origin: InputOrigin::CommandLine });
    }
    given
}

/// Reads the files of values; later files win. Where there are `secrets` to give, no excerpt shows a value.
pub(crate) fn from_files(
    files: &[PathBuf],
    secrets: bool,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Given> {
    let mut given = Vec::new();
    for path in files.iter().rev() {
        let Some(id) = open(path, sources, diagnostics) else {
            continue;
        };
        let mut found = Diagnostics::new();
        let node = yaml::parse(id, sources, &mut found);
        if secrets {
            mask_values(id, sources);
        }
        for mut diagnostic in found.sorted() {
            if secrets {
                // Advice on how to write a value repeats it.
                diagnostic.helps.clear();
            }
            diagnostics.push(diagnostic);
        }
        let Some(node) = node else {
            continue;
        };
        let Kind::Map(entries) = &node.kind else {
            diagnostics.wrong_type(node.span, "a map of names to values", &node.describe());
            continue;
        };
        given.extend(entries.iter().map(|entry| Given {
            name: entry.key.key_text(),
            value: entry.value.to_value(),
            origin: InputOrigin::File(path.display().to_string()),
        }));
    }
    given
}

/// Masks all but what stands before the first `:` of each line: in a file that is wrong, who knows which value is whose.
fn mask_values(id: SourceId, sources: &mut Sources) {
    let source = Arc::clone(sources.get(id));
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let value = line.find(':').map_or(0, |colon| colon + 1);
        sources.mask(Span::new(id, start + value, start + line.trim_end_matches(['\n', '\r']).len()));
        start += line.len();
    }
}

/// Reads `MI_RUN_VAR_NAME` for each name, as it is and in capitals.
pub(crate) fn from_environment<'n>(names: impl Iterator<Item = &'n str>, diagnostics: &mut Diagnostics) -> Vec<Given> {
    let each = |name: &str| {
        [format!("MI_RUN_VAR_{name}"), format!("MI_RUN_VAR_{}", name.to_uppercase())].into_iter().find_map(|variable| {
            let value = std::env::var_os(&variable)?.into_string();
            let Ok(value) = value else {
                let title = format!("the environment variable `{variable}` is not UTF-8");
                diagnostics.push(Diagnostic::error("invalid-input", title));
                return None;
            };
            let origin = InputOrigin::Environment(variable);
            Some(Given { name: name.to_owned(), value: Value::String(value), origin })
        })
    };
    names.filter_map(each).collect()
}
