//! What changes from run to run, and the placeholder it gets. The table is in the documentation of `pages`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::folder::Folder;

/// Roles whose ids are the same everywhere: Owner, Contributor, Reader.
const WELL_KNOWN: [&str; 3] = [
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
];

/// A pattern in three groups, before, the volatile part, and after; its placeholder; and whether a part that the page
/// itself names stays.
struct Rule {
    pattern: Regex,
    placeholder: &'static str,
    own_stays: bool,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let number = r"-?\d+(?:\.\d+)?(?:e-?\d+)?";
    let version = regex::escape(env!("CARGO_PKG_VERSION"));
    let rules = [
        (r"()(eyJ[\w-]+\.[\w-]+\.[\w-]*)()".to_owned(), "[jwt]", false),
        (r"()(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)()".to_owned(), "[time]", true),
        (r"()((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)()".to_owned(), "[time]", true),
        (r"()(\b\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M\b)()".to_owned(), "[time]", true),
        (r#"("(?:expires_on|expires_in|not_before|exp|iat|nbf)": ?"?)(\d+)()"#.to_owned(), "[time]", false),
        (format!(r#"("\w*_ms": ?)({number})()"#), "[ms]", false),
        (format!(r#"(\b(?:time|duration)=")({number})(")"#), "[ms]", false),
        (r#"(style=")(left:[\d.]+%;width:[\d.]+%)(")"#.to_owned(), "[ms]", false),
        (r"((?:^|[^\w. ]) ?| ) *(\b\d+(?:\.\d+)? (?:µs|ms|s|min))(\b)".to_owned(), "[ms]", false),
        (r"(?i)()(\b[\da-f]{8}-[\da-f]{4}-[47][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}\b)()".to_owned(), "[uuid]", true),
        (r"((?:127\.0\.0\.1|localhost|\[::1\]|%5B%3A%3A1%5D)(?::|%3A))(\d+)()".to_owned(), "[port]", true),
        (
            format!(r#"(\bmi-run[ /]v?|"mi_run": ?"|name="mi_run" value="|"version": ?")({version})(\b)"#),
            "[version]",
            false,
        ),
    ];
    let compile = |(pattern, placeholder, own_stays): (String, _, _)| {
        let pattern = Regex::new(&format!("(?m){pattern}")).expect("the patterns above are well-formed");
        Rule { pattern, placeholder, own_stays }
    };
    rules.into_iter().map(compile).collect()
});

/// The volatile parts of one page.
pub(crate) struct Volatile {
    /// What the author wrote, in lower case.
    own: String,
    /// The places of this page, and what stands for each.
    known: Vec<(Regex, String)>,
}

impl Volatile {
    /// `urls` are the variables of the page that hold the URL of a server.
    pub(crate) fn new(own: &str, folder: &Folder, urls: &BTreeMap<String, String>) -> Volatile {
        let pattern = |text: &str, more: &str| {
            Regex::new(&format!("{}{more}", regex::escape(text))).expect("an escaped text is a pattern")
        };
        let path = |path: &Path| path.display().to_string();
        let mut known = vec![
            (pattern(&path(&folder.temp), r#"(?:/[^/\s"'`]+(/))?"#), "[tmp]$1".to_owned()),
            (pattern(&path(&folder.work), r"\b"), "[dir]".to_owned()),
        ];
        known.extend(urls.iter().map(|(name, url)| (pattern(url, r"\b"), format!("$${name}"))));
        Volatile { own: own.to_lowercase(), known }
    }

    /// The text with its volatile parts replaced.
    pub(crate) fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (pattern, name) in &self.known {
            text = pattern.replace_all(&text, name).into_owned();
        }
        for rule in RULES.iter() {
            let replaced = rule.pattern.replace_all(&text, |found: &Captures<'_>| {
                if rule.own_stays && self.is_own(&format!("{}{}", &found[1], &found[2])) {
                    found[0].to_owned()
                } else {
                    format!("{}{}{}", &found[1], rule.placeholder, &found[3])
                }
            });
            text = replaced.into_owned();
        }
        text
    }

    fn is_own(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        self.own.contains(&part) || WELL_KNOWN.contains(&part.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "1a2b3c4d-0000-4000-8000-000000000001 2026-01-02T03:04:05Z 300 ms http://127.0.0.1:9";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let folder = Folder::new().unwrap();
        let text = text.replace("<work>", &folder.work.display().to_string());
        let text = text.replace("<temp>", &folder.temp.display().to_string());
        let urls = BTreeMap::from([("SERVER".to_owned(), "http://127.0.0.1:4100".to_owned())]);
        assert_eq!(Volatile::new(OWN, &folder, &urls).replace(&text), expected);
    }

    #[test]
    fn places_are_named() {
        check("in <work>/x.yaml", "in [dir]/x.yaml");
        check("\"<temp>/run-8aQ/ca.pem\" <temp>/ca.pem", "\"[tmp]/ca.pem\" [tmp]/ca.pem");
        check("http://127.0.0.1:4100/x 127.0.0.1:4100 localhost:80", "$SERVER/x 127.0.0.1:[port] localhost:[port]");
        check("?u=http%3A%2F%2F127.0.0.1%3A41001%2Fx", "?u=http%3A%2F%2F127.0.0.1%3A[port]%2Fx");
        check("https://127.0.0.1:41001 http://127.0.0.1:9", "https://127.0.0.1:[port] http://127.0.0.1:9");
    }

    #[test]
    fn moments_are_masked_but_for_the_pages_own() {
        check("2026-05-06T07:08:09.123Z, 2026-01-02T03:04:05Z", "[time], 2026-01-02T03:04:05Z");
        check("Date: Tue, 05 May 2026 07:08:09 GMT", "Date: [time]");
        check(r#""expires_on": "1770000000", "exp":17"#, r#""expires_on": "[time]", "exp":[time]"#);
        check("api-version=2021-04-01", "api-version=2021-04-01");
    }

    #[test]
    fn measured_durations_are_masked_but_not_chosen_ones() {
        check("passed  12 ms, 1.2 s\n300 ms", "passed [ms], [ms]\n[ms]");
        check("within 10m or 300ms, 3 steps", "within 10m or 300ms, 3 steps");
        check(r#""duration_ms": 1.23, "at_ms":0,"#, r#""duration_ms": [ms], "at_ms":[ms],"#);
        check(r#"<testcase time="0.012">"#, r#"<testcase time="[ms]">"#);
        check("passed     9 ms\npassed   120 ms", "passed [ms]\npassed [ms]");
    }

    #[test]
    fn ids_are_masked_but_for_those_that_mean_something() {
        check("1A2B3C4D-0000-4000-8000-000000000001", "1A2B3C4D-0000-4000-8000-000000000001");
        check("acdd72a7-3385-48ef-bd42-f606fba81ae7", "acdd72a7-3385-48ef-bd42-f606fba81ae7");
        check("ffffffff-0000-4000-8000-000000000001", "[uuid]");
        check("ffffffff-0000-5000-8000-000000000001", "ffffffff-0000-5000-8000-000000000001");
        check("Bearer eyJx.eyJ_-y.z-_", "Bearer [jwt]");
    }

    #[test]
    fn the_version_is_masked_where_it_is_that_of_mi_run() {
        let version = env!("CARGO_PKG_VERSION");
        check(
            &format!("mi-run {version} mi-run/{version} {version}"),
            &format!("mi-run [version] mi-run/[version] {version}"),
        );
        check(
            &format!(r#"<property name="mi_run" value="{version}"/> <property name="x" value="{version}"/>"#),
            &format!(r#"<property name="mi_run" value="[version]"/> <property name="x" value="{version}"/>"#),
        );
    }
}
