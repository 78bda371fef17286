//! The retransmission timer's length from the round-trip times seen (RFC 6298), with the floor where Linux has it.
use std::time::Duration;

use crate::recording::Time;

/// RFC 6298 §2.1: before any sample.
pub(crate) const INITIAL_RTO: Duration = Duration::from_secs(1);
/// RFC 6298 §5.7: the first timeout for data when not even the handshake gave a sample.
const UNMEASURED_RTO: Duration = Duration::from_secs(3);
/// RFC 6298 §2.5 allows any ceiling of 60 s or more; Linux has 120 s.
pub(crate) const MAX_RTO: Duration = Duration::from_secs(120);

/// Round-trip time, its variation, and the timeout that follows from them.
///
/// As Linux, and unlike the letter of the RFC:
/// - the floor is under the variation, not under the sum: RTO = SRTT + max(4 RTTVAR, floor), so that an RTO is never less
///   than the floor *above* the RTT (RFC 6298 §2.4 would be max(SRTT + 4 RTTVAR, floor));
/// - every ACK gives a sample, so RTTVAR would forget a whole round trip within a few ACKs. It rises at once to the
///   largest deviation of the current round trip, and falls by a quarter of the difference once a round trip;
/// - a sample far *below* SRTT moves the deviation by an eighth of the step: a path that became faster is no reason for a
///   longer RTO.
#[derive(Clone, Debug)]
pub(crate) struct Rtt {
    floor: Duration,
    /// The timeout before any sample.
    first: Duration,
    estimate: Option<Estimate>,
    /// Doublings of the RTO since the last sample.
    backoff: u32,
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    srtt: Duration,
    rttvar: Duration,
    /// RFC 6298's RTTVAR, moved by every sample; its largest value in this round trip.
    deviation: Duration,
    largest: Duration,
    round_began: Time,
    min: Duration,
}

impl Rtt {
    pub(crate) const fn new(floor: Duration) -> Self {
        Self { floor, first: INITIAL_RTO, estimate: None, backoff: 0 }
    }

    /// When data may leave, from how long the handshake took. RFC 6298 §5.7: a SYN that was sent again measures nothing, and
    /// its 1 s was too short perhaps, so that data gets 3 s.
    pub(crate) fn after_handshake(floor: Duration, now: Time, handshake: Option<Duration>) -> Self {
        let mut rtt = Self { first: UNMEASURED_RTO, ..Self::new(floor) };
        if let Some(sample) = handshake {
            rtt.sample(now, sample);
        }
        rtt
    }

    /// A round trip was measured, of a segment that was sent once or told apart by timestamps (RFC 6298 §3).
    pub(crate) fn sample(&mut self, now: Time, rtt: Duration) {
        self.backoff = 0;
        let Some(estimate) = &mut self.estimate else {
            self.estimate = Some(Estimate::first(now, rtt));
            return;
        };
        estimate.update(now, rtt);
    }

    /// RFC 6298 §5.5: the timer expired, the next one is twice as long.
    pub(crate) fn back_off(&mut self) {
        self.backoff += 1;
    }

    /// How often the timer was doubled since the last sample.
    #[cfg(test)]
    pub(crate) const fn backoff(&self) -> u32 {
        self.backoff
    }

    /// The retransmission timeout, backed off.
    pub(crate) fn rto(&self) -> Duration {
        let doubled = 2_u32.checked_pow(self.backoff).and_then(|times| self.base_rto().checked_mul(times));
        doubled.map_or(MAX_RTO, |rto| rto.min(MAX_RTO))
    }

    /// The retransmission timeout without back-off.
    pub(crate) fn base_rto(&self) -> Duration {
        let Some(estimate) = &self.estimate else { return self.first };
        // RFC 6298 §2.3, K = 4.
        (estimate.srtt + (4 * estimate.rttvar).max(self.floor)).min(MAX_RTO)
    }

    pub(crate) fn srtt(&self) -> Option<Duration> {
        self.estimate.map(|it| it.srtt)
    }

    pub(crate) fn rttvar(&self) -> Option<Duration> {
        self.estimate.map(|it| it.rttvar)
    }

    /// The smallest ever seen.
    pub(crate) fn min(&self) -> Option<Duration> {
        self.estimate.map(|it| it.min)
    }
}

impl Estimate {
    /// RFC 6298 §2.2.
    fn first(now: Time, rtt: Duration) -> Self {
        let half = rtt / 2;
        Self { srtt: rtt, rttvar: half, deviation: half, largest: half, round_began: now, min: rtt }
    }

