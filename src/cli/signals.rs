//! SIGINT, SIGTERM and SIGHUP: caught from the moment somebody listens, waited for later; SIGXFSZ: an error of whoever
//! writes, not the end.

/// Listens for SIGINT, SIGTERM and SIGHUP. From its making on, none ends the program by itself.
pub(super) struct Signals(Option<inner::Streams>);

impl Signals {
    /// Begins to listen. Wants a runtime around it.
    pub(super) fn new() -> Self {
        Self(inner::listen())
    }

    /// Waits for one of them; one that came since the last time counts.
    pub(super) async fn wait(&mut self) {
        match &mut self.0 {
            Some(streams) => inner::next(streams).await,
            // Who cannot listen leaves the signals their default, which ends the program.
            None => std::future::pending().await,
        }
    }
}

/// Lets the program outlive a file that may not grow any more: whoever writes it is told. Wants a runtime around it.
pub(super) fn outlive_limits() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        // Its number on Linux and macOS. Who once listened to a signal is not ended by it any more.
        const XFSZ: i32 = 25;
        let _ = signal(SignalKind::from_raw(XFSZ));
    }
}

#[cfg(unix)]
mod inner {
    use std::future::poll_fn;
    use std::task::Poll;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) type Streams = Vec<Signal>;

    pub(super) fn listen() -> Option<Streams> {
        let mut streams = vec![signal(SignalKind::interrupt()).ok()?, signal(SignalKind::terminate()).ok()?];
        if !outlives_terminal() {
            streams.extend(signal(SignalKind::hangup()));
        }
        Some(streams)
    }

    /// Whether SIGHUP is ignored, as `nohup` wants it for its command. What cannot be found out stays as it is.
    fn outlives_terminal() -> bool {
        const HANGUP: u64 = 1;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored =
            status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
        ignored.is_none_or(|ignored| ignored & HANGUP != 0)
    }

    pub(super) async fn next(streams: &mut Streams) {
        poll_fn(|context| match streams.iter_mut().any(|stream| stream.poll_recv(context).is_ready()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

#[cfg(windows)]
mod inner {
    use tokio::signal::windows::{CtrlC, ctrl_c};

    pub(super) type Streams = CtrlC;

    pub(super) fn listen() -> Option<Streams> {
        ctrl_c().ok()
    }

    pub(super) async fn next(pressed: &mut Streams) {
        let _ = pressed.recv().await;
    }
}
