//! A capture seen together: packet by packet from its file, with what the packets say of each other and what its secrets open.
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Interface;
use super::index::{Entry, Group, Index};
use super::sealed::{Sealed, Whose};
use crate::wire::analysis::{Flow, Followed, Linked, Mark, Seen};
use crate::wire::filter;
use crate::wire::link::LinkType;
use crate::wire::opened::{self, Opened, Secrets, Unit};
use crate::wire::pcapng::Direction;
use crate::wire::{Decoded, decode_kept, walk};

/// Of more datagrams of QUIC than this only the first are opened.
const MOST_DATAGRAMS: usize = 100_000;

/// What holds the bytes of a capture file.
pub trait Bytes: Send + Sync {
    /// So many bytes from there on, uncompressed; none when they cannot be had any more.
    fn read(&self, offset: u64, length: usize) -> Option<Vec<u8>>;
}

impl Bytes for Vec<u8> {
    fn read(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let from = usize::try_from(offset).ok()?;
        self.get(from..from.checked_add(length)?).map(<[u8]>::to_vec)
    }
}

/// A packet with bytes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Index into [`Study::interfaces`].
    pub interface: usize,
    /// Nanoseconds since 1970; not every packet has a time.
    pub at_ns: Option<u64>,
    pub direction: Option<Direction>,
    /// How long it was on the wire.
    pub length: u32,
    pub bytes: Vec<u8>,
    pub comment: Option<String>,
}

/// What a capture kept of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Counted from 1.
    pub n: u32,
    pub at_ns: u64,
    pub link: LinkType,
    /// How long it was on the wire.
    pub length: u32,
    pub bytes: Vec<u8>,
}

impl Kept {
    /// As the analysis takes it.
    #[must_use]
    pub fn linked(&self) -> Linked<'_> {
        let seen = Seen { n: self.n, at_ns: self.at_ns, frame: &self.bytes };
        Linked { seen, link: self.link, length: self.length as usize }
    }
}

/// A capture whose packets are seen together. While it is still read, it grows.
pub struct Study {
    index: RwLock<Index>,
    bytes: Box<dyn Bytes>,
    sealed: Mutex<Sealed>,
}

/// A packet with all that is known of it.
#[derive(Clone, Debug)]
pub struct Studied<'a> {
    /// Counted from 1.
    pub number: u32,
    pub held: Held,
    pub decoded: Decoded,
    opened: Option<Arc<Opened>>,
    segment: Option<Followed>,
    connection: Option<((IpAddr, u16), (IpAddr, u16))>,
    initial_rtt_ns: Option<u64>,
    pairs: Vec<Mark>,
    interface: String,
    /// When the capture's first packet was seen, and the one before this.
    first_ns: Option<u64>,
    before_ns: Option<u64>,
    study: &'a Study,
}

impl Study {
    pub(super) fn of(bytes: Box<dyn Bytes>) -> Self {
        Self { index: RwLock::default(), bytes, sealed: Mutex::default() }
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn sealed(&self) -> MutexGuard<'_, Sealed> {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many packets there are, so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.index().count()
    }

    /// The places of capture.
    #[must_use]
    pub fn interfaces(&self) -> Vec<Interface> {
        self.index().interfaces.clone()
    }

