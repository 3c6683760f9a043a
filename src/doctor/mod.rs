//! Why does it not work here? Every cause that is known, looked into one by one, each with its evidence and its cure.
//!
//! Nothing is changed, and nothing is asked but what any run asks: the identity endpoint, the instance metadata, and Resource
//! Manager. Source: what users of Azure's identity libraries report, and the troubleshooting pages of Azure.

mod arm;
mod environment;

mod token;

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::azure::cloud::Cloud;
use crate::http::{Request, Response, Route, Transport};
use crate::identity::{Machine, Whose};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What one check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked into, in a word.
    pub check: &'static str,
    /// What it came to.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: String,
    /// What else is known of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cures: Vec<String>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it should be.
    Good,
    /// It could not be looked into, since something before is bad.
    Skipped,
    /// It may be the cause.
    Doubtful,
    /// It is a cause.
    Bad,
}

/// The machine that is looked at, and how.
#[derive(Clone, Copy)]
pub struct Patient<'p> {
    /// Sends requests.
    pub transport: &'p dyn Transport,
    /// Tells the time.
    pub now: &'p dyn Fn() -> SystemTime,
    /// What identity sources read of the machine, and all other variables.
    pub machine: &'p Machine<'p>,
    /// Whether a file is there.
    pub exists: &'p dyn Fn(&Path) -> bool,
    /// Whose token is wanted.
    pub whose: &'p Whose,
    /// The cloud, when it was named.
    pub cloud: Option<&'p Cloud>,
    /// Where Resource Manager is, when somebody said so.
    pub arm_endpoint: Option<&'p str>,
    /// Where the instance metadata service is, when somebody said so.
    pub imds_endpoint: Option<&'p str>,
}

impl Patient<'_> {
    /// Reads something.
    async fn get(&self, url: &str, headers: &[(&str, &str)], route: Route) -> Result<Response, crate::http::Fault> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = Request { method: "GET", url: url.to_owned(), headers, body: None, timeout: PATIENCE, route };
        self.transport.send(request).await
    }
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, evidence: impl Into<String>) -> Finding {
        Finding { check, verdict, evidence: evidence.into(), notes: Vec::new(), cures: Vec::new() }
    }

    fn cured(mut self, cure: impl Into<String>) -> Finding {
        self.cures.push(cure.into());
        self
    }
}

/// Looks into everything.
pub async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let source = environment::examine(patient, &mut findings);
    let metadata = environment::metadata(patient, source, &mut findings).await;
    environment::container(patient, (source, metadata.is_some()), &mut findings);
    let cloud = environment::cloud(patient, metadata.as_ref(), &mut findings);
    let token = match (source, &cloud) {
        (Some(source), Some(cloud)) => token::examine(patient, (source, cloud), &mut findings).await,
        _ => {
            let why = if source.is_none() { "no source of tokens is known" } else { "the cloud is not known" };
            findings.push(Finding::new("token", Verdict::Skipped, why));
            None
        }
    };
    match &cloud {
        Some(cloud) => arm::examine(patient, (cloud, token.as_ref()), &mut findings).await,
        None => findings.push(Finding::new("resource manager", Verdict::Skipped, "the cloud is not known")),
    }
    findings
}

#[cfg(test)]
mod tests;
