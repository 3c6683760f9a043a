//! A predicate as JSON in the first line, judged over the JSON value in the others.

use mi_run::diagnostic::Diagnostics;
use mi_run::plan::{self, Documents, Subject};
use mi_run::playbook;
use mi_run::predicate::Actual;
use mi_run::source::{Source, Sources};
use mi_run::template::Nothing;
use serde_json::Value;

use super::halves;

pub(crate) fn fuzz(bytes: &[u8]) {
    let Some((text, actual)) = halves(bytes) else { return };
    let text = format!("steps:\n  - request: GET /x\n    expect:\n      json:\n        $..a: {text}\n");
    let mut sources = Sources::new();
    let mut found = Diagnostics::new();
    let id = sources.add(Source::new("x.yaml", text));
    let Some(document) = playbook::read(id, &mut sources, &mut found) else { return };
    let plan = plan::build(Documents::single(id, document), &sources, &mut found);
    let actual: Value = serde_json::from_str(actual).unwrap_or_default();
    let actuals = [Actual::Missing, Actual::One(&actual), Actual::Many(vec![&actual; 3]), Actual::Many(Vec::new())];
    for assertion in plan.steps.iter().flat_map(|step| &step.assertions) {
        let Subject::Json(_, predicate) = &assertion.subject else { continue };
        let Ok(predicate) = predicate.try_map(&mut |tree| tree.render(&Nothing)) else { continue };
        for actual in &actuals {
            let verdicts = predicate.judge(actual).expect("so short an input takes no long work");
            assert!(!verdicts.is_empty());
            for verdict in &verdicts {
                assert_eq!(verdict.holds, verdict.reason.is_empty(), "{verdict:?}");
            }
            assert_eq!(Some(verdicts), predicate.judge(actual));
        }
    }
}
