//! A learning Ethernet switch (IEEE 802.1D §7): learns where addresses are from the frames it forwards.
use std::collections::BTreeMap;
use std::time::Duration;

use crate::lab::fault::Faulty;
use crate::lab::frame::{self, Mac};
use crate::lab::output::{Output, Why};
use crate::recording::Time;

/// An address that is silent for this long is forgotten (IEEE 802.1D §7.9.2, the recommended default).
const AGEING: Duration = Duration::from_secs(300);

/// A switch; it looks at Ethernet headers and at nothing else.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    pub(crate) ports: usize,
    table: BTreeMap<Mac, (usize, Time)>,
    /// What is wrong with it, if anything is.
    faulty: Option<Faulty>,
}

impl Switch {
    pub(crate) fn new(faulty: Option<Faulty>) -> Self {
        Self { faulty, ..Self::default() }
    }

    /// Enters an address as if it had been heard just now.
    pub(crate) fn know(&mut self, mac: Mac, port: usize) {
        self.table.insert(mac, (port, Time::ZERO));
    }

    /// Takes a frame in at `port` and sends it where it belongs.
    pub(crate) fn receive(&mut self, now: Time, port: usize, bytes: &[u8], out: &mut Output) {
        let Some((to, from, _, _)) = frame::open(bytes) else { return };
        self.learn(now, from, port, out);
        let known = self.table.get(&to).filter(|(_, heard)| now.since(*heard) < AGEING);
        match known {
            _ if to == Mac::BROADCAST => self.flood(port, bytes, &format!("{to} is for everybody: flooded"), out),
            _ if to.is_group() => self.flood(port, bytes, &format!("{to} is for a group: flooded"), out),
            Some((there, _)) if *there == port => {
                out.decide(format!("{to} is on {}, where the frame came from: not forwarded", name(port)));
            }
            Some((there, _)) => {
                let why = Some(Why::Switched { to, port: *there });
                match &mut self.faulty {
                    Some(faulty) => faulty.send(*there, bytes.to_vec(), why, out),
                    None => out.send(*there, bytes.to_vec(), why),
                }
            }
            None => self.flood(port, bytes, &format!("unknown destination {to}: flooded"), out),
        }
    }

    fn learn(&mut self, now: Time, from: Mac, port: usize, out: &mut Output) {
        if from.is_group() {
            return;
        }
        match self.table.insert(from, (port, now)) {
            None => out.decide(format!("learned {from} on {}", name(port))),
            Some((old, _)) if old != port => {
                out.decide(format!("{from} moved from {} to {}", name(old), name(port)));
            }
            Some(_) => {}
        }
    }

    fn flood(&self, except: usize, bytes: &[u8], why: &str, out: &mut Output) {
        let others: Vec<_> = (0..self.ports).filter(|port| *port != except).collect();
        let named: Vec<_> = others.iter().map(|port| name(*port)).collect();
        out.decide(format!("{why} to {}", if named.is_empty() { "nobody".to_owned() } else { named.join(", ") }));
        for port in others {
            out.send(port, bytes.to_vec(), Some(why.to_owned().into()));
        }
    }
}

/// Ports are numbered from 1 on the case.
pub(crate) fn name(port: usize) -> String {
    format!("port {}", port + 1)
}

#[cfg(test)]
mod tests {
    use etherparse::EtherType;

    use super::*;

    fn ports(switch: &mut Switch, at: u64, port: usize, to: Mac, from: Mac) -> Vec<usize> {
        let mut out = Output::default();
        let frame = frame::ethernet(to, from, EtherType::IPV4, &[0; 46]);
        switch.receive(Time(at * 1_000_000_000), port, &frame, &mut out);
        assert!(out.frames.iter().all(|it| it.frame == frame));
        out.frames.iter().map(|it| it.interface).collect()
    }

    #[test]
    fn it_floods_until_it_has_learned_and_again_when_it_has_forgotten() {
        let mut switch = Switch { ports: 3, ..Switch::default() };
        let [a, b] = [Mac::local(0, 1), Mac::local(0, 2)];
        assert_eq!(ports(&mut switch, 0, 0, b, a), [1, 2]);
        assert_eq!(ports(&mut switch, 1, 1, a, b), [0]);
        assert_eq!(ports(&mut switch, 2, 0, b, a), [1]);
        assert_eq!(ports(&mut switch, 3, 0, Mac::BROADCAST, a), [1, 2]);
        assert_eq!(ports(&mut switch, 4, 1, Mac::local(0, 9), b), [0, 2]);
        assert_eq!(ports(&mut switch, 303, 2, a, Mac::local(0, 3)), [0, 1], "a was last heard 300 s ago");
    }

    #[test]
    fn it_follows_a_host_that_moves_and_filters_its_own_port() {
        let mut switch = Switch { ports: 3, ..Switch::default() };
        let [a, b] = [Mac::local(0, 1), Mac::local(0, 2)];
        ports(&mut switch, 0, 0, b, a);
        ports(&mut switch, 1, 2, b, a);
        assert_eq!(ports(&mut switch, 2, 1, a, b), [2]);
        assert_eq!(ports(&mut switch, 3, 2, a, Mac::local(0, 3)), [] as [usize; 0]);
    }
}
