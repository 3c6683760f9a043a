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
