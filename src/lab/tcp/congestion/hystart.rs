//! HyStart++: leaves slow start when the RTT rises, before the queue overflows (RFC 9406).
use std::time::Duration;

use crate::lab::tcp::congestion::Acked;
use crate::lab::tcp::seq::Seq;
use crate::quantity::Quantity;

// RFC 9406 §4.3.
const MIN_RTT_THRESH: Duration = Duration::from_millis(4);
const MAX_RTT_THRESH: Duration = Duration::from_millis(16);
const MIN_RTT_DIVISOR: u32 = 8;
const N_RTT_SAMPLE: u32 = 8;
const CSS_GROWTH_DIVISOR: u32 = 4;
const CSS_ROUNDS: u32 = 5;
/// An unpaced sender's limit on one ACK, segments.
const L: u32 = 8;

/// What slow start does with an ACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The window grows by so many bytes.
    Grow(u32),
    /// It does, and conservative slow start began or ended.
    Changed(u32, String),
    /// Slow start is over.
    Leave(String),
}

/// The rounds of a slow start.
#[derive(Clone, Debug, Default)]
pub(crate) struct HyStart {
    /// The round is over when this is acknowledged.
    window_end: Option<Seq>,
    current: Option<Duration>,
    last: Option<Duration>,
    samples: u32,
    /// In conservative slow start: its baseline, and how many of its rounds are over.
    css: Option<(Duration, u32)>,
}

impl HyStart {
    pub(crate) const fn is_conservative(&self) -> bool {
        self.css.is_some()
    }

    /// RFC 9406 §4.2.
    pub(crate) fn on_ack(&mut self, ack: &Acked<'_>, mss: u32) -> Verdict {
        if self.next_round(ack)
            && let Some((_, rounds)) = &mut self.css
        {
            *rounds += 1;
            if *rounds >= CSS_ROUNDS {
                return Verdict::Leave(format!("slow start ends: the RTT stayed up for {CSS_ROUNDS} round trips"));
            }
        }
        if let Some(rtt) = ack.rtt {
            self.current = Some(self.current.map_or(rtt, |current| current.min(rtt)));
            self.samples += 1;
        }
        let changed = self.judge();
        let full = ack.delivered.min(L * mss);
        let growth = if self.is_conservative() { full / CSS_GROWTH_DIVISOR } else { full };
        changed.map_or(Verdict::Grow(growth), |text| Verdict::Changed(growth, text))
    }

    /// True when a round trip is over.
    fn next_round(&mut self, ack: &Acked<'_>) -> bool {
        if self.window_end.is_some_and(|end| ack.round.before(end)) {
            return false;
        }
        let is_first = self.window_end.replace(ack.sent).is_none();
        self.last = self.current.take();
        self.samples = 0;
        !is_first
    }

    fn judge(&mut self) -> Option<String> {
        let current = self.current.filter(|_| self.samples >= N_RTT_SAMPLE)?;
        if let Some((baseline, _)) = self.css {
            if current >= baseline {
                return None;
            }
            self.css = None;
            let rtt = Quantity::time(current);
            return Some(format!("slow start again: the RTT fell to {rtt}, the rise was no queue"));
        }
        let last = self.last?;
        let threshold = (last / MIN_RTT_DIVISOR).clamp(MIN_RTT_THRESH, MAX_RTT_THRESH);
        if current < last + threshold {
            return None;
        }
        self.css = Some((current, 0));
        let (from, to) = (Quantity::time(last), Quantity::time(current));
        Some(format!("conservative slow start: the smallest RTT of a round trip rose from {from} to {to}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tcp::congestion::tests::{MSS, ack};

    /// A round of ten ACKs with this RTT; what came of it.
    fn round(hystart: &mut HyStart, n: u32, rtt: u64) -> Vec<Verdict> {
        let rtt = Some(Duration::from_millis(rtt));
        let one = |at: u32| Acked { rtt, round: Seq(n * 100 + at), sent: Seq((n + 1) * 100), ..ack(MSS) };
        (0..10).map(|at| hystart.on_ack(&one(at), MSS)).collect()
    }

    #[test]
    fn a_rise_of_an_eighth_slows_growth_to_a_quarter_and_five_rounds_end_it() {
        let mut hystart = HyStart::default();
        assert!(round(&mut hystart, 0, 40).iter().all(|it| *it == Verdict::Grow(MSS)));
        assert!(round(&mut hystart, 1, 44).iter().all(|it| *it == Verdict::Grow(MSS)), "44 ms is below 40 + 5");
        let rise = round(&mut hystart, 2, 50);
        assert!(matches!(&rise[7], Verdict::Changed(bytes, _) if *bytes == MSS / 4), "{rise:?}");
        (3..7).for_each(|n| assert_eq!(round(&mut hystart, n, 60)[9], Verdict::Grow(MSS / 4)));
        assert!(matches!(round(&mut hystart, 7, 60)[0], Verdict::Leave(_)));
    }

    #[test]
    fn a_rise_that_goes_away_was_jitter() {
        let mut hystart = HyStart::default();
        round(&mut hystart, 0, 40);
        round(&mut hystart, 1, 60);
        assert!(hystart.is_conservative());
        let fall = round(&mut hystart, 2, 41);
        assert!(matches!(&fall[7], Verdict::Changed(MSS, _)), "{fall:?}");
        assert!(!hystart.is_conservative());
    }

    #[test]
    fn a_stretch_ack_counts_eight_segments() {
        assert_eq!(HyStart::default().on_ack(&ack(20 * MSS), MSS), Verdict::Grow(8 * MSS));
    }
}
