//! `demos`, and how arguments that cannot be are refused.
use std::collections::BTreeSet;

use roundtrip::demos;
use serde_json::Value;

use crate::tutor::{Home, words};

pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_list_as_json_has_exactly_the_documented_shape() {
    let ended = Home::new().run(&["demos", "--json"]);
    let list = ended.code(0).no_message().json();
    let names: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, demos::all().iter().map(|demo| demo.name).collect::<Vec<_>>());
    for (demo, known) in list.as_array().expect("a list").iter().zip(demos::all()) {
        assert_eq!(keys(demo), BTreeSet::from(["name", "title", "chapters", "live", "knobs"]));
        assert_eq!((demo["title"].as_str(), demo["live"].as_bool()), (Some(known.title), Some(known.live.is_some())));
        for (knob, known) in demo["knobs"].as_array().expect("a list").iter().zip(known.knobs) {
            assert_eq!(knob["name"], known.name);
            knob_shape(knob);
        }
    }
}

#[track_caller]
fn knob_shape(knob: &Value) {
    let fields = BTreeSet::from(["name", "kind", "unit", "default", "min", "max"]);
    match knob["kind"].as_str() {
        Some("quantity") => {
            assert_eq!(keys(knob), fields);
            let [min, default, max] = ["min", "default", "max"].map(|it| knob[it].as_i64().expect("an integer"));
            assert!(min <= default && default <= max, "{knob}");
            assert!(["ns", "bit/s", "B", "ppm", "count"].contains(&knob["unit"].as_str().expect("a unit")), "{knob}");
        }
        Some("choice" | "text") => {
            assert_eq!(keys(knob), &fields | &BTreeSet::from(["choices"]));
            assert!(knob["choices"].as_array().expect("a list").contains(&knob["default"]), "{knob}");
        }
        Some("switch") => {
            assert_eq!(keys(knob), fields);
            assert_eq!(knob["default"], false);
        }
        other => panic!("{other:?} is no documented kind"),
    }
}

#[test]
fn the_list_as_text_names_every_demo_and_knob() {
    let ended = Home::new().run(&["demos"]);
    for demo in demos::all() {
        ended.code(0).says(demo.name).says(demo.title);
        for knob in demo.knobs {
            ended.says(&format!("--{}", knob.name)).says(knob.about);
        }
    }
}

/// A command line, and what its refusal says.
const REFUSED: [(&str, &str); 30] = [
    ("demo tcp-vs-udp --rtt 80", "write 80ms or 80s"),
    ("demo tcp-vs-udp --rtt 80s", "`rtt` goes from 0 ns to 1 s; 80 s lies outside"),
    ("demo tcp-vs-udp --rtt=-1ms", "goes from 0 ns to 1 s"),
    ("demo tcp-vs-udp --rtt -5ms", "`rtt` goes from 0 ns to 1 s; -5 ms lies outside"),
    ("demo tcp-vs-udp --rtt 99999h", "the units are s, ms, us, ns; it goes from 0 ns to 1 s"),
    ("demo tcp-echo --seed -1", "write a whole number from 0"),
    ("demo zzz", "`roundtrip demos` lists the demos"),
    ("demo handshake", "tcp-handshake"),
    ("drill --tags timeouts --plain", "did you mean `timeout`?"),
    ("demo tcp-vs-udp --rate 10Mb", "such as 10Mbit/s"),
    ("demo tcp-vs-udp --loss 5", "write 5%"),
    ("demo tcp-vs-udp --size 10kg", "such as 1500B"),
    ("demo tcp-vs-udp --messages 1.5", "digits only"),
    ("demo tcp-vs-udp --messages 99999999999999999999", "digits only"),
    ("demo tcp-vs-udp --rt 80ms", "a similar argument exists: '--rtt'"),
    ("demo tcp-vs-udp --gravity 80ms", "the knobs of tcp-vs-udp are --rtt"),
    ("demo tcp-vs-ud", "'tcp-vs-udp'"),
    ("demo tcp-echo --script never", "`script` is one of echo"),
    ("demo tcp-echo --fork drop", "drop:12, duplicate:12, delay:12:50ms"),
    ("demo tcp-echo --fork delay:3:4", "write 4ms or 4s"),
    ("demo tcp-echo --fork drop:9999", "there is no packet 9999; this run has 1 to"),
    ("demo tcp-echo --json --text", "cannot be used with"),
    ("demo tcp-echo --tap client", "--pcap <FILE>"),
    ("demo tcp-echo --pcap x.pcapng --tap nobody", "there is no interface nobody; this run has client, server"),
    ("demo tcp-echo --pcap - --json", "both want standard output"),
    ("demo tcp-echo --seed many", "invalid value 'many' for '--seed <N>'"),
    ("drill --plain --count 0", "write a number from 1 to 1000"),
    ("drill --plain --until tomorrow", "such as 2027-01-15"),
    ("grade tcp-echo --port 0", "0 is not in 1..=65535"),
    ("frobnicate", "unrecognized subcommand"),
];

#[test]
fn what_cannot_be_is_refused_with_code_2_and_what_to_write() {
    let home = Home::new();
    for (line, says) in REFUSED {
        home.run(&words(line)).code(2).no_result().warns(says);
    }
    assert!(!home.path().join("x.pcapng").exists());
}

#[test]
fn names_that_are_not_there_are_refused_with_those_that_are() {
    let home = Home::new();
    home.run(&words("learn nonsense --plain"))
        .code(2)
        .no_result()
        .warns("No lesson is called `nonsense`")
        .warns("w01.");
    home.run(&words("quiz W99 --plain")).code(2).no_result().warns("there is no chapter `W99`; there are W1, W2");
    home.run(&words("quiz W13 --plain")).code(2).no_result().warns("W13 has no quiz yet; these have one: W1");
    home.run(&words("drill --tags unknown --plain")).code(2).no_result().warns("no question has the tag `unknown`");
}
