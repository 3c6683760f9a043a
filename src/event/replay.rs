//! A record back into its events, and events into a record: a run that is told again.

use std::sync::Arc;

use super::order::Sequencer;
use super::{Event, Millis, PlaybookFinished, PlaybookStarted, Record, RunFinished, RunStarted};
use super::{Step, StepFinished, Steps, Summary};

impl Record {
    /// The record of a run whose events were written down as they happened. One that breaks off was interrupted.
    pub fn of_events(events: impl IntoIterator<Item = Event>) -> Self {
        let (mut record, mut sequencer, mut ended) = (Record::default(), Sequencer::default(), false);
        for event in events {
            ended |= matches!(event, Event::RunFinished(_));
            record.run.duration_ms = event.at();
            sequencer.take((0, event), &mut |_, event| record.fold(&event));
        }
        sequencer.finish(&mut |_, event| record.fold(&event));
        if !ended {
            record.run.interrupted = true;
            record.recount();
        }
        record.restore();
        record
    }

    /// Works out again what the steps inside of others know of those around them, which is not written down.
    pub fn restore(&mut self) {
        self.run.shard = self.run.shard.filter(|shard| (1..=shard.of).contains(&shard.number));
        self.playbooks.iter_mut().for_each(|playbook| playbook.steps.restore());
    }

    /// Counts again, and works out again how playbooks and the run came out.
    pub fn recount(&mut self) {
        self.summary = Summary::default();
        for playbook in &mut self.playbooks {
            self.summary += playbook.steps.summary();
            let worst = playbook.steps.ends().map(|step| step.outcome).max().unwrap_or_default();
            playbook.outcome = playbook.outcome.max(worst);
        }
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
            traceparent: self.run.traceparent,
        }));
        let mut summary = Summary::default();
        for (index, playbook) in self.playbooks.iter().enumerate() {
            tell(Event::PlaybookStarted(PlaybookStarted {
                at_ms: playbook.started_ms,
                playbook: index,
                path: Arc::clone(&playbook.path),
                name: playbook.name.clone(),
                steps: playbook.steps.summary().steps as usize,
                sources: playbook.sources.clone(),
            }));
            for step in playbook.steps.ends() {
                summary.count(&step);
                let at_ms = Millis(step.started_ms.0 + step.duration_ms.0);
                let step = Box::new(Step { steps: Steps::default(), ..step });
                tell(Event::StepFinished(StepFinished { at_ms, playbook: index, step, summary }));
            }
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
