//! How fast data is delivered: a sample from each ACK (draft-cheng-iccrg-delivery-rate-estimation-02).
use std::time::Duration;

use crate::recording::Time;

/// What the path carried between a segment's leaving and its ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateSample {
    /// bit/s.
    pub(crate) rate: u64,
    /// Bytes delivered in all, now and when the segment left.
    pub(crate) delivered: u64,
    pub(crate) prior_delivered: u64,
    pub(crate) interval: Duration,
    /// The sender had nothing to send for a part of it: the path may be faster.
    pub(crate) app_limited: bool,
}

/// The sender's account when a segment left (§3.2); kept with the segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    delivered: u64,
    delivered_at: Time,
    first_sent_at: Time,
    app_limited: bool,
}

/// The sender's account of what was delivered (§3.1).
#[derive(Clone, Debug)]
pub(crate) struct Deliveries {
    delivered: u64,
    delivered_at: Time,
    first_sent_at: Time,
    /// Samples are application-limited until so much is delivered.
    app_limited_until: Option<u64>,
    /// The newest of the segments this ACK delivered, and when it left.
    newest: Option<(Snapshot, Time)>,
}

impl Deliveries {
    pub(crate) const fn new(now: Time) -> Self {
        Self { delivered: 0, delivered_at: now, first_sent_at: now, app_limited_until: None, newest: None }
    }

    /// §3.2: a segment leaves.
    pub(crate) fn on_send(&mut self, now: Time, nothing_in_flight: bool) -> Snapshot {
        if nothing_in_flight {
            self.first_sent_at = now;
            self.delivered_at = now;
        }
        Snapshot {
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            first_sent_at: self.first_sent_at,
            app_limited: self.app_limited_until.is_some(),
        }
    }

    /// §3.3, `UpdateRateSample`: a segment of this ACK arrived for the first time.
    pub(crate) fn on_delivered(&mut self, now: Time, len: u32, sent_at: Time, snapshot: Snapshot) {
        self.delivered += u64::from(len);
        self.delivered_at = now;
        let newer = |(newest, at): &(Snapshot, Time)| (snapshot.delivered, sent_at) >= (newest.delivered, *at);
        if self.newest.as_ref().is_none_or(newer) {
            self.newest = Some((snapshot, sent_at));
            self.first_sent_at = sent_at;
        }
    }

    /// §3.3, `GenerateRateSample`: the ACK is processed.
    pub(crate) fn take_sample(&mut self, min_rtt: Option<Duration>) -> Option<RateSample> {
        if self.app_limited_until.is_some_and(|until| self.delivered > until) {
            self.app_limited_until = None;
        }
        let (prior, sent_at) = self.newest.take()?;
        // The slower of the two rates: ACKs may come in a bunch, and data may leave in one.
        let interval = (sent_at - prior.first_sent_at).max(self.delivered_at - prior.delivered_at);
        if interval.is_zero() || min_rtt.is_some_and(|min| interval < min) {
            return None;
        }
        let bits = u128::from(self.delivered - prior.delivered) * 8;
        let rate = bits * 1_000_000_000 / interval.as_nanos();
        Some(RateSample {
            rate: u64::try_from(rate).unwrap_or(u64::MAX),
            delivered: self.delivered,
            prior_delivered: prior.delivered,
            interval,
            app_limited: prior.app_limited,
        })
    }

    /// §3.4: the window had room and there was nothing to fill it with.
    pub(crate) fn on_app_limited(&mut self, pipe: u32) {
        self.app_limited_until = Some(self.delivered + u64::from(pipe).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_flight_of_ten_acknowledged_over_a_round_trip_gives_the_bottleneck_rate() {
        let mut account = Deliveries::new(Time(0));
        let sent: Vec<_> = (0..10).map(|n| account.on_send(Time(0), n == 0)).collect();
        let mut last = None;
        for (n, snapshot) in (1_u64..).zip(sent) {
            account.on_delivered(Time((40 + n) * MS), 1000, Time(0), snapshot);
            last = account.take_sample(Some(Duration::from_millis(41)));
        }
        let sample = last.expect("the interval is longer than the shortest RTT");
        assert_eq!(sample.interval, Duration::from_millis(50));
        assert_eq!(sample.rate, 10 * 1000 * 8 * 1000 / 50);
        assert!(!sample.app_limited);
    }

    #[test]
    fn a_sample_from_a_pause_says_so_until_the_pause_is_out_of_the_pipe() {
        let mut account = Deliveries::new(Time(0));
        account.on_app_limited(0);
        let idle = account.on_send(Time(0), true);
        account.on_delivered(Time(40 * MS), 1000, Time(0), idle);
        assert!(account.take_sample(None).is_some_and(|it| it.app_limited));
        let busy = account.on_send(Time(40 * MS), true);
        account.on_delivered(Time(80 * MS), 1000, Time(40 * MS), busy);
        assert!(account.take_sample(None).is_some_and(|it| !it.app_limited));
    }
}
