//! Several reports made one: those of a fleet, or the shards of a run.

use std::collections::HashMap;
use std::sync::Arc;

use crate::event::{Millis, Playbook, Record, Shard};
use crate::moment::Moment;

/// A report and the file it came from.
pub type Named = (String, Record);

/// Makes one report of several; what does not fit together, in words. Times count from the start of the first run.
pub fn merge(mut reports: Vec<Named>) -> (Record, Vec<String>) {
    let mut conflicts = Vec::new();
    once(&mut reports, &mut conflicts);
    shards(&reports, &mut conflicts);
    if reports.len() < 2 {
        return (reports.pop().map(|(_, record)| record).unwrap_or_default(), conflicts);
    }
    agree(&reports, &mut conflicts);
    rename(&mut reports, &mut conflicts);
    let begun = |record: &Record| Moment::parse(&record.run.started_at).map(Moment::to_system);
    let first = reports.iter().filter_map(|(_, record)| begun(record)).min();
    let mut merged = Record::default();
    let mut playbooks: Vec<(usize, Playbook)> = Vec::new();
    for (at, (_, record)) in reports.into_iter().enumerate() {
        let later = begun(&record).zip(first).and_then(|(own, first)| own.duration_since(first).ok());
        let later = later.map_or(0.0, |later| later.as_secs_f64() * 1000.0);
        take(&mut merged, &record, (at, later));
        let shard = record.run.shard;
        for (position, mut playbook) in record.playbooks.into_iter().enumerate() {
            playbook.started_ms.0 += later;
            playbook.steps.change(move |step| step.started_ms.0 += later);
            // The shards of a run hold every so many of its playbooks.
            let place = shard.map_or(position, |shard| position * shard.of as usize + shard.number as usize - 1);
            playbooks.push((if shard.is_some() { place } else { usize::MAX }, playbook));
        }
    }
    playbooks.sort_by_key(|(place, _)| *place);
    merged.playbooks = playbooks.into_iter().map(|(_, playbook)| playbook).collect();
    (merged, conflicts)
}

/// Takes in what a report says of its run.
fn take(merged: &mut Record, record: &Record, (at, later): (usize, f64)) {
    let (own, its) = (&mut merged.run, &record.run);
    own.duration_ms = Millis(own.duration_ms.0.max(its.duration_ms.0 + later));
    own.interrupted |= its.interrupted;
    own.timed_out |= its.timed_out;
    if at == 0 {
        (own.id, own.started_at) = (its.id.clone(), its.started_at.clone());
        (own.cloud, own.identity, own.traceparent) = (its.cloud.clone(), its.identity.clone(), its.traceparent);
        merged.mi_run = record.mi_run.clone();
    } else {
        own.id = format!("{}+{}", own.id, its.id);
        if its.started_at < own.started_at {
            own.started_at.clone_from(&its.started_at);
        }
        own.cloud = own.cloud.take().filter(|cloud| its.cloud.as_ref() == Some(cloud));
        own.traceparent = own.traceparent.filter(|span| its.traceparent == Some(*span));
        own.identity = own.identity.take().filter(|identity| its.identity.as_ref() == Some(identity));
    }
    merged.outcome = merged.outcome.max(record.outcome);
    merged.hollow.extend(record.hollow.iter().cloned());
    merged.summary += record.summary;
}

/// Takes each run once.
fn once(reports: &mut Vec<Named>, conflicts: &mut Vec<String>) {
    let mut known: HashMap<String, String> = HashMap::new();
    reports.retain(|(name, record)| match known.get(&record.run.id) {
        Some(other) => {
            conflicts.push(format!("`{other}` and `{name}` are of the same run: it is told once"));
            false
        }
        None => known.insert(record.run.id.clone(), name.clone()).is_none(),
    });
}

/// Finds shards that are missing or there twice.
fn shards(reports: &[Named], conflicts: &mut Vec<String>) {
    let found: Vec<(&str, Shard)> =
        reports.iter().filter_map(|(name, record)| Some((name.as_str(), record.run.shard?))).collect();
    let Some((_, first)) = found.first() else { return };
    if found.len() < reports.len() {
        conflicts.push("some of the reports are shards, and some are not".to_owned());
    }
    if let Some((name, other)) = found.iter().find(|(_, shard)| shard.of != first.of) {
        conflicts.push(format!("`{name}` is shard {other}, and others are of {}", first.of));
        return;
    }
    for number in 1..=first.of {
        let own: Vec<&str> = found.iter().filter(|(_, shard)| shard.number == number).map(|(name, _)| *name).collect();
        match own.as_slice() {
            [] => conflicts.push(format!("shard {number}/{} is missing", first.of)),
            [_] => {}
            several => conflicts.push(format!("shard {number}/{} is there {} times", first.of, several.len())),
        }
    }
}

/// Finds what the reports say differently of their runs.
fn agree(reports: &[Named], conflicts: &mut Vec<String>) {
    let mut differ = |what: &str, of: &dyn Fn(&Record) -> Option<String>| {
        let mut found: Vec<String> = reports.iter().filter_map(|(_, record)| of(record)).collect();
        found.sort();
        found.dedup();
        if found.len() > 1 {
            conflicts.push(format!("the reports are of several {what}: {}", found.join(", ")));
        }
    };
    differ("clouds", &|record| record.run.cloud.clone());
    differ("identities", &|record| record.run.identity.as_ref()?.principal_id.clone());
    differ("versions of mi-run", &|record| Some(record.mi_run.to_string()));
}

/// Tells playbooks of the same path apart by the report they came from.
fn rename(reports: &mut [Named], conflicts: &mut Vec<String>) {
    let mut seen: HashMap<Arc<str>, usize> = HashMap::new();
    for (_, record) in reports.iter() {
        let mut own: Vec<&Arc<str>> = record.playbooks.iter().map(|playbook| &playbook.path).collect();
        own.sort();
        own.dedup();
        own.into_iter().for_each(|path| *seen.entry(Arc::clone(path)).or_default() += 1);
    }
    let mut several: Vec<(Arc<str>, usize)> = seen.into_iter().filter(|(_, count)| *count > 1).collect();
    several.sort();
    for (path, count) in &several {
        conflicts.push(format!("`{path}` is in {count} reports: each is told, with the name of its report"));
    }
    for (name, record) in reports {
        for playbook in &mut record.playbooks {
            if several.iter().any(|(path, _)| *path == playbook.path) {
                playbook.name = format!("{} ({name})", playbook.name);
            }
        }
    }
}
