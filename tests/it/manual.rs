//! Completions and the manual page know the whole command line.

use crate::folder::Folder;
use crate::program;

/// What a command prints.
fn printed(arguments: &[&str]) -> String {
    let folder = Folder::new().expect("a folder");
    let printed = program::run(&folder, &[], &program::words(arguments)).expect("it runs");
    assert_eq!(printed.exit, "0", "{arguments:?}");
    String::from_utf8(printed.stdout).expect("text")
}

/// The commands and options that `--help` tells of.
fn told() -> (Vec<String>, Vec<String>) {
    let help = printed(&["--help"]);
    let (commands, options) = help.split_once("Options:").expect("options");
    let commands = commands.split_once("Commands:").and_then(|(_, all)| all.split_once("\n\n")).expect("commands").0;
    let is_command = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let commands: Vec<String> = commands.lines().filter(is_command).filter_map(first).collect();
    let words = options.split([' ', '\n', '=', '[', ',']).filter(|word| word.starts_with("--"));
    let options: Vec<String> = words.map(str::to_owned).collect();
    assert!(commands.len() > 12 && options.len() > 20, "{commands:?} {options:?}");
    (commands, options)
}

#[test]
fn every_shell_completes_every_command_and_option() {
    let (commands, options) = told();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for word in commands.iter().chain(&options) {
            // Some shells write the dashes apart from the word.
            assert!(script.contains(word.trim_start_matches('-')), "{shell} does not know `{word}`");
        }
    }
}

#[test]
fn the_manual_page_tells_every_command_and_option() {
    let (commands, options) = told();
    let page = printed(&["man"]).replace("\\-", "-");
    for command in commands.iter().filter(|command| *command != "help") {
        let head = format!(".SH \"MI-RUN {}\"", command.to_uppercase());
        assert!(page.contains(&head), "no section `{head}`");
    }
    options.iter().for_each(|option| assert!(page.contains(option.as_str()), "`{option}` is not in the manual"));
}
