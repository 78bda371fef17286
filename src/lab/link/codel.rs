//! `CoDel` (RFC 8289): a queue that drops or marks by how long packets wait in it, not by how many there are.
//!
//! ```text
//!           waited < target, or nearly empty              at least target for a whole interval
//! [ leave all alone ] <─────────────────────── [ drop one, the next after interval / sqrt(count) ]
//! ```
use std::collections::VecDeque;
use std::time::Duration;

use crate::recording::Time;

/// The knobs of `CoDel`; the defaults are RFC 8289's and Linux's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoDel {
    /// The standing wait that is accepted (RFC 8289 §4.4: 5 ms).
    pub target: Duration,
    /// How long the wait must stay above it: a round trip of most connections (RFC 8289 §4.3: 100 ms).
    pub interval: Duration,
    /// Packets whose sender knows ECN are marked, not dropped (RFC 3168 §5).
    pub ecn: bool,
}

impl Default for CoDel {
    fn default() -> Self {
        Self { target: Duration::from_millis(5), interval: Duration::from_millis(100), ecn: false }
    }
}

/// Something that waits in the queue.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    pub(super) since: Time,
    pub(super) bytes: usize,
    /// Its sender understands a mark.
    pub(super) markable: bool,
    pub(super) item: T,
}

/// What came out of the queue when the link was free.
#[derive(Debug)]
pub(super) struct Taken<T> {
    /// Dropped on the way: the item, and how long it had waited.
    pub(super) dropped: Vec<(T, Duration)>,
    pub(super) next: Option<Next<T>>,
}

/// What is sent next.
#[derive(Debug)]
pub(super) struct Next<T> {
    pub(super) item: T,
    pub(super) waited: Duration,
    pub(super) marked: bool,
}

/// The queue with its control loop (RFC 8289 §5.2 names the state).
#[derive(Debug)]
pub(super) struct Queue<T> {
    options: CoDel,
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    /// The largest frame seen: less than that behind a packet is no standing queue.
    largest: usize,
    /// When the wait will have been above target for an interval.
    first_above: Option<Time>,
    dropping: bool,
    drop_next: Time,
    /// Drops since the dropping began, and what it was when it began.
    count: u32,
    last_count: u32,
}

/// A packet at the head of the queue, judged.
struct Head<T> {
    waiting: Waiting<T>,
    waited: Duration,
    ok_to_drop: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(options: CoDel) -> Self {
        Self {
            options,
            waiting: VecDeque::new(),
            bytes: 0,
            largest: 0,
            first_above: None,
            dropping: false,
            drop_next: Time::ZERO,
            count: 0,
            last_count: 0,
        }
    }

