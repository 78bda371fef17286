//! BBR: a model of the path, the bandwidth and the RTT without a queue, instead of losses (version 1:
//! draft-cardwell-iccrg-bbr-congestion-control-00).
//!
//! ```text
//!   STARTUP ──── bandwidth has stopped growing ───> DRAIN ──── flight fits the path ───> PROBE_BW <─┐
//!   gain 2.89                                       gain 1/2.89      1.25 0.75 1 1 1 1 1 1          │
//!                         PROBE_RTT: 4 segments for 200 ms, when the RTT was not re-measured for 10 s
//! ```
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::lab::tcp::congestion::{Acked, Congested, CongestionControl, Signal, Start};
use crate::lab::tcp::sender::RateSample;
use crate::quantity::{Quantity, Unit};
use crate::recording::Time;

/// Gains are in thousandths. §4.1.1: 2/ln(2), the smallest that doubles the rate each round.
const HIGH_GAIN: u64 = 2885;
/// §4.3.3: its inverse empties in a round what STARTUP queued.
const DRAIN_GAIN: u64 = 347;
const UNIT: u64 = 1000;
/// §4.2.3.
const CWND_GAIN: u64 = 2000;
/// §4.3.4.3: probe, drain what the probe queued, cruise.
const CYCLE: [u64; 8] = [1250, 750, 1000, 1000, 1000, 1000, 1000, 1000];
/// §4.1.1.3: rounds the bandwidth filter remembers.
const BANDWIDTH_ROUNDS: u64 = 10;
/// §4.1.2.3.
const RTT_WINDOW: Duration = Duration::from_secs(10);
const PROBE_RTT_DURATION: Duration = Duration::from_millis(200);
/// §4.2.3.2: segments that keep the ACKs coming.
const MIN_PIPE: u32 = 4;
/// Linux sends one per cent less than the model says, so that the queue stays empty.
const MARGIN_PERCENT: u64 = 99;

/// §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Startup,
    Drain,
    ProbeBw,
    ProbeRtt,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Startup => "STARTUP",
            Self::Drain => "DRAIN",
            Self::ProbeBw => "PROBE_BW",
            Self::ProbeRtt => "PROBE_RTT",
        }
    }
}

/// BBR version 1. Bandwidth in bit/s, windows in bytes.
#[derive(Debug)]
pub(crate) struct Bbr {
    mss: u32,
    initial_window: u32,
    mode: Mode,
    pacing_gain: u64,
    cwnd_gain: u64,
    pacing_rate: u64,
    cwnd: u32,
    /// §4.1.1: the largest of each round that may still be the maximum, falling.
    bandwidths: VecDeque<(u64, u64)>,
    /// §4.1.2: `RTprop`.
    min_rtt: Option<Duration>,
    min_rtt_at: Time,
    min_rtt_expired: bool,
    /// §4.1.1.3.
    round: u64,
    round_ends_at: u64,
    round_started: bool,
    /// §4.3.2.2.
    filled_pipe: bool,
    full_bandwidth: u64,
    full_rounds: u32,
    /// §4.3.4.
    phase: usize,
    phase_began: Time,
    seed: u64,
    /// §4.3.5.
    probe_rtt_until: Option<Time>,
    probe_rtt_round_done: bool,
    /// Samples of data sent before this was delivered are the probe's doing.
    throttled_until: u64,
    idle_restart: bool,
    /// §4.2.3.4 and §4.2.3.5.
    prior_cwnd: u32,
    in_recovery: bool,
    conserving: bool,
    delivered: u64,
    decision: Option<String>,
}

