//! The outside, handed in: transport, clock, environment, files, chance.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::http::Transport;
use crate::identity::Machine;

/// The outside.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// Sends requests.
    pub transport: &'w dyn Transport,
    /// Tells the time.
    pub clock: &'w dyn Clock,
    /// What identity sources read of the machine.
    pub machine: Machine<'w>,
    /// The variables of the environment, as templates see them.
    pub variables: &'w (dyn Fn() -> Value + 'w),
    /// Reads a file that must stand in a folder: first the folder, then the file. None that a link leads to outside.
    pub file: fn(&Path, &Path) -> io::Result<Vec<u8>>,
    /// Gives random bytes.
    pub random: &'w (dyn Fn() -> [u8; 16] + 'w),
}

/// Tells the time.
pub trait Clock {
    /// The time now.
    fn now(&self) -> SystemTime;
    /// The time since the run began; never goes back.
    fn elapsed(&self) -> Duration;
    /// Lets time pass.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>>;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock for a run that begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
