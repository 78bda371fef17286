//! CUBIC: the window as a cubic function of the time since the last loss (RFC 9438).
//!
//! ```text
//!                      W_cubic(t) = C (t - K)^3 + W_max
//!   W_max ........________,
//!            ,'          /     concave up to W_max, where the last loss was;
//!           /           ,      flat around it; convex beyond it.
//!   0.7 ___/           t = K
//! ```
use std::time::Duration;

use crate::lab::tcp::congestion::window::Window;
use crate::lab::tcp::congestion::{Acked, Congested, CongestionControl, Signal, Start};
use crate::quantity::Quantity;
use crate::recording::Time;

/// RFC 9438 §4.1, segments / second^3.
const C: f64 = 0.4;
/// RFC 9438 §4.6.
const BETA: f64 = 0.7;
/// RFC 9438 §4.3, equation 4: what NewReno would have, with a smaller step as it falls less. The step stays so, as in Linux:
/// the RFC would have a whole segment once the window is where it was, and be a quarter faster than Linux at 1 % loss.
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);

/// RFC 9438. Window sizes are in segments here, but for the window itself.
///
/// Only the four operations are done on floating-point numbers, so every machine computes the same.
#[derive(Debug)]
pub(crate) struct Cubic {
    window: Window,
    /// Bytes of growth that do not make a whole byte yet.
    fraction: f64,
    w_max: f64,
    epoch: Option<Epoch>,
    /// What [`Self::on_undo`] goes back to.
    before: Option<(f64, Option<Epoch>)>,
    /// The next epoch begins where the window is, not below a maximum (after a timeout, after HyStart++).
    flat: bool,
    decision: Option<String>,
}

/// A stretch of congestion avoidance.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    began: Time,
    last_ack: Time,
    /// Seconds until W_max is reached.
    k: f64,
    w_max: f64,
    w_est: f64,
}

impl Cubic {
    pub(crate) fn new(start: &Start) -> Self {
        Self {
            window: Window::new(start),
            fraction: 0.0,
            w_max: 0.0,
            epoch: None,
            before: None,
            flat: true,
            decision: None,
        }
    }

    fn segments(&self, bytes: u32) -> f64 {
        f64::from(bytes) / f64::from(self.window.mss)
    }

    /// RFC 9438 §4.2: the epoch begins with the first ACK in congestion avoidance.
    fn begin(&self, now: Time) -> Epoch {
        let cwnd = self.segments(self.window.cwnd);
        // RFC 9438 §4.8 and §4.10: after a timeout, or a slow start that ended without a loss, K is 0.
        let w_max = if self.flat { cwnd } else { self.w_max.max(cwnd) };
        Epoch { began: now, last_ack: now, k: seconds_to(w_max - cwnd), w_max, w_est: cwnd }
    }

    fn avoid(&mut self, ack: &Acked<'_>, delivered: u32) {
        let mut epoch = self.epoch.take().unwrap_or_else(|| self.begin(ack.now));
        epoch.last_ack = ack.now;
        let (cwnd, acked) = (self.segments(self.window.cwnd), self.segments(delivered));
        epoch.w_est += ALPHA * acked / cwnd;
        let t = (ack.now - epoch.began).as_secs_f64();
        let growth = if w_cubic(&epoch, t) < epoch.w_est {
            // As Linux: whole segments, and within a round trip. RFC 9438 §4.3 would go there at once.
            (epoch.w_est.floor() - cwnd).max(0.0) / cwnd * acked
        } else {
            // RFC 9438 §4.2, §4.4, §4.5: towards where the curve will be in a round trip.
            let rtt = ack.srtt.unwrap_or_default().as_secs_f64();
            let target = w_cubic(&epoch, t + rtt).clamp(cwnd, 1.5 * cwnd);
            (target - cwnd) / cwnd * acked
        };
        self.epoch = Some(epoch);
        self.grow(growth * f64::from(self.window.mss));
    }

    fn grow(&mut self, bytes: f64) {
        self.fraction += bytes;
        let whole = self.fraction.floor();
        self.fraction -= whole;
        self.window.cwnd = self.window.cwnd.saturating_add(whole as u32);
    }

