//! Why a segment is sent: observed at the host's exit from what went before on its flow. Unknown stays unknown.
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::lab::sniff::Segment;
use crate::quantity::Quantity;
use crate::recording::Time;

/// An ACK delay below this is no wait for data to ride on: the host is set to acknowledge at once.
const QUICK: Duration = Duration::from_millis(1);

/// A host's end of a connection: its own address, the peer's.
pub(crate) type Flow = (SocketAddrV4, SocketAddrV4);

/// What a host has seen and done on each of its flows.
#[derive(Debug)]
pub(crate) struct Reasons {
    ack_delay: Option<Duration>,
    flows: BTreeMap<Flow, History>,
    /// The segment that came in last, for answers to flows that do not exist.
    stray: Option<(Flow, bool)>,
}

/// One flow's past. Sequence numbers compare modulo 2^32 (RFC 9293 §3.4).
#[derive(Debug, Default)]
struct History {
    /// One past the highest sequence number sent; `None` before the SYN.
    top: Option<u32>,
    /// What was sent and is not acknowledged: first and end sequence number, and when last.
    flight: VecDeque<(u32, u32, Time)>,
    /// What the program wrote and is not acknowledged: first and end sequence number.
    writes: VecDeque<(u32, u32)>,
    written_to: u32,
    close_call: Option<&'static str>,
    abort: Option<String>,
    acked: Option<u32>,
    duplicate_acks: u32,
    peer_window: Option<u16>,
    heard: Option<Heard>,
    /// Our last ACK and window.
    told: Option<(u32, u16)>,
    /// Since when data has waited for our ACK, and in how many segments.
    owed: Option<(Time, u32)>,
    /// Our last ACK told of a hole in what came.
    gap: bool,
}

/// The last segment that came in.
#[derive(Clone, Copy, Debug)]
struct Heard {
    seq: u32,
    end: u32,
    syn: bool,
    fin: bool,
}

const fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

impl Reasons {
    pub(crate) fn new(ack_delay: Option<Duration>) -> Self {
        Self { ack_delay, flows: BTreeMap::new(), stray: None }
    }

    /// The program wrote this many bytes.
    pub(crate) fn wrote(&mut self, flow: Flow, bytes: usize) {
        let history = self.flows.entry(flow).or_default();
        let length = u32::try_from(bytes).expect("a send buffer is smaller than 4 GiB");
        let start = history.written_to;
        history.written_to = start.wrapping_add(length);
        history.writes.push_back((start, history.written_to));
    }

    /// The program asked for the end of its side, with this call.
    pub(crate) fn closed(&mut self, flow: Flow, call: &'static str) {
        self.flows.entry(flow).or_default().close_call.get_or_insert(call);
    }

    /// The connection is going to be reset, for this reason.
    pub(crate) fn aborted(&mut self, flow: Flow, why: &str) {
        self.flows.entry(flow).or_default().abort = Some(why.to_owned());
    }

    /// The flow is over; its numbers may be used again.
    pub(crate) fn forget(&mut self, flow: Flow) {
        self.flows.remove(&flow);
    }

    /// Whether the peer ever said anything.
    pub(crate) fn answered(&self, flow: Flow) -> bool {
        self.flows.get(&flow).is_some_and(|it| it.heard.is_some())
    }

    /// A segment came in.
    pub(crate) fn heard(&mut self, now: Time, segment: &Segment<'_>) {
        let flow = (segment.to, segment.from);
        self.stray = Some((flow, segment.syn && segment.ack.is_none()));
        if segment.syn {
            self.flows.entry(flow).or_default();
        }
        if let Some(history) = self.flows.get_mut(&flow) {
            history.hear(now, segment);
        }
    }

    /// Why this segment goes out, if that is known. To be asked once for each.
    pub(crate) fn sent(&mut self, now: Time, segment: &Segment<'_>) -> Option<String> {
        let flow = (segment.from, segment.to);
        if segment.rst {
            return Some(self.why_reset(flow));
        }
        let history = self.flows.entry(flow).or_default();
        let reason = history.why(now, segment, self.ack_delay);
        history.note_sent(now, segment);
        reason
    }

