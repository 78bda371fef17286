//! Tests of how a NAT maps and filters: RFC 4787's terms, one by one.
use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::lab::{Lab, LabDatagrams, LabNet, LinkOptions};
use crate::recording::{Event, EventKind, Recording, Run};

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address with a port")
}

fn endpoint(text: &str) -> SocketAddrV4 {
    text.parse().expect("an address with a port")
}

/// A UDP packet with a right header; its checksum is not computed (RFC 768: 0).
fn datagram(from: &str, to: &str) -> Vec<u8> {
    let (from, to) = (endpoint(from), endpoint(to));
    let ports = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    let udp = [&ports[..], &[0, 8, 0, 0]].concat();
    let (from, to) = ((*from.ip()).into(), (*to.ip()).into());
    ip::write(&ip::Envelope::new(from, to, etherparse::IpNumber::UDP), udp).expect("small")
}

/// Sends a datagram out; gives its source outside, or why it was dropped.
fn out_of(nat: &mut Nat, from: &str, to: &str) -> Result<SocketAddrV4, String> {
    let mut packet = datagram(from, to);
    match nat.outbound(Time::ZERO, &mut packet, &mut Output::default()) {
        Verdict::Pass => Ok(rewrite::flow(&packet).expect("a flow").from),
        Verdict::Drop(why) => Err(why),
        other => panic!("{other:?}"),
    }
}

/// Whether a datagram gets in, and to whom.
fn into(nat: &mut Nat, from: &str, to: &str) -> Option<SocketAddrV4> {
    let mut packet = datagram(from, to);
    let verdict = nat.inbound(Time::ZERO, &mut packet);
    (verdict == Verdict::Pass).then(|| rewrite::flow(&packet).expect("a flow").to)
}

fn nat(options: NatOptions) -> Nat {
    Nat::new(1, Ipv4Addr::new(198, 51, 100, 1), options)
}

fn kind(mapping: Dependence, filtering: Dependence) -> NatOptions {
    NatOptions { mapping, filtering, ..NatOptions::default() }
}

const PEER: &str = "192.0.2.1:7000";
const SAME_HOST: &str = "192.0.2.1:7001";
const STRANGER: &str = "192.0.2.9:7000";

// RFC 4787 §4.1
#[test]
fn a_mapping_depends_on_as_much_of_the_peer_as_its_kind_says() {
    use Dependence::{Address, AddressAndPort, Independent};
    for (mapping, distinct) in [(Independent, [1, 1, 1]), (Address, [1, 1, 2]), (AddressAndPort, [1, 2, 3])] {
        let mut nat = nat(kind(mapping, AddressAndPort));
        let mut seen = std::collections::BTreeSet::new();
        let counts = [PEER, SAME_HOST, STRANGER].map(|to| {
            seen.insert(out_of(&mut nat, "10.0.0.2:5000", to).expect("a port is free"));
            seen.len()
        });
        assert_eq!(counts, distinct, "{mapping:?}");
        assert_eq!(nat.table.len(), distinct[2]);
    }
}

// RFC 4787 §5
#[test]
fn a_filter_lets_in_whom_its_kind_says() {
    use Dependence::{Address, AddressAndPort, Independent};
    for (filtering, let_in) in
        [(Independent, [true, true, true]), (Address, [true, true, false]), (AddressAndPort, [true, false, false])]
    {
        let mut nat = nat(kind(Independent, filtering));
        let outside = out_of(&mut nat, "10.0.0.2:5000", PEER).expect("a port is free").to_string();
        // A filter that was passed is not opened for others by that: the stranger comes last and first.
        let entered = [STRANGER, PEER, SAME_HOST, STRANGER].map(|from| into(&mut nat, from, &outside));
        let expected = [let_in[2], let_in[0], let_in[1], let_in[2]];
        assert_eq!(entered.map(|it| it.is_some()), expected, "{filtering:?}");
        assert!(entered.into_iter().flatten().all(|it| it == endpoint("10.0.0.2:5000")));
    }
}

#[test]
fn two_hosts_with_one_port_get_two() {
    let mut nat = nat(NatOptions::default());
    let ports = ["10.0.0.2:5000", "10.0.0.3:5000", "10.0.0.2:5000"].map(|from| out_of(&mut nat, from, PEER));
    assert_eq!(ports.map(|it| it.expect("free").port()), [5000, 5001, 5000]);
}

