//! The text files of the repository.

use std::fs;
use std::path::Path;

use crate::folder;

/// A file, its path from the root of the repository, with slashes.
pub(super) struct Text {
    pub(super) path: String,
    pub(super) body: String,
}

/// Every text file that belongs to the project: not what is built, not what git keeps for itself.
pub(super) fn texts() -> Vec<Text> {
    let root = folder::repository();
    let mut texts = Vec::new();
    collect(root, root, &mut texts);
    texts.sort_by(|a, b| a.path.cmp(&b.path));
    texts
}

/// The Rust files in a folder of the repository.
pub(super) fn sources(under: &str) -> Vec<Text> {
    let prefix = format!("{under}/");
    let is_source = |text: &Text| text.path.starts_with(&prefix) && text.path.ends_with(".rs");
    let sources: Vec<_> = texts().into_iter().filter(is_source).collect();
    assert!(!sources.is_empty(), "there are no sources in {under}");
    sources
}

fn collect(root: &Path, folder: &Path, texts: &mut Vec<Text>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && name != ".git" {
                collect(root, &path, texts);
            }
        } else if let Ok(body) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).unwrap_or(&path).display().to_string().replace('\\', "/");
            texts.push(Text { path, body });
        }
    }
}
