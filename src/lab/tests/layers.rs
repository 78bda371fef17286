//! What each layer's nodes do: ARP asks, a switch learns, a router replaces MACs and counts TTL down, ICMP tells.
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};

use super::{Pair, at, diary, finish, ms, story, strangers};
use crate::lab::{Lab, LinkOptions, NodeId, frame, ip};
use crate::net::Net as _;
use crate::recording::{Recording, Time};

/// Two networks: a, b and a switch on one, c behind the router.
fn town() -> (Lab, [NodeId; 3]) {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").at(0, 0).address("10.0.0.1/24").gateway("10.0.0.254").add();
    let b = lab.host("b").at(0, 1).address("10.0.0.2/24").gateway("10.0.0.254").add();
    let switch = lab.switch("sw").at(1, 0).add();
    let router = lab.router("r1").at(2, 0).interface("10.0.0.254/24").interface("10.0.1.254/24").add();
    let c = lab.host("c").at(3, 0).address("10.0.1.3/24").gateway("10.0.1.254").add();
    let cable = || LinkOptions::default().delay(ms(1));
    for node in [a, b, router] {
        lab.link(node, switch, cable());
    }
    lab.link(router, c, cable());
    (lab, [a, b, c])
}

/// Destination and source MAC, source and destination IP, and TTL of each IP frame from `node` to its neighbour.
fn headers(recording: &Recording, from: &str) -> Vec<(String, String, IpAddr, IpAddr, u8)> {
    let node = recording.node(from).expect("a node");
    let sent = recording.packets.iter().filter(|it| it.from == node);
    let parsed = sent.filter_map(|it| {
        let (to, from, _, packet) = frame::open(&it.bytes)?;
        let packet = ip::read(packet)?;
        Some((to.to_string(), from.to_string(), packet.from, packet.to, packet.hops))
    });
    parsed.collect()
}

#[test]
fn a_ping_through_a_switch_and_a_router_is_told_hop_by_hop() {
    let (mut lab, [a, _, _]) = town();
    let net = lab.net(a);
    let rtt = lab.run(async move { net.ping(Ipv4Addr::new(10, 0, 1, 3), ms(1000)).await.expect("c answers") });
    // ARP of a (4 ms), of r1 (2 ms), and the way there and back (6 ms); c learned r1's address from its request.
    assert_eq!(rtt, Ok(ms(12)));
    let recording = finish(lab);
    insta::assert_snapshot!("ping_packets", story(&recording));
    insta::assert_snapshot!("ping_switch", diary(&recording, "sw"));
    insta::assert_snapshot!("ping_router", diary(&recording, "r1"));

    let sent = &headers(&recording, "a")[0];
    let forwarded = &headers(&recording, "r1")[0];
    assert_eq!((sent.2, sent.3), (forwarded.2, forwarded.3), "IP addresses stay from end to end");
    assert_eq!((sent.4, forwarded.4), (64, 63), "the TTL counts hops");
    let macs: BTreeSet<_> = [&sent.0, &sent.1, &forwarded.0, &forwarded.1].into();
    assert_eq!(macs.len(), 4, "each network has MAC addresses of its own");
}

#[test]
fn after_the_first_ping_tables_are_filled() {
    let (mut lab, [a, _, _]) = town();
    let net = lab.net(a);
    let to = Ipv4Addr::new(10, 0, 1, 3);
    let rtts = lab.run(async move { (net.ping(to, ms(1000)).await.ok(), net.ping(to, ms(1000)).await.ok()) });
    assert_eq!(rtts, Ok((Some(ms(12)), Some(ms(6)))));

    let (mut lab, [a, _, _]) = town();
    lab.introduce_everybody();
    let net = lab.net(a);
    assert_eq!(lab.run(async move { net.ping(to, ms(1000)).await.ok() }), Ok(Some(ms(6))));
    assert!(finish(lab).packets.iter().all(|it| !it.summary.contains("ARP")));
}

