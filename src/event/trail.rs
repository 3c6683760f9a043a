//! Which step an event is about: the way to it through groups, included playbooks and turns of loops.

use std::fmt;

use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

    /// The trail of the step around it; of one of the playbook itself that of no step.
    pub fn around(&self) -> Self {
        Self(self.0.split_last().map(|(_, around)| around.to_vec()).unwrap_or_default())
    }

    /// Whether it leads to no step.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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

impl FromStr for Trail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| format!("`{text}` is no way to a step"));
        let turn = |part: &str| match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((step, iteration)) => Ok(Turn { step: number(step)?, iteration: Some(number(iteration)?) }),
            None => Ok(Turn { step: number(part)?, iteration: None }),
        };
        text.split('.').map(turn).collect::<Result<_, _>>().map(Self)
    }
}

impl<'de> Deserialize<'de> for Trail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // One that leads to no step is of a report of another hand.
        match String::deserialize(deserializer)? {
            text if text.is_empty() => Ok(Self::default()),
            text => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

impl JsonSchema for Trail {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Trail".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^\d+(\[\d+\])?(\.\d+(\[\d+\])?)*$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_is_read_as_it_is_written() {
        for text in ["0", "2[3].0", "1.2.3[40]"] {
            assert_eq!(text.parse::<Trail>().map(|trail| trail.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "a", "1.", "1[", "1[x]", "-1", "1]"] {
            assert!(text.parse::<Trail>().is_err(), "{text}");
        }
    }
}
