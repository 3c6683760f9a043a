//! Playbooks broken at random: whatever stands in a file, checking it ends, and every place it tells is in the file.

use std::fs;

use mi_run::diagnostic::Diagnostics;
use mi_run::diagnostic::render::{Style, render};
use mi_run::plan::Documents;
use mi_run::source::{Source, Sources};
use mi_run::{plan, playbook};
use proptest::prelude::*;

use crate::folder::repository;

/// A playbook that uses most of the language.
const RICH: &str = "name: \"é {{ a }}\"\ncloud: {arm: 'https://arm.example', audience: x}\nidentity: {client_id: '{{ a }}'}\n\
    inputs:\n  a: {default: 'x''y', pattern: '^.', secret: true}\n  b: {type: list, default: [1, 2.5, null]}\nvars:\n  c: |\n    one {{ b[0] }}\n    two\n  \
    d: &d >-\n    {{ c | upper }}\n  e: *d\nsteps:\n  - &s {token: arm, capture: {p: $.oid}, expect: {claims: {\"$['a'][*]\": {every: {type: text}}}}}\n  \
    - id: x\n    request: GET /x/{{ p }}?y={{ c }}\n    when: a is defined\n    expect:\n      status: [200, 4xx]\n      json: {$.a: {not: {matches: '^{{ a }}'}}}\n      \
    that: [json.x == 1]\n      duration: {below: 2s}\n    capture: {q: {regex: 'x(.)', default: }}\n  - set: {z: '{{ q }}'}\n  - assert: [z == 1, \"'é' in z\"]\n";

/// What breaks files.
const SPLINTERS: [&str; 26] = [
    "{{", "}}", "{%", "%}", "'", "\"", ":", ": ", "- ", "\n", "\n  ", "\r\n", "\t", "[", "]", "{", "}", "*d", "&d",
    "|", ">", "#", "é", "\u{feff}", "$.", "---\n",
];

/// Checks a text; everything that is told can be shown.
fn check(text: &str) {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let id = sources.add(Source::new("x.yaml", text));
    if let Some(document) = playbook::read(id, &mut sources, &mut diagnostics) {
        plan::build(Documents::single(id, document), &sources, &mut diagnostics);
    }
    places_are_good(diagnostics, text, &sources);
}

/// Every place that is told is in the text, and every diagnostic can be shown.
pub(crate) fn places_are_good(diagnostics: Diagnostics, text: &str, sources: &Sources) {
    for diagnostic in diagnostics.sorted() {
        for label in &diagnostic.labels {
            assert!(label.span.end as usize <= text.len(), "{diagnostic:?}");
            assert!(text.is_char_boundary(label.span.start as usize), "{diagnostic:?}");
            assert!(text.is_char_boundary(label.span.end as usize), "{diagnostic:?}");
        }
        let shown = render(&diagnostic, sources, Style::default());
        assert!(shown.contains(&*diagnostic.code), "{shown}");
    }
}

/// The text with a piece of it taken out, put in, or moved.
pub(crate) fn breaks(text: &str, (at, length, splinter): (usize, usize, usize)) -> String {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = floor(at % (text.len() + 1));
    let end = floor(start + length).max(start);
    let piece = SPLINTERS.get(splinter).copied().unwrap_or(&text[start..end]);
    format!("{}{piece}{}", &text[..start], &text[end..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_broken_playbook_is_told_not_suffered(
        shipped in any::<bool>(),
        cuts in prop::collection::vec((any::<usize>(), 0_usize..12, 0_usize..40), 1..5),
    ) {
        let verify = fs::read_to_string(repository().join("playbooks/verify.yaml")).expect("it is shipped");
        let text = if shipped { verify } else { RICH.to_owned() };
        check(&cuts.into_iter().fold(text, |text, cut| breaks(&text, cut)));
    }
}

#[test]
fn the_playbook_that_is_broken_is_whole_before() {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let id = sources.add(Source::new("x.yaml", RICH));
    let document = playbook::read(id, &mut sources, &mut diagnostics).expect("a playbook");
    plan::build(Documents::single(id, document), &sources, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}
