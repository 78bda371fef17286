//! A capture held whole: its packets, what they say together, and what its secrets open.
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Interface, Item};
use crate::wire::analysis::{self, Analysis, Flow, Followed, Linked, Mark, Seen};
use crate::wire::filter;
use crate::wire::link::LinkType;
use crate::wire::opened::{self, Opened, Unit};
use crate::wire::pcapng::Direction;
use crate::wire::{Decoded, decode_on};

/// What a file told, until all of it was read.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    pub interfaces: Vec<Interface>,
    pub packets: Vec<Held>,
    /// Lines of a TLS key log.
    pub key_log: String,
    /// What was noted about the capture as a whole.
    pub comments: Vec<String>,
}

/// A packet with bytes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Index into [`Collected::interfaces`].
    pub interface: usize,
    /// Nanoseconds since 1970; not every packet has a time.
    pub at_ns: Option<u64>,
    pub direction: Option<Direction>,
    /// How long it was on the wire.
    pub length: u32,
    pub bytes: Vec<u8>,
    pub comment: Option<String>,
}

/// A capture whose packets were seen together.
#[derive(Clone, Debug)]
pub struct Study {
    pub collected: Collected,
    analysis: Analysis,
    opened: Opened,
    key_log: String,
}

/// A packet with all that is known of it.
#[derive(Clone, Debug)]
pub struct Studied<'a> {
    /// Counted from 1.
    pub number: u32,
    pub held: &'a Held,
    pub decoded: Decoded,
    /// What was opened or put together with it.
    pub units: Vec<&'a Unit>,
    study: &'a Study,
}

impl Collected {
    /// Takes the next thing of the file.
    pub fn take(&mut self, item: Item<'_>) {
        match item {
            Item::Interface(it) => self.interfaces.push(it),
            Item::Packet(it) => self.packets.push(Held {
                interface: it.interface,
                at_ns: it.at_ns,
                direction: it.direction,
                length: it.length,
                bytes: it.bytes.to_vec(),
                comment: it.comment,
            }),
            Item::Comment(text) => self.comments.push(text),
            Item::KeyLog(lines) => {
                self.key_log.push_str(&lines);
                self.key_log.push('\n');
            }
            // Names are those of another time and place.
            Item::Name(..) => {}
        }
    }

    /// Sees all packets together, and opens what these keys and the file's own open.
    #[must_use]
    pub fn study(self, keys: &str) -> Study {
        let key_log = format!("{}{keys}", self.key_log);
        let mut at_ns = 0;
        let linked = (1..).zip(&self.packets).map(|(n, it)| {
            // One without a time came when the last with one did.
            at_ns = it.at_ns.unwrap_or(at_ns);
            Linked { seen: Seen { n, at_ns, frame: &it.bytes }, link: self.link(it) }
        });
        let linked: Vec<Linked<'_>> = linked.collect();
        let analysis = analysis::analyse(linked.iter().copied());
        let opened = opened::open(linked, &key_log);
        Study { collected: self, analysis, opened, key_log }
    }

    /// The kind of link a packet came over.
    #[must_use]
    pub fn link(&self, held: &Held) -> LinkType {
        self.interfaces.get(held.interface).map_or(LinkType::Ethernet, |it| it.link)
    }
}

impl Study {
    /// Its TCP connections, in the order their first packet was seen: their number is `tcp.stream`.
    #[must_use]
    pub fn flows(&self) -> &[Flow] {
        &self.analysis.flows
    }

    /// What opens its connections: the file's own lines, and those that were given.
    pub(super) fn key_log(&self) -> &str {
        &self.key_log
    }

    /// How many packets there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.collected.packets.len()
    }

    /// When the packet of that number passed, in nanoseconds after the capture's first, where both have a time.
    #[must_use]
    pub fn since_first_ns(&self, number: u32) -> Option<i128> {
        let packets = &self.collected.packets;
        let held = packets.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        Some(i128::from(held.at_ns?) - i128::from(packets.first()?.at_ns?))
    }

    /// The packet of that number, counted from 1, taken apart.
    #[must_use]
    pub fn packet(&self, number: u32) -> Option<Studied<'_>> {
        let held = self.collected.packets.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        let decoded = decode_on(self.collected.link(held), &held.bytes);
        Some(Studied { number, held, decoded, units: self.opened.at(number).collect(), study: self })
    }

    /// All packets, one after another.
    pub fn packets(&self) -> impl Iterator<Item = Studied<'_>> {
        (1..).map_while(|number| self.packet(number))
    }

    /// The kinds of links that are not read, each with how many packets came over it.
    #[must_use]
    pub fn unread(&self) -> BTreeMap<LinkType, usize> {
        let mut unread = BTreeMap::new();
        let links = self.collected.packets.iter().map(|it| self.collected.link(it));
        links.filter(|it| !it.is_read()).for_each(|it| *unread.entry(it).or_default() += 1);
        unread
    }
}

impl Studied<'_> {
    /// As a filter sees it.
    #[must_use]
    pub fn seen(&self) -> filter::Packet<'_> {
        let packets = &self.study.collected.packets;
        let before = usize::try_from(self.number).ok().and_then(|it| it.checked_sub(2)).and_then(|it| packets.get(it));
        let interface = self.study.collected.interfaces.get(self.held.interface);
        filter::Packet {
            number: self.number,
            at_ns: self.held.at_ns,
            first_ns: packets.first().and_then(|it| it.at_ns),
            before_ns: before.and_then(|it| it.at_ns),
            length: self.held.length,
            frame: &self.held.bytes,
            interface: interface.map_or("", |it| &it.name),
            comment: self.held.comment.as_deref(),
            decoded: &self.decoded,
            units: &self.units,
            followed: self.segment(),
            pairs: self.study.analysis.pairs.get(&self.number).map_or(&[], Vec::as_slice),
        }
    }

    /// Its TCP segment, with its place in its connection.
    #[must_use]
    pub fn segment(&self) -> Option<&Followed> {
        self.study.analysis.segments.get(&self.number)
    }

    /// The client and the server of its TCP connection.
    #[must_use]
    pub fn connection(&self) -> Option<((IpAddr, u16), (IpAddr, u16))> {
        let flow = self.study.analysis.flows.get(self.segment()?.flow)?;
        Some((flow.client, flow.server))
    }

    /// What stands out about it, and what it answers.
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        let followed = self.segment().map_or(&[][..], |it| &it.marks);
        let pairs = self.study.analysis.pairs.get(&self.number).map_or(&[][..], Vec::as_slice);
        followed.iter().chain(pairs).copied()
    }

    /// One line: what was opened with it, else the message its segment begins with, else the segment in relative numbers.
    #[must_use]
    pub fn line(&self) -> String {
        if let Some(said) = self.study.opened.line(self.number) {
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
        let opened = || self.units.iter().flat_map(|unit| &unit.decoded.layers).map(|layer| layer.name);
        let inside = opened().filter(is_outer).chain(opened().filter(|name| !is_outer(name)));
        let mut names: Vec<&'static str> = Vec::new();
        for name in layers[..sent].iter().map(|layer| layer.name).chain(inside) {
            // Extension headers are parts of their protocol, and so is what fills up a frame.
            let is_part = name.contains('.') || name == "padding";
            // Bytes of a record that goes over packets are data only until it is whole.
            let is_opened = name == "data" && !self.units.is_empty();
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
