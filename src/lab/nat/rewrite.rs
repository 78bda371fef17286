//! Addresses and ports changed where they stand in a packet, with the checksums mended, not computed anew (RFC 1624).
use std::net::{Ipv4Addr, SocketAddrV4};

/// Protocol numbers (IANA).
pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

/// What a NAT must know of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) protocol: u8,
    /// Ports of TCP and UDP; of an ICMP query both are its identifier.
    pub(super) from: SocketAddrV4,
    pub(super) to: SocketAddrV4,
    /// Where the transport's header begins.
    pub(super) at: usize,
}

/// What a packet is to a NAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    Flow(Flow),
    /// An ICMP error; what it quotes begins there.
    Error {
        quoted: usize,
    },
    /// Nothing a NAT can translate: another protocol, a later fragment, or damaged.
    Other,
}

/// Reads a packet whose IP header was found whole.
pub(super) fn read(packet: &[u8]) -> Packet {
    let Some(flow) = flow(packet) else { return Packet::Other };
    if flow.protocol != ICMP {
        return Packet::Flow(flow);
    }
    match packet.get(flow.at) {
        // Echo and echo reply (RFC 792).
        Some(8 | 0) => Packet::Flow(flow),
        // Destination unreachable, time exceeded, parameter problem.
        Some(3 | 11 | 12) => Packet::Error { quoted: flow.at + 8 },
        _ => Packet::Other,
    }
}

/// The flow of a packet, or of the beginning of one that an ICMP error quotes.
pub(super) fn flow(packet: &[u8]) -> Option<Flow> {
    let at = usize::from(packet.first()? & 0x0f) * 4;
    let offset = u16::from_be_bytes([packet.get(6)? & 0x1f, *packet.get(7)?]);
    let protocol = *packet.get(9)?;
    if at < 20 || offset != 0 || !matches!(protocol, ICMP | TCP | UDP) {
        return None;
    }
    let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
    let ports = if protocol == ICMP { [at + 4, at + 4] } else { [at, at + 2] };
    let [source, destination] = ports.map(|at| word(packet, at));
    Some(Flow {
        protocol,
        from: SocketAddrV4::new(address(12)?, source?),
        to: SocketAddrV4::new(address(16)?, destination?),
        at,
    })
}

/// Gives the packet another source.
pub(super) fn set_source(packet: &mut [u8], flow: Flow, new: SocketAddrV4) {
    set(packet, flow, (12, flow.from, new), 0);
}

/// Gives the packet another destination.
pub(super) fn set_destination(packet: &mut [u8], flow: Flow, new: SocketAddrV4) {
    set(packet, flow, (16, flow.to, new), 2);
}

fn set(packet: &mut [u8], flow: Flow, (address_at, old, new): (usize, SocketAddrV4, SocketAddrV4), port_at: usize) {
    let port_at = flow.at + if flow.protocol == ICMP { 4 } else { port_at };
    let (before, after) = (old.ip().octets(), new.ip().octets());
    packet[address_at..address_at + 4].copy_from_slice(&after);
    packet[port_at..port_at + 2].copy_from_slice(&new.port().to_be_bytes());
    let pair = |bytes: [u8; 4]| [u16::from_be_bytes([bytes[0], bytes[1]]), u16::from_be_bytes([bytes[2], bytes[3]])];
    let addresses = [(pair(before)[0], pair(after)[0]), (pair(before)[1], pair(after)[1])];
    mend(packet, 10, &addresses);
    let port = (old.port(), new.port());
    match flow.protocol {
        // ICMP's checksum covers no addresses.
        ICMP => mend(packet, flow.at + 2, &[port]),
        TCP => mend(packet, flow.at + 16, &[addresses[0], addresses[1], port]),
        // RFC 768: zero means that the sender computed none.
        _ if word(packet, flow.at + 6) == Some(0) => {}
        _ => {
            mend(packet, flow.at + 6, &[addresses[0], addresses[1], port]);
            if word(packet, flow.at + 6) == Some(0) {
                packet[flow.at + 6..flow.at + 8].copy_from_slice(&[0xff, 0xff]);
            }
        }
    }
}

/// Mends the checksum at `at` for words that changed; a quoted packet may be cut off before it.
// RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m')
pub(crate) fn mend(packet: &mut [u8], at: usize, changes: &[(u16, u16)]) {
    let Some(checksum) = word(packet, at) else { return };
    let mut sum = u32::from(!checksum);
    for (old, new) in changes {
        sum += u32::from(!old) + u32::from(*new);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let mended = !u16::try_from(sum).expect("folded to 16 bits");
    packet[at..at + 2].copy_from_slice(&mended.to_be_bytes());
}

/// Computes the checksum of an ICMP message anew, after what it quotes was changed.
pub(super) fn seal_icmp(packet: &mut [u8], at: usize) {
    packet[at + 2..at + 4].copy_from_slice(&[0, 0]);
    let sum = etherparse::checksum::Sum16BitWords::new().add_slice(&packet[at..]);
    packet[at + 2..at + 4].copy_from_slice(&sum.ones_complement().to_be().to_be_bytes());
}

fn word(packet: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]))
}
