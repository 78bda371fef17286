//! Round trips of a visit: how many there were, and what the rest of its time went to.
use std::time::Duration;

use super::Leg;
use super::found::Known;
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, counted};

/// A live handshake that takes so many times TCP's round trip is not made of round trips.
const FAR_MORE: u32 = 4;

/// Round trips to the server, without the time that the server thought and that was waited for IPv6.
pub(super) fn trips(findings: &mut Findings, leg: &Leg, known: &Known) {
    let (Some(found), Some(asked)) = (leg.looked_up, leg.asked) else { return };
    if known.rtt.is_zero() {
        return;
    }
    let lost = |until| known.lost.iter().filter(|it| (found..=until).contains(*it)).count();
    let before = Trips::of(asked - found, [Duration::ZERO, leg.waited], known.rtt).losing(lost(asked));
    findings.count("rtts_before_request", "round trips before the request", before.whole, before.how());
    let Some(head) = leg.head else { return };
    let during = |(from, to): &(_, _)| *from >= asked && *to <= head;
    let thinking = known.thought.iter().filter(|it| during(it)).map(|(from, to)| *to - *from).sum();
    let until = Trips::of(head - found, [thinking, leg.waited], known.rtt).losing(lost(head));
    findings.count("rtts_to_first_byte", "round trips to the first byte", until.whole, until.how());
    let how =
        "that time without its round trips: thinking, waiting for IPv6, transmission, pacing, lost packets sent again";
    findings.time("beside_round_trips", "beside the round trips", Some(until.beside()), how);
    let some = |it: Duration| Some(it).filter(|it| !it.is_zero());
    findings.time("thinking", "of that the server's thinking", some(thinking), "by the server's program");
    let how = "from the first try to the one that opened (Happy Eyeballs, RFC 8305 §5)";
    findings.time("ipv6_wait", "of that waiting for an address that led nowhere", some(leg.waited), how);
}

/// A time, taken apart.
struct Trips {
    time: Duration,
    thinking: Duration,
    waited: Duration,
    rtt: Duration,
    whole: usize,
    /// What is neither a round trip nor known otherwise.
    rest: Duration,
    /// Packets that were lost meanwhile: waiting for them to be sent again may look like round trips.
    lost: usize,
}

impl Trips {
    fn of(time: Duration, [thinking, waited]: [Duration; 2], rtt: Duration) -> Self {
        let travelled = time.saturating_sub(thinking + waited);
        let whole = travelled.as_nanos() / rtt.as_nanos();
        let rest = u64::try_from(travelled.as_nanos() % rtt.as_nanos()).unwrap_or(u64::MAX);
        let whole = usize::try_from(whole).unwrap_or(usize::MAX);
        Self { time, thinking, waited, rtt, whole, rest: Duration::from_nanos(rest), lost: 0 }
    }

    /// The same, where so many packets were lost on the way.
    const fn losing(mut self, lost: usize) -> Self {
        self.lost = lost;
        self
    }

    fn beside(&self) -> Duration {
        self.thinking + self.waited + self.rest
    }

    /// How the number came about. Where anything else took time it is a limit: that may have taken whole round trips, too.
    fn how(&self) -> String {
        let less = [(self.thinking, "thinking"), (self.waited, "waiting for IPv6")];
        let less: String = less
            .iter()
            .filter(|(time, _)| !time.is_zero())
            .map(|(time, what)| format!(" - {} {what}", Quantity::time(*time)))
            .collect();
        let sum =
            format!("({} from the address known{less}) / {}", Quantity::time(self.time), Quantity::time(self.rtt));
        match (self.lost, self.rest.is_zero()) {
            (0, true) => sum,
            (0, false) => format!("{sum}, rounded down: at most so many, for transmission takes time, too"),
            (lost, _) => {
                let lost = counted(lost, "packet");
                format!(
                    "{sum}, rounded down: at most so many, for {lost} got lost, and waiting for a second copy takes time, too"
                )
            }
        }
    }
}

/// What the time of a connection begins with, where an address led nowhere.
pub(super) fn waited(leg: &Leg) -> String {
    if leg.waited.is_zero() {
        return String::new();
    }
    let peer = leg.peer.or(leg.spoke_to);
    let (first, then) =
        if peer.is_some_and(|it| it.is_ipv6()) { ("another address", "IPv6") } else { ("IPv6", "IPv4") };
    format!("{} waited for {first}, then {then} (Happy Eyeballs, RFC 8305 §5); then ", Quantity::time(leg.waited))
}

/// How TLS took its time. Live on a short way it is not the way that takes it.
pub(super) fn of_tls(tcp: Option<Duration>, tls: Option<Duration>, in_lab: bool) -> String {
    match tcp.zip(tls) {
        Some((tcp, tls)) if !in_lab && tls > tcp * FAR_MORE => {
            let tcp = Quantity::time(tcp);
            format!("the ClientHello out to the server's Finished in: TCP's round trip took {tcp}, so most of it is work of the two ends")
        }
        _ => "the ClientHello out to the server's Finished in: 1 RTT with TLS 1.3 (RFC 8446 §2), 2 with TLS 1.2, 1 resumed \
              (RFC 5246 §7.3)"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_are_named_live_only_where_the_way_takes_the_time() {
        let ms = |it: u64| Some(Duration::from_millis(it));
        assert!(of_tls(ms(1), ms(30), false).contains("work of the two ends"));
        assert!(of_tls(ms(20), ms(30), false).contains("1 RTT"));
        assert!(of_tls(ms(1), ms(30), true).contains("1 RTT"));
    }

    #[test]
    fn what_is_left_makes_the_number_a_limit() {
        let ms = Duration::from_millis;
        let it = Trips::of(ms(490), [ms(0), ms(250)], ms(80));
        assert_eq!((it.whole, it.beside()), (3, ms(250)));
        assert_eq!(it.how(), "(490 ms from the address known - 250 ms waiting for IPv6) / 80 ms");
        let it = Trips::of(ms(443), [ms(200), ms(0)], ms(80));
        assert_eq!((it.whole, it.beside()), (3, ms(203)));
        assert!(it.how().contains("at most"));
    }
}
