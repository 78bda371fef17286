//! A cable: delay, jitter, rate, a queue in front of it, and what goes wrong on it.
//!
//! ```text
//! handed over ──> [ queue: drop-tail ] ──> first bit out ──> last bit out ──> delay + jitter ──> last bit in
//!      at                                      left                                                arrived
//! ```
use std::collections::VecDeque;
use std::time::Duration;

use crate::lab::loss::{Losing, Loss};
use crate::lab::random::Dice;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Fate, LinkEnd, Meddling, Time};

/// What is modelled about a link. The default is an ideal cable: no delay, any rate, nothing lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOptions {
    delay: Duration,
    jitter: Duration,
    rate: Option<u64>,
    queue: Option<usize>,
    /// From the first end to the second, and back.
    losses: [Vec<Loss>; 2],
    duplicate: u32,
    reorder: Option<(u32, Duration)>,
    mtu: u16,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            rate: None,
            queue: None,
            losses: [Vec::new(), Vec::new()],
            duplicate: 0,
            reorder: None,
            mtu: 1500,
        }
    }
}

impl LinkOptions {
    /// How long a bit takes from end to end (one way).
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Up to this much is added to the delay of each packet, evenly; packets stay in order.
    #[must_use]
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Bits per second, counted over the frame as captured (no preamble, no FCS, no gap between frames). 0 is no limit.
    #[must_use]
    pub const fn rate(mut self, bits_per_second: u64) -> Self {
        self.rate = if bits_per_second == 0 { None } else { Some(bits_per_second) };
        self
    }

    /// Bytes that may wait in front of the link while another frame is sent; one more is dropped
    /// (drop-tail). Without this the queue has no end.
    #[must_use]
    pub const fn queue(mut self, bytes: usize) -> Self {
        self.queue = Some(bytes);
        self
    }

    /// Adds a way to lose packets, in both directions.
    #[must_use]
    pub fn loss(self, loss: Loss) -> Self {
        self.loss_there(loss).loss_back(loss)
    }

    /// Adds a way to lose packets from the first end to the second.
    #[must_use]
    pub fn loss_there(mut self, loss: Loss) -> Self {
        self.losses[0].push(loss);
        self
    }

    /// Adds a way to lose packets from the second end to the first.
    #[must_use]
    pub fn loss_back(mut self, loss: Loss) -> Self {
        self.losses[1].push(loss);
        self
    }

    /// This share of packets (ppm) arrives twice.
    #[must_use]
    pub const fn duplicate(mut self, ppm: u32) -> Self {
        self.duplicate = ppm;
        self
    }

    /// This share of packets (ppm) is held back by `by`, so that later ones overtake it.
    #[must_use]
    pub const fn reorder(mut self, ppm: u32, by: Duration) -> Self {
        self.reorder = Some((ppm, by));
        self
    }

    /// The largest IP packet the link carries, in bytes; at least 68 (RFC 791 §3.1).
    #[must_use]
    pub const fn mtu(mut self, bytes: u16) -> Self {
        self.mtu = if bytes < 68 { 68 } else { bytes };
        self
    }

    /// The largest IP packet the link carries, in bytes.
    #[must_use]
    pub(crate) const fn largest_packet(&self) -> u16 {
        self.mtu
    }

    /// What is modelled, as text for a person.
    pub(crate) fn properties(&self) -> Vec<String> {
        let mut texts = vec![Quantity::time(self.delay).to_string()];
        if self.jitter > Duration::ZERO {
            texts.push(format!("jitter up to {}", Quantity::time(self.jitter)));
        }
        if let Some(rate) = self.rate {
            let rate = i64::try_from(rate).unwrap_or(i64::MAX);
            texts.push(Quantity::new(rate, Unit::BitsPerSecond).to_string());
        }
        if let Some(bytes) = self.queue {
            texts.push(format!("queue {}", Quantity::bytes(bytes)));
        }
        texts.extend(self.loss_properties());
        if self.duplicate > 0 {
            texts.push(format!("duplicates {}", ppm(self.duplicate)));
        }
        if let Some((share, by)) = self.reorder {
            texts.push(format!("holds {} back by {}", ppm(share), Quantity::time(by)));
        }
        if self.mtu != 1500 {
            texts.push(format!("MTU {} B", self.mtu));
        }
        texts
    }

