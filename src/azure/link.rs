//! A link that an answer holds, followed only to where the answer came from.

use crate::http;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// To the same scheme, host and port: the whole URL.
    Here(String),
    /// To another scheme, host or port: the whole URL.
    Foreign(String),
    /// Nowhere: why.
    Broken(String),
}

/// Reads a link that came from `base`; a relative one is joined to it, an absolute one stays as it is, to the byte.
///
/// Source: azure-resource-manager-rpc, `common-api-details.md` and `async-api-reference.md`: links are followed
/// unchanged. That they stay on their host is ours: the token of the first request goes with them.
pub(super) fn follow(base: &str, link: &str) -> Link {
    let Some(url) = http::join(base, link) else {
        return Link::Broken(format!("`{link}` cannot be joined to `{base}`"));
    };
    let Some(theirs) = http::origin(&url) else {
        return Link::Broken(format!("`{link}` is not a URL"));
    };
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    if after_scheme.split(['/', '?', '#', '\\']).next().is_some_and(|authority| authority.contains('@')) {
        return Link::Broken(format!("`{link}` holds a user name"));
    }
    match http::origin(base) {
        Some(ours) if ours == theirs => Link::Here(url),
        _ => Link::Foreign(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_here_elsewhere_or_nowhere() {
        let check = |link: &str, expected: &str| {
            let found = match follow("https://arm.example/a/b?c=d", link) {
                Link::Here(url) => format!("here {url}"),
                Link::Foreign(url) => format!("foreign {url}"),
                Link::Broken(_) => "broken".to_owned(),
            };
            assert_eq!(found, expected, "{link}");
        };
        check("https://arm.example/x?%24skip=a b", "here https://arm.example/x?%24skip=a b");
        check("https://ARM.example:443/x", "here https://ARM.example:443/x");
        check("/x?y", "here https://arm.example/x?y");
        check("x", "here https://arm.example/a/x");
        check("?y", "here https://arm.example/a/b?y");
        check("http://arm.example/x", "foreign http://arm.example/x");
        check("https://arm.example:444/x", "foreign https://arm.example:444/x");
        check("//other.example/x", "foreign https://other.example/x");
        check(r"https://other.example\@arm.example/", r"foreign https://other.example\@arm.example/");
        check("https://arm.example@other.example/", "broken");
        check("https://user@arm.example/", "broken");
        check("https:///x", "broken");
        check("https://arm.example:port/", "broken");
        assert!(matches!(follow("no url", "/x"), Link::Broken(_)));
        assert!(matches!(follow("no url", "https://arm.example/"), Link::Foreign(_)));
    }
}
