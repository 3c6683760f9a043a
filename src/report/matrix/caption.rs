//! What the rows of a matrix have in common: it is told once, above the table.

/// How long a beginning has to be before leaving it out is a gain.
const WORTH: usize = 15;

/// The words at both ends that all names have in common, and `…` for those that differ.
pub(super) fn title(names: &[String]) -> String {
    let Some((first, rest)) = names.split_first() else {
        return String::new();
    };
    if rest.is_empty() {
        return first.clone();
    }
    let words = |name: &'_ String| name.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (first, rest): (Vec<String>, Vec<Vec<String>>) = (words(first), rest.iter().map(words).collect());
    let same = |own: &mut dyn Iterator<Item = (&String, &String)>| own.take_while(|(a, b)| a == b).count();
    let ahead = rest.iter().map(|other| same(&mut first.iter().zip(other))).min().unwrap_or_default();
    let shortest = rest.iter().map(Vec::len).chain([first.len()]).min().unwrap_or_default();
    let behind = rest.iter().map(|other| same(&mut first.iter().rev().zip(other.iter().rev()))).min();
    let behind = behind.unwrap_or_default().min(shortest - ahead);
    if ahead + behind == 0 {
        return String::new();
    }
    let gap = (ahead + behind < first.len() || rest.iter().any(|other| other.len() != first.len())).then_some("…");
    let ends = (first.iter().take(ahead), first.iter().skip(first.len() - behind));
    ends.0.map(String::as_str).chain(gap).chain(ends.1.map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// The beginning that all scopes have in common, up to and with a slash, when it is long enough to be left out. What is no
/// scope does not count, and is never shortened.
pub(super) fn prefix<'s>(scopes: &[&'s str]) -> Option<&'s str> {
    let mut scopes = scopes.iter().copied().filter(|scope| scope.starts_with('/'));
    let first = scopes.next()?;
    let own = parent(first);
    let common = scopes.fold(own, |common, scope| {
        let shared = common.bytes().zip(scope.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
        // Bytes that are equal but for case end where a character ends once they are cut behind a slash.
        let end = common.as_bytes()[..shared].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let end = end.min(parent(scope).len());
        &common[..end]
    });
    (common.len() >= WORTH).then_some(common)
}

/// A scope without its last name.
fn parent(scope: &str) -> &str {
    scope.rfind('/').map_or("", |at| &scope[..=at])
}

/// A scope without the beginning that was told already.
pub(super) fn without<'s>(scope: &'s str, prefix: &str) -> &'s str {
    match scope.get(..prefix.len()) {
        Some(start) if start.eq_ignore_ascii_case(prefix) => &scope[prefix.len()..],
        _ => scope,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_keeps_the_words_that_all_names_have() {
        #[track_caller]
        fn check(names: &[&str], expected: &str) {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(title(&names), expected, "{names:?}");
        }
        check(&[], "");
        check(&["What is granted"], "What is granted");
        check(&["What web may do", "What data may do"], "What … may do");
        check(&["Rights of web", "Rights of the data"], "Rights of …");
        check(&["a may", "b may", "c d may"], "… may");
        check(&["x x", "x x x"], "x x …");
        check(&["x", "x x"], "x …");
        check(&["web", "data"], "");
        check(&["", "data"], "");
    }

    #[test]
    fn what_scopes_have_in_common_ends_with_a_slash_and_leaves_each_a_name() {
        #[track_caller]
        fn check(scopes: &[&str], expected: Option<(&str, &[&str])>) {
            let prefix = prefix(scopes);
            let short = prefix.map(|prefix| scopes.iter().map(|scope| without(scope, prefix)).collect::<Vec<_>>());
            let found = prefix.zip(short.as_deref());
            assert_eq!(found, expected, "{scopes:?}");
        }
        check(&[], None);
        check(&["/"], None);
        check(&["/subscriptions/a"], Some(("/subscriptions/", &["a"])));
        check(&["/resourceGroups/a"], Some(("/resourceGroups/", &["a"])));
        check(&["/providers/a"], None);
        let groups = ["/subscriptions/1234-5678/resourceGroups/web", "/Subscriptions/1234-5678/resourcegroups/data"];
        check(&groups, Some(("/subscriptions/1234-5678/resourceGroups/", &["web", "data"])));
        check(&groups[..1], Some(("/subscriptions/1234-5678/resourceGroups/", &["web"])));
        let deep = ["/subscriptions/1234-5678/resourceGroups/web/a/b", "/subscriptions/1234-5678/resourceGroups/web"];
        check(&deep, Some(("/subscriptions/1234-5678/resourceGroups/", &["web/a/b", "web"])));
        let above = ["/subscriptions/1234-5678/resourceGroups/web", "/subscriptions/1234-5678"];
        check(&above, Some(("/subscriptions/", &["1234-5678/resourceGroups/web", "1234-5678"])));
        let titled = ["/subscriptions/1234-5678/resourceGroups/web", "item: 3"];
        check(&titled, Some(("/subscriptions/1234-5678/resourceGroups/", &["web", "item: 3"])));
        check(&["/providers/1234-ä/resourceGroups/ö", "/providers/1234-ü/resourceGroups/ö"], None);
        check(
            &["/subscriptions/12345/äö/web", "/subscriptions/12345/äü/web"],
            Some(("/subscriptions/12345/", &["äö/web", "äü/web"])),
        );
    }
}
