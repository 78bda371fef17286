//! A capture in a real terminal: filtered, explained, commented, saved, and the saved file read again.
use std::path::{Path, PathBuf};
use std::process::Command;

use portable_pty::CommandBuilder;

use crate::tutor::Tutor;
use crate::{ENTER, ESC, TAB, home};

/// What a host of a demo's run captured, in a file.
fn capture(home: &Path, demo: &str) -> PathBuf {
    let file = home.join(format!("{demo}.pcapng"));
    roundtrip(home, &["demo", demo, "--seed", "1", "--pcap", file.to_str().expect("UTF-8")]);
    file
}

/// What the program prints on standard output.
fn roundtrip(home: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_roundtrip")).args(arguments).env("HOME", home).output();
    let output = output.expect("the program runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_capture_is_filtered_explained_commented_and_saved() {
    let home = home();
    let file = capture(home.path(), "retransmission");
    let name = file.to_str().expect("UTF-8");
    let mut tutor = Tutor::start(home.path(), &["packets", name]);
    tutor
        .until("Destination")
        .until("[SYN]")
        .keys("/")
        .until("filter ▸")
        .keys("tcp.flags.syn == 1")
        .until("enter applies it");
    tutor.keys(ENTER).until("2 of ").keys(TAB).until("▸ layers of packet 1").keys(ESC).gone("2 of ");
    tutor
        .keys("n")
        .until("packet 26 ·")
        .keys("c")
        .until("comment on packet")
        .keys("\x15here it goes wrong")
        .keys(ENTER);
    tutor
        .until("✎ here it goes wrong")
        .keys("2")
        .until("→ 10.0.1.1")
        .until("bytes of TCP")
        .keys("x")
        .until("0000  61 62")
        .keys(ESC);
    tutor.until("Destination").keys("3").until("▶").keys(ESC).until("Destination").keys("4").until("conversations");
    tutor
        .until("TCP")
        .keys("\r")
        .until("tcp.stream == 0")
        .keys(ESC)
        .gone("tcp.stream == 0")
        .keys("S")
        .until("save as")
        .keys("\x15saved.pcapng")
        .keys(ENTER);
    tutor.until("saved as saved.pcapng").keys(ESC).until("Your course").keys("q");
    assert_eq!(tutor.ended(), 0);
    tutor.left_the_terminal_as_it_was();
    let saved = home.path().join("saved.pcapng");
    let list = |file: &Path, more: &[&str]| {
        roundtrip(home.path(), &[&["packets", file.to_str().expect("UTF-8"), "--plain"][..], more].concat())
    };
    assert_eq!(list(&saved, &[]), list(&file, &[]));
    let commented = list(&saved, &["--filter", "frame.comment == \"here it goes wrong\"", "--json"]);
    assert!(commented.contains("\"here it goes wrong\""), "{commented}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_capture_comes_on_standard_input_and_the_keys_from_the_terminal() {
    let home = home();
    let file = capture(home.path(), "encapsulation");
    let mut command = CommandBuilder::new("sh");
    let program = env!("CARGO_BIN_EXE_roundtrip");
    command.args(["-c", &format!("cat {} | {program} packets - --filter tcp", file.display())]);
    let mut tutor = Tutor::spawn(home.path(), command, 30, 110);
    tutor.until("Destination").until("filter ▸ tcp").keys("G").until("▸").keys("\x03");
    assert_eq!(tutor.ended(), 0);
    tutor.left_the_terminal_as_it_was();
}

#[test]
fn what_cannot_be_opened_is_said_before_the_terminal_is_taken() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["packets", "nosuch.pcap"]);
    tutor.until("nosuch.pcap cannot be read");
    assert_eq!(tutor.ended(), 3);
}

/// The program beside a pipe that gives the first half of a capture, and the rest when there is a file `go`.
fn half(home: &Path, capture: &Path) -> Tutor {
    let half = std::fs::metadata(capture).expect("a file").len() / 2;
    let (file, program) = (capture.display(), env!("CARGO_BIN_EXE_roundtrip"));
    let wait = "while [ ! -e go ]; do sleep 0.05; done";
    let pipe = format!("(head -c {half} {file}; {wait}; tail -c +{} {file}) | {program} packets -", half + 1);
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &pipe]);
    Tutor::spawn(home, command, 30, 110)
}

#[cfg(target_os = "linux")]
#[test]
fn a_capture_is_looked_at_while_more_of_it_comes() {
    let home = home();
    let file = capture(home.path(), "retransmission");
    let mut tutor = half(home.path(), &file);
    tutor.until("reading on").until("[SYN]").keys("G").keys("/").until("filter ▸");
    // The connection is closed in what has not come.
    tutor.keys("tcp.flags.fin == 1").keys(ENTER).until("holds for none of the").until("reading on");
    std::fs::write(home.path().join("go"), "").expect("a file");
    tutor.gone("reading on").until("2 of 46 packets").keys(ESC).until("· 46 packets").keys("q").until("Your course");
    tutor.keys("q");
    assert_eq!(tutor.ended(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn the_newest_packet_stays_chosen_and_reading_is_stopped_by_a_key() {
    let home = home();
    let file = capture(home.path(), "retransmission");
    let mut tutor = half(home.path(), &file);
    tutor.until("reading on").until("packet 1 ·").keys("G").gone("packet 1 ·");
    std::fs::write(home.path().join("go"), "").expect("a file");
    tutor.until("packet 46 · 46 packets").keys("q").until("Your course").keys("q");
    assert_eq!(tutor.ended(), 0);
    std::fs::remove_file(home.path().join("go")).expect("it was written");
    let mut tutor = half(home.path(), &file);
    tutor.until("reading on").keys("s").until("stopped here").until("cut short").keys("q").until("Your course");
    tutor.keys("q");
    std::fs::write(home.path().join("go"), "").expect("a file");
    assert_eq!(tutor.ended(), 0);
}
