//! `packets FILE` and `explain FILE`: captures of every form listed, filtered, opened with their keys and explained.
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::listed::keys;
use crate::tutor::{Home, words};

/// A demo's capture at its first host, as `demo --pcap` writes it.
fn capture(home: &Home, line: &str) -> PathBuf {
    let ended = home.tutor(&words(line)).args(&["--pcap", "-"]).run_for_bytes();
    ended.code(0).no_message();
    home.file("capture.pcapng", &ended.stdout)
}

fn packets(home: &Home, file: &Path, more: &str) -> String {
    home.tutor(&["packets"]).arg(file).args(&words(more)).run().code(0).no_message().stdout()
}

#[test]
fn a_capture_is_listed_a_packet_a_line() {
    let home = Home::new();
    let file = capture(&home, "demo tcp-handshake --seed 1");
    insta::assert_snapshot!(packets(&home, &file, ""));
    let json = packets(&home, &file, "--json --fields tcp.port,tcp.analysis.flags");
    let list: Value = serde_json::from_str(&json).expect("JSON");
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), packets(&home, &file, "").lines().count());
    let shape =
        "number at_ns since_first_ns interface source destination protocol length captured info marks comment fields";
    for it in list {
        assert_eq!(keys(it), shape.split(' ').collect());
        assert_eq!(it["fields"]["tcp.port"].as_array().map(Vec::len), Some(2), "{it}");
        assert_eq!(it["length"], it["captured"]);
    }
}

#[test]
fn a_filter_chooses_packets_and_fields_are_printed_apart_by_tabs() {
    let home = Home::new();
    let file = capture(&home, "demo tcp-handshake --seed 1");
    let chosen = home.tutor(&["packets"]).arg(&file).args(&[
        "--filter",
        "tcp.flags.syn == 1",
        "--fields",
        "frame.number,tcp.flags.ack,ip.addr",
    ]);
    // Tabs are for programs.
    let chosen = chosen.run_for_bytes().code(0).no_message().stdout();
    let rows: Vec<Vec<&str>> = chosen.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.iter().map(|row| &row[..2]).collect::<Vec<_>>(), [["1", "0"], ["2", "1"]], "{chosen}");
    assert!(rows.iter().all(|row| row[2].split(',').count() == 2), "{chosen}");
    home.tutor(&["packets"]).arg(&file).args(&["--filter", "udp"]).run().code(0).no_message().no_result();
}

#[test]
fn a_mistake_in_a_filter_or_a_name_is_shown_with_its_place() {
    let home = Home::new();
    let file = capture(&home, "demo tcp-handshake --seed 1");
    let wrong = home.tutor(&["packets"]).arg(&file).args(&["--filter", "ip && tcp.prot == 80"]).run();
    wrong.code(2).no_result().warns("--filter: column 7: there is no field or protocol `tcp.prot`").warns("tcp.port");
    wrong.warns("ip && tcp.prot == 80\n      ^^^^^^^^");
    let name = home.tutor(&["packets"]).arg(&file).args(&["--fields", "ip.sr"]).run();
    name.code(2).no_result().warns("--fields: column 1: there is no field or protocol `ip.sr`").warns("ip.src");
}

#[test]
fn every_form_of_a_capture_gives_the_same() {
    let home = Home::new();
    let file = capture(&home, "demo packet-tour --seed 1");
    let expected = packets(&home, &file, "");
    let bytes = fs::read(&file).expect("it was written");
    assert_eq!(home.tutor(&words("packets -")).stdin_bytes(&bytes).run().code(0).no_message().stdout(), expected);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&bytes).expect("a Vec takes all");
    let gzip = encoder.finish().expect("a Vec takes all");
    let compressed = home.file("capture.pcapng.gz", &gzip);
    assert_eq!(packets(&home, &compressed, ""), expected);
    assert_eq!(home.tutor(&words("packets -")).stdin_bytes(&gzip).run().code(0).no_message().stdout(), expected);
}

