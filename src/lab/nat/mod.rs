//! A NAT with port translation: many hosts behind one address, and a table that forgets who is silent (RFC 4787, 5382, 5508).
//!
//! ```text
//! inside                          table                               outside
//! 10.0.0.2:40000 ── mapping: 10.0.0.2:40000 <> 203.0.113.1:40000 ──> session with 198.51.100.2:80, idle for ...
//! ```
//! Mappings are endpoint-independent (RFC 4787 REQ-1): one outside port for an inside endpoint, whoever it talks to. Filtering is
//! address- and port-dependent, as on Linux: only who was spoken to gets in. There is no hairpinning.
mod reset;
mod rewrite;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use crate::lab::output::Output;
use crate::quantity::Quantity;
use crate::recording::Time;
use rewrite::{Flow, ICMP, Packet, TCP, UDP};

/// What a NAT does with a packet of a connection it does not know (any more).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forgotten {
    /// Nobody hears of it: the sender repeats it until it gives up.
    #[default]
    Drop,
    /// The sender gets a RST, as if from the other end.
    Reset,
}

/// How long a NAT remembers, and what it does about what it has forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NatOptions {
    /// An established TCP connection without a packet for this long is forgotten; at least 2 h 4 min (RFC 5382 REQ-5).
    pub tcp_established: Duration,
    /// A TCP connection that is being opened or closed; at least 4 min (RFC 5382 REQ-5).
    pub tcp_transitory: Duration,
    /// 5 min or more (RFC 4787 REQ-5).
    pub udp: Duration,
    /// At least 60 s (RFC 5508 REQ-2).
    pub icmp: Duration,
    pub forgotten: Forgotten,
}

impl Default for NatOptions {
    /// The shortest that the RFCs allow.
    fn default() -> Self {
        Self {
            tcp_established: Duration::from_secs(7440),
            tcp_transitory: Duration::from_secs(240),
            udp: Duration::from_secs(300),
            icmp: Duration::from_secs(60),
            forgotten: Forgotten::Drop,
        }
    }
}

/// The table and its address.
#[derive(Debug)]
pub(crate) struct Nat {
    /// The interface to the outside, whose address stands for everybody inside.
    pub(crate) outside: usize,
    address: Ipv4Addr,
    options: NatOptions,
    mappings: BTreeMap<Inside, Mapping>,
    taken: BTreeMap<(u8, u16), Inside>,
}

/// Protocol and endpoint of an inside host.
type Inside = (u8, SocketAddrV4);

/// One inside endpoint and its port outside.
#[derive(Debug)]
struct Mapping {
    port: u16,
    /// By the endpoint outside.
    sessions: BTreeMap<SocketAddrV4, Session>,
}

/// One conversation through a mapping.
#[derive(Clone, Copy, Debug)]
struct Session {
    last: Time,
    tcp: Tracked,
}

/// How far a TCP connection has come, as seen from between its ends.
#[derive(Clone, Copy, Debug, Default)]
struct Tracked {
    /// The SYN-ACK came in and something went out behind it.
    answered: bool,
    established: bool,
    /// FINs that went out and came in.
    fins: [bool; 2],
    reset: bool,
}

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Translated: it may go on.
    Pass,
    /// Not for a NAT: it is for the router itself.
    NotMine,
    Drop(String),
    /// Dropped, and this RST goes back where it came from.
    Reset(String, Vec<u8>),
}

impl Nat {
    pub(crate) const fn new(outside: usize, address: Ipv4Addr, options: NatOptions) -> Self {
        Self { outside, address, options, mappings: BTreeMap::new(), taken: BTreeMap::new() }
    }

    /// A packet on its way out.
    pub(crate) fn outbound(&mut self, now: Time, packet: &mut [u8], out: &mut Output) -> Verdict {
        match rewrite::read(packet) {
            Packet::Flow(flow) => self.flow_out(now, packet, flow, out),
            Packet::Error { quoted } => self.error_out(packet, quoted),
            Packet::Other => Verdict::Drop("NAT: no port to translate: dropped".to_owned()),
        }
    }

