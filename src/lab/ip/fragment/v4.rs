//! IPv4 packets cut to fit a link (RFC 791 §2.3, §3.2), and what a piece says of its place.
use etherparse::{IpFragOffset, Ipv4Header};

use crate::lab::ip::fragment::Piece;

/// The place of an IPv4 piece; `None` for a whole packet or another family.
pub(super) fn piece(packet: &[u8]) -> Option<Piece> {
    let header = header(packet)?.0;
    header.is_fragmenting_payload().then(|| Piece {
        id: header.identification.into(),
        offset: usize::from(header.fragment_offset.value()) * 8,
        is_last: !header.more_fragments,
        at: header.header_len(),
    })
}

fn header(packet: &[u8]) -> Option<(Ipv4Header, &[u8])> {
    if packet.first()? >> 4 != 4 {
        return None;
    }
    Ipv4Header::from_slice(packet).ok()
}

/// The packet in pieces of at most `mtu` bytes, each with a multiple of 8 bytes but the last; `None` where it is no IPv4
/// packet that may be cut. Options are copied into every piece: the lab sends none.
pub(super) fn fragment(packet: &[u8], mtu: u16) -> Option<Vec<Vec<u8>>> {
    let (header, payload) = header(packet)?;
    let room = usize::from(mtu).checked_sub(header.header_len())? / 8 * 8;
    if header.dont_fragment || room == 0 {
        return None;
    }
    let count = payload.len().div_ceil(room);
    let pieces = payload.chunks(room).enumerate().map(|(number, bytes)| {
        let mut own = header.clone();
        let offset = header.fragment_offset.value() + u16::try_from(number * room / 8).ok()?;
        own.fragment_offset = IpFragOffset::try_new(offset).ok()?;
        // Of a piece that is cut again, the last part is as last as the piece was.
        own.more_fragments = number + 1 < count || header.more_fragments;
        own.set_payload_len(bytes.len()).ok()?;
        own.header_checksum = own.calc_header_checksum();
        Some([&own.to_bytes(), bytes].concat())
    });
    pieces.collect()
}

/// The whole packet again: the header of its first piece, and everybody's payload.
pub(super) fn join(first: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let mut header = header(first)?.0;
    header.more_fragments = false;
    header.fragment_offset = IpFragOffset::ZERO;
    header.set_payload_len(payload.len()).ok()?;
    header.header_checksum = header.calc_header_checksum();
    Some([&header.to_bytes(), payload].concat())
}

/// Clears DF and gives the packet an identification (RFC 6864 §4.1: it must have one of its own where it may be cut).
pub(super) fn allow_cutting(packet: &mut [u8], id: u32) {
    let Some((mut header, _)) = header(packet) else { return };
    header.dont_fragment = false;
    let [_, _, a, b] = id.to_be_bytes();
    header.identification = u16::from_be_bytes([a, b]);
    header.header_checksum = header.calc_header_checksum();
    let length = header.header_len();
    packet[..length].copy_from_slice(&header.to_bytes());
}

/// Gives an IPv4 packet that has none an identification, which all its pieces will have (RFC 6864 §4.1: needed where DF is not set).
pub(crate) fn identify(packet: &mut [u8], id: u16) {
    let Some((mut header, _)) = header(packet) else { return };
    if !header.dont_fragment && header.identification == 0 {
        header.identification = id;
        header.header_checksum = header.calc_header_checksum();
        let length = header.header_len();
        packet[..length].copy_from_slice(&header.to_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ip::{self, Envelope};
    use etherparse::IpNumber;

    fn packet(bytes: usize, dont_fragment: bool) -> Vec<u8> {
        let payload: Vec<u8> = (0..=255).cycle().take(bytes).collect();
        let (from, to) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let envelope = Envelope { dont_fragment, ..Envelope::new(from, to, IpNumber::UDP) };
        let mut packet = ip::write(&envelope, payload).expect("it fits");
        identify(&mut packet, 77);
        packet
    }

    #[test]
    fn pieces_fit_lie_end_to_end_and_are_cut_again() {
        let whole = packet(3000, false);
        let pieces = fragment(&whole, 1006).expect("it may be cut");
        let places: Vec<_> = pieces.iter().map(|it| piece(it).expect("a piece")).collect();
        let expected = [(0, false), (984, false), (1968, false), (2952, true)];
        assert_eq!(places.iter().map(|it| (it.offset, it.is_last)).collect::<Vec<_>>(), expected);
        assert!(places.iter().all(|it| it.id == 77) && pieces.iter().all(|it| it.len() <= 1006));
        assert!(pieces.iter().all(|it| ip::read(it).is_some_and(|it| it.is_fragment)), "checksums are right");
        let smaller = fragment(&pieces[1], 500).expect("it may be cut again");
        let last = piece(smaller.last().expect("several")).expect("a piece");
        assert_eq!((last.offset, last.is_last), (984 + 960, false));
        let payload: Vec<u8> = pieces.iter().flat_map(|it| it[20..].to_vec()).collect();
        assert_eq!(join(&pieces[0], &payload), Some(whole));
    }

    #[test]
    fn what_may_not_be_cut_is_not() {
        assert_eq!(fragment(&packet(3000, true), 1006), None);
        assert_eq!(fragment(&packet(3000, false), 27), None);
        assert_eq!(fragment(&[0x60; 60], 40), None);
        assert_eq!(piece(&packet(10, true)), None);
    }
}
