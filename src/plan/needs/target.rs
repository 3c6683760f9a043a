//! Where a request goes, as far as its URL is known: to which operation of Resource Manager, or elsewhere.

use crate::azure::cloud::Cloud;
use crate::http::origin;
use crate::plan::known::Piece;
use crate::rbac::{Operation, Operations, Scope};

/// What a request goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// An operation of Resource Manager; what is not known of its scope stands in `<…>`.
    Operation(Operation),
    /// Resource Manager, which answers this to everybody.
    Free,
    /// Another host.
    Elsewhere(String),
    /// What it is, is known only when it runs; the URL as far as it is known.
    Open(String),
}

/// The first of the characters that stand for what is not known; Unicode leaves them to private use.
const FIRST_MARK: u32 = 0xE000;
const MARKS: u32 = 0x1900;

/// A text with a character for each expression in it that is not known.
struct Marked {
    text: String,
    open: Vec<String>,
}

impl Marked {
    fn of(pieces: &[Piece]) -> Marked {
        let mut marked = Marked { text: String::new(), open: Vec::new() };
        for piece in pieces {
            match piece {
                Piece::Text(text) => marked.text.push_str(text),
                // What a value holds begins no query, save where the URL begins with it.
                Piece::Value(value) if marked.text.is_empty() => marked.text.push_str(value),
                Piece::Value(value) => marked.text.push_str(&value.replace('?', "%3F").replace('#', "%23")),
                Piece::Open(expression) => {
                    let mark = char::from_u32(FIRST_MARK + marked.open.len() as u32 % MARKS);
                    marked.text.extend(mark);
                    marked.open.push(expression.clone());
                }
            }
        }
        marked
    }

    fn is_mark(&self, letter: char) -> bool {
        self.expression(letter).is_some()
    }

    fn expression(&self, letter: char) -> Option<&str> {
        let at = u32::from(letter).checked_sub(FIRST_MARK)?;
        self.open.get(at as usize).map(String::as_str)
    }

    /// A part of the text for people: each expression that is not known in `<…>`.
    fn shown(&self, text: &str) -> String {
        let each = |letter: char| match self.expression(letter) {
            Some(expression) => format!("<{expression}>"),
            None => letter.to_string(),
        };
        text.chars().map(each).collect()
    }
}

/// Text for people: what is not known of it in `<…>`.
pub(super) fn shown(pieces: &[Piece]) -> String {
    let marked = Marked::of(pieces);
    marked.shown(&marked.text)
}

/// The scope that a text names, without its query; what is not known of it stands in `<…>`.
pub(super) fn scope(pieces: &[Piece]) -> Scope {
    let marked = Marked::of(pieces);
    let segments = marked.text.trim().split('/').filter(|segment| !segment.is_empty());
    Scope::of(segments.map(|segment| marked.shown(segment)))
}

/// A scope as it is written down: one that begins with what is not known has no slash before it.
pub(super) fn written(scope: &Scope) -> String {
    let text = scope.to_string();
    match text.strip_prefix("/<") {
        Some(rest) => format!("<{rest}"),
        None => text,
    }
}

impl Target {
    /// Where a request of this method goes.
    pub(super) fn of(method: &str, pieces: &[Piece], cloud: Option<&Cloud>) -> Target {
        let marked = Marked::of(pieces);
        let text = marked.text.trim();
        let open = || Target::Open(marked.shown(text));
        let path = match text.split_once("://") {
            Some((_, rest)) if !text.starts_with('/') => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (host, path) = rest.split_at(end);
                let base = &text[..text.len() - path.len()];
                match is_arm(base, cloud) {
                    true => path,
                    false if host.chars().any(|letter| !marked.is_mark(letter)) => {
                        return Target::Elsewhere(marked.shown(base));
                    }
                    false => return open(),
                }
            }
            _ => text,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let starts_open = path.chars().next().and_then(|first| marked.expression(first));
        let (path, starts_open) = match starts_open {
            // The endpoint of a cloud that is not known yet.
            Some("cloud.arm") => (path.trim_start_matches(|letter| marked.is_mark(letter)), false),
            other => (path, other.is_some()),
        };
        if !starts_open && !path.starts_with('/') {
            return open();
        }
        let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let operation = match starts_open {
            true => below(method, &segments),
            false if is_free(method, &segments) => return Target::Free,
            false => Operation::of(method, &segments),
        };
        let Some(operation) = operation.filter(|found| !found.action.chars().any(|letter| marked.is_mark(letter)))
        else {
            return open();
        };
        let scope = Scope::of(operation.scope.segments().iter().map(|segment| marked.shown(&usual(segment))));
        Target::Operation(Operation { scope, action: Operations::built_in().spelled(&operation.action).to_owned() })
    }
}

/// The usual spelling of a segment that is spelled in two ways.
fn usual(segment: &str) -> String {
    let is_group = segment.eq_ignore_ascii_case("resourceGroups");
    if is_group { "resourceGroups".to_owned() } else { segment.to_owned() }
}

/// The operation below a scope that is not known: of a provider, or of a group, since a group is in a subscription.
fn below(method: &str, segments: &[String]) -> Option<Operation> {
    let (start, rest) = segments.split_first()?;
    let is = |word: &str| rest.first().is_some_and(|segment| segment.eq_ignore_ascii_case(word));
    let (filled, dropped): (Vec<String>, _) = match () {
        // Types stand at even places: the empty one is the scope's.
        () if is("providers") => ([vec![start.clone(), String::new()], rest.to_vec()].concat(), 1),
        () if is("resourceGroups") => ([vec!["subscriptions".to_owned(), start.clone()], rest.to_vec()].concat(), 0),
        () => return None,
    };
    let operation = Operation::of(method, &filled)?;
    let segments = operation.scope.segments().iter().enumerate();
    let kept = segments.filter(|(at, segment)| if dropped == 1 { !segment.is_empty() } else { *at != 0 });
    Some(Operation { scope: Scope::of(kept.map(|(_, segment)| segment.clone())), ..operation })
}

