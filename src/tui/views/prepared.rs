//! A recording with what the views look up in it, made once when it arrives.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Detail;
use super::machines::{self, Machines};
use super::moments::{self, Moment};
use super::quiet;
use super::sequence::{self, Rows};
use crate::recording::opened::{self, Links};
use crate::recording::vantage::{self, Vantage};
use crate::recording::{NodeKind, Packet, Recording, Time};
use crate::wire::analysis::{self, Mark, Scale};
use crate::wire::opened::Unit;
use crate::wire::text::visible;

/// A key walks through the captures: more are of no use.
const MOST_CAPTURES: usize = 16;

/// A recording, ready to be drawn at any instant.
#[derive(Clone, Debug)]
pub struct Prepared {
    recording: Arc<Recording>,
    order: Vec<usize>,
    /// By the detail that is shown.
    rows: [Rows; 3],
    captures: Vec<Capture>,
    moments: Vec<Moment>,
    machines: Machines,
    /// Events of listeners that play no part: no view shows them.
    idle: BTreeSet<usize>,
    /// The longest any packet was on its way, its queue included.
    longest: Duration,
    /// What was sealed, opened.
    opened: Links,
    /// The long stretches in which nothing happens.
    quiet: Vec<(Time, Time)>,
}

/// What one interface of a host saw: the packets' numbers in the order of its capture.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) name: String,
    node: usize,
    pub(crate) frames: Vec<(Time, u32)>,
    /// What stands out about a frame among those of this capture.
    marks: BTreeMap<u32, Vec<Mark>>,
    /// The windows in bytes, and how they are scaled.
    windows: BTreeMap<u32, (u32, Option<Scale>)>,
}

impl Capture {
    /// The frame (from 0) of a packet; of one it did not see, the last frame before it was sent.
    pub(crate) fn frame(&self, n: u32, sent: Time) -> usize {
        let exact = self.frames.iter().position(|(_, it)| *it == n);
        exact.unwrap_or_else(|| self.frames.partition_point(|(at, _)| *at <= sent).saturating_sub(1))
    }
}

fn captures(recording: &Recording) -> Vec<Capture> {
    let is_host = |it: &Vantage| recording.topology.nodes.get(it.node).is_some_and(|it| it.kind == NodeKind::Host);
    let all = vantage::all(recording).into_iter().filter(is_host);
    all.take(MOST_CAPTURES).map(|it| capture(recording, it)).collect()
}

fn capture(recording: &Recording, place: Vantage) -> Capture {
    let seen = place.seen(recording);
    let frames = seen.iter().map(|it| (it.at, it.packet.n)).collect();
    let passed = seen.iter().map(|it| analysis::Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes });
    let analysis = analysis::analyse(passed);
    let windows = analysis.segments.iter().map(|(n, it)| (*n, (it.window, it.scale))).collect();
    let marks = analysis.into_marks();
    Capture { name: visible(place.name(recording)), node: place.node, frames, marks, windows }
}

impl Prepared {
    #[must_use]
    pub fn new(recording: Arc<Recording>) -> Self {
        let idle = machines::idle(&recording);
        let order = sequence::lifelines(&recording, &idle);
        let rows = [Detail::Notes, Detail::Calls, Detail::Reasons].map(|detail| Rows::new(&recording, &idle, detail));
        let captures = captures(&recording);
        let moments = moments::of(&recording);
        let machines = Machines::of(&recording, &idle);
        let ways = recording.packets.iter().map(|it| it.arrived.unwrap_or(it.left).since(it.at));
        let longest = ways.max().unwrap_or_default();
        let opened = opened::open(&recording);
        let quiet = quiet::stretches(&recording, &idle);
        Self { recording, order, rows, captures, moments, machines, idle, longest, opened, quiet }
    }

    /// What hosts decided, and the markers, in order of time.
    pub(crate) fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The long stretches in which nothing happens.
    pub(crate) fn quiet(&self) -> &[(Time, Time)] {
        &self.quiet
    }

    /// Whether the event is of a listener that plays no part.
    pub(crate) fn is_idle(&self, event: usize) -> bool {
        self.idle.contains(&event)
    }

    /// The state machines.
    pub(crate) const fn machines(&self) -> &Machines {
        &self.machines
    }

    /// What stands out about a packet: in that capture, or else in that of the host at its link, the sender's first.
    pub(crate) fn marks(&self, packet: &Packet, capture: Option<usize>) -> &[Mark] {
        let capture = match capture {
            Some(index) => self.captures.get(index),
            None => self.capture_of(packet),
        };
        capture.and_then(|it| it.marks.get(&packet.n)).map_or(&[], Vec::as_slice)
    }

    /// That of the host at the packet's link, the sender's first.
    fn capture_of(&self, packet: &Packet) -> Option<&Capture> {
        let at = |node: usize| self.captures.iter().find(move |it| it.node == node);
        at(packet.from).or_else(|| at(packet.to))
    }

    /// What was sealed and can be opened once this packet is there.
    pub(crate) fn opened(&self, packet: &Packet) -> Vec<&Unit> {
        self.opened.at(packet).collect()
    }

    /// The window a segment offers in bytes, scaled as its connection's SYNs agreed (RFC 7323 §2.3).
    pub(crate) fn window(&self, packet: &Packet) -> Option<u32> {
        self.capture_of(packet)?.windows.get(&packet.n).map(|it| it.0)
    }

    /// How that window is scaled.
    pub(crate) fn scale(&self, packet: &Packet) -> Option<Scale> {
        self.capture_of(packet)?.windows.get(&packet.n)?.1
    }

