//! The `mi-run` binary: a thin shell around the library.

mod cli;

/// A run makes and drops many small values; the allocator of the C library takes a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