#[test]
fn filtered_packets_are_written_into_a_capture_of_their_own_and_over_no_other() {
    let home = Home::new();
    let file = capture(&home, "demo tls-handshake --seed 1");
    let part = home.path().join("part.pcapng");
    let write = || {
        let wish = home.tutor(&["packets"]).arg(&file).args(&["--filter", "tls", "--write"]).arg(&part);
        wish.run()
    };
    let ended = write();
    ended.code(0).no_result().warns("packets in ");
    let columns = "--fields frame.time_epoch,frame.len,frame.comment,ip.src,tcp.payload,tls.handshake.type";
    let expected = home.tutor(&["packets"]).arg(&file).args(&["--filter", "tls"]).args(&words(columns)).run_for_bytes();
    let expected = expected.code(0).no_message().stdout();
    let written =
        home.tutor(&["packets"]).arg(&part).args(&words(columns)).run_for_bytes().code(0).no_message().stdout();
    assert!(expected.lines().count() > 3 && expected.contains("\t20"), "sealed messages are open: {expected}");
    assert_eq!(written, expected, "with their times, comments and secrets");
    let before = fs::read(&part).expect("it was written");
    write().code(2).no_result().warns("part.pcapng is there already: name another file");
    assert_eq!(fs::read(&part).expect("still there"), before);
    home.tutor(&["packets"])
        .arg(&file)
        .args(&words("--write no/such.pcapng"))
        .run()
        .code(3)
        .warns("it cannot be written");
}

#[test]
fn a_damaged_capture_gives_its_good_packets_and_says_where_it_ends() {
    let home = Home::new();
    let file = capture(&home, "demo tcp-handshake --seed 1");
    let (whole, bytes) = (packets(&home, &file, ""), fs::read(&file).expect("it was written"));
    let cut = home.file("cut.pcapng", &bytes[..bytes.len() - 5]);
    let ended = home.tutor(&["packets"]).arg(&cut).run();
    ended.code(3).warns("cut.pcapng: at byte ").warns("the file was cut within what begins here, 5 bytes are missing");
    assert_eq!(ended.stdout().lines().count() + 1, whole.lines().count());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(&bytes).expect("a Vec takes all");
    let gzip = encoder.finish().expect("a Vec takes all");
    let ended = home.tutor(&words("packets -")).stdin_bytes(&gzip[..gzip.len() / 2]).run();
    ended.code(3).warns("it cannot be read further");
    assert!(!ended.stdout().is_empty());
    home.tutor(&words("packets -"))
        .stdin_bytes(b"GET / HTTP/1.1")
        .run()
        .code(3)
        .no_result()
        .warns("this is no capture");
    home.tutor(&words("packets -")).stdin_bytes(b"").run().code(3).no_result().warns("it is empty");
    home.run(&words("packets nosuch.pcap")).code(3).no_result().warns("nosuch.pcap cannot be read");
}

#[test]
fn keys_of_the_file_or_of_a_log_open_what_is_sealed() {
    let home = Home::new();
    let file = capture(&home, "demo tls-handshake --seed 1");
    let inside = |file: &Path, more: &[&str]| {
        let ended = home.tutor(&["packets"]).arg(file).args(&["--filter", "tls.handshake.type == 20"]).args(more).run();
        ended.code(0).no_message().stdout().lines().count()
    };
    assert_eq!(inside(&file, &[]), 2, "the keys are in the capture");
    let (sealed, keys) = unkeyed(&fs::read(&file).expect("it was written"));
    let (sealed, keys) = (home.file("sealed.pcapng", sealed), home.file("keys.log", keys));
    assert_eq!(inside(&sealed, &[]), 0, "they are not");
    assert_eq!(inside(&sealed, &["--keys", keys.to_str().expect("UTF-8")]), 2, "they are beside it");
    home.tutor(&["packets"])
        .arg(&sealed)
        .args(&words("--keys nosuch.log"))
        .run()
        .code(3)
        .no_result()
        .warns("--keys: nosuch.log cannot be read");
}

/// A capture of ours without its block of keys, and those.
fn unkeyed(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut without, mut keys, mut at) = (Vec::new(), Vec::new(), 0);
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    while at < file.len() {
        let block = &file[at..at + number(at + 4)];
        if number(at) == 10 {
            keys.extend(&block[16..16 + number(at + 12)])
        } else {
            without.extend(block)
        }
        at += block.len();
    }
    assert!(!keys.is_empty());
    (without, keys)
}

