//! The layouts of the RFCs: what each option says, field by field, and what is said of one that is damaged.
use etherparse::PacketBuilder;

use crate::wire::tests::explained;
use crate::wire::{Decoded, Field, decode};

/// A segment with these options.
fn with(flags: &str, options: &[u8]) -> Decoded {
    let builder =
        PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    let mut tcp = builder.tcp(40000, 9000, 1, 1000);
    for flag in flags.chars() {
        tcp = match flag {
            'S' => tcp.syn(),
            _ => tcp.ack(1),
        };
    }
    let mut frame = Vec::new();
    tcp.options_raw(options).expect("at most 40 bytes").write(&mut frame, &[]).expect("a Vec takes all");
    let decoded = decode(&frame);
    assert_eq!(explained(&decoded, frame.len()), Ok(()));
    decoded
}

/// The fields of the first option, innermost ones, behind kind and length; and the option in short.
fn said(flags: &str, options: &[u8]) -> (String, Vec<(&'static str, String)>) {
    fn innermost(field: &Field, all: &mut Vec<(&'static str, String)>) {
        if field.parts.is_empty() {
            all.push((field.name.trim_start_matches("tcp.options."), field.value.clone()));
        }
        field.parts.iter().for_each(|it| innermost(it, all));
    }
    let decoded = with(flags, options);
    assert_eq!(decoded.problems, [], "{options:?}");
    let first = &decoded.field("tcp.options").expect("options").parts[0];
    let mut all = Vec::new();
    innermost(first, &mut all);
    (first.value.clone(), all.split_off(2))
}

#[test]
fn signatures_are_of_a_key() {
    let (short, fields) = said("A", &[&[19, 18][..], &[0xd5; 16]].concat());
    assert_eq!((short.as_str(), fields[0].0), ("a digest of 16 bytes", "md5.digest"));
    let (short, fields) = said("A", &[&[29, 16, 61, 84][..], &[0xa0; 12]].concat());
    assert_eq!(short, "key 61, next 84, a code of 12 bytes");
    assert_eq!(fields[..2], [("ao.keyid", "61".to_owned()), ("ao.rnextkeyid", "84".to_owned())]);
    assert_eq!(fields[2].0, "ao.mac");
}

#[test]
fn cookies_times_and_counters_are_told() {
    assert_eq!(said("S", &[34, 2]), ("asks for a cookie".to_owned(), vec![]));
    assert_eq!(said("S", b"\x22\x06abcd").0, "a cookie of 4 bytes, brought back by the client");
    assert_eq!(said("SA", b"\x22\x06abcd").0, "a cookie of 4 bytes, the server's, for later connections");
    assert_eq!(said("S", b"\xfe\x08\xf9\x89abcd").0, "TCP Fast Open: a cookie of 4 bytes, brought back by the client");
    assert_eq!(said("A", &[28, 4, 0x80, 5]).0, "5 minutes");
    assert_eq!(said("A", &[28, 4, 0x02, 0x58]).0, "600 seconds");
    let counters = |kind: u8| said("A", &[kind, 11, 0, 0, 1, 0, 0, 2, 0, 0, 3]).1;
    let told =
        |names: [&'static str; 3]| -> Vec<_> { names.into_iter().zip(["1", "2", "3"].map(str::to_owned)).collect() };
    assert_eq!(counters(172), told(["acc_ecn.ee0b", "acc_ecn.eceb", "acc_ecn.ee1b"]));
    assert_eq!(counters(174), told(["acc_ecn.ee1b", "acc_ecn.eceb", "acc_ecn.ee0b"]));
}

#[test]
fn multipath_tcp_is_told_by_its_subtypes() {
    let key = [0, 0, 0, 0, 0, 0, 0, 7];
    let cases: [(&str, Vec<u8>, &str); 18] = [
        ("S", vec![30, 4, 0x01, 0x81], "MP_CAPABLE: version 1, no key yet"),
        ("SA", [&[30, 12, 0x01, 0x01][..], &key].concat(), "MP_CAPABLE: version 1, the sender's key"),
        ("A", [&[30, 20, 0x01, 0x01][..], &key, &key].concat(), "MP_CAPABLE: version 1, both keys"),
        (
            "A",
            [&[30, 24, 0x01, 0x81][..], &key, &key, &[0, 9, 1, 2]].concat(),
            "MP_CAPABLE: version 1, both keys, and the first data's mapping",
        ),
        ("S", [&[30, 12, 0x00, 0x81][..], &key].concat(), "MP_CAPABLE: version 0, the sender's key"),
        ("S", vec![30, 12, 0x11, 2, 0, 0, 0, 1, 0, 0, 0, 2], "MP_JOIN: asks to join, address 2, as a backup"),
        ("SA", [&[30, 16, 0x10, 3][..], &key, &[0, 0, 0, 2]].concat(), "MP_JOIN: the server's proof, address 3"),
        ("A", [&[30, 24, 0x10, 0][..], &[8; 20]].concat(), "MP_JOIN: the client's proof"),
        ("A", vec![30, 8, 0x20, 0x01, 0, 0, 0x10, 0], "DSS: Data ACK 4096"),
        (
            "A",
            [&[30, 28, 0x20, 0x1f][..], &key, &key, &[0, 0, 0, 1, 0, 5, 1, 2]].concat(),
            "DSS: Data ACK 7, 5 bytes at 7, the stream ends",
        ),
        ("A", vec![30, 10, 0x31, 2, 192, 0, 2, 1, 0x1f, 0x90], "ADD_ADDR: 192.0.2.1 port 8080, address 2, sent back"),
        (
            "A",
            [&[30, 28, 0x30, 4][..], &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], &key].concat(),
            "ADD_ADDR: 2001:db8::1, address 4",
        ),
        ("A", vec![30, 6, 0x40, 2, 3, 4], "REMOVE_ADDR: address 2, 3, 4"),
        ("A", vec![30, 3, 0x51], "MP_PRIO: a backup from now on"),
        ("A", [&[30, 12, 0x60, 0][..], &key].concat(), "MP_FAIL: data from 7 on"),
        ("A", [&[30, 12, 0x70, 0][..], &key].concat(), "MP_FASTCLOSE: the whole connection ends at once"),
        ("A", vec![30, 4, 0x81, 6], "MP_TCPRST: middlebox interference, may be tried again"),
        ("A", vec![30, 4, 0xf0, 1], "a private experiment"),
    ];
    for (flags, options, expected) in cases {
        assert_eq!(said(flags, &options).0, expected, "{options:?}");
    }
    let (_, fields) = said("A", &[30, 18, 0x20, 0x05, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 1, 0, 5]);
    let mapping = fields.into_iter().skip(8);
    let expected = [("rawdataack", "3"), ("rawdataseqno", "9"), ("subflowseqno", "1"), ("datalvllen", "5")];
    let expected = expected.map(|(name, value)| (format!("mptcp.{name}"), value.to_owned()));
    assert_eq!(mapping.map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>(), expected);
    let (_, fields) = said("S", &[30, 12, 0x11, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    let expected = [
        ("mptcp.subtype", "1"),
        ("mptcp.unused", "0"),
        ("mptcp.backup.flag", "1"),
        ("mptcp.addrid", "2"),
        ("mptcp.recvtok", "1"),
        ("mptcp.sendrand", "2"),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn what_cannot_be_is_said() {
    let problem = |flags: &str, options: &[u8]| with(flags, options).problems.first().map(|it| it.text.clone());
    assert_eq!(problem("A", &[19, 4, 0, 0]).as_deref(), Some("MD5 signature cannot have 4 bytes"));
    assert_eq!(problem("A", &[28, 3, 0, 1]).as_deref(), Some("User timeout cannot have 3 bytes"));
    assert_eq!(problem("A", &[29, 2, 1, 1]).as_deref(), Some("TCP authentication cannot have 2 bytes"));
    assert_eq!(problem("A", &[172, 4, 0, 0]).as_deref(), Some("Accurate ECN cannot have 4 bytes"));
    assert!(problem("A", &[28, 4, 0x80, 0]).is_some_and(|it| it.contains("reserved")));
    assert!(problem("S", &[34, 5, 1, 2, 3]).is_some_and(|it| it.contains("4 to 16 bytes")));
    assert!(problem("A", b"\x22\x06abcd").is_some_and(|it| it.contains("belongs in a SYN only")));
    // Cut in the middle of anything, every byte is explained and nothing is taken for what it is not.
    for length in 2..=40_u8 {
        for second in [0x01, 0x10, 0x20, 0x30, 0x34, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xf0] {
            let mut options = vec![30, length, second, 0xff];
            options.resize(40, 0xff);
            with("A", &options);
        }
    }
}
