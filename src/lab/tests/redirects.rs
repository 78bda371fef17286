//! Redirects: a router names a nearer first hop, a host obeys under the rules, or is set not to.
use std::net::IpAddr;
use std::time::Duration;

use super::{diary, finish, ms, story};
use crate::lab::{Lab, LinkOptions, NodeId};
use crate::recording::Recording;

const SECOND: Duration = Duration::from_secs(1);

/// a's gateway is r1; behind r2, on the same link, is c. r1 knows.
fn corner(obeys: bool, sends: bool) -> (Lab, [NodeId; 3]) {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254").accept_redirects(obeys).add();
    let switch = lab.switch("sw").add();
    let r1 = lab.router("r1").interface("10.0.0.254/24").route("10.0.1.0/24", "10.0.0.253").send_redirects(sends).add();
    let r2 = lab.router("r2").interface("10.0.0.253/24").interface("10.0.1.254/24").add();
    let c = lab.host("c").address("10.0.1.3/24").gateway("10.0.1.254").add();
    for node in [a, r1, r2] {
        lab.link(node, switch, LinkOptions::default().delay(ms(1)));
    }
    lab.link(r2, c, LinkOptions::default().delay(ms(1)));
    lab.introduce_everybody();
    (lab, [a, r1, r2])
}

/// Three pings, a second apart, and how many packets r1 sent after the first, second and third.
fn through_r1(mut lab: Lab, a: NodeId, to: &str) -> (Vec<usize>, Recording) {
    let (net, to): (_, IpAddr) = (lab.net(a), to.parse().expect("an address"));
    let times = lab.run(async move {
        let mut times = Vec::new();
        for _ in 0..3 {
            net.ping(to, SECOND).await.expect("it is there");
            times.push(net.now());
            net.sleep(ms(100)).await;
        }
        times
    });
    let times = times.expect("it ends");
    let recording = finish(lab);
    let r1 = recording.node("r1").expect("r1 is there");
    let sent = |until| recording.packets.iter().filter(|it| it.from == r1 && it.at <= until).count();
    (times.into_iter().map(sent).collect(), recording)
}

// RFC 1812 §5.2.7.2, RFC 1122 §3.2.2.2
#[test]
fn a_host_is_told_of_the_nearer_router_and_goes_there() {
    let (lab, [a, ..]) = corner(true, true);
    let (sent, recording) = through_r1(lab, a, "10.0.1.3");
    assert_eq!(sent, [2, 2, 2], "the first packet and the redirect, then nothing");
    assert!(
        story(&recording).contains("10.0.0.1 is nearer to 10.0.0.253 than this router is"),
        "{}",
        story(&recording)
    );
    assert!(diary(&recording, "a").contains("redirect from 10.0.0.254: 10.0.1.3 by way of 10.0.0.253: obeyed"));
}

#[test]
fn a_host_that_is_set_to_ignore_them_is_told_once_a_second_and_a_router_may_be_silent() {
    let (lab, [a, ..]) = corner(false, true);
    let (sent, recording) = through_r1(lab, a, "10.0.1.3");
    assert_eq!(sent, [2, 3, 4], "each packet is sent on, one is told of");
    assert!(diary(&recording, "a").contains("ignored, this host is set to ignore redirects"));
    let (lab, [a, ..]) = corner(true, false);
    assert_eq!(through_r1(lab, a, "10.0.1.3").0, [1, 2, 3]);
}

#[test]
fn a_hop_that_falls_silent_is_given_up_and_after_five_minutes_the_router_is_asked_again() {
    let (mut lab, [a, r1, _]) = corner(true, true);
    let net = lab.net(a);
    lab.run(async move {
        let c: IpAddr = [10, 0, 1, 3].into();
        net.ping(c, SECOND).await.expect("it is there");
        net.sleep(Duration::from_secs(301)).await;
        net.ping(c, SECOND).await.expect("it is there");
    })
    .expect("it ends");
    let recording = finish(lab);
    assert!(diary(&recording, "a").contains("10.0.1.3 by way of 10.0.0.253: not used any more after 5 min"));
    let told = recording.packets.iter().filter(|it| it.from == r1.index() && it.summary.contains("Redirect"));
    assert_eq!(told.count(), 2);
}

/// The redirect that `by` would send, forged and sent by another host of the link, and what a makes of it.
fn forged(by: &str, hop: &str, about_ours: bool) -> String {
    use crate::lab::{icmp, ip};
    let (mut lab, _) = corner(true, true);
    let mallory = lab.host("mallory").address("10.0.0.66/24").add();
    let switch = lab.find("sw").expect("the switch");
    lab.link(mallory, switch, LinkOptions::default().delay(ms(1)));
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let quotes = if about_ours { "10.0.0.1" } else { "10.0.0.9" };
    let packet = icmp::echo_request(address(quotes), address("10.0.1.3"), 1, 1, b"never sent").expect("small");
    let IpAddr::V4(hop) = address(hop) else { panic!("IPv4") };
    let mut message = icmp::redirect(address(by), &ip::read(&packet).expect("whole"), hop).expect("may be told");
    if !about_ours {
        let [from, to] = [by, "10.0.0.1"].map(address);
        message =
            ip::write(&ip::Envelope::new(from, to, etherparse::IpNumber::ICMP), message[20..].to_vec()).expect("small");
    }
    let net = lab.net(mallory);
    lab.run(async move {
        net.send_raw(message, "forged");
        net.sleep(ms(50)).await;
    })
    .expect("it ends");
    diary(&finish(lab), "a")
}

