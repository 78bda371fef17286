//! A glance at a frame the lab itself moves: what TCP or UDP it carries, for losses and filters that choose by that.
use etherparse::{EtherType, IpNumber, TcpSlice, UdpSlice};

use crate::lab::{frame, ip};

/// The TCP segment in a frame; `None` when there is none.
fn tcp(bytes: &[u8]) -> Option<TcpSlice<'_>> {
    TcpSlice::from_slice(transport(bytes, IpNumber::TCP)?).ok()
}

/// What an IP packet of that protocol carries; nothing of a later fragment.
fn transport(bytes: &[u8], protocol: IpNumber) -> Option<&[u8]> {
    let (_, _, EtherType::IPV4 | EtherType::IPV6, packet) = frame::open(bytes)? else { return None };
    let packet = ip::read(packet)?;
    (packet.protocol == protocol && !packet.is_later_fragment).then_some(packet.payload)
}

/// Whether a frame carries a program's bytes over TCP or UDP.
pub(crate) fn carries_data(bytes: &[u8]) -> bool {
    let udp = || UdpSlice::from_slice(transport(bytes, IpNumber::UDP)?).ok();
    tcp(bytes).is_some_and(|it| !it.payload().is_empty()) || udp().is_some_and(|it| !it.payload().is_empty())
}

/// The port a frame goes to over TCP.
pub(crate) fn tcp_port(bytes: &[u8]) -> Option<u16> {
    Some(tcp(bytes)?.destination_port())
}

/// Whether a frame asks for a new TCP connection.
pub(crate) fn is_syn(bytes: &[u8]) -> bool {
    tcp(bytes).is_some_and(|it| it.syn() && !it.ack())
}
