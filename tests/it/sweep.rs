//! Everything that is shipped works: each file in `playbooks/` is valid, without a warning, and passes against the emulator, and each block
//! of `README.md`, of `docs/language.md` and of `docs/reports.md` is what it says.
//!
//! In the README a `yaml` block with `steps:` is a playbook and must be valid; other `yaml` and `json` blocks must
//! parse. The commands of `console` and `sh` blocks run in order, in a folder that holds `playbooks` and `schemas`: in a
//! `console` block they stand after `$ `. They must succeed, or end as `[exit N]` after them says; one that ends in `&`
//! must print a line, and goes on until the block ends. A `cargo` command must be one that `.ci/run` runs.

use std::fs;
use std::path::Path;

use crate::folder::{self, Folder};
use crate::program;
use crate::words;

/// Programs that a README may mention and a test cannot run.
const ELSEWHERE: [&str; 3] = ["cd", "curl", "git"];

#[test]
fn shipped_playbooks_are_valid_and_pass_against_the_emulator() {
    let folder = shipped().unwrap();
    let mut paths: Vec<_> = list(&folder.work.join("playbooks"));
    paths.retain(|name| name.ends_with(".yaml"));
    assert!(!paths.is_empty(), "playbooks/ holds no playbook");
    let mut failures = String::new();
    for name in paths {
        // A playbook says in a comment which world it is for.
        let text = fs::read_to_string(folder.work.join("playbooks").join(&name)).unwrap();
        let world = text.split_once("--emulate=").and_then(|(_, rest)| rest.split_whitespace().next());
        let world = world.map_or_else(String::new, |world| format!("={world}"));
        let check = format!("mi-run check --strict playbooks/{name}");
        for line in [check, format!("mi-run playbooks/{name} --strict --emulate{world}")] {
            failures.extend(run(&folder, &line, "0").err());
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_block_of_the_readme_works() {
    blocks_work("README.md");
}

#[test]
fn every_block_of_the_guide_works() {
    blocks_work("docs/language.md");
}

#[test]
fn every_block_of_the_page_of_reports_works() {
    blocks_work("docs/reports.md");
}

fn blocks_work(name: &str) {
    let readme = fs::read_to_string(folder::repository().join(name)).expect("it is shipped");
    let ci = fs::read_to_string(folder::repository().join(".ci/run")).expect("it is there");
    let blocks = blocks(&readme);
    assert!(!blocks.is_empty(), "{name} has no block");
    let folder = shipped().expect("a folder");
    let failures: Vec<_> = blocks
        .iter()
        .filter_map(|block| {
            let error = prove(block, &folder, &ci).err()?;
            Some(format!("\n{name}:{}: {error}\n", block.line))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.concat());
}

/// A folder with what the repository ships.
fn shipped() -> Result<Folder, String> {
    let folder = Folder::new()?;
    for part in ["playbooks", "playbooks/tour", "playbooks/worlds", "schemas"] {
        let from = folder::repository().join(part);
        for name in list(&from) {
            let bytes = fs::read(from.join(&name)).map_err(|error| format!("{name}: {error}"))?;
            folder.write(&format!("{part}/{name}"), &bytes)?;
        }
    }
    Ok(folder)
}

/// The names of the files in a folder, in order.
fn list(path: &Path) -> Vec<String> {
    let files = fs::read_dir(path).into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
    let mut names: Vec<_> = files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A fenced block and the line of its first fence.
#[derive(Debug, PartialEq)]
struct Block {
    line: usize,
    language: String,
    body: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, Block)> = None;
    for (at, line) in markdown.lines().enumerate() {
        let ticks: String = line.chars().take_while(|&c| c == '`').collect();
        match &mut open {
            Some((fence, _)) if line.trim_end() == fence => blocks.extend(open.take().map(|(_, block)| block)),
            Some((_, block)) => block.body.push_str(&format!("{line}\n")),
            None if ticks.len() >= 3 => {
                let language = line[ticks.len()..].split_whitespace().next().unwrap_or_default().to_owned();
                open = Some((ticks, Block { line: at + 1, language, body: String::new() }));
            }
            None => {}
        }
    }
    blocks
}

fn prove(block: &Block, folder: &Folder, ci: &str) -> Result<(), String> {
    match block.language.as_str() {
        "yaml" if block.body.lines().any(|line| line.starts_with("steps:")) => {
            let name = format!("readme-{}.yaml", block.line);
            folder.write(&name, block.body.as_bytes())?;
            run(folder, &format!("mi-run check {name}"), "0")
        }
        "yaml" => serde_yaml::from_str::<serde_json::Value>(&block.body).map(drop).map_err(|error| error.to_string()),
        "json" => serde_json::from_str::<serde_json::Value>(&block.body).map(drop).map_err(|error| error.to_string()),
        "console" | "sh" => commands(block)
            .into_iter()
            .try_fold(Vec::new(), |mut running, (line, exit)| {
                match line.strip_suffix('&') {
                    Some(line) => running.push(program::start(folder, arguments(line)?.as_slice())?.0),
                    None if line.starts_with("cargo ") && !is_run(ci, &line) => {
                        return Err(format!("`.ci/run` does not run `{line}`"));
                    }
                    None if line.starts_with("cargo ") => {}
                    None => run(folder, &line, &exit)?,
                }
                Ok(running)
            })
            .map(drop),
        _ => Ok(()),
    }
}

/// The commands of a block, each with the exit code that is stated, or 0.
fn commands(block: &Block) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.body.lines() {
        let command = if block.language == "sh" { Some(line) } else { line.strip_prefix("$ ") };
        let exit = line.strip_prefix("[exit ").and_then(|line| line.strip_suffix(']'));
        match (exit, command, commands.last_mut()) {
            (Some(exit), _, Some(last)) => last.1 = exit.to_owned(),
            (None, Some(command), _) if !command.trim().is_empty() && !command.starts_with('#') => {
                commands.push((command.trim_end().to_owned(), "0".to_owned()));
            }
            _ => {}
        }
    }
    commands
}

/// True when CI runs the line, or the line and more options.
fn is_run(ci: &str, line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or(line).trim();
    ci.lines().any(|stage| stage.ends_with(line) && stage.trim_end_matches(line).ends_with(' '))
}

/// The words after `mi-run`.
fn arguments(line: &str) -> Result<Vec<String>, String> {
    let (_, words) = words::assignments(words::split(line)?);
    match words.split_first() {
        Some((name, arguments)) if name == "mi-run" => Ok(arguments.to_vec()),
        _ => Err(format!("`{line}` is not a command that can be run here")),
    }
}

fn run(folder: &Folder, line: &str, exit: &str) -> Result<(), String> {
    let (variables, words) = words::assignments(words::split(line)?);
    if words.first().is_none_or(|name| ELSEWHERE.contains(&name.as_str())) {
        return Ok(());
    }
    let printed = program::run(folder, &variables, &arguments(line)?)?;
    if printed.exit == exit {
        return Ok(());
    }
    let text = [printed.stdout, printed.stderr].concat();
    Err(format!("`{line}` exits {} and not {exit}\n{}\n", printed.exit, String::from_utf8_lossy(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found() {
        let block = |line, language: &str, body: &str| Block { line, language: language.into(), body: body.into() };
        let found = blocks("a\n```yaml x\nb\n```\n````\n```\n````\n");
        assert_eq!(found, [block(2, "yaml", "b\n"), block(5, "", "```\n")]);
    }

    #[test]
    fn commands_have_the_exit_code_that_is_stated() {
        #[track_caller]
        fn check(language: &str, body: &str, expected: &[(&str, &str)]) {
            let block = Block { line: 1, language: language.into(), body: body.into() };
            let found = commands(&block);
            assert_eq!(found.iter().map(|(line, exit)| (&**line, &**exit)).collect::<Vec<_>>(), expected);
        }
        check("console", "$ a b\nout\n[exit 3]\n$ c\n", &[("a b", "3"), ("c", "0")]);
        check("sh", "# remark\na b\n\nc\n", &[("a b", "0"), ("c", "0")]);
    }

    #[test]
    fn faults_of_a_block_are_found() {
        #[track_caller]
        fn check(language: &str, body: &str, expected: Option<&str>) {
            let block = Block { line: 1, language: language.into(), body: body.into() };
            let ci = "stage 'the tests' cargo test\n";
            assert_eq!(prove(&block, &Folder::new().unwrap(), ci).err().as_deref(), expected, "{body}");
        }
        check("sh", "cargo test\n", None);
        check("sh", "cargo test # all of them\n", None);
        check("sh", "cargo tes\n", Some("`.ci/run` does not run `cargo tes`"));
        check("sh", "rm x\n", Some("`rm x` is not a command that can be run here"));
        check("sh", "rm x &\n", Some("`rm x ` is not a command that can be run here"));
        check("sh", "git clone x\n", None);
        check("yaml", "a: [1]\n", None);
        check("json", "{}\n", None);
        check("text", "{", None);
        assert!(
            prove(&Block { line: 1, language: "json".into(), body: "{".into() }, &Folder::new().unwrap(), "").is_err()
        );
    }
}
