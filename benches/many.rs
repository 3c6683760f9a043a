//! Long playbooks: a thousand and ten thousand requests written out, each with a status, two assertions on the body and a
//! capture, beside Hurl with the same requests.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod bench;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use bench::{Outcome, SUBSCRIPTION, Subject};

fn main() -> Outcome {
    bench::main(|| {
        let server = bench::serve()?;
        for (count, runs) in [(1_000, 10), (10_000, 3)] {
            let playbook = bench::scratch(&format!("many-{count}.yaml"));
            let file = bench::scratch(&format!("many-{count}.hurl"));
            write_playbook(&playbook, count)?;
            write_hurl(&file, count, &server)?;
            let subjects = [Subject::mi_run(&playbook, &server), Subject::hurl(&file)];
            bench::compare(&format!("{count} requests"), runs, &subjects)?;
        }
        Ok(())
    })
}

fn write_playbook(path: &Path, count: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write!(file, "name: {count} requests\ncloud: china\nsteps:\n")?;
    for number in 0..count {
        write!(
            file,
            "  - name: Read group {number}
    request: GET /subscriptions/{SUBSCRIPTION}/resourceGroups/group-{number}?api-version=2021-04-01
    expect:
      status: 200
      json:
        $.name: group-{number}
        $.properties.provisioningState: Succeeded
    capture:
      location_{number}: $.location
"
        )?;
    }
    file.flush()
}

fn write_hurl(path: &Path, count: usize, server: &str) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(bench::hurl_token(server).as_bytes())?;
    for number in 0..count {
        file.write_all(bench::hurl_group(server, &format!("group-{number}")).as_bytes())?;
    }
    file.flush()
}
