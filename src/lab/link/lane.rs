//! One direction of a link: the queue in front of it, the transmitter, and the dice of what goes wrong.
use std::collections::VecDeque;
use std::time::Duration;

use crate::lab::frame;
use crate::lab::link::codel::{Queue, Waiting};
use crate::lab::link::{Admission, Crossing, LinkOptions, Offer, Turn};
use crate::lab::loss::Losing;
use crate::lab::random::Dice;
use crate::recording::{Fate, Meddling, Time};

/// One direction at work.
#[derive(Debug)]
pub(super) struct Lane {
    /// When the last bit of the last frame that got its turn is out.
    busy_until: Time,
    queue: Discipline,
    last_arrival: Time,
    losses: Vec<Losing>,
    jitter: Dice,
    duplicate: Dice,
    reorder: Dice,
    /// Somebody took the link down.
    pub(super) down: bool,
    /// Bytes that wait, at each change; when they are recorded at all.
    history: Option<Vec<(Time, i64)>>,
}

/// Who of the waiting is next, and who is dropped.
#[derive(Debug)]
enum Discipline {
    /// All in order; one that finds the queue full is dropped. Each frame's turn is known when it comes.
    DropTail {
        /// Frames whose first bit is not out yet: when it will be, and their bytes.
        waiting: VecDeque<(Time, usize)>,
        /// Their bytes together.
        queued: usize,
    },
    /// Each frame's turn is known when it comes to it: those before it may be dropped.
    Managed {
        queue: Queue<Held>,
        /// The link will be asked at the end of the frame it is sending.
        asked: bool,
    },
}

/// A frame that waits for its turn.
#[derive(Debug)]
struct Held {
    number: u32,
    bytes: usize,
    luck: Luck,
}

/// What the dice and the learner have in store for a frame.
#[derive(Debug)]
struct Luck {
    lost: Option<String>,
    jitter: Duration,
    duplicate: bool,
    held_back: Option<Duration>,
    meddling: Option<Meddling>,
}

impl Lane {
    pub(super) fn new(options: &LinkOptions, direction: usize, dice: impl Fn(&str) -> Dice) -> Self {
        let losses = options.losses[direction].iter().enumerate();
        let queue = match options.codel {
            None => Discipline::DropTail { waiting: VecDeque::new(), queued: 0 },
            Some(codel) => Discipline::Managed { queue: Queue::new(codel), asked: false },
        };
        Self {
            busy_until: Time::ZERO,
            queue,
            last_arrival: Time::ZERO,
            losses: losses.map(|(i, model)| Losing::new(*model, dice(&format!("loss{i}")))).collect(),
            jitter: dice("jitter"),
            duplicate: dice("duplicate"),
            reorder: dice("reorder"),
            down: false,
            history: options.record_queue.then(Vec::new),
        }
    }

    /// Takes a frame in.
    pub(super) fn transmit(&mut self, now: Time, offer: &Offer<'_>, options: &LinkOptions) -> Admission {
        let luck = self.roll(now, offer, options);
        let bytes = offer.bytes.len();
        self.drain(now);
        let free = self.busy_until <= now;
        if let Discipline::Managed { queue, asked } = &mut self.queue
            && (!free || !queue.is_empty())
        {
            if options.queue.is_some_and(|limit| queue.bytes() + bytes > limit) {
                return Admission::Crosses(Crossing::refused(now));
            }
            let held = Held { number: offer.number, bytes, luck };
            queue.push(Waiting { since: now, bytes, markable: frame::is_ecn_capable(offer.bytes), item: held });
            let queued = queue.bytes();
            let ask_at = (!std::mem::replace(asked, true)).then_some(self.busy_until);
            self.note(now, queued);
            return Admission::Waits { ask_at };
        }
        let left = now.max(self.busy_until);
        if let Discipline::DropTail { waiting, queued } = &mut self.queue
            && left > now
        {
            if options.queue.is_some_and(|limit| *queued + bytes > limit) {
                return Admission::Crosses(Crossing::refused(now));
            }
            waiting.push_back((left, bytes));
            *queued += bytes;
            let queued = *queued;
            self.note(now, queued);
        }
        Admission::Crosses(self.send(left, bytes, luck, options))
    }

