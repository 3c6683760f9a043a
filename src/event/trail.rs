//! Which step an event is about: the way to it through groups, included playbooks and turns of loops.

use std::fmt;

use serde::{Serialize, Serializer};

/// The way to a step: which one at each level, and which turn of its loop. As text `2[3].0`: the first step inside the
/// fourth turn of the third step.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trail(pub Vec<Turn>);

/// One level of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn {
    /// Which step of its block, from 0.
    pub step: u32,
    /// Which turn of the loop, from 0, when it has one.
    pub iteration: Option<u32>,
}

impl Trail {
    /// The trail of a step one level down.
    pub fn then(&self, turn: Turn) -> Self {
        Self(self.0.iter().copied().chain([turn]).collect())
    }

    /// How deep the step stands: 1 for those of the playbook itself.
    pub fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether a step stands before another in the file, and in the same turn of each loop that is around both.
    pub fn precedes(&self, other: &Self) -> bool {
        for (own, its) in self.0.iter().zip(&other.0) {
            if own != its {
                return own.step < its.step;
            }
        }
        false
    }

    /// The numbers on the way: of steps, and of turns behind that of their step.
    pub(super) fn keys(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|turn| [Some(turn.step), turn.iteration]).flatten()
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, turn) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(out, "{dot}{}", turn.step)?;
            if let Some(iteration) = turn.iteration {
                write!(out, "[{iteration}]")?;
            }
        }
        Ok(())
    }
}

impl Serialize for Trail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
