//! Playbooks of strangers: whatever a pull request brings, `check` ends soon, in bounded memory, without the network, without a
//! file outside of the folder, and without a byte that commands a terminal.

mod corpus;

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::folder::Folder;
use corpus::{Hostile, corpus};

/// How much memory the program may ask for, in KiB, most of it stacks that are reserved and not used.
const MEMORY: u64 = 3 << 20;
/// How many seconds it may compute: built without optimization, on a machine that others use too.
const SECONDS: u64 = 60;

/// Nobody may connect to it.
struct Trap {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Trap {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || {
            listener.incoming().for_each(|_| {
                counted.fetch_add(1, Ordering::SeqCst);
            })
        });
        Trap { url, connections }
    }
}

/// Runs a command of `mi-run` under limits that end it by force; what it printed, and its exit code.
fn limited(folder: &Folder, trap: &Trap, words: &[&str]) -> (String, Option<i32>) {
    let limits = format!("ulimit -v {MEMORY}; ulimit -t {SECONDS}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, env!("CARGO_BIN_EXE_mi-run")]).args(words).current_dir(&folder.work).env_clear();
    for name in ["MI_RUN_ARM_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &trap.url);
    }
    let output = command.stdin(Stdio::null()).output().expect("it is run");
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).expect("it is text"), output.status.code())
}

#[test]
fn checking_a_hostile_playbook_is_safe() {
    let trap = Trap::set();
    let mut failures = String::new();
    let mut slowest = (Duration::ZERO, "");
    let cases = corpus(&trap.url);
    for Hostile { name, files, links, exit } in &cases {
        let folder = Folder::new().expect("a folder");
        nix::unistd::mkfifo(&folder.work.join("outside"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        files.iter().for_each(|(file, body)| folder.write(&format!("book/{file}"), body.as_bytes()).expect("written"));
        for (link, target) in *links {
            std::os::unix::fs::symlink(target, folder.work.join("book").join(link)).expect("a link");
        }
        let begun = Instant::now();
        let (said, code) = limited(&folder, &trap, &["check", "book/a.yaml"]);
        slowest = slowest.max((begun.elapsed(), name));
        eprintln!("{name}: {:?}, {code:?}, {} bytes", begun.elapsed(), said.len());
        if code != Some(*exit) || said.contains("defect of mi-run") {
            let start: String = said.chars().take(600).collect();
            failures.push_str(&format!("{name}: exit {code:?}, not {exit}: {start}\n"));
        }
        let raw = said.chars().find(|character| character.is_control() && !"\n\t".contains(*character));
        if let Some(raw) = raw {
            failures.push_str(&format!("{name}: it prints {raw:?}\n"));
        }
        if said.len() > 1 << 20 {
            failures.push_str(&format!("{name}: it prints {} bytes\n", said.len()));
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0, "somebody connected");
    eprintln!("{} hostile playbooks, the slowest {slowest:?}", cases.len());
}
