//! What `--help`, `completions` and `man` say.
use roundtrip::demos;

use crate::tutor::Home;

/// Every subcommand but the demos, which are many.
const COMMANDS: [&str; 18] = [
    "",
    "learn",
    "quiz",
    "drill",
    "present",
    "demos",
    "subnet",
    "packets",
    "capture",
    "explain",
    "open",
    "grade",
    "grade tcp-echo",
    "check",
    "progress",
    "completions",
    "man",
    "demo tcp-echo",
];

#[test]
fn every_subcommand_explains_itself() {
    let home = Home::new();
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let ended = home.run(&arguments);
        ended.code(0).no_message();
        let name = if command.is_empty() { "roundtrip".to_owned() } else { command.replace(' ', "_") };
        insta::assert_snapshot!(name, ended.stdout());
    }
}

#[test]
fn help_in_short_is_shorter() {
    let home = Home::new();
    let lines = |flag| home.run(&["demo", "tcp-echo", flag]).code(0).stdout().lines().count();
    assert!(lines("-h") < lines("--help"));
}

#[test]
fn a_demos_help_says_what_it_is_and_lists_knobs_then_output_then_the_rest() {
    let home = Home::new();
    let list = home.run(&["demo", "--help"]);
    for demo in demos::all() {
        list.code(0).says(demo.title);
        let help = home.run(&["demo", demo.name, "-h"]).code(0).stdout();
        assert!(help.starts_with(demo.title), "{help}");
        let place = |text: &str| help.find(text).unwrap_or_else(|| panic!("no `{text}` in {help}"));
        let flags = ["Output:", "--fork", "--json", "--text", "--pcap", "--tap", "Everywhere:", "--content", "--help"];
        let knobs: Vec<String> = demo.knobs.iter().map(|knob| format!("--{} ", knob.name)).collect();
        let places: Vec<usize> = knobs.iter().map(String::as_str).chain(flags).map(place).collect();
        assert!(places.is_sorted(), "{}: {places:?}\n{help}", demo.name);
    }
}

#[test]
fn without_a_name_demo_shows_its_help_and_fails() {
    let home = Home::new();
    home.run(&["demo"]).code(2).no_result().warns("encapsulation").warns("Usage: roundtrip demo");
}

#[test]
fn the_manual_page_and_the_completions_know_every_demo_and_knob() {
    let home = Home::new();
    let page = home.run(&["man"]).code(0).no_message().stdout();
    assert!(page.contains(".TH roundtrip 1"), "{page}");
    let shells = ["bash", "elvish", "fish", "powershell", "zsh"];
    let scripts = shells.map(|shell| home.tutor(&["completions", shell]).run_for_bytes().code(0).no_message().stdout());
    for demo in demos::all() {
        assert!(page.contains(&format!("roundtrip demo {}", demo.name)), "{}", demo.name);
        for script in &scripts {
            assert!(script.contains(demo.name), "{}", demo.name);
            let missing = demo.knobs.iter().find(|knob| !script.contains(knob.name));
            assert!(missing.is_none(), "{missing:?}");
        }
    }
}

#[test]
fn bash_reads_its_completions() {
    let home = Home::new();
    let script = home.tutor(&["completions", "bash"]).run_for_bytes();
    let script = home.file("completions.bash", &script.stdout);
    // It is on every machine that runs `tests/run`.
    let checked = std::process::Command::new("bash").arg("-n").arg(script).output().expect("bash");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn an_unknown_shell_is_told_which_there_are() {
    Home::new().run(&["completions", "csh"]).code(2).no_result().warns("possible values: bash");
}

#[test]
fn the_version_is_the_packages() {
    let ended = Home::new().run(&["--version"]);
    assert_eq!(ended.code(0).stdout(), format!("roundtrip {}\n", env!("CARGO_PKG_VERSION")));
}