    fn why_reset(&self, flow: Flow) -> String {
        if let Some(why) = self.flows.get(&flow).and_then(|it| it.abort.as_ref()) {
            return format!("{why}: RST");
        }
        match self.stray {
            Some((stray, true)) if stray == flow => format!("no socket listens on port {}: RST", flow.0.port()),
            _ => "no such connection here: RST".to_owned(),
        }
    }
}

impl History {
    fn hear(&mut self, now: Time, segment: &Segment<'_>) {
        if segment.rst {
            self.heard = Some(Heard { seq: segment.seq, end: segment.end(), syn: false, fin: false });
            return;
        }
        if let Some(ack) = segment.ack {
            let window_moved = self.peer_window.is_some_and(|it| it != segment.window);
            let outstanding = self.top.is_some_and(|top| before(ack, top));
            let repeats = self.acked == Some(ack) && segment.payload.is_empty() && !segment.fin;
            // RFC 5681 §2: what counts as a duplicate ACK.
            self.duplicate_acks = if repeats && outstanding && !window_moved { self.duplicate_acks + 1 } else { 0 };
            self.acked = Some(ack);
            self.flight.retain(|(_, end, _)| before(ack, *end));
            self.writes.retain(|(_, end)| before(ack, *end));
        }
        self.peer_window = Some(segment.window);
        if segment.seq != segment.end() {
            let (since, count) = self.owed.unwrap_or((now, 0));
            self.owed = Some((since, count + 1));
        }
        self.heard = Some(Heard { seq: segment.seq, end: segment.end(), syn: segment.syn, fin: segment.fin });
    }

    fn note_sent(&mut self, now: Time, segment: &Segment<'_>) {
        let (start, end) = (segment.seq, segment.end());
        if segment.syn {
            self.written_to = end;
        }
        if start != end && !self.probes(segment) {
            self.flight.retain(|(first, _, _)| *first != start);
            self.flight.push_back((start, end, now));
            self.top = Some(self.top.filter(|top| before(end, *top)).unwrap_or(end));
        }
        if let Some(ack) = segment.ack {
            self.told = Some((ack, segment.window));
            self.gap = self.heard.is_some_and(|it| before(ack, it.seq));
            self.owed = None;
        }
    }

    fn why(&self, now: Time, segment: &Segment<'_>, ack_delay: Option<Duration>) -> Option<String> {
        let sent_before = self.flight.iter().find(|(first, _, _)| *first == segment.seq).map(|(_, _, at)| *at);
        if segment.syn {
            return Some(self.why_syn(now, segment, sent_before));
        }
        if segment.seq == segment.end() {
            return self.why_ack(now, segment, ack_delay);
        }
        if self.probes(segment) {
            return Some("zero-window probe: has the receiver room again?".to_owned());
        }
        if self.top.is_some_and(|top| before(segment.seq, top)) {
            return self.why_again(now, segment, sent_before);
        }
        self.why_new(segment)
    }

    /// Whether this byte is only sent to hear the window (RFC 9293 §3.8.6.1); it counts as not sent.
    fn probes(&self, segment: &Segment<'_>) -> bool {
        self.peer_window == Some(0) && segment.payload.len() == 1 && !segment.fin && !segment.syn
    }

    fn why_syn(&self, now: Time, segment: &Segment<'_>, sent_before: Option<Time>) -> String {
        let waited = sent_before.map(|at| Quantity::time(now.since(at)));
        match (segment.ack, waited) {
            (None, None) => "connect() asked for a connection".to_owned(),
            (None, Some(waited)) => format!("retransmission: no answer to the SYN in {waited}"),
            (Some(_), None) => "answers the SYN".to_owned(),
            (Some(_), Some(waited)) => format!("retransmission: no ACK of the SYN-ACK in {waited}"),
        }
    }

