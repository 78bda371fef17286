//! The RST that a middlebox or a router sends in another's name (RFC 9293 §3.10.7.1).
use etherparse::{IpNumber, TcpHeader};

use crate::lab::ip::{self, Envelope, Packet};
use std::net::IpAddr;

/// The whole packet with the RST that answers a TCP segment, as if from its other end; `None` for anything else. A RST is
/// not answered, nor is a source that is no host's.
pub(crate) fn answer(packet: &Packet<'_>) -> Option<Vec<u8>> {
    if packet.protocol != IpNumber::TCP || packet.is_later_fragment {
        return None;
    }
    let (header, payload) = TcpHeader::from_slice(packet.payload).ok()?;
    let nobody = packet.from.is_unspecified() || packet.from.is_multicast() || ip::is_limited_broadcast(packet.from);
    if header.rst || nobody {
        return None;
    }
    // "If the incoming segment has an ACK field, the reset takes its sequence number from the ACK field of the segment."
    let mut reset = TcpHeader::new(header.destination_port, header.source_port, header.acknowledgment_number, 0);
    reset.rst = true;
    if !header.ack {
        let length = payload.len() + usize::from(header.syn) + usize::from(header.fin);
        reset.sequence_number = 0;
        reset.ack = true;
        reset.acknowledgment_number = header.sequence_number.wrapping_add(u32::try_from(length).ok()?);
    }
    reset.checksum = match (packet.to, packet.from) {
        (IpAddr::V4(from), IpAddr::V4(to)) => reset.calc_checksum_ipv4_raw(from.octets(), to.octets(), &[]).ok()?,
        (IpAddr::V6(from), IpAddr::V6(to)) => reset.calc_checksum_ipv6_raw(from.octets(), to.octets(), &[]).ok()?,
        _ => return None,
    };
    let envelope = Envelope { dont_fragment: false, ..Envelope::new(packet.to, packet.from, IpNumber::TCP) };
    ip::write(&envelope, reset.to_bytes().to_vec())
}
