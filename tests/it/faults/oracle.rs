//! What a fault comes to, by rules: how each kind of answer is met by each kind of step, and what follows from it.

mod steps;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use mi_run::emulator::Effect;
use mi_run::event::{Outcome, Trail};
use mi_run::plan::{Action, Plan, Step};

use crate::offline::{Asked, Ran};
use steps::{by_status, find, given, id_of, is_own, managed, reads_json, reads_network, reads_type, torn};

/// What a request meets instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comes {
    /// The answer as it is without a fault.
    Right,
    /// The same, said to be of another type.
    OddType,
    /// A body that is not JSON.
    Torn,
    /// The connection ends before the answer does.
    Lost,
    /// No whole answer in time.
    Late,
    /// An error with this status.
    Status(u16),
    /// From Resource Manager the word that the token has expired; from an identity endpoint such a token.
    Expired,
}

/// A kind of fault.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) effect: Option<Effect>,
    pub(super) delay: Option<Duration>,
    pub(super) comes: Comes,
    /// Whether what was asked for is done nevertheless.
    pub(super) acts: bool,
}

/// Where tokens come from.
const TOKENS: &str = "/metadata/identity/oauth2/token";

/// Foretells a run in which requests meet a fault.
pub(super) struct Oracle<'o> {
    plan: &'o Plan,
    plain: &'o Ran,
    point: (&'o str, &'o str, u32),
    kind: &'o Kind,
    /// How many requests meet it still.
    left: Option<u32>,
    /// How many have met it.
    met: u32,
    /// Whose tokens are kept.
    kept: HashSet<Option<String>>,
    /// Whether an identity endpoint was found to be none.
    silent: bool,
    /// Whether the network is there that the tour builds.
    built: bool,
    /// Whether a token was captured that has expired.
    stale: bool,
    /// Whether so much time has gone by that every right has come about.
    late: bool,
    /// How steps came out, by their playbook and number.
    came: HashMap<(*const Plan, usize), Outcome>,
    /// What was captured nevertheless of steps that did not pass.
    given: HashSet<(*const Plan, String)>,
}

/// Why there is no token.
enum Refused {
    /// The endpoint said so.
    InWords,
    /// There is no such endpoint, as far as could be seen.
    Silently,
}

/// Whether what Resource Manager answers so passes by itself.
fn passes(comes: Comes) -> bool {
    matches!(comes, Comes::Lost | Comes::Late | Comes::Status(408 | 429 | 500 | 502 | 503 | 504))
}

/// The same of the endpoints of the machine.
fn passes_here(status: u16) -> bool {
    matches!(status, 404 | 408 | 410 | 429 | 500..=599)
}

impl<'o> Oracle<'o> {
    pub(super) fn new(
        (plan, plain): (&'o Plan, &'o Ran),
        point: (&'o str, &'o str, u32),
        kind: &'o Kind,
        times: Option<u32>,
    ) -> Self {
        let (kept, came, given) = (HashSet::new(), HashMap::new(), HashSet::new());
        let (silent, built, stale, late) = (false, false, false, false);
        Self { plan, plain, point, kind, left: times, met: 0, kept, silent, built, stale, late, came, given }
    }

    /// How each step comes out.
    pub(super) fn outcomes(mut self) -> BTreeMap<Trail, Outcome> {
        let mut all = BTreeMap::new();
        for (at, told) in self.plain.record.playbooks[0].steps.ends().enumerate() {
            let (plan, step) = find(self.plan, &told.trail);
            let calls: Vec<&Asked> = self.plain.asked.iter().filter(|asked| asked.step == at).collect();
            let inside = |other: &&Trail| other.depth() > told.trail.depth() && other.0.starts_with(&told.trail.0);
            let outcome = match told.holds_steps {
                true => all.keys().filter(inside).map(|trail| all[trail]).max().unwrap_or_default(),
                false if self.lacks(plan, step) => Outcome::Skipped,
                // What it looks at is less than it expects.
                false if self.sees_less(plan, step) => Outcome::Failed,
                false => self.leaf(step, &calls),
            };
            let known = self.came.entry((plan, step.number)).or_default();
            *known = outcome.max(*known);
            all.insert(told.trail.clone(), outcome);
            self.given.extend(given(step, outcome).map(|name| (plan as *const Plan, name)));
        }
        all
    }

    /// Whether a step uses what was captured of another that has not passed.
    fn sees_less(&self, plan: &Plan, step: &Step) -> bool {
        let passed = |number: &usize| self.came.get(&(plan as *const Plan, *number)) == Some(&Outcome::Passed);
        !step.uses.captures.iter().all(|(number, _)| passed(number))
    }

