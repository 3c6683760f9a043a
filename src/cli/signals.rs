//! SIGINT and SIGTERM: caught from the moment somebody listens, waited for later; SIGXFSZ: an error of whoever writes, not the end.

/// Listens for SIGINT and SIGTERM. From its making on, neither ends the program by itself.
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
    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) type Streams = (Signal, Signal);

    pub(super) fn listen() -> Option<Streams> {
        Some((signal(SignalKind::interrupt()).ok()?, signal(SignalKind::terminate()).ok()?))
    }

    pub(super) async fn next((interrupt, terminate): &mut Streams) {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
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
