//! Runs one after the other, with random playbooks against random faults over real sockets: whatever goes wrong, each run ends,
//! and nothing stays behind, neither memory nor descriptors nor tasks.
//!
//! For a few seconds in `cargo test`; for longer with `SOAK_SECONDS=1800 cargo test --test it soak -- --nocapture`, which
//! tells the figures. `SOAK_SEED` gives other playbooks and other faults.

mod chance;
mod phrases;

use std::cell::Cell;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use mi_run::emulator::{Emulator, Exchange, Options};
use mi_run::event::{Outcome, Outlet, Record, Spool};
use mi_run::http::client::Client;
use mi_run::report::{html, json, junit};
use mi_run::run::{Clock, Engine, Interrupt};
use mi_run::source::Sources;
use tokio::time::timeout;

use crate::offline::{carry_out, emulated, outside, plan, settings};
use chance::Chance;

/// No run takes so long.
const LONGEST: Duration = Duration::from_secs(60);

/// How much more memory the last third may use than the first, in KiB: what allocators keep for themselves.
const SLACK: u64 = 24 * 1024;

/// A clock on which waiting takes a hundredth of its time.
struct Quick {
    begun: Instant,
    skipped: Cell<Duration>,
}

impl Clock for Quick {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed() + self.skipped.get()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.skipped.set(self.skipped.get() + duration);
        Box::pin(tokio::time::sleep((duration / 100).min(Duration::from_millis(20))))
    }
}

/// What happened so far.
#[derive(Default)]
struct Figures {
    runs: u64,
    interrupted: u64,
    steps: [u64; 4],
    requests: Arc<AtomicU64>,
    faults: Arc<AtomicU64>,
    reports: u64,
    /// What the process held after each run: memory in KiB, and descriptors.
    held: Vec<(u64, u64)>,
}

impl Figures {
    fn count(&mut self, record: &Record) {
        self.runs += 1;
        self.interrupted += u64::from(record.run.interrupted);
        let summary = record.summary;
        let told = [summary.passed, summary.failed, summary.errored, summary.skipped];
        assert_eq!(told.iter().sum::<u32>(), summary.steps);
        self.steps.iter_mut().zip(told).for_each(|(all, more)| *all += u64::from(more));
    }

    /// The mean of what was held in the first and in the last third, the first tenth left out: until then caches fill.
    fn thirds(&self, of: impl Fn(&(u64, u64)) -> u64) -> (u64, u64) {
        let warm = &self.held[self.held.len() / 10..];
        let third = warm.len().div_ceil(3).max(1);
        let mean = |held: &[(u64, u64)]| held.iter().map(&of).sum::<u64>() / held.len().max(1) as u64;
        (mean(&warm[..third]), mean(&warm[warm.len() - third..]))
    }
}

/// What this process holds: memory in KiB, and descriptors.
fn held() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, |folder| folder.count());
    (memory.unwrap_or_default(), descriptors as u64)
}

/// One run: a world, a playbook, and perhaps somebody who interrupts it.
async fn round(chance: &mut Chance, figures: &mut Figures) {
    let (world, playbook) = (phrases::world(chance), phrases::playbook(chance));
    let (requests, faults) = (Arc::clone(&figures.requests), Arc::clone(&figures.faults));
    let watcher = move |exchange: &Exchange| {
        requests.fetch_add(1, Ordering::Relaxed);
        faults.fetch_add(u64::from(exchange.fault), Ordering::Relaxed);
    };
    let tls = chance.below(10) == 0;
    let options = Options { tls, watcher: Some(Arc::new(watcher)), ..Options::default() };
    let emulator = Emulator::start(emulated(&world), options).await.expect("it starts");
    let ready = emulator.ready();
    let arm = ready.arm.as_ref().unwrap_or(&ready.arm_http);
    let client = Client::new(ready.ca_file.as_deref(), || None).expect("good certificates");
    let clock = Quick { begun: Instant::now(), skipped: Cell::default() };
    let mut sources = Sources::new();
    let path = Path::new("soak.yaml");
    let plan = plan(path, &playbook, &mut sources);
    let (outlet, interrupt) = (Outlet::new(Vec::new(), Vec::new(), Some(Spool::default())), Interrupt::default());
    let jobs = 1 + chance.below(8) as usize;
    let engine =
        Engine::new(outside(&client, &clock), settings(&ready.imds, arm, jobs), (&sources, &outlet), &interrupt);
    let stops = (chance.below(6) == 0).then(|| Duration::from_micros(chance.below(20_000)));
    let stop = async {
        match stops {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
        interrupt.raise();
        std::future::pending().await
    };
    let run = async {
        tokio::select! {
            () = carry_out(&engine, plan, path) => {}
            () = stop => {}
        }
    };
    timeout(LONGEST, run).await.unwrap_or_else(|_| panic!("no end of\n{playbook}\nin\n{world}"));
    drop(engine);
    let record = outlet.into_record().expect("it was kept");
    assert!(record.outcome > Outcome::Skipped || record.run.interrupted || record.summary.passed == 0, "{playbook}");
    figures.count(&record);
    if chance.below(20) == 0 {
        figures.reports += 3;
        for write in [html::write, json::write, junit::write] {
            let mut text = Vec::new();
            assert!(write(&record, &mut text).is_ok() && text.len() > 100, "{playbook}");
        }
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "whoever asks for a long one wants the figures")]
fn soak_leaves_nothing_behind() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(number("SOAK_SECONDS").unwrap_or(3));
    let seed = number("SOAK_SEED").unwrap_or(9);
    let mut chance = Chance::new(seed);
    let mut figures = Figures::default();
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut most = 0;
    while begun.elapsed() < length || figures.runs < 5 {
        runtime.block_on(round(&mut chance, &mut figures));
        // What was dropped ends as soon as it gets its turn.
        let gone = async {
            while runtime.metrics().num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let stay = runtime.block_on(async { timeout(LONGEST, gone).await.is_err() });
        assert!(!stay, "{} tasks stay after run {}", runtime.metrics().num_alive_tasks(), figures.runs);
        figures.held.push(held());
        most = most.max(figures.held.last().map_or(0, |(memory, _)| *memory));
    }
    let (first, last) = figures.thirds(|(memory, _)| *memory);
    let (fewer, more) = figures.thirds(|(_, descriptors)| *descriptors);
    let [passed, failed, errored, skipped] = figures.steps;
    eprintln!(
        "soak: {:.0} s, seed {seed}: {} runs ({} interrupted), {} requests, {} faults met, steps {passed} passed, {failed} failed, \
         {errored} errored, {skipped} skipped, {} reports; memory {first} KiB in the first third, {last} KiB in the last, {most} KiB at \
         most; descriptors {fewer} and {more}; tasks left 0",
        begun.elapsed().as_secs_f64(),
        figures.runs,
        figures.interrupted,
        figures.requests.load(Ordering::Relaxed),
        figures.faults.load(Ordering::Relaxed),
        figures.reports,
    );
    assert!(figures.faults.load(Ordering::Relaxed) > 0 && passed > 0 && errored > 0, "too tame");
    // Alone in its process it can tell; other tests use memory and descriptors of their own.
    if number("SOAK_SECONDS").is_some() {
        assert!(last <= first + SLACK, "memory grows: {first} KiB, then {last} KiB");
        assert!(more <= fewer, "descriptors grow: {fewer}, then {more}");
    }
}