#[test]
fn a_packet_is_explained_field_by_field() {
    let home = Home::new();
    let file = capture(&home, "demo tcp-handshake --seed 1");
    let explain = |more: &str| home.tutor(&["explain"]).arg(&file).args(&words(more)).run();
    insta::assert_snapshot!(explain("--packet 1").code(0).no_message().stdout());
    explain("--packet 99").code(2).no_result().warns("--packet: there is no packet 99").warns("holds ");
    explain("--packet 0").code(2).no_result();
    // Where the capture is cut, that is why there is no more.

    let bytes = fs::read(&file).expect("it was written");
    let cut = home.file("cut.pcapng", &bytes[..bytes.len() / 2]);
    let cut = home.tutor(&["explain"]).arg(&cut).args(&["--packet", "99"]).run();
    cut.code(3).no_result().warns("there is no packet 99").warns("cut");
    let json = explain("--packet 2 --json").code(0).no_message().json();
    let shape = "number at_ns since_first_ns source destination protocol length info comment marks frame opened";
    assert_eq!(keys(&json), shape.split(' ').collect());
    assert_eq!(keys(&json["frame"]), "bytes layers problems".split(' ').collect());
    let bytes = json["frame"]["bytes"].as_str().expect("hexadecimal").len() / 2;
    let mut seen = vec![0; bytes * 8];
    for layer in json["frame"]["layers"].as_array().expect("a list") {
        assert_eq!(keys(layer), "name title bytes fields".split(' ').collect());
        leaves(&layer["fields"], &mut seen);
    }
    assert!(seen.iter().all(|count| *count == 1), "every bit is in one field: {seen:?}");
}

/// Counts the bits of the innermost fields; each says what, why and where.
fn leaves(fields: &Value, seen: &mut [u32]) {
    for field in fields.as_array().expect("a list") {
        assert_eq!(keys(field), "name label bits value meaning why source parts".split(' ').collect());
        assert!(["name", "label", "why"].iter().all(|it| !field[it].as_str().expect("a text").is_empty()), "{field}");
        let end = |n: usize| usize::try_from(field["bits"][n].as_u64().expect("a number")).expect("small");
        if field["parts"].as_array().is_some_and(Vec::is_empty) {
            seen[end(0)..end(1)].iter_mut().for_each(|count| *count += 1);
        }
        leaves(&field["parts"], seen);
    }
}

#[test]
fn what_was_opened_with_a_packet_is_explained_with_it() {
    let home = Home::new();
    let file = capture(&home, "demo tls-handshake --seed 1");
    let finished = home
        .tutor(&["packets"])
        .arg(&file)
        .args(&["--filter", "tls.handshake.type == 20", "--fields", "frame.number"])
        .run();
    let first = finished.code(0).stdout().lines().next().expect("a packet").to_owned();
    let ended = home.tutor(&["explain"]).arg(&file).args(&["--packet", &first]).run();
    ended.code(0).no_message().says("opened").says("bytes that came in packet").says("Verify data").says("RFC 8446");
}

#[test]
fn nothing_in_a_capture_drives_the_terminal() {
    const HOSTILE: &[u8] = b"GET /\x1b[2J HTTP/1.1\r\nHost: \xe2\x80\xae\xc2\x9b31mgpj\x07\r\n\r\n";
    let home = Home::new();
    let mut frame = Vec::new();
    let ends = etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]).ipv4(
        [10, 0, 0, 1],
        [10, 0, 0, 2],
        64,
    );
    ends.tcp(40000, 80, 1, 500).ack(1).write(&mut frame, HOSTILE).expect("a Vec takes all");
    let interface = roundtrip::wire::pcapng::Interface { name: "eth\x1b]0;t\x07".to_owned() };
    let direction = roundtrip::wire::pcapng::Direction::In;
    let comment = Some("\u{202e}a\x1bcomment\u{9b}");
    let packet = roundtrip::wire::pcapng::Captured { interface: 0, at_ns: 1, direction, bytes: &frame, comment };
    let file = home.file("hostile.pcapng", roundtrip::wire::pcapng::write(&[interface], [packet]));
    let lines = [
        "packets --json",
        "packets",
        "packets --fields http.host,http.request.uri,frame.comment,frame.interface_name,tcp.payload",
        "packets --fields http.host,frame.comment --json",
        "explain --packet 1",
        "explain --packet 1 --json",
    ];
    for line in lines {
        let all = words(line);
        let shown = home.tutor(&all[..1]).arg(&file).args(&all[1..]).run_for_bytes().code(0).no_message().stdout();
        assert!(!shown.is_empty(), "{line}");
        let drives = |c: char| !"\n\t".contains(c) && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(!shown.chars().any(drives), "{line}: {shown:?}");
    }
    let filter = home.tutor(&["packets"]).arg(&file).args(&["--filter", "\u{1b}[2J"]).run();
    filter.code(2).no_result().warns("\\x1b[2J");
}

