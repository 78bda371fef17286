//! What a connection goes by: the rules of this end, and the terms both ends settled in their SYNs.
use std::time::Duration;

use crate::lab::path_mtu::Known;
use crate::lab::tcp::options::{Options, TIMESTAMP_BYTES};
use crate::lab::tcp::output::Pair;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::{Congestion, Ecn, KeepAlive, SocketOptions, TcpSettings};
use crate::lab::tcp::window::shift_for;
use crate::recording::Time;

/// RFC 9293 §3.7.1, MUST-15: without the MSS option.
const DEFAULT_MSS: u32 = 536;
const DEFAULT_MSS_V6: u32 = 1220;
/// A peer that asks for less gets this (Linux: `TCP_MIN_MSS`), or its segments would carry next to nothing.
const SMALLEST_MSS: u32 = 88;

const SHORTEST_SILENCE: Duration = Duration::from_millis(1);

/// The rules of this end: the host's settings with what the program asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) settings: TcpSettings,
    pub(crate) congestion: Congestion,
    pub(crate) nagle: bool,
    pub(crate) keepalive: Option<KeepAlive>,
    /// The program's `TCP_USER_TIMEOUT`; without one the host's setting bounds what is unacknowledged.
    pub(crate) user_timeout: Option<Duration>,
    pub(crate) receive_buffer: usize,
    pub(crate) send_buffer: usize,
    /// Bytes of the largest packet the host's link carries.
    pub(crate) mtu: u16,
    /// What earlier packets have shown of the path (RFC 1191 §6.3: kept with the route, so that all connections have it).
    pub(crate) path: Option<Known>,
    pub(crate) seed: u64,
    pub(crate) trace: bool,
}

impl Rules {
    /// These rules with a program's wishes.
    pub(crate) fn with(mut self, options: SocketOptions) -> Self {
        self.congestion = options.congestion.unwrap_or(self.congestion);
        self.nagle = options.nodelay.map_or(self.nagle, |nodelay| !nodelay);
        self.keepalive = options.keepalive.or(self.keepalive).map(|it| KeepAlive {
            // A silence of nothing at all would never end.
            idle: it.idle.max(SHORTEST_SILENCE),
            interval: it.interval.max(SHORTEST_SILENCE),
            ..it
        });
        // As Linux: 0 leaves it to the system.
        self.user_timeout = options.user_timeout.filter(|it| !it.is_zero());
        self.receive_buffer = options.receive_buffer.unwrap_or(self.receive_buffer).max(1);
        self.send_buffer = options.send_buffer.unwrap_or(self.send_buffer).max(1);
        self
    }

    /// How long sent bytes may stay unacknowledged (RFC 5482 §2).
    pub(crate) fn patience(&self) -> Duration {
        self.user_timeout.unwrap_or(self.settings.user_timeout)
    }

    /// The MSS this end announces (RFC 9293 §3.7.1, MUST-67): 20 bytes less over IPv6, whose header is longer.
    pub(crate) const fn announced_mss(&self, pair: Pair) -> u16 {
        self.mtu.saturating_sub(pair.headers())
    }

    /// The window of a SYN, which is never scaled (RFC 7323 §2.2).
    pub(crate) fn syn_window(&self) -> u16 {
        u16::try_from(self.receive_buffer).unwrap_or(u16::MAX)
    }

    /// The options of this end's SYN.
    pub(crate) fn offered(&self, pair: Pair, timestamp: u32) -> Options {
        let settings = &self.settings;
        Options {
            mss: Some(self.announced_mss(pair)),
            window_scale: settings.window_scaling.then(|| shift_for(self.receive_buffer)),
            sack_permitted: settings.sack,
            timestamps: settings.timestamps.then_some((timestamp, 0)),
            ..Options::default()
        }
    }
}

/// What both SYNs settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) peer_mss: u32,
    /// Shift counts for the peer's windows and for ours (RFC 7323 §2.2); 0 unless both ends sent the option.
    pub(crate) peer_shift: u8,
    pub(crate) our_shift: u8,
    pub(crate) sack: bool,
    pub(crate) timestamps: bool,
    pub(crate) ecn: bool,
}

impl Terms {
    /// Before the peer has said anything.
    pub(crate) const NONE: Self =
        Self { peer_mss: DEFAULT_MSS, peer_shift: 0, our_shift: 0, sack: false, timestamps: false, ecn: false };

