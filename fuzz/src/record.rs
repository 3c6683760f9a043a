//! A report that was written before, read again and told in every format.

use std::path::PathBuf;

use mi_run::event::Record;
use mi_run::event::redact::Redactor;
use mi_run::report::checkout::Checkout;
use mi_run::report::compare::Changes;
use mi_run::report::{curl, github, har, html, json, junit, markdown, otlp, read, sarif, tap};

pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(record) = read::read(bytes) else { return };
    let checkout = Checkout::new(None, PathBuf::new());
    curl::render(&record);
    har::render(&record);
    html::render(&record);
    junit::render(&record);
    markdown::render(&record);
    otlp::render(&record);
    tap::render(&record);
    github::render(&record, &checkout);
    sarif::render(&record, &checkout);
    let again = json::render(&record);
    let second = read::read(again.as_bytes()).unwrap_or_else(|why| panic!("{why}: {again}"));
    assert_eq!(json::render(&second), again, "what is written and read again is another");
    assert!(!Changes::between(&record, &second).is_worse());
    let mut clean: Record = second;
    let mut redactor = Redactor::default();
    redactor.hide("secret");
    redactor.record(&mut clean);
}
