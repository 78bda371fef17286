//! A download as a capture at its sender shows it: what was in flight, what was acknowledged when, what went twice.
use std::collections::BTreeMap;
use std::time::Duration;

use crate::demos::arrivals;
use crate::demos::capture::Sight;
use crate::demos::frame::sack_blocks;
use crate::recording::Time;
use crate::wire::analysis::{self, Mark, Seen};

/// A segment with data that the sender sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) at: Time,
    pub(super) packet: u32,
    /// Where its bytes lie in the stream, counted from 0.
    pub(super) from: u32,
    pub(super) to: u32,
    /// All of its bytes had been sent before.
    pub(super) again: bool,
}

/// An acknowledgment that reached the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acked {
    pub(super) at: Time,
    pub(super) packet: u32,
    /// Bytes of the stream that had arrived in order.
    pub(super) up_to: u32,
    /// The window it offers, in bytes, scaled.
    pub(super) window: u32,
    /// The n-th repetition of the same number, 0 for the first.
    pub(super) duplicate: u32,
    /// It acknowledges nothing new, and its SACK option reports bytes that none before it did: a duplicate ACK by RFC 6675 §2.
    pub(super) reports_more: bool,
}

/// One transfer: the first connection in which this node sent more than it received.
#[derive(Clone, Debug, Default)]
pub(super) struct Transfer {
    pub(super) sent: Vec<Sent>,
    pub(super) acks: Vec<Acked>,
    /// Segments that went out into a window of 0: their times and packets.
    pub(super) probes: Vec<(Time, u32)>,
    /// From the SYN to the SYN-ACK; nothing where the SYN was sent again.
    pub(super) handshake: Option<Duration>,
    /// When the SYN went out, or the first segment that was seen.
    pub(super) began: Time,
    /// Ranges of the stream that some ACK has reported by SACK.
    sacked: BTreeMap<u32, u32>,
}

