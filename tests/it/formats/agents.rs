//! What the agents of pipelines make of a line: their rules, written down anew from `ActionCommand.cs` of `actions/runner` and
//! from `Command.cs` of `microsoft/azure-pipelines-agent`.

use std::collections::BTreeMap;

/// A command as an agent understood it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) data: String,
}

/// What GitHub's runner makes of a line by `TryParseV2`: a command that is registered or not.
pub(crate) fn github(line: &str) -> Option<Command> {
    let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let unescape = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
    let property = |text: &str| unescape(text).replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    Some(Command {
        name: name.to_owned(),
        properties: pairs(properties.trim(), ',', property),
        data: unescape(data).replace("%25", "%"),
    })
}

/// What GitHub's runner makes of a line by `TryParse`, the older way.
pub(crate) fn github_old(line: &str) -> Option<Command> {
    let (info, data) = line.split_once("##[")?.1.split_once(']')?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    let properties = pairs(properties, ';', str::to_owned);
    Some(Command { name: name.to_owned(), properties, data: data.to_owned() })
}

/// What the agent of Azure Pipelines makes of a line.
pub(crate) fn azure(line: &str) -> Option<Command> {
    let (info, data) = line.split_once("##vso[")?.1.split_once(']')?;
    let unescape = |text: &str| {
        let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
        text.replace("%AZP25", "%")
    };
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    (name.split('.').filter(|part| !part.is_empty()).count() == 2).then(|| Command {
        name: name.to_owned(),
        properties: pairs(properties, ';', unescape),
        data: unescape(data),
    })
}

fn pairs(text: &str, between: char, unescape: impl Fn(&str) -> String) -> BTreeMap<String, String> {
    let pairs = text.split(between).filter_map(|pair| pair.split_once('='));
    pairs.filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.to_owned(), unescape(value))).collect()
}

/// The first line that any of them obeys, also when compared without the characters that have no look of their own.
pub(crate) fn obeyed(text: &str) -> Option<&str> {
    text.split(['\n', '\r']).find(|line| {
        let unseen = |character: &char| matches!(character, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        let plain: String = line.chars().filter(|character| !unseen(character)).collect();
        [*line, plain.as_str()].into_iter().any(|line| {
            // No command that is registered begins with a colon.
            github(line).is_some_and(|command| !command.name.starts_with(':')) || github_old(line).is_some() || azure(line).is_some()
        })
    })
}
