//! What a host knows of the paths its packets take: the largest packet that gets through, by destination, for a while.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::lab::output::Output;
use crate::recording::Time;

/// A router that claims less is not believed (Linux: `min_pmtu`).
const SMALLEST: u16 = 552;
/// Every link of an IPv6 path carries this much (RFC 8200 §5).
const SMALLEST_V6: u16 = 1280;
/// RFC 1191 §7, table 7-1, as far as it is believed: sizes to try where a router does not say how much it carries (§5).
const PLATEAUS: [u16; 8] = [65_535, 32_000, 17_914, 8166, 4352, 2002, 1492, 1006];
/// RFC 1191 §6.3, RFC 8201 §4, and Linux's `mtu_expires`: after so long the path may carry more again.
pub(crate) const EXPIRES: Duration = Duration::from_secs(600);
/// Destinations that are remembered; the oldest gives way.
const MOST: usize = 1024;

/// The smallest packet a path of this family is taken to carry.
pub(crate) const fn smallest(to: IpAddr) -> u16 {
    if to.is_ipv6() { SMALLEST_V6 } else { SMALLEST }
}

/// What a path to `to` carries, when a router says that it is `reported` (0: it does not say) and packets of `before`
/// bytes were sent so far; `None` where that is nothing new or not to be believed.
pub(crate) fn believed(to: IpAddr, reported: u16, before: u16) -> Option<u16> {
    // RFC 8201 §4: a message that reports less than IPv6's minimum is discarded.
    if to.is_ipv6() && reported < SMALLEST_V6 {
        return None;
    }
    let plateau = || PLATEAUS.into_iter().find(|it| *it < before).unwrap_or(SMALLEST);
    let mtu = if reported == 0 { plateau() } else { reported }.max(smallest(to));
    (mtu < before).then_some(mtu)
}

/// A path that carries less than its first link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) mtu: u16,
    /// When a router said so.
    pub(crate) at: Time,
}

/// The paths, by destination.
#[derive(Debug, Default)]
pub(crate) struct PathMtus(BTreeMap<IpAddr, Known>);

impl PathMtus {
    /// What is known of the path to `to`, while it holds.
    pub(crate) fn get(&self, now: Time, to: IpAddr) -> Option<Known> {
        self.0.get(&to).copied().filter(|it| now - it.at < EXPIRES)
    }

    /// A router reports that packets of `before` bytes to `to` are too large; what it says has been matched with a
    /// packet that was sent (RFC 5927 §4.1).
    pub(crate) fn learn(&mut self, now: Time, to: IpAddr, (reported, before): (u16, u16), out: &mut Output) {
        // RFC 1191 §6.3, RFC 8201 §4: what is known is never raised by a report; an old connection may still send more.
        let before = self.get(now, to).map_or(before, |it| it.mtu.min(before));
        let Some(mtu) = believed(to, reported, before) else {
            return out.decide(format!("path MTU to {to}: stays {before} B, as {reported} B is not believed"));
        };
        self.enter(now, to, mtu);
        let minutes = EXPIRES.as_secs() / 60;
        out.decide(format!("path MTU to {to}: {mtu} B from now on, {before} B before; tried again in {minutes} min"));
    }

    fn enter(&mut self, now: Time, to: IpAddr, mtu: u16) {
        if self.0.len() >= MOST && !self.0.contains_key(&to) {
            let oldest = self.0.iter().min_by_key(|(_, it)| it.at).map(|(to, _)| *to);
            oldest.map(|it| self.0.remove(&it));
        }
        self.0.insert(to, Known { mtu, at: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn what_a_router_says_is_believed_within_bounds() {
        let (v4, v6) = (address("192.0.2.1"), address("2001:db8::1"));
        assert_eq!(believed(v4, 1400, 1500), Some(1400));
        assert_eq!(believed(v4, 68, 1500), Some(552), "Linux: min_pmtu");
        assert_eq!(believed(v4, 0, 1500), Some(1492), "RFC 1191 §7.1: the next plateau");
        assert_eq!(believed(v4, 0, 1006), Some(552));
        assert_eq!(believed(v4, 1500, 1500), None);
        assert_eq!(believed(v4, 9000, 1500), None, "RFC 1191 §6.3 and RFC 8201 §4: never larger than before");
        assert_eq!(believed(v6, 1300, 1500), Some(1300));
        assert_eq!(believed(v6, 1279, 1500), None, "RFC 8201 §4: discarded");
        assert_eq!(believed(v6, 0, 1500), None);
    }

    // RFC 1191 §6.3, RFC 8201 §4
    #[test]
    fn an_old_connection_that_is_told_more_than_is_known_changes_nothing() {
        for to in ["192.0.2.1", "2001:db8::1"].map(address) {
            let (mut paths, mut out) = (PathMtus::default(), Output::default());
            paths.learn(Time::ZERO, to, (1300, 1500), &mut out);
            let later = Time::ZERO + EXPIRES / 2;
            paths.learn(later, to, (1400, 1500), &mut out);
            assert_eq!(
                paths.get(later, to),
                Some(Known { mtu: 1300, at: Time::ZERO }),
                "nor do the ten minutes begin anew"
            );
            paths.learn(Time::ZERO + EXPIRES, to, (1400, 1500), &mut out);
            assert_eq!(
                paths.get(Time::ZERO + EXPIRES, to).map(|it| it.mtu),
                Some(1400),
                "what was forgotten binds nobody"
            );
        }
    }

    #[test]
    fn a_path_is_known_for_ten_minutes_and_many_paths_are_bounded() {
        let (mut paths, mut out) = (PathMtus::default(), Output::default());
        let to = address("2001:db8::1");
        paths.learn(Time::ZERO, to, (1400, 1500), &mut out);
        paths.learn(Time::ZERO, to, (1000, 1400), &mut out);
        let last = Time::ZERO + EXPIRES;
        assert_eq!(paths.get(Time(last.0 - 1), to).map(|it| it.mtu), Some(1400));
        assert_eq!(paths.get(last, to), None);
        for n in 0..5000 {
            paths.learn(
                Time(n),
                std::net::Ipv4Addr::from_bits(u32::try_from(n).expect("small")).into(),
                (1400, 1500),
                &mut out,
            );
        }
        assert_eq!(paths.0.len(), MOST);
        assert!(paths.get(Time(5000), address("0.0.19.135")).is_some(), "the latest stays");
    }
}
