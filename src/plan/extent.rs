//! How much a plan comes to: its steps, and those of what it includes.

use super::order;
use super::{Action, Include, Plan, Step};

impl Plan {
    /// How many steps it has itself, those inside groups included; a group is none.
    pub fn steps_inside(&self) -> usize {
        fn count(steps: &[Step]) -> usize {
            let each = |step: &Step| match &step.action {
                Action::Group(steps) => count(steps),
                _ => 1,
            };
            steps.iter().map(each).sum()
        }
        count(&self.steps) + count(&self.cleanup)
    }

    /// How many steps it comes to, those of included playbooks too: of those that hold others the others, a loop as one
    /// turn.
    pub fn leaves(&self) -> usize {
        self.steps.iter().chain(&self.cleanup).map(Step::leaves).sum()
    }

    /// Whether any step expects a refusal, those of included playbooks too.
    pub fn refuses(&self) -> bool {
        let mut refuses = self.steps.iter().chain(&self.cleanup).any(order::is_denied);
        self.each_include(&mut |include| refuses = refuses || include.plan.refuses());
        refuses
    }

    /// Each playbook that it includes.
    pub fn each_include(&self, visit: &mut dyn FnMut(&Include)) {
        fn inside(steps: &[Step], visit: &mut dyn FnMut(&Include)) {
            for step in steps {
                match &step.action {
                    Action::Include(include) => visit(include),
                    Action::Group(steps) => inside(steps, visit),
                    _ => {}
                }
            }
        }
        inside(&self.steps, visit);
        inside(&self.cleanup, visit);
    }
}

impl Step {
    /// How many steps it comes to in one turn.
    pub fn leaves(&self) -> usize {
        match &self.action {
            Action::Group(steps) => steps.iter().map(Step::leaves).sum(),
            Action::Include(include) => include.plan.leaves(),
            _ => 1,
        }
    }
}