    /// Every die is rolled for every frame, so that one frame's fate does not shift the next one's.
    fn roll(&mut self, now: Time, offer: &Offer<'_>, options: &LinkOptions) -> Luck {
        let lost = self.losses.iter_mut().map(|it| it.takes(now, offer.bytes)).fold(None, Option::or);
        let age = now - Time::ZERO;
        let cut = options.cut.is_some_and(|(from, to)| (from..to).contains(&age));
        let lost = lost.or_else(|| cut.then(|| "the cable is cut".to_owned()));
        let lost = lost.or_else(|| self.down.then(|| "the link is down".to_owned()));
        let jitter = Duration::from_nanos(self.jitter.below(nanos(options.jitter).saturating_add(1)));
        let duplicate = self.duplicate.chance(options.duplicate);
        let held_back = options.reorder.filter(|(share, _)| self.reorder.chance(*share)).map(|(_, by)| by);
        Luck { lost, jitter, duplicate, held_back, meddling: offer.meddling }
    }

    /// The transmitter is free: the next frame of a managed queue, and what was dropped before it.
    pub(super) fn turn(&mut self, now: Time, options: &LinkOptions) -> Turn {
        let mut turn = Turn::default();
        let Discipline::Managed { queue, asked } = &mut self.queue else { return turn };
        let taken = queue.take(now);
        *asked = !queue.is_empty();
        let (again, queued) = (*asked, queue.bytes());
        self.note(now, queued);
        turn.dropped.extend(taken.dropped.into_iter().map(|(held, waited)| (held.number, waited)));
        if let Some(next) = taken.next {
            let Held { number, bytes, luck } = next.item;
            turn.marked = next.marked.then_some(next.waited);
            turn.sent = Some((number, self.send(now, bytes, luck, options)));
        }
        turn.ask_at = again.then_some(self.busy_until);
        turn
    }

    /// Puts a frame on the wire.
    fn send(&mut self, left: Time, bytes: usize, luck: Luck, options: &LinkOptions) -> Crossing {
        self.busy_until = left + options.rate.map_or(Duration::ZERO, |rate| serialization(bytes, rate));
        let mut arrives = self.busy_until + options.delay + luck.jitter;
        if let Some(by) = luck.held_back {
            arrives = arrives + by;
        } else {
            arrives = arrives.max(self.last_arrival);
            self.last_arrival = arrives;
        }
        let copy = luck.duplicate.then_some(arrives);
        decide(Crossing { left, arrived: Some(arrives), copy, fate: Fate::Delivered }, luck.lost, luck.meddling)
    }

    /// Frames that went out meanwhile wait no more.
    fn drain(&mut self, now: Time) {
        loop {
            let Discipline::DropTail { waiting, queued } = &mut self.queue else { return };
            let Some((leaves, bytes)) = waiting.front().copied().filter(|(leaves, _)| *leaves <= now) else { return };
            waiting.pop_front();
            *queued -= bytes;
            let queued = *queued;
            self.note(leaves, queued);
        }
    }

    fn note(&mut self, at: Time, bytes: usize) {
        if let Some(history) = &mut self.history {
            history.push((at, i64::try_from(bytes).unwrap_or(i64::MAX)));
        }
    }

    /// How many bytes waited, at each change up to `end`; `None` where nothing is recorded or nothing ever waited.
    pub(super) fn history(&mut self, end: Time) -> Option<Vec<(Time, i64)>> {
        self.drain(end);
        self.history.take().filter(|it| it.iter().any(|(_, bytes)| *bytes > 0))
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
