//! A glance at a frame the lab itself moves: whether it carries a program's bytes, for losses that choose by that.
use etherparse::{EtherType, IpNumber, TcpSlice, UdpSlice};

use crate::lab::frame;

/// Whether a frame carries a program's bytes over TCP or UDP.
pub(crate) fn carries_data(bytes: &[u8]) -> bool {
    let Some((_, _, EtherType::IPV4, ip)) = frame::open(bytes) else { return false };
    let Some((header, payload)) = frame::ipv4(ip).filter(|(it, _)| it.fragment_offset.value() == 0) else {
        return false;
    };
    match header.protocol {
        IpNumber::TCP => TcpSlice::from_slice(payload).is_ok_and(|it| !it.payload().is_empty()),
        IpNumber::UDP => UdpSlice::from_slice(payload).is_ok_and(|it| !it.payload().is_empty()),
        _ => false,
    }
}

/// The port a frame goes to over TCP.
pub(crate) fn tcp_port(bytes: &[u8]) -> Option<u16> {
    let (_, _, EtherType::IPV4, ip) = frame::open(bytes)? else { return None };
    match packet(ip)? {
        Payload::Tcp(segment) => Some(segment.to.port()),
        _ => None,
    }
}
