//! A NAT with port translation: many hosts behind one address, and a table that forgets who is silent (RFC 4787, 5382, 5508).
//!
//! ```text
//! inside                          table                               outside
//! 10.0.0.2:40000 ── mapping: 10.0.0.2:40000 <> 203.0.113.1:40000 ──> session with 198.51.100.2:80, idle for ...
//! ```
//! Whom mappings and filters look at is an option. The router puts packets in pieces together first (RFC 4787 REQ-14).
mod flags;
mod options;
mod rewrite;
mod session;
mod table;

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::lab::ip;
use crate::lab::output::Output;
use crate::lab::reset::answer;
use crate::recording::Time;
pub use options::{Dependence, Forgotten, NatOptions};
pub(crate) use rewrite::mend;
use rewrite::{Flow, ICMP, Packet, TCP, UDP};
use table::{NoPort, Table};

/// The table and its address.
#[derive(Debug)]
pub(crate) struct Nat {
    /// The interface to the outside, whose address stands for everybody inside.
    pub(crate) outside: usize,
    address: Ipv4Addr,
    options: NatOptions,
    table: Table,
    /// How many mappings were last put on the curve.
    shown: usize,
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
    pub(crate) fn new(outside: usize, address: Ipv4Addr, options: NatOptions) -> Self {
        Self { outside, address, options, table: Table::default(), shown: 0 }
    }

    pub(crate) const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Forwards a port of the outside address to an inside endpoint for good; `udp` or else TCP.
    pub(crate) fn forward_port(&mut self, udp: bool, port: u16, to: SocketAddrV4) {
        self.table.fix((if udp { UDP } else { TCP }, to), port);
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
        let (inside, remote) = ((flow.protocol, flow.from), remote(flow, flow.to));
        let mapping = self.table.outgoing(inside, remote, self.options.mapping);
        let known = mapping.is_some_and(|it| it.sessions.contains_key(&remote));
        // RFC 5382 REQ-1, RFC 9293 §3.5: a TCP connection begins with a SYN.
        if flow.protocol == TCP && !known && !flags::is_syn(packet, flow) {
            return self.forgotten(packet, flow, format!("NAT: no mapping for {} to {}", flow.from, flow.to));
        }
        let (address, from) = (self.address, flow.from);
        let tell = |port| out.decide(format!("NAT: {} {from} is {address}:{port} outside", name(flow.protocol)));
        let mapping = match self.table.open(inside, remote, &self.options, tell) {
            Ok(mapping) => mapping,
            Err(NoPort::EveryOneIsTaken) => {
                return Verdict::Drop(format!("NAT: every port is taken: {from} gets none: dropped"));
            }
            Err(NoPort::HostHasItsShare(share)) => {
                return Verdict::Drop(format!("NAT: {} has its {share} ports: {from} gets none: dropped", from.ip()));
            }
        };
        let session = mapping.session_from(remote, now);
        session.last = now;
        session.tcp.see(packet, flow, 0);
        let port = mapping.port;
        rewrite::set_source(packet, flow, SocketAddrV4::new(address, port));
        self.show(out);
        Verdict::Pass
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
        let (filtering, remote) = (self.options.filtering, remote(flow, flow.from));
        let found = self.table.at_port(flow.protocol, flow.to.port());
        let Some((inside, mapping)) = found.filter(|(_, it)| it.lets_in(filtering, remote)) else {
            // An echo request is for the router itself.
            if flow.protocol == ICMP && packet.get(flow.at) == Some(&8) {
                return Verdict::NotMine;
            }
            return self.forgotten(packet, flow, format!("NAT: no mapping lets {} in to {}", flow.from, flow.to));
        };
        let session = mapping.session_from(remote, now);
        // RFC 4787 REQ-6: what goes out keeps a UDP mapping alive; for TCP each direction does.
        if flow.protocol != UDP {
            session.last = now;
        }
        session.tcp.see(packet, flow, 1);
        rewrite::set_destination(packet, flow, inside);
        Verdict::Pass
    }

    /// A packet from inside to the address outside: out and in again, so that the answer comes the same way
    /// (RFC 4787 REQ-9: the source is the sender's address and port outside).
    pub(crate) fn hairpin(&mut self, now: Time, packet: &mut [u8], out: &mut Output) -> Verdict {
        let Packet::Flow(flow) = rewrite::read(packet) else { return Verdict::NotMine };
        if self.table.at_port(flow.protocol, flow.to.port()).is_none() {
            return Verdict::NotMine;
        }
        if !self.options.hairpinning {
            let text = format!("NAT: {} is inside as well, and there is no hairpinning: dropped", flow.to);
            return Verdict::Drop(text);
        }
        match self.flow_out(now, packet, flow, out) {
            Verdict::Pass => self.inbound(now, packet),
            other => other,
        }
    }

    fn forgotten(&self, packet: &[u8], flow: Flow, why: String) -> Verdict {
        match self.options.forgotten {
            Forgotten::Reset if flow.protocol == TCP => match ip::read(packet).as_ref().and_then(answer) {
                Some(reset) => Verdict::Reset(format!("{why}: a RST goes back"), reset),
                None => Verdict::Drop(format!("{why}: dropped")),
            },
            _ => Verdict::Drop(format!("{why}: dropped")),
        }
    }

    /// RFC 5508 REQ-4: an error from outside quotes our packet with the outside port; inside it has the host's own.
    fn error_in(&mut self, packet: &mut [u8], quoted: usize) -> Verdict {
        let Some(about) = rewrite::flow(packet.get(quoted..).unwrap_or_default()) else { return Verdict::NotMine };
        let Some((inside, _)) = self.table.at_port(about.protocol, about.from.port()) else {
            return Verdict::Drop("NAT: an ICMP error about no mapping: dropped".to_owned());
        };
        rewrite::set_source(&mut packet[quoted..], about, inside);
        readdress(packet, quoted, None, Some(*inside.ip()))
    }

    /// RFC 5508 REQ-5: an error from inside quotes a packet that came in.
    fn error_out(&self, packet: &mut [u8], quoted: usize) -> Verdict {
        let about = rewrite::flow(packet.get(quoted..).unwrap_or_default());
        let mapping = about.and_then(|about| {
            let (inside, remote) = ((about.protocol, about.to), remote(about, about.from));
            Some((about, self.table.outgoing(inside, remote, self.options.mapping)?.port))
        });
        let Some((about, port)) = mapping else {
            return Verdict::Drop("NAT: an ICMP error about no mapping: dropped".to_owned());
        };
        rewrite::set_destination(&mut packet[quoted..], about, SocketAddrV4::new(self.address, port));
        readdress(packet, quoted, Some(self.address), None)
    }

    /// Puts the size of the table on its curve.
    fn show(&mut self, out: &mut Output) {
        let size = self.table.len();
        if self.options.record_table && size != std::mem::replace(&mut self.shown, size) {
            out.level("mappings", size);
        }
    }

    /// Forgets sessions that were silent for too long, and mappings without any.
    pub(crate) fn expire(&mut self, now: Time, out: &mut Output) {
        self.table.expire(now, &self.options, (self.address, out));
        self.show(out);
    }

    /// When [`Self::expire`] has something to do.
    pub(crate) fn next_expiry(&self) -> Option<Time> {
        self.table.next_expiry(&self.options)
    }
}

/// Changes an ICMP error's own addresses, after what it quotes was changed.
fn readdress(packet: &mut [u8], quoted: usize, from: Option<Ipv4Addr>, to: Option<Ipv4Addr>) -> Verdict {
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
mod behaviour;
#[cfg(test)]
mod tests;
