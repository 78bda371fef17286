//! The model by itself: its rates and rounds, without a sender around it.
use super::*;
use crate::lab::tcp::congestion::tests::{MSS, ack, start};

const RTT: Duration = Duration::from_millis(40);

/// A path of 10 Mbit/s and 40 ms, driven a round trip at a time; a queue makes the RTT longer, up to `queue` bytes.
struct Path {
    bbr: Bbr,
    now: Time,
    delivered: u64,
}

impl Path {
    fn new() -> Self {
        Self { bbr: Bbr::new(&Start { rtt: Some(RTT), ..start() }), now: Time(0), delivered: 0 }
    }

    /// One round trip: what the sender had in flight is delivered at the bottleneck's rate.
    fn round(&mut self) -> u32 {
        let paced = self.bbr.pacing_rate * 40 / 1000 / 8;
        let flight = u64::from(self.bbr.cwnd).min(paced.max(u64::from(MSS)));
        let capacity = 10_000_000 / 8 * 40 / 1000;
        let delivered = flight.min(capacity);
        let rtt = RTT.max(Duration::from_nanos(flight * 800));
        let prior = self.delivered;
        self.delivered += delivered;
        self.now = self.now + rtt;
        let rate = RateSample {
            rate: delivered * 8 * 25,
            delivered: self.delivered,
            prior_delivered: prior,
            interval: RTT,
            app_limited: false,
        };
        let bytes = u32::try_from(delivered).expect("a small path");
        let pipe = u32::try_from(flight).expect("a small window");
        let told = Acked { now: self.now, rtt: Some(rtt), prior_pipe: pipe, pipe, rate: Some(&rate), ..ack(bytes) };
        self.bbr.on_ack(&told);
        pipe
    }
}

#[test]
fn startup_finds_the_bandwidth_drain_empties_the_queue_and_probe_bw_cruises() {
    let mut path = Path::new();
    let mut modes = vec![path.bbr.mode.name()];
    for _ in 0..40 {
        path.round();
        if modes.last() != Some(&path.bbr.mode.name()) {
            modes.push(path.bbr.mode.name());
        }
    }
    assert_eq!(modes, ["STARTUP", "DRAIN", "PROBE_BW"]);
    assert_eq!(path.bbr.bandwidth(), 10_000_000);
    assert_eq!(path.bbr.cwnd(), 2 * 50_000 + 6 * MSS, "twice the path, and three bursts of two segments");
}

#[test]
fn after_ten_seconds_without_a_smaller_rtt_it_looks_with_four_segments() {
    let mut path = Path::new();
    path.bbr.min_rtt = Some(Duration::from_millis(39));
    let mut probed = false;
    for _ in 0..300 {
        path.round();
        if path.bbr.mode.name() == "PROBE_RTT" {
            probed = true;
            assert_eq!(path.bbr.cwnd(), 4 * MSS);
        }
    }
    assert!(probed);
    assert_eq!(path.bbr.min_rtt, Some(RTT));
    assert_eq!(path.bbr.mode.name(), "PROBE_BW");
    assert!(path.bbr.bandwidth() > 9_900_000, "the probe's own slowness is not the path's");
}

#[test]
fn the_phase_it_begins_with_is_the_seeds_choice_and_never_the_one_that_drains() {
    let first = |seed: u64| {
        let mut bbr = Bbr::new(&Start { seed, ..start() });
        bbr.enter_probe_bw(Time(0), "test");
        bbr.phase
    };
    let phases: Vec<_> = (0..100).map(first).collect();
    assert!(phases.iter().all(|it| *it != 1));
    assert!(phases.iter().any(|it| *it != phases[0]));
    assert_eq!(first(7), first(7));
}
