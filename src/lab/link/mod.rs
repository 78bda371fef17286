//! A cable: delay, jitter, rate, a queue in front of it, and what goes wrong on it.
//!
//! ```text
//! handed over ──> [ queue: drop-tail or CoDel ] ──> first bit out ──> last bit out ──> delay + jitter ──> last bit in
//!      at                                               left                                               arrived
//! ```
mod codel;
mod lane;
mod options;

use std::time::Duration;

pub use codel::CoDel;
use lane::Lane;
pub use options::LinkOptions;

use crate::lab::random::Dice;
use crate::recording::{Fate, LinkEnd, Meddling, Time};

/// A link at work.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) ends: [LinkEnd; 2],
    pub(crate) options: LinkOptions,
    lanes: [Lane; 2],
}

/// A frame handed to a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    /// The packet's number in the recording.
    pub(crate) number: u32,
    pub(crate) bytes: &'a [u8],
    pub(crate) meddling: Option<Meddling>,
}

/// What the link says when it is handed a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is settled what becomes of it.
    Crosses(Crossing),
    /// It waits for its turn in a managed queue. The link is to be asked for its next turn at that instant, unless that is
    /// arranged already.
    Waits { ask_at: Option<Time> },
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

impl Crossing {
    const fn refused(now: Time) -> Self {
        Self { left: now, arrived: None, copy: None, fate: Fate::QueueFull }
    }
}

/// What happens when a link with a managed queue is free to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Packets the queue dropped, and how long they had waited.
    pub(crate) dropped: Vec<(u32, Duration)>,
    /// The packet that is sent.
    pub(crate) sent: Option<(u32, Crossing)>,
    /// The queue marked it "congestion experienced"; how long it had waited.
    pub(crate) marked: Option<Duration>,
    /// When to ask again.
    pub(crate) ask_at: Option<Time>,
}

impl Link {
    pub(crate) fn new(name: String, ends: [LinkEnd; 2], options: LinkOptions, seed: u64) -> Self {
        let lane = |direction: usize| {
            Lane::new(&options, direction, |what: &str| Dice::new(seed, &format!("{name}/{direction}/{what}")))
        };
        let lanes = [lane(0), lane(1)];
        Self { name, ends, options, lanes }
    }

    /// Sends a frame from the end `from` (0 or 1) to the other.
    pub(crate) fn transmit(&mut self, now: Time, from: usize, offer: &Offer<'_>) -> Admission {
        self.lanes[from].transmit(now, offer, &self.options)
    }

    /// Takes the link down, or up again: what is sent while it is down is lost; what is on its way arrives.
    pub(crate) fn set_down(&mut self, down: bool) {
        for lane in &mut self.lanes {
            lane.down = down;
        }
    }

    /// The link is free in the direction from that end: what a managed queue sends next.
    pub(crate) fn turn(&mut self, now: Time, from: usize) -> Turn {
        self.lanes[from].turn(now, &self.options)
    }

