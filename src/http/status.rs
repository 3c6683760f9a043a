//! Statuses as they are expected: codes and classes.

/// Which statuses are meant: codes and classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(pub Vec<Status>);

/// A status code, or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Exactly this code.
    Code(u16),
    /// All codes of this hundred: 2 for `2xx`.
    Class(u16),
}

impl Statuses {
    /// All that is success: `2xx`.
    pub fn success() -> Self {
        Self(vec![Status::Class(2)])
    }

    /// Whether a code is meant.
    pub fn include(&self, code: u16) -> bool {
        self.0.iter().any(|status| match status {
            Status::Code(own) => *own == code,
            Status::Class(hundred) => code / 100 == *hundred,
        })
    }

    /// As they stand in a playbook.
    pub fn to_value(&self) -> serde_json::Value {
        let each = |status: &Status| match status {
            Status::Code(code) => serde_json::json!(code),
            Status::Class(hundred) => serde_json::json!(format!("{hundred}xx")),
        };
        match self.0.as_slice() {
            [only] => each(only),
            many => many.iter().map(each).collect(),
        }
    }
}
