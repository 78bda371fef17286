//! What is known of a capture without its bytes: where each packet lies in the file, when it passed, which connection it is of.
//!
//! 36 bytes a packet, so that a capture of any size can be looked at; everything else is read from the file when it is asked for.
use std::collections::{BTreeMap, BTreeSet};
use std::{iter, mem};

use super::Interface;
use super::pieces::Pieces;
use crate::wire::analysis::{Connection, Mark, Place, Scale};
use crate::wire::link::LinkType;
use crate::wire::pcapng::Direction;

/// Marks are put in order whenever there are so many new ones.
const FOUND: usize = 1 << 10;
/// In place of a time: none is known.
const NEVER: u64 = u64::MAX;

/// What a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// A segment of TCP.
    Flow(Place),
    /// A datagram of QUIC.
    Quic,
    Neither,
}

/// What is kept of every packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Where its bytes begin in the file.
    pub(super) offset: u64,
    at_ns: u64,
    pub(super) captured: u32,
    /// How long it was on the wire.
    pub(super) length: u32,
    /// The connection, or one of the two below.
    flow: u32,
    /// The interface's index; then the bits below.
    packed: u32,
}

const QUIC: u32 = u32::MAX - 1;
const NEITHER: u32 = u32::MAX;
const INTERFACE: u32 = (1 << 24) - 1;
const FROM_SERVER: u32 = 1 << 24;
const IN: u32 = 1 << 25;
const OUT: u32 = 1 << 26;
const SCALE: u32 = 27;

impl Entry {
    pub(super) fn new(packet: &super::Packet<'_>, group: Group) -> Self {
        let direction = match packet.direction {
            Some(Direction::In) => IN,
            Some(Direction::Out) => OUT,
            None => 0,
        };
        let (flow, placed) = match group {
            Group::Flow(it) => {
                (it.flow, (u32::from(it.from_server) * FROM_SERVER) | (u32::from(it.scale.packed()) << SCALE))
            }
            Group::Quic => (QUIC, 0),
            Group::Neither => (NEITHER, 0),
        };
        // A file has fewer interfaces than these bits can count, and no packet is longer than `MOST_BYTES`.
        let interface = u32::try_from(packet.interface).unwrap_or(INTERFACE).min(INTERFACE);
        Self {
            offset: packet.offset,
            at_ns: packet.at_ns.unwrap_or(NEVER),
            captured: u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX),
            length: packet.length,
            flow,
            packed: interface | direction | placed,
        }
    }

    pub(super) fn at_ns(&self) -> Option<u64> {
        Some(self.at_ns).filter(|at| *at != NEVER)
    }

    pub(super) const fn interface(&self) -> usize {
        (self.packed & INTERFACE) as usize
    }

    pub(super) const fn direction(&self) -> Option<Direction> {
        match self.packed & (IN | OUT) {
            IN => Some(Direction::In),
            OUT => Some(Direction::Out),
            _ => None,
        }
    }

    /// A number that packets of a connection have in common, and those of all others.
    pub(super) const fn connection(&self) -> u32 {
        self.flow
    }

    pub(super) const fn group(&self) -> Group {
        match self.flow {
            NEITHER => Group::Neither,
            QUIC => Group::Quic,
            flow => {
                let scale = Scale::of_packed((self.packed >> SCALE) as u8);
                Group::Flow(Place { flow, from_server: self.packed & FROM_SERVER != 0, scale })
            }
        }
    }
}

/// All packets of a capture, and what they say together.
#[derive(Default)]
pub(super) struct Index {
    entries: Pieces<Entry>,
    /// For each packet the one before it of the same TCP connection; 0 where there is none.
    before: Pieces<u32>,
    pub(super) interfaces: Vec<Interface>,
    /// TCP connections, in the order their first packet was seen.
    pub(super) connections: Vec<Connection>,
    /// The first packet of each.
    pub(super) firsts: Vec<u32>,
    /// The last packet of each.
    lasts: Vec<u32>,
    /// By packet.
    marks: Vec<(u32, Mark)>,
    /// Those that were found last: a mark may be of an earlier packet.
    found: Vec<(u32, Mark)>,
    /// By packet.
    pub(super) comments: BTreeMap<u32, String>,
    /// What was noted about the capture as a whole.
    pub(super) notes: Vec<String>,
    /// The file's own lines of a TLS key log.
    pub(super) key_log: String,
    /// Those that were given beside it.
    pub(super) keys: String,
    /// The connections that are read further without any secret.
    pub(super) clear: BTreeSet<u32>,
    /// The kinds of links that are not read, each with how many packets came over it.
    pub(super) unread: BTreeMap<LinkType, usize>,
    /// Whether nothing more comes.
    pub(super) is_whole: bool,
}

