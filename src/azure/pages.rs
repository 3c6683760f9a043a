//! Lists that come in pages: where the next one is, and all of them as one document.
//!
//! Source: azure-resource-manager-rpc, `common-api-details.md`, on collections: `{"value": […], "nextLink": …}`, and a
//! `nextLink` that is absent, null or empty ends the list. Some providers, and Microsoft's test server for clients, call
//! the list something else; Microsoft Graph calls the link `@odata.nextLink`.

use std::collections::HashSet;

use serde_json::Value;

use super::link::{Link, follow};

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the list ends here.
    Last,
    /// A page, at this URL.
    Page(String),
    /// A link to another scheme, host or port, which is not followed: a token does not go there.
    Foreign(String),
    /// A link that is none: why.
    Broken(String),
}

/// The names of the link to the next page.
const LINKS: [&str; 3] = ["nextLink", "@odata.nextLink", "odata.nextLink"];

/// Reads the `nextLink` of a page that came from `base_url`.
pub fn next(document: &Value, base_url: &str) -> Next {
    let found = LINKS.iter().find_map(|name| document.get(name).map(|link| (name, link)));
    let Some((name, link)) = found else { return Next::Last };
    let link = match link {
        Value::Null => return Next::Last,
        Value::String(link) if link.trim().is_empty() => return Next::Last,
        Value::String(link) => link.trim(),
        other => return Next::Broken(format!("`{name}` is {}, not text", kind(other))),
    };
    match follow(base_url, link) {
        Link::Here(url) => Next::Page(url),
        Link::Foreign(url) => Next::Foreign(url),
        Link::Broken(why) => Next::Broken(format!("`{name}`: {why}")),
    }
}

/// The pages of a list, folded into one document: the first one, with what all of them list.
#[derive(Clone, Debug)]
pub struct Pages {
    document: Value,
    /// The member that is the list.
    list: Option<String>,
    links: HashSet<String>,
}

impl Pages {
    /// Begins with the first page.
    pub fn new(first: Value) -> Self {
        let list = list(&first).map(str::to_owned);
        Self { document: first, list, links: HashSet::new() }
    }

    /// Joins what a further page lists.
    ///
    /// # Errors
    /// When either document is no list: the message says which.
    pub fn add(&mut self, mut page: Value) -> Result<(), String> {
        let Some(name) = &self.list else {
            return Err("the first page has no list `value`".to_owned());
        };
        let Some(all) = self.document.get_mut(name).and_then(Value::as_array_mut) else {
            return Ok(());
        };
        match page.get_mut(name) {
            Some(Value::Array(more)) => all.append(more),
            Some(other) => return Err(format!("the `{name}` of a page is {}, not a list", kind(other))),
            None => return Err(format!("a page has no list `{name}`")),
        }
        Ok(())
    }

    /// Whether a link was seen before, to the byte; from now on it was. A list whose pages lead back never ends.
    pub fn seen(&mut self, url: &str) -> bool {
        !self.links.insert(url.to_owned())
    }

    /// How many items all pages so far list.
    pub fn len(&self) -> usize {
        let all = self.list.as_ref().and_then(|name| self.document.get(name)).and_then(Value::as_array);
        all.map_or(0, Vec::len)
    }

    /// Whether no page so far lists anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The document: the first page with all values, without `nextLink`.
    pub fn finish(mut self) -> Value {
        if let Some(members) = self.document.as_object_mut() {
            LINKS.iter().for_each(|name| drop(members.shift_remove(*name)));
        }
        self.document
    }
}

/// The member of a page that is its list: `value`, else the only list there is.
fn list(page: &Value) -> Option<&str> {
    let members = page.as_object()?;
    let mut lists = members.iter().filter(|(_, value)| value.is_array()).map(|(name, _)| name.as_str());
    match members.get("value") {
        Some(Value::Array(_)) => Some("value"),
        _ => lists.next().filter(|_| lists.next().is_none()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_next_page_is_on_the_same_host() {
        let check = |document: Value, expected: Next| {
            assert_eq!(next(&document, "https://arm.example/subscriptions?api-version=1"), expected, "{document}");
        };
        check(json!({"value": []}), Next::Last);
        check(json!({"value": [], "nextLink": null}), Next::Last);
        check(json!({"value": [], "nextLink": ""}), Next::Last);
        check(json!([]), Next::Last);
        check(json!("text"), Next::Last);
        let page = |url: &str| Next::Page(url.to_owned());
        check(
            json!({"nextLink": "https://arm.example/x?$skipToken=a%3D"}),
            page("https://arm.example/x?$skipToken=a%3D"),
        );
        check(json!({"nextLink": "https://ARM.example:443/x"}), page("https://ARM.example:443/x"));
        check(json!({"nextLink": "/x?y"}), page("https://arm.example/x?y"));
        check(json!({"nextLink": "?y"}), page("https://arm.example/subscriptions?y"));
        let foreign = |url: &str| Next::Foreign(url.to_owned());
        check(json!({"nextLink": "http://arm.example/x"}), foreign("http://arm.example/x"));
        check(json!({"nextLink": "https://other.example/x"}), foreign("https://other.example/x"));
        check(json!({"nextLink": "https://arm.example:8443/x"}), foreign("https://arm.example:8443/x"));
        check(json!({"nextLink": 5}), Next::Broken("`nextLink` is a number, not text".to_owned()));
        check(json!({"nextLink": {}}), Next::Broken("`nextLink` is an object, not text".to_owned()));
        check(json!({"nextLink": "https:///x"}), Next::Broken("`nextLink`: `https:///x` is not a URL".to_owned()));
    }

    #[test]
    fn pages_become_one_document() {
        let mut pages = Pages::new(json!({"count": 9, "value": [1], "nextLink": "/2", "after": true}));
        pages.add(json!({"value": [2, 3], "nextLink": "/3"})).unwrap();
        pages.add(json!({"value": []})).unwrap();
        assert_eq!(pages.len(), 3);
        assert_eq!(pages.finish().to_string(), r#"{"count":9,"value":[1,2,3],"after":true}"#);
        assert_eq!(Pages::new(json!("text")).finish(), json!("text"));
        let mut named = Pages::new(json!({"values": [1], "@odata.nextLink": "/2"}));
        named.add(json!({"values": [2]})).unwrap();
        assert_eq!(named.finish(), json!({"values": [1, 2]}));
    }

    #[test]
    fn what_is_no_list_is_told() {
        let check = |first: Value, page: Value, expected: &str| {
            assert_eq!(Pages::new(first.clone()).add(page.clone()), Err(expected.to_owned()), "{first} {page}");
        };
        check(json!({}), json!({"value": []}), "the first page has no list `value`");
        check(json!([]), json!({"value": []}), "the first page has no list `value`");
        check(json!({"a": [], "b": []}), json!({"a": []}), "the first page has no list `value`");
        check(json!({"value": []}), json!({}), "a page has no list `value`");
        check(json!({"value": []}), json!([1]), "a page has no list `value`");
        check(json!({"value": []}), json!({"value": {}}), "the `value` of a page is an object, not a list");
        check(json!({"value": []}), json!({"value": null}), "the `value` of a page is null, not a list");
    }

    #[test]
    fn a_link_seen_before_is_known_to_the_byte() {
        let mut pages = Pages::new(json!({"value": []}));
        assert!(pages.is_empty());
        assert!(!pages.seen("https://arm.example/2"));
        assert!(!pages.seen("https://ARM.example/2"));
        assert!(pages.seen("https://arm.example/2"));
    }
}
