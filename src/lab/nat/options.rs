//! How a NAT behaves: whom a mapping and a filter look at, how long it remembers, which ports it has (RFC 4787's terms).
use std::time::Duration;

/// What a NAT does with a packet of a connection it does not know (any more).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forgotten {
    /// Nobody hears of it: the sender repeats it until it gives up.
    #[default]
    Drop,
    /// The sender gets a RST, as if from the other end.
    Reset,
}

/// How much of the endpoint outside a mapping or a filter depends on (RFC 4787 §4.1 and §5).
///
/// | mapping | filtering | older name (RFC 3489 §5) |
/// |---|---|---|
/// | independent | independent | full cone |
/// | independent | address | restricted cone |
/// | independent | address and port | port restricted cone |
/// | address and port | address and port | symmetric |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// On nothing: it holds for whoever is outside.
    Independent,
    /// On the address outside.
    Address,
    /// On the address and the port outside.
    AddressAndPort,
}

/// How a NAT maps, filters, remembers, and what it does about what it has forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NatOptions {
    /// An established TCP connection without a packet for this long is forgotten; at least 2 h 4 min (RFC 5382 REQ-5).
    pub tcp_established: Duration,
    /// A TCP connection that is being opened or closed; at least 4 min (RFC 5382 REQ-5).
    pub tcp_transitory: Duration,
    /// At least 2 min, 5 min or more recommended (RFC 4787 REQ-5).
    pub udp: Duration,
    /// At least 60 s (RFC 5508 REQ-2).
    pub icmp: Duration,
    pub forgotten: Forgotten,
    /// When an inside endpoint keeps its port outside: always for `Independent` (RFC 4787 REQ-1).
    pub mapping: Dependence,
    /// Who gets in through a mapping (RFC 4787 REQ-8).
    pub filtering: Dependence,
    /// Inside hosts reach each other by their addresses outside (RFC 4787 REQ-9).
    pub hairpinning: bool,
    /// The port outside is the one inside where that is free (RFC 4787 §4.2.1); else the next of the range.
    pub keep_port: bool,
    /// First and last port outside, for each protocol.
    pub ports: (u16, u16),
    /// The most ports one inside host may have for each protocol (RFC 6888 REQ-4).
    pub per_host: Option<u16>,
    /// Records how many mappings the table holds, as a curve: `nat mappings`.
    pub record_table: bool,
}

impl Default for NatOptions {
    /// The shortest times that the RFCs allow; maps and filters as Linux does, for UDP and TCP.
    fn default() -> Self {
        Self {
            tcp_established: Duration::from_secs(7440),
            tcp_transitory: Duration::from_secs(240),
            udp: Duration::from_secs(300),
            icmp: Duration::from_secs(60),
            forgotten: Forgotten::Drop,
            mapping: Dependence::Independent,
            filtering: Dependence::AddressAndPort,
            hairpinning: false,
            keep_port: true,
            ports: (1024, u16::MAX),
            per_host: None,
            record_table: false,
        }
    }
}
