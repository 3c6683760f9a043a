//! The wish to stop, as it comes from outside.

use std::cell::Cell;

use tokio::sync::Notify;

/// Says that somebody wants the run to stop.
#[derive(Debug, Default)]
pub struct Interrupt {
    came: Cell<bool>,
    notify: Notify,
}

impl Interrupt {
    /// Stops the run.
    pub fn raise(&self) {
        self.came.set(true);
        self.notify.notify_waiters();
    }

    /// Whether it came.
    pub fn came(&self) -> bool {
        self.came.get()
    }

    /// Waits until it comes.
    pub async fn wait(&self) {
        let notified = self.notify.notified();
        if !self.came.get() {
            notified.await;
        }
    }
}