    /// What was noted about the capture as a whole.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.index().notes.clone()
    }

    /// What opens its connections, as lines of a TLS key log: the file's own, not those that were given.
    #[must_use]
    pub fn key_log(&self) -> String {
        self.index().key_log.clone()
    }

    pub(super) fn secrets(&self) -> Arc<Secrets> {
        let index = self.index();
        self.sealed().secrets(&index)
    }

    /// How many TCP connections it has, numbered from 0 in the order their first packet was seen: `tcp.stream`.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.index().connections.len()
    }

    /// The client and the server of a TCP connection, by its number.
    #[must_use]
    pub fn ends_of(&self, stream: usize) -> Option<((IpAddr, u16), (IpAddr, u16))> {
        self.index().connections.get(stream).map(|it| (it.client, it.server))
    }

    /// The packets of a TCP connection, in order.
    #[must_use]
    pub fn packets_of(&self, stream: usize) -> Vec<u32> {
        self.index().of_flow(stream).into_iter().map(|(n, _)| n).collect()
    }

    /// When the first packet of a TCP connection passed.
    #[must_use]
    pub fn began_ns(&self, stream: usize) -> Option<u64> {
        let index = self.index();
        index.entry(*index.firsts.get(stream)?)?.at_ns()
    }

    /// The kinds of links that are not read, each with how many packets came over it.
    #[must_use]
    pub fn unread(&self) -> BTreeMap<LinkType, usize> {
        self.index().unread.clone()
    }

    /// All marks, each with its packet's number: by packet, once the whole file was read.
    #[must_use]
    pub fn marks(&self) -> Vec<(u32, Mark)> {
        self.index().all_marks().collect()
    }

    /// When the packet of that number passed, in nanoseconds after the capture's first, where both have a time.
    #[must_use]
    pub fn since_first_ns(&self, number: u32) -> Option<i128> {
        let index = self.index();
        Some(i128::from(index.entry(number)?.at_ns()?) - i128::from(index.entry(1)?.at_ns()?))
    }

    /// A TCP connection with its packets and what they carried, by its number from 0 (`tcp.stream`).
    #[must_use]
    pub fn flow(&self, stream: usize) -> Option<Flow> {
        let (connection, entries) = {
            let index = self.index();
            let entries = index.of_flow(stream).into_iter().map(|(n, entry)| (n, *entry, index.link(entry)));
            (*index.connections.get(stream)?, entries.collect::<Vec<_>>())
        };
        let mut flow = Flow::of(&connection);
        for (n, entry, link) in entries {
            let (Group::Flow(place), bytes) = (entry.group(), self.bytes(&entry)) else { continue };
            if let Some(segment) = walk::skim(link, &bytes, entry.length as usize).segment {
                let followed = connection.followed(place, &segment, Vec::new());
                let seen = Seen { n, at_ns: entry.at_ns().unwrap_or_default(), frame: &bytes };
                flow.take(seen, &segment, &followed);
            }
        }
        Some(flow)
    }

    /// A packet's bytes; empty where the file does not give them any more.
    fn bytes(&self, entry: &Entry) -> Vec<u8> {
        self.bytes.read(entry.offset, entry.captured as usize).unwrap_or_default()
    }

    fn opened_so_far(&self, group: Group) -> Option<Arc<Opened>> {
        let (index, mut sealed) = (self.index(), self.sealed());
        let whose = sealed.whose(&index, group)?;
        sealed.get(whose)
    }

    /// What was opened in the connection of a packet.
    fn opened(&self, group: Group) -> Option<Arc<Opened>> {
        let (whose, secrets) = {
            let (index, mut sealed) = (self.index(), self.sealed());
            let whose = sealed.whose(&index, group)?;
            if let Some(opened) = sealed.get(whose) {
                return Some(opened);
            }
            (whose, sealed.secrets(&index))
        };
        let opened = match whose {
            Whose::Flow(flow) => opened::of_flow(&self.flow(flow as usize)?, &secrets),
            Whose::Quic => self.open_quic(&secrets),
        };
        Some(self.sealed().keep(whose, opened))
    }

    fn open_quic(&self, secrets: &Secrets) -> Opened {
        let index = self.index();
        let datagrams = index.entries().filter(|(_, it)| it.group() == Group::Quic).take(MOST_DATAGRAMS);
        let datagrams: Vec<_> = datagrams.map(|(n, it)| (n, *it, index.link(it))).collect();
        drop(index);
        let kept = datagrams.into_iter().map(|(n, it, link)| Kept {
            n,
            at_ns: it.at_ns().unwrap_or_default(),
            link,
            length: it.length,
            bytes: self.bytes(&it),
        });
        let kept: Vec<Kept> = kept.collect();
        opened::of_datagrams(&kept.iter().map(Kept::linked).collect::<Vec<_>>(), secrets)
    }

    /// The packet of that number, counted from 1, as it stands in the file.
    #[must_use]
    pub fn held(&self, number: u32) -> Option<Held> {
        let (entry, comment) = {
            let index = self.index();
            (*index.entry(number)?, index.comments.get(&number).cloned())
        };
        Some(Held {
            interface: entry.interface(),
            at_ns: entry.at_ns(),
            direction: entry.direction(),
            length: entry.length,
            bytes: self.bytes(&entry),
            comment,
        })
    }

    /// Whether the file gives a packet's bytes no more: it became shorter since.
    #[must_use]
    pub fn is_gone(&self, number: u32, held: &Held) -> bool {
        self.index().entry(number).is_some_and(|it| held.bytes.len() < it.captured as usize)
    }

    /// The packet of that number, counted from 1, taken apart. Its connection is opened first, which may take as long as that
    /// is large.
    #[must_use]
    pub fn packet(&self, number: u32) -> Option<Studied<'_>> {
        self.open(number);
        self.packet_at_once(number)
    }

    /// Opens the connection of a packet, if it can be and is not yet.
    pub fn open(&self, number: u32) {
        let group = self.index().entry(number).map(Entry::group);
        drop(group.and_then(|group| self.opened(group)));
    }

    /// Whether the connection of a packet can be opened and is not yet.
    #[must_use]
    pub fn is_unopened(&self, number: u32) -> bool {
        let index = self.index();
        let Some(group) = index.entry(number).map(Entry::group) else { return false };
        let mut sealed = self.sealed();
        sealed.whose(&index, group).is_some_and(|whose| sealed.get(whose).is_none())
    }

    /// The numbers of the packets from that one on, those of a connection together: each is opened once so.
    #[must_use]
    pub fn by_connection(&self, from: u32) -> Vec<u32> {
        let index = self.index();
        let wanted = index.entries().skip((from as usize).saturating_sub(1));
        let mut all: Vec<(u32, u32)> = wanted.map(|(n, entry)| (entry.connection(), n)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, n)| n).collect()
    }

    /// As [`Self::packet`], with what was opened of its connection so far.
    #[must_use]
    pub fn packet_at_once(&self, number: u32) -> Option<Studied<'_>> {
        let index = self.index();
        let entry = *index.entry(number)?;
        let link = index.link(&entry);
        let interface = index.interfaces.get(entry.interface()).map_or_else(String::new, |it| it.name.clone());
        let (of_segment, pairs): (Vec<Mark>, Vec<Mark>) = index.marks(number).partition(|mark| mark.is_about("tcp"));
        let at = |number| index.entry(number).and_then(Entry::at_ns);
        let (first_ns, before_ns) = (at(1), number.checked_sub(1).and_then(at));
        let connection = match entry.group() {
            Group::Flow(place) => index.connections.get(place.flow as usize).map(|it| (place, *it)),
            Group::Quic | Group::Neither => None,
        };
        drop(index);
        let held = self.held(number)?;
        let segment = connection.and_then(|(place, connection)| {
            Some(connection.followed(place, &walk::skim(link, &held.bytes, held.length as usize).segment?, of_segment))
        });
        Some(Studied {
            number,
            decoded: decode_kept(link, &held.bytes, held.length as usize),
            opened: self.opened_so_far(entry.group()),
            segment,
            connection: connection.map(|(_, it)| (it.client, it.server)),
            initial_rtt_ns: connection.and_then(|(_, it)| it.initial_rtt_ns),
            pairs,
            interface,
            first_ns,
            before_ns,
            held,
            study: self,
        })
    }

    /// Whether something stands out about the packet of that number: what is noted about it, or damage in it.
    #[must_use]
    pub fn stands_out(&self, number: u32) -> bool {
        let index = self.index();
        let Some(entry) = index.entry(number).copied() else { return false };
        let (link, is_marked) = (index.link(&entry), index.marks(number).any(|mark| mark.stands_out()));
        drop(index);
        is_marked || !decode_kept(link, &self.bytes(&entry), entry.length as usize).problems.is_empty()
    }

    /// All packets as they were captured. One without a time passed when the last with one did.
    pub fn frames(&self) -> impl Iterator<Item = Kept> {
        let mut at_ns = 0;
        (1..).map_while(move |n| {
            let held = self.held(n)?;
            at_ns = held.at_ns.unwrap_or(at_ns);
            let link = self.index().interfaces.get(held.interface).map_or_else(LinkType::default, |it| it.link);
            Some(Kept { n, at_ns, link, length: held.length, bytes: held.bytes })
        })
    }

    /// All packets, one after another.
    pub fn packets(&self) -> impl Iterator<Item = Studied<'_>> {
        (1..).map_while(|number| self.packet(number))
    }
}

