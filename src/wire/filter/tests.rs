//! What filters mean, what is said about those that mean nothing, and that every name of the decoder is known.
use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::wire::decode;

/// An answer of DNS over UDP, with two addresses: 10.0.0.1:53 to 10.0.0.2:40000.
fn answer() -> Vec<u8> {
    let record = [&b"\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04"[..], &[10, 0, 0, 80]].concat();
    let other = [&record[..12], &[10, 0, 0, 81]].concat();
    let message =
        [&b"\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0\x03www\x04Shop\x07example\0\0\x01\0\x01"[..], &record[..], &other[..]]
            .concat();
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 0xff])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 63)
        .udp(53, 40000)
        .write(&mut frame, &message)
        .expect("a Vec takes all");
    frame
}

fn holds(filter: &str) -> bool {
    let frame = answer();
    let decoded = decode(&frame);
    let pairs = [Mark::Answers { packet: 3, after_ns: 40_000_000 }];
    let packet = Packet {
        number: 7,
        at_ns: Some(1_700_000_000_250_000_000),
        first_ns: Some(1_700_000_000_000_000_000),
        before_ns: None,
        length: 1500,
        frame: &frame,
        interface: "eth0",
        comment: Some("packet 12 of the run"),
        decoded: &decoded,
        opened: None,
        followed: None,
        pairs: &pairs,
    };
    Filter::parse(filter).unwrap_or_else(|mistake| panic!("{mistake}\n{}", mistake.marked(filter))).holds(&packet)
}

/// Hold for the answer.
const HOLD: &[&str] = &[
    "",
    " ",
    "dns",
    "ip.ttl == 63",
    "ip.ttl==0x3f",
    "ip.ttl == 077",
    "ip.ttl == 0b111111",
    "ip.ttl == '?'",
    "ip.ttl & 1",
    "ip.ttl & 0x3e == 62",
    "frame.number in {1, 5..7}",
    "frame.len == 1500 and frame.cap_len < 200",
    "dns.response_to == 3",
    "dns.time >= 0.04 and dns.time < 0.0400001",
    "frame.time_relative == 0.25",
    "frame.time_delta == 0",
    "frame.time_epoch > 1700000000",
    "frame.interface_name == \"eth0\"",
    "frame.comment contains \"12\"",
    "dns.a == 10.0.0.81",
    "dns.a == 10.0.0.80/31",
    "all dns.a == 10.0.0.80/31",
    "any dns.a != 10.0.0.80",
    "dns.a !== 10.0.0.80",
    "dns.a ~= 10.0.0.80",
    "count(dns.a) == 2",
    "dns.a in {10.0.0.70..10.0.0.80}",
    "ip.src != ip.dst",
    "udp.port == 53",
    "udp.srcport < udp.dstport",
    "dns.qry.name contains \"Shop\"",
    "dns.qry.name matches \"shop\"",
    "dns.qry.name ~ r\"\\.example$\"",
    "lower(dns.qry.name) == \"www.shop.example\"",
    "dns.qry.name == www.Shop.example",
    "len(dns.qry.name) == 16",
    "dns.qry.name[4:4] == \"Shop\"",
    "dns.qry.name[-7-1,0] == \"shop\" or dns.qry.name[-7:] == \"example\"",
    "eth.dst[5] == ff",
    "eth.src[0:2] == 02-00",
    "eth.src == 02.00.00.00.00.01",
    "eth.src == 020000000001 or udp",
    "frame[12-13] == 0800",
    "frame contains \"\\x03www\\x04\"",
    "udp.payload[0:2] == 12:34",
    "dns.flags.response == True",
    "not tcp",
    "!tcp && !arp || tcp",
    "tcp or udp and ip",
    "!(tcp and udp)",
    "not tcp.port == 80",
    "tcp.port not in {80}",
    "tcp or (dns and (ip))",
    "ip.addr gt 9.9.9.9",
];

