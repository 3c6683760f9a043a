//! The known name nearest to one that is not known, for "a similar name exists".

/// The candidate that `name` was probably meant to be, if one is near enough to be worth saying.
///
/// Near means: the same but for letter case, or at an edit distance of at most a third of the name's length.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let limit = length.max(3) / 3;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.to_lowercase() == name.to_lowercase() {
            return Some(candidate);
        }
        if candidate.chars().count().abs_diff(length) > limit {
            continue;
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
    }

    #[test]
    fn prefers_the_least_distance_and_then_the_first() {
        assert_eq!(nearest("colour", ["colon", "color"]), Some("color"));
        assert_eq!(nearest("bat", ["cat", "rat"]), Some("cat"));
    }
}
