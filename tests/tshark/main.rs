//! Wireshark's opinion: tshark opens our captures, finds nothing wrong, and names the same fields with the same values.
//!
//! These tests need `tshark`; without it they fail and say how to get it.
mod asked;
mod captures;
#[path = "../frames/mod.rs"]
mod crafted;
mod cut;
mod decrypted;
mod filters;
mod frames;
mod knobs;
mod lab_1a;
mod must;
mod opened;
mod pairs;
mod pdml;
mod samples;
mod statistics;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use pdml::{Dissected, Shown};
use roundtrip::recording::{Intervention, Meddling, NodeKind, Recording, vantage};
use roundtrip::wire::analysis::{self, Mark, Scale, Seen};
use roundtrip::wire::pcapng::{self, Captured, Direction, Interface};
use roundtrip::wire::{Field, decode};

/// One place's capture: what it is, and its packets by time.
struct Capture {
    name: String,
    packets: Vec<(u64, Vec<u8>)>,
}

impl Capture {
    fn pcapng(&self) -> Vec<u8> {
        let interface = Interface { name: self.name.clone() };
        let packets = self.packets.iter().map(|(at_ns, bytes)| Captured {
            interface: 0,
            at_ns: *at_ns,
            direction: Direction::In,
            bytes,
            comment: Some("a comment"),
        });
        pcapng::write(&[interface], packets)
    }
}

/// A capture for each kind of thing.
fn kinds() -> Vec<Capture> {
    let timed = |frames: Vec<Vec<u8>>| (0..).map(|n| n * 1_000_000_000).zip(frames).collect();
    let mut all = frames::kinds();
    all.extend(crafted::families());
    all.into_iter().map(|(name, frames)| Capture { name: name.to_owned(), packets: timed(frames) }).collect()
}

#[test]
fn tshark_names_the_same_fields_at_the_same_bytes_with_the_same_values() {
    let known = pdml::known_fields();
    let mut tally = Tally::default();
    for capture in &kinds() {
        let dissected = pdml::dissect(&capture.pcapng());
        compare_fields(capture, &dissected, &known, &mut tally);
    }
    tally.assert_none_differ();
    for name in must::COMPARE {
        assert!(tally.agreed.contains_key(name), "{name} was never compared: {:?}", tally.agreed);
    }
}

#[test]
fn tshark_finds_no_malformed_packet_and_no_wrong_checksum() {
    for capture in kinds() {
        assert_sound(&capture.name, &pdml::dissect_reassembled(&capture.pcapng()));
    }
}

#[test]
fn tshark_finds_the_checksums_wrong_that_we_find_wrong() {
    let [mut ip, mut tcp, mut udp, mut icmp] = frames::one_of_each();
    ip[24] ^= 1;
    tcp[50] ^= 1;
    udp[40] ^= 1;
    icmp[36] ^= 1;
    let packets: Vec<_> = (0..).zip([ip, tcp, udp, icmp]).collect();
    let capture = Capture { name: "damaged".into(), packets };
    let dissected = pdml::dissect(&capture.pcapng());
    for ((_, frame), theirs) in capture.packets.iter().zip(&dissected) {
        let ours: Vec<_> = decode(frame).problems.iter().map(|it| it.text.clone()).collect();
        assert_eq!(ours.len(), 1, "{ours:?}");
        let wrong: Vec<_> =
            theirs.fields.iter().filter(|it| it.name.ends_with(".checksum.status") && it.show == "0").collect();
        assert_eq!(wrong.len(), 1, "{ours:?}: {theirs:?}");
        let calculated = wrong[0].name.replace(".checksum.status", ".checksum_calculated");
        if let Some(calculated) = theirs.fields.iter().find(|it| it.name == calculated) {
            assert!(ours[0].ends_with(&calculated.show), "{ours:?}, tshark says {}", calculated.show);
        }
    }
}

#[test]
fn tshark_marks_the_same_segments_of_two_hundred_troubled_connections() {
    let capture = frames::troubled_connections(200);
    let seen = compare_marks(&capture, &pdml::dissect(&capture.pcapng()));
    let all = [
        "retransmission",
        "fast_retransmission",
        "spurious_retransmission",
        "out_of_order",
        "lost_segment",
        "ack_lost_segment",
        "duplicate_ack",
        "zero_window",
        "zero_window_probe",
        "zero_window_probe_ack",
        "window_update",
        "window_full",
        "keep_alive",
        "keep_alive_ack",
    ];
    for mark in all {
        assert!(seen.contains(format!("tcp.analysis.{mark}").as_str()), "no {mark} in all of them: {seen:?}");
    }
}

