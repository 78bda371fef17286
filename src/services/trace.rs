//! Traceroute: probes with a growing time to live, so that each router on the way has to say who it is.
use std::net::IpAddr;
use std::time::Duration;

use crate::net::{Answer, Probe, ProbeKind, Probes, Said};
use crate::recording::Time;

/// The first port probed: nobody should listen there and above (traceroute(8)'s habit since 1988).
pub const FIRST_PORT: u16 = 33_434;

/// What is sent, and for how long answers are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub to: IpAddr,
    /// ICMP echo requests instead of UDP datagrams.
    pub echo: bool,
    /// Every UDP probe has the same ports, so that routers which share by flow keep it on one way; else each has a port
    /// of its own.
    pub one_flow: bool,
    /// The largest time to live.
    pub most_hops: u8,
    /// For each time to live.
    pub probes: u16,
    pub patience: Duration,
    /// From one probe's answer to the next probe.
    pub pause: Duration,
}

/// A probe that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub at: Time,
    pub answer: Option<Answer>,
}

/// All probes of one time to live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub ttl: u8,
    pub asked: Vec<Asked>,
}

impl Hop {
    /// What came back, in the order it was asked for.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.asked.iter().filter_map(|it| it.answer.as_ref())
    }

    /// Whether the way ends here: the address itself answered, or a router said that it cannot be reached.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.answers().any(|it| !matches!(it.said, Said::TimeExceeded | Said::TooBig { .. }))
    }
}

/// Walks the path; `tell` is given each hop when its probes are done, and what was told is all that is found.
///
/// # Errors
/// As [`Probes::probe`]: the system does not allow probes, or there is no way out.
pub async fn trace<N: Probes>(net: &N, trace: Trace, mut tell: impl FnMut(Hop)) -> std::io::Result<()> {
    let mut number = 0;
    for ttl in 1..=trace.most_hops {
        let mut hop = Hop { ttl, asked: Vec::new() };
        for _ in 0..trace.probes {
            let at = net.now();
            let answer = net.probe(probe(&trace, ttl, number), trace.patience).await?;
            number += 1;
            hop.asked.push(Asked { at, answer });
            net.sleep(trace.pause).await;
        }
        let last = hop.is_last();
        tell(hop);
        if last {
            break;
        }
    }
    Ok(())
}

fn probe(trace: &Trace, ttl: u8, number: u16) -> Probe {
    let kind = if trace.echo {
        ProbeKind::Echo { id: FIRST_PORT, seq: number + 1 }
    } else if trace.one_flow {
        ProbeKind::Udp { from: FIRST_PORT, to: FIRST_PORT }
    } else {
        ProbeKind::Udp { from: 0, to: FIRST_PORT + number }
    };
    Probe { to: trace.to, kind, ttl, payload: 32, dont_fragment: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Lab, LinkOptions};

    /// Three routers in a row, 1 ms between any two; what a trace finds.
    fn through(echo: bool, one_flow: bool, to: [u8; 4]) -> Vec<(u8, String, u128)> {
        let mut lab = Lab::new(1, &[]);
        let client = lab.host("client").address("10.0.0.2/24").gateway("10.0.0.1").add();
        let mut last = client;
        for (hop, name) in ["r1", "r2", "r3"].into_iter().enumerate() {
            let router =
                lab.router(name).interface(&format!("10.0.{hop}.1/24")).interface(&format!("10.0.{}.2/24", hop + 1));
            let router = if hop < 2 { router.route("0.0.0.0/0", &format!("10.0.{}.1", hop + 1)) } else { router };
            let router = if hop > 0 { router.route("10.0.0.0/24", &format!("10.0.{hop}.2")) } else { router };
            let router = router.add();
            lab.link(last, router, LinkOptions::default().delay(Duration::from_millis(1)));
            last = router;
        }
        let server = lab.host("server").address("10.0.3.9/24").gateway("10.0.3.2").add();
        lab.link(last, server, LinkOptions::default().delay(Duration::from_millis(1)));
        lab.introduce_everybody();
        let net = lab.net(client);
        let patience = Duration::from_secs(1);
        let plan = Trace { to: to.into(), echo, one_flow, most_hops: 8, probes: 2, patience, pause: Duration::ZERO };
        let hops = lab.run(async move {
            let mut hops = Vec::new();
            trace(&net, plan, |hop| hops.push(hop)).await.expect("the lab allows probes");
            hops
        });
        let line = |hop: Hop| {
            let answer = hop.answers().last().expect("all of this path answer");
            (hop.ttl, format!("{} {}", answer.from, answer.said.name()), answer.rtt.as_millis())
        };
        hops.expect("it ends").into_iter().map(line).collect()
    }

    #[test]
    fn each_router_and_the_host_say_who_they_are() {
        for (echo, one_flow, end) in
            [(false, false, "port_unreachable"), (false, true, "port_unreachable"), (true, false, "echo_reply")]
        {
            let hop = |ttl: u8, from: &str, said: &str| (ttl, format!("{from} {said}"), u128::from(ttl) * 2);
            let expected = [
                hop(1, "10.0.0.1", "time_exceeded"),
                hop(2, "10.0.1.1", "time_exceeded"),
                hop(3, "10.0.2.1", "time_exceeded"),
                hop(4, "10.0.3.9", end),
            ];
            assert_eq!(through(echo, one_flow, [10, 0, 3, 9]), expected);
        }
    }

    #[test]
    fn a_router_without_a_route_ends_the_trace() {
        let hops = through(false, false, [192, 0, 2, 1]);
        assert_eq!(hops.last().map(|it| it.1.as_str()), Some("10.0.2.1 network_unreachable"));
    }
}
