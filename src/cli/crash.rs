//! What a crash leaves behind: not the message of a panic, which may hold what it choked on, and no image of the memory.

use std::panic::PanicHookInfo;

use super::terminal::complain;

/// Lets a crash tell nothing that is secret.
pub(crate) fn seal() {
    std::panic::set_hook(hook(complain));
    #[cfg(unix)]
    no_image();
}

/// Says where it panicked, and not why.
fn hook(say: fn(&str)) -> Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send> {
    Box::new(move |info| {
        let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        say(&format!(
            "error: a defect of mi-run{place}: what it choked on is not shown, since it may be secret; please report it\n"
        ));
    })
}

/// One byte is too little for a core file, and Linux takes it for a sign not to start a program that gathers them either.
#[cfg(unix)]
fn no_image() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    // Where that is forbidden, all goes on as it did.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(maximum.unwrap_or(1).min(1)), maximum });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static SAID: Mutex<String> = Mutex::new(String::new());

    #[test]
    fn a_panic_tells_its_place_and_nothing_of_what_it_choked_on() {
        let before = std::panic::take_hook();
        std::panic::set_hook(hook(|text| SAID.lock().expect("nobody panics").push_str(text)));
        let secret = "hunter2 é";
        let caught = std::panic::catch_unwind(|| secret[..secret.len() - 1].len());
        std::panic::set_hook(before);
        assert!(caught.is_err());
        let said = SAID.lock().expect("nobody panics");
        assert!(said.starts_with("error: a defect of mi-run (") && !said.contains("hunter2"), "{said}");
        assert!(said.contains("crash.rs:"), "{said}");
    }
}
