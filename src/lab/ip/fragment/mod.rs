//! IP packets cut to fit a path and put together again: by sender and routers over IPv4, by the sender alone over IPv6.
mod v4;
mod v6;

/// What tells the pieces of one packet from those of another, and where a piece belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// 16 bits over IPv4, 32 over IPv6.
    pub(crate) id: u32,
    /// In bytes of what was cut.
    pub(crate) offset: usize,
    pub(crate) is_last: bool,
    /// Where in the packet the piece begins.
    pub(crate) at: usize,
}

fn is_v6(packet: &[u8]) -> bool {
    packet.first().is_some_and(|it| it >> 4 == 6)
}

/// The place of a piece; `None` for a whole packet, and for a fragment that is the whole packet (RFC 6946).
pub(crate) fn piece(packet: &[u8]) -> Option<Piece> {
    if is_v6(packet) { v6::piece(packet) } else { v4::piece(packet) }
}

/// The packet in pieces of at most `mtu` bytes, as a router cuts it; `None` where it is no IPv4 packet that may be cut.
pub(crate) fn fragment(packet: &[u8], mtu: u16) -> Option<Vec<Vec<u8>>> {
    v4::fragment(packet, mtu)
}

/// The sender's own packet in pieces of at most `mtu` bytes, under this identification; over IPv4 routers may cut them
/// again. `None` where the MTU leaves no room.
pub(crate) fn fragment_at_source(mut packet: Vec<u8>, mtu: u16, id: u32) -> Option<Vec<Vec<u8>>> {
    if is_v6(&packet) {
        return v6::fragment(&packet, mtu, id);
    }
    v4::allow_cutting(&mut packet, id);
    v4::fragment(&packet, mtu)
}

/// The whole packet again: the headers of its first piece, and everybody's bytes; `None` when IP carries no such packet.
pub(crate) fn join(first: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    if is_v6(first) { v6::join(first, bytes) } else { v4::join(first, bytes) }
}

pub(crate) use v4::identify;
