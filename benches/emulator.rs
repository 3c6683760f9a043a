//! The emulator: how soon it is ready, how many group reads it answers with access control on, what a large world costs,
//! and whether its memory grows with the requests it served. Linux only: processor time and memory are read in `/proc`.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SUBSCRIPTION: &str = "98f51385-2edc-4b79-bed9-7718de4cb861";
/// The clock ticks of a second, as `/proc` counts processor time.
const TICKS: f64 = 100.0;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    ready()?;
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("large-world.yaml");
    std::fs::write(&path, large_world())?;
    let small = Emulator::start(None)?.1;
    throughput("the quickstart's world", &small)?;
    let start = Instant::now();
    let (took, large) = Emulator::start(Some(&path))?;
    println!("\n50 subscriptions, 5,000 groups, 50,000 resources, 4,000 assignments");
    println!("ready after        {:>9.0} ms", took.as_secs_f64() * 1000.0);
    println!("first token after  {:>9.0} ms", {
        large.token()?;
        start.elapsed().as_secs_f64() * 1000.0
    });
    throughput("the large world", &large)
}

/// From the start of the process to its ready line.
fn ready() -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..50 {
        times.push(Emulator::start(None)?.0);
    }
    times.sort();
    println!("ready line         {:>9.1} ms (median of 50 starts)", times[25].as_secs_f64() * 1000.0);
    Ok(())
}

/// Reads of one group, one after the other on one connection: what they cost the server, and how long each takes.
fn throughput(title: &str, emulator: &Emulator) -> Outcome<()> {
    let request = format!(
        "GET /subscriptions/{SUBSCRIPTION}/resourceGroups/DevTest?api-version=2021-04-01 HTTP/1.1\r\nHost: \
         127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n",
        emulator.token()?
    );
    let mut stream = TcpStream::connect(emulator.address("arm_http")?)?;
    stream.set_nodelay(true)?;
    emulator.read(&mut stream, &request, 1_000)?;
    println!("\ngroup reads over http, {title}");
    let mut memory = vec![emulator.memory()?];
    for count in [10_000, 90_000] {
        let (before, start) = (emulator.processor()?, Instant::now());
        let mut times = emulator.read(&mut stream, &request, count)?;
        let (wall, used) = (start.elapsed(), emulator.processor()? - before);
        times.sort();
        let per_core = count as f64 / used.max(1.0 / TICKS);
        println!(
            "{count:>6} requests    {:>9.0} a second on one core, {:>6.0} a second by one client, median {:.3} ms, 99 % \
             below {:.3} ms",
            per_core,
            count as f64 / wall.as_secs_f64(),
            times[times.len() / 2].as_secs_f64() * 1000.0,
            times[times.len() * 99 / 100].as_secs_f64() * 1000.0,
        );
        memory.push(emulator.memory()?);
    }
    println!(
        "memory             {:>9.1} MB after 1,000, {:.1} after 11,000, {:.1} after 101,000",
        memory[0], memory[1], memory[2]
    );
    Ok(())
}

/// A world of 50 subscriptions with 100 groups each, 10 resources in each group, and 80 assignments in each subscription.
fn large_world() -> String {
    let mut text = "cloud: china\nvm: {subscription: s0, resource_group: DevTest}\nsubscriptions:\n".to_owned();
    let mut held = String::new();
    for subscription in 0..50 {
        let _ = writeln!(text, "  s{subscription}:");
        if subscription == 0 {
            let _ = writeln!(text, "    id: {SUBSCRIPTION}");
        }
        text.push_str("    resource_groups:\n");
        for group in 0..100 {
            let name = if group == 0 { "DevTest".to_owned() } else { format!("group-{group}") };
            let _ = writeln!(text, "      {name}:\n        location: chinanorth\n        resources:");
            for resource in 0..10 {
                let _ = writeln!(text, "          - {{type: Microsoft.Storage/storageAccounts, name: data{resource}}}");
            }
            if group < 80 {
                let _ = writeln!(
                    held,
                    "      - {{role: Reader, scope: /subscriptions/s{subscription}/resourceGroups/{name}}}"
                );
            }
        }
    }
    text + "identities:\n  system:\n    assignments:\n" + &held
}

/// A running emulator, ended when it is dropped.
struct Emulator {
    child: Child,
    ready: Value,
}

impl Emulator {
    /// Starts one, and tells how long its ready line took.
    fn start(world: Option<&Path>) -> Outcome<(Duration, Emulator)> {
        let start = Instant::now();
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_mi-run")).arg("emulate").args(world).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().ok_or("no stdout")?).read_line(&mut line)?;
        let took = start.elapsed();
        Ok((took, Emulator { child, ready: serde_json::from_str(&line)? }))
    }

    fn address(&self, name: &str) -> Outcome<&str> {
        let url = self.ready[name].as_str().ok_or("no URL")?;
        Ok(url.split_once("://").map_or(url, |(_, address)| address))
    }

    fn token(&self) -> Outcome<String> {
        let mut stream = TcpStream::connect(self.address("imds")?)?;
        stream.write_all(
            b"GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.chinacloudapi.cn \
              HTTP/1.1\r\nHost: 127.0.0.1\r\nMetadata: true\r\nConnection: close\r\n\r\n",
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        let body: Value = serde_json::from_str(body)?;
        Ok(body["access_token"].as_str().ok_or("no token")?.to_owned())
    }

    /// Sends a request so many times, and tells how long each answer took.
    fn read(&self, stream: &mut TcpStream, request: &str, count: usize) -> Outcome<Vec<Duration>> {
        let mut times = Vec::with_capacity(count);
        let mut buffer = vec![0; 16 * 1024];
        for _ in 0..count {
            let start = Instant::now();
            stream.write_all(request.as_bytes())?;
            let mut length = 0;
            loop {
                length += stream.read(&mut buffer[length..])?;
                if is_whole(&buffer[..length])? {
                    break;
                }
            }
            times.push(start.elapsed());
        }
        Ok(times)
    }

    /// The processor time used so far, in seconds.
    fn processor(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).ok_or("no time");
        Ok((ticks(11)? + ticks(12)?) / TICKS)
    }

    /// The resident memory in megabytes.
    fn memory(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1000.0)
    }
}

/// Whether an answer has come whole; one that is not 200 is an error.
fn is_whole(answer: &[u8]) -> Outcome<bool> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("answered {head}").into());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).ok_or("no length")?;
    Ok(answer.len() >= end + 4 + length.parse::<usize>()?)
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