    fn lower(&mut self, at: &Congested) {
        let cwnd = self.segments(self.window.cwnd);
        self.before = Some((self.w_max, self.epoch.take()));
        // RFC 9438 §4.7: lost before the last maximum was reached: someone else wants a share.
        let gives_way = cwnd < self.w_max;
        self.w_max = if gives_way { cwnd * (1.0 + BETA) / 2.0 } else { cwnd };
        self.fraction = 0.0;
        // RFC 9438 §4.6.
        self.window.lower((f64::from(self.window.used(at)) * BETA) as u32);
        let k = Quantity::time(Duration::from_secs_f64(seconds_to(self.w_max - cwnd * BETA)));
        let why = if gives_way { " (below the last maximum: fast convergence)" } else { "" };
        self.decision =
            Some(format!("CUBIC: W_max {:.1} segments{why}, reached again {k} after the recovery", self.w_max));
    }
}

impl CongestionControl for Cubic {
    fn on_ack(&mut self, ack: &Acked<'_>) {
        if !ack.cwnd_limited {
            // RFC 9438 §5.8: the time the window was not used does not count.
            if let Some(epoch) = &mut self.epoch {
                epoch.began = epoch.began + (ack.now - epoch.last_ack);
                epoch.last_ack = ack.now;
            }
            return;
        }
        let (rest, decision) = self.window.slow_start(ack);
        self.decision = decision.or(self.decision.take());
        if !self.window.in_slow_start() && rest > 0 {
            self.avoid(ack, rest);
        }
    }

    fn on_congestion(&mut self, at: &Congested) {
        self.lower(at);
        self.flat = false;
    }

    fn on_recovered(&mut self, _now: Time) {
        self.window.settle();
    }

    fn on_timeout(&mut self, at: &Congested) {
        if at.signal != Signal::RepeatedTimeout {
            self.lower(at);
        }
        self.window.collapse();
        self.epoch = None;
        self.flat = true;
    }

    fn on_undo(&mut self, _now: Time) {
        // RFC 9438 §4.9.2.
        self.window.undo();
        if let Some((w_max, epoch)) = self.before.take() {
            self.w_max = w_max;
            self.epoch = epoch;
        }
    }

    fn on_idle(&mut self, now: Time, idle: Duration, rto: Duration) {
        self.window.restart(idle, rto);
        if let Some(epoch) = &mut self.epoch {
            epoch.began = epoch.began + (now - epoch.last_ack);
            epoch.last_ack = now;
        }
    }

    fn set_mss(&mut self, mss: u32) {
        let ratio = f64::from(self.window.mss) / f64::from(mss);
        self.window.mss = mss;
        self.window.cwnd = self.window.cwnd.max(mss);
        self.w_max *= ratio;
        self.epoch = None;
    }

    fn cwnd(&self) -> u32 {
        self.window.cwnd
    }

    fn ssthresh(&self) -> Option<u32> {
        self.window.ssthresh
    }

    fn take_decision(&mut self) -> Option<String> {
        self.decision.take()
    }
}

/// RFC 9438 §4.2, equation 1.
fn w_cubic(epoch: &Epoch, t: f64) -> f64 {
    let d = t - epoch.k;
    C * d * d * d + epoch.w_max
}

/// RFC 9438 §4.2, equation 2: K, the seconds the curve takes for so many segments. To the microsecond.
fn seconds_to(segments: f64) -> f64 {
    // As an integer, because cbrt() differs between systems: microseconds cubed.
    let cubed = (segments.max(0.0) / C * 1e18) as u128;
    cube_root(cubed) as f64 / 1e6
}

