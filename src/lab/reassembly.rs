//! Pieces of IP packets put together (RFC 791 §3.2, RFC 1122 §3.3.2, RFC 8200 §4.5): bounded in number, in bytes and in time.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::lab::ip::{self, Packet};
use crate::lab::output::Output;
use crate::recording::Time;

/// Pieces wait this long for the rest, from the first that came (RFC 1122 §3.3.2: a fixed value between 60 and 120 s;
/// RFC 8200 §4.5: 60 s).
const PATIENCE: Duration = Duration::from_secs(60);
/// Packets that may be incomplete at once; the oldest gives way.
const PACKETS: usize = 64;
/// No packet is larger (RFC 791 §3.1, RFC 8200 §4.5).
const LARGEST: usize = 65_535;

/// What all pieces of a packet share: source, destination and identification, over IPv4 the protocol as well (RFC 791
/// §3.2; RFC 8200 §4.5: the pieces of one packet may name different next headers).
type Key = (IpAddr, IpAddr, Option<u8>, u32);

/// A packet that is not whole yet.
#[derive(Debug)]
struct Partial {
    until: Time,
    /// Which one it is of all that began: the lowest is the oldest, of several that began at one time as well.
    number: u64,
    /// Bytes by their place, which do not overlap.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// The whole first piece, for its headers.
    first: Option<Vec<u8>>,
    /// Where the last piece ends.
    end: Option<usize>,
    /// The ECN marks of the pieces, a bit for each codepoint.
    marks: u8,
    /// Two pieces contradicted each other: what comes of this packet until its time is over is dropped.
    spoiled: bool,
}

/// All incomplete packets of a node.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    partials: BTreeMap<Key, Partial>,
    /// How many packets began.
    begun: u64,
}

/// Codepoints of ECN as bits (RFC 3168 §5).
const NOT_ECT: u8 = 1 << 0b00;
const CE: u8 = 1 << 0b11;

impl Partial {
    fn new(now: Time, number: u64) -> Self {
        let (until, pieces) = (now + PATIENCE, BTreeMap::new());
        Self { until, number, pieces, first: None, end: None, marks: 0, spoiled: false }
    }

    /// Whether it is a piece that is there already, and as last as that one.
    fn is_copy(&self, piece: &ip::Piece, bytes: &[u8]) -> bool {
        let was_last = self.end == Some(piece.offset + bytes.len());
        was_last == piece.is_last && self.pieces.get(&piece.offset).is_some_and(|it| it == bytes)
    }

    /// The packet, when no byte is missing: or what is wrong with it.
    fn join(&self) -> Option<Result<Vec<u8>, &'static str>> {
        let (payload, first) = self.whole().zip(self.first.as_ref())?;
        let Some(mut whole) = ip::join(first, &payload) else { return Some(Err("more than IP carries")) };
        // RFC 3168 §5.3: no sign of congestion is lost; beside a piece that does not know ECN, the packet is.
        match (self.marks & CE != 0, self.marks & NOT_ECT != 0) {
            (true, true) => return Some(Err("marked for congestion, and not all speak ECN")),
            (true, false) => ip::mark_congestion(&mut whole),
            _ => {}
        }
        Some(Ok(whole))
    }

    /// Whether these bytes lie on others, or beyond the end, or whether others lie beyond theirs, which are the last.
    fn clashes(&self, offset: usize, length: usize, is_last: bool) -> bool {
        let end = offset + length;
        let before = self.pieces.range(..offset).next_back().is_some_and(|(at, bytes)| at + bytes.len() > offset);
        let after = self.pieces.range(offset..).next().is_some_and(|(at, _)| *at < end || is_last);
        before || after || self.end.is_some_and(|known| end > known || is_last && end != known)
    }

    /// The payload, when no byte is missing.
    fn whole(&self) -> Option<Vec<u8>> {
        let have: usize = self.pieces.values().map(Vec::len).sum();
        (Some(have) == self.end).then(|| self.pieces.values().flatten().copied().collect())
    }

    fn spoil(&mut self) {
        (self.pieces, self.first, self.spoiled) = (BTreeMap::new(), None, true);
    }
}

