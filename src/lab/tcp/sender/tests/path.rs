//! A path of a few lines: one bottleneck with a queue, a receiver that acknowledges, and a sender that never runs dry.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::lab::tcp::sender::ranges::{Range, Ranges};
use crate::lab::tcp::sender::{Ack, Decision, Sender, SenderOptions, Turn, Why};
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

pub(super) const MSS: u32 = 1448;
/// Headers of a segment on the wire.
const HEADERS: u32 = 52 + 14;

/// What the path is like, and what is sent over it.
#[derive(Clone, Debug)]
pub(super) struct PathOptions {
    pub(super) rate: u64,
    pub(super) one_way: Duration,
    /// Bytes.
    pub(super) queue: u32,
    /// Bytes to transfer.
    pub(super) bytes: u32,
    /// Transmissions (the n-th, from 1) that are lost.
    pub(super) drops: BTreeSet<u32>,
    /// One in so many is lost, by dice.
    pub(super) loss_in: Option<u64>,
    /// One in so many is held back by this.
    pub(super) late: Option<(u64, Duration)>,
    pub(super) seed: u64,
    pub(super) sack: bool,
    pub(super) timestamps: bool,
    /// Marks instead of dropping where the queue is longer than this (ECN).
    pub(super) mark_above: Option<u32>,
}

enum Happening {
    Data { seq: Seq, len: u32, sent_at: Time, marked: bool },
    Ack { ack: Seq, sack: Vec<Range>, echo: Time, duplicate: bool, ece: bool },
    Look,
}

/// A transfer over the path.
pub(super) struct Transfer {
    pub(super) options: PathOptions,
    pub(super) sender: Sender,
    pub(super) now: Time,
    pub(super) decisions: Vec<(Time, Decision)>,
    pub(super) whys: Vec<(Time, Seq, Why)>,
    /// When the receiver's left edge moved, and to where.
    pub(super) progress: Vec<(Time, Seq)>,
    /// Bytes in the queue, at each segment that came to it.
    pub(super) queued: Vec<(Time, u32)>,
    pub(super) windows: Vec<(Time, u32, u32)>,
    pub(super) dropped: u32,
    agenda: BTreeMap<(Time, u64), Happening>,
    entries: u64,
    sent: u32,
    link_free: Time,
    waiting: VecDeque<(Time, u32)>,
    receiver: Receiver,
    looking: Option<Time>,
}

struct Receiver {
    next: Seq,
    held: Ranges,
    recent: Vec<Range>,
    duplicate: Option<Range>,
    echo: Time,
    last_ack: Seq,
}

pub(super) const FIRST: Seq = Seq(u32::MAX - 500_000);

impl Transfer {
    pub(super) fn new(options: PathOptions, sender: SenderOptions) -> Self {
        let rtt = 2 * options.one_way;
        let now = Time(0) + rtt;
        Self {
            sender: Sender::new(SenderOptions { sack: options.sack, ..sender }, FIRST, now, Some(rtt)),
            options,
            now,
            decisions: Vec::new(),
            whys: Vec::new(),
            progress: vec![(now, FIRST)],
            queued: Vec::new(),
            windows: Vec::new(),
            dropped: 0,
            agenda: BTreeMap::new(),
            entries: 0,
            sent: 0,
            link_free: now,
            waiting: VecDeque::new(),
            receiver: Receiver {
                next: FIRST,
                held: Ranges::default(),
                recent: Vec::new(),
                duplicate: None,
                echo: now,
                last_ack: FIRST,
            },
            looking: None,
        }
    }

    /// Until all is acknowledged, or a million steps.
    pub(super) fn run(&mut self) {
        self.send();
        for _ in 0..1_000_000 {
            let due = self.sender.deadline();
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = [due, next].into_iter().flatten().min() else { break };
            assert!(at >= self.now, "time goes back from {} to {at}", self.now);
            self.now = at;
            if due == Some(at) {
                self.sender.on_deadline(at);
                self.send();
            } else if let Some((_, happening)) = self.agenda.pop_first() {
                self.happen(happening);
            }
            self.check();
        }
        assert_eq!(self.sender.snd_una(), FIRST + self.options.bytes, "the transfer does not end");
    }

