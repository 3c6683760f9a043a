//! What runs in pipelines: the scripts of the action and of the template, run as a shell runs them.

use std::path::Path;
use std::process::Command;

use mi_run::diagnostic::Diagnostics;
use mi_run::source::{Source, Sources};
use mi_run::yaml;
use serde_json::Value;

use crate::folder::{Folder, repository};

fn document(path: &str) -> Value {
    let text = std::fs::read_to_string(repository().join(path)).expect("it is there");
    let mut sources = Sources::new();
    let id = sources.add(Source::new(path, text));
    yaml::parse(id, &sources, &mut Diagnostics::new()).expect("it is YAML").to_value()
}

/// The script that runs playbooks.
fn script(steps: &Value, key: &str) -> String {
    let found = steps.as_array().into_iter().flatten().filter_map(|step| step.get(key)?.as_str());
    found.filter(|script| script.contains("mapfile")).collect()
}

/// Runs a script; how it ended.
fn bash(folder: &Folder, script: &str, variables: &[(&str, &str)]) -> i32 {
    let binary = Path::new(env!("CARGO_BIN_EXE_mi-run"));
    let home = folder.work.join("home");
    for bin in [home.join(".local/share/mi-run-action/bin"), folder.work.join("bin")] {
        std::fs::create_dir_all(&bin).expect("a folder");
        let _ = std::os::unix::fs::symlink(binary, bin.join("mi-run"));
    }
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(&folder.work);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", &home);
    command.env("ROOT", &folder.work).envs(variables.iter().copied());
    let output = command.output().expect("bash runs");
    output.status.code().unwrap_or(-1)
}

#[test]
fn the_action_and_the_template_run_playbooks_and_end_as_they_do() {
    let folder = Folder::new().expect("a folder");
    folder.write("good.yaml", b"cloud: china\nsteps: [{token: arm}]\n").expect("written");
    folder.write("a name.yaml", b"steps: [{assert: [1 > 2]}]\n").expect("written");
    let action = document("action.yml");
    let template = document("docs/pipelines/azure-pipelines.yml");
    for text in [script(&action["runs"]["steps"], "run"), script(&template["steps"], "bash")] {
        let run = |playbooks: &str, go_on: &str| {
            let output = folder.work.join("output");
            let _ = std::fs::remove_file(&output);
            let code = bash(
                &folder,
                &text,
                &[
                    ("PLAYBOOKS", playbooks),
                    ("OPTIONS", "--emulate\n  --quiet\n"),
                    ("REPORTS", "reports here"),
                    ("GO_ON", go_on),
                    ("GITHUB_OUTPUT", output.to_str().expect("a path")),
                ],
            );
            (code, std::fs::read_to_string(output).unwrap_or_default())
        };
        let is_action = text.contains("GITHUB_OUTPUT");
        let said = |code: i32| if is_action { format!("exit-code={code}\n") } else { String::new() };
        assert_eq!(run("\n  good.yaml\n", "false"), (0, said(0)));
        assert_eq!(run("good.yaml\na name.yaml\n", "false"), (1, said(1)));
        assert_eq!(run("nowhere.yaml", "false"), (3, said(3)));
        if is_action {
            assert_eq!(run("a name.yaml", "true"), (0, said(1)));
        }
        for report in ["report.json", "report.xml", "report.html"] {
            assert!(folder.work.join("reports here").join(report).is_file(), "{report}");
        }
    }
}

#[test]
fn the_action_uses_what_it_declares() {
    let action = document("action.yml");
    let text = std::fs::read_to_string(repository().join("action.yml")).expect("it is there");
    let inputs: Vec<&String> = action["inputs"].as_object().expect("inputs").keys().collect();
    for input in &inputs {
        assert!(text.contains(&format!("inputs.{input} ")) || text.contains(&format!("inputs.{input}}}")), "{input}");
    }
    for used in text.split("inputs.").skip(1) {
        let name: String = used.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '-').collect();
        assert!(inputs.contains(&&name), "{name}");
    }
    // What a caller gives is never part of a script.
    let scripts = action["runs"]["steps"].as_array().expect("steps").iter().filter_map(|step| step["run"].as_str());
    scripts.for_each(|script| assert!(!script.contains("${{"), "{script}"));
}