#[test]
fn every_demo_at_every_vantage_point_reads_the_same_in_tshark() {
    compare_every_second_demo(0);
}

#[test]
fn every_other_demo_at_every_vantage_point_reads_the_same_in_tshark() {
    compare_every_second_demo(1);
}

/// From the first or the second on: two tests run beside each other.
fn compare_every_second_demo(from: usize) {
    let known = pdml::known_fields();
    let mut tally = Tally::default();
    assert!(roundtrip::demos::all().len() > 1);
    for demo in roundtrip::demos::all().iter().skip(from).step_by(2) {
        let knobs = roundtrip::demos::Knobs::defaults(demo.knobs);
        let recording = (demo.run)(&knobs, &roundtrip::demos::Setup { seed: 1, ..Default::default() });
        compare_places((demo.name, &recording), vantage::all(&recording), &known, &mut tally);
    }
    tally.assert_none_differ();
}

#[test]
fn other_knobs_put_packets_on_the_wire_that_read_the_same_in_tshark() {
    let known = pdml::known_fields();
    let mut tally = Tally::default();
    for (demo, knobs) in knobs::SETS {
        let settings = knobs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let setup = roundtrip::demos::Setup { seed: 1, ..Default::default() };
        let recording = roundtrip::demos::run(demo, &settings, &setup).unwrap_or_else(|error| panic!("{error}"));
        // Where the most packets pass: two places see all kinds.
        let mut places = vantage::all(&recording);
        places.sort_by_key(|it| std::cmp::Reverse(it.seen(&recording).len()));
        places.truncate(2);
        compare_places((&format!("{demo} {knobs:?}"), &recording), places, &known, &mut tally);
    }
    tally.assert_none_differ();
}

/// At these vantage points of a run.
fn compare_places(
    (run, recording): (&str, &Recording),
    places: Vec<vantage::Vantage>,
    known: &BTreeSet<String>,
    tally: &mut Tally,
) {
    let sealed = Recording { secrets: String::new(), ..recording.clone() };
    for place in places {
        let capture = Capture {
            name: format!("{run} at {}", place.name(recording)),
            packets: place.seen(recording).iter().map(|it| (it.at.0, it.packet.bytes.clone())).collect(),
        };
        let file = place.pcapng(recording);
        // A switch's ports show what the hosts' do: there one look is enough.
        if recording.topology.nodes[place.node].kind == NodeKind::Host {
            assert_sound(&capture.name, &pdml::dissect_reassembled(&file));
        }
        // What secrets open is compared in opened.rs; here the bytes are read as they crossed the wire.
        let dissected = pdml::dissect(&place.pcapng(&sealed));
        assert_ours(&capture.name, &dissected);
        compare_fields(&capture, &dissected, known, tally);
        compare_marks(&capture, &dissected);
    }
}

#[test]
fn tshark_marks_the_same_segments_of_forked_runs() {
    let actions = [Meddling::Drop, Meddling::Duplicate, Meddling::Delay(Duration::from_millis(50))];
    for demo in roundtrip::demos::all() {
        let knobs = roundtrip::demos::Knobs::defaults(demo.knobs);
        let plain = (demo.run)(&knobs, &roundtrip::demos::Setup::default());
        let is_tcp = |packet: &&roundtrip::recording::Packet| packet.summary.starts_with("TCP");
        let Some(middle) = plain.packets.iter().filter(is_tcp).nth(5) else { continue };
        for action in actions {
            let interventions = vec![Intervention { packet: middle.n, action }];
            let fork = (demo.run)(&knobs, &roundtrip::demos::Setup { interventions, ..Default::default() });
            let node = fork.packets[0].from;
            let place =
                vantage::all(&fork).into_iter().find(|it| it.node == node).expect("the first sender has a link");
            let capture = Capture {
                name: format!("{}, packet {} {action:?}", demo.name, middle.n),
                packets: place.seen(&fork).iter().map(|it| (it.at.0, it.packet.bytes.clone())).collect(),
            };
            compare_marks(&capture, &pdml::dissect(&place.pcapng(&fork)));
        }
    }
}

/// What tshark says of any segment that is sent again after its first copy was put into a stream: true, and no damage.
const OVERLAP: &str = "New fragment overlaps old data (retransmission?)";

/// The demo whose switch damages a segment, for its receiver to find out.
const DAMAGES: &str = "tcp-damage";

