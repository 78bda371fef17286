//! What each byte of a capture is spent on: the layers' headers, what secures it, what frames it, header fields, payload.
//!
//! ```text
//! frame = link + network + transport + what TCP or UDP carries
//!                                      a TCP stream, by its records and what was said in them ─> tcp, content
//!                                      a QUIC packet, by its frames, its streams by HTTP/3     ─> quic, content
//! ```
mod content;
mod quic;
mod tcp;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::{AddAssign, Range};

use super::analysis::Seen;
use super::opened::Secrets;
use super::walk;

/// What a byte is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Ethernet's header and padding; preamble, checksum and gap are in no capture.
    Link,
    /// IP, and ICMP and ARP, which serve it.
    Network,
    /// TCP's and UDP's headers; QUIC's headers and all its frames that carry neither a handshake nor a stream.
    Transport,
    /// TLS: handshake, records' headers, seals; the same inside QUIC.
    Security,
    /// What tells messages apart: frame headers of HTTP/2, HTTP/3 and WebSocket, settings, chunk sizes.
    Framing,
    /// Request and status lines and header fields, compressed or not.
    Fields,
    /// What the programs had to say.
    Payload,
    /// A copy of what was carried before.
    Again,
}

impl Use {
    /// From the outside in.
    pub const ALL: [Self; 8] = [
        Self::Link,
        Self::Network,
        Self::Transport,
        Self::Security,
        Self::Framing,
        Self::Fields,
        Self::Payload,
        Self::Again,
    ];

    /// Its name on a screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link => "Ethernet",
            Self::Network => "IP",
            Self::Transport => "TCP, UDP, QUIC",
            Self::Security => "TLS",
            Self::Framing => "framing",
            Self::Fields => "header fields",
            Self::Payload => "payload",
            Self::Again => "sent again",
        }
    }
}

/// Bytes by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent([usize; Use::ALL.len()]);

impl Spent {
    /// How many are for that.
    #[must_use]
    pub const fn of(&self, what: Use) -> usize {
        self.0[what as usize]
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// Calls so many bytes of one use another, no more than there are.
    pub fn shift(&mut self, from: Use, to: Use, bytes: usize) {
        let bytes = bytes.min(self.of(from));
        self.0[from as usize] -= bytes;
        self.0[to as usize] += bytes;
    }

    fn add(&mut self, what: Use, bytes: usize) {
        self.0[what as usize] += bytes;
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        Use::ALL.into_iter().for_each(|it| self.add(it, other.of(it)));
    }
}

/// What a packet is spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    pub spent: Spent,
    /// It does nothing but acknowledge.
    pub acknowledges: bool,
    /// Bytes of QUIC's ACK frames in it, which are among its transport.
    pub ack_frames: usize,
}

/// Tells of each packet, by its number; their bytes add up to the frames' lengths. They must be in the order they passed.
#[must_use]
pub fn spent<'a>(packets: impl IntoIterator<Item = Seen<'a>>, secrets: &str) -> BTreeMap<u32, Packet> {
    let packets: Vec<Seen<'a>> = packets.into_iter().collect();
    let secrets = Secrets::read(secrets);
    let mut all: BTreeMap<u32, Packet> = packets.iter().map(|it| (it.n, outside(it.frame))).collect();
    tcp::look(&packets, &secrets, &mut all);
    quic::look(&packets, &secrets, &mut all);
    all
}

/// The headers up to TCP or UDP; all behind them is payload as far as nobody looks into it.
fn outside(frame: &[u8]) -> Packet {
    let mut packet = Packet::default();
    let mut rest = frame.len();
    for layer in &walk::walk(frame, true).decoded.layers {
        let what = match layer.name {
            "eth" | "vlan" | "padding" => Use::Link,
            "tcp" | "udp" => Use::Transport,
            "arp" | "ip" | "icmp" | "igmp" => Use::Network,
            name if name.starts_with("ipv6") || name.starts_with("icmp") => Use::Network,
            _ => continue,
        };
        packet.spent.add(what, layer.bytes.len());
        rest -= layer.bytes.len();
    }
    packet.spent.add(Use::Payload, rest);
    packet
}

/// The uses of a stream's bytes: each from the end of the one before to its own.
#[derive(Clone, Debug, Default)]
struct Uses(Vec<(usize, Use)>);

impl Uses {
    /// The next bytes, up to `end`, are for that.
    fn to(&mut self, end: usize, what: Use) {
        if self.end() < end {
            self.0.push((end, what));
        }
    }

    fn end(&self) -> usize {
        self.0.last().map_or(0, |it| it.0)
    }

    /// What a range is for, piece by piece; bytes behind the last are payload.
    fn within(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Use)> {
        let first = self.0.partition_point(|(end, _)| *end <= range.start);
        let known = self.0[first..].iter().copied().chain([(usize::MAX, Use::Payload)]);
        let mut at = range.start;
        known.map_while(move |(end, what)| {
            let from = at;
            at = end.min(range.end);
            (from < at).then_some((from..at, what))
        })
    }
}
