//! Several routes of one length: the first, shared by flow, or packet by packet (RFC 2991).
use crate::lab::ip::Packet;
use crate::lab::route::{self, Route};

/// How a router shares packets among routes with the same prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// All take the route that was entered first.
    #[default]
    First,
    /// Packets with the same addresses, protocol and ports take the same one: they stay in order (RFC 2992).
    PerFlow,
    /// Each packet takes the next one: ways of different length change their order.
    PerPacket,
}

/// The choice, with what it remembers.
#[derive(Debug, Default)]
pub(crate) struct Chooser {
    pub(crate) rule: Balance,
    next: usize,
}

impl Chooser {
    pub(crate) const fn new(rule: Balance) -> Self {
        Self { rule, next: 0 }
    }

    /// The route of a packet.
    pub(crate) fn choose(&mut self, table: &[Route], packet: &Packet<'_>) -> Option<Route> {
        if self.rule == Balance::First {
            return route::choose(table, packet.to);
        }
        let equals = route::equals(table, packet.to);
        let count = equals.len().max(1);
        let index = match self.rule {
            Balance::PerFlow => usize::try_from(flow_hash(packet) % count as u64).unwrap_or(0),
            _ => {
                self.next = self.next.wrapping_add(1);
                self.next.wrapping_sub(1) % count
            }
        };
        equals.get(index).copied()
    }
}

/// FNV-1a over addresses, protocol and, where TCP and UDP have them, ports; then mixed.
fn flow_hash(packet: &Packet<'_>) -> u64 {
    let ends = [packet.from, packet.to].map(|it| it.to_string());
    let ports = match packet.protocol.0 {
        6 | 17 if !packet.is_fragment => packet.payload.get(..4).unwrap_or_default(),
        _ => &[],
    };
    let bytes = ends.iter().flat_map(|it| it.bytes()).chain([packet.protocol.0]).chain(ports.iter().copied());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    mixed(hash)
}

/// The low bits of FNV depend on the low bits of its input only, and neighbouring ports would share a way. After this each
/// bit of the input changes each bit of the result in about half of all cases (the finalizer of `MurmurHash3`).
const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ip::{self, Envelope};

    fn packet(from: u16, to: u16) -> Vec<u8> {
        let ends = ([10, 0, 0, 1].into(), [10, 0, 9, 9].into());
        let payload = [&from.to_be_bytes()[..], &to.to_be_bytes(), &[0, 12, 0, 0, 1, 2, 3, 4]].concat();
        ip::write(&Envelope::new(ends.0, ends.1, etherparse::IpNumber::UDP), payload).expect("small")
    }

    fn packets() -> Vec<Vec<u8>> {
        (40_000..40_200).map(|port| packet(port, 80)).collect()
    }

    fn ways(rule: Balance, packets: &[Vec<u8>]) -> Vec<usize> {
        ways_of(rule, packets, 2)
    }

    fn ways_of(rule: Balance, packets: &[Vec<u8>], count: usize) -> Vec<usize> {
        let route = |interface| Route { to: "10.0.9.0/24".parse().expect("a network"), via: None, interface };
        let shorter = Route { to: "10.0.0.0/8".parse().expect("a network"), via: None, interface: 7 };
        let table: Vec<_> = [shorter].into_iter().chain((0..count).map(route)).collect();
        let mut chooser = Chooser::new(rule);
        let chosen = packets.iter().map(|it| chooser.choose(&table, &ip::read(it).expect("whole")));
        chosen.map(|it| it.expect("a route").interface).collect()
    }

    #[test]
    fn a_flow_keeps_its_way_and_flows_share_the_ways() {
        let packets = packets();
        assert_eq!(ways(Balance::First, &packets), vec![0; 200]);
        let by_flow = ways(Balance::PerFlow, &packets);
        assert_eq!(by_flow, ways(Balance::PerFlow, &packets), "the same each time");
        let second = by_flow.iter().filter(|it| **it == 1).count();
        assert!((60..140).contains(&second), "{second} of 200");
        assert!(ways(Balance::PerFlow, &vec![packets[0].clone(); 9]).windows(2).all(|it| it[0] == it[1]));
        assert_eq!(ways(Balance::PerPacket, &packets[..4]), [0, 1, 0, 1]);
    }

    #[test]
    fn whatever_step_ports_grow_by_each_way_gets_its_share() {
        for (ways, step) in [(2, 1), (2, 2), (2, 16), (2, 256), (3, 1), (3, 3), (4, 1), (4, 4), (5, 8)] {
            let destinations: Vec<_> = (0..240).map(|n| packet(40_000, 1000 + n * step)).collect();
            let sources: Vec<_> = (0..240).map(|n| packet(1000 + n * step, 33_434)).collect();
            for packets in [destinations, sources] {
                let chosen = ways_of(Balance::PerFlow, &packets, ways);
                let shares: Vec<_> = (0..ways).map(|way| chosen.iter().filter(|it| **it == way).count()).collect();
                // 4.5 standard deviations of a fair draw: npq = 240/k (1 - 1/k).
                let (fair, k) = (240.0 / ways as f64, ways as f64);
                let most = 4.5 * (fair * (1.0 - 1.0 / k)).sqrt();
                assert!(
                    shares.iter().all(|it| (*it as f64 - fair).abs() < most),
                    "{ways} ways, steps of {step}: {shares:?}"
                );
            }
        }
    }

    #[test]
    fn neighbouring_ports_go_on_one_way_no_more_often_than_chance_would_have_it() {
        let chosen = ways(Balance::PerFlow, &packets());
        let longest = chosen.chunk_by(|a, b| a == b).map(<[usize]>::len).max();
        assert!(longest < Some(16), "{longest:?} of 200 in a row");
    }
}
