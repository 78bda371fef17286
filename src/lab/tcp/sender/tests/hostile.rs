//! A peer that acknowledges what it likes: the counters stay true, time stays owned, nothing panics.
use std::time::Duration;

use super::path::MSS;
use crate::lab::random::Dice;
use crate::lab::tcp::sender::{Ack, Sender, SenderOptions, Turn};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::{Congestion, LossDetection};
use crate::recording::Time;

/// One sender, one stream of dice, and a clock.
struct Bout {
    sender: Sender,
    dice: Dice,
    now: Time,
}

impl Bout {
    fn new(seed: u64, first: Seq) -> Self {
        let mut dice = Dice::new(seed, "hostile");
        let congestion =
            [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr][usize::try_from(seed % 3).expect("< 3")];
        let options = SenderOptions {
            congestion,
            hystart: dice.chance(500_000),
            initial_window: 10,
            mss: MSS,
            sack: dice.chance(800_000),
            detection: if dice.chance(700_000) { LossDetection::Rack } else { LossDetection::DuplicateAcks },
            min_rto: Duration::from_millis(200),
            slow_start_after_idle: true,
            seed,
        };
        let handshake = dice.chance(900_000).then(|| Duration::from_millis(40));
        Self { sender: Sender::new(options, first, Time(0), handshake), dice, now: Time(0) }
    }

    fn step(&mut self) {
        self.now = self.now + Duration::from_micros(self.dice.below(60_000));
        match self.dice.below(10) {
            0 => {
                self.now = self.sender.deadline().map_or(self.now, |at| at.max(self.now));
                self.sender.on_deadline(self.now);
            }
            1 if self.dice.chance(20_000) => {
                let mss = 500 + u32::try_from(self.dice.below(900)).expect("small");
                self.sender.on_smaller_mss(self.now, mss);
            }
            1..=4 => self.send(),
            _ => self.acknowledge(),
        }
        self.check();
    }

    fn send(&mut self) {
        let ready = u32::try_from(self.dice.below(60_000)).expect("small");
        for _ in 0..self.dice.below(30) {
            let (seq, len) = match self.sender.next(self.now, ready) {
                Turn::Again { seq, len, .. } => (seq, len),
                Turn::New { len, .. } => (self.sender.snd_nxt(), len),
                Turn::Wait(until) => {
                    self.now = self.now.max(until);
                    continue;
                }
                Turn::Nothing => break,
            };
            assert!(len > 0 && len <= MSS + 1);
            self.sender.on_sent(self.now, seq, len);
        }
    }

    /// Somewhere in flight, mostly near the left edge.
    fn place(&mut self) -> Seq {
        let (una, nxt) = (self.sender.snd_una(), self.sender.snd_nxt());
        let flight = u64::from(nxt - una);
        let most = if self.dice.chance(700_000) { flight.min(6000) } else { flight };
        let octets = self.dice.below(most + 1);
        let octets = if self.dice.chance(800_000) { octets / u64::from(MSS) * u64::from(MSS) } else { octets };
        una + u32::try_from(octets).expect("less than the flight")
    }

    fn acknowledge(&mut self) {
        let ack = if self.dice.chance(600_000) { self.sender.snd_una() } else { self.place() };
        let block = |bout: &mut Self| {
            let from = if bout.dice.chance(20_000) { Seq(bout.dice.bits() as u32) } else { bout.place() };
            let length = 1 + u32::try_from(bout.dice.below(5)).expect("small");
            (from, from + length * MSS)
        };
        let blocks: Vec<_> = (0..self.dice.below(4)).map(|_| block(self)).collect();
        let moves = ack.after(self.sender.snd_una());
        let age = Duration::from_micros(self.dice.below(900_000)).min(self.now - Time(0));
        let echoed = (moves && self.dice.chance(700_000)).then_some(age);
        let (duplicate, ece) = (!moves, self.dice.chance(50_000));
        let before = self.sender.snd_una();
        self.sender.on_ack(&Ack { now: self.now, ack, sack: &blocks, echoed, duplicate, ece });
        assert!(self.sender.snd_una().at_or_after(before));
    }

    fn check(&mut self) {
        let board = self.sender.board();
        let mut at = board.una();
        let (mut pipe, mut due) = (0_i64, 0);
        for segment in board.segments() {
            assert_eq!(segment.seq, at, "no gap and no overlap");
            assert!(segment.len > 0 && segment.sent_at <= self.now);
            at = segment.end();
            let (lost, again) = (segment.lost.is_some(), segment.again);
            if !segment.sacked {
                let copies = i64::from(!lost) + i64::from(again);
                pipe += copies * i64::from(segment.len);
                due += if lost && !again { segment.len } else { 0 };
            }
        }
        assert_eq!(at, board.nxt());
        assert_eq!(due, board.due());
        // Without SACK some of it is presumed to have arrived.
        assert!(i64::from(board.pipe()) <= pipe);
        assert!(!self.sender.snd_nxt().after(self.sender.snd_una()) || self.sender.deadline().is_some());
        assert!(self.sender.cwnd() > 0);
        self.sender.take_decisions();
    }
}

#[test]
fn whatever_is_acknowledged_the_counters_stay_true() {
    for seed in 0..150 {
        let mut bout = Bout::new(seed, Seq(u32::MAX - 100_000));
        (0..400).for_each(|_| bout.step());
    }
}
