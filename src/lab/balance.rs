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

/// FNV-1a over addresses, protocol and, where TCP and UDP have them, ports.
fn flow_hash(packet: &Packet<'_>) -> u64 {
    let ends = [packet.from, packet.to].map(|it| it.to_string());
    let ports = match packet.protocol.0 {
        6 | 17 if !packet.is_fragment => packet.payload.get(..4).unwrap_or_default(),
        _ => &[],
    };
    let bytes = ends.iter().flat_map(|it| it.bytes()).chain([packet.protocol.0]).chain(ports.iter().copied());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    // The low bits of such a hash depend on the low bits of the input only.
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ip::{self, Envelope};

    fn packets() -> Vec<Vec<u8>> {
        let packet = |port: u16| {
            let (from, to) = ([10, 0, 0, 1].into(), [10, 0, 9, 9].into());
            let payload = [&port.to_be_bytes()[..], &[0, 80, 0, 12, 0, 0, 1, 2, 3, 4]].concat();
            ip::write(&Envelope::new(from, to, etherparse::IpNumber::UDP), payload).expect("small")
        };
        (40_000..40_200).map(packet).collect()
    }

    fn ways(rule: Balance, packets: &[Vec<u8>]) -> Vec<usize> {
        let route = |interface| Route { to: "10.0.9.0/24".parse().expect("a network"), via: None, interface };
        let shorter = Route { to: "10.0.0.0/8".parse().expect("a network"), via: None, interface: 7 };
        let table = [shorter, route(0), route(1)];
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
}
