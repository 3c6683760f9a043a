//! The steps of a block: each begins when all that it waits for has ended, as many at a time as are allowed.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::playbook::Playbook;
use crate::event::Outcome;
use crate::plan::Step;

/// How many steps may be under way for each that may send: those that wait for their next attempt send nothing.
const WAITING: usize = 8;

impl<'p> Playbook<'p, '_> {
    /// Runs the steps of a block, the first of which counts as number `from` there.
    pub(super) fn block<'f>(&'f self, steps: &'p [Step], from: usize) -> Pin<Box<dyn Future<Output = Outcome> + 'f>>
    where
        'p: 'f,
    {
        Box::pin(self.in_order(steps, from))
    }

    async fn in_order(&self, steps: &'p [Step], from: usize) -> Outcome {
        let mut left: Vec<usize> = steps.iter().map(|step| step.waits.len()).collect();
        let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
        for (at, step) in steps.iter().enumerate() {
            step.waits.iter().for_each(|wait| followers[wait.step].push(at));
        }
        let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|at| left[*at] == 0).collect();
        // With one job nothing runs beside anything, not even waiting.
        let jobs = self.engine.settings.jobs;
        let most = if jobs == 1 { 1 } else { jobs.saturating_mul(WAITING) };
        let mut running = FuturesUnordered::new();
        let mut outcome = Outcome::Skipped;
        loop {
            while running.len() < most
                && let Some(at) = ready.pop_first()
            {
                running.push(async move { (at, self.step(&steps[at], from + at).await) });
            }
            let Some((ended, its)) = running.next().await else {
                return outcome;
            };
            outcome = outcome.max(its);
            for follower in &followers[ended] {
                left[*follower] -= 1;
                if left[*follower] == 0 {
                    ready.insert(*follower);
                }
            }
        }
    }
}
