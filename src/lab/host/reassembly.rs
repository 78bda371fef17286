//! Pieces of IPv4 packets put together (RFC 791 §3.2, RFC 1122 §3.3.2): bounded in number, in bytes and in time.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::lab::ip::{self, Packet};
use crate::lab::output::Output;
use crate::recording::Time;

/// Pieces wait this long for the rest (RFC 1122 §3.3.2: a fixed value between 60 and 120 s; RFC 8200 §4.5: 60 s).
const PATIENCE: Duration = Duration::from_secs(60);
/// Packets that may be incomplete at once; the oldest gives way.
const PACKETS: usize = 64;
/// No packet is larger (RFC 791 §3.1).
const LARGEST: usize = 65_535;

/// Source, destination, protocol and identification: what all pieces of a packet share.
type Key = (IpAddr, IpAddr, u8, u16);

/// A packet that is not whole yet.
#[derive(Debug)]
struct Partial {
    until: Time,
    /// Bytes by their place, which do not overlap.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// The whole first piece, for its header.
    first: Option<Vec<u8>>,
    /// Where the last piece ends.
    end: Option<usize>,
}

/// All incomplete packets of a host.
#[derive(Debug, Default)]
pub(super) struct Reassembly(BTreeMap<Key, Partial>);

impl Partial {
    fn new(now: Time) -> Self {
        Self { until: now + PATIENCE, pieces: BTreeMap::new(), first: None, end: None }
    }

    /// Whether these bytes lie on others, or beyond the end.
    fn clashes(&self, offset: usize, length: usize) -> bool {
        let before = self.pieces.range(..offset).next_back().is_some_and(|(at, bytes)| at + bytes.len() > offset);
        let after = self.pieces.range(offset..).next().is_some_and(|(at, _)| *at < offset + length);
        before || after || self.end.is_some_and(|end| offset + length > end)
    }

    /// The payload, when no byte is missing.
    fn whole(&self) -> Option<Vec<u8>> {
        let have: usize = self.pieces.values().map(Vec::len).sum();
        (Some(have) == self.end).then(|| self.pieces.values().flatten().copied().collect())
    }
}

impl Reassembly {
    /// Takes a piece; gives the packet when it was the last that was missing.
    pub(super) fn take(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) -> Option<Vec<u8>> {
        let piece = ip::piece(packet.bytes)?;
        let length = packet.payload.len();
        let sound = length > 0 && piece.offset + length <= LARGEST && (piece.is_last || length.is_multiple_of(8));
        let key = (packet.from, packet.to, packet.protocol.0, piece.id);
        let taken = self.0.entry(key).or_insert_with(|| Partial::new(now));
        // RFC 5722 §3 for IPv6, and Linux for both: pieces that overlap are an attack or damage.
        if !sound || taken.clashes(piece.offset, length) {
            self.0.remove(&key);
            out.decide(format!("a piece of packet {} does not fit the others: all of it dropped", piece.id));
            return None;
        }
        taken.pieces.insert(piece.offset, packet.payload.to_vec());
        if piece.offset == 0 {
            taken.first = Some(packet.bytes.to_vec());
        }
        if piece.is_last {
            taken.end = Some(piece.offset + length);
        }
        let count = taken.pieces.len();
        let Some((payload, first)) = taken.whole().zip(taken.first.as_ref()) else {
            self.bound(out);
            return None;
        };
        let whole = ip::join(first, &payload);
        self.0.remove(&key);
        out.decide(format!("{count} pieces make packet {} of {} bytes again", piece.id, payload.len()));
        whole
    }

    /// The oldest gives way.
    fn bound(&mut self, out: &mut Output) {
        if self.0.len() > PACKETS
            && let Some(key) = self.0.iter().min_by_key(|(_, it)| it.until).map(|(key, _)| *key)
        {
            self.0.remove(&key);
            out.decide(format!("{PACKETS} packets are incomplete: the oldest is dropped"));
        }
    }

    /// Gives up what has waited too long.
    pub(super) fn tick(&mut self, now: Time, out: &mut Output) {
        self.0.retain(|(from, _, _, id), partial| {
            let waits = partial.until > now;
            if !waits {
                out.decide(format!("pieces of packet {id} from {from} are missing after 60 s: the others are dropped"));
            }
            waits
        });
    }

    pub(super) fn next_tick(&self) -> Option<Time> {
        self.0.values().map(|it| it.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ip::Envelope;
    use crate::recording::EventKind;

    /// A packet of 2000 bytes in pieces.
    fn pieces(id: u16) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (from, to) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let envelope = Envelope { dont_fragment: false, ..Envelope::new(from, to, etherparse::IpNumber::UDP) };
        let mut packet = ip::write(&envelope, (0..=255).cycle().take(2000).collect()).expect("it fits");
        ip::identify(&mut packet, id);
        let pieces = ip::fragment(&packet, 600).expect("it may be cut");
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
        let (packet, pieces) = pieces(9);
        let (mut all, mut out) = (Reassembly::default(), Output::default());
        let order = [3, 0, 2, 1];
        let made: Vec<_> = order.iter().map(|at| feed(&mut all, Time::ZERO, &pieces[*at], &mut out)).collect();
        assert!(made[..3].iter().all(Option::is_none));
        assert_eq!(made[3].as_ref(), Some(&packet));
        assert_eq!(all.next_tick(), None);
        assert_eq!(said(&out), ["4 pieces make packet 9 of 2000 bytes again"]);
    }

    // RFC 1122 §3.3.2
    #[test]
    fn what_is_incomplete_after_a_minute_is_dropped() {
        let (_, pieces) = pieces(9);
        let (mut all, mut out) = (Reassembly::default(), Output::default());
        feed(&mut all, Time::ZERO, &pieces[0], &mut out);
        assert_eq!(all.next_tick(), Some(Time::ZERO + PATIENCE));
        all.tick(Time::ZERO + PATIENCE, &mut out);
        assert_eq!(all.next_tick(), None);
        assert!(said(&out)[0].contains("missing after 60 s"));
    }

    #[test]
    fn overlaps_and_floods_are_bounded() {
        let (_, whole) = pieces(9);
        let (mut all, mut out) = (Reassembly::default(), Output::default());
        feed(&mut all, Time::ZERO, &whole[0], &mut out);
        feed(&mut all, Time::ZERO, &whole[0], &mut out);
        assert!(said(&out)[0].contains("does not fit the others"));
        for id in 0..1000 {
            feed(&mut all, Time(u64::from(id)), &pieces(id).1[0], &mut out);
        }
        assert_eq!(all.0.len(), PACKETS);
    }
}
