//! The rows: what each is called, the programs that do the work, and the aims.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::server::{LISTED, Server};
use crate::work::{HEAD, SUBSCRIPTION, TOKEN, groups, numbered, target};
use crate::{Outcome, floor, work};

/// One kind of work.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) rounds: usize,
    floor: Option<Program>,
    mi_run: Program,
    hurl: Option<Program>,
    pub(crate) aims: Vec<Aim>,
}

impl Row {
    /// The floor, mi-run and Hurl, where the work is theirs.
    pub(crate) fn programs(&self) -> [Option<&Program>; 3] {
        [self.floor.as_ref(), Some(&self.mi_run), self.hurl.as_ref()]
    }
}

/// A command, with what it finds in its environment.
pub(crate) struct Program {
    pub(crate) words: Vec<String>,
    pub(crate) variable: Option<(&'static str, String)>,
}

impl Program {
    fn new<W: ToString>(words: impl IntoIterator<Item = W>) -> Program {
        Program { words: words.into_iter().map(|word| word.to_string()).collect(), variable: None }
    }

    fn and<W: ToString>(mut self, words: impl IntoIterator<Item = W>) -> Program {
        self.words.extend(words.into_iter().map(|word| word.to_string()));
        self
    }

    /// Trusts the authorities in a file as the system's.
    fn trusting(mut self, file: &Path) -> Program {
        self.variable = Some(("SSL_CERT_FILE", file.display().to_string()));
        self
    }

    pub(crate) fn is_hurl(&self) -> bool {
        self.words[0] == "hurl"
    }
}

/// What mi-run is to reach at the most.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    /// So many times the time of Hurl.
    Time(f64),
    /// So many times the processor time of Hurl.
    Processor(f64),
    /// So many times the time of the floor.
    Floor(f64),
    /// So many megabytes of memory.
    Peak(f64),
    /// So many milliseconds.
    Wall(f64),
}

/// All rows, their files written.
pub(crate) fn all(server: &Server) -> Outcome<Vec<Row>> {
    let at = Ends { imds: &server.http, arm: &server.http };
    let mut rows = tls(server)?;
    rows.insert(0, quickstart(&at)?);
    rows.extend([written(&at)?, looped(&at)?, list(&at)?, burst(&at)?, files(&at)?]);
    rows.extend([steps()?, many_files(&at)?, wide(&at)?]);
    Ok(rows)
}

/// Where the identity endpoint and Resource Manager are.
struct Ends<'e> {
    imds: &'e str,
    arm: &'e str,
}

impl Ends<'_> {
    fn mi_run(&self, playbooks: &[PathBuf]) -> Program {
        let program = Program::new([env!("CARGO_BIN_EXE_mi-run")]).and(shown(playbooks));
        program.and(["--imds-endpoint", self.imds, "--arm-endpoint", self.arm])
    }

    fn floor(&self, work: &str, count: usize) -> Outcome<Program> {
        let own = std::env::current_exe()?.display().to_string();
        Ok(Program::new([&own, floor::WORD, work, self.imds, self.arm, &count.to_string()]))
    }

    /// The request for a token, for Hurl: it captures `token`.
    fn hurl_token(&self) -> String {
        format!(
            "GET {}{}\nMetadata: true\nHTTP 200\n[Captures]\ntoken: jsonpath \"$.access_token\"\n\n",
            self.imds,
            token_target()
        )
    }

    /// The request for a resource group, for Hurl, with options and captures of the row.
    fn hurl_read(&self, group: &str, (options, captures): (&str, &str)) -> String {
        format!(
            "GET {}{}\nAuthorization: Bearer {{{{token}}}}\n{options}HTTP 200\n{captures}[Asserts]\n\
            jsonpath \"$.name\" == \"{group}\"\njsonpath \"$.properties.provisioningState\" == \"Succeeded\"\n\n",
            self.arm,
            target(group)
        )
    }

    /// A file for Hurl that asks for a token, then reads the groups and captures their locations.
    fn hurl_groups(&self, groups: impl IntoIterator<Item = String>) -> String {
        let capture = ("", "[Captures]\nlocation: jsonpath \"$.location\"\n");
        self.hurl_token() + &groups.into_iter().map(|group| self.hurl_read(&group, capture)).collect::<String>()
    }
}