    /// The packet's summary with its window in bytes, as Wireshark shows it.
    pub(crate) fn summary(&self, packet: &Packet) -> String {
        let summary = visible(&packet.summary);
        let scaled = summary.split_once(" Win=").zip(self.window(packet)).map(|((before, after), window)| {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before} Win={window}{rest}")
        });
        scaled.unwrap_or(summary)
    }

    /// The run without its marks: a question asks for what they tell.
    #[must_use]
    pub fn unmarked(mut self) -> Self {
        self.captures.iter_mut().for_each(|it| it.marks.clear());
        self
    }

    /// Packets that may be on their way or waiting at an instant: all that are, those sent within `lately`, and few others.
    pub(crate) fn underway(&self, cursor: Time, lately: Duration) -> &[Packet] {
        let packets = &self.recording.packets;
        let earliest =
            Time(cursor.0.saturating_sub(self.longest.max(lately).as_nanos().try_into().unwrap_or(u64::MAX)));
        let from = packets.partition_point(|it| it.at < earliest);
        let sent = packets.partition_point(|it| it.at <= cursor);
        &packets[from..sent.max(from)]
    }

    /// The captures of the hosts.
    pub(crate) fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// The nodes that have a lifeline, in the order of these.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The rows of the sequence in that detail.
    pub(crate) const fn rows(&self, detail: Detail) -> &Rows {
        &self.rows[detail as usize]
    }

    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The last packet sent at or before an instant; 0 before the first.
    #[must_use]
    pub fn packet_at(&self, cursor: Time) -> u32 {
        let sent = self.recording.packets.partition_point(|packet| packet.at <= cursor);
        u32::try_from(sent).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::views::{Kind, Reading, State, fixture};

    #[test]
    fn in_a_long_run_only_what_is_near_the_cursor_is_looked_at() {
        let run = fixture::long(30_000);
        for at in [0, 1_000_000_000, 6_000_000_000, 12_000_000_000, u64::MAX] {
            let cursor = Time(at);
            let near = run.underway(cursor, Duration::ZERO);
            assert!(near.len() <= 60, "{} packets at {cursor}", near.len());
            let on_way = |it: &&Packet| it.at <= cursor && it.arrived.is_some_and(|arrived| arrived > cursor);
            let all: Vec<u32> = run.recording().packets.iter().filter(on_way).map(|it| it.n).collect();
            let found: Vec<u32> = near.iter().filter(on_way).map(|it| it.n).collect();
            assert_eq!(found, all, "none is missed");
        }
    }

    #[test]
    fn every_view_draws_a_long_run_anywhere() {
        let run = fixture::long(30_000);
        for kind in Kind::ALL {
            for n in [1, 15_000, 30_000] {
                let packet = run.recording().packet(n).expect("it exists");
                let state = State { cursor: packet.at, packet: n, reading: Reading::default(), ..State::default() };
                let text = fixture::drawn_of(&run, kind, (120, 36), &state);
                assert!(!text.trim().is_empty(), "{kind:?}");
                if matches!(kind, Kind::Sequence | Kind::Packets) {
                    assert!(text.contains(&n.to_string()), "{kind:?} shows packet {n}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_window_is_shown_scaled_but_for_that_of_a_syn() {
        let setup = crate::demos::Setup { seed: 1, interventions: Vec::new() };
        let knobs = [("buffer", "1MB"), ("size", "20kB"), ("pause", "0s")];
        let knobs = knobs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let run = crate::demos::run("flow-control", &knobs, &setup).expect("it ships");
        let run = Prepared::new(Arc::new(run));
        let of_receiver = |it: &&Packet| run.recording().node_name(it.from) == "receiver";
        let mut told = run.recording().packets.iter().filter(of_receiver).map(|it| run.summary(it));
        let syn_ack = told.next().expect("it answers");
        assert!(syn_ack.contains("[SYN, ACK]") && syn_ack.contains(" Win=65535 "), "{syn_ack}");
        let window = |line: String| line.split_once(" Win=")?.1.split_once(' ')?.0.parse::<u32>().ok();
        let widest = told.filter_map(window).max();
        assert!(widest > Some(65_535), "{widest:?}");
    }

    #[test]
    fn marks_are_those_of_the_capture_that_is_shown() {
        let setup = crate::demos::Setup { seed: 1, interventions: Vec::new() };
        let run = crate::demos::run("tcp-vs-udp", &BTreeMap::new(), &setup).expect("it ships");
        let run = Prepared::new(Arc::new(run));
        // The first capture is the sender's: it sees the lost segment go and come again, which the receiver's does not.
        let is_again = |it: &&Packet| run.marks(it, Some(0)).iter().any(|mark| mark.label().ends_with("etransmission"));
        let again = run.recording().packets.iter().find(is_again).expect("one is sent again");
        let label = run.marks(again, Some(0))[0].label();
        assert_eq!(run.marks(again, None), run.marks(again, Some(0)), "on every link, as its sender has it");
        let state = State { cursor: again.at, packet: again.n, ..State::default() };
        let text = fixture::drawn_of(&run, Kind::Packets, (160, 50), &state);
        assert!(text.contains(&format!("[{label}]")), "in the list and the tree: {text}");
        assert!(text.contains("tcp.analysis."), "with its filter: {text}");
        assert!(text.contains("[Duplicate ACK 1]"), "{text}");
        let hidden = State { hidden: vec![(again.n, "tcp.seq_raw".to_owned())], ..state };
        assert!(!fixture::drawn_of(&run, Kind::Packets, (160, 50), &hidden).contains(&label), "not while it is asked");
        let again = again.n;
        let bare = run.unmarked();
        assert!(bare.marks(bare.recording().packet(again).expect("it exists"), None).is_empty());
    }
}
