//! How a sender finds its rate: one trait, told what the ACKs say, asked for a window and a pace.
mod bbr;
mod cubic;
mod hystart;
mod newreno;
mod window;

use std::fmt;
use std::time::Duration;

use crate::lab::tcp::sender::RateSample;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::Congestion;
use crate::recording::Time;

/// A congestion control. All windows are in bytes; time is always an argument.
///
/// The order of calls: `on_send` for each segment; `on_ack` for each ACK that delivers something; `on_congestion` when a
/// loss episode or an ECN echo begins, `on_recovered` when all that was in flight then is acknowledged; `on_timeout`
/// when the retransmission timer expires, `on_undo` when that or the episode proves to have been a mistake.
pub(crate) trait CongestionControl: fmt::Debug {
    /// A segment leaves. `idle`: nothing was in flight before it.
    fn on_send(&mut self, _now: Time, _idle: bool) {}

    /// An ACK told of data that arrived. In fast recovery only a control that `governs_recovery` is told.
    fn on_ack(&mut self, ack: &Acked<'_>);

    /// A loss or an ECN echo, once per window of data: lowers ssthresh.
    fn on_congestion(&mut self, at: &Congested);

    /// The episode is over: the window goes to where it was lowered to.
    fn on_recovered(&mut self, now: Time);

    /// The retransmission timer expired: one segment, and slow start.
    fn on_timeout(&mut self, at: &Congested);

    /// The last `on_congestion` or `on_timeout` was for nothing: back to the window before it.
    fn on_undo(&mut self, now: Time);

    /// Data is about to leave after a pause of more than an RTO (RFC 5681 §4.1).
    fn on_idle(&mut self, now: Time, idle: Duration, rto: Duration);

    /// The segment size changed (path MTU).
    fn set_mss(&mut self, mss: u32);

    /// Congestion window, bytes.
    fn cwnd(&self) -> u32;

    /// Slow start threshold, bytes; `None` until something has set it.
    fn ssthresh(&self) -> Option<u32>;

    /// bit/s; `None`: segments leave as the ACKs come.
    fn pacing_rate(&self) -> Option<u64> {
        None
    }

    /// It sets the window in fast recovery itself, instead of PRR.
    fn governs_recovery(&self) -> bool {
        false
    }

    /// What it decided since it was last asked, for a person to read.
    fn take_decision(&mut self) -> Option<String> {
        None
    }
}

/// What one ACK told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acked<'a> {
    pub(crate) now: Time,
    /// Bytes that are known to have arrived now and were not before: by cumulative ACK or SACK.
    pub(crate) delivered: u32,
    /// Bytes found lost by this ACK.
    pub(crate) lost: u32,
    /// Pipe (RFC 6675) before the ACK and after it.
    pub(crate) prior_pipe: u32,
    pub(crate) pipe: u32,
    /// The sample this ACK gave, and the smoothed one.
    pub(crate) rtt: Option<Duration>,
    pub(crate) srtt: Option<Duration>,
    /// The congestion window kept data back since the last ACK.
    pub(crate) cwnd_limited: bool,
    /// Fast or RTO recovery is on, or a window reduction for ECN.
    pub(crate) recovering: bool,
    /// RTO recovery is on.
    pub(crate) after_timeout: bool,
    /// `SND.UNA` after the ACK and `SND.NXT`: a round trip is over when the first passes an old second.
    pub(crate) round: Seq,
    pub(crate) sent: Seq,
    pub(crate) rate: Option<&'a RateSample>,
}

/// The sender at the moment of a congestion signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Congested {
    /// RFC 5681's `FlightSize`: sent and not cumulatively acknowledged, bytes.
    pub(crate) flight: u32,
    pub(crate) pipe: u32,
    pub(crate) signal: Signal,
}

/// What told of congestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Loss,
    Ecn,
    Timeout,
    /// The timer again, for data that has lowered ssthresh already: it stays.
    RepeatedTimeout,
}

/// What a control is started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) mss: u32,
    /// Bytes.
    pub(crate) initial_window: u32,
    /// HyStart++ (RFC 9406) in slow start.
    pub(crate) hystart: bool,
    /// BBR chooses the phase it begins `PROBE_BW` in by chance.
    pub(crate) seed: u64,
    pub(crate) now: Time,
    /// The handshake's round trip.
    pub(crate) rtt: Option<Duration>,
}

/// The control of that name.
pub(crate) fn start(which: Congestion, start: Start) -> Box<dyn CongestionControl> {
    match which {
        Congestion::Cubic => Box::new(cubic::Cubic::new(&start)),
        Congestion::NewReno => Box::new(newreno::NewReno::new(&start)),
        Congestion::Bbr => Box::new(bbr::Bbr::new(&start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const MSS: u32 = 1000;

    /// Ten segments, no HyStart++.
    pub(super) fn start() -> Start {
        Start { mss: MSS, initial_window: 10 * MSS, hystart: false, seed: 1, now: Time(0), rtt: None }
    }

    /// An ACK of so many bytes while the window is full.
    pub(super) fn ack(bytes: u32) -> Acked<'static> {
        Acked {
            now: Time(0),
            delivered: bytes,
            lost: 0,
            prior_pipe: 0,
            pipe: 0,
            rtt: None,
            srtt: None,
            cwnd_limited: true,
            recovering: false,
            after_timeout: false,
            round: Seq(0),
            sent: Seq(0),
            rate: None,
        }
    }

    /// A loss with so many bytes in flight.
    pub(super) fn lost(flight: u32) -> Congested {
        Congested { flight, pipe: flight, signal: Signal::Loss }
    }
}
