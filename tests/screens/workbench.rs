//! The packet workbench: captures listed, filtered, explained, commented, saved; hostile ones among them.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crossterm::event::KeyCode;
use etherparse::PacketBuilder;
use ratatui::style::Color;
use roundtrip::content::DemoRef;
use roundtrip::demos::{self, Setup};
use roundtrip::recording::vantage;
use roundtrip::tui::action::Place;
use roundtrip::tui::capture::Source;
use roundtrip::tui::theme::Theme;
use roundtrip::wire::capture::indexer;
use roundtrip::wire::capture::study::{Held, Study};
use roundtrip::wire::pcapng::{self, Captured, Direction, Interface};

use crate::learner::Learner;

/// What one host of a demo's run captured, on the workbench.
pub(crate) fn bench(demo: &str, host: &str) -> Learner {
    let run = demos::run(demo, &BTreeMap::new(), &Setup { seed: 1, interventions: Vec::new() }).expect("it ships");
    let place = vantage::find(&run, host).expect("a host");
    opened(Source::of_bytes(format!("{demo}.pcapng"), place.pcapng(&run)))
}

fn opened(source: Source) -> Learner {
    let mut learner = Learner::new();
    learner.resize(120, 40).go(Place::Capture(source));
    learner
}

fn status(learner: &Learner) -> String {
    let text = learner.text();
    text.lines().next().unwrap_or_default().rsplit("   ").next().unwrap_or_default().trim().to_owned()
}

#[test]
fn a_capture_is_listed_and_its_fields_are_explained() {
    let mut learner = bench("retransmission", "sender");
    learner.shows("workbench_list");
    learner.times(3, KeyCode::Down).key(KeyCode::Tab).times(4, KeyCode::Up).shows("workbench_fields");
    learner.key(KeyCode::Tab).key(KeyCode::Right).shows("workbench_bytes");
    learner.keys("?").shows("workbench_help");
}

#[test]
fn a_filter_is_written_with_help_and_its_packets_are_listed() {
    let mut learner = bench("retransmission", "sender");
    learner.keys("/").shows("workbench_filter_empty");
    learner.keys("tcp.flags.syn == 1 && ip.adr").shows("workbench_filter_mistake");
    learner.enter();
    assert!(learner.text().contains("no field or protocol `ip.adr`"), "it stays: {}", learner.text());
    learner.control('u').keys("tcp.analysis.retr").key(KeyCode::Tab).shows("workbench_filter_completed");
    learner.enter().shows("workbench_filtered");
    let some = status(&learner);
    assert!(some.contains(" of "), "{some}");
    learner.key(KeyCode::Esc);
    assert!(!status(&learner).contains(" of "), "esc lists all: {}", status(&learner));
    learner.keys("/").key(KeyCode::Up).enter();
    assert_eq!(status(&learner), some, "the filter before is remembered");
    learner.keys("/").control('u').keys("udp").enter();
    assert!(learner.text().contains("The filter holds for none of the"), "{}", learner.text());
    learner.keys("jkfnmctaS").times(3, KeyCode::Tab).key(KeyCode::Esc).key(KeyCode::Esc);
    assert!(!learner.text().contains("holds for none"), "{}", learner.text());
}

#[test]
fn packets_that_stand_out_are_found_and_the_selected_field_becomes_a_filter() {
    let mut learner = bench("retransmission", "sender");
    learner.keys("n");
    let first = status(&learner);
    let chosen = |learner: &Learner| {
        learner.text().lines().find(|it| it.starts_with('▸') && it.contains("TCP")).expect("a row").to_owned()
    };
    assert!(chosen(&learner).contains('['), "{}", chosen(&learner));
    learner.keys("nN");
    assert_eq!(status(&learner), first);
    learner.keys("g").keys("f");
    assert!(learner.text().contains("filter ▸ tcp.stream == 0"), "{}", learner.text());
    learner.key(KeyCode::Esc).key(KeyCode::Tab).keys("f");
    assert!(learner.text().contains("filter ▸ tcp"), "the innermost layer: {}", learner.text());
    learner.key(KeyCode::Down).keys("F");
    assert!(learner.text().contains("filter ▸ (tcp) && (tcp.srcport == "), "{}", learner.text());
}

