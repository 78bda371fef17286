//! The other packet of a run from which a field's value follows: found in the run, so that it is said of the run on show.
use crate::practice::Clue;
use crate::recording::{Packet, Recording};
use crate::wire::analysis::{self, Seen};
use crate::wire::text::visible;
use crate::wire::{self, Decoded, Field};

/// Fields that take their value from another packet, and the fields there that bring it, the better first.
const ORIGINS: [(&[&str], &[&str]); 7] = [
    (&["eth.dst", "eth.src"], &["arp.src.hw_mac", "icmpv6.opt.linkaddr", "eth.src"]),
    (&["arp.src.hw_mac", "arp.dst.hw_mac"], &["arp.src.hw_mac", "eth.src"]),
    (&["ip.dst", "ip.src"], &["dns.a", "arp.src.proto_ipv4", "ip.src"]),
    (&["ipv6.dst", "ipv6.src"], &["dns.aaaa", "ipv6.src"]),
    (&["udp.dstport", "udp.srcport"], &["udp.srcport", "udp.dstport"]),
    (&["tcp.dstport", "tcp.srcport"], &["tcp.srcport", "tcp.dstport"]),
    (&["tcp.seq_raw"], &["tcp.ack_raw"]),
];

/// Values that stand for nobody in particular: another packet with the same one says nothing.
const NOBODY: [&str; 6] = ["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "0.0.0.0", "255.255.255.255", "::", "0"];

/// The packet, on the same link, from which the value of a packet's field follows; before it, or else after it.
pub(super) fn clue(run: &Recording, packet: &Packet, field: &Field) -> Option<Clue> {
    if NOBODY.contains(&field.value.as_str()) {
        return None;
    }
    if field.name == "tcp.ack_raw" {
        return acknowledged(run, packet, field);
    }
    let (_, origins) = ORIGINS.iter().find(|(fields, _)| fields.contains(&field.name))?;
    let others: Vec<(&Packet, Decoded)> = link(run, packet).map(|it| (it, wire::decode(&it.bytes))).collect();
    let (before, after): (Vec<_>, Vec<_>) = others.into_iter().partition(|(it, _)| it.n < packet.n);
    let brings = |(it, decoded): &(&Packet, Decoded), origin: &str| {
        let found = decoded.field(origin).filter(|found| found.value == field.value)?;
        // The same field of a packet of the same way is no reason, but the same value again.
        let is_same = origin == field.name && it.from == packet.from;
        (!is_same).then(|| told(it, found, found.value.clone()))
    };
    let earlier = |origin: &&&str| before.iter().rev().find_map(|it| brings(it, origin));
    let later = |origin: &&&str| after.iter().find_map(|it| brings(it, origin));
    origins.iter().find_map(|it| earlier(&it)).or_else(|| origins.iter().find_map(|it| later(&it)))
}

/// What a link carried besides this packet, both ways.
fn link<'a>(run: &'a Recording, packet: &'a Packet) -> impl Iterator<Item = &'a Packet> {
    let ends = |it: &Packet| (it.from.min(it.to), it.from.max(it.to));
    run.packets.iter().filter(move |it| it.n != packet.n && ends(it) == ends(packet))
}

/// The segment that ends just before the number an ACK asks for: the last one before it that came the other way.
fn acknowledged(run: &Recording, packet: &Packet, field: &Field) -> Option<Clue> {
    let asked: u32 = field.value.parse().ok()?;
    let mut before: Vec<&Packet> = link(run, packet).chain([packet]).filter(|it| it.n <= packet.n).collect();
    before.sort_by_key(|it| it.n);
    let seen = before.iter().map(|it| Seen { n: it.n, at_ns: it.at.0, frame: &it.bytes });
    let followed = analysis::analyse(seen).segments;
    let own = followed.get(&packet.n)?;
    before.iter().rev().find_map(|it| {
        let segment = followed.get(&it.n)?;
        if it.n == packet.n || segment.flow != own.flow || segment.from_server == own.from_server {
            return None;
        }
        let decoded = wire::decode(&it.bytes);
        let sequence = decoded.field("tcp.seq_raw")?;
        let begins: u32 = sequence.value.parse().ok()?;
        let is_set = |name: &str| decoded.field(name).is_some_and(|it| it.value == "1");
        let flags = [("SYN", "tcp.flags.syn"), ("FIN", "tcp.flags.fin")];
        let counted: Vec<&str> = flags.iter().filter(|(_, name)| is_set(name)).map(|(flag, _)| *flag).collect();
        let length = u32::try_from(segment.length).ok()?;
        let all = length.checked_add(u32::try_from(counted.len()).ok()?)?;
        if all == 0 || begins.wrapping_add(all) != asked {
            return None;
        }
        let data = (length > 0).then(|| format!("{length} for its bytes of data"));
        let parts = data.into_iter().chain(counted.iter().map(|flag| format!("1 for {flag}")));
        let says = format!("{begins}, and {}", parts.collect::<Vec<_>>().join(" and "));
        Some(told(it, sequence, says))
    })
}

fn told(packet: &Packet, field: &Field, says: String) -> Clue {
    Clue { packet: packet.n, summary: visible(&packet.summary), label: field.label.clone(), says }
}

#[cfg(test)]
mod tests {
    use crate::demos::{Setup, run};
    use crate::wire;

    use super::*;

    fn found(demo: &str, marker: &str, field: &str) -> (Recording, Option<Clue>, String) {
        let run = run(demo, &[].into(), &Setup::default()).expect("it ships");
        let packet = run.marker(marker).and_then(|it| it.packet).and_then(|n| run.packet(n)).expect("it has one");
        let decoded = wire::decode(&packet.bytes);
        let field = decoded.field(field).expect("it has the field");
        let (clue, value) = (clue(&run, packet, field), field.value.clone());
        (run, clue, value)
    }

    #[test]
    fn an_acknowledgment_follows_from_the_segment_it_answers() {
        let (run, clue, value) = found("packet-tour", "syn-ack", "tcp.ack_raw");
        let clue = clue.expect("the SYN");
        let syn = wire::decode(&run.packet(clue.packet).expect("it is there").bytes);
        assert!(clue.summary.contains("[SYN]") && clue.says.ends_with("1 for SYN"), "{clue:?}");
        let begins: u32 = syn.field("tcp.seq_raw").expect("TCP").value.parse().expect("a number");
        assert_eq!(begins.wrapping_add(1).to_string(), value);
    }

    #[test]
    fn an_address_follows_from_who_said_it_and_a_repeat_from_who_asked_for_it() {
        let (_, clue, value) = found("three-layers-of-address", "request-before", "eth.dst");
        let clue = clue.expect("an ARP reply");
        assert!(clue.summary.contains(" is at ") && clue.says == value, "{clue:?}");
        let (_, clue, value) = found("packet-tour", "dns-answer", "udp.dstport");
        let clue = clue.expect("the query");
        assert!(clue.summary.contains("Query") && clue.says == value, "{clue:?}");
    }

    #[test]
    fn what_follows_from_no_other_packet_has_no_clue() {
        for (demo, marker, field) in [
            ("packet-tour", "arp-request", "arp.dst.hw_mac"),
            ("packet-tour", "arp-reply", "arp.opcode"),
            ("three-layers-of-address", "request-after", "ip.ttl"),
        ] {
            assert_eq!(found(demo, marker, field).1, None, "{field}");
        }
    }
}
