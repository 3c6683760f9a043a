//! Events in the order of the file, whatever order they happened in: what came early waits for what stands before it.

use std::collections::BTreeMap;

use super::{Event, Trail};

/// An event, and how many secrets were known when it was redacted.
pub(super) type Sent = (usize, Event);

/// Takes what can be told.
type Tell<'t> = &'t mut dyn FnMut(usize, Event);

/// Puts the ends of steps into the order of the file. Everything else passes at once.
#[derive(Default)]
pub(super) struct Sequencer {
    /// By playbook.
    playbooks: BTreeMap<usize, Node>,
}

/// A block, a loop, a group or a step.
#[derive(Default)]
struct Node {
    /// The first of those inside that was not told yet.
    next: u32,
    /// Those inside of which something is known, and not all was told.
    inside: BTreeMap<u32, Node>,
    /// Whether it came to its end.
    ended: bool,
    /// How.
    end: Option<Sent>,
}

impl Sequencer {
    /// Takes an event; hands over all that can be told now.
    pub(super) fn take(&mut self, (known, event): Sent, tell: Tell<'_>) {
        match &event {
            Event::StepFinished(finished) => {
                let (playbook, trail) = (finished.playbook, finished.step.trail.clone());
                self.end(playbook, &trail, Some((known, event)), tell);
            }
            Event::LoopFinished(finished) => {
                let (playbook, trail) = (finished.playbook, finished.step.clone());
                self.end(playbook, &trail, None, tell);
            }
            Event::PlaybookFinished(finished) => {
                self.playbooks.remove(&finished.playbook);
                tell(known, event);
            }
            _ => tell(known, event),
        }
    }

    /// Hands over what still waits: the run broke off.
    pub(super) fn finish(&mut self, tell: Tell<'_>) {
        std::mem::take(&mut self.playbooks).into_values().for_each(|mut root| root.give_up(tell));
    }

    fn end(&mut self, playbook: usize, trail: &Trail, event: Option<Sent>, tell: Tell<'_>) {
        let root = self.playbooks.entry(playbook).or_default();
        let node = trail.keys().fold(&mut *root, |node, key| node.inside.entry(key).or_default());
        node.ended = true;
        node.end = event;
        root.flush(tell);
    }
}

impl Node {
    /// Tells all that is inside, whatever is missing before it.
    fn give_up(&mut self, tell: Tell<'_>) {
        std::mem::take(&mut self.inside).into_values().for_each(|mut node| node.give_up(tell));
        self.end.take().into_iter().for_each(|(known, event)| tell(known, event));
    }

    /// Tells what stands at the front; whether that was all of it.
    fn flush(&mut self, tell: Tell<'_>) -> bool {
        while let Some(first) = self.inside.get_mut(&self.next) {
            if !first.flush(tell) {
                return false;
            }
            self.inside.remove(&self.next);
            self.next += 1;
        }
        if !self.ended || !self.inside.is_empty() {
            return false;
        }
        self.end.take().into_iter().for_each(|(known, event)| tell(known, event));
        true
    }
}