impl fmt::Debug for Study {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Study").field("packets", &self.count()).finish_non_exhaustive()
    }
}

impl Studied<'_> {
    /// As a filter sees it.
    #[must_use]
    pub fn seen(&self) -> filter::Packet<'_> {
        filter::Packet {
            number: self.number,
            at_ns: self.held.at_ns,
            first_ns: self.first_ns,
            before_ns: self.before_ns,
            length: self.held.length,
            frame: &self.held.bytes,
            interface: &self.interface,
            comment: self.held.comment.as_deref(),
            decoded: &self.decoded,
            opened: self.opened.as_deref(),
            followed: self.segment(),
            pairs: &self.pairs,
        }
    }

    /// Its TCP segment, with its place in its connection.
    #[must_use]
    pub const fn segment(&self) -> Option<&Followed> {
        self.segment.as_ref()
    }

    /// What was opened or put together with it.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.opened.iter().flat_map(|it| it.at(self.number))
    }

    /// The client and the server of its TCP connection.
    #[must_use]
    pub const fn connection(&self) -> Option<((IpAddr, u16), (IpAddr, u16))> {
        self.connection
    }

    /// The round trip of its TCP connection: from the SYN to the ACK of the SYN, ACK, in nanoseconds.
    #[must_use]
    pub const fn initial_rtt_ns(&self) -> Option<u64> {
        self.initial_rtt_ns
    }

    /// What stands out about it, and what it answers.
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        let followed = self.segment().map_or(&[][..], |it| &it.marks);
        followed.iter().chain(&self.pairs).copied()
    }

    /// One line: what was opened with it, else the message its segment begins with, else the segment in relative numbers.
    #[must_use]
    pub fn line(&self) -> String {
        if let Some(said) = self.opened.as_ref().and_then(|it| it.line(self.number)) {
            return said;
        }
        let read = self.decoded.layers.iter().map(|layer| layer.name);
        let innermost = { read }.rfind(|name| !["data", "padding"].contains(name));
        match self.segment() {
            Some(it) if innermost == Some("tcp") => it.line.clone(),
            Some(it) => {
                let marks: String = it.marks.iter().map(|mark| format!("[{}] ", mark.label())).collect();
                marks + &self.decoded.summary
            }
            None => self.decoded.summary.clone(),
        }
    }

    /// The innermost protocol that was read: `DNS`, `TLS`, `HTTP2`.
    #[must_use]
    pub fn protocol(&self) -> String {
        self.protocols().into_iter().rfind(|name| *name != "data").unwrap_or("data").to_uppercase()
    }

    /// Its protocols as filters name them, each once, from the outside in: what was opened with it stands behind.
    #[must_use]
    pub fn protocols(&self) -> Vec<&'static str> {
        let layers = &self.decoded.layers;
        // What an error quotes was not sent with this packet.
        let error = layers.iter().position(|layer| ["icmp", "icmpv6"].contains(&layer.name));
        let sent = error.map_or(layers.len(), |at| at + 1);
        let is_outer = |name: &&str| ["tls", "quic"].contains(name);
        // A record's true type stands behind what is inside it.
        let opened = || self.units().flat_map(|unit| &unit.decoded.layers).map(|layer| layer.name);
        let inside = opened().filter(is_outer).chain(opened().filter(|name| !is_outer(name)));
        let mut names: Vec<&'static str> = Vec::new();
        for name in layers[..sent].iter().map(|layer| layer.name).chain(inside) {
            // Extension headers are parts of their protocol, and so is what fills up a frame.
            let is_part = name.contains('.') || name == "padding";
            // Bytes of a record that goes over packets are data only until it is whole.
            let is_opened = name == "data" && self.units().next().is_some();
            if !is_part && !is_opened && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// When it passed, in nanoseconds after the capture's first, where both have a time.
    #[must_use]
    pub fn since_first_ns(&self) -> Option<i128> {
        self.study.since_first_ns(self.number)
    }
}
