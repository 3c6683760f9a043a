//! A record back into its events, and events into a record: a run that is told again.

use std::sync::Arc;

use super::order::Sequencer;
use super::{Event, Millis, PlaybookFinished, PlaybookStarted, Record, RunFinished, RunStarted};
use super::{Step, StepFinished, Summary, Trail, Turn};

impl Record {
    /// The record of a run whose events were written down as they happened. One that breaks off was interrupted.
    pub fn of_events(events: impl IntoIterator<Item = Event>) -> Self {
        let (mut record, mut sequencer, mut ended) = (Record::default(), Sequencer::default(), false);
        for event in events {
            ended |= matches!(event, Event::RunFinished(_));
            record.run.duration_ms = event.at();
            sequencer.take(event, &mut |event| record.fold(event));
        }
        sequencer.finish(&mut |event| record.fold(event));
        if !ended {
            record.run.interrupted = true;
            record.recount();
        }
        record.restore();
        record
    }

    /// Works out again what the steps inside of others know of those around them, which is not written down.
    pub fn restore(&mut self) {
        fn inside(steps: &mut [Step], within: &[String], around: &Trail) {
            for (at, step) in steps.iter_mut().enumerate() {
                step.within = within.to_vec();
                if step.trail.0.is_empty() {
                    // Reports of other hands do not say it, and it only tells steps apart.
                    step.trail = around.then(Turn { step: at as u32, iteration: None });
                }
                if !step.steps.is_empty() {
                    let around: Vec<String> = within.iter().cloned().chain([step.title()]).collect();
                    inside(&mut step.steps, &around, &step.trail);
                }
            }
        }
        self.run.shard = self.run.shard.filter(|shard| (1..=shard.of).contains(&shard.number));
        self.playbooks.iter_mut().for_each(|playbook| inside(&mut playbook.steps, &[], &Trail::default()));
    }

    /// Counts again, and works out again how playbooks and the run came out.
    pub fn recount(&mut self) {
        fn all(steps: &[Step], visit: &mut dyn FnMut(&Step)) {
            for step in steps {
                all(&step.steps, visit);
                visit(step);
            }
        }
        let mut summary = Summary::default();
        for playbook in &mut self.playbooks {
            let mut outcome = playbook.outcome;
            all(&playbook.steps, &mut |step| {
                summary.count(step);
                outcome = outcome.max(step.outcome);
            });
            playbook.outcome = outcome;
        }
        self.summary = summary;
        self.outcome = self.playbooks.iter().map(|playbook| playbook.outcome).max().unwrap_or_default();
    }

    /// Tells the run again: its events, the ends of steps in the order of the file.
    pub fn replay(&self, tell: &mut dyn FnMut(Event)) {
        tell(Event::RunStarted(RunStarted {
            at_ms: Millis(0.0),
            run: self.run.id.clone(),
            started_at: self.run.started_at.clone(),
            mi_run: self.mi_run.clone(),
            shard: self.run.shard,
        }));
        let mut summary = Summary::default();
        for (index, playbook) in self.playbooks.iter().enumerate() {
            tell(Event::PlaybookStarted(PlaybookStarted {
                at_ms: playbook.started_ms,
                playbook: index,
                path: Arc::clone(&playbook.path),
                name: playbook.name.clone(),
                steps: playbook.steps.len(),
                sources: playbook.sources.clone(),
            }));
            steps(&playbook.steps, (index, &mut summary), tell);
            tell(Event::PlaybookFinished(PlaybookFinished {
                at_ms: Millis(playbook.started_ms.0 + playbook.duration_ms.0),
                playbook: index,
                outcome: playbook.outcome,
                outputs: playbook.outputs.clone(),
                problems: playbook.problems.clone(),
            }));
        }
        tell(Event::RunFinished(RunFinished {
            at_ms: self.run.duration_ms,
            outcome: self.outcome,
            interrupted: self.run.interrupted,
            timed_out: self.run.timed_out,
            cloud: self.run.cloud.clone(),
            identity: self.run.identity.clone(),
            summary: self.summary,
            hollow: self.hollow.clone(),
        }));
    }
}

fn steps(all: &[Step], (playbook, summary): (usize, &mut Summary), tell: &mut dyn FnMut(Event)) {
    for step in all {
        steps(&step.steps, (playbook, summary), tell);
        summary.count(step);
        let at_ms = Millis(step.started_ms.0 + step.duration_ms.0);
        let step = Box::new(Step { steps: Vec::new(), ..step.clone() });
        tell(Event::StepFinished(StepFinished { at_ms, playbook, step, summary: *summary }));
    }
}

impl Event {
    /// When it happened, in milliseconds since the run began.
    pub fn at(&self) -> Millis {
        match self {
            Event::RunStarted(event) => event.at_ms,
            Event::PlaybookStarted(event) => event.at_ms,
            Event::StepStarted(event) => event.at_ms,
            Event::AsideAnswered(event) => event.at_ms,
            Event::AttemptFinished(event) => event.at_ms,
            Event::StepFinished(event) => event.at_ms,
            Event::WaitStarted(event) => event.at_ms,
            Event::LoopStarted(event) => event.at_ms,
            Event::LoopFinished(event) => event.at_ms,
            Event::PlaybookFinished(event) => event.at_ms,
            Event::RunFinished(event) => event.at_ms,
        }
    }
}