    /// Whether a step is not begun, since another has not passed that it needs, or has not captured what it uses.
    fn lacks(&self, plan: &Plan, step: &Step) -> bool {
        let passed = |number: &usize| self.came.get(&(plan as *const Plan, *number)) == Some(&Outcome::Passed);
        let given = |name: &String| self.given.contains(&(plan as *const Plan, name.clone()));
        !step.needs.iter().all(passed) || !step.uses.captures.iter().all(|(number, name)| passed(number) || given(name))
    }

    fn leaf(&mut self, step: &Step, calls: &[&Asked]) -> Outcome {
        match &step.action {
            Action::Token(token) => {
                let whose = token.identity.as_ref().and_then(|whose| id_of(&whose.selector));
                match self.token(step, whose) {
                    Ok(good) => {
                        self.stale |= !good && token.fresh;
                        Outcome::Passed
                    }
                    Err(_) => Outcome::Errored,
                }
            }
            Action::Metadata(_) => self.metadata(step, calls),
            Action::Request(_) | Action::Access(_) if step.eventually.is_some() => self.eventually(step, calls),
            Action::Request(_) | Action::Access(_) => self.request(step, calls),
            _ => Outcome::Passed,
        }
    }

    /// What a request meets, and whether it does what it asks for.
    fn meets(&mut self, method: &str, path: &str, length: usize) -> (Comes, bool) {
        if (method, path) != (self.point.0, self.point.1) {
            return (Comes::Right, true);
        }
        if self.point.2 > 0 {
            self.point.2 -= 1;
            return (Comes::Right, true);
        }
        if self.left == Some(0) {
            return (Comes::Right, true);
        }
        self.left = self.left.map(|left| left - 1);
        self.met += 1;
        // Of an empty body nothing can be held back.
        let nothing = match self.kind.effect {
            Some(Effect::Cut(bytes)) => length <= bytes as usize,
            Some(Effect::Slow(_)) => length == 0,
            _ => false,
        };
        self.late |= self.kind.comes == Comes::Late && !nothing;
        (if nothing { Comes::Right } else { self.kind.comes }, self.kind.acts)
    }

    /// A token from the machine; whether it is good.
    fn token(&mut self, step: &Step, whose: Option<String>) -> Result<bool, Refused> {
        for attempt in 1.. {
            let again = attempt < step.retry.attempts;
            match self.meets("GET", TOKENS, usize::MAX).0 {
                Comes::Right | Comes::OddType => {
                    self.silent = false;
                    self.kept.insert(whose);
                    return Ok(true);
                }
                Comes::Expired => {
                    self.silent = false;
                    return Ok(false);
                }
                Comes::Lost if again => {}
                Comes::Status(status) if passes_here(status) && again => {}
                // A gateway's answer is HTML, which no identity endpoint speaks.
                Comes::Lost | Comes::Late | Comes::Torn | Comes::Status(502..=504) => {
                    self.silent = true;
                    return Err(Refused::Silently);
                }
                Comes::Status(_) => return Err(Refused::InWords),
            }
        }
        unreachable!("attempts end")
    }

    /// The token that a request carries: whether it is good. One that is not kept has to be asked for.
    fn bearer(&mut self, step: &Step) -> Result<bool, Refused> {
        let Some(whose) = managed(step) else { return Ok(true) };
        if self.kept.contains(&whose) {
            return Ok(true);
        }
        if self.silent { Err(Refused::Silently) } else { self.token(step, whose) }
    }

    fn metadata(&mut self, step: &Step, calls: &[&Asked]) -> Outcome {
        for attempt in 1.. {
            let again = attempt < step.retry.attempts;
            match self.meets(calls[0].method, &calls[0].path, calls[0].length).0 {
                // There is no token in it that could expire.
                Comes::Right | Comes::OddType | Comes::Expired => return Outcome::Passed,
                Comes::Lost if again => {}
                Comes::Status(status) if passes_here(status) && again => {}
                Comes::Lost | Comes::Late | Comes::Torn | Comes::Status(_) => return Outcome::Errored,
            }
        }
        unreachable!("attempts end")
    }

