//! Captures made by hand: every byte order, unit and kind of block, and everything that can be wrong with them.
use std::fmt::Write as _;

use super::*;
use crate::wire::pcapng::{self, Captured};

/// All that comes out of a file that arrives in pieces of that size, a line each, and the fault if there is one.
fn told_in(file: &[u8], size: usize) -> String {
    let mut reader = Reader::default();
    let mut told = String::new();
    let (mut pieces, mut ended) = (file.chunks(size), false);
    loop {
        match reader.next_item() {
            Ok(Some(item)) => writeln!(told, "{}", line(&item)).expect("a String takes all text"),
            Ok(None) if ended => break,
            Ok(None) => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => {
                    reader.end();
                    ended = true;
                }
            },
            Err(fault) => writeln!(told, "{fault}").expect("a String takes all text"),
        }
    }
    told
}

/// The same; it does not matter in which pieces a file arrives.
fn told(file: &[u8]) -> String {
    let whole = told_in(file, usize::MAX);
    for size in [1, 7] {
        assert_eq!(told_in(file, size), whole, "in pieces of {size} bytes");
    }
    whole
}

fn line(item: &Item<'_>) -> String {
    match item {
        Item::Interface(it) => format!("interface `{}`: {}", it.name, it.link.name()),
        Item::Packet(it) => {
            let time = it.at_ns.map_or("no time".to_owned(), |at| format!("{at} ns"));
            let way = it.direction.map_or(String::new(), |way| format!(", {way:?}"));
            let comment = it.comment.as_ref().map_or(String::new(), |text| format!(", {text:?}"));
            format!("packet on {} at {time}: {:?} of {}{way}{comment}", it.interface, it.bytes, it.length)
        }
        Item::Comment(text) => format!("comment {text:?}"),
        Item::KeyLog(text) => format!("key log {text:?}"),
        Item::Name(address, name) => format!("{address} is {name}"),
    }
}

/// Numbers of a machine, written one after another.
struct Maker {
    order: Order,
    bytes: Vec<u8>,
}

impl Maker {
    const fn new(order: Order) -> Self {
        Self { order, bytes: Vec::new() }
    }

    fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }

    fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }

    fn i64(mut self, value: i64) -> Self {
        self.bytes.extend(if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn padded(self, bytes: &[u8]) -> Self {
        let more = bytes.len().next_multiple_of(4) - bytes.len();
        self.raw(bytes).raw(&vec![0; more])
    }

    fn option(self, code: u16, value: &[u8]) -> Self {
        self.u16(code).u16(u16::try_from(value.len()).expect("short")).padded(value)
    }

    fn block(self, kind: u32, body: impl FnOnce(Self) -> Self) -> Self {
        let order = self.order;
        let body = body(Self::new(order)).bytes;
        let length = u32::try_from(body.len() + 12).expect("short");
        self.u32(kind).u32(length).raw(&body).u32(length)
    }

    fn section(self) -> Self {
        self.block(SECTION_HEADER, |it| it.u32(0x1a2b_3c4d).u16(1).u16(0).i64(-1).option(1, b"made by hand"))
    }

    fn interface(self, link: u16, most: u32, options: impl FnOnce(Self) -> Self) -> Self {
        self.block(1, |it| options(it.u16(link).u16(0).u32(most)))
    }

    fn enhanced(self, interface: u32, ticks: u64, bytes: &[u8], length: u32) -> Self {
        let [high, low] = [ticks >> 32, ticks & 0xffff_ffff].map(|it| u32::try_from(it).expect("32 bits"));
        let captured = u32::try_from(bytes.len()).expect("short");
        self.block(6, |it| it.u32(interface).u32(high).u32(low).u32(captured).u32(length).padded(bytes))
    }
}

fn records(order: Order, magic: u32, last: u32) -> Vec<u8> {
    let header = Maker::new(order).u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65_535).u32(last);
    let record = |it: Maker, fraction, bytes: &[u8], length| {
        let captured = u32::try_from(bytes.len()).expect("short");
        it.u32(1_700_000_000).u32(fraction).u32(captured).u32(length).raw(bytes)
    };
    let first = record(header, 5, b"\x01\x02\x03\x04\x05", 5);
    record(first, 999_999, b"\x06\x07", 60).bytes
}

#[test]
fn pcap_of_both_orders_and_units_reads_the_same() {
    for order in [Order::Little, Order::Big] {
        let expected = |unit: u64| {
            format!(
                "interface ``: Linux cooked capture\n\
                 packet on 0 at {} ns: [1, 2, 3, 4, 5] of 5\n\
                 packet on 0 at {} ns: [6, 7] of 60\n",
                1_700_000_000_000_000_000 + 5 * unit,
                1_700_000_000_000_000_000 + 999_999 * unit
            )
        };
        assert_eq!(told(&records(order, 0xa1b2_c3d4, 113)), expected(1_000));
        assert_eq!(told(&records(order, 0xa1b2_3c4d, 113)), expected(1));
    }
}

