//! The integration tests, one binary: the pages of `tests/cases`, the sweep over what is shipped, the tidiness of the sources.

mod broken;
mod determinism;
mod emulate;
#[cfg(target_os = "linux")]
mod ends;
mod faults;
#[cfg(unix)]
mod files;
mod folder;
mod formats;
mod fuzz;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(unix)]
mod interrupt;
mod jsonpath;
#[cfg(unix)]
mod long;
mod manual;
mod offline;
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
#[cfg(target_os = "linux")]
mod soak;
#[cfg(unix)]
mod strangers;
mod supply;
mod sweep;
mod tidy;
mod whoami;
mod wire;
mod words;
mod worlds;