/// The largest integer whose cube is no more than `n`.
fn cube_root(n: u128) -> u64 {
    let (mut low, mut high) = (0_u128, 1_u128 << 42);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if middle * middle * middle <= n { low = middle } else { high = middle - 1 }
    }
    u64::try_from(low).expect("it is at most 2^42")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tcp::congestion::tests::{MSS, ack, lost, start};

    /// A control in congestion avoidance, its window just lowered from `segments`.
    fn after_loss(segments: u32) -> Cubic {
        let mut cubic = Cubic::new(&start());
        cubic.window.cwnd = segments * MSS;
        cubic.on_congestion(&lost(segments * MSS));
        cubic.on_recovered(Time(0));
        cubic
    }

    /// Acknowledges a window each round trip of 100 ms; the window in segments after each second.
    fn seconds(cubic: &mut Cubic, count: u64) -> Vec<u32> {
        let mut windows = Vec::new();
        for round in 0..count * 10 {
            let segments = cubic.cwnd() / MSS;
            for n in 0..segments {
                let now = Time(round * 100_000_000 + u64::from(n) * 100_000_000 / u64::from(segments));
                cubic.on_ack(&Acked { now, srtt: Some(Duration::from_millis(100)), ..ack(MSS) });
            }
            if round % 10 == 9 {
                windows.push(cubic.cwnd() / MSS);
            }
        }
        windows
    }

    #[test]
    fn cube_roots_are_exact() {
        for n in [1_u64, 2, 3, 1000, 4_194_303, 123_456_789] {
            let cube = u128::from(n).pow(3);
            assert_eq!(cube_root(cube), n);
            assert_eq!(cube_root(cube + 1), n);
        }
        assert_eq!((cube_root(0), cube_root(7)), (0, 1));
    }

    #[test]
    fn the_window_falls_to_seven_tenths_and_is_back_at_its_maximum_after_k() {
        let mut cubic = after_loss(1000);
        assert_eq!(cubic.cwnd(), 700 * MSS);
        // K = cbrt(1000 * 0.3 / 0.4) = 9.086 s.
        assert!((seconds_to(300.0) - 9.086).abs() < 0.001);
        let windows = seconds(&mut cubic, 14);
        // 1000 - 0.4 * 6.086^3 after three seconds, and 1000 + 0.4 * 4.914^3 after fourteen.
        assert!((907..=911).contains(&windows[2]), "concave: most of it early: {windows:?}");
        assert!((998..=1000).contains(&windows[8]), "{windows:?}");
        assert!((1000..=1002).contains(&windows[9]), "flat at the maximum: {windows:?}");
        assert!((1045..=1049).contains(&windows[13]), "and convex beyond it: {windows:?}");
    }

    #[test]
    fn a_small_window_grows_as_newreno_would() {
        let mut cubic = after_loss(20);
        // The cubic needs K = 2.5 s for 14 -> 20 segments; NewReno's equal adds 0.53 segments a round trip.
        let windows = seconds(&mut cubic, 2);
        assert!((18..=19).contains(&windows[0]), "{windows:?}");
        assert!((23..=25).contains(&windows[1]), "{windows:?}");
    }

    #[test]
    fn a_loss_below_the_last_maximum_gives_way() {
        let mut cubic = after_loss(1000);
        cubic.on_congestion(&lost(700 * MSS));
        assert!((cubic.w_max - 595.0).abs() < 0.01, "700 * 1.7 / 2: {}", cubic.w_max);
        assert!(cubic.take_decision().is_some_and(|it| it.contains("fast convergence")));
    }

    #[test]
    fn time_in_which_the_window_is_not_used_does_not_count() {
        let mut used = after_loss(1000);
        let mut idle = after_loss(1000);
        let at = |ms: u64| Acked { now: Time(ms * 1_000_000), srtt: Some(Duration::from_millis(100)), ..ack(MSS) };
        used.on_ack(&at(0));
        idle.on_ack(&at(0));
        idle.on_ack(&Acked { cwnd_limited: false, ..at(8000) });
        used.on_ack(&at(100));
        idle.on_ack(&at(8100));
        assert_eq!(used.cwnd(), idle.cwnd());
    }

    #[test]
    fn an_undone_reduction_restores_the_curve() {
        let mut cubic = after_loss(1000);
        cubic.on_undo(Time(0));
        assert_eq!(cubic.cwnd(), 1000 * MSS);
        assert_eq!(cubic.ssthresh(), None);
    }
}
