//! IPv6 packets cut by their sender (RFC 8200 §4.5), which routers never do.
use crate::lab::ip::fragment::Piece;
use crate::lab::ip::v6::{self, FRAGMENT, FragmentHeader, HEADER};

/// Bytes of the fragment header.
const FRAGMENT_HEADER: usize = 8;

/// The place of a piece; `None` for any other packet.
pub(super) fn piece(packet: &[u8]) -> Option<Piece> {
    let FragmentHeader { at, id, offset, more, .. } = v6::fragment_header(packet)?;
    let at = at + FRAGMENT_HEADER;
    (offset != 0 || more).then_some(Piece { id, offset, is_last: !more, at })
}

/// The packet in pieces of at most `mtu` bytes. The lab sends no extension headers: what every piece repeats is the IPv6
/// header alone, and the first piece holds the upper layer's whole header (RFC 7112 §5).
pub(super) fn fragment(packet: &[u8], mtu: u16, id: u32) -> Option<Vec<Vec<u8>>> {
    let (header, payload) = packet.split_at_checked(HEADER)?;
    let room = usize::from(mtu).checked_sub(HEADER + FRAGMENT_HEADER)? / 8 * 8;
    if room == 0 {
        return None;
    }
    let count = payload.len().div_ceil(room);
    let pieces = payload.chunks(room).enumerate().map(|(number, bytes)| {
        let more = u16::from(number + 1 < count);
        // The offset counts 8 octets and stands above three bits, so that in bytes it is already in its place.
        let word = u16::try_from(number * room).ok()? | more;
        let mut piece = header.to_vec();
        piece.extend([header[6], 0]);
        piece.extend(word.to_be_bytes());
        piece.extend(id.to_be_bytes());
        piece.extend(bytes);
        piece[6] = FRAGMENT;
        set_length(&mut piece)?;
        Some(piece)
    });
    pieces.collect()
}

/// The headers in front of the first piece's fragment header, without it, and everybody's bytes (RFC 8200 §4.5).
pub(super) fn join(first: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let header = v6::fragment_header(first)?;
    let mut whole = [first.get(..header.at)?, bytes].concat();
    // The last header that stays names what the fragment header named.
    whole[header.named_at] = *first.get(header.at)?;
    set_length(&mut whole)?;
    Some(whole)
}

/// The payload length says what follows the IPv6 header; `None` when it is more than 65535 bytes.
fn set_length(packet: &mut [u8]) -> Option<()> {
    let length = u16::try_from(packet.len() - HEADER).ok()?;
    packet[4..6].copy_from_slice(&length.to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ip::{self, Envelope};
    use etherparse::IpNumber;

    fn packet(bytes: usize) -> Vec<u8> {
        let [from, to] = ["2001:db8::1", "2001:db8::2"].map(|it| it.parse().expect("an address"));
        ip::write(&Envelope::new(from, to, IpNumber::UDP), (0..=255).cycle().take(bytes).collect()).expect("it fits")
    }

    #[test]
    fn pieces_fit_lie_end_to_end_and_make_the_packet_again() {
        let whole = packet(3000);
        let pieces = fragment(&whole, 1280, 0xdead_beef).expect("there is room");
        let places: Vec<_> = pieces.iter().map(|it| piece(it).expect("a piece")).collect();
        let expected = [(0, false), (1232, false), (2464, true)];
        assert_eq!(places.iter().map(|it| (it.offset, it.is_last)).collect::<Vec<_>>(), expected);
        assert!(places.iter().all(|it| it.id == 0xdead_beef && it.at == 48));
        assert!(pieces.iter().all(|it| it.len() <= 1280 && ip::read(it).is_some_and(|it| it.is_fragment)));
        let bytes: Vec<u8> = pieces.iter().flat_map(|it| it[48..].to_vec()).collect();
        assert_eq!(join(&pieces[0], &bytes), Some(whole));
    }

    #[test]
    fn a_whole_packet_a_tiny_link_and_a_packet_beyond_ip_are_not_cut_or_joined() {
        assert_eq!(piece(&packet(10)), None);
        assert_eq!(fragment(&packet(100), 55, 1), None);
        let first = &fragment(&packet(3000), 1280, 1).expect("there is room")[0];
        assert_eq!(join(first, &[0; 65_536]), None);
    }
}