fn assert_sound(name: &str, packets: &[Dissected]) {
    for packet in packets {
        let malformed = packet.malformed.iter().find(|it| !it.contains(OVERLAP));
        assert_eq!(malformed, None, "{name}: {:?}", packet.protocols);
        let bad = packet.fields.iter().find(|it| it.name.ends_with(".checksum.status") && it.show == "0");
        let damaged = name.starts_with(DAMAGES) && bad.is_some_and(|it| it.name == "tcp.checksum.status");
        // What an ICMP error quotes of a long segment is summed as if it were all of it.
        let quoted = packet.protocols.iter().any(|it| it.starts_with("icmp"));
        let quoted = quoted && bad.is_some_and(|it| it.name == "tcp.checksum.status");
        assert!(bad.is_none() || damaged || quoted, "{name}: {bad:?} {:?}", packet.protocols);
    }
}

/// tshark takes nothing for a protocol that no demo speaks, as it would at a port that is another's.
fn assert_ours(name: &str, packets: &[Dissected]) {
    for packet in packets {
        let strange = packet.protocols.iter().find(|it| !SPOKEN.contains(&it.as_str()));
        assert_eq!(strange, None, "{name}: {:?}", packet.protocols);
    }
}

/// What demos speak (`echo` is RFC 862's), and what tshark puts around it.
const SPOKEN: &[&str] = &[
    "geninfo",
    "pkt_comment",
    "frame",
    "eth",
    "arp",
    "ip",
    "icmp",
    "ipv6",
    "ipv6.hopopts",
    "ipv6.fraghdr",
    "icmpv6",
    "dhcp",
    "dhcpv6",
    "udp",
    "tcp",
    "dns",
    "http",
    "echo",
    "data",
    "data-text-lines",
    "fake-field-wrapper",
    "tcp.options.sack_perm",
    "tcp.options.mss",
    "tcp.options.wscale",
    "tcp.options.sack",
    "tcp.options.timestamp",
    "tcp.options.nop",
    "tcp.options.eol",
    "http2",
    "http3",
    "json",
    "websocket",
    "quic",
    "tls",
    "x509af",
    "x509ce",
    "x509if",
    "x509sat",
    "pkix1explicit",
    "pkix1implicit",
    "media",
    "png",
    "image-gif",
];

/// What came of the comparison, field by field.
#[derive(Default)]
struct Tally {
    agreed: BTreeMap<&'static str, usize>,
    differ: Vec<String>,
}

impl Tally {
    fn assert_none_differ(&self) {
        let (agreed, differ) = (self.agreed.values().sum::<usize>(), self.differ.len());
        println!("{agreed} values of {} fields agree, {differ} differ", self.agreed.len());
        assert!(self.differ.is_empty(), "{differ} of {} differ:\n{}", agreed + differ, self.differ.join("\n"));
    }
}

/// Every field of ours that tshark has a name for lies at the same bytes there and says the same.
fn compare_fields(capture: &Capture, dissected: &[Dissected], known: &BTreeSet<String>, tally: &mut Tally) {
    assert_eq!(dissected.len(), capture.packets.len(), "{}", capture.name);
    for ((_, frame), theirs) in capture.packets.iter().zip(dissected) {
        let decoded = decode(frame);
        let place = format!("{}: {}", capture.name, decoded.summary);
        let tolerated = |text: &str| capture.name.starts_with(DAMAGES) && text.starts_with("checksum wrong");
        let problem = decoded.problems.iter().find(|it| !tolerated(&it.text));
        tally.differ.extend(problem.map(|it| format!("{place}: {}", it.text)));
        for layer in &decoded.layers {
            // Behind a port tshark knows nothing of it sees data where we read HTTP.
            let protocol = match layer.name {
                "padding" => "eth",
                "icmp.ext" => "icmp",
                name => name,
            };
            if theirs.protocols.iter().any(|it| it == protocol) {
                let shown = layer.fields.iter().filter(|it| !cut(it, theirs));
                shown.for_each(|field| compare_field((&place, frame), field, theirs, known, tally));
            } else if !["data", "http"].contains(&layer.name) {
                tally.differ.push(format!("{place}: tshark has no {}", layer.name));
            }
        }
    }
}

/// A record that the segment's end cuts: tshark, kept from putting streams together, shows nothing of it.
fn cut(record: &Field, theirs: &Dissected) -> bool {
    let start = record.bytes().start;
    record.parts.iter().any(|it| it.name == "tls.record.part")
        && !theirs.fields.iter().any(|it| it.name == "tls.record" && it.bytes.start == start)
}