impl Bbr {
    pub(crate) fn new(start: &Start) -> Self {
        // §4.2.1: before there is a bandwidth, an initial window each RTT; 1 ms where that is not known either.
        let rtt = start.rtt.unwrap_or(Duration::from_millis(1));
        let nominal = bits_per_second(u64::from(start.initial_window), rtt);
        Self {
            mss: start.mss,
            initial_window: start.initial_window,
            mode: Mode::Startup,
            pacing_gain: HIGH_GAIN,
            cwnd_gain: HIGH_GAIN,
            pacing_rate: nominal * HIGH_GAIN / UNIT,
            cwnd: start.initial_window,
            bandwidths: VecDeque::new(),
            min_rtt: start.rtt,
            min_rtt_at: start.now,
            min_rtt_expired: false,
            round: 0,
            round_ends_at: 0,
            round_started: false,
            filled_pipe: false,
            full_bandwidth: 0,
            full_rounds: 0,
            phase: 0,
            phase_began: start.now,
            seed: start.seed,
            probe_rtt_until: None,
            probe_rtt_round_done: false,
            throttled_until: 0,
            idle_restart: false,
            prior_cwnd: 0,
            in_recovery: false,
            conserving: false,
            delivered: 0,
            decision: None,
        }
    }

    /// §4.1.1: `BtlBw`.
    fn bandwidth(&self) -> u64 {
        self.bandwidths.front().map_or(0, |it| it.1)
    }

    /// §4.1.1.2, §4.1.1.3: `BBRUpdateRound`, `BBRUpdateBtlBw`.
    fn on_rate(&mut self, sample: &RateSample) {
        self.delivered = sample.delivered;
        self.round_started = sample.prior_delivered >= self.round_ends_at;
        if self.round_started {
            self.round_ends_at = sample.delivered;
            self.round += 1;
            self.conserving = false;
        }
        if sample.rate >= self.bandwidth() || !self.is_limited(sample) {
            while self.bandwidths.back().is_some_and(|it| it.1 <= sample.rate) {
                self.bandwidths.pop_back();
            }
            self.bandwidths.push_back((self.round, sample.rate));
        }
        let round = self.round;
        while self.bandwidths.front().is_some_and(|it| it.0 + BANDWIDTH_ROUNDS <= round) {
            self.bandwidths.pop_front();
        }
    }

    /// The sample says less than the path can: the program, or PROBE_RTT, kept data back.
    fn is_limited(&self, sample: &RateSample) -> bool {
        sample.app_limited || sample.prior_delivered < self.throttled_until
    }

    /// §4.3.2.2: three rounds without a quarter more.
    fn check_full_pipe(&mut self, sample: &RateSample) {
        if self.filled_pipe || !self.round_started || self.is_limited(sample) {
            return;
        }
        if self.bandwidth() >= self.full_bandwidth * 5 / 4 {
            (self.full_bandwidth, self.full_rounds) = (self.bandwidth(), 0);
            return;
        }
        self.full_rounds += 1;
        self.filled_pipe = self.full_rounds >= 3;
    }

    /// §4.3.3.
    fn check_drain(&mut self, ack: &Acked<'_>) {
        if self.mode == Mode::Startup && self.filled_pipe {
            let rate = Quantity::new(i64::try_from(self.bandwidth()).unwrap_or(i64::MAX), Unit::BitsPerSecond);
            self.enter(Mode::Drain, DRAIN_GAIN, HIGH_GAIN, format!("three rounds brought no quarter more than {rate}"));
        }
        if self.mode == Mode::Drain && ack.pipe <= self.inflight(UNIT) {
            self.enter_probe_bw(ack.now, "the queue is drained");
        }
    }

    fn enter(&mut self, mode: Mode, pacing_gain: u64, cwnd_gain: u64, why: impl AsRef<str>) {
        self.decision = Some(format!("BBR: {} after {}: {}", mode.name(), self.mode.name(), why.as_ref()));
        self.mode = mode;
        (self.pacing_gain, self.cwnd_gain) = (pacing_gain, cwnd_gain);
    }

    /// §4.3.4.3: any phase first but the one that drains.
    fn enter_probe_bw(&mut self, now: Time, why: &str) {
        self.enter(Mode::ProbeBw, UNIT, CWND_GAIN, why);
        let step = usize::try_from(roll(&mut self.seed) % 7).expect("less than seven");
        self.phase = CYCLE.len() - 1 - step;
        self.next_phase(now);
    }

    fn next_phase(&mut self, now: Time) {
        self.phase = (self.phase + 1) % CYCLE.len();
        self.phase_began = now;
        self.pacing_gain = CYCLE[self.phase];
    }