/// Do not.
const DO_NOT: &[&str] = &[
    "tcp",
    "ip.ttl != 63",
    "ip.ttl & 0x40",
    "dns.a != 10.0.0.80",
    "all dns.a == 10.0.0.80",
    "dns.a === 10.0.0.80",
    "tcp.port != 80",
    "!dns",
    "dns.qry.name contains \"shop\"",
    "dns.qry.name matches \"(?-i)shop\"",
    "dns.qry.name[99:1] == \"a\"",
    "ip.addr lt 9.9.9.9",
    "tcp and udp or arp",
    "ip.src == ip.dst",
    "frame.number in {1..6}",
    "dns.a in {10.0.0.0/31}",
    "tcp.analysis.flags",
    "ipv6.addr == ::",
    "not udp or tcp",
    "count(tcp.port) == 0",
    "dns.unsolicited",
];

#[test]
fn filters_hold_or_do_not() {
    for filter in HOLD {
        assert!(holds(filter), "{filter}");
    }
    for filter in DO_NOT {
        assert!(!holds(filter), "{filter}");
    }
}

/// The column, and what is said there.
fn mistake(filter: &str) -> (usize, String) {
    let mistake = Filter::parse(filter).expect_err(filter);
    (mistake.column(), mistake.text)
}

/// A filter, the column of its mistake, and what is said of it.
const MISTAKES: &[(&str, usize, &str)] = &[
    ("tcp.prot == 80", 1, "no field or protocol `tcp.prot`"),
    ("ip && udp.prt", 7, "near it: udp.port"),
    ("dns.qry.nam", 1, "dns.qry.name"),
    ("ip.ttl ==", 10, "the filter ends here; expected a number (80, 0x50)"),
    ("ip.ttl == abc", 11, "expected a number"),
    ("ip.ttl == -1", 11, "expected a number"),
    ("ip.ttl == \"64\"", 11, "expected a number"),
    ("ip.addr == 10.0.0", 12, "expected an IPv4 address"),
    ("ip.addr == 2001:db8::/32", 12, "expected an IPv4 address"),
    ("ipv6.addr == 10.0.0.0/8", 14, "expected an IPv6 address"),
    ("ip.addr in {10.0.0.0/8..10.0.0.9}", 13, "expected an IPv4 address"),
    ("eth.src == 02:00", 12, "expected a hardware address"),
    ("frame.time_relative > 1s", 23, "expected a time in seconds"),
    ("dns == 1z", 8, "expected bytes"),
    ("dns.qry.name == ip.src", 17, "ip.src cannot be compared with this"),
    ("tcp.analysis.retransmission == 1", 32, "nothing: it has no value"),
    ("ip.ttl contains 1", 17, "only texts and bytes contain others"),
    ("ip.ttl matches \"1\"", 16, "only texts and bytes match"),
    ("dns.qry.name matches www", 22, "expected a regular expression in double quotes"),
    ("dns.qry.name matches \"(\"", 22, "this is no regular expression"),
    ("dns.qry.name matches \"\\.\"", 23, "there is no such escape"),
    ("ip.ttl[0:1] == 1", 7, "only texts and bytes have slices"),
    ("dns.qry.name[a] == \"a\"", 13, "expected a slice"),
    ("dns.qry.name[0 == \"a\"", 13, "is not closed by a ]"),
    ("ip.src & 1", 10, "expected bits of a number"),
    ("len(ip.ttl) > 1", 1, "len needs a text or bytes"),
    ("len dns > 1", 1, "expected a field in parentheses"),
    ("(tcp or udp", 12, "the ) to the ( in column 1"),
    ("tcp or udp)", 11, "this ) closes no ("),
    ("tcp udp", 5, "expected `and`, `or` or the end"),
    ("tcp and", 8, "the filter ends here; expected a field or a protocol"),
    ("tcp and == 1", 9, "expected a field or a protocol here"),
    ("1 == ip.ttl", 1, "no field or protocol `1`"),
    ("ip.ttl = 64", 8, "a comparison for equal is `==`"),
    ("tcp | udp", 5, "`or` is written `||`"),
    ("tcp # udp", 5, "this sign means nothing"),
    ("ip.ttl in 64", 11, "expected a set in braces"),
    ("ip.ttl in {64 65}", 15, "expected `,` or `}`"),
    ("any tcp", 8, "expected a comparison here"),
    ("dns.qry.name == \"www", 17, "this text has no \" at its end"),
    ("ip.ttl == 'ab'", 11, "expected one character in single quotes"),
    ("dns.qry.name contains \"ü\" or nosuch", 30, "no field or protocol `nosuch`"),
];