#[test]
fn a_question_leads_to_its_answer_and_back() {
    let mut learner = bench("packet-tour", "client");
    learner.keys("/").keys("dns").enter();
    assert!(learner.text().contains("its answer"), "{}", learner.text());
    let question = status(&learner);
    learner.keys("a");
    assert!(learner.text().contains("its question") && status(&learner) != question, "{}", learner.text());
    learner.keys("b");
    assert_eq!(status(&learner), question);
    learner.keys("#").keys("1x").enter();
    assert!(status(&learner).starts_with("packet 1 ·"), "{}", status(&learner));
    assert!(learner.text().contains("The filter leaves packet 1 out"), "{}", learner.text());
}

#[test]
fn a_connection_is_followed_as_text_and_bytes_and_inside_tls() {
    let mut learner = bench("handshake-timing", "client");
    learner.keys("2");
    assert!(learner.text().contains("Choose a packet of a TCP connection"), "ARP or DNS: {}", learner.text());
    learner.keys("/").keys("tcp").enter().keys("2").shows("workbench_stream_tls");
    let text = learner.text();
    assert!(text.contains("inside TLS") && text.contains("PRI * HTTP/2.0"), "its keys are in the capture: {text}");
    learner.keys("i");
    let text = learner.text();
    assert!(text.contains("bytes of TCP") && text.contains("16 03 0"), "a record's header: {text}");
    learner.times(2, KeyCode::Down).enter();
    let chosen = status(&learner);
    assert!(chosen.starts_with("packet ") && learner.text().contains("▸ No."), "{}", learner.text());
    learner.keys("2").key(KeyCode::Esc);
    assert_eq!(status(&learner), chosen, "back is where one was");
    let mut learner = bench("encapsulation", "client");
    learner.keys("/").keys("tcp").enter().keys("2").shows("workbench_stream");
    assert!(learner.text().contains("GET /"), "{}", learner.text());
    learner.keys("x").shows("workbench_stream_bytes");
}

#[test]
fn a_connection_is_drawn_as_a_sequence() {
    let mut learner = bench("retransmission", "sender");
    learner.keys("3").shows("workbench_sequence");
    learner.keys("G").enter();
    assert!(learner.text().contains("▸46") || status(&learner).starts_with("packet 46"), "{}", learner.text());
    let mut learner = bench("handshake-timing", "client");
    learner.keys("/").keys("tls").enter().keys("3").shows("workbench_sequence_tls");
}

#[test]
fn packets_are_counted_and_each_row_lists_its_own() {
    let mut learner = bench("handshake-timing", "client");
    learner.keys("4").shows("workbench_conversations");
    learner.enter();
    assert!(learner.text().contains("filter ▸ tcp.stream == 0"), "{}", learner.text());
    learner.keys("4").key(KeyCode::Tab).shows("workbench_protocols");
    let text = learner.text();
    assert!(text.contains("of the packets with tcp.stream == 0") && !text.contains("udp"), "{text}");
    learner.key(KeyCode::Tab).shows("workbench_rate");
    learner.key(KeyCode::End).enter();
    let text = learner.text();
    assert!(text.contains("filter ▸ (tcp.stream == 0) && (frame.time_relative >= "), "{text}");
    assert!(!status(&learner).contains(" 0 of "), "{}", status(&learner));
    learner.key(KeyCode::Esc);
    assert!(each_row_lists_as_many(&mut learner, 1) > 5, "{}", learner.text());
    let mut learner = bench("retransmission", "sender");
    learner.keys("4").key(KeyCode::BackTab).shows("workbench_marks");
    learner.key(KeyCode::Esc);
    assert!(each_row_lists_as_many(&mut learner, 3) > 2, "{}", learner.text());
}