    fn add(&mut self, at: Time, happening: Happening) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Data { seq, len, sent_at, marked } => self.receive((seq, seq + len), sent_at, marked),
            Happening::Look => {
                self.looking = None;
                self.send();
            }
            Happening::Ack { ack, sack, echo, duplicate, ece } => {
                // Timestamps count milliseconds.
                let echoed = Time(echo.0 / 1_000_000 * 1_000_000);
                let moves = ack.after(self.sender.snd_una());
                let echoed = (self.options.timestamps && moves).then(|| self.now - echoed);
                self.sender.on_ack(&Ack { now: self.now, ack, sack: &sack, echoed, duplicate, ece });
                self.send();
            }
        }
    }

    fn send(&mut self) {
        for _ in 0..100_000 {
            let left = (FIRST + self.options.bytes).since(self.sender.snd_nxt());
            let (seq, len, why) = match self.sender.next(self.now, left) {
                Turn::Again { seq, len, why } => (seq, len, why),
                Turn::New { len, why } => (self.sender.snd_nxt(), len, why),
                Turn::Wait(until) => {
                    if self.looking.is_none() {
                        self.looking = Some(until);
                        self.add(until, Happening::Look);
                    }
                    break;
                }
                Turn::Nothing => break,
            };
            assert!(len > 0 && len <= MSS);
            self.whys.push((self.now, seq, why));
            self.sender.on_sent(self.now, seq, len);
            self.transmit(seq, len);
        }
        self.decisions.extend(self.sender.take_decisions().into_iter().map(|it| (self.now, it)));
        self.windows.push((self.now, self.sender.cwnd(), self.sender.pipe()));
    }

    fn transmit(&mut self, seq: Seq, len: u32) {
        self.sent += 1;
        let dice = mix(self.options.seed, u64::from(self.sent));
        let lost =
            self.options.drops.contains(&self.sent) || self.options.loss_in.is_some_and(|n| dice.is_multiple_of(n));
        let size = len + HEADERS;
        while self.waiting.front().is_some_and(|it| it.0 <= self.now) {
            self.waiting.pop_front();
        }
        let queued: u32 = self.waiting.iter().map(|it| it.1).sum();
        self.queued.push((self.now, queued));
        if lost || queued + size > self.options.queue {
            self.dropped += 1;
            return;
        }
        let marked = self.options.mark_above.is_some_and(|above| queued > above);
        let start = self.link_free.max(self.now);
        let nanos = u64::from(size) * 8_000_000_000 / self.options.rate;
        self.link_free = start + Duration::from_nanos(nanos);
        self.waiting.push_back((start, size));
        let late = self.options.late.filter(|(n, _)| (dice >> 32).is_multiple_of(*n)).map_or(Duration::ZERO, |it| it.1);
        let arrives = self.link_free + self.options.one_way + late;
        self.add(arrives, Happening::Data { seq, len, sent_at: self.now, marked });
    }

    fn receive(&mut self, range: Range, sent_at: Time, marked: bool) {
        let duplicate = self.receiver.take(range, sent_at);
        if self.receiver.next.after(self.progress.last().expect("never empty").1) {
            self.progress.push((self.now, self.receiver.next));
        }
        let (ack, echo, sack) = (self.receiver.next, self.receiver.echo, self.receiver.blocks());
        let at = self.now + self.options.one_way;
        let sack = if self.options.sack { sack } else { Vec::new() };
        self.add(at, Happening::Ack { ack, sack, echo, duplicate, ece: marked });
    }

    /// The sender's picture against what is so.
    fn check(&self) {
        let (una, nxt) = (self.sender.snd_una(), self.sender.snd_nxt());
        assert!(una.at_or_before(self.receiver.next), "what is acknowledged has arrived");
        assert!(self.receiver.next.at_or_before(nxt), "nothing arrives that was not sent");
        let board = self.sender.board();
        let mut at = una;
        let (mut sacked, mut lost, mut again) = (0, 0, 0);
        for segment in board.segments() {
            assert_eq!(segment.seq, at, "no gap");
            at = segment.end();
            if segment.sacked {
                assert!(self.receiver.holds((segment.seq, segment.end())), "what is SACKed has arrived");
                sacked += segment.len;
                continue;
            }
            lost += if segment.lost.is_some() { segment.len } else { 0 };
            again += if segment.again { segment.len } else { 0 };
        }
        assert_eq!(at, nxt);
        if self.options.sack {
            assert_eq!(board.pipe(), board.flight() + again - lost - sacked, "the counters are what the segments say");
        }
        assert!(self.sender.cwnd() >= MSS);
        assert!(una == nxt || self.sender.deadline().is_some(), "data in flight has a timer");
    }
}

impl Receiver {
    /// Takes a segment; true when its ACK repeats the last.
    fn take(&mut self, (from, to): Range, sent_at: Time) -> bool {
        self.duplicate = None;
        // RFC 7323 §4.3: the echo is of the segment at the left edge of what was last acknowledged.
        if from.at_or_before(self.last_ack) {
            self.echo = self.echo.max(sent_at);
        }
        let whole = (from, to);
        if to.at_or_before(self.next) || self.holds(whole) {
            self.duplicate = Some(whole);
        } else {
            self.held.add((from.max(self.next), to));
            let first = self.held.iter().next();
            if let Some((_, end)) = first.filter(|it| it.0.at_or_before(self.next)) {
                self.next = self.next.max(end);
                self.held.drop_below(self.next);
            }
        }
        self.recent.retain(|it| *it != whole);
        self.recent.insert(0, whole);
        self.recent.truncate(8);
        let repeats = self.next == self.last_ack;
        self.last_ack = self.next;
        repeats
    }

    fn holds(&self, (from, to): Range) -> bool {
        to.at_or_before(self.next) || self.held.iter().any(|it| it.0.at_or_before(from) && it.1.at_or_after(to))
    }

    /// RFC 2018 §4: the newest first; RFC 2883: a duplicate before them.
    fn blocks(&self) -> Vec<Range> {
        let mut blocks: Vec<Range> = self.duplicate.into_iter().collect();
        for &(from, _) in &self.recent {
            let around = self.held.iter().find(|it| from.is_within(it.0, it.1));
            if let Some(block) = around.filter(|it| !blocks.contains(it)) {
                blocks.push(block);
            }
        }
        blocks.truncate(3);
        blocks
    }
}

fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n.wrapping_mul(0xd134_2543_de82_ef95);
    z = (z ^ (z >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    z = (z ^ (z >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    z ^ (z >> 32)
}
