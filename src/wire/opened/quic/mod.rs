//! QUIC packets opened: which connection a datagram is of, by its connection IDs, and what its packets carry.
mod connection;
mod http3;
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::Range;

use super::{Opened, Secrets};
use crate::wire::analysis::{Linked, Seen};
use crate::wire::link::LinkType;
use crate::wire::quic::{self, Kind, protection};
use crate::wire::walk::{self, Ends};
use connection::Connection;

/// More connections than this are not followed.
const MOST_CONNECTIONS: usize = 1000;
/// More connection IDs than this are not remembered.
const MOST_IDS: usize = 10_000;
/// More packets than this are not kept for a second try, when keys have come.
const MOST_WAITING: usize = 10_000;
/// What waits is tried again so often, as long as that opens anything.
const MOST_ROUNDS: usize = 8;

/// Opens what can be opened: Initial packets always, the others with the secrets. RFC 9001 §5.
pub(in crate::wire) fn open<'a, P>(packets: &[P], secrets: &Secrets, opened: &mut Opened)
where
    P: Copy + Into<Linked<'a>>,
{
    let mut opener = Opener {
        secrets,
        opened,
        connections: Vec::new(),
        ids: BTreeMap::new(),
        lengths: BTreeSet::new(),
        paths: BTreeMap::new(),
    };
    let mut waiting = Vec::new();
    for packet in packets {
        let Linked { seen, link, .. } = (*packet).into();
        let worth = link != LinkType::Ethernet || may_be_udp(seen.frame);
        let Some((ends, bytes)) = worth.then(|| walk::datagram(link, seen.frame)).flatten() else {
            continue;
        };
        opener.datagram(&seen, ends, bytes, &mut waiting);
    }
    // Packets that came before their keys, because the network changed the order.
    for _ in 0..MOST_ROUNDS {
        let before = waiting.len();
        for (seen, ends, bytes) in mem::take(&mut waiting) {
            opener.datagram(&seen, ends, bytes, &mut waiting);
        }
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    let Opener { connections, opened, .. } = opener;
    connections.iter().for_each(|it| it.finish(opened));
}

/// Whether it is worth reading the frame as one of UDP: most are plainly TCP, and a run has many.
const fn may_be_udp(frame: &[u8]) -> bool {
    const TCP: u8 = 6;
    match frame {
        [_, _, _, _, _, _, _, _, _, _, _, _, 0x08, 0x00, ip @ ..] => ip.len() > 9 && ip[9] != TCP,
        [_, _, _, _, _, _, _, _, _, _, _, _, 0x86, 0xdd, ip @ ..] => ip.len() > 6 && ip[6] != TCP,
        _ => true,
    }
}

/// A packet of a datagram, and where it stands in its frame.
type Waiting<'a> = (Seen<'a>, Ends, Range<usize>);

/// A connection, and whether what is sent there comes from the server.
#[derive(Clone, Copy)]
struct Way {
    connection: usize,
    from_server: bool,
}

struct Opener<'a> {
    secrets: &'a Secrets,
    opened: &'a mut Opened,
    connections: Vec<Connection>,
    /// By destination connection ID.
    ids: BTreeMap<Vec<u8>, Way>,
    /// The lengths that IDs have: a short header does not say it.
    lengths: BTreeSet<usize>,
    /// For connections whose ID is empty.
    paths: BTreeMap<Ends, Way>,
}

impl Opener<'_> {
    /// Opens the packets of a datagram, one after another.
    fn datagram<'a>(&mut self, seen: &Seen<'a>, ends: Ends, range: Range<usize>, waiting: &mut Vec<Waiting<'a>>) {
        let mut from = range.start;
        while from < range.end {
            let bytes = &seen.frame[from..range.end];
            let own = self.own(bytes);
            let Some(header) = quic::find(bytes, own).filter(|it| it.end > 0) else { return };
            let packet = &bytes[..header.end];
            if !self.packet(seen.n, ends, packet, &header) && waiting.len() < MOST_WAITING {
                waiting.push((*seen, ends, from..from + header.end));
            }
            from += header.end;
        }
    }

    /// The length of the connection ID of a short header; 0 where it begins with none that is known.
    fn own(&self, bytes: &[u8]) -> usize {
        let known = |length: &usize| bytes.get(1..1 + length).is_some_and(|id| self.ids.contains_key(id));
        self.lengths.iter().rev().copied().find(known).unwrap_or(0)
    }

    /// Whether nothing more can be done with this packet: it was opened, or never can be.
    fn packet(&mut self, n: u32, ends: Ends, packet: &[u8], header: &quic::Header) -> bool {
        let destination = &packet[header.destination.clone()];
        let source = &packet[header.source.clone()];
        // Between the same two ends there may be one connection after another: their addresses tell only where no ID does.
        let by_path = || self.paths.get(&ends).filter(|_| destination.is_empty());
        let known = self.ids.get(destination).or_else(by_path).copied();
        let is_full = self.connections.len() >= MOST_CONNECTIONS;
        let way = match (known, header.kind) {
            (_, Kind::Negotiation) => return true,
            (Some(way), _) => way,
            (None, Kind::Initial) if !is_full => Way { connection: self.connections.len(), from_server: false },
            (None, _) => return false,
        };
        let is_new = way.connection == self.connections.len();
        if is_new {
            self.connections.push(Connection::new(destination));
        }
        let connection = &mut self.connections[way.connection];
        if header.kind == Kind::Retry {
            if protection::retry_is_sound(packet, connection.original()) {
                self.remember(source, Way { from_server: false, ..way });
            }
            return true;
        }
        let Some(issued) = connection.packet((n, way.from_server), (packet, header), self.secrets, self.opened) else {
            // Not the client's first packet: one of the server's, say, whose connection is not known yet.
            self.connections.truncate(if is_new { way.connection } else { self.connections.len() });
            return false;
        };
        self.remember(destination, way);
        let back = Way { from_server: !way.from_server, ..way };
        if header.kind != Kind::OneRtt {
            self.remember(source, back);
        }
        issued.iter().for_each(|id| self.remember(id, back));
        if self.paths.len() < MOST_IDS {
            self.paths.insert(ends, way);
            self.paths.insert([ends[1], ends[0]], back);
        }
        true
    }

    /// Notes that packets to this ID go this way.
    fn remember(&mut self, id: &[u8], way: Way) {
        if !id.is_empty() && self.ids.len() < MOST_IDS {
            self.ids.entry(id.to_vec()).or_insert(way);
            self.lengths.insert(id.len());
        }
    }
}

#[cfg(test)]
mod tests;