    /// §4.3.4.3, `BBRIsNextCyclePhase`.
    fn check_phase(&mut self, ack: &Acked<'_>) {
        if self.mode != Mode::ProbeBw {
            return;
        }
        let full_length = ack.now - self.phase_began > self.min_rtt.unwrap_or_default();
        let over = match self.pacing_gain {
            // Until the probe has filled what it may, or something was lost.
            gain if gain > UNIT => full_length && (ack.lost > 0 || ack.prior_pipe >= self.inflight(gain)),
            // Until the probe's queue is gone.
            gain if gain < UNIT => full_length || ack.prior_pipe <= self.inflight(UNIT),
            _ => full_length,
        };
        if over {
            self.next_phase(ack.now);
        }
    }

    /// §4.1.2.3, §4.3.5: `BBRUpdateRTprop`, `BBRCheckProbeRTT`.
    fn check_rtt(&mut self, ack: &Acked<'_>) {
        self.min_rtt_expired = ack.now > self.min_rtt_at + RTT_WINDOW;
        if let Some(rtt) = ack.rtt
            && (self.min_rtt_expired || self.min_rtt.is_none_or(|min| rtt <= min))
        {
            self.min_rtt = Some(rtt);
            self.min_rtt_at = ack.now;
        }
        if self.min_rtt_expired && self.mode != Mode::ProbeRtt && !self.idle_restart {
            self.save_cwnd();
            self.enter(Mode::ProbeRtt, UNIT, UNIT, "no RTT as small as the smallest for 10 s");
            self.probe_rtt_until = None;
        }
        if self.mode == Mode::ProbeRtt {
            self.probe_rtt(ack);
        }
        self.idle_restart = false;
    }

    /// §4.3.5, `BBRHandleProbeRTT`.
    fn probe_rtt(&mut self, ack: &Acked<'_>) {
        self.throttled_until = self.delivered + u64::from(ack.pipe);
        match self.probe_rtt_until {
            None if ack.pipe <= MIN_PIPE * self.mss => {
                self.probe_rtt_until = Some(ack.now + PROBE_RTT_DURATION);
                self.probe_rtt_round_done = false;
                self.round_ends_at = self.delivered;
            }
            None => {}
            Some(until) => {
                self.probe_rtt_round_done |= self.round_started;
                if self.probe_rtt_round_done && ack.now > until {
                    self.leave_probe_rtt(ack.now);
                }
            }
        }
    }

    fn leave_probe_rtt(&mut self, now: Time) {
        self.min_rtt_at = now;
        self.cwnd = self.cwnd.max(self.prior_cwnd);
        let why = format!("the smallest RTT is {}", Quantity::time(self.min_rtt.unwrap_or_default()));
        if self.filled_pipe {
            self.enter_probe_bw(now, &why);
        } else {
            self.enter(Mode::Startup, HIGH_GAIN, HIGH_GAIN, why);
        }
    }

