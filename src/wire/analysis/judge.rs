//! What one segment is, seen against what both directions have shown so far.
use super::{Mark, Reset, Scale};
use crate::wire::tcp::Segment;

/// A fast retransmission follows the acknowledgments that asked for it by less than this.
const FAST_NS: u64 = 20_000_000;
/// Without a measured round trip, a late segment this close to its successor is taken to be out of order.
const DISORDER_NS: u64 = 3_000_000;

/// What one direction of a connection has shown.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// The number before the first byte of data: the SYN's.
    pub(super) base: Option<u32>,
    /// The number after the highest that was seen, and when that was.
    next: Option<(u32, u64)>,
    /// The number up to which everything was seen.
    whole: Option<u32>,
    /// The last acknowledgment this side sent, and when.
    acknowledged: Option<(u32, u64)>,
    duplicates: u32,
    /// As the last header said it, unscaled.
    window: Option<u16>,
    /// The same in bytes, where it is known how it is scaled.
    room: Option<u32>,
    /// How its windows are scaled.
    pub(super) scale: Scale,
    probed: bool,
    kept_alive: bool,
    /// It sent FIN.
    closed: bool,
}

/// `a` comes before `b` in a space that wraps. RFC 9293 §3.4.
const fn before(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).cast_signed() > 0
}

impl Side {
    /// Takes the stream's beginning from the first segment, of this side or of the other.
    pub(super) fn begin(&mut self, segment: &Segment, reverse: &mut Self) {
        let first = segment.sequence.wrapping_sub(u32::from(!segment.flags.syn));
        self.base.get_or_insert(first);
        if segment.flags.ack {
            reverse.base.get_or_insert(segment.acknowledgment.wrapping_sub(1));
        }
        if segment.flags.syn {
            self.agree(segment, reverse);
        }
    }

    /// Takes from a SYN how windows are scaled, as Wireshark does. RFC 7323 §2.2: a SYN, ACK has the option only where the SYN
    /// had it, so that it tells alone.
    fn agree(&mut self, segment: &Segment, reverse: &mut Self) {
        if let Some(shift) = segment.options.window_scale {
            self.scale = Scale::By(shift.min(14));
        }
        if segment.options.are_cut {
            // What they do not say may stand in what was not kept.
        } else if self.scale == Scale::Unknown {
            (self.scale, reverse.scale) = (Scale::Unused, Scale::Unused);
        } else if segment.flags.ack && reverse.scale == Scale::Unused {
            self.scale = Scale::Unused;
        }
    }

    fn next_is(&self, sequence: u32) -> bool {
        self.next.is_some_and(|(next, _)| next == sequence)
    }

    fn last_ack_is(&self, acknowledgment: u32) -> bool {
        self.acknowledged.is_some_and(|(last, _)| last == acknowledgment)
    }
}

/// The marks of a segment of `forward`; both sides then know it.
pub(super) fn judge(
    forward: &mut Side,
    reverse: &mut Side,
    segment: &Segment,
    at_ns: u64,
    rtt_ns: Option<u64>,
) -> Vec<Mark> {
    let mut marks = Vec::new();
    if segment.flags.rst {
        marks.push(Mark::Reset(reset(forward, reverse)));
    }
    let probe = segment.length == 1 && forward.next_is(segment.sequence) && reverse.window == Some(0);
    if probe {
        marks.push(Mark::ZeroWindowProbe);
    } else {
        judge_progress(forward, reverse, segment, &mut marks);
        judge_acknowledgment(forward, reverse, segment, &mut marks);
    }
    judge_unseen(forward, reverse, segment, &mut marks);
    judge_repetition(forward, reverse, segment, (at_ns, rtt_ns), &mut marks);
    remember(forward, segment, at_ns, &marks);
    marks.sort_unstable();
    marks
}

/// Why `forward` breaks off, by what both sides have shown.
fn reset(forward: &Side, reverse: &Side) -> Reset {
    let only_syn = reverse.base.zip(reverse.next).is_some_and(|(base, (next, _))| next == base.wrapping_add(1));
    match () {
        () if forward.next.is_none() && only_syn && !reverse.closed => Reset::Refused,
        () if forward.next.is_none() => Reset::Unknown,
        () if forward.closed => Reset::AfterClose,
        () if reverse.closed => Reset::InsteadOfClose,
        () => Reset::Aborted,
    }
}

/// Whether it opens or closes something: such segments follow rules of their own.
const fn is_control(segment: &Segment) -> bool {
    segment.flags.syn || segment.flags.fin || segment.flags.rst
}

fn judge_progress(forward: &Side, reverse: &Side, segment: &Segment, marks: &mut Vec<Mark>) {
    let control = is_control(segment);
    if segment.window == 0 && !control {
        marks.push(Mark::ZeroWindow);
    }
    let Some((next, _)) = forward.next else { return };
    if before(next, segment.sequence) && !segment.flags.rst {
        marks.push(Mark::PreviousLost);
    }
    if segment.length <= 1 && segment.sequence == next.wrapping_sub(1) && !control {
        marks.push(Mark::KeepAlive);
    }
    let end = u32::try_from(segment.length).ok().map(|length| segment.sequence.wrapping_add(length));
    let limit = || Some(reverse.acknowledged?.0.wrapping_add(reverse.room?));
    if segment.length > 0 && !control && limit().is_some_and(|limit| end == Some(limit)) {
        marks.push(Mark::WindowFull);
    }
}