impl Reassembly {
    /// Takes a piece; gives the packet when it was the last that was missing.
    pub(crate) fn take(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) -> Option<Vec<u8>> {
        let piece = ip::piece(packet.bytes)?;
        let bytes = packet.bytes.get(piece.at..)?;
        let sound = !bytes.is_empty()
            && piece.offset + bytes.len() <= LARGEST
            && (piece.is_last || bytes.len().is_multiple_of(8));
        let protocol = packet.from.is_ipv4().then_some(packet.protocol.0);
        let key = (packet.from, packet.to, protocol, piece.id);
        let begun = &mut self.begun;
        let taken = self.partials.entry(key).or_insert_with(|| {
            *begun += 1;
            Partial::new(now, *begun)
        });
        if taken.spoiled {
            out.decide(format!("another piece of packet {}, of which pieces overlapped: dropped", piece.id));
            return None;
        }
        // RFC 8200 §4.5: the network may copy a piece; the copy harms nothing.
        if taken.is_copy(&piece, bytes) {
            out.decide(format!("a piece of packet {} came twice: once is enough", piece.id));
            return None;
        }
        // RFC 5722 §4 for IPv6, and Linux for both: pieces that overlap are an attack or damage. Nobody is told.
        if !sound || taken.clashes(piece.offset, bytes.len(), piece.is_last) {
            taken.spoil();
            out.decide(format!("a piece of packet {} does not fit the others: all of it dropped", piece.id));
            self.bound(out);
            return None;
        }
        taken.pieces.insert(piece.offset, bytes.to_vec());
        taken.marks |= 1 << packet.ecn.value();
        if piece.offset == 0 {
            taken.first = Some(packet.bytes.to_vec());
        }
        if piece.is_last {
            taken.end = Some(piece.offset + bytes.len());
        }
        let (count, length) = (taken.pieces.len(), taken.end.unwrap_or_default());
        let Some(joined) = taken.join() else {
            self.bound(out);
            return None;
        };
        self.partials.remove(&key);
        let id = piece.id;
        match joined {
            Ok(_) => out.decide(format!("{count} pieces make packet {id} of {length} bytes again")),
            Err(why) => out.decide(format!("{count} pieces make no packet {id}: {why}: dropped")),
        }
        joined.ok()
    }

    /// The oldest gives way.
    fn bound(&mut self, out: &mut Output) {
        if self.partials.len() > PACKETS
            && let Some(key) = self.partials.iter().min_by_key(|(_, it)| it.number).map(|(key, _)| *key)
        {
            self.partials.remove(&key);
            out.decide(format!("{PACKETS} packets are incomplete: the oldest is dropped"));
        }
    }