/// Every row's filter finds as many packets as the row says, in the table so many tabs on; gives how many rows it has.
fn each_row_lists_as_many(learner: &mut Learner, tabs: usize) -> usize {
    learner.keys("4").times(tabs, KeyCode::Tab);
    let text = learner.text();
    let rows: Vec<&str> = text.lines().skip(4).take_while(|it| !it.trim().is_empty()).collect();
    for (index, row) in rows.iter().enumerate() {
        learner.times(index, KeyCode::Down).enter();
        let cells = row.trim_start_matches('▸').split("  ").map(str::trim);
        let expected = cells.filter(|it| !it.is_empty()).nth(1).expect("packets").to_owned();
        let shown = status(learner);
        let listed = shown.split('·').nth(1).and_then(|it| it.split_whitespace().next()).expect("a number");
        assert_eq!(listed, expected, "{row}: {}", learner.text());
        learner.key(KeyCode::Esc).keys("4").times(tabs, KeyCode::Tab);
    }
    rows.len()
}

#[test]
fn what_a_host_of_a_run_captured_opens_from_the_stage() {
    let mut learner = Learner::new();
    let demo = DemoRef { name: "encapsulation".to_owned(), ..DemoRef::default() };
    learner.resize(120, 40).go(Place::Demo { demo, seed: 1 }).keys(" W");
    let text = learner.text();
    assert!(text.contains("Destination") && text.contains("encapsulation-1-client.pcapng"), "{text}");
    learner.key(KeyCode::Esc);
    assert!(learner.text().contains("1 sequence  2 packets"), "{}", learner.text());
}

#[test]
fn times_count_from_where_one_wants() {
    let mut learner = bench("retransmission", "sender");
    learner.keys("jj");
    for title in ["+Time", "Time UTC", "TCP time", "Time"] {
        learner.keys("t");
        let titles = learner.text().lines().nth(3).unwrap_or_default().to_owned();
        assert!(titles.contains(title), "{titles}");
    }
    learner.keys("tt").key(KeyCode::Down);
    assert!(learner.text().contains("00:00:00.04"), "the lab's day begins at midnight: {}", learner.text());
}

/// What a file holds.
fn read(path: &Path) -> Arc<Study> {
    let (study, fault) = indexer::index(fs::read(path).expect("it was written"), "");
    assert_eq!(fault, None);
    study
}

fn held(study: &Study) -> Vec<Held> {
    study.packets().map(|it| it.held).collect()
}

#[test]
fn comments_and_marks_are_saved_and_no_file_is_lost_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let typed = |name: &str| path(name).to_str().expect("UTF-8").to_owned();
    let mut learner = bench("handshake-timing", "client");
    learner.keys("jc").control('u').keys("here it \u{202e}begins").enter();
    assert!(learner.text().contains("✎ here it"), "{}", learner.text());
    learner.key(KeyCode::Esc);
    assert!(learner.text().contains("in no file"), "leaving would lose it: {}", learner.text());
    learner.keys("S").control('u').keys(&typed("all.pcapng")).enter();
    let saved = read(&path("all.pcapng"));
    assert_eq!(held(&saved)[1].comment.as_deref(), Some("here it \u{202e}begins"));
    assert!(saved.count() > 10 && !saved.key_log().is_empty() && saved.interfaces().len() == 1);
    learner.keys("mjm").keys("S");
    learner.shows("workbench_save");
    learner.key(KeyCode::Down).enter().control('u').keys(&typed("all.pcapng")).enter();
    assert!(learner.text().contains("is there already"), "{}", learner.text());
    learner.keys("n").control('u').keys(&typed("marked.pcapng")).enter();
    let marked = read(&path("marked.pcapng"));
    assert_eq!(held(&marked), held(&saved)[1..3]);
    assert_eq!(held(&read(&path("all.pcapng"))), held(&saved), "it is as it was");
    learner.keys("/").keys("frame.number == 1").enter().keys("S").key(KeyCode::Down).enter();
    learner.control('u').keys(&typed("all.pcapng")).enter().keys("y");
    assert_eq!(held(&read(&path("all.pcapng"))), held(&saved)[..1]);
    learner.keys("S").enter().control('u').keys(&typed("no/such/folder.pcapng")).enter();
    assert!(learner.text().contains("was not saved"), "{}", learner.text());
}