    /// A request that is sent again only after faults that pass.
    fn request(&mut self, step: &Step, calls: &[&Asked]) -> Outcome {
        for faults in 0.. {
            let again = faults + 1 < step.retry.attempts;
            let comes = match self.bearer(step) {
                Ok(true) if is_own(step) && self.stale => Comes::Expired,
                Ok(true) => self.exchange(step, calls[0]),
                Ok(false) => Comes::Expired,
                Err(_) => return Outcome::Errored,
            };
            match comes {
                Comes::Expired if managed(step).is_some_and(|whose| self.forget(&whose)) && faults == 0 && again => {}
                comes if passes(comes) && again => {}
                Comes::Right | Comes::OddType if calls.len() > 1 => return self.further(step, calls[1]),
                comes => return self.judged(step, comes, calls[0].status),
            }
        }
        unreachable!("attempts end")
    }

    /// A further page of a list: what is no page ends it.
    fn further(&mut self, step: &Step, call: &Asked) -> Outcome {
        let mut renewed = false;
        for faults in 0.. {
            let comes = match self.bearer(step) {
                Ok(true) => self.exchange(step, call),
                Ok(false) => Comes::Expired,
                Err(_) => return Outcome::Errored,
            };
            match comes {
                Comes::Right | Comes::OddType => return Outcome::Passed,
                Comes::Expired if !renewed => {
                    renewed = managed(step).is_some_and(|whose| self.forget(&whose));
                }
                comes if passes(comes) && faults + 1 < step.retry.attempts => {}
                _ => return Outcome::Errored,
            }
        }
        unreachable!("attempts end")
    }

    /// A request that is sent until it comes to what is expected. The first of those in the plain run came to less.
    fn eventually(&mut self, step: &Step, calls: &[&Asked]) -> Outcome {
        let hold = step.eventually.map_or(1, |eventually| eventually.hold) as usize;
        let (mut held, mut attempt) = (0, 0);
        loop {
            let call = calls[attempt.min(calls.len() - 1)];
            let early = attempt + hold < calls.len() && !self.late;
            attempt += 1;
            let comes = match self.bearer(step) {
                Ok(true) => self.exchange_at(step, call, early),
                Ok(false) => Comes::Expired,
                Err(Refused::InWords) if self.left.is_some() => continue,
                Err(_) => return Outcome::Errored,
            };
            match comes {
                // All the time there is has gone by.
                Comes::Late => return Outcome::Errored,
                Comes::Status(400) => return self.judged(step, comes, call.status),
                Comes::Torn if !early && reads_json(step) => return Outcome::Errored,
                Comes::Expired => drop(managed(step).is_some_and(|whose| self.forget(&whose))),
                _ => {}
            }
            let holds = !early && self.judged(step, comes, call.status) == Outcome::Passed;
            held = if holds { held + 1 } else { 0 };
            match holds {
                true if held >= hold => return Outcome::Passed,
                // More than fit into the time there is.
                false if self.met > 2000 || attempt > 2000 => {
                    return self.judged(step, comes, call.status).max(Outcome::Failed);
                }
                _ => {}
            }
        }
    }

    fn exchange(&mut self, step: &Step, call: &Asked) -> Comes {
        self.exchange_at(step, call, false)
    }

    /// What a request meets; what it builds or takes away is noted. Early, it has not the right to do so.
    fn exchange_at(&mut self, step: &Step, call: &Asked, early: bool) -> Comes {
        let (comes, acts) = self.meets(call.method, &call.path, call.length);
        let builder = managed(step).is_some_and(|whose| whose.is_some());
        match call.method {
            "PUT" if builder && acts && !early => self.built = true,
            "DELETE" if builder && acts => self.built = false,
            _ => {}
        }
        comes
    }

    /// How a step comes out that meets this in the end.
    fn judged(&self, step: &Step, comes: Comes, status: u16) -> Outcome {
        match comes {
            // Whether the network is there is what those look at who read it.
            Comes::Right | Comes::OddType | Comes::Torn if reads_network(step) => {
                let wanted = if status == 404 { !self.built } else { self.built };
                if wanted { Outcome::Passed } else { Outcome::Failed }
            }
            Comes::Right => Outcome::Passed,
            Comes::OddType if reads_type(step) => Outcome::Failed,
            Comes::OddType => Outcome::Passed,
            Comes::Lost | Comes::Late => Outcome::Errored,
            Comes::Torn => torn(step, status),
            Comes::Status(status) => by_status(step, status),
            Comes::Expired => by_status(step, 401),
        }
    }

    /// Forgets a token; whether there was one to forget.
    fn forget(&mut self, whose: &Option<String>) -> bool {
        self.kept.remove(whose);
        true
    }
}
