//! IPv6 beside IPv4: neighbours, routers, TCP and UDP, errors, and hosts that find their own addresses.
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{at, diary, finish, ms, story};
use crate::lab::{AdvertiseOptions, Identifier, Lab, LabNet, LinkOptions, NodeId};
use crate::net::Net as _;
use crate::recording::Recording;

const SECOND: Duration = Duration::from_secs(1);

/// Two networks with both families: a, b and a switch on one, c behind the router.
fn town() -> (Lab, [NodeId; 3]) {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").at(0, 0).address("10.0.0.1/24").gateway("10.0.0.254");
    let a = a.address("2001:db8:1::a/64").gateway("2001:db8:1::ffff").add();
    let b = lab.host("b").at(0, 1).address("2001:db8:1::b/64").gateway("2001:db8:1::ffff").add();
    let switch = lab.switch("sw").at(1, 0).add();
    let router = lab.router("r1").at(2, 0).interface("10.0.0.254/24").address("2001:db8:1::ffff/64");
    let router = router.interface("2001:db8:2::ffff/64").address("10.0.1.254/24").add();
    let c = lab.host("c").at(3, 0).address("2001:db8:2::c/64").gateway("2001:db8:2::ffff");
    let c = c.address("10.0.1.3/24").gateway("10.0.1.254").add();
    for node in [a, b, router] {
        lab.link(node, switch, LinkOptions::default().delay(ms(1)));
    }
    lab.link(router, c, LinkOptions::default().delay(ms(1)));
    (lab, [a, b, c])
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// What the neighbour or the address went through at this node, as `at from>to`.
fn walk(recording: &Recording, node: &str, machine: &str) -> Vec<String> {
    let lines = diary(recording, node);
    let prefix = format!("{machine}: ");
    let moves = lines.lines().filter_map(|line| {
        let (before, states) = line.split_once(&prefix)?;
        Some(format!("{} {states}", before.trim()))
    });
    moves.collect()
}

/// When each packet was sent, by whom, and why.
fn reasons(recording: &Recording) -> String {
    let lines = recording.packets.iter().map(|it| {
        let from = &recording.topology.nodes[it.from].name;
        format!("{:>10} {from}: {}", it.at.to_string(), it.reason.as_deref().unwrap_or("?"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

async fn echo_once(client: LabNet, server: LabNet, listen: &str, to: &str) -> (Vec<u8>, String) {
    let listener = server.listen(at(listen)).await.expect("free");
    server.spawn(async move {
        let Ok((mut stream, peer)) = listener.accept().await else { return };
        let mut buffer = [0; 5];
        stream.read_exact(&mut buffer).await.expect("5 bytes come");
        stream.write_all(&buffer).await.expect("they fit");
        stream.write_all(peer.to_string().as_bytes()).await.expect("it fits");
    });
    let mut stream = client.connect(at(to)).await.expect("it listens");
    stream.write_all(b"hello").await.expect("it fits");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server closes");
    let peer = String::from_utf8(answer.split_off(5)).expect("text");
    (answer, peer)
}

#[test]
fn a_ping_finds_its_neighbours_and_crosses_a_router() {
    let (mut lab, [a, _, _]) = town();
    let net = lab.net(a);
    let rtt = lab.run(async move { net.ping(ip("2001:db8:2::c"), SECOND).await.ok() });
    assert_eq!(rtt, Ok(Some(ms(12))), "two resolutions and the way, as over IPv4");
    let recording = finish(lab);
    insta::assert_snapshot!("ipv6_ping", reasons(&recording));
    insta::assert_snapshot!("ipv6_ping_router", diary(&recording, "r1"));
}

#[test]
fn after_an_introduction_nobody_asks() {
    let (mut lab, [a, _, _]) = town();
    lab.introduce_everybody();
    let net = lab.net(a);
    let rtts = lab.run(async move {
        (net.ping(ip("2001:db8:2::c"), SECOND).await.ok(), net.ping(ip("10.0.1.3"), SECOND).await.ok())
    });
    assert_eq!(rtts, Ok((Some(ms(6)), Some(ms(6)))));
    assert_eq!(finish(lab).packets.len(), 12);
}

#[test]
fn tcp_runs_over_both_families_to_one_listener() {
    let (mut lab, [a, _, c]) = town();
    lab.introduce_everybody();
    let (client, server) = (lab.net(a), lab.net(c));
    let both = lab.run(async move {
        let v6 = echo_once(client.clone(), server.clone(), "[::]:80", "[2001:db8:2::c]:80").await;
        let v4 = echo_once(client, server, "[::]:81", "10.0.1.3:81").await;
        (v6, v4)
    });
    let ((v6, v6_peer), (v4, v4_peer)) = both.expect("it ends");
    assert_eq!((&v6[..], &v4[..]), (&b"hello"[..], &b"hello"[..]));
    assert!(v6_peer.starts_with("[2001:db8:1::a]:"), "{v6_peer}");
    assert!(v4_peer.starts_with("[::ffff:10.0.0.1]:"), "RFC 3493 §3.7: {v4_peer}");
    let summaries: Vec<_> = finish(lab).packets.into_iter().map(|it| it.bytes).collect();
    let mss = |bytes: &[u8], at: usize| u16::from_be_bytes([bytes[at + 22], bytes[at + 23]]);
    let syn = |v6: bool| summaries.iter().find(|it| (it[14] >> 4 == 6) == v6).expect("a SYN");
    assert_eq!((mss(syn(true), 14 + 40), mss(syn(false), 14 + 20)), (1440, 1460), "the header is 20 bytes longer");
}

#[test]
fn udp_runs_over_ipv6_and_a_port_nobody_bound_refuses() {
    let (mut lab, [a, b, _]) = town();
    let (client, server) = (lab.net(a), lab.net(b));
    let outcome = lab.run(async move {
        let bound = server.bind(at("[::]:53")).await.expect("free");
        let socket = client.bind(at("[::]:0")).await.expect("free");
        socket.send_to(b"question", at("[2001:db8:1::b]:53")).await.expect("it fits");
        let mut buffer = [0; 16];
        let (length, from) = bound.receive(&mut buffer).await.expect("it comes");
        let other = client.bind(at("[::]:0")).await.expect("free");
        other.send_to(b"anybody?", at("[2001:db8:1::b]:9")).await.expect("sending works");
        let error = other.receive(&mut [0; 8]).await.expect_err("nobody is there");
        let room = other.send_to(&[0; 65_528], at("[2001:db8:1::b]:53")).await.expect_err("more than IPv6 carries");
        let local = client.bind(at("0.0.0.0:5000")).await.expect("free");
        let family = local.send_to(b"x", at("[2001:db8:1::b]:53")).await.is_ok();
        (buffer[..length].to_vec(), from.ip(), error.kind(), room.kind(), family)
    });
    let expected =
        (b"question".to_vec(), ip("2001:db8:1::a"), ErrorKind::ConnectionRefused, ErrorKind::InvalidInput, true);
    assert_eq!(outcome, Ok(expected));
}

#[test]
fn errors_are_told_by_who_knows_them() {
    let (mut lab, [a, _, _]) = town();
    let net = lab.net(a);
    let outcome = lab.run(async move {
        let kind = |it: std::io::Result<_>| it.err().map(|it| it.kind());
        let no_route = kind(net.ping(ip("2001:db8:99::1"), SECOND * 9).await);
        let nobody_there = kind(net.ping(ip("2001:db8:2::77"), SECOND * 9).await);
        let before = net.now();
        let nobody_here = kind(net.ping(ip("2001:db8:1::77"), SECOND * 9).await);
        (no_route, nobody_there, nobody_here, net.now().since(before))
    });
    let host = Some(ErrorKind::HostUnreachable);
    assert_eq!(outcome, Ok((Some(ErrorKind::NetworkUnreachable), host, host, SECOND * 3)));
    let recording = finish(lab);
    let story = story(&recording);
    for reason in ["no route to 2001:db8:99::1", "nobody answers neighbour solicitations for 2001:db8:2::77"] {
        assert!(story.contains(reason), "{reason} is not in\n{story}");
    }
    assert!(diary(&recording, "a").contains("ICMP from 2001:db8:1::ffff: no route to destination"));
}

#[test]
fn a_packet_too_big_makes_tcp_segments_smaller() {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("2001:db8:1::a/64").gateway("2001:db8:1::ffff").add();
    let router = lab.router("r1").interface("2001:db8:1::ffff/64").interface("2001:db8:2::ffff/64").add();
    let c = lab.host("c").address("2001:db8:2::c/64").gateway("2001:db8:2::ffff").add();
    lab.link(a, router, LinkOptions::default().delay(ms(1)));
    // The server's own link is wide; the narrow one is between two routers.
    let far = lab.router("r2").interface("2001:db8:2::fffe/64").interface("2001:db8:3::ffff/64");
    let far = far.route("::/0", "2001:db8:2::ffff").add();
    let _ = c;
    lab.link(router, far, LinkOptions::default().delay(ms(1)).mtu(1280));
    let d = lab.host("d").address("2001:db8:3::d/64").gateway("2001:db8:3::ffff").add();
    lab.link(far, d, LinkOptions::default().delay(ms(1)));
    lab.control().add_route(router, "2001:db8:3::/64", "2001:db8:2::fffe");
    lab.introduce_everybody();
    let (client, server) = (lab.net(a), lab.net(d));
    let received = lab.run(async move {
        let listener = server.listen(at("[::]:80")).await.expect("free");
        let to = at("[2001:db8:3::d]:80");
        client.spawn({
            let client = client.clone();
            async move {
                let mut stream = client.connect(to).await.expect("it listens");
                stream.write_all(&[7; 20_000]).await.expect("they fit");
            }
        });
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.expect("it comes");
        all.len()
    });
    assert_eq!(received, Ok(20_000));
    let recording = finish(lab);
    let diary = diary(&recording, "a");
    assert!(diary.contains("ICMP from 2001:db8:1::ffff: packet too big"), "{diary}");
    assert!(diary.contains("segments of 1208 B payload instead of 1428"), "{diary}");
}

#[test]
fn a_loop_of_routers_ends_with_the_hop_limit() {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("2001:db8:1::a/64").gateway("2001:db8:1::1").add();
    let r1 = lab.router("r1").interface("2001:db8:1::1/64").interface("2001:db8:9::1/126");
    let r1 = r1.route("::/0", "2001:db8:9::2").add();
    let r2 = lab.router("r2").interface("2001:db8:9::2/126").route("::/0", "2001:db8:9::1").add();
    lab.link(a, r1, LinkOptions::default().delay(ms(1)));
    lab.link(r1, r2, LinkOptions::default().delay(ms(1)));
    lab.introduce_everybody();
    let net = lab.net(a);
    let main = async move { net.ping(ip("2001:db8:77::1"), SECOND * 9).await.err().map(|it| it.kind()) };
    assert_eq!(lab.run(main), Ok(Some(ErrorKind::HostUnreachable)));
    assert!(diary(&finish(lab), "a").contains("hop limit exceeded"));
}

#[test]
fn a_neighbour_is_believed_for_a_while_then_asked_again() {
    let (mut lab, [a, b, _]) = town();
    let (net, peer) = (lab.net(a), lab.net(b));
    lab.run(async move {
        net.ping(ip("2001:db8:1::b"), SECOND).await.expect("b answers");
        net.sleep(SECOND * 60).await;
        net.ping(ip("2001:db8:1::b"), SECOND).await.expect("b answers");
        net.sleep(SECOND * 7).await;
        drop(peer);
    })
    .expect("it ends");
    let recording = finish(lab);
    let walked = walk(&recording, "a", "neighbour 2001:db8:1::b");
    let states: Vec<_> = walked.iter().filter_map(|it| it.rsplit_once(" to ").map(|(_, to)| to)).collect();
    assert_eq!(states, ["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "REACHABLE"], "{walked:#?}");
}

#[test]
fn tcp_that_goes_forward_spares_the_probe() {
    let (mut lab, [a, b, _]) = town();
    let (client, server) = (lab.net(a), lab.net(b));
    lab.run(async move {
        client.ping(ip("2001:db8:1::b"), SECOND).await.expect("b answers");
        client.sleep(SECOND * 60).await;
        echo_once(client.clone(), server, "[::]:80", "[2001:db8:1::b]:80").await;
        client.sleep(SECOND * 7).await;
    })
    .expect("it ends");
    let walked = walk(&finish(lab), "a", "neighbour 2001:db8:1::b");
    let states: Vec<_> = walked.iter().filter_map(|it| it.rsplit_once(" to ").map(|(_, to)| to)).collect();
    assert_eq!(states, ["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "REACHABLE"], "{walked:#?}");
}

/// A host that configures itself beside a router that advertises.
fn plugged_in(options: AdvertiseOptions, identifier: Identifier) -> (Lab, NodeId) {
    let mut lab = Lab::new(5, &[]);
    let host = lab.host("host").at(0, 0).autoconfigure(identifier).add();
    let router = lab.router("r1").at(1, 0).interface("2001:db8:1::1/64").advertise("2001:db8:1::/64", options);
    let router = router.interface("2001:db8:2::1/64").add();
    let far = lab.host("far").at(2, 0).address("2001:db8:2::2/64").gateway("2001:db8:2::1").add();
    lab.link(host, router, LinkOptions::default().delay(ms(1)));
    lab.link(router, far, LinkOptions::default().delay(ms(1)));
    (lab, host)
}

#[test]
fn a_host_finds_its_address_and_its_router() {
    let (mut lab, host) = plugged_in(AdvertiseOptions::default(), Identifier::Mac);
    let net = lab.net(host);
    let rtt = lab.run(async move {
        net.sleep(SECOND * 5).await;
        net.ping(ip("2001:db8:2::2"), SECOND).await.ok()
    });
    assert!(rtt.expect("it ends").is_some());
    let address = lab.address(host);
    assert!(matches!(address, IpAddr::V6(it) if it.octets()[11..13] == [0xff, 0xfe]), "{address}: made of the MAC");
    let recording = finish(lab);
    insta::assert_snapshot!("slaac", reasons(&recording));
    insta::assert_snapshot!("slaac_host", diary(&recording, "host"));
}

#[test]
fn a_stable_identifier_does_not_show_the_mac() {
    let (mut lab, host) = plugged_in(AdvertiseOptions::default(), Identifier::Stable);
    let net = lab.net(host);
    lab.run(async move { net.sleep(SECOND * 5).await }).expect("it ends");
    let address = lab.address(host);
    assert!(matches!(address, IpAddr::V6(it) if it.octets()[11..13] != [0xff, 0xfe]), "{address}");
}

/// A host that makes its own address, beside one that has it already; the events of the first, and what it may use.
fn beside_its_twin(identifier: Identifier) -> (String, Option<IpAddr>) {
    let mut lab = Lab::new(5, &[]);
    let switch = lab.switch("sw").add();
    let host = lab.host("host").autoconfigure(identifier).add();
    let twin = lab.host("twin").unconfigured().add();
    let wanted = lab.net(host).will_want().expect("it makes one");
    lab.net(twin).add_address(wanted, 64, false);
    lab.link(twin, switch, LinkOptions::default().delay(ms(1)));
    lab.link(host, switch, LinkOptions::default().delay(ms(1)));
    let net = lab.net(host);
    let address = lab.run(async move {
        net.sleep(SECOND * 10).await;
        net.address()
    });
    (diary(&finish(lab), "host"), address.expect("it ends"))
}

// RFC 7217 §6
#[test]
fn a_stable_identifier_that_is_taken_gives_way_to_another_and_one_of_the_mac_to_none() {
    let (diary, address) = beside_its_twin(Identifier::Stable);
    assert!(diary.contains("another identifier is made, 1 of 3"), "{diary}");
    assert!(address.is_some_and(crate::lab::ip::is_link_local), "{diary}");
    let (diary, address) = beside_its_twin(Identifier::Mac);
    assert!(!diary.contains("another identifier"), "{diary}");
    assert_eq!(address, None);
}

#[test]
fn lifetimes_run_out() {
    let options = AdvertiseOptions {
        interval: SECOND * 600,
        router_lifetime: SECOND * 30,
        preferred: SECOND * 10,
        valid: SECOND * 20,
        ..AdvertiseOptions::default()
    };
    let (mut lab, host) = plugged_in(options, Identifier::Mac);
    let net = lab.net(host);
    let outcome = lab.run(async move {
        net.sleep(SECOND * 150).await;
        net.ping(ip("2001:db8:2::2"), SECOND).await.err().map(|it| it.kind())
    });
    assert_eq!(outcome, Ok(Some(ErrorKind::NetworkUnreachable)));
    let diary = diary(&finish(lab), "host");
    for text in ["PREFERRED to DEPRECATED", "DEPRECATED to NONE", "no default router any more"] {
        assert!(diary.contains(text), "{text} is not in\n{diary}");
    }
}

#[test]
fn an_address_that_another_has_is_not_used() {
    let mut lab = Lab::new(5, &[]);
    let switch = lab.switch("sw").add();
    let old = lab.host("old").address("2001:db8:1::7/64").address("10.0.0.7/24").add();
    let new = lab.host("new").address("2001:db8:1::7/64").address("10.0.0.7/24").detect_duplicates().add();
    let third = lab.host("third").address("2001:db8:1::8/64").address("10.0.0.8/24").detect_duplicates().add();
    for host in [old, new, third] {
        lab.link(host, switch, LinkOptions::default().delay(ms(1)));
    }
    let net = lab.net(third);
    let pings = lab.run(async move {
        net.sleep(SECOND * 10).await;
        (net.ping(ip("2001:db8:1::7"), SECOND).await.is_ok(), net.ping(ip("10.0.0.7"), SECOND).await.is_ok())
    });
    assert_eq!(pings, Ok((true, true)));
    let recording = finish(lab);
    let last = |node: &str, machine: &str| {
        let walked = walk(&recording, node, machine);
        walked.last().and_then(|it| it.rsplit_once(" to ").map(|(_, to)| to.to_owned()))
    };
    assert_eq!(last("new", "address 2001:db8:1::7").as_deref(), Some("DUPLICATE"));
    assert_eq!(last("new", "address 10.0.0.7").as_deref(), Some("DUPLICATE"));
    assert_eq!(last("third", "address 10.0.0.8").as_deref(), Some("PREFERRED"));
    insta::assert_snapshot!("duplicates", reasons(&recording));
}

#[test]
fn of_two_that_want_one_address_the_first_to_ask_gets_it() {
    let mut lab = Lab::new(5, &[]);
    let switch = lab.switch("sw").add();
    for name in ["one", "two"] {
        let host = lab.host(name).address("2001:db8:1::7/64").detect_duplicates().add();
        lab.link(host, switch, LinkOptions::default().delay(ms(1)));
    }
    let watcher = lab.host("watcher").address("2001:db8:1::9/64").add();
    lab.link(watcher, switch, LinkOptions::default());
    let net = lab.net(watcher);
    lab.run(async move { net.sleep(SECOND * 10).await }).expect("it ends");
    let recording = finish(lab);
    let mut ends = ["one", "two"].map(|name| {
        let walked = walk(&recording, name, "address 2001:db8:1::7");
        assert_eq!(walked.len(), 2, "{walked:?}");
        walked[1].rsplit_once(" to ").map(|(_, to)| to.to_owned()).unwrap_or_default()
    });
    ends.sort();
    assert_eq!(ends, ["DUPLICATE", "PREFERRED"]);
}

#[test]
fn what_an_unknown_header_asks_is_answered_and_the_next_packet_lives() {
    let (mut lab, [a, b, _]) = town();
    lab.introduce_everybody();
    let (net, peer) = (lab.net(a), lab.net(b));
    let addresses = [ip("2001:db8:1::a"), ip("2001:db8:1::b")].map(|it| match it {
        IpAddr::V6(it) => it,
        IpAddr::V4(_) => Ipv6Addr::UNSPECIFIED,
    });
    let outcome = lab.run(async move {
        let packet = |next: u8, body: &[u8]| {
            let [from, to] = addresses.map(|it| it.octets());
            let length = u16::try_from(body.len()).expect("short").to_be_bytes();
            [&[0x60, 0, 0, 0, length[0], length[1], next, 64][..], &from, &to, body].concat()
        };
        net.send_raw(packet(200, b"what?"), "a protocol nobody knows");
        net.send_raw(packet(60, &[17, 0, 0xbe, 4, 0, 0, 0, 0]), "an option that must be known");
        net.sleep(ms(10)).await;
        drop(peer);
        net.ping(ip("2001:db8:1::b"), SECOND).await.is_ok()
    });
    assert_eq!(outcome, Ok(true));
    let story = story(&finish(lab));
    for reason in ["unknown next header at byte 6", "unknown option at byte 42"] {
        assert!(story.contains(reason), "{reason} is not in\n{story}");
    }
}
