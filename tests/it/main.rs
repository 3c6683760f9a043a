//! The integration tests, one binary: the pages of `tests/cases`, the sweep over what is shipped, the tidiness of the sources.

mod broken;
mod determinism;
mod emulate;
#[cfg(unix)]
mod files;
mod folder;
mod formats;
mod fuzz;
#[cfg(unix)]
mod interrupt;
mod jsonpath;
mod order;
mod pages;
mod patience;
mod pipelines;
mod program;
mod rbac;
#[cfg(unix)]
mod records;
mod reference;
mod reports;
mod schema;
mod secrets;
#[cfg(unix)]
mod strangers;
mod supply;
mod sweep;
mod tidy;
mod whoami;
mod words;
mod worlds;
