//! `demo NAME` and `open FILE`: a run as text, JSON and capture, forked, saved and opened again.
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use roundtrip::demos::{self, Setup};
use roundtrip::recording::{Intervention, Meddling, Recording, saved};
use serde_json::Value;

use crate::listed::keys;
use crate::tutor::{Home, words};

#[test]
fn every_run_as_json_has_exactly_the_documented_shape() {
    let home = Home::new();
    for demo in demos::all() {
        let run = home.run(&["demo", demo.name, "--seed", "7", "--json"]).code(0).no_message().json();
        let fields = "demo seed knobs interventions live end_ns measurements markers packets events steps spans series nodes links tables";
        assert_eq!(keys(&run), fields.split(' ').collect(), "{}", demo.name);
        assert_eq!((run["demo"].as_str(), run["seed"].as_u64()), (Some(demo.name), Some(7)));
        assert!(run["live"].is_null());
        assert_eq!(keys(&run["knobs"]), demo.knobs.iter().map(|knob| knob.name).collect());
        each(&run["measurements"], "name value unit label how");
        each(&run["markers"], "name at_ns label packet");
        let packet = "n at_ns tap from to len summary reason left_ns arrived_ns fate fate_reason";
        each(&run["packets"], packet);
        assert!(run["events"].is_array());
        let step = "n at_ns until_ns node depth kind title facts why packets".split(' ').collect();
        assert!(run["steps"].as_array().expect("a list").iter().all(|it| keys(it) == step));
        sound(&run);
    }
}

#[track_caller]
fn each(list: &Value, fields: &str) {
    let list = list.as_array().expect("a list");
    assert!(!list.is_empty());
    let fields: BTreeSet<&str> = fields.split(' ').collect();
    list.iter().for_each(|it| assert_eq!(keys(it), fields));
}

