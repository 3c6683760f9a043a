//! The known name nearest to one that is not known, for "a similar name exists".

/// How long a name may be to have a near one, in characters: to compare two takes as much time and memory as one is long, times
/// the other.
const LONGEST: usize = 200;

/// The candidate that `name` was probably meant to be, if one is near enough to be worth saying.
///
/// Near means: the same but for letter case, or at an edit distance of at most a third of the name's length.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let limit = length.max(3) / 3;
    let lower = name.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.chars().count().abs_diff(length) > limit {
            continue;
        }
        if candidate.to_lowercase() == lower {
            return Some(candidate);
        }
        let distance = strsim::damerau_levenshtein(name, candidate);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["request", "token", "eventually", "id", "api_version"];
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(nearest(name, known), expected, "{name}");
        };
        check("reqest", Some("request"));
        check("REQUEST", Some("request"));
        check("tokne", Some("token"));
        check("api-version", Some("api_version"));
        check("ids", Some("id"));
        check("frobnicate", None);
        check("", None);
        check(&"x".repeat(100_000), None);
        let long = "x".repeat(300_000);
        assert_eq!(nearest(&format!("{long}y"), [format!("{long}z").as_str()]), None);
    }

    #[test]
    fn prefers_the_least_distance_and_then_the_first() {
        assert_eq!(nearest("colour", ["colon", "color"]), Some("color"));
        assert_eq!(nearest("bat", ["cat", "rat"]), Some("cat"));
    }
}