fn compare_field(
    (place, frame): (&str, &[u8]),
    field: &Field,
    theirs: &Dissected,
    known: &BTreeSet<String>,
    tally: &mut Tally,
) {
    field.parts.iter().for_each(|part| compare_field((place, frame), part, theirs, known, tally));
    if !known.contains(field.name) || OTHERWISE.contains(&field.name) {
        return;
    }
    let bytes = field.bytes();
    // The type of a sealed record, once tshark has seen that TLS 1.3 was agreed.
    let opaque = |name: &str| field.name == "tls.record.content_type" && name == "tls.record.opaque_type";
    let same = theirs.fields.iter().filter(|it| it.name == field.name || opaque(&it.name));
    if ["x509", "pkcs1", "pkix1"].iter().any(|it| field.name.starts_with(it)) {
        let hex = hexadecimal(&frame[bytes.clone()]);
        let here = same.clone().find(|it| bytes.end == it.bytes.end && contents_of_der(&hex, it));
        let said = here.is_some() || same.clone().any(|it| says_the_same(&field.value, it));
        if said {
            *tally.agreed.entry(field.name).or_default() += 1;
        } else if !SOMETIMES.contains(&field.name) {
            let there: Vec<_> = same.collect();
            tally.differ.push(format!("{place}: {} at {bytes:?} is {}, tshark's: {there:?}", field.name, field.value));
        }
        return;
    }
    // A few bits of a word: tshark may give the whole word's bytes.
    let part = !field.bits.start.is_multiple_of(8) || !field.bits.end.is_multiple_of(8);
    let covers = |it: &Range<usize>| it.start <= bytes.start && it.end >= bytes.end;
    let here = same.clone().find(|it| it.bytes == bytes || part && covers(&it.bytes));
    // The owner of an SRV record, `_sip._tcp...`: tshark shows it in parts (dns.srv.service, dns.srv.proto, dns.srv.name).
    let in_parts = field.name == "dns.resp.name" && field.value.starts_with('_');
    if in_parts || same.clone().next().is_none() && SOMETIMES.contains(&field.name) {
        return;
    }
    // What has parts is said in words; the parts are compared one by one.
    let words = !field.parts.is_empty() && number(&field.value).is_none();
    if here.is_some_and(|here| words || says_the_same(&field.value, here)) {
        *tally.agreed.entry(field.name).or_default() += 1;
        return;
    }
    let there: Vec<_> = here.map_or_else(|| same.collect(), |here| vec![here]);
    tally.differ.push(format!("{place}: {} at {bytes:?} is {}, tshark's: {there:?}", field.name, field.value));
}

/// Names that both know, used by tshark for something else than the bytes: a truth, a group, a line.
const OTHERWISE: &[&str] = &[
    "http.unknown_header",
    "http.request.line",
    "http.response.line",
    "dns.opt",
    "tcp.options.mss",
    "tcp.options.wscale",
    "tcp.options.sack",
    "tcp.options.timestamp",
    // tshark 4.0 takes a Pad1 option to be longer than its one byte; the options' parts are compared.
    "ipv6.opt",
    // The packet number is under its protection here; tshark, which follows the connection, begins behind it.
    "quic.payload",
    // What lies in it is compared by itself.
    "x509af.extnValue",
    // The count there, the bytes here.
    "stun.att.padding",
    // tshark gives the whole option or attribute its code as value.
    "stun.attribute",
    "dhcp.option.type",
    "dhcpv6.option.type",
];

/// Fields tshark leaves out at times: flags that only answers have, the number of a segment that is quoted, the
/// owner of SRV records that it shows in parts, a certificate's name of its own and the kinds of names in a list, the checksum of
/// a mapping of Multipath TCP (4.0 takes it to have four bytes, which are never left).
const SOMETIMES: &[&str] = &[
    "dns.flags.authoritative",
    "dns.flags.recavail",
    "dns.flags.authenticated",
    "dns.flags.rcode",
    "tcp.seq_raw",
    "tcp.options.mptcp.checksum",
    "dns.resp.name",
    "x509af.Certificate_element",
    "x509if.id",
];