#[test]
fn a_connection_is_followed_as_tcp_carried_it_and_inside_tls() {
    let home = Home::new();
    let file = capture(&home, "demo tls-handshake --seed 1");
    insta::assert_snapshot!(packets(&home, &file, "--follow tls:0"));
    let sealed = packets(&home, &file, "--follow 0");
    // A record's header: a handshake message, in the clear.
    assert!(sealed.contains("    0000  16 03 01 ") && !sealed.contains("HTTP/1.1 201"), "{sealed}");
    let told: Value = serde_json::from_str(&packets(&home, &file, "--follow tls:0 --json")).expect("JSON");
    assert_eq!(keys(&told), ["client", "server", "said"].into());
    let said = told["said"].as_array().expect("a list");
    assert_eq!(said.iter().map(|it| &it["from"]).collect::<Vec<_>>(), ["client", "server"]);
    assert_eq!(keys(&said[0]), ["from", "packet", "since_first_ns", "missing", "bytes"].into());
    assert!(said[0]["bytes"].as_str().is_some_and(|it| it.starts_with("504f5354")), "{told}");

    let plain = capture(&home, "demo tcp-echo --seed 1");
    let ask = |which: &str| home.tutor(&["packets"]).arg(&plain).args(&["--follow", which]).run();
    ask("tls:0").code(2).no_result().warns("--follow: nothing of that connection could be opened");
    ask("tcp:99").code(2).no_result().warns("--follow: the capture has no TCP connection of that number");
    ask("udp:0").code(2).no_result().warns("tcp:N").warns("tls:N");
    ask("tcp:x").code(2).no_result().warns("tcp.stream");
}

#[test]
fn packets_are_counted_by_who_spoke_what_was_spoken_and_when() {
    let home = Home::new();
    let file = capture(&home, "demo packet-tour --seed 1");
    let counted = |what: &str| packets(&home, &file, &format!("--statistics {what}"));
    insta::assert_snapshot!(["conversations", "protocols", "rate --every 50ms"].map(counted).join("\n"));
    let json = |what: &str| serde_json::from_str::<Value>(&counted(&format!("{what} --json"))).expect("JSON");
    let shape = ["kind", "ends", "sent", "first_ns", "last_ns", "stream", "initial_rtt_ns"];
    for it in json("conversations").as_array().expect("a list") {
        assert_eq!(keys(it), shape.into());
    }
    assert_eq!(keys(&json("protocols")[0]), ["name", "packets", "bytes", "inside"].into());
    assert_eq!(json("protocols")[0]["packets"], 34);
    assert_eq!(keys(&json("rate")), ["every_ns", "intervals"].into());
    let filtered = packets(&home, &file, "--statistics protocols --filter dns --json");
    let filtered: Value = serde_json::from_str(&filtered).expect("JSON");
    assert_eq!(filtered[0]["packets"], 2);
    let marked = json("expert");
    assert_eq!(keys(&marked[0]), ["label", "filter", "why", "packets", "first"].into());
    let one_by_one = packets(&home, &file, "--statistics expert --filter frame --json");
    assert_eq!(
        serde_json::from_str::<Value>(&one_by_one).expect("JSON"),
        marked,
        "the index knows what each packet has"
    );
    let ask = |every: &str| home.tutor(&["packets"]).arg(&file).args(&["--statistics", "rate", "--every", every]).run();
    home.tutor(&["packets"])
        .arg(&file)
        .args(&words("--statistics protocols --every 1ms"))
        .run()
        .code(2)
        .no_result()
        .warns("only --statistics rate has intervals");
    ask("1ns").code(2).no_result().warns("--every: that makes more than 100000 intervals");
    ask("0s").code(2).no_result().warns("--every: an interval is longer than 0");
    ask("soon").code(2).no_result().warns("--every: `soon` is not");
}
