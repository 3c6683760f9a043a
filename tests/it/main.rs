//! The integration tests, one binary: the pages of `tests/cases`, the sweep over what is shipped, the tidiness of the sources.

mod emulate;
mod folder;
#[cfg(unix)]
mod interrupt;
mod pages;
mod program;
mod sweep;
mod tidy;
mod words;
