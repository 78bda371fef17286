//! The rows of the sequence: what happened, one thing a row, in order of time.
use std::collections::BTreeSet;
use std::time::Duration;

use crate::recording::{Event, EventKind, Packet, Recording, Time};
use crate::tui::views::Detail;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) at: Time,
    pub(crate) what: What,
    /// Nodes (by bit) in which a call is waiting at this instant.
    pub(crate) blocked: u64,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A packet from its sending to its arrival, over one or more links while nothing else happens.
    Crossing {
        first: u32,
        hops: u32,
    },
    /// A packet leaves; it arrives in a later row.
    Leaves(u32),
    Arrives(u32),
    /// An event, and whether its end has a row of its own.
    Event {
        index: usize,
        ends_later: bool,
    },
    EventEnds(usize),
    /// Nothing happens for so long.
    Silence(Duration),
}

/// All rows of a recording, and where each packet and event is among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) all: Vec<Row>,
    of_packet: Vec<usize>,
    of_event: Vec<usize>,
}

impl Rows {
    /// The rows in that detail, without the events that are left out.
    pub(crate) fn new(recording: &Recording, left_out: &BTreeSet<usize>, detail: Detail) -> Self {
        let told = |it: &usize| is_told(&recording.events[*it], detail) && !left_out.contains(it);
        let shown: Vec<usize> = (0..recording.events.len()).filter(told).collect();
        let instants = instants(recording, &shown);
        let mut moments = packet_moments(recording, &instants, &places(recording));
        moments.extend(event_moments(recording, &shown, &instants));
        moments.sort_by_key(|(at, what)| (*at, order(what)));
        let mut rows = Self { all: with_silences(recording, &moments), ..Self::default() };
        mark_blocked(&mut rows.all, recording, &shown);
        rows.index(recording);
        rows
    }

    fn index(&mut self, recording: &Recording) {
        self.of_packet = vec![0; recording.packets.len()];
        self.of_event = vec![0; recording.events.len()];
        for (row, it) in self.all.iter().enumerate() {
            match it.what {
                What::Crossing { first, hops } => {
                    for n in first..first + hops {
                        self.of_packet[n as usize - 1] = row;
                    }
                }
                What::Leaves(n) => self.of_packet[n as usize - 1] = row,
                What::Event { index, .. } => self.of_event[index] = row,
                What::Arrives(_) | What::EventEnds(_) | What::Silence(_) => {}
            }
        }
    }

    /// The row on which a packet leaves.
    pub(crate) fn of_packet(&self, n: u32) -> Option<usize> {
        self.of_packet.get((n as usize).checked_sub(1)?).copied()
    }

    /// The row on which an event begins.
    pub(crate) fn of_event(&self, index: usize) -> Option<usize> {
        self.of_event.get(index).copied()
    }

    /// The last row that has begun at an instant.
    pub(crate) fn at(&self, cursor: Time) -> usize {
        self.all.partition_point(|row| row.at <= cursor).saturating_sub(1)
    }
}

/// Whether an event has a row in that detail.
fn is_told(event: &Event, detail: Detail) -> bool {
    let from = match event.kind {
        EventKind::Note { .. } => Detail::Notes,
        EventKind::Call { .. } | EventKind::State { .. } => Detail::Calls,
        EventKind::Decision { .. } => Detail::Reasons,
    };
    from <= detail
}

/// When anything begins or a call ends, in order.
fn instants(recording: &Recording, shown: &[usize]) -> Vec<Time> {
    let events = shown.iter().map(|it| &recording.events[*it]);
    let ends = events.clone().filter_map(|event| event.until);
    let mut all: Vec<Time> =
        recording.packets.iter().map(|it| it.at).chain(events.map(|event| event.at)).chain(ends).collect();
    all.sort_unstable();
    all
}

/// How many instants lie between two, both excluded.
fn between(instants: &[Time], from: Time, to: Time) -> usize {
    let after = instants.partition_point(|it| *it <= from);
    instants.partition_point(|it| *it < to).saturating_sub(after)
}

fn packet_moments(recording: &Recording, instants: &[Time], places: &[usize]) -> Vec<(Time, What)> {
    let packets = &recording.packets;
    let mut moments = Vec::with_capacity(packets.len());
    let mut index = 0;
    while let Some(packet) = packets.get(index) {
        let hops = hops(&packets[index..], instants, places);
        let arrived = packets[index + hops - 1].arrived;
        match arrived {
            Some(arrived) if hops == 1 && between(instants, packet.at, arrived) > 0 => {
                moments.push((packet.at, What::Leaves(packet.n)));
                moments.push((arrived, What::Arrives(packet.n)));
            }
            _ => {
                let hops = u32::try_from(hops).unwrap_or(1);
                moments.push((packet.at, What::Crossing { first: packet.n, hops }));
            }
        }
        index += hops;
    }
    moments
}