impl Transfer {
    /// What this capture, taken at one end, shows of its first connection.
    pub(super) fn of(sights: &[Sight<'_>]) -> Self {
        let frames = sights.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes });
        let analysis = analysis::analyse(frames);
        let mut transfer = Self::default();
        let (mut syns, mut answered, mut highest) = (0, false, 0);
        for sight in sights {
            let Some(it) = analysis.segments.get(&sight.packet.n).filter(|it| it.flow == 0) else { continue };
            let Some(tcp) = sight.tcp() else { continue };
            if tcp.opens() && syns == 0 {
                transfer.began = sight.at;
            }
            syns += u32::from(tcp.opens() && !answered);
            if !sight.sent && tcp.syn && !answered {
                // Which of several SYNs it answers is not to be seen (Karn's rule).
                transfer.handshake = (syns == 1).then(|| sight.at - transfer.began);
                answered = true;
            }
            let shut = transfer.acks.last().is_some_and(|ack| ack.window == 0);
            if sight.sent && shut && !tcp.fin && !tcp.rst {
                transfer.probes.push((sight.at, sight.packet.n));
            } else if sight.sent && it.length > 0 {
                transfer.take_sent(sight, it, &mut highest);
            } else if !sight.sent && !tcp.rst {
                transfer.take_ack(sight, it);
            }
        }
        transfer
    }

    fn take_sent(&mut self, sight: &Sight<'_>, it: &analysis::Followed, highest: &mut u32) {
        let from = it.sequence.wrapping_sub(1);
        let to = from.wrapping_add(u32::try_from(it.length).unwrap_or(0));
        let again = to <= *highest;
        *highest = to.max(*highest);
        self.sent.push(Sent { at: sight.at, packet: sight.packet.n, from, to, again });
    }

    fn take_ack(&mut self, sight: &Sight<'_>, it: &analysis::Followed) {
        let Some(number) = it.acknowledgment else { return };
        let duplicate = it.marks.iter().find_map(|mark| match mark {
            Mark::DuplicateAck(n) => Some(*n),
            _ => None,
        });
        let up_to = number.saturating_sub(1).min(self.highest());
        let old = self.acks.last().is_some_and(|before| up_to <= before.up_to);
        let more = self.take_sack(sight, number);
        self.acks.push(Acked {
            at: sight.at,
            packet: sight.packet.n,
            up_to,
            window: it.window,
            duplicate: duplicate.unwrap_or(0),
            reports_more: old && more,
        });
    }

    /// Notes what the SACK option of an ACK reports above its number; gives whether any of it is new.
    fn take_sack(&mut self, sight: &Sight<'_>, number: u32) -> bool {
        let Some(raw) = sight.tcp().and_then(|it| it.ack) else { return false };
        let mut new = 0;
        for (left, right) in sack_blocks(&sight.packet.bytes) {
            let (left, right) = (left.wrapping_sub(raw), right.wrapping_sub(raw));
            // What lies below the number came twice (RFC 2883).
            if left < right && right < 1 << 30 {
                new += arrivals::add(&mut self.sacked, number.saturating_add(left), number.saturating_add(right));
            }
        }
        new > 0
    }

    /// Bytes sent so far.
    pub(super) fn highest(&self) -> u32 {
        self.sent.iter().map(|it| it.to).max().unwrap_or(0)
    }

    /// Segments that went out again.
    pub(super) fn repeats(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(|it| it.again)
    }

    /// The first segment after which the window had no room for another as long.
    pub(super) fn fills_window(&self) -> Option<&Sent> {
        let (mut edge, mut acks) = (0, self.acks.iter().peekable());
        let longest = self.sent.iter().map(|it| it.to - it.from).max()?;
        let total = self.highest();
        self.sent.iter().find(|sent| {
            while let Some(ack) = acks.next_if(|it| it.at <= sent.at) {
                edge = ack.up_to.saturating_add(ack.window).max(edge);
            }
            sent.to < total && sent.to.saturating_add(longest) > edge
        })
    }

    /// When all bytes up to here were acknowledged.
    pub(super) fn acked_at(&self, bytes: u32) -> Option<&Acked> {
        self.acks.iter().find(|it| it.up_to >= bytes && bytes > 0)
    }

    /// From the first data out to the ACK of the last.
    pub(super) fn duration(&self) -> Option<Duration> {
        Some(self.acked_at(self.highest())?.at - self.sent.first()?.at)
    }

    /// Sent and not acknowledged, at each change.
    pub(super) fn in_flight(&self) -> Vec<(Time, i64)> {
        let (mut points, mut highest, mut acked) = (Vec::new(), 0, 0);
        let mut acks = self.acks.iter().peekable();
        let mut add = |at, highest: u32, acked: u32| points.push((at, i64::from(highest) - i64::from(acked)));
        for sent in &self.sent {
            while let Some(ack) = acks.next_if(|it| it.at <= sent.at) {
                acked = ack.up_to.max(acked);
                add(ack.at, highest, acked);
            }
            highest = sent.to.max(highest);
            add(sent.at, highest, acked);
        }
        for ack in acks {
            acked = ack.up_to.max(acked);
            add(ack.at, highest, acked);
        }
        points
    }

    /// The window as the sender learned of it.
    pub(super) fn window(&self) -> Vec<(Time, i64)> {
        self.acks.iter().map(|it| (it.at, i64::from(it.window))).collect()
    }

    /// A round trip for each ACK of new bytes whose last segment was sent once (Karn's rule), and waited behind no hole.
    pub(super) fn round_trips(&self) -> Vec<(Time, Duration)> {
        let (mut trips, mut acked) = (Vec::new(), 0);
        let mut first = BTreeMap::new();
        let mut twice = std::collections::BTreeSet::new();
        for it in &self.sent {
            if first.insert(it.to, it.at).is_some() {
                twice.insert(it.to);
            }
        }
        for ack in self.acks.iter().filter(|it| it.up_to > 0) {
            let before = acked;
            acked = ack.up_to.max(before);
            // What fills a hole acknowledges bytes that came long ago.
            let fills_hole = before < acked && twice.range(before + 1..=acked).next().is_some();
            if before < acked
                && !fills_hole
                && let Some(at) = first.get(&acked).filter(|at| **at <= ack.at)
            {
                trips.push((ack.at, ack.at - *at));
            }
        }
        trips
    }

    /// When each flight began: the first goes out unasked, each next with the first news of the one before it.
    pub(super) fn flights(&self) -> Vec<Time> {
        let (mut begins, mut sent_before, mut highest, mut acked) = (Vec::new(), 0, 0, 0);
        let mut acks = self.acks.iter().peekable();
        for sent in &self.sent {
            while let Some(ack) = acks.next_if(|it| it.at <= sent.at) {
                acked = ack.up_to.max(acked);
            }
            if begins.is_empty() || acked > sent_before {
                begins.push(sent.at);
                sent_before = highest;
            }
            highest = sent.to.max(highest);
        }
        begins
    }

    /// The most bits a second that were acknowledged over any stretch of this length.
    pub(super) fn peak_rate(&self, stretch: Duration) -> Option<i64> {
        let (mut most, mut start, mut acked) = (0, 0, Vec::new());
        for ack in &self.acks {
            acked.push((ack.at, ack.up_to));
            while acked[start].0 + stretch < ack.at {
                start += 1;
            }
            most = most.max(ack.up_to.saturating_sub(acked[start].1));
        }
        (most > 0 && stretch > Duration::ZERO).then(|| rate(u64::from(most), stretch))
    }
}

/// Bits a second.
pub(super) fn rate(bytes: u64, over: Duration) -> i64 {
    let bits = u128::from(bytes) * 8 * 1_000_000_000;
    i64::try_from(bits.checked_div(over.as_nanos()).unwrap_or(0)).unwrap_or(i64::MAX)
}

/// Bits a second that a log of bytes shows, over stretches of this length.
pub(super) fn rate_curve(log: &[(Time, usize)], stretch: Duration, end: Time) -> Vec<(Time, i64)> {
    let Some((first, _)) = log.first().filter(|_| stretch > Duration::ZERO) else { return Vec::new() };
    let (mut points, mut before, mut index) = (vec![(*first, 0)], 0, 0);
    let mut at = *first;
    while at < end {
        at = at + stretch;
        while log.get(index + 1).is_some_and(|it| it.0 <= at) {
            index += 1;
        }
        points.push((at.min(end), rate((log[index].1 - before) as u64, stretch)));
        before = log[index].1;
    }
    points
}