#[test]
fn ports_are_kept_only_where_that_is_wanted() {
    let mut nat = nat(NatOptions { keep_port: false, ports: (2000, 2002), ..NatOptions::default() });
    let ports = ["10.0.0.2:5000", "10.0.0.2:6000", "10.0.0.3:5000"].map(|from| out_of(&mut nat, from, PEER));
    assert_eq!(ports.map(|it| it.expect("free").port()), [2000, 2001, 2002]);
    let none = out_of(&mut nat, "10.0.0.4:5000", PEER).expect_err("three ports, three mappings");
    assert_eq!(none, "NAT: every port is taken: 10.0.0.4:5000 gets none: dropped");
}

// RFC 6888 REQ-4
#[test]
fn a_host_gets_no_more_than_its_share() {
    let mut nat = nat(NatOptions { per_host: Some(2), ..NatOptions::default() });
    assert!(["10.0.0.2:1", "10.0.0.2:2"].iter().all(|from| out_of(&mut nat, from, PEER).is_ok()));
    let none = out_of(&mut nat, "10.0.0.2:3", PEER).expect_err("two ports a host");
    assert_eq!(none, "NAT: 10.0.0.2 has its 2 ports: 10.0.0.2:3 gets none: dropped");
    assert!(out_of(&mut nat, "10.0.0.3:3", PEER).is_ok(), "the neighbour has a share of its own");
}

#[test]
fn a_forwarded_port_is_open_to_anybody_and_never_forgotten() {
    let mut nat = nat(NatOptions::default());
    nat.forward_port(true, 53, endpoint("10.0.0.5:5353"));
    nat.expire(Time(u64::MAX), &mut Output::default());
    assert_eq!(into(&mut nat, STRANGER, "198.51.100.1:53"), Some(endpoint("10.0.0.5:5353")));
    let answer = out_of(&mut nat, "10.0.0.5:5353", STRANGER).expect("mapped");
    assert_eq!(answer, endpoint("198.51.100.1:53"), "its answers come from the forwarded port");
    assert_eq!(into(&mut nat, STRANGER, "198.51.100.1:54"), None);
}

/// Two hosts behind one NAT; the second listens, the first speaks to its address outside.
fn hairpin(on: bool) -> (Option<(Vec<u8>, String)>, Recording) {
    let mut lab = Lab::new(5, &[]);
    let options =
        NatOptions { hairpinning: on, filtering: Dependence::Independent, record_table: true, ..NatOptions::default() };
    let (a, b) = (lab.host("a").address("10.0.0.2/24").gateway("10.0.0.1"), "10.0.0.3/24");
    let a = a.add();
    let b = lab.host("b").at(0, 1).address(b).gateway("10.0.0.1").add();
    let switch = lab.switch("sw").at(1, 0).add();
    let nat = lab.router("nat").at(2, 0).interface("10.0.0.1/24").interface("198.51.100.1/24").nat(1, options).add();
    let server = lab.host("server").at(3, 0).address("198.51.100.2/24").add();
    for (from, to) in [(a, switch), (b, switch), (switch, nat), (nat, server)] {
        lab.link(from, to, LinkOptions::default().delay(Duration::from_millis(1)));
    }
    let nets = [a, b].map(|it| lab.net(it));
    let heard = lab.run(async move { speak(&nets).await }).expect("it ends");
    (heard, lab.finish(Run::default()))
}

async fn speak([a, b]: &[LabNet; 2]) -> Option<(Vec<u8>, String)> {
    let bind = |net: &LabNet, port: u16| net.open_datagrams(SocketAddr::from(([0, 0, 0, 0], port))).expect("free");
    let (from, to): (LabDatagrams, LabDatagrams) = (bind(a, 5000), bind(b, 6000));
    to.send_to(b"open", at("198.51.100.2:9")).await.expect("out");
    b.sleep(Duration::from_millis(50)).await;
    from.send_to(b"hi", at("198.51.100.1:6000")).await.expect("out");
    let heard = Rc::new(RefCell::new(None));
    let told = Rc::clone(&heard);
    b.spawn(async move {
        let mut buffer = [0; 16];
        // The answer to "open" is an ICMP error and no datagram.
        while told.borrow().is_none() {
            if let Ok((bytes, from)) = to.receive(&mut buffer).await {
                *told.borrow_mut() = Some((buffer[..bytes].to_vec(), from.to_string()));
            }
        }
    });
    a.sleep(Duration::from_secs(1)).await;
    heard.take()
}

// RFC 4787 REQ-9: "External source IP address and port"
#[test]
fn hosts_inside_meet_at_their_outside_addresses_only_with_hairpinning() {
    let (heard, run) = hairpin(true);
    assert_eq!(heard, Some((b"hi".to_vec(), "198.51.100.1:5000".to_owned())));
    let curve = run.series.iter().find(|it| it.name == "nat mappings").expect("the table is recorded");
    assert_eq!(curve.points.iter().map(|(_, count)| *count).max(), Some(2));
    let (heard, run) = hairpin(false);
    assert_eq!(heard, None);
    let says = |it: &EventKind| matches!(it, EventKind::Decision { text } if text.ends_with("no hairpinning: dropped"));
    assert!(run.events.iter().any(|it| says(&it.kind)));
}