#[test]
fn a_check_sequence_the_header_tells_of_is_no_part_of_a_whole_packet() {
    // Two 16-bit words of FCS, and the bit that says so.
    let said = told(&records(Order::Little, 0xa1b2_c3d4, 2 << 28 | 1 << 26 | 1));
    assert!(said.contains("[1] of 5") && said.contains("[6, 7] of 60"), "{said}");
}

#[test]
fn modified_and_foreign_files_are_refused_in_words() {
    for (magic, words) in
        [(0xa1b2_cd34, "Kuznetzov"), (0xa1e2_cb12, "2001"), (0x1c00_01ac, "Ixia"), (0x1c00_01ab, "Ixia")]
    {
        for order in [Order::Little, Order::Big] {
            let said = told(&records(order, magic, 1));
            assert!(said.starts_with("at byte 0: ") && said.contains(words) && said.contains("editcap"), "{said}");
        }
    }
    for (start, words) in [
        (&b"snoop\0\0\0"[..], "snoop"),
        (b"\x28\xb5\x2f\xfd....", "`zstdcat FILE | roundtrip packets -`"),
        (b"GET / HTTP/1.1", "begins with 47 45 54 20; a pcap file begins with d4 c3 b2 a1"),
        (b"", "it is empty"),
        (b"\xd4\xc3", "it ends within the header"),
        (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", "it ends within the header"),
        (b"\xd4\xc3\xb2\xa1\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0", "version 1.4"),
    ] {
        let said = told(start);
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_cut_pcap_gives_what_is_whole_and_says_what_is_missing() {
    let file = records(Order::Little, 0xa1b2_c3d4, 1);
    for length in 24..file.len() {
        let said = told(&file[..length]);
        let whole = usize::from(length >= 24 + 16 + 5);
        assert_eq!(said.lines().filter(|it| it.starts_with("packet")).count(), whole, "{length}: {said}");
        let begins = if whole == 1 { 24 + 16 + 5 } else { 24 };
        let cut = format!("at byte {begins}: the file was cut");
        assert_eq!(said.contains(&cut), length != begins, "{length}: {said}");
    }
    let mut damaged = file;
    damaged[24 + 8..24 + 12].copy_from_slice(&[0xff; 4]);
    assert!(told(&damaged).contains("at byte 32: this record says it holds 4294967295 bytes"), "{}", told(&damaged));
}

/// Two sections of different orders; every kind of block.
fn everything() -> Vec<u8> {
    let first = Maker::new(Order::Big)
        .section()
        .interface(1, 0, |it| it.option(2, b"eth0").option(9, &[9]).option(14, &100_i64.to_be_bytes()).option(0, b""))
        .interface(101, 4, |it| it.option(9, &[0x80 | 10]))
        .block(10, |it| it.u32(0x544c_534b).u32(3).padded(b"a b"))
        .block(10, |it| it.u32(0x5747_4b4c).u32(3).padded(b"x y"))
        .block(4, |it| {
            let six = [&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], b"www\0also\0"].concat();
            it.option(1, b"\x0a\0\0\x01gateway\0").option(2, &six).option(0, b"")
        })
        .block(0x8000_0001, |it| it.raw(&[7; 4000]))
        .enhanced(0, 5, b"abc", 3)
        .enhanced(1, 1536, b"defg", 9)
        .block(3, |it| it.u32(2).padded(b"hi"));
    let second = Maker::new(Order::Little)
        .section()
        .interface(276, 4, |it| it)
        .block(6, |it| {
            let packet = it.u32(0).u32(0).u32(7).u32(3).u32(3).padded(b"jkl");
            packet.option(1, b"one").option(1, b"two").option(2, &2_u32.to_le_bytes()).option(0, b"")
        })
        .block(2, |it| it.u16(0).u16(0xffff).u32(0).u32(8).u32(1).u32(1).padded(b"m").option(2, &1_u32.to_le_bytes()))
        .block(3, |it| it.u32(60).padded(b"nopq"));
    [first.bytes, second.bytes].concat()
}

#[test]
fn every_kind_of_block_in_sections_of_both_orders() {
    insta::assert_snapshot!(told(&everything()), @r#"
    comment "made by hand"
    interface `eth0`: Ethernet
    interface ``: raw IP
    key log "a b"
    10.0.0.1 is gateway
    2001:db8::1 is www
    2001:db8::1 is also
    packet on 0 at 100000000005 ns: [97, 98, 99] of 3
    packet on 1 at 1500000000 ns: [100, 101, 102, 103] of 9
    packet on 0 at no time: [104, 105] of 2
    comment "made by hand"
    interface ``: Linux cooked capture v2
    packet on 2 at 7000 ns: [106, 107, 108] of 3, Out, "one\ntwo"
    packet on 2 at 8000 ns: [109] of 1, In
    packet on 2 at no time: [110, 111, 112, 113] of 60
    "#);
}

#[test]
fn a_cut_pcapng_gives_what_is_whole_and_one_fault() {
    let file = everything();
    let whole: Vec<String> = told(&file).lines().map(str::to_owned).collect();
    let mut faults = 0;
    for length in 12..file.len() {
        let said = told_in(&file[..length], usize::MAX);
        let lines: Vec<&str> = said.lines().collect();
        let good = lines.iter().zip(&whole).take_while(|(ours, all)| ours == all).count();
        let rest = &lines[good..];
        assert!(rest.len() <= 1 && rest.iter().all(|it| it.contains("the file was cut within")), "{length}: {said}");
        faults += rest.len();
    }
    // Only between two of the 15 blocks a cut cannot be seen.
    assert_eq!(faults, file.len() - 12 - 14);
}

#[test]
fn damage_is_said_with_its_place() {
    let start = || Maker::new(Order::Little).section().interface(1, 0, |it| it);
    let at = start().bytes.len();
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = start().enhanced(0, 1, b"abc", 3).enhanced(0, 2, b"def", 3).bytes;
        change(&mut file);
        told(&file).lines().last().expect("a fault").to_owned()
    };
    let says = |said: String, place: usize, words: &str| {
        assert!(said.starts_with(&format!("at byte {place}: ")) && said.contains(words), "{said}");
    };
    says(damaged(&|it| it[at + 8] = 9), at + 8, "this packet is of interface 9, and the section describes 1");
    says(damaged(&|it| it[at + 4] = 37), at + 4, "this block says it has 37 bytes");
    says(damaged(&|it| it[at + 20] = 200), at + 28, "says it has 200 bytes, and its block has room for 4");
    says(damaged(&|it| it[at + 32] = 0), at + 32, "36 bytes before its body and 0 behind it");
    says(damaged(&|it| it[at + 7] = 0x7f), at + 4, "more than are taken");
    says(damaged(&|it| it[8] = 0), 8, "does not say its byte order");
    says(damaged(&|it| it[12] = 9), 12, "version 9.0");
    let alone = Maker::new(Order::Big).section().enhanced(0, 1, b"abc", 3).bytes;
    says(told(&alone).lines().last().expect("a fault").to_owned(), 52, "none is described before it");
}

#[test]
fn a_block_of_no_use_is_never_held() {
    let mut reader = Reader::default();
    reader.push(&Maker::new(Order::Little).section().u32(0x0bad).u32(1 << 30).bytes);
    assert_eq!(reader.next_item().map(|it| it.map(|it| line(&it))), Ok(Some("comment \"made by hand\"".to_owned())));
    for _ in 0..1000 {
        reader.push(&[0; 100_000]);
        assert_eq!(reader.next_item(), Ok(None));
        assert!(reader.held.capacity() < 1 << 20, "{} bytes are held", reader.held.capacity());
    }
}

#[test]
fn what_the_writer_writes_is_read_again() {
    let interfaces = ["client".to_owned(), "server-eth1".to_owned()].map(|name| pcapng::Interface { name });
    let packet =
        |interface, at_ns, direction, comment| Captured { interface, at_ns, direction, bytes: b"abcde", comment };
    let packets = [packet(0, 7, Direction::Out, Some("why")), packet(1, 1 << 40, Direction::In, None)];
    let file = pcapng::write_with_secrets(&interfaces, "A b c\n", packets);
    insta::assert_snapshot!(told(&file), @r#"
    interface `client`: Ethernet
    interface `server-eth1`: Ethernet
    key log "A b c\n"
    packet on 0 at 7 ns: [97, 98, 99, 100, 101] of 5, Out, "why"
    packet on 1 at 1099511627776 ns: [97, 98, 99, 100, 101] of 5, In
    "#);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_to_an_end(start in 0_usize..3, changes: Vec<(u16, u8)>, rest: Vec<u8>) {
        let mut file = match start {
            0 => everything(),
            1 => records(Order::Big, 0xa1b2_c3d4, 1),
            _ => Vec::new(),
        };
        file.extend(rest);
        let length = file.len().max(1);
        for (at, value) in changes {
            if let Some(byte) = file.get_mut(usize::from(at) % length) {
                *byte = value;
            }
        }
        proptest::prop_assert_eq!(told_in(&file, 5), told_in(&file, usize::MAX));
    }
}
