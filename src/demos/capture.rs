//! A run as one node saw it: what a capture at its interfaces would list, in that order and with those times.
use crate::demos::frame::{Content, Segment, content};
use crate::recording::{Fate, Packet, Recording, Time};

/// A packet as a node saw it: when it sent it, or when it was all there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub(super) at: Time,
    /// The frame's number in this capture, from 1, as Wireshark counts.
    pub(super) frame: usize,
    pub(super) sent: bool,
    pub(super) packet: &'a Packet,
    pub(super) content: Content<'a>,
}

impl<'a> Sight<'a> {
    /// The TCP segment in it.
    pub(super) const fn tcp(&self) -> Option<Segment<'a>> {
        match self.content {
            Content::Tcp(segment) => Some(segment),
            _ => None,
        }
    }

    /// The payload of the UDP datagram in it.
    pub(super) const fn udp(&self) -> Option<&'a [u8]> {
        match self.content {
            Content::Udp { payload, .. } => Some(payload),
            _ => None,
        }
    }

    /// How many bytes of a program's data it carries over TCP.
    pub(super) fn data(&self) -> usize {
        self.tcp().map_or(0, |it| it.payload.len())
    }
}

/// Everything the node of that name sent and received. What was lost on its way in was never seen here, nor a copy that the link
/// made of what went out.
pub(super) fn capture<'a>(recording: &'a Recording, node: &str) -> Vec<Sight<'a>> {
    let Some(node) = recording.node(node) else { return Vec::new() };
    let seen = |packet: &'a Packet| {
        let copy = matches!(packet.fate, Fate::Copy { .. });
        let (at, sent) = if packet.from == node && !copy {
            (packet.at, true)
        } else if packet.to == node {
            (packet.arrived?, false)
        } else {
            return None;
        };
        Some(Sight { at, frame: 0, sent, packet, content: content(&packet.bytes) })
    };
    let mut sights: Vec<_> = recording.packets.iter().filter_map(seen).collect();
    sights.sort_by_key(|it| (it.at, it.packet.n));
    for (index, sight) in sights.iter_mut().enumerate() {
        sight.frame = index + 1;
    }
    sights
}

/// The first sight that a condition holds for.
pub(super) fn first<'s, 'a>(sights: &'s [Sight<'a>], wanted: impl Fn(&Sight<'a>) -> bool) -> Option<&'s Sight<'a>> {
    sights.iter().find(|it| wanted(it))
}

/// The first sight of a TCP segment that a condition holds for.
pub(super) fn segment<'s, 'a>(sights: &'s [Sight<'a>], wanted: impl Fn(&Segment<'a>) -> bool) -> Option<&'s Sight<'a>> {
    first(sights, |it| it.tcp().is_some_and(|segment| wanted(&segment)))
}

/// The first data that this node sent twice over TCP: the segment that carried it first, and the one that did again.
pub(super) fn resent<'s, 'a>(sights: &'s [Sight<'a>]) -> Option<(&'s Sight<'a>, &'s Sight<'a>)> {
    let mut sent: Vec<(&Sight<'a>, Segment<'a>)> = Vec::new();
    for sight in sights.iter().filter(|it| it.sent && it.data() > 0) {
        let segment = sight.tcp()?;
        let same_byte = |(_, earlier): &&(&Sight<'a>, Segment<'a>)| {
            let behind = segment.seq.wrapping_sub(earlier.seq) as usize;
            (earlier.from, earlier.to) == (segment.from, segment.to) && behind < earlier.payload.len()
        };
        if let Some((first, _)) = sent.iter().find(same_byte) {
            return Some((first, sight));
        }
        sent.push((sight, segment));
    }
    None
}

/// The packet that had come in last at that instant, among those a condition holds for: what a program's call waited for.
pub(super) fn latest<'s, 'a>(
    sights: &'s [Sight<'a>],
    at: Time,
    wanted: impl Fn(&Sight<'a>) -> bool,
) -> Option<&'s Sight<'a>> {
    sights.iter().rfind(|it| !it.sent && it.at <= at && wanted(it))
}
