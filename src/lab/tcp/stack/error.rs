//! The ICMP errors that TCP cares about, and ARP's silence (RFC 1122 §4.2.3.9, RFC 9293 §3.9.2.2).
use std::fmt;

/// An error about a segment of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IcmpError {
    NetworkUnreachable,
    /// Also: nobody answered ARP.
    HostUnreachable,
    PortUnreachable,
    ProtocolUnreachable,
    /// A firewall says no.
    AdminProhibited,
    /// RFC 1191 §4: the next hop carries packets of so many bytes; 0 from a router that does not say.
    FragmentationNeeded {
        mtu: u16,
    },
    TimeExceeded,
    /// Pieces of a packet did not all come in time.
    ReassemblyTimeExceeded,
}

impl fmt::Display for IcmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NetworkUnreachable => f.write_str("ICMP network unreachable"),
            Self::HostUnreachable => f.write_str("the host cannot be reached"),
            Self::PortUnreachable => f.write_str("ICMP port unreachable"),
            Self::ProtocolUnreachable => f.write_str("ICMP protocol unreachable"),
            Self::AdminProhibited => f.write_str("ICMP administratively prohibited"),
            Self::FragmentationNeeded { mtu } => write!(f, "ICMP fragmentation needed (MTU {mtu})"),
            Self::TimeExceeded => f.write_str("ICMP time exceeded"),
            Self::ReassemblyTimeExceeded => f.write_str("ICMP fragment reassembly time exceeded"),
        }
    }
}