#[test]
fn what_no_router_of_ours_says_or_what_leads_nowhere_is_ignored() {
    assert!(forged("10.0.0.66", "10.0.0.66", true).contains("ignored, it is not from the router"));
    assert!(forged("10.0.0.254", "192.0.2.1", true).contains("ignored, that is no neighbour"));
    assert!(forged("10.0.0.254", "10.0.0.255", true).contains("ignored, that is no neighbour"));
    assert!(forged("10.0.0.254", "10.0.0.1", true).contains("ignored, that is no neighbour"));
    assert!(!forged("10.0.0.254", "10.0.0.66", false).contains("redirect"), "it quotes nothing of ours");
    // Whoever can write the router's address on a packet is believed: nothing signs it.
    assert!(forged("10.0.0.254", "10.0.0.66", true).contains("by way of 10.0.0.66: obeyed"));
}

/// a and b on one link, each without knowing that the other is there (RFC 5942 §4: no prefix is on the link); behind r2,
/// whose link-local address r1 knows, is c.
fn corner_v6(a_obeys: bool) -> (Lab, [NodeId; 2]) {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("2001:db8:1::a/128").gateway("fe80::1").accept_redirects(a_obeys).add();
    let b = lab.host("b").address("2001:db8:1::b/128").gateway("fe80::1").add();
    let switch = lab.switch("sw").add();
    let r1 = lab.router("r1").interface("2001:db8:1::ffff/64").address("fe80::1/64");
    let r1 = r1.route("2001:db8:2::/64", "fe80::2").add();
    let r2 = lab.router("r2").interface("2001:db8:1::fffe/64").address("fe80::2/64").interface("2001:db8:2::ffff/64");
    let r2 = r2.add();
    let c = lab.host("c").address("2001:db8:2::c/64").gateway("2001:db8:2::ffff").add();
    for node in [a, b, r1, r2] {
        lab.link(node, switch, LinkOptions::default().delay(ms(1)));
    }
    lab.link(r2, c, LinkOptions::default().delay(ms(1)));
    (lab, [a, r1])
}

// RFC 4861 §8
#[test]
fn over_ipv6_a_router_names_a_neighbour_or_another_router_by_its_link_local_address() {
    for (to, hop) in [("2001:db8:1::b", "2001:db8:1::b"), ("2001:db8:2::c", "fe80::2")] {
        let (lab, [a, r1]) = corner_v6(true);
        let (_, recording) = through_r1(lab, a, to);
        let told = recording.packets.iter().filter(|it| it.from == r1.index() && it.summary.contains("Redirect"));
        assert!(told.count() >= 1, "{to}: {}", story(&recording));
        let diary = diary(&recording, "a");
        assert!(diary.contains(&format!("{to} by way of {hop}: obeyed")), "{diary}");
        let requests = |name: &str| {
            let from = recording.node(name).expect("a node of that name");
            recording.packets.iter().filter(|it| it.from == from && it.summary.contains("Echo request")).count()
        };
        assert_eq!((requests("a"), requests("r1")), (3, 1), "{to}: r1 sends the first on: {}", story(&recording));
    }
}

#[test]
fn over_ipv6_a_host_may_ignore_them_too() {
    let (lab, [a, r1]) = corner_v6(false);
    let (_, recording) = through_r1(lab, a, "2001:db8:2::c");
    let requests = recording.packets.iter().filter(|it| it.from == r1.index() && it.summary.contains("Echo request"));
    assert_eq!(requests.count(), 3);
    assert!(diary(&recording, "a").contains("ignored, this host is set to ignore redirects"));
}

// RFC 1812 §4.3.2.8
#[test]
fn who_could_not_be_told_is_told_of_the_next_packet() {
    use crate::lab::IcmpErrors;
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254").accept_redirects(false).add();
    let switch = lab.switch("sw").add();
    // The bucket is emptied by the first redirect, and has a token again 400 ms later.
    let limit = IcmpErrors::Limited { per_second: 5, burst: 1 };
    let r1 = lab.router("r1").interface("10.0.0.254/24").route("10.0.1.0/24", "10.0.0.253").icmp_errors(limit).add();
    let r2 = lab.router("r2").interface("10.0.0.253/24").interface("10.0.1.254/24").add();
    for node in [a, r1, r2] {
        lab.link(node, switch, LinkOptions::default().delay(ms(1)));
    }
    lab.introduce_everybody();
    let net = lab.net(a);
    lab.run(async move {
        for (to, wait) in [(3, 10), (4, 400), (4, 10)] {
            let to = IpAddr::from([10, 0, 1, to]);
            let (own, payload) = (IpAddr::from([10, 0, 0, 1]), [0; 8]);
            net.send_raw(crate::lab::icmp::echo_request(own, to, 1, 1, &payload).expect("small"), "a test sends it");
            net.sleep(ms(wait)).await;
        }
    })
    .expect("it ends");
    let recording = finish(lab);
    let told = recording.packets.iter().filter(|it| it.from == r1.index() && it.summary.contains("Redirect"));
    assert_eq!(told.count(), 2, "the second destination as well: {}", diary(&recording, "r1"));
    assert!(diary(&recording, "r1").contains("nobody is told"));
}