    fn flow_out(&mut self, now: Time, packet: &mut [u8], flow: Flow, out: &mut Output) -> Verdict {
        let inside = (flow.protocol, flow.from);
        let known = self.mappings.get(&inside).is_some_and(|it| it.sessions.contains_key(&remote(flow, flow.to)));
        // RFC 5382 REQ-1, RFC 9293 §3.5: a TCP connection begins with a SYN.
        if flow.protocol == TCP && !known && !reset::is_syn(packet, flow) {
            return self.forgotten(packet, flow, format!("NAT: no mapping for {} to {}", flow.from, flow.to));
        }
        let Some(port) = self.port_for(inside, out) else {
            return Verdict::Drop("NAT: every port is taken: dropped".to_owned());
        };
        let mapping = self.mappings.get_mut(&inside).expect("it was just looked up or entered");
        let fresh = Session { last: now, tcp: Tracked::default() };
        let session = mapping.sessions.entry(remote(flow, flow.to)).or_insert(fresh);
        session.last = now;
        session.tcp.see(packet, flow, 0);
        rewrite::set_source(packet, flow, SocketAddrV4::new(self.address, port));
        Verdict::Pass
    }

    /// The outside port of an inside endpoint: its own number where that is free.
    fn port_for(&mut self, inside: Inside, out: &mut Output) -> Option<u16> {
        if let Some(mapping) = self.mappings.get(&inside) {
            return Some(mapping.port);
        }
        let (protocol, from) = inside;
        let own = from.port().max(1024);
        let port = (own..=u16::MAX).chain(1024..own).find(|port| !self.taken.contains_key(&(protocol, *port)))?;
        out.decide(format!("NAT: {} {from} is {}:{port} outside", name(protocol), self.address));
        self.taken.insert((protocol, port), inside);
        self.mappings.insert(inside, Mapping { port, sessions: BTreeMap::new() });
        Some(port)
    }

    /// A packet from the outside, to the router's outside address.
    pub(crate) fn inbound(&mut self, now: Time, packet: &mut [u8]) -> Verdict {
        match rewrite::read(packet) {
            Packet::Flow(flow) => self.flow_in(now, packet, flow),
            Packet::Error { quoted } => self.error_in(packet, quoted),
            Packet::Other => Verdict::NotMine,
        }
    }

    fn flow_in(&mut self, now: Time, packet: &mut [u8], flow: Flow) -> Verdict {
        let found = self.taken.get(&(flow.protocol, flow.to.port())).copied();
        let session =
            found.and_then(|inside| self.mappings.get_mut(&inside)?.sessions.get_mut(&remote(flow, flow.from)));
        let (Some((_, inside)), Some(session)) = (found, session) else {
            // An echo request is for the router itself.
            if flow.protocol == ICMP && packet.get(flow.at) == Some(&8) {
                return Verdict::NotMine;
            }
            return self.forgotten(packet, flow, format!("NAT: no mapping lets {} in to {}", flow.from, flow.to));
        };
        // RFC 4787 REQ-6: what goes out keeps a UDP mapping alive; for TCP each direction does.
        if flow.protocol != UDP {
            session.last = now;
        }
        session.tcp.see(packet, flow, 1);
        rewrite::set_destination(packet, flow, inside);
        Verdict::Pass
    }

    fn forgotten(&self, packet: &[u8], flow: Flow, why: String) -> Verdict {
        match self.options.forgotten {
            Forgotten::Reset if flow.protocol == TCP => match reset::answer(packet, flow) {
                Some(reset) => Verdict::Reset(format!("{why}: a RST goes back"), reset),
                None => Verdict::Drop(format!("{why}: dropped")),
            },
            _ => Verdict::Drop(format!("{why}: dropped")),
        }
    }

    /// RFC 5508 REQ-4: an error from outside quotes our packet with the outside port; inside it has the host's own.
    fn error_in(&self, packet: &mut [u8], quoted: usize) -> Verdict {
        let Some(about) = rewrite::flow(packet.get(quoted..).unwrap_or_default()) else { return Verdict::NotMine };
        let Some((_, inside)) = self.taken.get(&(about.protocol, about.from.port())).copied() else {
            return Verdict::Drop("NAT: an ICMP error about no mapping: dropped".to_owned());
        };
        rewrite::set_source(&mut packet[quoted..], about, inside);
        self.readdress(packet, quoted, None, Some(*inside.ip()))
    }

