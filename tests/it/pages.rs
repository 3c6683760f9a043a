//! The pages of `tests/cases/<topic>/*.md`: each states a claim in its title and proves it with files, commands and
//! what they print, whole. Adding a case is adding a file.
//!
//! # A page
//!
//! ````text
//! # An empty file is not a playbook
//!
//! Prose is free. A line that holds only a name in backticks and a colon makes a file of the block that follows:
//!
//! `verify.yaml`:
//!
//! ```yaml crlf bom
//! steps: []
//! ```
//!
//! ```console
//! $ mi-run check verify.yaml
//! what it wrote to stdout
//! [stderr]
//! what it wrote to stderr
//! [exit 3]
//! ```
//! ````
//!
//! Flags of a file block follow its language: `crlf` (line ends), `bom`, `no-newline` (none at the very end),
//! `repeat=N` (the body N times). A block of the language `hex` holds bytes.
//!
//! A command is `mi-run …`, after any number of `NAME=VALUE`, or one of these, built in: `cat FILE`, `ls [DIR]` and
//! `received [SERVER]`, which prints the requests a server of the page got since the last time. Quotes work as in a
//! shell; there is no shell. Commands run in the page's own folder, with an environment of their own and no stdin.
//! A command is complete when its output ends in `[exit N]`. `[no newline]` says that a stream does not end in one;
//! control characters are shown as pictures (`␛`); a line of output that looks like one of these marks or like a
//! command has a `\` before it.
//!
//! A block of the language `server` is a scripted server on loopback; `server other` names a second one. See
//! `pages/server.rs`. In files, servers and commands these stand for values of the page:
//!
//! | variable | value |
//! |---|---|
//! | `$SERVER`, `$OTHER` | the URL of the server of that name |
//! | `$CLOSED` | a loopback URL where nothing listens |
//! | `$DIR` | the page's folder |
//! | `$TOKEN` | an access token; a page fails when `mi-run` prints any part of it, or writes it to a file |
//!
//! # What changes from run to run
//!
//! Before the comparison the harness replaces (`pages/volatile.rs`):
//!
//! | what | becomes |
//! |---|---|
//! | the page's folder; a path in the temporary folder, with its first component | `[dir]`, `[tmp]` |
//! | the URLs above | `$SERVER`, `$CLOSED` |
//! | any other loopback port | `127.0.0.1:[port]` |
//! | a moment: RFC 3339, an HTTP date, an American one, the number of a key such as `expires_on` | `[time]` |
//! | a measured duration: `12 ms`, `1.2 s`, the value of a key in `_ms`, `time="0.1"` | `[ms]` |
//! | a random uuid (version 4 or 7) | `[uuid]` |
//! | a signed token | `[jwt]` |
//! | the version of `mi-run` | `[version]` |
//!
//! A moment, port or uuid that the page itself names outside its outputs stays, as do the ids of the basic roles.
//! `10m` and `300ms`, written together, are durations somebody chose, and stay.
//!
//! # Running
//!
//! `PAGE=substring cargo test --test it pages` runs some. `UPDATE=1` rewrites the outputs in place.

mod diff;
mod outputs;
mod page;
mod server;
mod token;
mod volatile;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::folder::{self, Folder};
use crate::program::{self, Printed};
use crate::words;
use page::{Page, Part};
use server::{Closed, Server};

pub(crate) use volatile::Volatile;

#[test]
fn pages() {
    let cases = folder::repository().join("tests/cases");
    let filter = std::env::var("PAGE").unwrap_or_default();
    let update = std::env::var_os("UPDATE").is_some();
    let paths: Vec<_> = find(&cases).into_iter().filter(|path| short(path).contains(&filter)).collect();
    assert!(!paths.is_empty(), "no page under {} has `{filter}` in its name", cases.display());

    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeMap::new());
    let workers = thread::available_parallelism().map_or(2, usize::from).min(paths.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(failure) = judge(path, update) {
                        failures.lock().unwrap().insert(path, failure);
                    }
                }
            });
        }
    });

    let failures = failures.into_inner().unwrap();
    let text: String = failures.iter().map(|(path, failure)| format!("\n── {}\n{failure}", short(path))).collect();
    assert!(failures.is_empty(), "{} of {} pages fail\n{text}", failures.len(), paths.len());
}