#[test]
fn what_cannot_be_reached_is_told_by_who_knows_it() {
    let (mut lab, [a, _, _]) = town();
    let net = lab.net(a);
    let outcome = lab.run(async move {
        let kind = |it: std::io::Result<_>| it.err().map(|it| it.kind());
        let no_route = kind(net.ping(Ipv4Addr::new(192, 0, 2, 1), ms(9000)).await);
        let nobody_there = kind(net.ping(Ipv4Addr::new(10, 0, 1, 77), ms(9000)).await);
        let nobody_here = kind(net.ping(Ipv4Addr::new(10, 0, 0, 77), ms(9000)).await);
        let before = net.now();
        let connect = net.connect(at("10.0.0.78:80")).await.err().map(|it| it.kind());
        (no_route, nobody_there, nobody_here, connect, net.now().since(before))
    });
    let host = Some(ErrorKind::HostUnreachable);
    assert_eq!(outcome, Ok((Some(ErrorKind::NetworkUnreachable), host, host, host, ms(3000))));
    let story = story(&finish(lab));
    for reason in ["no route to 192.0.2.1", "nobody answers ARP for 10.0.1.77", "request 3 of 3"] {
        assert!(story.contains(reason), "{reason} is not in\n{story}");
    }
}

#[test]
fn a_loop_of_routers_ends_with_the_ttl() {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254").add();
    let r1 = lab.router("r1").interface("10.0.0.254/24").interface("10.9.9.1/30").route("0.0.0.0/0", "10.9.9.2").add();
    let r2 = lab.router("r2").interface("10.9.9.2/30").route("0.0.0.0/0", "10.9.9.1").add();
    lab.link(a, r1, LinkOptions::default().delay(ms(1)));
    lab.link(r1, r2, LinkOptions::default().delay(ms(1)));
    lab.introduce_everybody();
    let net = lab.net(a);
    let main = async move { net.ping(Ipv4Addr::new(192, 0, 2, 1), ms(9000)).await.err().map(|it| it.kind()) };
    assert_eq!(lab.run(main), Ok(Some(ErrorKind::HostUnreachable)));
    let recording = finish(lab);
    assert_eq!(recording.packets.iter().filter(|it| it.summary.contains("Echo request")).count(), 64);
    assert!(diary(&recording, "a").contains("time to live exceeded"));
}

#[test]
fn a_packet_too_large_for_the_next_link_is_sent_back_with_the_size_that_fits() {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254").add();
    let router = lab.router("r1").interface("10.0.0.254/24").interface("10.0.1.254/24").add();
    let c = lab.host("c").address("10.0.1.3/24").gateway("10.0.1.254").add();
    lab.link(a, router, LinkOptions::default());
    lab.link(router, c, LinkOptions::default().mtu(600));
    lab.introduce_everybody();
    let net = lab.net(a);
    lab.run(async move {
        let socket = net.bind(at("0.0.0.0:0")).await.expect("free");
        socket.send_to(&[0; 1000], at("10.0.1.3:9")).await.expect("it fits the first link");
        net.sleep(ms(10)).await;
        let too_large = socket.send_to(&[0; 65_508], at("10.0.1.3:9")).await.expect_err("more than IPv4 carries");
        assert_eq!(too_large.kind(), ErrorKind::InvalidInput);
    })
    .expect("it ends");
    let recording = finish(lab);
    let answer = recording.packets.last().expect("an answer").reason.clone();
    assert_eq!(answer.as_deref(), Some("1028 bytes do not fit the next link's 600"));
}

#[test]
fn a_datagram_to_nobody_comes_back_as_refused_to_a_client_only() {
    let Pair { mut lab, client, server } = strangers(LinkOptions::default().delay(ms(10)));
    let outcome = lab.run(async move {
        let socket = client.bind(at("0.0.0.0:0")).await.expect("free");
        socket.send_to(b"anybody?", at("10.0.0.2:9")).await.expect("sending works");
        let error = socket.receive(&mut [0; 8]).await.expect_err("nobody is there");
        let fixed = server.bind(at("0.0.0.0:53")).await.expect("free");
        fixed.send_to(b"anybody?", at("10.0.0.1:9")).await.expect("sending works");
        let mut buffer = [0; 8];
        let mut waiting = std::pin::pin!(fixed.receive(&mut buffer));
        let mut limit = std::pin::pin!(server.sleep(ms(1000)));
        let heard = std::future::poll_fn(|cx| {
            if waiting.as_mut().poll(cx).is_ready() {
                return std::task::Poll::Ready(true);
            }
            limit.as_mut().poll(cx).map(|()| false)
        });
        (error.kind(), heard.await, server.now())
    });
    assert_eq!(outcome, Ok((ErrorKind::ConnectionRefused, false, Time(1_040_000_000))));
    insta::assert_snapshot!(story(&finish(lab)));
}
