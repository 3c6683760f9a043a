//! What the benchmarks share: a loopback server that answers the documented requests, and the measuring of whole
//! processes.
//!
//! A process is measured by another one, started for it alone: this very program with `--measure`. So what the system
//! counts for ended children is that of one command, and neither the server nor the making of playbooks is in it.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// What a benchmark ends in.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// The subscription that the playbooks read.
pub(crate) const SUBSCRIPTION: &str = "98f51385-2edc-4b79-bed9-7718de4cb861";

/// The release build of `mi-run`.
pub(crate) const MI_RUN: &str = env!("CARGO_BIN_EXE_mi-run");

/// The audience of Resource Manager in the China cloud, as a query has it.
const AUDIENCE: &str = "https%3A%2F%2Fmanagement.chinacloudapi.cn";

/// Runs the benchmark, or measures the command that the benchmark asked for.
pub(crate) fn main(benchmark: fn() -> Outcome) -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [word, runs, command @ ..] if word == "--measure" => measure(runs.parse()?, command),
        _ => benchmark(),
    }
}

/// A command to measure, with its place in the table.
pub(crate) struct Subject {
    pub(crate) label: String,
    pub(crate) command: Vec<String>,
}

impl Subject {
    /// `mi-run` over a playbook, its endpoints on the server.
    pub(crate) fn mi_run(playbook: &Path, server: &str) -> Subject {
        let playbook = playbook.display().to_string();
        let command = [MI_RUN, &playbook, "--imds-endpoint", server, "--arm-endpoint", server];
        Subject { label: "mi-run".to_owned(), command: command.map(str::to_owned).to_vec() }
    }

    /// Hurl over a file of the same requests.
    pub(crate) fn hurl(file: &Path) -> Subject {
        let command = ["hurl", "--no-output", &file.display().to_string()];
        Subject { label: "hurl".to_owned(), command: command.map(str::to_owned).to_vec() }
    }
}

/// Measures each subject and prints a table.
pub(crate) fn compare(title: &str, runs: usize, subjects: &[Subject]) -> Outcome {
    println!("\n{title}, {runs} runs, medians");
    println!("{:<10}{:>12}{:>12}{:>12}", "", "wall", "user+sys", "peak");
    for Subject { label, command } in subjects {
        let program = Path::new(&command[0]);
        if program.components().count() == 1 && !is_on_path(program) {
            println!("{label:<10}{:>12}", "not on PATH");
            continue;
        }
        let mut measuring = Command::new(std::env::current_exe()?);
        let output =
            measuring.arg("--measure").arg(runs.to_string()).args(command).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{label} could not be measured").into());
        }
        println!("{label:<10}{}", String::from_utf8_lossy(&output.stdout).trim_end());
    }
    Ok(())
}

fn is_on_path(program: &Path) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Runs the command once to see that it works, then so many times, and prints the medians.
fn measure(runs: usize, command: &[String]) -> Outcome {
    let (program, arguments) = command.split_first().ok_or("no command to measure")?;
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        io::stderr().write_all(&[output.stdout, output.stderr].concat())?;
        return Err(format!("`{}` ends with {}", command.join(" "), output.status).into());
    }
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let before = used()?.0;
        let start = Instant::now();
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        walls.push(start.elapsed());
        cpus.push(used()?.0.saturating_sub(before));
    }
    let peak = used()?.1 as f64 / 1_000_000.0;
    println!("{:>9.2} ms{:>9.2} ms{peak:>9.1} MB", median(walls), median(cpus));
    Ok(())
}

/// The median in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1000.0
}

/// The processor time of all ended children, and the largest memory, in bytes, that one of them had.
#[cfg(unix)]
fn used() -> io::Result<(Duration, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    let time = Duration::new(time.tv_sec().unsigned_abs(), 1000 * time.tv_usec().unsigned_abs() as u32);
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok((time, usage.max_rss().unsigned_abs() * unit))
}

/// Elsewhere only the wall is measured.
#[cfg(not(unix))]
fn used() -> io::Result<(Duration, u64)> {
    Ok((Duration::ZERO, 0))
}

/// A folder of cargo's for the files of a benchmark.
pub(crate) fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The request for a token, for Hurl: it captures `token`.
pub(crate) fn hurl_token(server: &str) -> String {
    format!(
        "GET {server}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={AUDIENCE}\nMetadata: true\nHTTP 200\n\
        [Captures]\ntoken: jsonpath \"$.access_token\"\n\n"
    )
}

/// The request for a resource group and its assertions, for Hurl.
pub(crate) fn hurl_group(server: &str, group: &str) -> String {
    format!(
        "GET {server}/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}?api-version=2021-04-01\n\
        Authorization: Bearer {{{{token}}}}\nHTTP 200\n[Captures]\nlocation: jsonpath \"$.location\"\n[Asserts]\n\
        jsonpath \"$.name\" == \"{group}\"\njsonpath \"$.properties.provisioningState\" == \"Succeeded\"\n\n"
    )
}

/// Starts the server, which runs until the benchmark ends, and returns its URL.
pub(crate) fn serve() -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that hangs up has had enough.
            thread::spawn(move || converse(stream));
        }
    });
    Ok(url)
}

/// Answers the requests of one connection, none of which has a body.
fn converse(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut request, mut line) = (String::new(), String::new());
    loop {
        request.clear();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line)?;
        }
        line.clear();
        let target = request.split(' ').nth(1).unwrap_or_default();
        let (status, body) = answer(target);
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(&[head, body].concat().into_bytes())?;
    }
}

/// The status and body for a request target.
fn answer(target: &str) -> (&'static str, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path == "/metadata/identity/oauth2/token" {
        let resource = query.split('&').find_map(|pair| pair.strip_prefix("resource=")).unwrap_or_default();
        return ("200 OK", token(&resource.replace("%3A", ":").replace("%2F", "/")));
    }
    let group = path.rsplit('/').next().unwrap_or_default();
    if group == "Prod" {
        let message = "The client does not have authorization to perform action \
            'Microsoft.Resources/subscriptions/resourceGroups/read' over scope";
        let body = format!(r#"{{"error":{{"code":"AuthorizationFailed","message":"{message} '{path}'."}}}}"#);
        return ("403 Forbidden", body);
    }
    let properties = r#""location":"chinanorth","tags":{},"properties":{"provisioningState":"Succeeded"}"#;
    let body =
        format!(r#"{{"id":"{path}","name":"{group}","type":"Microsoft.Resources/resourceGroups",{properties}}}"#);
    ("200 OK", body)
}

/// The identity endpoint's answer, with a token that nobody signed.
fn token(resource: &str) -> String {
    let claims = format!(
        r#"{{"aud":"{resource}","exp":4102444800,"oid":"00000000-0000-0000-0000-000000000001","tid":"00000000-0000-0000-0000-000000000002"}}"#
    );
    let token = [r#"{"alg":"none","typ":"JWT"}"#, &claims, "unsigned"].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let token = token.join(".");
    format!(
        r#"{{"access_token":"{token}","client_id":"00000000-0000-0000-0000-000000000003","expires_in":"86399","expires_on":"4102444800","ext_expires_in":"86399","not_before":"1700000000","resource":"{resource}","token_type":"Bearer"}}"#
    )
}