/// Of DER, tshark's bytes are the contents, or all of it.
fn contents_of_der(hex: &str, theirs: &Shown) -> bool {
    !theirs.value.is_empty() && hex.ends_with(&theirs.value)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

fn says_the_same(ours: &str, theirs: &Shown) -> bool {
    // It has a place for tshark, but no value.
    if theirs.show.is_empty() && theirs.value.is_empty() {
        return true;
    }
    if ["tcp.options.sack_le", "tcp.options.sack_re", "dhcpv6.elapsed_time"].contains(&theirs.name.as_str()) {
        // Shown in relative numbers, though no name says so; in milliseconds, not in the message's hundredths.
        return number(ours) == u64::from_str_radix(&theirs.value, 16).ok();
    }
    if let (Some(ours), Some(theirs)) = (number(ours), number(&theirs.show)) {
        return ours == theirs;
    }
    // A time: tshark shows it as a date.
    if ours.len() > 1 && number(ours).is_some() && number(ours) == u64::from_str_radix(&theirs.value, 16).ok() {
        return true;
    }
    let bare = |text: &str| text.replace([':', ' ', '…'], "").to_lowercase();
    let show = if theirs.show == "<Root>" { "." } else { &theirs.show };
    match ours.strip_suffix('…') {
        Some(start) => bare(show).starts_with(&bare(start)),
        None => ours == show || bare(ours) == bare(show) || bare(ours) == bare(&theirs.value),
    }
}

fn number(text: &str) -> Option<u64> {
    match text {
        "True" => Some(1),
        "False" => Some(0),
        _ => text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok()),
    }
}

/// The marks, relative numbers and scaled windows are tshark's; gives the marks that were seen.
fn compare_marks(capture: &Capture, dissected: &[Dissected]) -> BTreeSet<&'static str> {
    let packets = (1..).zip(&capture.packets).map(|(n, (at_ns, frame))| Seen { n, at_ns: *at_ns, frame });
    compare_analysis(&capture.name, &analysis::analyse(packets), dissected, |_| true)
}

/// The same, the marks of those packets of which tshark tells them.
fn compare_analysis(
    name: &str,
    analysis: &analysis::Analysis,
    dissected: &[Dissected],
    tells: impl Fn(u32) -> bool,
) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    for (n, theirs) in (1..).zip(dissected) {
        let Some(ours) = analysis.segments.get(&n) else { continue };
        let place = format!("{name}, packet {n}: {}", ours.line);
        let marks: BTreeSet<_> =
            ours.marks.iter().filter(|it| !matches!(it, Mark::Reset(_))).map(|it| it.filter()).collect();
        let named = |it: &&Shown| it.name.starts_with("tcp.analysis.") && MARKS.contains(&it.name.as_str());
        let expected: BTreeSet<_> = theirs.fields.iter().filter(named).map(|it| it.name.as_str()).collect();
        if tells(n) {
            assert_eq!(marks, expected, "{place}\n{}", story(analysis, n));
            all.extend(marks);
        }
        let says = |name: &str, value: Option<u64>| {
            let shown = theirs.fields.iter().find(|it| it.name == name).and_then(|it| it.show.parse().ok());
            assert!(value.is_none() || shown == value, "{place}: {name} is {value:?}, tshark says {shown:?}");
        };
        says("tcp.seq", Some(ours.sequence.into()));
        says("tcp.nxtseq", Some(ours.next.into()));
        says("tcp.ack", ours.acknowledgment.map(u64::from));
        says("tcp.window_size", Some(ours.window.into()));
        let scale = theirs.fields.iter().find(|it| it.name == "tcp.window_size_scalefactor").map(|it| it.show.as_str());
        assert_eq!(ours.scale.map(told).as_deref(), scale, "{place}");
        says("tcp.len", Some(ours.length as u64));
        says("tcp.stream", Some(ours.flow as u64));
        let duplicate = ours.marks.iter().filter(|_| tells(n)).find_map(|it| match it {
            Mark::DuplicateAck(count) => Some(u64::from(*count)),
            _ => None,
        });
        says("tcp.analysis.duplicate_ack_num", duplicate);
    }
    all
}

/// A scale as tshark has it.
fn told(scale: Scale) -> String {
    match scale {
        Scale::Unknown => "-1".to_owned(),
        Scale::Unused => "-2".to_owned(),
        Scale::By(shift) => (1_u32 << shift).to_string(),
    }
}

const MARKS: &[&str] = &[
    "tcp.analysis.retransmission",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.duplicate_ack",
    "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack",
    "tcp.analysis.window_update",
    "tcp.analysis.window_full",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
];

/// The connection up to a packet, for a failure's message.
fn story(analysis: &analysis::Analysis, n: u32) -> String {
    let flow = &analysis.flows[analysis.segments[&n].flow];
    let lines = flow.packets.iter().filter(|it| **it <= n).map(|it| format!("{it}: {}", analysis.segments[it].line));
    lines.collect::<Vec<_>>().join("\n")
}