    fn update(&mut self, now: Time, rtt: Duration) {
        // RFC 6298 §2.3: beta = 1/4, alpha = 1/8; RTTVAR first, with the old SRTT.
        let error = self.srtt.abs_diff(rtt);
        self.deviation = if rtt < self.srtt && error > self.deviation {
            self.deviation + (error - self.deviation) / 32
        } else {
            (3 * self.deviation + error) / 4
        };
        self.srtt = (7 * self.srtt + rtt) / 8;
        self.largest = self.largest.max(self.deviation);
        self.rttvar = self.rttvar.max(self.largest);
        if now - self.round_began >= self.srtt {
            self.rttvar = (3 * self.rttvar + self.largest) / 4;
            self.largest = Duration::ZERO;
            self.round_began = now;
        }
        self.min = self.min.min(rtt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Samples one round trip apart.
    fn after(samples: &[u64]) -> Rtt {
        let mut rtt = Rtt::new(200 * MS);
        let mut now = Time(0);
        for &sample in samples {
            now = now + Duration::from_millis(sample);
            rtt.sample(now, Duration::from_millis(sample));
        }
        rtt
    }

    #[test]
    fn before_any_sample_the_timeout_is_a_second_and_doubles_to_two_minutes() {
        let mut rtt = Rtt::new(200 * MS);
        let timeouts: Vec<_> = (0..9).map(|_| (rtt.rto().as_secs(), rtt.back_off()).0).collect();
        assert_eq!(timeouts, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
        (0..100).for_each(|_| rtt.back_off());
        assert_eq!(rtt.rto(), MAX_RTO);
    }

    #[test]
    fn a_handshake_that_measured_nothing_leaves_three_seconds_for_data() {
        let after = |handshake| Rtt::after_handshake(200 * MS, Time(0), handshake);
        assert_eq!(after(None).rto(), Duration::from_secs(3));
        assert_eq!(after(Some(40 * MS)).rto(), 240 * MS);
        let mut late = after(None);
        late.sample(Time(0), 40 * MS);
        assert_eq!(late.rto(), 240 * MS);
    }

    #[test]
    fn the_first_sample_is_the_estimate_and_half_of_it_the_variation() {
        let rtt = after(&[80]);
        assert_eq!((rtt.srtt(), rtt.rttvar()), (Some(80 * MS), Some(40 * MS)));
        assert_eq!(rtt.rto(), 280 * MS, "the floor of 200 ms is under 4 * 40 ms");
        assert_eq!(after(&[160]).rto(), 480 * MS);
    }

    #[test]
    fn a_path_that_becomes_faster_does_not_lengthen_the_timeout() {
        let mut rtt = after(&[500; 20]);
        let (before, mut now) = (rtt.rto(), Time(0) + Duration::from_secs(10));
        for _ in 0..100 {
            now = now + 10 * MS;
            rtt.sample(now, 100 * MS);
            assert!(rtt.rto() <= before, "{:?} after {before:?}", rtt.rto());
        }
        assert!(rtt.srtt().is_some_and(|it| it < 101 * MS));
    }

    #[test]
    fn a_steady_path_comes_down_to_the_rtt_and_the_floor() {
        let rtt = after(&[40; 50]);
        assert_eq!(rtt.srtt(), Some(40 * MS));
        assert!(rtt.rttvar().is_some_and(|it| it < MS));
        assert_eq!(rtt.rto(), 240 * MS);
    }

    #[test]
    fn one_late_sample_raises_the_variation_at_once_and_it_falls_by_quarters() {
        let mut samples = vec![40; 50];
        samples.push(440);
        let late = after(&samples);
        // RFC 6298 §2.3: 3/4 of about 0, and a quarter of the 400 ms; SRTT moves by an eighth.
        assert_eq!(late.srtt(), Some(90 * MS));
        assert!(late.rttvar().is_some_and(|it| it >= 100 * MS), "{:?}", late.rttvar());
        samples.extend([90; 20]);
        assert_eq!(after(&samples).rto(), after(&samples).srtt().map_or(MS, |it| it + 200 * MS));
    }

    #[test]
    fn a_sample_ends_the_back_off() {
        let mut rtt = after(&[40; 50]);
        rtt.back_off();
        assert_eq!((rtt.rto(), rtt.backoff()), (480 * MS, 1));
        rtt.sample(Time(10_000_000_000), 40 * MS);
        assert_eq!((rtt.rto(), rtt.backoff()), (240 * MS, 0));
    }
}
