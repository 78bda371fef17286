//! A TCP segment's flags, and the RST that answers a segment nobody knows (RFC 9293 §3.10.7.1).
use etherparse::{IpNumber, TcpHeader};

use crate::lab::frame;
use crate::lab::nat::rewrite::Flow;

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const ACK: u8 = 16;

/// The flags; none where the header is cut off.
pub(super) fn flags(packet: &[u8], flow: Flow) -> u8 {
    packet.get(flow.at + 13).copied().unwrap_or(0)
}

/// Whether it asks for a new connection.
pub(super) fn is_syn(packet: &[u8], flow: Flow) -> bool {
    flags(packet, flow) & (SYN | ACK) == SYN
}

/// The whole packet with the RST, from the other end; a RST is not answered.
pub(super) fn answer(packet: &[u8], flow: Flow) -> Option<Vec<u8>> {
    let (header, payload) = TcpHeader::from_slice(packet.get(flow.at..)?).ok()?;
    if header.rst {
        return None;
    }
    // "If the incoming segment has an ACK field, the reset takes its sequence number from the ACK field of the segment."
    let mut reset = TcpHeader::new(flow.to.port(), flow.from.port(), header.acknowledgment_number, 0);
    reset.rst = true;
    if !header.ack {
        let length = payload.len() + usize::from(header.syn) + usize::from(header.fin);
        reset.sequence_number = 0;
        reset.ack = true;
        reset.acknowledgment_number = header.sequence_number.wrapping_add(u32::try_from(length).ok()?);
    }
    let (from, to) = (*flow.to.ip(), *flow.from.ip());
    reset.checksum = reset.calc_checksum_ipv4_raw(from.octets(), to.octets(), &[]).ok()?;
    frame::ipv4_packet(from, to, IpNumber::TCP, &reset.to_bytes())
}