/// Every page, by topic and name.
fn find(cases: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut pages: Vec<_> = list(cases).iter().flat_map(|topic| list(topic)).collect();
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.sort();
    pages
}

/// `tests/cases/topic/name.md`.
fn short(path: &Path) -> String {
    path.strip_prefix(folder::repository()).unwrap_or(path).display().to_string().replace('\\', "/")
}

fn judge(path: &Path, update: bool) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let page = page::parse(&text)?;
    let now = run(&page)?;
    if update {
        let new = now.render();
        return if new == text { Ok(()) } else { fs::write(path, new).map_err(|error| error.to_string()) };
    }
    let differences = differences(&page, &now);
    if differences.is_empty() {
        return Ok(());
    }
    let name = short(path);
    let name = name.trim_start_matches("tests/cases/");
    Err(format!("{}\naccept with: UPDATE=1 PAGE={name} cargo test --test it pages\n", differences.join("\n")))
}

/// What the commands of a page print otherwise than the page says.
fn differences(page: &Page, now: &Page) -> Vec<String> {
    let mut differences = Vec::new();
    for (expected, actual) in page.commands().zip(now.commands()) {
        let place = format!("line {}: `$ {}`", expected.line, expected.text);
        if !expected.is_complete() {
            differences.push(format!("{place} has no output that ends in `[exit N]`"));
        } else if expected.output != actual.output {
            let diff = diff::lines(&expected.output, &actual.output);
            differences.push(format!("{place} (- the page says, + it prints)\n{diff}"));
        }
    }
    differences
}

/// The same page with what its commands print now.
fn run(page: &Page) -> Result<Page, String> {
    let stage = Stage::set(page)?;
    let mut now = page.clone();
    for part in &mut now.parts {
        let Part::Console(commands) = part else {
            continue;
        };
        for command in commands {
            let printed = stage.run(&command.text).map_err(|error| format!("line {}: {error}", command.line))?;
            command.output = outputs::lines(&printed, |text| stage.volatile.replace(text));
        }
    }
    Ok(now)
}

/// A page's folder with its files, and its servers, running.
struct Stage {
    folder: Folder,
    servers: BTreeMap<String, Server>,
    variables: BTreeMap<String, String>,
    volatile: Volatile,
    _closed: Closed,
}

impl Stage {
    fn set(page: &Page) -> Result<Stage, String> {
        let folder = Folder::new()?;
        let closed = Closed::new().map_err(|error| format!("no closed port: {error}"))?;
        let mut variables = BTreeMap::from([("CLOSED".to_owned(), closed.url.clone())]);
        let mut listeners = Vec::new();
        for (name, answers) in &page.servers {
            let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| format!("no server: {error}"))?;
            let address = listener.local_addr().map_err(|error| format!("no server: {error}"))?;
            variables.insert(name.clone(), format!("http://{address}"));
            listeners.push((name.clone(), listener, address, answers));
        }
        let volatile = Volatile::new(&page.own(), &folder, &variables);
        variables.insert("DIR".to_owned(), folder.work.display().to_string());
        variables.insert("TOKEN".to_owned(), token::token());
        let mut servers = BTreeMap::new();
        for (name, listener, address, answers) in listeners {
            let answers = answers.iter().map(|answer| answer.fill(|text| fill(text, &variables))).collect();
            servers.insert(name, Server::serve(listener, address, answers));
        }
        for file in &page.files {
            folder.write(&file.name, &file.bytes(|text| fill(text, &variables))?)?;
        }
        Ok(Stage { folder, servers, variables, volatile, _closed: closed })
    }

    fn run(&self, command: &str) -> Result<Printed, String> {
        let (pairs, words) = words::assignments(words::split(&fill(command, &self.variables))?);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let silent = |printed: Printed| token::refuse_leak(&printed).map(|()| printed);
        match words.as_slice() {
            ["mi-run", arguments @ ..] => {
                let arguments: Vec<_> = arguments.iter().map(|&word| word.to_owned()).collect();
                program::run(&self.folder, &pairs, &arguments).and_then(silent)
            }
            ["cat", name] => silent(outcome(fs::read(self.folder.work.join(name)), name)),
            ["ls"] => Ok(outcome(outputs::list(&self.folder.work), ".")),
            ["ls", name] => Ok(outcome(outputs::list(&self.folder.work.join(name)), name)),
            ["received"] => self.received("SERVER"),
            ["received", name] => self.received(&name.to_uppercase()),
            _ => Err(format!("`{command}` is not one of: mi-run …, cat FILE, ls [DIR], received [SERVER]")),
        }
    }

    fn received(&self, name: &str) -> Result<Printed, String> {
        let server = self.servers.get(name).ok_or_else(|| format!("the page has no server `{name}`"))?;
        Ok(outcome(Ok(server.received().into_bytes()), name))
    }
}

