//! The wish to stop, as it comes from outside.

use std::cell::Cell;

use tokio::sync::Notify;

/// Says that somebody wants the run to stop: the first time the steps, the second time the cleanup too.
#[derive(Debug, Default)]
pub struct Interrupt {
    times: Cell<u32>,
    timed_out: Cell<bool>,
    notify: Notify,
}

impl Interrupt {
    /// Stops the steps; what runs then, runs as cleanup. Once more stops that too.
    pub fn raise(&self) {
        self.times.set(self.times.get() + 1);
        self.notify.notify_waiters();
    }

    /// Stops the steps since the time is up.
    pub fn time_is_up(&self) {
        self.timed_out.set(true);
        self.notify.notify_waiters();
    }

    /// Whether somebody wants it to stop.
    pub fn came(&self) -> bool {
        self.times.get() > 0
    }

    /// Whether the time is up.
    pub fn timed_out(&self) -> bool {
        self.timed_out.get()
    }

    /// Why nothing more is begun; cleanup goes on until it is told twice.
    pub(super) fn reason(&self, cleanup: bool) -> Option<&'static str> {
        match cleanup {
            true if self.times.get() > 1 => Some("interrupted"),
            false if self.came() => Some("interrupted"),
            false if self.timed_out() => Some("the run took longer than `--timeout` allows"),
            _ => None,
        }
    }

    /// Waits until there is a reason; gives it.
    pub(super) async fn wait(&self, cleanup: bool) -> &'static str {
        loop {
            let notified = self.notify.notified();
            if let Some(reason) = self.reason(cleanup) {
                return reason;
            }
            notified.await;
        }
    }
}
