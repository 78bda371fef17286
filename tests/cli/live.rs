//! `demo NAME --live`: a run on real sockets, on loopback only, and every way it can go wrong.
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use roundtrip::demos::{self, live};
use roundtrip::recording::{json, saved};

use crate::listed::keys;
use crate::tutor::{Home, words};

#[test]
fn every_demo_with_a_live_side_runs_on_loopback_and_says_that_it_is_live() {
    let home = Home::new();
    let live: Vec<_> = demos::all().iter().filter(|demo| demo.live.is_some()).collect();
    assert!(!live.is_empty());
    for demo in live {
        let run = home.run(&["demo", demo.name, "--live", "--json"]).code(0).no_message().json();
        assert_eq!(keys(&run["live"]), BTreeSet::from(["host", "address"]), "{}", demo.name);
        assert!(run["live"]["host"].is_null(), "{}", demo.name);
        let address = run["live"]["address"].as_str().expect("an address");
        assert!(address.starts_with("127.0.0.1:"), "{}: {address}", demo.name);
        assert_eq!(run["packets"].as_array().map(Vec::len), Some(0), "{}", demo.name);
        assert!(!address.ends_with(":0"), "{}: {address}", demo.name);
        for list in ["events", "measurements", "spans", "markers"] {
            assert!(!run[list].as_array().expect("a list").is_empty(), "{}: no {list}", demo.name);
        }
        if cfg!(target_os = "linux") {
            assert!(!run["series"].as_array().expect("a list").is_empty(), "{}: no curves", demo.name);
        }
        let text = home.run(&["demo", demo.name, "--live", "--text"]).code(0).no_message().stdout();
        assert!(
            text.contains("a server of its own on loopback") && text.contains("capturing them needs root"),
            "{text}"
        );
    }
}

#[test]
fn a_named_host_is_spoken_to_and_no_other() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = server.local_addr().expect("an address").to_string();
    let echo = thread::spawn(move || {
        let (mut stream, _) = server.accept().expect("a client");
        let mut answer = stream.try_clone().expect("a second handle");
        std::io::copy(&mut stream, &mut answer).expect("an echo")
    });
    let run = Home::new().run(&["demo", "tcp-echo", "--live", &at, "--json"]).code(0).no_message().json();
    assert_eq!((run["live"]["host"].as_str(), run["live"]["address"].as_str()), (Some(at.as_str()), Some(at.as_str())));
    let echoed = run["measurements"].as_array().expect("a list").iter().find(|it| it["name"] == "echoed_bytes");
    assert_eq!(echoed.expect("measured")["value"], 3000);
    assert_eq!(echo.join().expect("it ended"), 3000);
}

#[test]
fn what_goes_wrong_on_the_way_is_said_is_code_3_and_what_was_seen_is_shown() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let closed = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let refused = home.run(&["demo", "tcp-echo", "--live", &closed]);
    refused.code(3).warns(&format!("{closed} refused the connection")).says("ECONNREFUSED");
    home.run(&words("demo tcp-echo --live no-such-host.invalid"))
        .code(3)
        .no_result()
        .warns("no-such-host.invalid has no address that this system's resolver knows");
}

#[test]
fn a_saved_live_run_is_shown_as_it_was_and_never_made_again() {
    let home = Home::new();
    let demo = demos::find("tcp-echo").expect("it ships");
    let knobs = demos::Knobs::with(demo.knobs, [("size", "200B")]).expect("a setting");
    let request = live::Request { knobs, target: live::Target::Own, seed: 7 };
    let ran = live::run(demo, &request, &live::Stop::default(), &mut |_| {}).expect("loopback is there");
    std::fs::write(home.path().join("a.run.json"), saved::save(&ran.recording)).expect("written");
    let opened = home.run(&["open", "a.run.json", "--json"]).code(0).no_message().stdout();
    assert_eq!(opened, json::json(&ran.recording));
    home.run(&["open", "a.run.json"]).code(0).says("a server of its own on loopback").says("size = 200B");
    home.run(&["open", "a.run.json", "--export", "measurements"]).code(0).says("echoed_bytes,200,B,");
    home.run(&["open", "a.run.json", "--pcap", "x"]).code(2).no_result().warns("capturing them needs root");
    assert!(demos::replay(&ran.recording.run).is_err());
}

#[test]
fn a_host_that_never_answers_is_given_up_after_the_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = silent.local_addr().expect("an address").to_string();
    #[expect(clippy::disallowed_methods, reason = "how long it takes is the question")]
    let began = Instant::now();
    let ended = Home::new().run(&["demo", "tcp-echo", "--live", &at]);
    ended.code(3).warns("cut off after 15 s").says("given up by the program");
    assert!((Duration::from_secs(15)..Duration::from_secs(30)).contains(&began.elapsed()));
}

#[test]
fn what_a_live_run_cannot_do_is_refused_with_what_it_can() {
    let home = Home::new();
    for (line, says) in [
        ("demo tcp-echo --live --rtt 5ms", "`rtt` describes the lab's network"),
        ("demo tcp-echo --live --fork drop:3", "cannot be used with"),
        ("demo tcp-echo --live --pcap x.pcapng", "capturing them needs root"),
        ("demo tcp-echo --live host:0", "a whole number from 1 to 65535"),
        ("demo packet-tour --live", "runs in the lab only; these also run live: "),
    ] {
        home.run(&words(line)).code(2).no_result().warns(says);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the run must have begun, and only the wall clock says so")]
fn ctrl_c_ends_a_live_run_and_what_it_saw_is_given_out() {
    for form in ["--text", "--json"] {
        let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let at = server.local_addr().expect("an address").to_string();
        // It accepts, and never answers.
        let accepted = thread::spawn(move || server.accept().expect("a client").0);
        let ended = Home::new().tutor(&["demo", "tcp-echo", "--live", &at, form]).run_and_interrupt(|| {
            let stream = accepted.join().expect("it accepted");
            thread::sleep(Duration::from_millis(300));
            stream
        });
        ended.code(3).warns("the run was stopped before its end").says("connect(");
    }
}