fn hurl(files: &[PathBuf]) -> Program {
    Program::new(["hurl", "--no-output"]).and(shown(files))
}

fn shown(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

/// What is asked for a token.
pub(crate) fn token_target() -> String {
    "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.chinacloudapi.cn%2F"
        .to_owned()
}

/// What is asked for the long list.
pub(crate) fn list_target() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resources?api-version=2021-04-01")
}

/// Writes a file of the benchmark.
pub(crate) fn file(name: &str, text: &str) -> Outcome<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rows");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}

fn quickstart_files(at: &Ends<'_>, name: &str) -> Outcome<[PathBuf; 2]> {
    let group = || [String::from("group-0")];
    let playbook = HEAD.to_owned() + TOKEN + &groups(group());
    Ok([file(&format!("{name}.yaml"), &playbook)?, file(&format!("{name}.hurl"), &at.hurl_groups(group()))?])
}

fn quickstart(at: &Ends<'_>) -> Outcome<Row> {
    let [playbook, requests] = quickstart_files(at, "quickstart")?;
    Ok(Row {
        name: "quickstart: token, capture, read, 3 assertions",
        rounds: 101,
        floor: Some(at.floor("reads", 1)?),
        mi_run: at.mi_run(&[playbook]),
        hurl: Some(hurl(&[requests])),
        aims: vec![Aim::Time(0.33), Aim::Peak(6.0)],
    })
}

/// The quickstart over TLS: trusting only the own authority, and the system's too.
fn tls(server: &Server) -> Outcome<Vec<Row>> {
    let at = Ends { imds: &server.http, arm: &server.https };
    let [playbook, requests] = quickstart_files(&at, "tls")?;
    let (own, system) = (&server.authority, &server.system_authorities);
    let trusting = |file: &Path| hurl(std::slice::from_ref(&requests)).and(["--cacert"]).and([file.display()]);
    Ok(vec![
        Row {
            name: "the same over TLS, an own CA",
            rounds: 101,
            floor: Some(at.floor("reads", 1)?.and([own.display()])),
            mi_run: at.mi_run(std::slice::from_ref(&playbook)).trusting(own),
            hurl: Some(trusting(own)),
            aims: vec![Aim::Time(0.37)],
        },
        Row {
            name: "the same over TLS, an own CA and the system's CA bundle",
            rounds: 51,
            floor: Some(at.floor("reads", 1)?.and([own.display(), system.display()])),
            mi_run: at.mi_run(&[playbook]).and(["--ca-file"]).and([own.display()]).trusting(system),
            hurl: Some(trusting(&server.all_authorities)),
            aims: vec![Aim::Time(0.19)],
        },
    ])
}

fn written(at: &Ends<'_>) -> Outcome<Row> {
    let playbook = file("written.yaml", &(HEAD.to_owned() + &groups(numbered(1_000, "group"))))?;
    let requests = file("written.hurl", &at.hurl_groups(numbered(1_000, "group")))?;
    Ok(Row {
        name: "1,000 requests written out in one file, each a capture and 3 assertions, one after the other",
        rounds: 21,
        floor: Some(at.floor("reads", 1_000)?),
        mi_run: at.mi_run(&[playbook]).and(["--jobs", "1"]),
        hurl: Some(hurl(&[requests])),
        aims: vec![Aim::Processor(0.35), Aim::Peak(20.0)],
    })
}

fn looped(at: &Ends<'_>) -> Outcome<Row> {
    let playbook = file("loop.yaml", &(HEAD.to_owned() + &work::looped(10_000)))?;
    let requests = at.hurl_token() + &at.hurl_read("group-0", ("[Options]\nrepeat: 10000\n", ""));
    Ok(Row {
        name: "10,000 iterations of a loop",
        rounds: 5,
        floor: Some(at.floor("reads", 10_000)?),
        mi_run: at.mi_run(&[playbook]),
        hurl: Some(hurl(&[file("loop.hurl", &requests)?])),
        aims: vec![Aim::Processor(0.45), Aim::Peak(10.0)],
    })
}

