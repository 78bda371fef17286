//! A capture as exercises see it: packets numbered from 1, connections followed, lines to show.
use std::fmt::Write as _;

use crate::wire::analysis::{Analysis, Flow, Followed, Linked, analyse};
use crate::wire::capture::ends;
use crate::wire::tcp::Segment;
use crate::wire::text::visible;
use crate::wire::walk::skim;
use crate::wire::{Decoded, decode_kept};

/// The packets of one capture, in the order they passed.
#[derive(Clone, Debug)]
pub struct Capture<'a> {
    packets: Vec<Linked<'a>>,
    pub(super) analysis: Analysis,
}

/// A segment with its place in its connection.
#[derive(Clone, Debug)]
pub(super) struct Tcp<'c> {
    pub(super) n: u32,
    pub(super) at_ns: u64,
    pub(super) segment: Segment,
    pub(super) followed: &'c Followed,
}

impl<'a> Capture<'a> {
    /// Of packets by time; they are numbered anew.
    #[must_use]
    pub fn new(packets: impl IntoIterator<Item = impl Into<Linked<'a>>>) -> Self {
        let mut packets: Vec<Linked<'a>> = packets.into_iter().map(Into::into).collect();
        (1..).zip(&mut packets).for_each(|(n, it)| it.seen.n = n);
        let analysis = analyse(packets.iter().copied());
        Self { packets, analysis }
    }

    /// Every packet's number.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        (1..).take(self.packets.len())
    }

    pub(super) fn packet(&self, n: u32) -> Option<&Linked<'a>> {
        self.packets.get(usize::try_from(n).ok()?.checked_sub(1)?)
    }

    pub(super) fn decoded(&self, n: u32) -> Decoded {
        self.packet(n).map(|it| decode_kept(it.link, it.seen.frame, it.length)).unwrap_or_default()
    }

    pub(super) fn at_ns(&self, n: u32) -> u64 {
        self.packet(n).map_or(0, |it| it.seen.at_ns)
    }

    /// On the wire.
    pub(super) fn length(&self, n: u32) -> usize {
        self.packet(n).map_or(0, |it| it.length)
    }

    /// What the field of a packet says, outermost layer first.
    pub(super) fn value(&self, n: u32, field: &str) -> Option<String> {
        self.decoded(n).field(field).map(|it| it.value.clone())
    }

    pub(super) fn tcp(&self, n: u32) -> Option<Tcp<'_>> {
        let (packet, followed) = (self.packet(n)?, self.analysis.segments.get(&n)?);
        let segment = skim(packet.link, packet.seen.frame, packet.length).segment?;
        Some(Tcp { n, at_ns: packet.seen.at_ns, segment, followed })
    }

    /// The segments of a connection, in the order they passed.
    pub(super) fn segments(&self, flow: &Flow) -> Vec<Tcp<'_>> {
        flow.packets.iter().filter_map(|n| self.tcp(*n)).collect()
    }

    /// The time of a packet since the first, as the lines have it.
    pub(super) fn stamp(&self, n: u32) -> String {
        let since = self.at_ns(n).saturating_sub(self.at_ns(1));
        format!("{}.{:03} ms", since / 1_000_000, since / 1000 % 1000)
    }

    /// Who sent a packet and who is meant: by IP where it has that, else on the link.
    pub(super) fn ends(&self, n: u32) -> [String; 2] {
        ends(&self.decoded(n))
    }

    /// A segment in a line of its connection, in relative numbers: `[SYN, ACK] Seq=0 Ack=1 Len=0`.
    pub(super) fn lines(&self, shown: &[Tcp<'_>]) -> String {
        let line =
            |it: &Tcp<'_>| format!("{:>4} {:>12}  {} {}", it.n, self.stamp(it.n), way(it.is_of_server()), it.says());
        shown.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The two ends of a connection, for the words that stand for them in its lines.
    pub(super) fn told(flow: &Flow) -> String {
        let end = |(address, port): (std::net::IpAddr, u16)| format!("{address} port {port}");
        format!("client: {}; server: {}", end(flow.client), end(flow.server))
    }
}

impl Tcp<'_> {
    pub(super) const fn is_of_server(&self) -> bool {
        self.followed.from_server
    }

    /// What it takes of the numbers: its data, and one each for SYN and FIN.
    pub(super) fn space(&self) -> u32 {
        self.segment.space()
    }

    /// The relative number behind its last.
    pub(super) fn end(&self) -> u32 {
        self.followed.sequence.wrapping_add(self.space())
    }

    pub(super) fn length(&self) -> u32 {
        u32::try_from(self.followed.length).unwrap_or(u32::MAX)
    }

    pub(super) fn says(&self) -> String {
        says(&self.segment.flags.to_string(), self.followed.sequence, self.followed.acknowledgment, self.length())
    }

    /// What its numbers stand for: `512 bytes`, `SYN`, `40 bytes and FIN`.
    pub(super) fn carries(&self) -> String {
        let mut parts = Vec::new();
        match self.length() {
            0 => {}
            1 => parts.push("1 byte".to_owned()),
            bytes => parts.push(format!("{bytes} bytes")),
        }
        let flags = [("SYN", self.segment.flags.syn), ("FIN", self.segment.flags.fin)];
        parts.extend(flags.iter().filter(|(_, set)| *set).map(|(name, _)| (*name).to_owned()));
        if parts.is_empty() { "nothing that takes a number".to_owned() } else { parts.join(" and ") }
    }
}

/// Which way a line goes.
pub(super) const fn way(from_server: bool) -> &'static str {
    if from_server { "server > client" } else { "client > server" }
}

/// A segment's numbers as every line has them.
pub(super) fn says(flags: &str, sequence: u32, acknowledgment: Option<u32>, length: u32) -> String {
    let mut out = format!("[{flags}] Seq={sequence}");
    if let Some(acknowledgment) = acknowledgment {
        // A String takes all text.
        let _ = write!(out, " Ack={acknowledgment}");
    }
    out + &format!(" Len={length}")
}

/// Lines as Markdown shows them, letter for letter.
pub(super) fn block(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(visible).collect();
    format!("```text\n{}\n```", lines.join("\n"))
}

/// How far everything of one side has come in order, by the segments in sight: from what the other side has acknowledged, or
/// from that side's SYN. `None` where nothing in sight says where to begin.
pub(super) fn in_order(shown: &[Tcp<'_>], of_server: bool) -> Option<u32> {
    let acknowledged =
        shown.iter().filter(|it| it.is_of_server() != of_server).filter_map(|it| it.followed.acknowledgment);
    let opened = shown.iter().find(|it| it.is_of_server() == of_server && it.segment.flags.syn);
    let mut end = acknowledged.max().max(opened.map(Tcp::end))?;
    let theirs = || shown.iter().filter(|it| it.is_of_server() == of_server && it.space() > 0);
    while let Some(further) = theirs().filter(|it| it.followed.sequence <= end && it.end() > end).map(Tcp::end).max() {
        end = further;
    }
    Some(end)
}