    /// Bytes that wait.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, waiting: Waiting<T>) {
        self.bytes += waiting.bytes;
        self.largest = self.largest.max(waiting.bytes);
        self.waiting.push_back(waiting);
    }

    /// Takes out what is sent next, and what is dropped before it.
    // RFC 8289 §5.5
    pub(super) fn take(&mut self, now: Time) -> Taken<T> {
        let mut dropped = Vec::new();
        let Some(mut head) = self.head(now) else {
            self.dropping = false;
            return Taken { dropped, next: None };
        };
        let mut marked = false;
        if self.dropping {
            self.dropping = head.ok_to_drop;
            while self.dropping && !marked && now >= self.drop_next {
                self.count = self.count.saturating_add(1);
                let Some(next) = self.hit(head, now, &mut dropped) else { return Taken { dropped, next: None } };
                (head, marked) = next;
                self.dropping = head.ok_to_drop;
                if self.dropping {
                    self.drop_next = self.after(self.drop_next);
                }
            }
        } else if head.ok_to_drop {
            self.begin(now);
            let Some(next) = self.hit(head, now, &mut dropped) else { return Taken { dropped, next: None } };
            (head, marked) = next;
        }
        let next = Next { item: head.waiting.item, waited: head.waited, marked };
        Taken { dropped, next: Some(next) }
    }

    /// The packet at the head, and whether the wait has been too long for a whole interval.
    // RFC 8289 §5.6
    fn head(&mut self, now: Time) -> Option<Head<T>> {
        let Some(waiting) = self.waiting.pop_front() else {
            self.first_above = None;
            return None;
        };
        self.bytes -= waiting.bytes;
        let waited = now - waiting.since;
        let mut ok_to_drop = false;
        if waited < self.options.target || self.bytes <= self.largest {
            self.first_above = None;
        } else {
            let first_above = *self.first_above.get_or_insert(now + self.options.interval);
            ok_to_drop = now >= first_above;
        }
        Some(Head { waiting, waited, ok_to_drop })
    }

    /// Begins to drop: nearly where it left off, when that was not long ago.
    fn begin(&mut self, now: Time) {
        let delta = self.count.saturating_sub(self.last_count);
        let recent = now < self.drop_next + self.options.interval * 16;
        self.count = if delta > 1 && recent { delta } else { 1 };
        self.last_count = self.count;
        self.drop_next = self.after(now);
        self.dropping = true;
    }

    /// Marks the head, or drops it and gives the one behind it; `None` when there is none.
    fn hit(&mut self, head: Head<T>, now: Time, dropped: &mut Vec<(T, Duration)>) -> Option<(Head<T>, bool)> {
        if self.options.ecn && head.waiting.markable {
            return Some((head, true));
        }
        dropped.push((head.waiting.item, head.waited));
        let next = self.head(now);
        self.dropping &= next.is_some();
        Some((next?, false))
    }

    /// The control law: drops come closer together with the square root of their number.
    fn after(&self, at: Time) -> Time {
        let nanos = u64::try_from(self.options.interval.as_nanos()).unwrap_or(u64::MAX);
        // interval / sqrt(count) = sqrt(interval^2 / count), in whole numbers: the same on every machine.
        let square = u128::from(nanos) * u128::from(nanos) / u128::from(self.count.max(1));
        at + Duration::from_nanos(u64::try_from(square.isqrt()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became of packets that come every `gap` and leave every `service`, both in microseconds: their number, or
    /// its negative when they were dropped, and the marked ones.
    fn run(options: CoDel, packets: u64, gap: u64, service: u64) -> (Vec<(u64, u64)>, Vec<u64>, Duration) {
        let mut queue = Queue::new(options);
        let (mut dropped, mut marked, mut last_wait) = (Vec::new(), Vec::new(), Duration::ZERO);
        let (mut next_in, mut at) = (0, 0);
        loop {
            while next_in < packets && next_in * gap <= at {
                let since = Time(next_in * gap * 1000);
                queue.push(Waiting { since, bytes: 1514, markable: true, item: next_in });
                next_in += 1;
            }
            let taken = queue.take(Time(at * 1000));
            dropped.extend(taken.dropped.iter().map(|(item, _)| (*item, at)));
            if let Some(next) = taken.next {
                last_wait = next.waited;
                if next.marked {
                    marked.push(next.item);
                }
            } else if next_in == packets {
                return (dropped, marked, last_wait);
            }
            at += service;
        }
    }

    #[test]
    fn a_burst_that_drains_within_the_interval_is_left_alone() {
        // 80 packets at once, 1 ms each: the last waits 80 ms, and then the queue is empty.
        let (dropped, _, _) = run(CoDel::default(), 80, 0, 1000);
        assert!(dropped.is_empty(), "{dropped:?}");
    }

    #[test]
    fn a_queue_that_stands_is_dropped_from_after_an_interval_then_faster() {
        // 10 % more comes than leaves.
        let (dropped, _, _) = run(CoDel::default(), 2000, 900, 1000);
        let times: Vec<u64> = dropped.iter().map(|(_, at)| *at).collect();
        // The wait passes 5 ms after about 50 ms, and must stay there for 100 ms.
        assert!((140_000..160_000).contains(&times[0]), "{times:?}");
        // Then 100 ms / sqrt(1), / sqrt(2), ... apart, each at the next packet's turn (RFC 8289 §4.5).
        for (index, pair) in times.windows(2).take(6).enumerate() {
            let law = 100_000.0 / ((index + 1) as f64).sqrt();
            let gap = (pair[1] - pair[0]) as f64;
            assert!((gap - law).abs() <= 1000.0, "drop {index}: {gap} us, the law says {law}");
        }
    }

    #[test]
    fn marks_take_the_place_of_drops() {
        let ecn = CoDel { ecn: true, ..CoDel::default() };
        let (dropped, marked, _) = run(ecn, 2000, 900, 1000);
        let (plain, _, _) = run(CoDel::default(), 2000, 900, 1000);
        assert!(dropped.is_empty());
        assert_eq!(marked.first(), plain.first().map(|(item, _)| item));
        assert!(
            marked.len() >= plain.len(),
            "a mark takes no packet out of the queue: {} {}",
            marked.len(),
            plain.len()
        );
    }

    #[test]
    fn a_sender_that_pays_no_heed_is_held_near_the_target_in_the_end() {
        // 5 % too much for 60 s: the drops come so often that the excess goes into them.
        let (dropped, _, wait) = run(CoDel::default(), 63_000, 952, 1000);
        assert!(dropped.len() > 2000, "{}", dropped.len());
        assert!(wait < Duration::from_millis(200), "{wait:?}");
    }

    #[test]
    fn one_packet_behind_another_is_no_standing_queue() {
        // Each waits 9 ms for the one before it, and nothing but itself waits.
        let (dropped, marked, _) = run(CoDel::default(), 200, 20_000, 11_000);
        assert!(dropped.is_empty() && marked.is_empty());
    }
}