    /// Gives up what has waited too long. Of those whose first piece was there, that piece: its sender is to be told
    /// (RFC 1122 §3.3.2, RFC 8200 §4.5).
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) -> Vec<Vec<u8>> {
        let late: Vec<_> = self.partials.iter().filter(|(_, it)| it.until <= now).map(|(key, _)| *key).collect();
        let mut told = Vec::new();
        for key in late {
            let Some(partial) = self.partials.remove(&key).filter(|it| !it.spoiled) else { continue };
            let (from, _, _, id) = key;
            out.decide(format!("pieces of packet {id} from {from} are missing after 60 s: the others are dropped"));
            told.extend(partial.first);
        }
        told
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        self.partials.values().map(|it| it.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ip::Envelope;
    use crate::recording::EventKind;

    const V4: [&str; 2] = ["10.0.0.1", "10.0.0.2"];
    const V6: [&str; 2] = ["2001:db8::1", "2001:db8::2"];

    /// A packet of 2000 bytes and its pieces; over IPv4 as their sender cut them: without DF, with an identification.
    fn pieces(ends: [&str; 2], id: u32) -> (Vec<u8>, Vec<Vec<u8>>) {
        let [from, to] = ends.map(|it| it.parse().expect("an address"));
        let envelope = Envelope { dont_fragment: false, ..Envelope::new(from, to, etherparse::IpNumber::UDP) };
        let packet = ip::write(&envelope, (0..=255).cycle().take(2000).collect()).expect("it fits");
        let pieces = ip::fragment_at_source(packet.clone(), 600, id).expect("it may be cut");
        (packet, pieces)
    }

    fn feed(all: &mut Reassembly, now: Time, bytes: &[u8], out: &mut Output) -> Option<Vec<u8>> {
        all.take(now, &ip::read(bytes).expect("whole"), out)
    }

    fn said(out: &Output) -> Vec<&str> {
        let text = out.events.iter().map(|it| if let EventKind::Decision { text } = it { text.as_str() } else { "" });
        text.collect()
    }

    #[test]
    fn pieces_in_any_order_make_the_packet_again() {
        for ends in [V4, V6] {
            let (mut packet, pieces) = pieces(ends, 9);
            ip::identify(&mut packet, 9);
            let (mut all, mut out) = (Reassembly::default(), Output::default());
            let order = [3, 0, 2, 1];
            let made: Vec<_> = order.iter().map(|at| feed(&mut all, Time::ZERO, &pieces[*at], &mut out)).collect();
            assert!(made[..3].iter().all(Option::is_none));
            assert_eq!(made[3].as_ref(), Some(&packet));
            assert_eq!(all.next_tick(), None);
            assert_eq!(said(&out), ["4 pieces make packet 9 of 2000 bytes again"]);
        }
    }

    // RFC 1122 §3.3.2, RFC 8200 §4.5
    #[test]
    fn what_is_incomplete_after_a_minute_is_dropped_and_told_where_the_first_piece_was_there() {
        for ends in [V4, V6] {
            let (mut all, mut out) = (Reassembly::default(), Output::default());
            let (with_first, without) = (pieces(ends, 9).1, pieces(ends, 10).1);
            feed(&mut all, Time::ZERO, &with_first[0], &mut out);
            feed(&mut all, Time::ZERO, &without[1], &mut out);
            // The time runs from the first piece that came.
            feed(&mut all, Time::ZERO + PATIENCE / 2, &with_first[1], &mut out);
            assert_eq!(all.next_tick(), Some(Time::ZERO + PATIENCE));
            assert_eq!(all.tick(Time::ZERO + PATIENCE, &mut out), [with_first[0].clone()]);
            assert_eq!(all.next_tick(), None);
            assert!(said(&out).len() == 2 && said(&out)[0].contains("missing after 60 s"));
        }
    }

    // RFC 5722 §4
    #[test]
    fn an_overlap_spoils_the_packet_and_what_comes_of_it_later_and_a_copy_does_not() {
        for ends in [V4, V6] {
            let (_, whole) = pieces(ends, 9);
            let (mut all, mut out) = (Reassembly::default(), Output::default());
            feed(&mut all, Time::ZERO, &whole[0], &mut out);
            feed(&mut all, Time::ZERO, &whole[0], &mut out);
            assert_eq!(said(&out), ["a piece of packet 9 came twice: once is enough"]);
            let mut other = whole[0].clone();
            *other.last_mut().expect("bytes") ^= 1;
            feed(&mut all, Time::ZERO, &other, &mut out);
            assert!(said(&out)[1].contains("does not fit the others"));
            let made = whole.iter().filter_map(|it| feed(&mut all, Time::ZERO, it, &mut out));
            assert_eq!(made.count(), 0);
            assert!(all.tick(Time::ZERO + PATIENCE, &mut out).is_empty(), "nobody is told");
            let made = whole.iter().filter_map(|it| feed(&mut all, Time::ZERO + PATIENCE, it, &mut out));
            assert_eq!(made.count(), 1, "after its time the number may stand for another packet");
        }
    }

    #[test]
    fn two_ends_or_bytes_behind_the_end_do_not_fit() {
        for ends in [V4, V6] {
            let (_, whole) = pieces(ends, 9);
            let (_, shorter) = {
                let [from, to] = ends.map(|it| it.parse().expect("an address"));
                let envelope = Envelope { dont_fragment: false, ..Envelope::new(from, to, etherparse::IpNumber::UDP) };
                let packet = ip::write(&envelope, vec![0; 1000]).expect("it fits");
                ((), ip::fragment_at_source(packet, 600, 9).expect("it may be cut"))
            };
            for second in [&whole[3], &whole[2]] {
                let (mut all, mut out) = (Reassembly::default(), Output::default());
                feed(&mut all, Time::ZERO, second, &mut out);
                feed(&mut all, Time::ZERO, &shorter[1], &mut out);
                assert!(said(&out)[0].contains("does not fit the others"), "{:?}", said(&out));
            }
        }
    }

    #[test]
    fn floods_are_bounded() {
        for ends in [V4, V6] {
            let (mut all, mut out) = (Reassembly::default(), Output::default());
            for id in 1..1000 {
                feed(&mut all, Time(u64::from(id)), &pieces(ends, id).1[0], &mut out);
            }
            assert_eq!(all.partials.len(), PACKETS);
        }
    }

    #[test]
    fn of_packets_that_began_at_one_time_the_first_gives_way() {
        let (mut all, mut out) = (Reassembly::default(), Output::default());
        let most = u32::try_from(PACKETS).expect("few");
        for id in (1..=most + 1).rev() {
            feed(&mut all, Time::ZERO, &pieces(V4, id).1[0], &mut out);
        }
        let left: Vec<_> = all.partials.keys().map(|it| it.3).collect();
        assert_eq!(left, (1..=most).collect::<Vec<_>>());
    }

    #[test]
    fn a_copy_that_says_it_is_the_last_does_not_fit() {
        let (_, whole) = pieces(V6, 9);
        let (mut all, mut out) = (Reassembly::default(), Output::default());
        feed(&mut all, Time::ZERO, &whole[1], &mut out);
        let mut last = whole[1].clone();
        last[43] &= !1;
        feed(&mut all, Time::ZERO, &last, &mut out);
        assert!(said(&out)[0].contains("does not fit the others"), "{:?}", said(&out));
    }

    // RFC 791 §3.1: the header counts as well.
    #[test]
    fn pieces_of_more_than_ip_carries_are_not_said_to_make_a_packet() {
        let (mut all, mut out) = (Reassembly::default(), Output::default());
        let piece = |offset: usize, length: usize, more: bool| {
            let [from, to] = V4.map(|it| it.parse::<std::net::Ipv4Addr>().expect("an address").octets());
            let length = u16::try_from(length).expect("small");
            let mut header =
                etherparse::Ipv4Header::new(length, 64, etherparse::IpNumber::UDP, from, to).expect("small");
            header.dont_fragment = false;
            (header.identification, header.more_fragments) = (9, more);
            let offset = u16::try_from(offset / 8).expect("small");
            header.fragment_offset = etherparse::IpFragOffset::try_new(offset).expect("small");
            header.header_checksum = header.calc_header_checksum();
            [&header.to_bytes()[..], &vec![0; usize::from(length)]].concat()
        };
        for bytes in [piece(0, 60_000, true), piece(60_000, 5530, false)] {
            assert_eq!(feed(&mut all, Time::ZERO, &bytes, &mut out), None);
        }
        assert_eq!(said(&out), ["2 pieces make no packet 9: more than IP carries: dropped"]);
        assert_eq!(all.next_tick(), None);
    }

    // RFC 3168 §5.3
    #[test]
    fn a_mark_of_congestion_on_any_piece_is_on_the_packet() {
        for ends in [V4, V6] {
            for (marked, others, expected) in [(2, 2, Some(3)), (3, 2, Some(3)), (0, 2, Some(3)), (1, 0, None)] {
                let [from, to] = ends.map(|it| it.parse().expect("an address"));
                let ecn = etherparse::IpEcn::try_new(others).expect("two bits");
                let envelope =
                    Envelope { dont_fragment: false, ecn, ..Envelope::new(from, to, etherparse::IpNumber::UDP) };
                let packet = ip::write(&envelope, vec![1; 2000]).expect("it fits");
                let mut pieces = ip::fragment_at_source(packet, 600, 9).expect("it may be cut");
                ip::mark_congestion(&mut pieces[marked]);
                let (mut all, mut out) = (Reassembly::default(), Output::default());
                let made = pieces.iter().filter_map(|it| feed(&mut all, Time::ZERO, it, &mut out)).next_back();
                let read = made.as_deref().map(|it| ip::read(it).expect("its checksum is right").ecn.value());
                assert_eq!(read, expected, "piece {marked} among {others}: {:?}", said(&out));
            }
        }
    }
}