/// Frames whose texts drive terminals, turn lines around and are longer than any screen.
fn hostile() -> Source {
    let to = |port: u16| {
        PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(40000, port, 1, 1000)
    };
    let write = |payload: &[u8]| {
        let mut frame = Vec::new();
        to(80).ack(1).write(&mut frame, payload).expect("a Vec takes all");
        frame
    };
    let long =
        format!("GET /\u{202e}{} HTTP/1.1\r\nHost: \u{1b}[2J\u{1b}]0;owned\u{7}.example\r\n\r\n", "é".repeat(30_000));
    let turned = "GET /\u{1b}[31m\u{202e}gpj.exe\u{2066}\u{9b}5m HTTP/1.1\r\nX: \u{7}\u{0}\u{200b}日本\r\n\r\n";
    let mut frames = vec![write(long.as_bytes()), write(turned.as_bytes()), write(b"\xff\xfe\x1b[?1049l")];
    // The last is cut: a damaged packet shows its good layers.
    let cut = frames[1][..50].to_vec();
    frames.push(cut);
    let comment = format!("\u{1b}[2J\u{202e}{}", "x".repeat(60_000));
    let packets = (0..).zip(&frames).map(|(at, bytes)| Captured {
        interface: 0,
        at_ns: at * 1_000_000,
        direction: Direction::In,
        bytes,
        comment: (at == 1).then_some(comment.as_str()),
    });
    let interface = Interface { name: "eth0\u{1b}[7m\u{202e}".to_owned() };
    Source::of_bytes("bad\u{1b}[2J\u{202e}.pcapng", pcapng::write(&[interface], packets))
}

#[test]
fn hostile_text_neither_drives_the_terminal_nor_breaks_the_layout() {
    let mut learner = opened(hostile());
    learner.shows("workbench_hostile");
    for keys in ["\t", "jjjjjjjjjjjj", "l", "l", "l", "\t", "c"] {
        for key in keys.chars() {
            learner.key(if key == '\t' { KeyCode::Tab } else { KeyCode::Char(key) });
        }
        for (width, height) in [(60, 16), (80, 24), (200, 60)] {
            let buffer = learner.resize(width, height).buffer();
            for cell in buffer.content() {
                let bad = |c: char| {
                    c.is_control()
                        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                assert!(!cell.symbol().chars().any(bad), "{:?} of\n{}", cell.symbol(), learner.text());
            }
        }
    }
}

#[test]
fn what_is_no_capture_or_ends_too_early_is_said() {
    let mut learner = opened(Source::of_bytes("notes.txt", b"nothing of the kind".to_vec()));
    assert!(learner.text().contains("There is no packet") && learner.text().contains('!'), "{}", learner.text());
    learner.key(KeyCode::Esc);
    assert!(learner.text().contains("Your course"), "{}", learner.text());
    let failed = opened(Source::new("gone.pcap", |_| Err("gone.pcap cannot be read: it is away".to_owned())));
    assert!(failed.text().contains("it is away"), "{}", failed.text());
}

#[test]
fn without_colour_all_of_it_can_be_told_apart() {
    let mut learner = bench("retransmission", "sender");
    learner.app.world.theme = Theme::named("mono").expect("it ships");
    for keys in ["", "n", "m", "/", "zz"] {
        learner.keys(keys);
        for cell in learner.buffer().content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{}", learner.text());
        }
    }
}
