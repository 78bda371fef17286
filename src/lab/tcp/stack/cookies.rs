//! SYN cookies: a SYN-ACK whose number says all that is needed, so that nothing is remembered (RFC 4987 §3.6).
//!
//! ```text
//!   ISS = hash(4-tuple) + the peer's ISN + (minute << 24) + ((hash(4-tuple, minute) + MSS index) mod 2^24)     as Linux
//! ```
//! What else the SYN asked for is lost, unless it has timestamps: then ours carries it in its lowest six bits.
use crate::lab::tcp::connection::Terms;
use crate::lab::tcp::isn::{Use, keyed};
use crate::lab::tcp::output::Pair;
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

/// The sizes a cookie can remember: Linux's tables (`msstab` of `net/ipv4/syncookies.c` and of `net/ipv6/syncookies.c`).
const SIZES: [u32; 4] = [536, 1300, 1440, 1460];
const SIZES_V6: [u32; 4] = [1220, 1420, 1440, 8940];
/// A cookie is good in the period it was made in and in the next (Linux: `TCP_SYNCOOKIE_PERIOD`, `MAX_SYNCOOKIE_AGE`).
const PERIOD_NANOS: u64 = 60_000_000_000;
/// The bits of the timestamp that carry options: shift count, SACK, ECN.
const OPTION_BITS: u32 = 6;
const NO_SCALE: u32 = 0xf;

fn period(now: Time) -> u32 {
    u32::try_from((now.0 / PERIOD_NANOS) & 0xffff_ffff).expect("masked to 32 bits")
}

const fn sizes(pair: Pair) -> [u32; 4] {
    if pair.remote.is_ipv6() { SIZES_V6 } else { SIZES }
}

/// No cookie that is good now was made earlier.
pub(super) const fn earliest(now: Time) -> Time {
    Time(now.0.saturating_sub(2 * PERIOD_NANOS))
}

/// The initial sequence number that remembers the SYN.
pub(super) fn make(secret: u64, pair: Pair, now: Time, irs: Seq, peer_mss: u32) -> Seq {
    let index = sizes(pair).iter().rposition(|size| *size <= peer_mss).unwrap_or(0);
    let index = u32::try_from(index).expect("four sizes");
    cookie(secret, pair, period(now), irs, index)
}

fn cookie(secret: u64, pair: Pair, minute: u32, irs: Seq, index: u32) -> Seq {
    let data = keyed(secret, pair, Use::Cookie(minute)).wrapping_add(index) & 0x00ff_ffff;
    irs + base(secret, pair) + (minute << 24) + data
}

fn base(secret: u64, pair: Pair) -> u32 {
    // A period that no clock reaches: 2^32 minutes are 8000 years.
    keyed(secret, pair, Use::Cookie(u32::MAX))
}

/// The MSS that a cookie remembers; `None` when it is none of ours, or too old.
pub(super) fn check(secret: u64, pair: Pair, now: Time, irs: Seq, iss: Seq) -> Option<u32> {
    let now = period(now);
    let minutes = [Some(now), now.checked_sub(1)].into_iter().flatten();
    let mut all = minutes.flat_map(|minute| (0..).zip(sizes(pair)).map(move |(index, size)| (minute, index, size)));
    all.find(|(minute, index, _)| cookie(secret, pair, *minute, irs, *index) == iss).map(|(_, _, size)| size)
}

/// A timestamp not after this one that carries the terms (Linux: `cookie_init_timestamp`).
pub(super) fn hide(value: u32, terms: &Terms, scaling: bool) -> u32 {
    let shift = if scaling { u32::from(terms.peer_shift) } else { NO_SCALE };
    let bits = shift | u32::from(terms.sack) << 4 | u32::from(terms.ecn) << 5;
    let hidden = (value & !((1 << OPTION_BITS) - 1)) | bits;
    if hidden > value { hidden.wrapping_sub(1 << OPTION_BITS) } else { hidden }
}

/// The shift count, SACK and ECN that an echoed timestamp carries.
pub(super) fn reveal(echo: u32) -> (Option<u8>, bool, bool) {
    let shift = u8::try_from(echo & 0xf).expect("four bits");
    (Some(shift).filter(|it| u32::from(*it) != NO_SCALE), echo >> 4 & 1 == 1, echo >> 5 & 1 == 1)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn pair(port: u16) -> Pair {
        let at = |n| SocketAddr::from((Ipv4Addr::new(10, 0, 0, n), port));
        Pair { local: at(1), remote: at(2) }
    }

    #[test]
    fn a_cookie_remembers_the_mss_for_one_to_two_periods() {
        let made = |mss| make(7, pair(1), Time(0), Seq(5), mss);
        let read = |now, iss| check(7, pair(1), Time(now), Seq(5), iss);
        assert_eq!(read(0, made(1460)), Some(1460));
        assert_eq!(read(PERIOD_NANOS, made(1455)), Some(1440));
        assert_eq!(read(2 * PERIOD_NANOS - 1, made(1460)), Some(1460));
        assert_eq!(read(2 * PERIOD_NANOS, made(1460)), None);
        assert_eq!(read(0, made(100)), Some(536));
        assert_eq!(read(0, made(1460) + 1), None);
        assert_eq!(check(7, pair(2), Time(0), Seq(5), made(1460)), None);
        assert_eq!(check(7, pair(1), Time(0), Seq(60), made(1460)), None);
        assert_eq!(check(8, pair(1), Time(0), Seq(5), made(1460)), None);
    }

    #[test]
    fn a_timestamp_carries_the_options() {
        let terms = Terms { peer_shift: 7, sack: true, ..Terms::NONE };
        let hidden = hide(1000, &terms, true);
        assert!((937..=1000).contains(&hidden));
        assert_eq!(reveal(hidden), (Some(7), true, false));
        assert_eq!(reveal(hide(1000, &Terms::NONE, false)), (None, false, false));
    }
}
