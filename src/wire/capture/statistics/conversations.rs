//! Who spoke with whom: on the link, by IP, over TCP and UDP.
use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Count;
use crate::wire::Layer;
use crate::wire::capture::study::Studied;

/// The protocol whose addresses tell conversations apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Ethernet,
    Ipv4,
    Ipv6,
    /// Two connections one after another between the same ports are two.
    Tcp,
    Udp,
}

impl Kind {
    /// For a person.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ethernet => "Ethernet",
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// Two ends and what they sent each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub kind: Kind,
    /// Who was seen to speak first, of TCP who opened the connection; then the other.
    pub ends: [String; 2],
    /// What each of them sent.
    pub sent: [Count; 2],
    /// When its first and its last packet with a time passed, in nanoseconds after the capture's first.
    pub passed_ns: Option<(i128, i128)>,
    /// Of TCP: its number, as the filter `tcp.stream` has it.
    pub stream: Option<usize>,
    /// Of TCP: from the SYN to the ACK of the SYN, ACK, in nanoseconds, where both passed.
    pub initial_rtt_ns: Option<u64>,
}

/// What tells a conversation of one kind from the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Between {
    /// The two ends, the smaller first.
    Ends([String; 2]),
    Stream(usize),
}

/// Collects them.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    found: Vec<Conversation>,
    by: BTreeMap<(Kind, Between), usize>,
}

impl Conversations {
    /// Takes the next packet.
    pub fn take(&mut self, it: &Studied<'_>) {
        // Behind an error's own header stand headers of an earlier packet.
        let is_own = |layer: &&Layer| !["icmp", "icmpv6"].contains(&layer.name);
        for layer in it.decoded.layers.iter().take_while(is_own) {
            let (kind, fields) = match layer.name {
                "eth" => (Kind::Ethernet, ["eth.src", "eth.dst"]),
                "ip" => (Kind::Ipv4, ["ip.src", "ip.dst"]),
                "ipv6" => (Kind::Ipv6, ["ipv6.src", "ipv6.dst"]),
                _ => continue,
            };
            let value = |name: &str| layer.fields.iter().find(|it| it.name == name).map(|it| it.value.clone());
            if let [Some(from), Some(to)] = fields.map(value) {
                self.count(it, kind, [from, to]);
            }
        }
        if let (Some(segment), Some((client, server))) = (it.segment(), it.connection()) {
            let mut ends = [client, server].map(|(address, port)| SocketAddr::new(address, port).to_string());
            if segment.from_server {
                ends.swap(0, 1);
            }
            self.count(it, Kind::Tcp, ends);
        }
        if let Some(ends) = datagram(it) {
            self.count(it, Kind::Udp, ends);
        }
    }

    /// In the order their first packets came.
    #[must_use]
    pub fn finish(self) -> Vec<Conversation> {
        self.found
    }

    fn count(&mut self, it: &Studied<'_>, kind: Kind, [from, to]: [String; 2]) {
        let stream = it.segment().filter(|_| kind == Kind::Tcp).map(|it| it.flow);
        let between = stream.map_or_else(|| Between::Ends(sorted([from.clone(), to.clone()])), Between::Stream);
        let at = *self.by.entry((kind, between)).or_insert_with(|| {
            // Of TCP the server's packet may be the first that was seen.
            let opened = it.segment().is_none_or(|it| !it.from_server) || kind != Kind::Tcp;
            let ends = if opened { [from.clone(), to] } else { [to, from.clone()] };
            let initial_rtt_ns = it.initial_rtt_ns().filter(|_| kind == Kind::Tcp);
            let sent = [Count::default(); 2];
            self.found.push(Conversation { kind, ends, sent, passed_ns: None, stream, initial_rtt_ns });
            self.found.len() - 1
        });
        let found = &mut self.found[at];
        found.sent[usize::from(found.ends[0] != from)].add(it.held.length);
        if let Some(now) = it.since_first_ns() {
            let (first, last) = found.passed_ns.unwrap_or((now, now));
            found.passed_ns = Some((first.min(now), last.max(now)));
        }
    }
}

fn sorted(mut ends: [String; 2]) -> [String; 2] {
    ends.sort_unstable();
    ends
}

/// The ends of a UDP datagram: source, destination.
fn datagram(it: &Studied<'_>) -> Option<[String; 2]> {
    let layers = &it.decoded.layers;
    let at = layers.iter().position(|layer| ["udp", "icmp", "icmpv6"].contains(&layer.name))?;
    let udp = layers.get(at).filter(|layer| layer.name == "udp")?;
    let ip = layers[..at].iter().rev().find(|layer| layer.name == "ip" || layer.name == "ipv6")?;
    let end = |side: &str| {
        let value = |layer: &Layer, name: String| Some(layer.fields.iter().find(|it| it.name == name)?.value.clone());
        let address = value(ip, format!("{}.{side}", ip.name))?.parse().ok()?;
        Some(SocketAddr::new(address, value(udp, format!("udp.{side}port"))?.parse().ok()?).to_string())
    };
    Some([end("src")?, end("dst")?])
}