/// What a segment without data, at the end of its stream, says by its acknowledgment and window.
fn judge_acknowledgment(forward: &mut Side, reverse: &Side, segment: &Segment, marks: &mut Vec<Mark>) {
    if segment.length > 0 || is_control(segment) || !forward.next_is(segment.sequence) {
        return;
    }
    let same_window = forward.window == Some(segment.window);
    let repeats = forward.last_ack_is(segment.acknowledgment);
    if segment.window != 0 && !same_window && repeats {
        marks.push(Mark::WindowUpdate);
    } else if segment.window != 0 && same_window && repeats && reverse.kept_alive {
        marks.push(Mark::KeepAliveAck);
    } else if segment.window == 0 && same_window && repeats && reverse.probed {
        marks.push(Mark::ZeroWindowProbeAck);
    } else if segment.window != 0 && same_window && repeats {
        forward.duplicates += 1;
        marks.push(Mark::DuplicateAck(forward.duplicates));
    }
}

fn judge_unseen(forward: &mut Side, reverse: &mut Side, segment: &Segment, marks: &mut Vec<Mark>) {
    if !forward.last_ack_is(segment.acknowledgment) {
        forward.duplicates = 0;
    }
    let Some(whole) = reverse.whole.filter(|whole| segment.flags.ack && before(*whole, segment.acknowledgment)) else {
        return;
    };
    let probe_taken = reverse.probed
        && forward.next_is(segment.sequence)
        && forward.last_ack_is(segment.acknowledgment.wrapping_sub(1));
    if probe_taken {
        // The byte of a probe does not count as seen until it is acknowledged.
        marks.push(Mark::WindowUpdate);
        return;
    }
    let highest = reverse.next.map_or(whole, |(next, _)| next);
    if before(whole, highest) || !forward.last_ack_is(segment.acknowledgment) {
        marks.push(Mark::AckedUnseen);
    }
    reverse.whole = Some(highest);
}

/// A segment that takes numbers but not new ones was sent again, or came late.
fn judge_repetition(
    forward: &Side,
    reverse: &Side,
    segment: &Segment,
    (at_ns, rtt_ns): (u64, Option<u64>),
    marks: &mut Vec<Mark>,
) {
    let takes_numbers = segment.length > 0 || segment.flags.syn || segment.flags.fin;
    if !takes_numbers || marks.contains(&Mark::KeepAlive) {
        return;
    }
    let data_end = segment.sequence.wrapping_add(u32::try_from(segment.length).unwrap_or(u32::MAX));
    let (acknowledged, asked_at) = reverse.acknowledged.unzip();
    if segment.length > 0 && acknowledged.is_some_and(|it| !before(it, data_end)) {
        marks.extend([Mark::SpuriousRetransmission, Mark::Retransmission]);
        return;
    }
    let Some((next, next_at)) = forward.next else { return };
    // The byte of a probe, followed by more: new data.
    let after_probe = segment.length > 1 && segment.sequence == next.wrapping_sub(1);
    if !before(segment.sequence, next) || after_probe {
        return;
    }
    let asked = reverse.duplicates >= 2 && acknowledged == Some(segment.sequence);
    let soon = at_ns.saturating_sub(next_at) < rtt_ns.unwrap_or(DISORDER_NS);
    let last_again = segment.sequence.wrapping_add(segment.space()) == next;
    if asked && asked_at.is_some_and(|asked| at_ns.saturating_sub(asked) < FAST_NS) {
        marks.extend([Mark::FastRetransmission, Mark::Retransmission]);
    } else if soon && !last_again {
        marks.push(Mark::OutOfOrder);
    } else {
        marks.push(Mark::Retransmission);
    }
}

fn remember(forward: &mut Side, segment: &Segment, at_ns: u64, marks: &[Mark]) {
    forward.probed = marks.contains(&Mark::ZeroWindowProbe);
    forward.kept_alive = marks.contains(&Mark::KeepAlive);
    forward.closed |= segment.flags.fin;
    let end = segment.sequence.wrapping_add(segment.space());
    if !forward.probed {
        if forward.next.is_none_or(|(next, _)| before(next, end)) {
            forward.next = Some((end, at_ns));
        }
        if forward.whole.is_none_or(|whole| whole == segment.sequence) {
            forward.whole = forward.next.map(|(next, _)| next);
        }
    }
    forward.window = Some(segment.window);
    let scale = if segment.flags.syn { Scale::Unused } else { forward.scale };
    forward.room = (forward.scale != Scale::Unknown).then(|| scale.bytes(segment.window));
    if segment.flags.ack {
        forward.acknowledged = Some((segment.acknowledgment, at_ns));
    }
}
