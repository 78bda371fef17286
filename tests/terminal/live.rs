//! Live runs in a real terminal: run, looked at, stopped, left; on loopback only.
use std::net::TcpListener;

use crate::tutor::Tutor;
use crate::{ENTER, ESC, home};

#[test]
fn a_demo_is_run_live_from_its_screen_looked_at_saved_and_opened_again() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["demo", "tcp-handshake"]);
    tutor.until("SYN").keys("L").until("empty: a server of its own on loopback").keys(ENTER);
    tutor.until("live · 127.0.0.1:").until("A live run has no packets").keys("2").until("capturing them needs root");
    tutor.keys("6").until("the client may send after").keys("x").until("A live run cannot be forked");
    tutor.keys("S").until("Saved as tcp-handshake-live.run.json").keys("E").until("Save for another program");
    tutor
        .keys("measurements")
        .until("the numbers as CSV")
        .keys(ENTER)
        .until("Saved as tcp-handshake-live-measurements.csv");
    // The same knobs in the lab, on a key.
    tutor.keys("1r").until("seed 1").until("SYN").keys("\x03");
    assert_eq!(tutor.ended(), 0);
    let table = std::fs::read_to_string(home.path().join("tcp-handshake-live-measurements.csv")).expect("it was saved");
    assert!(table.lines().any(|line| line.starts_with("client_may_send,")), "{table}");
    let mut again = Tutor::start(home.path(), &["open", "tcp-handshake-live.run.json"]);
    again.until("live · 127.0.0.1:").until("connect(").keys("q").until("Your course").keys("q");
    assert_eq!(again.ended(), 0);
}

#[test]
fn a_host_that_never_answers_is_shown_and_stopped_by_esc() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = silent.local_addr().expect("an address").to_string();
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["demo", "tcp-echo", "--live", &at]);
    tutor
        .until("calls, now recv(fd")
        .until("esc stop the live run")
        .keys(ESC)
        .until("The run was stopped before its end");
    // What was seen until then is on show.
    tutor.until(&format!("live · {at}")).until("given up by the program").keys("\x03");
    assert_eq!(tutor.ended(), 0);
    tutor.left_the_terminal_as_it_was();
}

#[test]
fn ctrl_c_stops_the_run_and_the_next_one_the_program() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = silent.local_addr().expect("an address").to_string();
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["demo", "tcp-echo"]);
    tutor.until("SYN").keys("L").until("host").keys(&at).until(&at).keys(ENTER).until("calls, now recv(fd");
    tutor.keys("\x03").until("The run was stopped before its end").keys("\x03");
    assert_eq!(tutor.ended(), 0);
    tutor.left_the_terminal_as_it_was();
}

#[test]
fn a_host_that_is_none_or_refuses_is_said_and_the_screen_goes_on() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").to_string();
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["demo", "tcp-echo"]);
    tutor
        .until("SYN")
        .keys("L")
        .until("host")
        .keys("no? quiet host")
        .until("no? quiet host")
        .keys(ENTER)
        .until("names no host");
    tutor.keys("\x15").keys(&closed).until(&closed).keys(ENTER).until("refused the connection");
    tutor.until("ECONNREFUSED").keys("L").until(&closed).keys(ESC).gone("A name or address");
    tutor.keys("\x03");
    assert_eq!(tutor.ended(), 0);
}

#[test]
fn ctrl_c_ends_a_run_without_a_screen_at_once() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = silent.local_addr().expect("an address").to_string();
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["demo", "tcp-echo", "--live", &at, "--text"]);
    tutor.until("Ctrl-C ends it").keys("\x03");
    assert_ne!(tutor.ended(), 0);
    tutor.left_the_terminal_as_it_was();
}
