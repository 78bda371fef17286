//! MSS clamping: a router lowers the MSS option of TCP handshakes to what its links carry, so that no segment is too large
//! whatever becomes of ICMP. No RFC asks for it; routers in front of tunnels do it (Linux: `TCPMSS --clamp-mss-to-pmtu`).
use crate::lab::ip;
use crate::lab::nat::mend;

const TCP: u8 = 6;
const SYN: u8 = 2;
/// The bytes of a TCP header without options.
const HEADER: usize = 20;

/// Lowers the MSS of a SYN or SYN-ACK to what fits `mtu`; gives the MSS before and after where it was changed.
pub(crate) fn clamp(packet: &mut [u8], mtu: u16) -> Option<(u16, u16)> {
    let read = ip::read(packet)?;
    let most = usize::from(mtu).checked_sub(ip::header_bytes(read.from) + HEADER)?;
    let most = u16::try_from(most).ok()?;
    if read.protocol.0 != TCP || read.is_fragment || read.payload.get(13)? & SYN == 0 {
        return None;
    }
    let tcp = read.bytes.len() - read.payload.len();
    let options_end = tcp + usize::from(read.payload.get(12)? >> 4) * 4;
    let at = mss_option(packet.get(..options_end)?, tcp + HEADER)?;
    let before = u16::from_be_bytes([packet[at], packet[at + 1]]);
    if before <= most {
        return None;
    }
    // The checksum covers words from the header's start: an option may lie across two of them.
    let words = [(at - tcp) & !1, ((at - tcp) & !1) + 2].map(|it| it + tcp);
    let byte = |packet: &[u8], at: usize| packet.get(at).copied().unwrap_or(0);
    let read_words = |packet: &[u8]| words.map(|it| u16::from_be_bytes([byte(packet, it), byte(packet, it + 1)]));
    let old = read_words(packet);
    packet[at..at + 2].copy_from_slice(&most.to_be_bytes());
    let new = read_words(packet);
    mend(packet, tcp + 16, &[(old[0], new[0]), (old[1], new[1])]);
    Some((before, most))
}

/// Where the value of the MSS option stands (RFC 9293 §3.2: kind 2, length 4).
fn mss_option(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *packet.get(at)? {
            0 => return None,
            1 => at += 1,
            2 if *packet.get(at + 1)? == 4 && packet.len() >= at + 4 => return Some(at + 2),
            _ => at += usize::from(*packet.get(at + 1)?).max(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{PacketBuilder, TcpOptionElement};

    /// A SYN whose MSS option stands behind `noops` bytes.
    fn syn(noops: usize, mss: u16) -> Vec<u8> {
        let mut options = vec![TcpOptionElement::Noop; noops];
        options.push(TcpOptionElement::MaximumSegmentSize(mss));
        let packet = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(40_000, 80, 7, 65_535).syn();
        let mut bytes = Vec::new();
        packet.options(&options).expect("they fit").write(&mut bytes, &[]).expect("a Vec takes all");
        bytes
    }

    #[test]
    fn a_larger_mss_is_lowered_and_the_checksum_stays_right() {
        for noops in 0..4 {
            let mut packet = syn(noops, 1460);
            assert_eq!(clamp(&mut packet, 1400), Some((1460, 1360)));
            assert_eq!(packet, syn(noops, 1360), "as if its sender had said so");
            assert_eq!(clamp(&mut packet, 1400), None, "it fits");
        }
    }

    #[test]
    fn cut_or_odd_packets_are_left_alone() {
        let whole = syn(1, 1460);
        for length in 0..whole.len() {
            assert_eq!(clamp(&mut whole[..length].to_vec(), 1400), None);
        }
        let mut odd = whole;
        odd[41] = 0;
        assert_eq!(clamp(&mut odd, 1400), None, "an option that says it has no length");
    }
}
