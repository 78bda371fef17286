//! Packets that lie: errors about what was never sent, and packets from addresses that no host has.
use std::net::IpAddr;
use std::time::Duration;

use super::{diary, finish, ms};
use crate::lab::icmp;
use crate::lab::ip::{self, Envelope};
use crate::lab::tcp::stack::IcmpError;
use crate::lab::{Lab, LinkOptions, NodeId};
use crate::recording::Recording;

const SECOND: Duration = Duration::from_secs(1);

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// a and a forger on a switch with r; behind r is b, 100 ms away.
fn lab() -> (Lab, [NodeId; 3]) {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254");
    let a = a.address("2001:db8:1::a/64").gateway("2001:db8:1::ffff").add();
    let forger = lab.host("forger").address("10.0.0.66/24").gateway("10.0.0.254");
    let forger = forger.address("2001:db8:1::66/64").gateway("2001:db8:1::ffff").add();
    let switch = lab.switch("sw").add();
    let r = lab.router("r").interface("10.0.0.254/24").address("2001:db8:1::ffff/64");
    let r = r.interface("10.0.1.254/24").address("2001:db8:2::ffff/64").add();
    let b = lab.host("b").address("10.0.1.3/24").gateway("10.0.1.254");
    let b = b.address("2001:db8:2::b/64").gateway("2001:db8:2::ffff").add();
    for node in [a, forger, r] {
        lab.link(node, switch, LinkOptions::default().delay(ms(1)));
    }
    lab.link(r, b, LinkOptions::default().delay(ms(100)));
    lab.introduce_everybody();
    (lab, [a, forger, r])
}

/// The ends of a packet of a to b, and the router that could have told of it, in each family.
const ENDS: [[&str; 3]; 2] =
    [["10.0.0.1", "10.0.1.3", "10.0.0.254"], ["2001:db8:1::a", "2001:db8:2::b", "2001:db8:1::ffff"]];

/// What becomes of a's ping of b when the forger quotes this packet of a's in an error, 20 ms after it began; a's diary.
fn while_a_pings(to: IpAddr, by: IpAddr, quotes: &[u8], error: IcmpError) -> (bool, String) {
    let (mut lab, [a, forger, _]) = lab();
    let (a, forger) = (lab.net(a), lab.net(forger));
    let message = icmp::error(by, quotes, error).expect("may be told");
    forger.spawn({
        let forger = forger.clone();
        async move {
            forger.sleep(ms(20)).await;
            forger.send_raw(message, "forged");
        }
    });
    let answered = lab.run(async move { a.ping_with(to, 1000, SECOND).await.is_ok() });
    (answered.expect("it ends"), diary(&finish(lab), "a"))
}

// RFC 5927 §4.1
#[test]
fn an_error_about_an_echo_that_was_never_sent_changes_nothing() {
    for [from, to, by] in ENDS.map(|it| it.map(address)) {
        let (too_big, end) = (IcmpError::FragmentationNeeded { mtu: 1300 }, IcmpError::HostUnreachable);
        let request = |to, id, seq| icmp::echo_request(from, to, id, seq, &[7; 1400]).expect("small");
        let other = address(if to.is_ipv4() { "10.0.1.9" } else { "2001:db8:2::9" });
        for (to_whom, id, seq) in [(to, 2, 1), (to, 1, 2), (other, 1, 1)] {
            let (answered, diary) = while_a_pings(to, by, &request(to_whom, id, seq), too_big);
            assert!(answered && !diary.contains("path MTU to"), "{to_whom}, id {id}, number {seq}: {diary}");
            assert!(while_a_pings(to, by, &request(to_whom, id, seq), end).0, "{to_whom}, id {id}, number {seq}");
        }
        // About the ping itself it is believed: what it quotes was sent.
        let (_, diary) = while_a_pings(to, by, &request(to, 1, 1), too_big);
        assert!(diary.contains("1300 B from now on"), "{diary}");
        assert!(!while_a_pings(to, by, &request(to, 1, 1), end).0);
    }
}

#[test]
fn an_error_about_an_echo_reply_is_no_answer_to_the_ping_of_that_number() {
    for [from, to, by] in ENDS.map(|it| it.map(address)) {
        let request = icmp::echo_request(to, from, 1, 1, &[7; 1400]).expect("small");
        let reply = icmp::echo_reply(from, &ip::read(&request).expect("whole")).expect("an echo request");
        assert!(while_a_pings(to, by, &reply, IcmpError::HostUnreachable).0);
        let (answered, diary) = while_a_pings(to, by, &reply, IcmpError::FragmentationNeeded { mtu: 1300 });
        assert!(answered && !diary.contains("path MTU to"), "a sent no such reply: {diary}");
    }
}

/// What r does when a sends it this packet.
fn at_r(packet: Vec<u8>) -> (usize, Recording) {
    let (mut lab, [a, _, r]) = lab();
    let net = lab.net(a);
    lab.run(async move {
        net.send_raw(packet, "a test sends it");
        net.sleep(ms(20)).await;
    })
    .expect("it ends");
    let recording = finish(lab);
    (recording.packets.iter().filter(|it| it.from == r.index()).count(), recording)
}

// RFC 1122 §3.2.1.3
#[test]
fn a_router_answers_nobody_who_cannot_be() {
    let v4 = ["224.0.0.9", "255.255.255.255", "0.0.0.0", "127.0.0.1", "10.0.0.255"].map(|it| (it, "10.0.0.254"));
    let v6 = ["ff02::1", "::", "::1"].map(|it| (it, "2001:db8:1::ffff"));
    for (from, to) in v4.into_iter().chain(v6) {
        let [from, to] = [from, to].map(address);
        let mut syn = etherparse::TcpHeader::new(9999, 80, 1, 1000);
        syn.syn = true;
        let envelope = Envelope::new(from, to, etherparse::IpNumber::TCP);
        let syn = ip::write(&envelope, syn.to_bytes().to_vec()).expect("small");
        let echo = icmp::echo_request(from, to, 1, 1, b"hello").expect("small");
        for packet in [syn, echo] {
            let (sent, recording) = at_r(packet);
            let diary = diary(&recording, "r");
            assert_eq!(sent, 0, "{from}: {diary}");
            assert!(diary.contains(&format!("from {from} to {to}: ")), "{diary}");
        }
    }
    let (sent, _) =
        at_r(icmp::echo_request(address("10.0.0.1"), address("10.0.0.254"), 1, 1, b"hello").expect("small"));
    assert_eq!(sent, 1, "whoever can be is answered");
}

// RFC 1812 §4.3.2.7
#[test]
fn no_error_is_sent_about_a_packet_to_everybody_elsewhere() {
    for (to, errors) in [("10.0.1.255", 0), ("10.0.1.3", 1)] {
        let envelope = Envelope::new(address("10.0.0.1"), address(to), etherparse::IpNumber::UDP);
        let packet = ip::write(&Envelope { hops: 1, ..envelope }, vec![0; 8]).expect("small");
        let (sent, recording) = at_r(packet);
        let diary = diary(&recording, "r");
        assert_eq!(sent, errors, "{to}: {diary}");
        assert_eq!(diary.contains("that is everybody on 10.0.1.0/24"), errors == 0, "{diary}");
    }
}