    /// §4.2.3.2: `BBRInflight`, the path's share of a gain and three bursts in the hosts.
    fn inflight(&self, gain: u64) -> u32 {
        let Some(rtt) = self.min_rtt.filter(|_| self.bandwidth() > 0) else { return self.initial_window };
        let product = u128::from(self.bandwidth()) * rtt.as_nanos() / 8_000_000_000;
        let bytes = product * u128::from(gain) / u128::from(UNIT) + u128::from(3 * self.burst());
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// §4.2.2: `send_quantum`.
    fn burst(&self) -> u32 {
        match self.pacing_rate {
            ..1_200_000 => self.mss,
            1_200_000..24_000_000 => 2 * self.mss,
            rate => u32::try_from(rate / 8 / 1000).unwrap_or(u32::MAX).min(64 * 1024),
        }
    }

    /// §4.2.1: before the pipe is filled the rate only rises.
    fn set_pacing_rate(&mut self, gain: u64) {
        let rate = self.bandwidth() * gain / UNIT * MARGIN_PERCENT / 100;
        if rate > 0 && (self.filled_pipe || rate > self.pacing_rate) {
            self.pacing_rate = rate;
        }
    }

    /// §4.2.3, `BBRSetCwnd`.
    fn set_cwnd(&mut self, ack: &Acked<'_>) {
        // §4.2.3.4: what was lost is not replaced; in the first round of a recovery only what was delivered.
        if ack.lost > 0 {
            self.cwnd = self.cwnd.saturating_sub(ack.lost).max(self.mss);
        }
        if self.conserving {
            self.cwnd = self.cwnd.max(ack.pipe.saturating_add(ack.delivered));
        } else {
            let target = self.inflight(self.cwnd_gain);
            if self.filled_pipe {
                self.cwnd = self.cwnd.saturating_add(ack.delivered).min(target);
            } else if self.cwnd < target || self.delivered < u64::from(self.initial_window) {
                self.cwnd = self.cwnd.saturating_add(ack.delivered);
            }
            self.cwnd = self.cwnd.max(MIN_PIPE * self.mss);
        }
        if self.mode == Mode::ProbeRtt {
            self.cwnd = self.cwnd.min(MIN_PIPE * self.mss);
        }
    }

    /// §4.2.3.5.
    fn save_cwnd(&mut self) {
        let usual = !self.in_recovery && self.mode != Mode::ProbeRtt;
        self.prior_cwnd = if usual { self.cwnd } else { self.prior_cwnd.max(self.cwnd) };
    }

    fn leave_recovery(&mut self) {
        if self.in_recovery {
            self.in_recovery = false;
            self.conserving = false;
            self.cwnd = self.cwnd.max(self.prior_cwnd);
        }
    }
}

impl CongestionControl for Bbr {
    fn on_send(&mut self, _now: Time, idle: bool) {
        // §4.3.4.4: after a pause of the program's, at the rate of the model, not faster.
        if idle && self.delivered > 0 {
            self.idle_restart = true;
            if self.mode == Mode::ProbeBw {
                self.set_pacing_rate(UNIT);
            }
        }
    }

    fn on_ack(&mut self, ack: &Acked<'_>) {
        if !ack.recovering {
            self.leave_recovery();
        }
        if let Some(sample) = ack.rate {
            self.on_rate(sample);
            self.check_phase(ack);
            self.check_full_pipe(sample);
        }
        self.check_drain(ack);
        self.check_rtt(ack);
        self.set_pacing_rate(self.pacing_gain);
        self.set_cwnd(ack);
    }

    fn on_congestion(&mut self, at: &Congested) {
        if at.signal != Signal::Loss {
            return;
        }
        self.save_cwnd();
        self.in_recovery = true;
        self.conserving = true;
        self.round_ends_at = self.delivered;
        self.cwnd = at.pipe.saturating_add(self.mss);
    }

    fn on_recovered(&mut self, _now: Time) {
        self.leave_recovery();
    }

    fn on_timeout(&mut self, _at: &Congested) {
        self.save_cwnd();
        self.in_recovery = true;
        self.cwnd = self.mss;
    }

    fn on_undo(&mut self, _now: Time) {
        self.leave_recovery();
    }

    /// The model is older than the pause, and stays.
    fn on_idle(&mut self, _now: Time, _idle: Duration, _rto: Duration) {}

    fn set_mss(&mut self, mss: u32) {
        self.mss = mss;
        self.cwnd = self.cwnd.max(mss);
    }

    fn cwnd(&self) -> u32 {
        self.cwnd
    }

    /// BBR has none.
    fn ssthresh(&self) -> Option<u32> {
        None
    }

    fn pacing_rate(&self) -> Option<u64> {
        Some(self.pacing_rate)
    }

    fn governs_recovery(&self) -> bool {
        true
    }

    fn take_decision(&mut self) -> Option<String> {
        self.decision.take()
    }
}

fn bits_per_second(bytes: u64, in_time: Duration) -> u64 {
    let nanos = in_time.as_nanos().max(1);
    u64::try_from(u128::from(bytes) * 8_000_000_000 / nanos).unwrap_or(u64::MAX / HIGH_GAIN)
}

/// The next number of a stream fixed by its seed (SplitMix64).
fn roll(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