    /// How many bytes waited in front of each direction, where that was recorded: the end they waited at, and the curve.
    pub(crate) fn histories(&mut self, end: Time) -> Vec<(usize, Vec<(Time, i64)>)> {
        let lanes = self.lanes.iter_mut().enumerate();
        lanes.filter_map(|(from, lane)| Some((from, lane.history(end)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::loss::Loss;

    fn link(options: LinkOptions) -> Link {
        let end = |node| LinkEnd { node, interface: 0 };
        Link::new("a-b".to_owned(), [end(0), end(1)], options, 7)
    }

    fn send(link: &mut Link, now: Time, from: usize, bytes: &[u8], meddling: Option<Meddling>) -> Crossing {
        match link.transmit(now, from, &Offer { number: 1, bytes, meddling }) {
            Admission::Crosses(crossing) => crossing,
            Admission::Waits { .. } => panic!("a plain queue knows each frame's turn"),
        }
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
        let first = send(&mut link, Time::ZERO, 0, &[0; 1250], None);
        let second = send(&mut link, Time::ZERO, 0, &[0; 1250], None);
        assert_eq!((first.left, first.arrived), (at(0), Some(at(11_000))));
        assert_eq!((second.left, second.arrived), (at(1_000), Some(at(12_000))));
        let other_way = send(&mut link, Time::ZERO, 1, &[0; 1250], None);
        assert_eq!(other_way.left, at(0));
    }

    #[test]
    fn a_full_queue_drops_the_newcomer_and_drains() {
        let mut link = link(LinkOptions::default().rate(8_000_000).queue(2000));
        let fates: Vec<_> = (0..4).map(|_| send(&mut link, at(0), 0, &[0; 1000], None).fate).collect();
        // One is being sent, two wait, the fourth finds no place.
        assert_eq!(fates, [Fate::Delivered, Fate::Delivered, Fate::Delivered, Fate::QueueFull]);
        assert_eq!(send(&mut link, at(1_000), 0, &[0; 1000], None).fate, Fate::Delivered);
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_does_not() {
        let arrivals = |options: LinkOptions| -> Vec<Time> {
            let mut link = link(options);
            (0..500).filter_map(|i| send(&mut link, at(i * 10), 0, &[0; 100], None).arrived).collect()
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
            (0..200).map(|i| send(&mut link, at(i), 0, &[0; 100], None).arrived.is_none()).collect()
        };
        let plain = lost(LinkOptions::default());
        assert_eq!(plain, lost(LinkOptions::default().jitter(ms(3)).duplicate(500_000)));
        assert_eq!(plain, lost(LinkOptions::default().reorder(500_000, ms(3)).rate(1_000_000)));
    }

    #[test]
    fn meddling_drops_delays_and_doubles() {
        let crossing =
            |meddling| send(&mut link(LinkOptions::default().delay(ms(1))), at(0), 0, &[0; 60], Some(meddling));
        assert_eq!(crossing(Meddling::Drop).arrived, None);
        assert_eq!(crossing(Meddling::Delay(ms(2))).arrived, Some(at(3_000)));
        assert_eq!(crossing(Meddling::Duplicate).copy, Some(at(1_000)));
    }

    #[test]
    fn the_queue_is_a_curve_when_that_is_asked_for() {
        let options = LinkOptions::default().rate(8_000_000).queue(2000);
        let curves = |options: LinkOptions| {
            let mut link = link(options);
            for _ in 0..4 {
                send(&mut link, at(0), 0, &[0; 1000], None);
            }
            link.histories(at(5_000))
        };
        assert_eq!(curves(options.clone()), []);
        // The one that found no place changed nothing.
        let curve = vec![(at(0), 1000), (at(0), 2000), (at(1_000), 1000), (at(2_000), 0)];
        assert_eq!(curves(options.record_queue()), [(0, curve)]);
    }

    #[test]
    fn a_managed_queue_says_a_frames_turn_when_it_comes() {
        let mut link = link(LinkOptions::default().delay(ms(1)).rate(8_000_000).codel(CoDel::default()));
        let offer =
            |link: &mut Link, number| link.transmit(at(0), 0, &Offer { number, bytes: &[0; 1000], meddling: None });
        assert!(matches!(offer(&mut link, 1), Admission::Crosses(it) if it.arrived == Some(at(2_000))));
        assert_eq!(offer(&mut link, 2), Admission::Waits { ask_at: Some(at(1_000)) });
        assert_eq!(offer(&mut link, 3), Admission::Waits { ask_at: None });
        let turn = link.turn(at(1_000), 0);
        let (number, crossing) = turn.sent.expect("two wait");
        assert_eq!((number, crossing.left, crossing.arrived), (2, at(1_000), Some(at(3_000))));
        assert_eq!(turn.ask_at, Some(at(2_000)));
        let last = link.turn(at(2_000), 0);
        assert_eq!((last.sent.map(|it| it.0), last.ask_at), (Some(3), None));
    }
}