    /// From the peer's SYN; what this end does not do is not done.
    pub(crate) fn settle(rules: &Rules, pair: Pair, peer: &Options, ecn: bool) -> Self {
        let scale = peer.window_scale.filter(|_| rules.settings.window_scaling);
        let unsaid = if pair.remote.is_ipv6() { DEFAULT_MSS_V6 } else { DEFAULT_MSS };
        Self {
            peer_mss: peer.mss.map_or(unsaid, u32::from).max(SMALLEST_MSS),
            peer_shift: scale.unwrap_or(0),
            our_shift: if scale.is_some() { shift_for(rules.receive_buffer) } else { 0 },
            sack: rules.settings.sack && peer.sack_permitted,
            timestamps: rules.settings.timestamps && peer.timestamps.is_some(),
            ecn: ecn && rules.settings.ecn != Ecn::Off,
        }
    }

    /// Bytes of payload in a full segment (RFC 9293 §3.7.1, MUST-16, and RFC 6691: options count).
    pub(crate) fn mss(&self, pair: Pair, path_mtu: u16) -> u32 {
        let path = u32::from(path_mtu.saturating_sub(pair.headers()));
        let options = if self.timestamps { TIMESTAMP_BYTES } else { 0 };
        self.peer_mss.min(path).saturating_sub(options).max(1)
    }
}

/// The clock in the segments (RFC 7323 §4), in milliseconds as Linux counts them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamps {
    offset: u32,
    /// TS.Recent, and when it was taken.
    recent: u32,
    taken: Time,
}

impl Timestamps {
    pub(crate) const fn new(offset: u32) -> Self {
        Self { offset, recent: 0, taken: Time::ZERO }
    }

    /// TSval.
    pub(crate) fn value(&self, now: Time) -> u32 {
        let millis = u32::try_from((now.0 / 1_000_000) & u64::from(u32::MAX)).expect("masked to 32 bits");
        self.offset.wrapping_add(millis)
    }

    /// TSecr.
    pub(crate) const fn recent(&self) -> u32 {
        self.recent
    }

    pub(crate) const fn take(&mut self, now: Time, value: u32) {
        (self.recent, self.taken) = (value, now);
    }

    /// RFC 7323 §4.3: only a segment that spans the last ACK sent, or lies before it, is remembered.
    pub(crate) fn update(&mut self, now: Time, value: u32, seq: Seq, last_ack_sent: Seq) {
        if !older(value, self.recent) && seq.at_or_before(last_ack_sent) {
            self.take(now, value);
        }
    }

    /// PAWS (RFC 7323 §5.3): older than the last one. After 24 days of silence the last one says nothing (§5.5).
    pub(crate) fn is_old(&self, now: Time, value: u32) -> bool {
        const DAYS_24: Duration = Duration::from_secs(24 * 24 * 3600);
        older(value, self.recent) && now - self.taken < DAYS_24
    }

    /// How long ago this value was sent.
    pub(crate) fn since(&self, now: Time, echo: u32) -> Duration {
        Duration::from_millis(u64::from(self.value(now).wrapping_sub(echo)))
    }
}

/// Timestamps compare modulo 2^32 as sequence numbers do (RFC 7323 §5.2).
fn older(value: u32, than: u32) -> bool {
    Seq(value).before(Seq(than))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> std::net::SocketAddr {
        text.parse().expect("an address with a port")
    }

    #[test]
    fn a_tiny_mss_is_not_obeyed_and_options_count() {
        let pair = |ip: &str| Pair { local: at(ip), remote: at(ip) };
        let (v4, v6) = (pair("10.0.0.1:1"), pair("[2001:db8::1]:1"));
        let terms = |mss| Terms { peer_mss: mss, timestamps: true, ..Terms::NONE };
        assert_eq!(terms(1460).mss(v4, 1500), 1448);
        assert_eq!(terms(1460).mss(v6, 1500), 1428);
        assert_eq!(terms(9000).mss(v4, 1500), 1448);
        assert_eq!(terms(1460).mss(v4, 576), 524);
        assert_eq!(terms(1460).mss(v4, 0), 1);
    }

    #[test]
    fn an_older_timestamp_is_old_until_24_days_have_passed() {
        let mut clock = Timestamps::new(0);
        clock.update(Time(0), 1000, Seq(5), Seq(5));
        assert_eq!(clock.recent(), 1000);
        clock.update(Time(0), 2000, Seq(6), Seq(5));
        assert_eq!(clock.recent(), 1000);
        assert!(clock.is_old(Time(1), 999) && !clock.is_old(Time(1), 1000) && !clock.is_old(Time(1), 1001));
        assert!(!clock.is_old(Time(0) + Duration::from_secs(25 * 24 * 3600), 999));
    }
}
