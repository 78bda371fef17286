//! Captures whose packets are cut short, as `tcpdump -s` makes them: of what passed and was not kept tshark says the same.
use std::collections::BTreeSet;

use roundtrip::demos::{self, Knobs, Setup};
use roundtrip::recording::vantage;
use roundtrip::wire::analysis::{Seen, analyse};
use roundtrip::wire::capture::study::{Kept, Study};
use roundtrip::wire::capture::talk::Inside;
use roundtrip::wire::{decode, decode_kept};

use super::captures::converted;
use super::filters::{all, study};
use super::pdml::Dissected;
use super::statistics::{Compared, compare_capture, has_whole_header};
use super::{Tally, compare_analysis, compare_field, frames, pdml};

/// Headers without options, tcpdump's limit of old, and two others that are in use. Each demo is cut to one of them in turn: all
/// four of each take tshark minutes.
const SNAPPED: [usize; 4] = [54, 68, 96, 128];

#[test]
fn tshark_says_the_same_of_captures_that_were_cut_short() {
    let known = pdml::known_fields();
    let compared = all(|demo| {
        let recording = (demo.run)(&Knobs::defaults(demo.knobs), &Setup { seed: 1, ..Setup::default() });
        let places = vantage::all(&recording);
        let whole = places.first().expect("a run has places").pcapng(&recording);
        let turn = demos::all().iter().position(|it| it.name == demo.name).expect("it ships");
        let length = SNAPPED[turn % SNAPPED.len()];
        let name = format!("{} cut to {length} bytes", demo.name);
        let capture = converted(&whole, "pcapng", &["-s", &length.to_string()]);
        let study = study(&capture);
        let frames: Vec<Kept> = study.frames().collect();
        let dissected = pdml::dissect(&capture);
        let analysis = analyse(frames.iter().map(Kept::linked));
        // Where a segment's options are cut, tshark has judged it, and ends before it says how.
        let tells = |n: u32| study.packet(n).is_some_and(|it| has_whole_header(&it.decoded));
        let marks = compare_analysis(&name, &analysis, &dissected, tells).len();
        let mut tally = Tally::default();
        for (frame, theirs) in frames.iter().zip(&dissected) {
            let decoded = decode_kept(frame.link, &frame.bytes, frame.length as usize);
            let place = format!("{name}, packet {}: {}", frame.n, decoded.summary);
            for layer in decoded.layers.iter().filter(|it| COMPARED.contains(&it.name)) {
                layer
                    .fields
                    .iter()
                    .for_each(|field| compare_field((&place, &frame.bytes), field, theirs, &known, &mut tally));
            }
        }
        assert_followed(&name, &study, &super::filters::study(&whole));
        (tally, marks, compare_capture(&name, &capture, (&COMPARED, &given_up(&dissected))))
    });
    let (mut tally, mut marks, mut counts) = (Tally::default(), 0, [0; 3]);
    for (of_demo, marked, counted) in compared {
        of_demo.agreed.into_iter().for_each(|(name, count)| *tally.agreed.entry(name).or_default() += count);
        tally.differ.extend(of_demo.differ);
        marks += marked;
        let Compared { conversations, protocols, intervals, .. } = counted;
        counts = [counts[0] + conversations, counts[1] + protocols, counts[2] + intervals];
    }
    println!("{marks} kinds of marks; {counts:?} conversations, protocols, intervals are the same");
    tally.assert_none_differ();
    assert!(marks > 10 && counts.iter().all(|it| *it > 150), "{marks}, {counts:?}");
}

/// Errors of ICMP whose quotation was cut in the middle of a header: tshark ends there, and leaves the whole packet out of
/// what it counts.
fn given_up(dissected: &[Dissected]) -> BTreeSet<u32> {
    let is_short = |it: &Dissected| it.malformed.iter().any(|it| it.contains("size limited"));
    let quotes = |it: &Dissected| {
        let error = it.protocols.iter().position(|it| ["icmp", "icmpv6"].contains(&it.as_str()));
        error.is_some_and(|at| it.protocols[at..].iter().any(|it| ["ip", "ipv6"].contains(&it.as_str())))
    };
    (1..).zip(dissected).filter(|(_, it)| is_short(it) && quotes(it)).map(|(n, _)| n).collect()
}

#[test]
fn tshark_scales_windows_alike_where_syns_were_not_captured() {
    // Which SYNs are left out: those without ACK, those with it.
    for (name, left_out) in [("SYN", [true, false]), ("SYN, ACK", [false, true]), ("both", [true, true])] {
        let mut capture = frames::troubled_connections(200);
        capture.name = format!("without {name}");
        capture.packets.retain(|(_, frame)| {
            let decoded = decode(frame);
            let flag = |name: &str| decoded.field(name).is_some_and(|it| it.value == "1");
            !(flag("tcp.flags.syn") && left_out[usize::from(flag("tcp.flags.ack"))])
        });
        let packets = (1..).zip(&capture.packets).map(|(n, (at_ns, frame))| Seen { n, at_ns: *at_ns, frame });
        // What passed before the first SYN, ACK that is not there is for each to guess.
        let tells = |_| name == "SYN";
        compare_analysis(&capture.name, &analyse(packets), &pdml::dissect(&capture.pcapng()), tells);
    }
}

/// What is above may be cut in the middle of anything.
const COMPARED: [&str; 9] = ["eth", "vlan", "arp", "ip", "ipv6", "icmp", "icmpv6", "udp", "tcp"];

/// Of what a connection carried, those bytes that were kept are followed, each in its place, and the others are missed.
fn assert_followed(name: &str, cut: &Study, whole: &Study) {
    for stream in 0..cut.connections() {
        let [cut, whole] = [cut, whole].map(|it| it.follow(stream, Inside::Tcp).expect("a connection"));
        for of_server in [false, true] {
            let mut all: Vec<Option<u8>> = Vec::new();
            for said in whole.said.iter().filter(|it| it.from_server == of_server) {
                all.extend(std::iter::repeat_n(None, said.missing as usize));
                all.extend(said.bytes.iter().map(|it| Some(*it)));
            }
            let mut at = 0;
            for said in cut.said.iter().filter(|it| it.from_server == of_server) {
                at += said.missing as usize;
                let there = &all[at..at + said.bytes.len()];
                assert!(there.iter().zip(&said.bytes).all(|(there, byte)| *there == Some(*byte)), "{name}, {stream}");
                at += said.bytes.len();
            }
            assert_eq!(at, all.len(), "{name}, {stream}");
        }
    }
}
