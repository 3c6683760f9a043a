//! A report that was written before, read again and told in every format.

use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;

use mi_run::event::Record;
use mi_run::event::redact::Redactor;
use mi_run::report::checkout::Checkout;
use mi_run::report::compare::Changes;
use mi_run::report::{curl, github, har, html, json, junit, markdown, otlp, read, sarif, tap};

pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(record) = read::read(bytes) else { return };
    let checkout = Checkout::new(None, PathBuf::new());
    for write in [curl::write, har::write, html::write, junit::write, markdown::write, tap::write] {
        written(|out| write(&record, out));
    }
    written(|out| sarif::write((&record, &checkout), out));
    otlp::batches(&record).for_each(drop);
    github::render(&record, &checkout);
    let again = written(|out| json::write(&record, out));
    let second = read::read(again.as_bytes()).unwrap_or_else(|why| panic!("{why}: {again}"));
    assert_eq!(written(|out| json::write(&second, out)), again, "what is written and read again is another");
    assert!(!Changes::between(&record, &second).is_worse());
    let mut clean: Record = second;
    let mut redactor = Redactor::default();
    redactor.hide("secret");
    Rc::new(redactor).record(&mut clean, u64::MAX);
    written(|out| json::write(&clean, out));
}

/// A report in memory, which takes everything.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("reports are text")
}