impl Index {
    pub(super) const fn count(&self) -> usize {
        self.entries.len()
    }

    /// The packet of that number, counted from 1.
    pub(super) fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// All packets with their numbers.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (1..).zip(self.entries.iter())
    }

    /// The packets of a TCP connection with their numbers, in order.
    pub(super) fn of_flow(&self, stream: usize) -> Vec<(u32, &Entry)> {
        let before = |n: &u32| self.before.get((*n as usize).checked_sub(1)?).copied().filter(|it| *it > 0);
        let last = self.lasts.get(stream).copied();
        let backwards = iter::successors(last, before);
        let mut found: Vec<_> = backwards.filter_map(|n| Some((n, self.entry(n)?))).collect();
        found.reverse();
        found
    }

    /// Takes the next packet.
    pub(super) fn push(&mut self, entry: Entry) {
        let n = u32::try_from(self.count() + 1).unwrap_or(u32::MAX);
        let mut before = 0;
        if let Group::Flow(place) = entry.group() {
            let flow = place.flow as usize;
            match self.lasts.get_mut(flow) {
                Some(last) => before = mem::replace(last, n),
                None => {
                    // Connections are numbered in the order their first packet came.
                    self.firsts.push(n);
                    self.lasts.push(n);
                }
            }
        }
        self.entries.push(entry);
        self.before.push(before);
    }

    /// Takes another mark; those of a packet stay in the order they were found.
    pub(super) fn mark(&mut self, number: u32, mark: Mark) {
        self.found.push((number, mark));
        if self.found.len() > FOUND.max(self.marks.len() / 4) {
            self.sort();
        }
    }

    /// Ends it: nothing more comes.
    pub(super) fn finish(&mut self) {
        self.sort();
        self.is_whole = true;
    }

    fn sort(&mut self) {
        self.marks.append(&mut self.found);
        self.marks.sort_by_key(|(n, _)| *n);
    }

    /// The marks of a packet.
    pub(super) fn marks(&self, number: u32) -> impl Iterator<Item = Mark> {
        let from = self.marks.partition_point(|(n, _)| *n < number);
        let sorted = self.marks[from..].iter().take_while(move |(n, _)| *n == number);
        sorted.chain(self.found.iter().filter(move |(n, _)| *n == number)).map(|(_, mark)| *mark)
    }

    /// All marks with their packets' numbers, those that were found last at the end, the others in order.
    pub(super) fn all_marks(&self) -> impl Iterator<Item = (u32, Mark)> {
        self.marks.iter().chain(&self.found).copied()
    }

    pub(super) fn link(&self, entry: &Entry) -> LinkType {
        self.interfaces.get(entry.interface()).map_or(LinkType::Ethernet, |it| it.link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_what_it_was_given() {
        assert_eq!(size_of::<Entry>(), 32);
        for direction in [None, Some(Direction::In), Some(Direction::Out)] {
            for (interface, scale, from_server) in [
                (0, Scale::By(0), false),
                (99_999, Scale::By(14), true),
                (1, Scale::Unused, false),
                (2, Scale::Unknown, true),
            ] {
                let packet = super::super::Packet {
                    interface,
                    at_ns: (interface > 0).then_some(7),
                    direction,
                    length: 9,
                    bytes: b"four",
                    offset: 1 << 40,
                    comment: None,
                };
                let group = Group::Flow(Place { flow: 3, from_server, scale });
                let entry = Entry::new(&packet, group);
                assert_eq!((entry.group(), entry.direction(), entry.interface()), (group, direction, interface));
                assert_eq!((entry.at_ns(), entry.captured, entry.length), (packet.at_ns, 4, 9));
                assert_eq!(Entry::new(&packet, Group::Quic).group(), Group::Quic);
                assert_eq!(Entry::new(&packet, Group::Neither).group(), Group::Neither);
            }
        }
    }
}
