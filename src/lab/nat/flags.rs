//! A TCP segment's flags.
use crate::lab::nat::rewrite::Flow;

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const ACK: u8 = 16;

/// The flags; none where the header is cut off.
pub(super) fn of(packet: &[u8], flow: Flow) -> u8 {
    packet.get(flow.at + 13).copied().unwrap_or(0)
}

/// Whether it asks for a new connection.
pub(super) fn is_syn(packet: &[u8], flow: Flow) -> bool {
    of(packet, flow) & (SYN | ACK) == SYN
}
