//! The IPv4 header (RFC 791 §3.1).
use std::net::Ipv4Addr;

use etherparse::{IpEcn, Ipv4Header};

use crate::lab::ip::{Envelope, Packet};

pub(super) fn read(packet: &[u8]) -> Option<Packet<'_>> {
    let (header, rest) = Ipv4Header::from_slice(packet).ok()?;
    let payload = rest.get(..usize::from(header.payload_len().ok()?))?;
    let whole = &packet[..header.header_len() + payload.len()];
    (header.calc_header_checksum() == header.header_checksum).then(|| seen(&header, whole, payload))
}

pub(super) fn read_beginning(packet: &[u8]) -> Option<Packet<'_>> {
    let (header, payload) = Ipv4Header::from_slice(packet).ok()?;
    Some(seen(&header, packet, payload))
}

fn seen<'a>(header: &Ipv4Header, bytes: &'a [u8], payload: &'a [u8]) -> Packet<'a> {
    Packet {
        from: header.source.into(),
        to: header.destination.into(),
        protocol: header.protocol,
        hops: header.time_to_live,
        ecn: header.ecn,
        dont_fragment: header.dont_fragment,
        is_fragment: header.is_fragmenting_payload(),
        is_later_fragment: header.fragment_offset.value() != 0,
        bytes,
        payload,
        problem: None,
    }
}

pub(super) fn write(envelope: &Envelope, from: Ipv4Addr, to: Ipv4Addr, mut payload: Vec<u8>) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len()).ok()?;
    let mut header = Ipv4Header::new(length, envelope.hops, envelope.protocol, from.octets(), to.octets()).ok()?;
    (header.ecn, header.dont_fragment) = (envelope.ecn, envelope.dont_fragment);
    header.header_checksum = header.calc_header_checksum();
    payload.splice(0..0, header.to_bytes());
    Some(payload)
}

pub(super) fn one_hop_on(packet: &mut [u8]) {
    change(packet, |header| header.time_to_live = header.time_to_live.saturating_sub(1));
}

pub(super) fn mark_congestion(packet: &mut [u8]) {
    change(packet, |header| header.ecn = IpEcn::THREE);
}

fn change(packet: &mut [u8], change: impl FnOnce(&mut Ipv4Header)) {
    let Ok((mut header, _)) = Ipv4Header::from_slice(packet) else { return };
    change(&mut header);
    header.header_checksum = header.calc_header_checksum();
    packet[..header.header_len()].copy_from_slice(&header.to_bytes());
}