/// The place of each node's lifeline, from the left.
fn places(recording: &Recording) -> Vec<usize> {
    let mut places = vec![0; recording.topology.nodes.len()];
    for (place, node) in super::order(&recording.topology).into_iter().enumerate() {
        places[node] = place;
    }
    places
}

/// Over how many links the first packet goes on unchanged and the same way while nothing else happens: its arrows stand
/// on one row and must not lie over each other.
fn hops(packets: &[Packet], instants: &[Time], places: &[usize]) -> usize {
    let rightwards = |it: &Packet| places.get(it.from) < places.get(it.to);
    let first = &packets[0];
    let mut hops = 1;
    while let (Some(here), Some(next)) = (packets.get(hops - 1), packets.get(hops)) {
        let goes_on = next.from == here.to
            && next.bytes == here.bytes
            && here.arrived.is_some_and(|it| it <= next.at)
            && rightwards(next) == rightwards(here);
        let end = next.arrived.unwrap_or(next.at);
        let own = packets[1..=hops].iter().filter(|it| it.at > first.at && it.at < end).count();
        if !goes_on || between(instants, first.at, end) > own {
            break;
        }
        hops += 1;
    }
    hops
}

fn event_moments(recording: &Recording, shown: &[usize], instants: &[Time]) -> Vec<(Time, What)> {
    let mut moments = Vec::with_capacity(shown.len());
    for index in shown.iter().copied() {
        let event = &recording.events[index];
        let ends = event.until.filter(|until| between(instants, event.at, *until) > 0);
        moments.push((event.at, What::Event { index, ends_later: ends.is_some() }));
        moments.extend(ends.map(|until| (until, What::EventEnds(index))));
    }
    moments
}

/// Of one instant: first what arrives, then what that ends and begins, then what is sent for it.
const fn order(what: &What) -> u8 {
    match what {
        What::Silence(_) => 0,
        What::Arrives(_) => 1,
        What::EventEnds(_) => 2,
        What::Event { .. } => 3,
        What::Crossing { .. } | What::Leaves(_) => 4,
    }
}

/// Rows from moments; where nothing is on its way for a fortieth of the run, a row says so.
fn with_silences(recording: &Recording, moments: &[(Time, What)]) -> Vec<Row> {
    let long = Duration::from_nanos((recording.end.0 / 40).max(1));
    let mut rows = Vec::with_capacity(moments.len());
    let mut busy = Time::ZERO;
    for (at, what) in moments {
        if at.since(busy) >= long {
            rows.push(Row { at: busy, what: What::Silence(at.since(busy)), blocked: 0 });
        }
        rows.push(Row { at: *at, what: *what, blocked: 0 });
        let over = match what {
            What::Crossing { first, hops } => recording.packet(first + hops - 1).and_then(|packet| packet.arrived),
            What::Leaves(n) => recording.packet(*n).and_then(|packet| packet.arrived),
            _ => None,
        };
        busy = busy.max(over.unwrap_or(*at)).max(*at);
    }
    rows
}

fn mark_blocked(rows: &mut [Row], recording: &Recording, shown: &[usize]) {
    let waiting = |it: &&Event| it.until.is_some_and(|until| until > it.at) && it.node < 64;
    let mut ahead = shown.iter().map(|it| &recording.events[*it]).filter(waiting).peekable();
    let mut now: Vec<&Event> = Vec::new();
    for row in rows {
        while let Some(event) = ahead.next_if(|event| event.at <= row.at) {
            now.push(event);
        }
        now.retain(|event| event.until.is_some_and(|until| until > row.at));
        row.blocked = now.iter().fold(0, |mask, event| mask | 1 << event.node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::views::fixture;

    #[test]
    fn a_packet_that_turns_round_at_a_node_is_on_two_rows() {
        let hop = |from, to, at, arrived| Packet {
            from,
            to,
            at: Time(at),
            left: Time(at),
            arrived: Some(Time(arrived)),
            ..fixture::packet()
        };
        let packets = [hop(0, 1, 0, 5), hop(1, 2, 5, 9)];
        let instants = [Time(0), Time(5)];
        assert_eq!(hops(&packets, &instants, &[0, 1, 2]), 2, "one after the other");
        assert_eq!(hops(&packets, &instants, &[0, 2, 1]), 1, "back over the first");
    }
}
