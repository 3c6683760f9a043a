//! What is named where a file is read, and is none: a pipe would keep the program waiting for ever.

use crate::folder::Folder;
use crate::program::run;

#[test]
fn pipes_are_refused_wherever_a_file_is_read() {
    let folder = Folder::new().expect("a folder");
    nix::unistd::mkfifo(&folder.work.join("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    folder.write("set.yaml", b"steps:\n  - set: {x: 1}\n").expect("written");
    let body = b"steps:\n  - request: {method: PUT, url: /subscriptions, api_version: 2021-04-01, file: pipe}\n";
    folder.write("body.yaml", body).expect("written");
    #[track_caller]
    fn check(folder: &Folder, arguments: &[&str], exit: &str, title: &str) {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let printed = run(folder, &[], &arguments).expect("it ends");
        let told = String::from_utf8_lossy(&[printed.stdout, printed.stderr].concat()).into_owned();
        assert_eq!(printed.exit, exit, "{told}");
        assert!(told.contains(title) && told.contains("it is a pipe or a device, and only files are read"), "{told}");
    }
    check(&folder, &["pipe"], "3", "error[unreadable-file]: `pipe` cannot be read");
    check(&folder, &["check", "pipe"], "3", "error[unreadable-file]: `pipe` cannot be read");
    check(&folder, &["set.yaml", "--vars-file", "pipe"], "3", "error[unreadable-file]: `pipe` cannot be read");
    let title = "error[unreadable-file]: the file `pipe` cannot be sent";
    check(&folder, &["body.yaml", "--emulate"], "4", title);
}

#[test]
fn a_link_does_not_lead_out_of_the_folder_of_the_playbook() {
    let folder = Folder::new().expect("a folder");
    folder.write("outside.txt", b"outside").expect("written");
    folder.write("book/own.txt", b"own").expect("written");
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(folder.work.join(target), folder.work.join(name)).expect("a link");
    };
    link("outside.txt", "book/out.txt");
    link("book/own.txt", "book/in.txt");
    let check = |name: &str, told: &str| {
        let body = format!(
            "steps:\n  - request: {{method: PUT, url: /subscriptions, api_version: 2021-04-01, file: {name}}}\n"
        );
        folder.write("book/a.yaml", body.as_bytes()).expect("written");
        let printed = run(&folder, &[], &["book/a.yaml".to_owned(), "--emulate".to_owned()]).expect("it ends");
        let shown = String::from_utf8_lossy(&printed.stdout).into_owned();
        assert!(shown.contains(told), "{shown}");
    };
    check("out.txt", "it stands outside of the playbook's folder");
    check("none.txt", "there is no such file");
    check("in.txt", "error[assertion-failed]: `status` does not hold");
}
