//! Questions with their answers, and errors with what they are about: tshark pairs the same packets after the same time.
use roundtrip::wire::analysis::{Analysis, Mark, Seen, analyse};

use super::Capture;
use super::crafted::{A, A6, B, B6, ICMP, ICMPV6, UDP, datagram, frame4, frame6, joined, over6, packet4};
use super::pdml::{self, Dissected};

fn query(port: u16, id: u16) -> Vec<u8> {
    let message = joined(&[&id.to_be_bytes(), b"\x01\0\0\x01\0\0\0\0\0\0\x03www\x03lab\0\0\x01\0\x01"]);
    frame4(A, B, UDP, &datagram(port, 53, &message))
}

fn answer(port: u16, id: u16) -> Vec<u8> {
    let record =
        b"\x81\x80\0\x01\0\x01\0\0\0\0\x03www\x03lab\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x50";
    frame4(B, A, UDP, &datagram(53, port, &joined(&[&id.to_be_bytes(), record])))
}

fn ping(reply: bool, sequence: u8) -> Vec<u8> {
    let (from, to, kind) = if reply { (B, A, 0) } else { (A, B, 8) };
    frame4(from, to, ICMP, &joined(&[&[kind, 0, 0, 0, 0, 7, 0, sequence], b"abcdefgh"]))
}

fn ping6(reply: bool, sequence: u8) -> Vec<u8> {
    let (ends, kind) = if reply { ([B6, A6], 129) } else { ([A6, B6], 128) };
    frame6(ends, 64, &[], ICMPV6, &over6(ends, ICMPV6, &joined(&[&[kind, 0, 0, 0, 0, 7, 0, sequence], b"abcdefgh"])))
}

/// Milliseconds, and what is seen then.
fn capture() -> Capture {
    let probe = datagram(40000, 33434, b"a probe");
    let error = joined(&[&[3, 3, 0, 0, 0, 0, 0, 0], &packet4(A, B, 64, UDP, &probe)]);
    let told: Vec<(u64, Vec<u8>)> = vec![
        (0, query(40000, 7)),
        (30, answer(40000, 7)),
        (40, query(40001, 8)),
        (2040, query(40001, 8)),
        (2070, answer(40001, 8)),
        (2080, answer(40001, 8)),
        (2100, query(40002, 9)),
        (2110, query(40003, 9)),
        (2150, answer(40003, 9)),
        (2160, answer(40004, 10)),
        (2200, query(40000, 7)),
        (2215, answer(40000, 7)),
        (3000, ping(false, 1)),
        (3010, ping6(false, 1)),
        (3040, ping(true, 1)),
        (3050, ping6(true, 1)),
        (4000, ping(false, 2)),
        (4010, ping6(false, 2)),
        (5000, frame4(A, B, UDP, &probe)),
        (5020, frame4(B, A, ICMP, &error)),
    ];
    Capture { name: "pairs".into(), packets: told.into_iter().map(|(ms, it)| (ms * 1_000_000, it)).collect() }
}

/// Both ends of each pair, with the time between them in milliseconds.
fn ours(analysis: &Analysis, n: u32) -> Vec<(String, f64)> {
    let marks = analysis.pairs.get(&n).map(Vec::as_slice).unwrap_or_default();
    let said = marks.iter().filter_map(|mark| match mark {
        Mark::AnswerIn { packet, .. } => Some((format!("answered in {packet}"), 0.0)),
        Mark::Answers { packet, after_ns } => Some((format!("answers {packet}"), millis(*after_ns))),
        Mark::RepeatedQuery(_) | Mark::RepeatedAnswer => Some(("again".to_owned(), 0.0)),
        Mark::Unasked => Some(("unasked".to_owned(), 0.0)),
        _ => None,
    });
    said.collect()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a short capture")]
fn millis(ns: u64) -> f64 {
    ns as f64 / 1e6
}

fn theirs(packet: &Dissected) -> Vec<(String, f64)> {
    let show = |names: &[&str]| {
        let found = packet.fields.iter().find(|it| names.contains(&it.name.as_str()));
        found.map(|it| it.show.clone())
    };
    let seconds = show(&["dns.time"]).and_then(|it| it.parse::<f64>().ok()).map(|it| it * 1000.0);
    let time = seconds.or_else(|| show(&["icmp.resptime", "icmpv6.resptime"])?.parse().ok()).unwrap_or(0.0);
    let again = show(&["dns.retransmission"]).map(|_| ("again".to_owned(), 0.0));
    let unasked = show(&["dns.unsolicited"]).map(|_| ("unasked".to_owned(), 0.0));
    let to = show(&["dns.response_to", "icmp.resp_to", "icmpv6.resp_to"]).map(|n| (format!("answers {n}"), time));
    let by = show(&["dns.response_in", "icmp.resp_in", "icmpv6.resp_in"]).map(|n| (format!("answered in {n}"), 0.0));
    [again, unasked, to, by].into_iter().flatten().collect()
}

#[test]
fn tshark_pairs_the_same_questions_and_answers_after_the_same_time() {
    let capture = capture();
    let packets = (1..).zip(&capture.packets).map(|(n, (at_ns, frame))| Seen { n, at_ns: *at_ns, frame });
    let analysis = analyse(packets);
    let mut pairs = 0;
    for (n, packet) in (1..).zip(pdml::dissect_twice(&capture.pcapng())) {
        let (ours, theirs) = (ours(&analysis, n), theirs(&packet));
        let same = |(a, b): (&(String, f64), &(String, f64))| a.0 == b.0 && (a.1 - b.1).abs() < 0.001;
        assert!(
            ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same),
            "packet {n}: {ours:?}, tshark: {theirs:?}"
        );
        pairs += ours.len();
    }
    assert!(pairs > 12, "only {pairs}");
    // tshark pairs no error with its packet across the capture: judged by hand.
    assert_eq!(analysis.pairs[&20], [Mark::ErrorAbout(19)]);
    assert_eq!(analysis.pairs[&19], [Mark::CausedError(20)]);
    for lost in [7, 17, 18] {
        assert_eq!(analysis.pairs[&lost], [Mark::Unanswered], "packet {lost}");
    }
}