    /// RFC 5508 REQ-5: an error from inside quotes a packet that came in.
    fn error_out(&self, packet: &mut [u8], quoted: usize) -> Verdict {
        let about = rewrite::flow(packet.get(quoted..).unwrap_or_default());
        let mapping = about.and_then(|about| Some((about, self.mappings.get(&(about.protocol, about.to))?)));
        let Some((about, mapping)) = mapping else {
            return Verdict::Drop("NAT: an ICMP error about no mapping: dropped".to_owned());
        };
        rewrite::set_destination(&mut packet[quoted..], about, SocketAddrV4::new(self.address, mapping.port));
        self.readdress(packet, quoted, Some(self.address), None)
    }

    /// Changes an ICMP error's own addresses, after what it quotes was changed.
    #[expect(clippy::unused_self, reason = "a step of both directions")]
    fn readdress(&self, packet: &mut [u8], quoted: usize, from: Option<Ipv4Addr>, to: Option<Ipv4Addr>) -> Verdict {
        let Some(outer) = rewrite::flow(packet) else { return Verdict::NotMine };
        if let Some(from) = from {
            rewrite::set_source(packet, outer, SocketAddrV4::new(from, outer.from.port()));
        }
        if let Some(to) = to {
            rewrite::set_destination(packet, outer, SocketAddrV4::new(to, outer.to.port()));
        }
        rewrite::seal_icmp(packet, quoted - 8);
        Verdict::Pass
    }

    /// Forgets sessions that were silent for too long, and mappings without any.
    pub(crate) fn expire(&mut self, now: Time, out: &mut Output) {
        let (options, address) = (self.options, self.address);
        for ((protocol, inside), mapping) in &mut self.mappings {
            let port = mapping.port;
            mapping.sessions.retain(|remote, session| {
                let limit = session.limit(*protocol, &options);
                let stays = session.last + limit > now;
                if !stays {
                    let silent = Quantity::time(limit);
                    let what = format!("{} {inside} ({address}:{port} outside) with {remote}", name(*protocol));
                    out.decide(format!("NAT: forgets {what}: silent for {silent}"));
                }
                stays
            });
        }
        self.mappings.retain(|_, it| !it.sessions.is_empty());
        let mappings = &self.mappings;
        self.taken.retain(|_, inside| mappings.contains_key(inside));
    }

    /// When [`Self::expire`] has something to do.
    pub(crate) fn next_expiry(&self) -> Option<Time> {
        let sessions =
            self.mappings.iter().flat_map(|((protocol, _), it)| it.sessions.values().map(|it| (*protocol, it)));
        sessions.map(|(protocol, session)| session.last + session.limit(protocol, &self.options)).min()
    }
}

impl Session {
    fn limit(&self, protocol: u8, options: &NatOptions) -> Duration {
        match protocol {
            TCP if self.tcp.is_steady() => options.tcp_established,
            TCP => options.tcp_transitory,
            UDP => options.udp,
            _ => options.icmp,
        }
    }
}

impl Tracked {
    /// Looks at a packet that goes out (direction 0) or comes in (1).
    fn see(&mut self, packet: &[u8], flow: Flow, direction: usize) {
        if flow.protocol != TCP {
            return;
        }
        let flags = reset::flags(packet, flow);
        if reset::is_syn(packet, flow) {
            // A new connection on the same ports.
            *self = Self::default();
        }
        self.established |= self.answered && direction == 0;
        self.answered |= direction == 1 && flags & reset::SYN != 0;
        self.fins[direction] |= flags & reset::FIN != 0;
        self.reset |= flags & reset::RST != 0;
    }

    const fn is_steady(self) -> bool {
        self.established && !self.reset && !(self.fins[0] && self.fins[1])
    }
}

/// The other end of a session; an ICMP query has no port there.
const fn remote(flow: Flow, endpoint: SocketAddrV4) -> SocketAddrV4 {
    if flow.protocol == ICMP { SocketAddrV4::new(*endpoint.ip(), 0) } else { endpoint }
}

const fn name(protocol: u8) -> &'static str {
    match protocol {
        TCP => "TCP",
        UDP => "UDP",
        _ => "ICMP",
    }
}

#[cfg(test)]
mod tests;