    fn why_again(&self, now: Time, segment: &Segment<'_>, sent_before: Option<Time>) -> Option<String> {
        let since = now.since(sent_before?);
        let asked = self.acked == Some(segment.seq) && self.duplicate_acks_are_news(segment.seq);
        let timed = format!("retransmission: no ACK came in {}", Quantity::time(since));
        Some(match self.duplicate_acks {
            3 if asked => "third duplicate ACK: retransmits".to_owned(),
            count @ 4.. if asked => format!("{timed}, but {count} duplicate ACKs"),
            _ => timed,
        })
    }

    /// Whether the segment was sent before its successors, so that duplicate ACKs can be about this sending of it.
    fn duplicate_acks_are_news(&self, seq: u32) -> bool {
        self.flight.front().is_some_and(|(first, _, _)| *first == seq)
    }

    fn why_new(&self, segment: &Segment<'_>) -> Option<String> {
        let data = (!segment.payload.is_empty()).then(|| self.whose_bytes(segment)).flatten();
        let fin = segment.fin.then(|| self.close_call.map(|call| format!("{call}: FIN"))).flatten();
        match (data, fin) {
            (Some(data), Some(fin)) => Some(format!("{data}; {fin}")),
            (data, fin) => data.or(fin),
        }
    }

    /// The calls that wrote these bytes.
    fn whose_bytes(&self, segment: &Segment<'_>) -> Option<String> {
        let length = u32::try_from(segment.payload.len()).ok()?;
        let (start, end) = (segment.seq, segment.seq.wrapping_add(length));
        let theirs: Vec<_> =
            self.writes.iter().filter(|(first, last)| before(*first, end) && before(start, *last)).collect();
        match theirs.as_slice() {
            [] => None,
            [(first, last)] => {
                let size = last.wrapping_sub(*first);
                let whole = *first == start && *last == end;
                let part = format!(": bytes {} to {}", start.wrapping_sub(*first) + 1, end.wrapping_sub(*first));
                Some(format!("send() of {size} bytes{}", if whole { "" } else { &part }))
            }
            several => Some(format!("{length} bytes of {} send() calls", several.len())),
        }
    }

    fn why_ack(&self, now: Time, segment: &Segment<'_>, ack_delay: Option<Duration>) -> Option<String> {
        let heard = self.heard?;
        let ack = segment.ack?;
        let Some((told, window)) = self.told else {
            return heard.syn.then(|| "acknowledges the SYN-ACK: established".to_owned());
        };
        if heard.syn && ack == told {
            return Some("ACK again: this SYN had come already".to_owned());
        }
        if ack == told {
            return self.why_same_ack(heard, ack, segment.window > window);
        }
        let fin = heard.fin && heard.end == ack;
        let what = match (ack.wrapping_sub(told), fin) {
            (1, true) => return Some("acknowledges the FIN".to_owned()),
            (length, true) => format!("acknowledges {} bytes and the FIN", length - 1),
            (length, false) => format!("acknowledges {length} bytes"),
        };
        if before(ack, heard.seq) {
            let missing = heard.seq.wrapping_sub(ack);
            return Some(format!("{what} at once: {missing} bytes before this segment are missing"));
        }
        if self.gap {
            return Some(format!("{what} at once: this segment fills the gap"));
        }
        let (since, segments) = self.owed?;
        let waited = now.since(since);
        // smoltcp's clock counts microseconds.
        let timer = ack_delay.filter(|it| waited + Duration::from_micros(1) >= *it && !waited.is_zero());
        match timer {
            Some(delay) if delay < QUICK => Some(format!("{what} at once: this host does not wait with an ACK")),
            Some(delay) => Some(format!(
                "{what}: the delayed-ACK timer ran out ({}), nothing to send along",
                Quantity::time(delay)
            )),
            None if segments > 1 => Some(format!("{what}: {segments} segments waited for an ACK")),
            None if ack_delay.is_none() => Some(format!("{what} at once")),
            None => Some(what),
        }
    }