/// What its readers count on.
#[track_caller]
fn sound(run: &Value) {
    let names = |list: &Value| {
        list.as_array().expect("a list").iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
    };
    let (nodes, links): (BTreeSet<String>, BTreeSet<String>) = (names(&run["nodes"]), names(&run["links"]));
    let packets = run["packets"].as_array().expect("a list");
    for (index, packet) in packets.iter().enumerate() {
        assert_eq!(packet["n"], index + 1);
        assert!(links.contains(packet["tap"].as_str().expect("a tap")), "{packet}");
        assert!(["from", "to"].iter().all(|end| nodes.contains(packet[end].as_str().expect("a node"))), "{packet}");
        assert!(packet["at_ns"].as_u64() <= packet["left_ns"].as_u64(), "{packet}");
    }
    let times: Vec<u64> = packets.iter().filter_map(|it| it["at_ns"].as_u64()).collect();
    assert!(times.is_sorted() && times.len() == packets.len());
    for it in run["measurements"].as_array().expect("a list") {
        assert!(
            it["value"].is_i64() && ["ns", "bit/s", "B", "ppm", "count"].contains(&it["unit"].as_str().unwrap_or(""))
        );
    }
    let markers: BTreeSet<String> = names(&run["markers"]);
    assert_eq!(markers.len(), run["markers"].as_array().expect("a list").len(), "a marker's name is its own");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_another_run() {
    let home = Home::new();
    for demo in demos::all() {
        let run = |seed| home.run(&["demo", demo.name, "--json", "--seed", seed]).stdout;
        assert_eq!(run("3"), run("3"), "{}", demo.name);
        assert_ne!(run("3"), run("4"), "{}", demo.name);
    }
}

#[test]
fn a_knob_turns_what_is_measured() {
    let home = Home::new();
    let connect = |rtt| {
        let run = home.run(&["demo", "encapsulation", "--rtt", rtt, "--json"]).json();
        let all = run["measurements"].as_array().expect("a list").clone();
        all.iter().find(|it| it["name"] == "connect").expect("measured")["value"].as_u64().expect("a time")
    };
    assert_eq!(connect("160ms") - connect("80ms"), 80_000_000);
}

#[test]
fn where_there_is_no_terminal_a_demo_is_text() {
    let home = Home::new();
    let text = home.run(&["demo", "tcp-echo"]);
    text.code(0).no_message().says("Measured in this run").says("Packets (").says("[SYN]");
    assert_eq!(text.stdout, home.run(&["demo", "tcp-echo", "--text"]).stdout);
}

#[test]
fn a_run_is_given_out_as_tables_and_says_which_there_are() {
    let home = Home::new();
    let run = home.run(&["demo", "tcp-echo", "--json"]).json();
    let measured = run["measurements"].as_array().expect("a list");
    let table = home.run(&["demo", "tcp-echo", "--export", "measurements"]);
    table.code(0).no_message().says("name,value,unit,label,how\n");
    assert_eq!(table.stdout.iter().filter(|byte| **byte == b'\n').count(), 1 + measured.len());
    for it in measured {
        let row = format!(
            "{},{},{},",
            it["name"].as_str().expect("a name"),
            it["value"],
            it["unit"].as_str().expect("a unit")
        );
        table.says(&row);
    }
    home.run(&["demo", "tcp-echo", "--export"]).code(0).no_message().says("measurements   the numbers as CSV");
    let unknown = home.run(&["demo", "tcp-echo", "--export", "poem"]);
    unknown.code(2).no_result().warns("this run gives no `poem`; it gives series, measurements");
    home.run(&["demo", "tcp-echo", "--export", "series", "--json"]).code(2).warns("cannot be used with");
}

#[test]
fn a_fork_changes_what_comes_after_it_and_nothing_before() {
    let home = Home::new();
    let packets = |arguments: &str| {
        let run = home.run(&words(&format!("demo tcp-echo --json {arguments}"))).code(0).json();
        run["packets"].as_array().expect("a list").clone()
    };
    let (plain, forked) = (packets(""), packets("--fork drop:9"));
    assert_eq!(plain[..8], forked[..8]);
    assert_eq!((&plain[8]["fate"], &forked[8]["fate"]), (&Value::from("delivered"), &Value::from("dropped")));
    assert_ne!(plain[9..], forked[9..]);
    home.run(&words("demo tcp-echo --fork drop:9 --fork delay:10:5ms"))
        .code(0)
        .says("packet 9 dropped by you")
        .says("packet 10 delayed by 5 ms by you");
}

/// What tshark sees in a capture: one line a frame.
#[track_caller]
fn tshark(home: &Home, file: &str) -> Vec<String> {
    let read = Command::new("tshark")
        .args(["-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"])
        .args(["-T", "fields", "-e", "frame.interface_name", "-e", "frame.len", "-e", "_ws.malformed"])
        .current_dir(home.path())
        .output();
    let output =
        read.expect("tshark: install it (Debian and Ubuntu: apt-get install tshark; macOS: brew install wireshark)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn a_capture_holds_what_the_named_interface_saw() {
    let home = Home::new();
    for tap in ["client", "server"] {
        let file = format!("{tap}.pcapng");
        let run = home.run(&["demo", "tcp-echo", "--pcap", &file, "--tap", tap, "--json"]);
        run.code(0).warns(&format!("{file} holds what {tap} saw"));
        let run = run.json();
        let packets = run["packets"].as_array().expect("a list");
        let seen = packets.iter().filter(|it| it["from"] == tap || (it["to"] == tap && !it["arrived_ns"].is_null()));
        let mut lengths: Vec<u64> = seen.filter_map(|it| it["len"].as_u64()).collect();
        let frames = tshark(&home, &file);
        let mut shown: Vec<u64> = Vec::new();
        for frame in &frames {
            let [name, length, malformed]: [&str; 3] = frame.split('\t').collect::<Vec<_>>().try_into().expect("three");
            assert_eq!((name, malformed), (tap, ""), "{frame}");
            shown.push(length.parse().expect("a length"));
        }
        lengths.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, lengths);
    }
}

#[test]
fn a_capture_goes_through_a_pipe_too() {
    let home = Home::new();
    let piped = home.tutor(&words("demo packet-tour --pcap -")).run_for_bytes();
    piped.code(0).no_message();
    home.run(&words("demo packet-tour --pcap file.pcapng")).code(0).no_result();
    assert_eq!(piped.stdout, std::fs::read(home.path().join("file.pcapng")).expect("written"));
    home.file("piped.pcapng", &piped.stdout);
    assert!(tshark(&home, "piped.pcapng").len() > 10);
}

#[test]
fn a_capture_that_cannot_be_written_says_so() {
    let home = Home::new();
    home.run(&words("demo tcp-echo --pcap no/such/folder.pcapng")).code(3).no_result().warns("cannot be written");
}

fn sample() -> Recording {
    let interventions = vec![Intervention { packet: 9, action: Meddling::Drop }];
    let settings = BTreeMap::from([("rtt".to_owned(), "30ms".to_owned())]);
    demos::run("tcp-echo", &settings, &Setup { seed: 11, interventions }).expect("a demo")
}

#[test]
fn a_saved_run_opens_as_what_it_was() {
    let home = Home::new();
    let file = home.file("run.json", saved::save(&sample()));
    let opened = home.tutor(&["open", "--json"]).arg(&file).run();
    let asked = home.run(&words("demo tcp-echo --rtt 30ms --seed 11 --fork drop:9 --json"));
    opened.code(0).no_message();
    assert_eq!(opened.stdout(), asked.stdout());
    home.tutor(&["open"]).arg(&file).run().code(0).says("packet 9 dropped by you");
    home.tutor(&["open", "--pcap", "run.pcapng"]).arg(&file).run().code(0).no_result();
    assert!(!tshark(&home, "run.pcapng").is_empty());
}

#[test]
fn a_run_that_does_not_repeat_is_shown_and_said_to_differ() {
    let home = Home::new();
    let text = saved::save(&sample());
    let digest = format!("{:016x}", saved::digest(&sample()));
    let file = home.file("run.json", text.replace(&digest, "0123456789abcdef"));
    home.tutor(&["open"]).arg(file).run().code(1).says("tcp-echo").warns("does not repeat as it was saved");
}

#[test]
fn what_is_no_saved_run_is_refused_with_the_reason() {
    let home = Home::new();
    let good = saved::save(&sample());
    let broken = [
        ("empty.json", String::new(), "not a saved run, or a damaged one"),
        ("half.json", good[..good.len() / 2].to_owned(), "not a saved run, or a damaged one"),
        ("rubbish.json", "\u{1b}[2J\u{7}{".to_owned(), "not a saved run, or a damaged one"),
        ("newer.json", good.replace("\"format\": 1", "\"format\": 99"), "saved in format 99"),
        ("huge.json", " ".repeat(17 << 20), "a saved run has at most 16777216"),
        ("demo.json", good.replace("tcp-echo", "tcp-ekko"), "there is no demo `tcp-ekko`: the demos are"),
        ("knob.json", good.replace("30ms", "30"), "`30` is not a time"),
        ("seed.json", good.replace("\"seed\": 11", "\"seed\": -11"), "damaged one"),
    ];
    for (name, text, reason) in broken {
        home.file(name, text);
        home.run(&["open", name]).code(3).no_result().warns(name).warns(reason);
    }
    home.run(&["open", "missing.json"]).code(3).no_result().warns("missing.json: this file cannot be read");
    home.run(&["open", "."]).code(3).no_result().warns("cannot be read");
}