/// What Resource Manager answers to everybody, with the part that they may see.
fn is_free(method: &str, segments: &[String]) -> bool {
    let is = |words: &[&str]| {
        segments.len() == words.len() && segments.iter().zip(words).all(|(own, word)| own.eq_ignore_ascii_case(word))
    };
    let of_provider = segments.len() == 2 && segments[0].eq_ignore_ascii_case("providers");
    match method {
        "GET" | "HEAD" => {
            is(&["subscriptions"])
                || is(&["tenants"])
                || is(&["metadata", "endpoints"])
                || is(&["providers"])
                || of_provider
        }
        "POST" => is(&["providers", "Microsoft.ResourceGraph", "resources"]),
        _ => false,
    }
}

/// Whether a base URL is Resource Manager's: of the cloud, or of any when it is not known.
fn is_arm(base: &str, cloud: Option<&Cloud>) -> bool {
    let any = || Cloud::all().any(|cloud| cloud.is_arm(base));
    origin(base).is_some() && cloud.map_or_else(any, |cloud| cloud.is_arm(base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of a text in which `<…>` is not known.
    fn pieces(text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inside)) = rest.split_once('<') {
            let (open, after) = inside.split_once('>').expect("an end");
            pieces.extend([Piece::Text(before.to_owned()), Piece::Open(open.to_owned())]);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        pieces
    }

    fn target(request: &str) -> Target {
        let (method, url) = request.split_once(' ').expect("a method and a URL");
        Target::of(method, &pieces(url), Cloud::named("china").as_ref())
    }

    #[test]
    fn the_operation_is_known_where_its_types_are() {
        #[track_caller]
        fn check(request: &str, action: &str, scope: &str) {
            match target(request) {
                Target::Operation(found) => {
                    assert_eq!((found.action.as_str(), &*written(&found.scope)), (action, scope))
                }
                other => panic!("{request}: {other:?}"),
            }
        }
        let group = "Microsoft.Resources/subscriptions/resourceGroups/read";
        check("GET /subscriptions/s/resourcegroups/g?x=/y/z", group, "/subscriptions/s/resourceGroups/g");
        check(
            "GET /subscriptions/<sub>/resourceGroups/<a ~ '/'>",
            group,
            "/subscriptions/<sub>/resourceGroups/<a ~ '/'>",
        );
        check("GET <subscription>/resourceGroups/g", group, "<subscription>/resourceGroups/g");
        check(
            "GET https://management.chinacloudapi.cn/subscriptions/s/resourceGroups/g",
            group,
            "/subscriptions/s/resourceGroups/g",
        );
        check("GET <cloud.arm>/subscriptions/s/resourceGroups", group, "/subscriptions/s");
        let start = "Microsoft.Compute/virtualMachines/start/action";
        check(
            "POST <group>/providers/microsoft.compute/VirtualMachines/<vm>/start",
            start,
            "<group>/providers/microsoft.compute/VirtualMachines/<vm>",
        );
        check(
            "GET <group>/providers/Microsoft.Compute/virtualMachines",
            "Microsoft.Compute/virtualMachines/read",
            "<group>/providers/Microsoft.Compute",
        );
        check(
            "PUT /subscriptions/s/providers/Contoso.Odd/things/net-<id>",
            "Contoso.Odd/things/write",
            "/subscriptions/s/providers/Contoso.Odd/things/net-<id>",
        );
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for request in [
            "GET <url>",
            "GET <scope>/x",
            "POST <vm>/start",
            "GET <group>/<rest>",
            "POST /subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v/<verb>",
            "GET /subscriptions/s/resourceGroups/g/providers/<namespace>/virtualMachines/v",
            "GET /subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/<type>/v",
            "GET https://<host>/subscriptions/s",
            "GET subscriptions/s",
            "OPTIONS /subscriptions/s",
        ] {
            assert!(matches!(target(request), Target::Open(_)), "{request}: {:?}", target(request));
        }
    }

    #[test]
    fn other_hosts_and_what_is_free_are_told_apart() {
        assert_eq!(
            target("GET https://<name>.blob.core.windows.net/c"),
            Target::Elsewhere("https://<name>.blob.core.windows.net".to_owned())
        );
        assert_eq!(
            target("GET https://management.azure.com/subscriptions/s"),
            Target::Elsewhere("https://management.azure.com".to_owned())
        );
        for request in [
            "GET /subscriptions",
            "GET /tenants?x=1",
            "GET /metadata/endpoints",
            "GET /providers",
            "GET /providers/Microsoft.Web",
        ] {
            assert_eq!(target(request), Target::Free, "{request}");
        }
        assert!(matches!(
            Target::of("GET", &pieces("https://management.azure.com/subscriptions/s"), None),
            Target::Operation(_)
        ));
    }

    proptest! {
        #[test]
        fn any_url_has_a_target(text in "(https://|/|a|providers|subscriptions|<x>|\\?|\u{e000}){0,12}") {
            for method in ["GET", "PUT", "POST", "OPTIONS"] {
                Target::of(method, &pieces(&text), None);
            }
        }
    }
}
