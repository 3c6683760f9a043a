//! The built `mi-run`, started in a clean environment and never waited for without a bound.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// How long one command may take before it is ended and the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a command printed and how it ended.
#[derive(Default)]
pub(crate) struct Printed {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) exit: String,
}

/// Arguments, as they stand in a command line.
pub(crate) fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs the binary to its end. Nothing is inherited: neither variables of Azure, of proxies or of a CI, nor stdin.
pub(crate) fn run(folder: &Folder, variables: &[(String, String)], arguments: &[String]) -> Result<Printed, String> {
    to_its_end(command(folder, variables, arguments), arguments)
}

/// Runs the binary where the shell has set limits, as `ulimit` takes them: `-d 100000`, for example.
#[cfg(unix)]
pub(crate) fn run_under(folder: &Folder, limits: &str, arguments: &[String]) -> Result<Printed, String> {
    to_its_end(under(folder, limits, arguments), arguments)
}

#[cfg(unix)]
fn under(folder: &Folder, before: &str, arguments: &[String]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{before}; exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_mi-run"));
    surround(&mut command, folder, &[]);
    command.args(arguments);
    command
}

fn to_its_end(mut command: Command, arguments: &[String]) -> Result<Printed, String> {
    let mut child = command.spawn().map_err(|error| format!("mi-run: {error}"))?;
    let (sender, receiver) = mpsc::channel();
    read_to_end(child.stdout.take(), 0, sender.clone());
    read_to_end(child.stderr.take(), 1, sender);
    let deadline = Instant::now() + PATIENCE;
    let mut streams = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        let Ok((number, bytes)) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
            end(&mut child);
            return Err(format!("`mi-run {}` did not end within {PATIENCE:?}", arguments.join(" ")));
        };
        let place: &mut Vec<u8> = &mut streams[usize::from(number)];
        *place = bytes;
    }
    let status = child.wait().map_err(|error| format!("mi-run: {error}"))?;
    let [stdout, stderr] = streams;
    Ok(Printed { stdout, stderr, exit: status.code().map_or("by a signal".to_owned(), |code| code.to_string()) })
}

/// A command that goes on until it is ended, as a server does.
pub(crate) struct Background(Child);

/// Starts the binary and waits for the first line it prints.
pub(crate) fn start(folder: &Folder, arguments: &[String]) -> Result<(Background, String), String> {
    begin(command(folder, &[], arguments), arguments)
}

/// The same where the shell has done something before.
#[cfg(unix)]
pub(crate) fn start_under(folder: &Folder, before: &str, arguments: &[String]) -> Result<(Background, String), String> {
    begin(under(folder, before, arguments), arguments)
}

fn begin(mut command: Command, arguments: &[String]) -> Result<(Background, String), String> {
    let mut child = command.spawn().map_err(|error| format!("mi-run: {error}"))?;
    let stdout = child.stdout.take();
    let background = Background(child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        if let Some(stdout) = stdout {
            // A failed read leaves the line empty, which the caller reports.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        sender.send(line)
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(line) if line.ends_with('\n') => Ok((background, line)),
        _ => Err(format!("`mi-run {}` never printed a line", arguments.join(" "))),
    }
}

#[cfg(unix)]
impl Background {
    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal, waits for the end, and gives the exit code.
    pub(crate) fn signal(self, signal: nix::sys::signal::Signal) -> Result<i32, String> {
        self.send(signal)?;
        self.wait()
    }

    /// Sends a signal.
    pub(crate) fn send(&self, signal: nix::sys::signal::Signal) -> Result<(), String> {
        let pid = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        nix::sys::signal::kill(pid, signal).map_err(|error| error.to_string())
    }

    /// Waits for the end, and gives the exit code.
    pub(crate) fn wait(mut self) -> Result<i32, String> {
        let status = self.0.wait().map_err(|error| error.to_string())?;
        status.code().ok_or_else(|| format!("ended by a signal: {status}"))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

fn command(folder: &Folder, variables: &[(String, String)], arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mi-run"));
    surround(&mut command, folder, variables);
    command.args(arguments);
    command
}

/// Gives a command a clean environment, and takes what it prints.
fn surround(command: &mut Command, folder: &Folder, variables: &[(String, String)]) {
    command.current_dir(&folder.work).env_clear();
    command.env("PATH", search_path(Path::new(env!("CARGO_BIN_EXE_mi-run"))));
    for name in ["HOME", "TMPDIR", "TMP", "TEMP"] {
        command.env(name, &folder.temp);
    }
    // Windows programs cannot open a socket without it.
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
}

/// The inherited one with the binary's folder first, so that `mi-run emulate -- mi-run …` finds this very build.
fn search_path(binary: &Path) -> OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = binary.parent().map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).unwrap_or(inherited)
}

fn read_to_end(stream: Option<impl Read + Send + 'static>, number: u8, sender: mpsc::Sender<(u8, Vec<u8>)>) {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read before an error is what the test compares.
            let _ = stream.read_to_end(&mut bytes);
        }
        sender.send((number, bytes))
    });
}

fn end(child: &mut Child) {
    // It may have ended by itself in the meantime.
    let _ = child.kill();
    let _ = child.wait();
}