#[test]
fn a_mistake_says_where_it_is_and_what_was_expected() {
    for (filter, column, words) in MISTAKES {
        let (at, said) = mistake(filter);
        assert_eq!((at, said.contains(words)), (*column, true), "{filter}: column {at}: {said}");
    }
    assert_eq!(mistake(&"!".repeat(10_000)).0, 101);
    assert_eq!(mistake(&"(".repeat(10_000)).0, 101);
}

#[test]
fn the_place_of_a_mistake_is_marked_under_it() {
    let filter = "dns && tcp.prot\u{1b} == 1";
    let mistake = Filter::parse("dns && tcp.prot == 1").expect_err("no such name");
    assert_eq!(mistake.marked("dns && tcp.prot == 1"), "dns && tcp.prot == 1\n       ^^^^^^^^");
    let hostile = Filter::parse(filter).expect_err("a control character");
    assert_eq!(hostile.marked(filter), "dns && tcp.prot\\x1b == 1\n               ^^^^");
}

/// Names as the sources of the decoder say them: of layers, and of fields (`"tcp.seq_raw"`).
fn said_in_sources() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                folders.extend(Some(path).filter(|_| name != "filter" && name != "tests"));
            } else if path.extension().is_some_and(|it| it == "rs") && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).expect("a source");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                names.extend(
                    lines
                        .flat_map(|line| line.split('"').skip(1).step_by(2))
                        .filter(|it| is_name(it))
                        .map(str::to_owned),
                );
            }
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    text.contains('.') && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && text.split('.').all(is_part)
}

#[test]
fn every_name_of_the_decoder_is_known_and_no_other() {
    let sources = said_in_sources();
    let unknown: Vec<_> = sources.iter().filter(|name| names::known(name).is_none()).collect();
    assert!(unknown.is_empty(), "not in fields.txt, in order, each with its kind: {unknown:?}");
    let lines: Vec<&str> = include_str!("fields.txt").lines().collect();
    assert!(lines.is_sorted(), "fields.txt is in order");
    let gone: Vec<_> =
        lines.iter().filter_map(|line| line.split_once(' ')).filter(|(name, _)| !sources.contains(*name)).collect();
    assert!(gone.is_empty(), "the decoder says these no more: {gone:?}");
    assert!(lines.len() > 900 && lines.len() < names().count(), "{}", lines.len());
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_filter_or_a_mistake_in_it(text: String) {
        if let Err(mistake) = Filter::parse(&text) {
            proptest::prop_assert!(mistake.bytes.end <= text.len() && mistake.column() <= text.chars().count() + 1);
            proptest::prop_assert!(mistake.marked(&text).ends_with('^'));
        }
    }

    #[test]
    fn any_words_of_the_language_are_a_filter_or_a_mistake(picks in proptest::collection::vec(0_usize..24, 0..12)) {
        const WORDS: [&str; 24] = [
            "ip.ttl", "dns.qry.name", "tcp", "==", "!=", "64", "\"a\"", "(", ")", "{", "}", ",", "..", "in", "not", "and", "or", "any",
            "contains", "matches", "[0:1]", "&", "len", "10.0.0.0/8",
        ];
        let text: String = picks.iter().map(|it| format!("{} ", WORDS[*it])).collect();
        if let Ok(filter) = Filter::parse(&text) {
            let frame = answer();
            let decoded = decode(&frame);
            let packet = Packet {
                number: 1, at_ns: None, first_ns: None, before_ns: None, length: 0, frame: &frame, interface: "", comment: None,
                decoded: &decoded, opened: None, followed: None, pairs: &[],
            };
            if let Ok(opposite) = Filter::parse(&format!("not ({text})")) {
                proptest::prop_assert_ne!(filter.holds(&packet), opposite.holds(&packet));
            } else {
                proptest::prop_assert!(text.is_empty());
            }
        }
    }
}