/// What a built-in command prints and how it ends.
fn outcome(result: std::io::Result<Vec<u8>>, name: &str) -> Printed {
    match result {
        Ok(stdout) => Printed { stdout, exit: "0".to_owned(), ..Printed::default() },
        Err(error) => {
            let stderr = format!("{name}: {}\n", error.kind()).into_bytes();
            Printed { stderr, exit: "1".to_owned(), ..Printed::default() }
        }
    }
}

/// The text with the variables of the page in place.
fn fill(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let end = from[1..].find(|c: char| !matches!(c, 'A'..='Z' | '0'..='9' | '_')).map_or(from.len(), |end| end + 1);
        filled.push_str(before);
        filled.push_str(variables.get(&from[1..end]).map_or(&from[..end], String::as_str));
        rest = &from[end..];
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A title\n\n`a/b.txt`:\n\n```text\nat $SERVER and $.x\n```\n\n\
        ```server\nGET /x\n200\n\nhello\n```\n\n```console\n$ cat a/b.txt\n$ cat none\n$ ls\n$ received\n```\n";

    const PROVEN: &str = "```console\n$ cat a/b.txt\nat $SERVER and $.x\n[exit 0]\n\n$ cat none\n[stderr]\n\
        none: entity not found\n[exit 1]\n\n$ ls\na/\n[exit 0]\n\n$ received\n[exit 0]\n```\n";

    #[test]
    fn a_page_is_filled_in_and_then_holds() {
        let page = page::parse(PAGE).unwrap();
        let now = run(&page).unwrap();
        assert_eq!(differences(&page, &now).len(), 4, "a command without output is a fault of the page");
        let (text, _) = PAGE.split_once("```console").unwrap();
        assert_eq!(now.render(), format!("{text}{PROVEN}"));
        let again = page::parse(&now.render()).unwrap();
        assert_eq!(differences(&again, &run(&again).unwrap()), [""; 0]);
    }

    #[test]
    fn a_wrong_output_is_shown() {
        let page = page::parse("# T\n```console\n$ ls\nsomething\n[exit 0]\n```\n").unwrap();
        let differences = differences(&page, &run(&page).unwrap());
        assert_eq!(differences, ["line 3: `$ ls` (- the page says, + it prints)\n  -something\n   [exit 0]\n"]);
    }

    #[test]
    fn an_unknown_command_is_a_fault_of_the_page() {
        let page = page::parse("# T\n```console\n$ curl x\n[exit 0]\n```\n").unwrap();
        assert!(run(&page).err().unwrap().starts_with("line 3: `curl x` is not one of"));
    }

    #[test]
    fn only_known_variables_are_filled_in() {
        let variables = BTreeMap::from([("SERVER".to_owned(), "http://s".to_owned())]);
        assert_eq!(fill("$SERVER/x $SERVERS $.a $$SERVER $", &variables), "http://s/x $SERVERS $.a $http://s $");
    }
}