    fn why_same_ack(&self, heard: Heard, ack: u32, window_grew: bool) -> Option<String> {
        if self.owed.is_none() && window_grew {
            return Some("window update: the program has read, there is room again".to_owned());
        }
        if heard.seq == heard.end {
            return None;
        }
        if before(ack, heard.seq) {
            return Some(format!(
                "duplicate ACK: {} bytes before this segment are missing",
                heard.seq.wrapping_sub(ack)
            ));
        }
        if before(heard.end, ack) || heard.end == ack {
            return Some("ACK again: these bytes had come already".to_owned());
        }
        Some("no room for these bytes: repeats the ACK and the window".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::new(10, 0, 0, 1), 49152);
    const SERVER: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::new(10, 0, 0, 2), 80);

    fn at(millis: u64) -> Time {
        Time(millis * 1_000_000)
    }

    /// A segment of the client.
    fn data(seq: u32, payload: &[u8]) -> Segment<'_> {
        let (syn, fin, rst) = (false, false, false);
        Segment { from: CLIENT, to: SERVER, seq, ack: Some(500), syn, fin, rst, window: 1000, payload }
    }

    /// An ACK of the server.
    fn ack(number: u32) -> Segment<'static> {
        Segment { from: SERVER, to: CLIENT, seq: 500, ack: Some(number), ..data(0, b"") }
    }

    /// Why the client repeats its first segment after so many duplicate ACKs.
    fn why_again(duplicates: u32) -> Option<String> {
        let mut reasons = Reasons::new(None);
        reasons.sent(at(0), &data(100, b"ten bytes."));
        reasons.sent(at(0), &data(110, b"ten more.."));
        for _ in 0..=duplicates {
            reasons.heard(at(40), &ack(100));
        }
        reasons.sent(at(50), &data(100, b"ten bytes."))
    }

    #[test]
    fn only_the_third_duplicate_ack_is_called_the_third() {
        assert_eq!(why_again(2).as_deref(), Some("retransmission: no ACK came in 50 ms"));
        assert_eq!(why_again(3).as_deref(), Some("third duplicate ACK: retransmits"));
        assert_eq!(why_again(5).as_deref(), Some("retransmission: no ACK came in 50 ms, but 5 duplicate ACKs"));
    }

    #[test]
    fn a_syn_ack_that_comes_twice_establishes_once() {
        let mut reasons = Reasons::new(None);
        reasons.sent(at(0), &Segment { syn: true, ack: None, ..data(99, b"") });
        let syn_ack = Segment { syn: true, seq: 499, ..ack(100) };
        let mut answer = || {
            reasons.heard(at(40), &syn_ack);
            reasons.sent(at(40), &data(100, b""))
        };
        assert_eq!(answer().as_deref(), Some("acknowledges the SYN-ACK: established"));
        assert_eq!(answer().as_deref(), Some("ACK again: this SYN had come already"));
    }

    #[test]
    fn an_ack_delay_too_short_to_matter_is_not_called_a_timer() {
        let why = |delay: Duration| {
            let mut reasons = Reasons::new(Some(delay));
            reasons.heard(at(0), &Segment { from: SERVER, to: CLIENT, syn: true, seq: 499, ack: None, ..data(0, b"") });
            reasons.sent(at(0), &Segment { syn: true, ..data(99, b"") });
            reasons.heard(at(10), &Segment { payload: b"ten bytes.", ..ack(100) });
            reasons.sent(at(10) + delay, &Segment { ack: Some(510), ..data(100, b"") }).expect("a reason")
        };
        assert_eq!(why(Duration::from_micros(1)), "acknowledges 10 bytes at once: this host does not wait with an ACK");
        let timer = "acknowledges 10 bytes: the delayed-ACK timer ran out (40 ms), nothing to send along";
        assert_eq!(why(Duration::from_millis(40)), timer);
    }
}
