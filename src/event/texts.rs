//! The texts of playbooks as reports keep them: a path and what stands there, so that places can be shown elsewhere and later.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::source::Source;

/// The text of a file.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct Text {
    /// The file, as it was given.
    path: String,
    /// What stands in it; what is secret is masked, character by character.
    text: String,
}

pub(super) fn serialize<S: Serializer>(sources: &[Arc<Source>], serializer: S) -> Result<S::Ok, S::Error> {
    let text = |source: &Arc<Source>| Text { path: source.name().to_owned(), text: source.text().to_owned() };
    serializer.collect_seq(sources.iter().map(text))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Arc<Source>>, D::Error> {
    let texts = Vec::<Text>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|text| Arc::new(Source::new(text.path, text.text))).collect())
}