    fn loss_properties(&self) -> Vec<String> {
        let [there, back] = &self.losses;
        let text = |losses: &[Loss], suffix: &str| -> Vec<String> {
            losses.iter().map(|loss| format!("{}{suffix}", loss.property())).collect()
        };
        if there == back { text(there, "") } else { [text(there, " (there)"), text(back, " (back)")].concat() }
    }
}

fn ppm(share: u32) -> Quantity {
    Quantity::new(i64::from(share), Unit::PartsPerMillion)
}

/// A link at work.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) ends: [LinkEnd; 2],
    pub(crate) options: LinkOptions,
    lanes: [Lane; 2],
}

/// One direction of a link.
#[derive(Debug)]
struct Lane {
    /// When the last bit of the last accepted frame is out.
    busy_until: Time,
    /// Frames whose first bit is not out yet: when it will be, and their bytes.
    waiting: VecDeque<(Time, usize)>,
    /// Their bytes together.
    queued: usize,
    last_arrival: Time,
    losses: Vec<Losing>,
    jitter: Dice,
    duplicate: Dice,
    reorder: Dice,
}

/// What the link does with a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crossing {
    pub(crate) left: Time,
    pub(crate) arrived: Option<Time>,
    /// When a second copy arrives.
    pub(crate) copy: Option<Time>,
    pub(crate) fate: Fate,
}

impl Link {
    pub(crate) fn new(name: String, ends: [LinkEnd; 2], options: LinkOptions, seed: u64) -> Self {
        let lane = |direction: usize| {
            let dice = |what: &str| Dice::new(seed, &format!("{name}/{direction}/{what}"));
            let losses = options.losses[direction].iter().enumerate();
            Lane {
                busy_until: Time::ZERO,
                waiting: VecDeque::new(),
                queued: 0,
                last_arrival: Time::ZERO,
                losses: losses.map(|(i, model)| Losing::new(*model, dice(&format!("loss{i}")))).collect(),
                jitter: dice("jitter"),
                duplicate: dice("duplicate"),
                reorder: dice("reorder"),
            }
        };
        let lanes = [lane(0), lane(1)];
        Self { name, ends, options, lanes }
    }

    /// Sends a frame from the end `from` (0 or 1) to the other.
    pub(crate) fn transmit(&mut self, now: Time, from: usize, frame: &[u8], meddling: Option<Meddling>) -> Crossing {
        let options = &self.options;
        let lane = &mut self.lanes[from];
        // Every die is rolled for every frame, so that one frame's fate does not shift the next one's.
        let lost = lane.losses.iter_mut().map(|it| it.takes(frame)).fold(None, Option::or);
        let jitter = lane.jitter.below(nanos(options.jitter).saturating_add(1));
        let duplicate = lane.duplicate.chance(options.duplicate);
        let held_back = options.reorder.filter(|(share, _)| lane.reorder.chance(*share)).map(|(_, by)| by);

        let Some(left) = lane.enqueue(now, frame.len(), options) else {
            return Crossing { left: now, arrived: None, copy: None, fate: Fate::QueueFull };
        };
        let travel = options.delay + Duration::from_nanos(jitter);
        let mut arrives = lane.busy_until + travel;
        if let Some(by) = held_back {
            arrives = arrives + by;
        } else {
            arrives = arrives.max(lane.last_arrival);
            lane.last_arrival = arrives;
        }
        let copy = duplicate.then_some(arrives);
        decide(Crossing { left, arrived: Some(arrives), copy, fate: Fate::Delivered }, lost, meddling)
    }
}

impl Lane {
    /// When the frame's first bit goes out; `None` when it finds the queue full.
    fn enqueue(&mut self, now: Time, bytes: usize, options: &LinkOptions) -> Option<Time> {
        while let Some((_, bytes)) = self.waiting.front().copied().filter(|(leaves, _)| *leaves <= now) {
            self.waiting.pop_front();
            self.queued -= bytes;
        }
        let left = now.max(self.busy_until);
        if left > now {
            if options.queue.is_some_and(|limit| self.queued + bytes > limit) {
                return None;
            }
            self.waiting.push_back((left, bytes));
            self.queued += bytes;
        }
        self.busy_until = left + options.rate.map_or(Duration::ZERO, |rate| serialization(bytes, rate));
        Some(left)
    }
}