/// A UDP exchange through a NAT whose inside link carries `mtu`: datagrams of these sizes from outside to a forwarded
/// port, and which of them arrived.
fn from_outside(mtu: u16, sizes: &[usize]) -> (Vec<bool>, Recording) {
    let mut lab = Lab::new(5, &[]);
    let inside = lab.host("inside").address("10.0.0.2/24").gateway("10.0.0.1").add();
    let nat = lab.router("nat").interface("10.0.0.1/24").interface("198.51.100.1/24").nat(1, NatOptions::default());
    let nat = nat.forward_udp(5000, "10.0.0.2:5000").add();
    let outside = lab.host("outside").address("198.51.100.2/24").add();
    lab.link(inside, nat, LinkOptions::default().mtu(mtu));
    lab.link(nat, outside, LinkOptions::default());
    lab.introduce_everybody();
    let (inside, outside, sizes) = (lab.net(inside), lab.net(outside), sizes.to_vec());
    let heard = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&heard);
    let arrived = lab.run(async move {
        let to = inside.open_datagrams(at("0.0.0.0:5000")).expect("free");
        inside.spawn(async move {
            let mut buffer = [0; 9000];
            while let Ok((length, _)) = to.receive(&mut buffer).await {
                noted.borrow_mut().push(length);
            }
        });
        let from = outside.open_datagrams(at("0.0.0.0:0")).expect("free");
        for size in &sizes {
            from.send_to(&vec![7; *size], at("198.51.100.1:5000")).await.expect("sending works");
            outside.sleep(Duration::from_millis(100)).await;
        }
        let heard = heard.borrow();
        sizes.iter().map(|it| heard.contains(it)).collect()
    });
    (arrived.expect("it ends"), lab.finish(Run::default()))
}

// RFC 4787 REQ-14
#[test]
fn datagrams_in_pieces_pass_in_both_directions() {
    assert_eq!(from_outside(1500, &[3000, 8000]).0, [true, true]);
    let (mut lab, [a, b]) = {
        let mut lab = Lab::new(5, &[]);
        let inside = lab.host("inside").address("10.0.0.2/24").gateway("10.0.0.1").add();
        let nat = lab.router("nat").interface("10.0.0.1/24").interface("198.51.100.1/24").nat(1, NatOptions::default());
        let nat = nat.add();
        let outside = lab.host("outside").address("198.51.100.2/24").add();
        lab.link(inside, nat, LinkOptions::default());
        lab.link(nat, outside, LinkOptions::default());
        let nets = [lab.net(inside), lab.net(outside)];
        (lab, nets)
    };
    let pinged = lab.run(async move {
        drop(b);
        a.ping_with([198, 51, 100, 2], 3000, Duration::from_secs(5)).await.is_ok()
    });
    assert_eq!(pinged, Ok(true));
}

// RFC 5508 REQ-4, REQ-5: the router's own errors, too
#[test]
fn what_the_router_says_of_a_translated_packet_names_it_as_its_sender_does() {
    // The second says that it is too large for the inside link; the third, of the same size, is cut.
    let (arrived, recording) = from_outside(1000, &[500, 1400, 1401]);
    assert_eq!(arrived, [true, false, true]);
    let node = recording.node("outside").expect("the sender");
    let told = |it: &&Event| {
        it.node == node
            && matches!(&it.kind, EventKind::Decision { text } if text.contains("path MTU to 198.51.100.1: 1000 B"))
    };
    assert_eq!(recording.events.iter().filter(told).count(), 1);

    // Nobody answers ARP outside: the client hears it, though the packet that waited had the NAT's address.
    let mut lab = Lab::new(5, &[]);
    let inside = lab.host("inside").address("10.0.0.2/24").gateway("10.0.0.1").add();
    let nat =
        lab.router("nat").interface("10.0.0.1/24").interface("198.51.100.1/24").nat(1, NatOptions::default()).add();
    let outside = lab.host("outside").address("198.51.100.2/24").add();
    lab.link(inside, nat, LinkOptions::default());
    lab.link(nat, outside, LinkOptions::default());
    let net = lab.net(inside);
    let heard = lab.run(async move { net.connect(at("198.51.100.77:80")).await.err().map(|it| it.kind()) });
    assert_eq!(heard, Ok(Some(ErrorKind::HostUnreachable)));
}
