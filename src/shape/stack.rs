//! Room to recurse: schemas refer to themselves, and how deep that goes is known only when it is too late.

use std::thread;

use super::Size;

/// What one object of a schema takes of the stack, for one level of the value: measured three times as small.
const FRAME: usize = 2 * 1024;

/// What is left of the stack of whoever calls, to be on the safe side.
const HERE: usize = 256 * 1024;

/// The most that is reserved. Memory is taken only as far as it is used.
const MOST: usize = 1 << 30;

/// Does what goes through at most so many objects for each level: on a stack of its own, if it may be large.
///
/// # Errors
/// When there cannot be such a stack, as a clause.
pub(super) fn run<T: Send>(size: Size, work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let needed = size.objects.saturating_add(8).saturating_mul(size.depth + 1).saturating_mul(FRAME);
    if needed <= HERE {
        return Ok(work());
    }
    if needed > MOST {
        return Err("the schema is too large for a value as deep as this".to_owned());
    }
    let done = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(needed).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    });
    done.ok_or_else(|| "the schema could not be gone through".to_owned())
}
