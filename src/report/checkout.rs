//! Where files stand in the repository that a pipeline checked out: it wants to be told so, wherever a run was started.

use std::path::{Component, Path, PathBuf};

/// A repository that is checked out, and the folder in which a run was started.
#[derive(Clone, Debug, Default)]
pub struct Checkout {
    root: Option<PathBuf>,
    here: PathBuf,
}

impl Checkout {
    /// A repository at this folder, if there is any; paths that are not absolute are those of `here`.
    pub fn new(root: Option<PathBuf>, here: PathBuf) -> Self {
        Self { root: root.map(|root| normal(&root)), here }
    }

    /// The path of a file in the repository; of one that is not inside, the path as it was given.
    pub(crate) fn path(&self, given: &str) -> String {
        let whole = normal(&self.here.join(given));
        let inside = self.root.as_ref().and_then(|root| whole.strip_prefix(root).ok()).map(Path::to_owned);
        let path = inside.filter(|path| path != Path::new("")).unwrap_or_else(|| normal(Path::new(given)));
        let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        match parts.split_first() {
            Some((first, rest)) if first == "/" => format!("/{}", rest.join("/")),
            _ => parts.join("/"),
        }
    }
}

/// The path without steps that lead nowhere. No link is followed: the pipeline knows the path as it is written.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir if out.has_root() => {}
            part => out.push(part),
        }
    }
    out
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_repository() {
        #[track_caller]
        fn check((root, here): (Option<&str>, &str), given: &str, expected: &str) {
            let checkout = Checkout::new(root.map(PathBuf::from), PathBuf::from(here));
            assert_eq!(checkout.path(given), expected, "{given} in {here}");
        }
        let root = Some("/w/repo/");
        check((root, "/w/repo"), "a.yaml", "a.yaml");
        check((root, "/w/repo"), "./x/../a.yaml", "a.yaml");
        check((root, "/w/repo/deep/er"), "../a.yaml", "deep/a.yaml");
        check((root, "/w/repo"), "/w/repo/x/a.yaml", "x/a.yaml");
        check((root, "/w/repo"), "../other/a.yaml", "../other/a.yaml");
        check((root, "/w/repository"), "a.yaml", "a.yaml");
        check((root, "/elsewhere"), "/tmp/./a.yaml", "/tmp/a.yaml");
        check((None, "/w/repo"), "./x/a.yaml", "x/a.yaml");
        check((None, "/w"), "../../a.yaml", "../../a.yaml");
    }
}