/// How long the bits of a frame take to pass at that rate, rounded up to a nanosecond.
fn serialization(bytes: usize, rate: u64) -> Duration {
    let bit_nanos = bytes as u128 * 8 * 1_000_000_000;
    Duration::from_nanos(u64::try_from(bit_nanos.div_ceil(u128::from(rate))).unwrap_or(u64::MAX))
}

/// What becomes of a frame that got a place on the wire.
fn decide(crossing: Crossing, lost: Option<String>, meddling: Option<Meddling>) -> Crossing {
    let arrived = crossing.arrived;
    match (lost, meddling) {
        (Some(reason), _) => Crossing { arrived: None, copy: None, fate: Fate::Lost(reason), ..crossing },
        (None, None) => crossing,
        (None, Some(Meddling::Drop)) => {
            Crossing { arrived: None, copy: None, fate: Fate::Meddled(Meddling::Drop), ..crossing }
        }
        (None, Some(Meddling::Delay(by))) => {
            Crossing { arrived: arrived.map(|it| it + by), fate: Fate::Meddled(Meddling::Delay(by)), ..crossing }
        }
        (None, Some(Meddling::Duplicate)) => {
            Crossing { copy: arrived, fate: Fate::Meddled(Meddling::Duplicate), ..crossing }
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(options: LinkOptions) -> Link {
        let end = |node| LinkEnd { node, interface: 0 };
        Link::new("a-b".to_owned(), [end(0), end(1)], options, 7)
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn at(micros: u64) -> Time {
        Time(micros * 1000)
    }

    #[test]
    fn a_frame_waits_for_the_one_before_it() {
        let mut link = link(LinkOptions::default().delay(ms(10)).rate(10_000_000));
        let first = link.transmit(Time::ZERO, 0, &[0; 1250], None);
        let second = link.transmit(Time::ZERO, 0, &[0; 1250], None);
        assert_eq!((first.left, first.arrived), (at(0), Some(at(11_000))));
        assert_eq!((second.left, second.arrived), (at(1_000), Some(at(12_000))));
        let other_way = link.transmit(Time::ZERO, 1, &[0; 1250], None);
        assert_eq!(other_way.left, at(0));
    }

    #[test]
    fn a_full_queue_drops_the_newcomer_and_drains() {
        let mut link = link(LinkOptions::default().rate(8_000_000).queue(2000));
        let fates: Vec<_> = (0..4).map(|_| link.transmit(at(0), 0, &[0; 1000], None).fate).collect();
        // One is being sent, two wait, the fourth finds no place.
        assert_eq!(fates, [Fate::Delivered, Fate::Delivered, Fate::Delivered, Fate::QueueFull]);
        assert_eq!(link.transmit(at(1_000), 0, &[0; 1000], None).fate, Fate::Delivered);
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_does_not() {
        let arrivals = |options: LinkOptions| -> Vec<Time> {
            let mut link = link(options);
            (0..500).filter_map(|i| link.transmit(at(i * 10), 0, &[0; 100], None).arrived).collect()
        };
        let jittered = arrivals(LinkOptions::default().delay(ms(5)).jitter(ms(3)));
        assert!(jittered.is_sorted());
        assert!(jittered.iter().all(|it| *it >= at(5_000) && *it <= at(4_990 + 8_000)));
        assert!(!arrivals(LinkOptions::default().delay(ms(5)).reorder(100_000, ms(1))).is_sorted());
    }

    #[test]
    fn one_knob_does_not_turn_the_dice_of_another() {
        let lost = |options: LinkOptions| -> Vec<bool> {
            let mut link = link(options.loss(Loss::random(200_000)));
            (0..200).map(|i| link.transmit(at(i), 0, &[0; 100], None).arrived.is_none()).collect()
        };
        let plain = lost(LinkOptions::default());
        assert_eq!(plain, lost(LinkOptions::default().jitter(ms(3)).duplicate(500_000)));
        assert_eq!(plain, lost(LinkOptions::default().reorder(500_000, ms(3)).rate(1_000_000)));
    }

    #[test]
    fn meddling_drops_delays_and_doubles() {
        let crossing =
            |meddling| link(LinkOptions::default().delay(ms(1))).transmit(at(0), 0, &[0; 60], Some(meddling));
        assert_eq!(crossing(Meddling::Drop).arrived, None);
        assert_eq!(crossing(Meddling::Delay(ms(2))).arrived, Some(at(3_000)));
        assert_eq!(crossing(Meddling::Duplicate).copy, Some(at(1_000)));
    }
}