fn list(at: &Ends<'_>) -> Outcome<Row> {
    let (target, last) = (list_target(), LISTED - 1);
    let playbook = format!(
        "{HEAD}  - name: List
    request: GET {target}
    expect:
      json:
        $.value: {{count: {LISTED}}}
        $.value[?@.name == 'data{last}'].location: [chinanorth]
"
    );
    let requests = format!(
        "{}GET {}{target}\nAuthorization: Bearer {{{{token}}}}\nHTTP 200\n[Asserts]\njsonpath \"$.value\" count == {LISTED}\n\
        jsonpath \"$.value[?(@.name=='data{last}')].location\" == \"chinanorth\"\n",
        at.hurl_token(),
        at.arm
    );
    Ok(Row {
        name: "a 2.2 MB list, two JSONPath assertions",
        rounds: 21,
        floor: Some(at.floor("list", 1)?),
        mi_run: at.mi_run(&[file("list.yaml", &playbook)?]),
        hurl: Some(hurl(&[file("list.hurl", &requests)?])),
        aims: vec![Aim::Time(0.25), Aim::Peak(30.0)],
    })
}

fn burst(at: &Ends<'_>) -> Outcome<Row> {
    let playbook = file("burst.yaml", &(HEAD.to_owned() + &groups(numbered(40, "slow"))))?;
    let each = |group: String| file(&format!("{group}.hurl"), &at.hurl_groups([group]));
    let requests: Vec<_> = numbered(40, "slow").map(each).collect::<Outcome<_>>()?;
    Ok(Row {
        name: "40 requests of 50 ms each, at once",
        rounds: 21,
        floor: Some(at.floor("burst", 40)?),
        mi_run: at.mi_run(&[playbook]).and(["--jobs", "40"]),
        hurl: Some(hurl(&requests).and(["--parallel", "--jobs", "40"])),
        aims: vec![Aim::Floor(1.15)],
    })
}

/// Playbooks that each ask for a token and read a group.
fn small_playbooks(count: usize) -> Outcome<Vec<PathBuf>> {
    let each = |group: String| file(&format!("{group}.yaml"), &(HEAD.to_owned() + TOKEN + &groups([group])));
    numbered(count, "group").map(each).collect()
}

fn files(at: &Ends<'_>) -> Outcome<Row> {
    let playbooks = small_playbooks(200)?;
    let each = |group: String| file(&format!("{group}.hurl"), &at.hurl_groups([group]));
    let requests: Vec<_> = numbered(200, "group").map(each).collect::<Outcome<_>>()?;
    Ok(Row {
        name: "200 files in one invocation",
        rounds: 21,
        floor: Some(at.floor("files", 200)?.and(shown(&playbooks))),
        mi_run: at.mi_run(&playbooks),
        hurl: Some(hurl(&requests)),
        aims: vec![Aim::Time(0.55)],
    })
}

fn many_files(at: &Ends<'_>) -> Outcome<Row> {
    let playbooks = small_playbooks(1_000)?;
    Ok(Row {
        name: "1,000 files in one invocation",
        rounds: 5,
        floor: Some(at.floor("files", 1_000)?.and(shown(&playbooks))),
        mi_run: at.mi_run(&playbooks),
        hurl: None,
        aims: Vec::new(),
    })
}

fn wide(at: &Ends<'_>) -> Outcome<Row> {
    let playbook = file("wide.yaml", &(HEAD.to_owned() + &groups(numbered(256, "slow"))))?;
    Ok(Row {
        name: "256 requests of 50 ms each, at once",
        rounds: 11,
        floor: Some(at.floor("burst", 256)?),
        mi_run: at.mi_run(&[playbook]).and(["--jobs", "256"]),
        hurl: None,
        aims: Vec::new(),
    })
}

fn steps() -> Outcome<Row> {
    let mut playbook = HEAD.to_owned();
    for group in numbered(100_000, "group") {
        // A text takes everything that is written to it.
        let _ = write!(playbook, "  - request: GET {}\n    expect: 200\n", target(&group));
    }
    let playbook = file("steps.yaml", &playbook)?;
    Ok(Row {
        name: "100,000 steps checked, nothing sent",
        rounds: 5,
        floor: None,
        mi_run: Program::new([env!("CARGO_BIN_EXE_mi-run"), "check"]).and([playbook.display()]),
        hurl: None,
        aims: vec![Aim::Wall(1_500.0)],
    })
}
