//! The door to the outside: packets handed in, packets taken out, and time that goes as the embedding program says.
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;

use etherparse::PacketBuilder;

use super::*;
use crate::recording::Time;

const DOOR: [u8; 4] = [10, 0, 0, 9];

fn ping(to: [u8; 4]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(DOOR, to, 64).icmpv4_echo_request(7, 1).write(&mut packet, &[1; 56]).expect("a Vec takes all");
    packet
}

/// A host (10.0.0.1) and an outside station (10.0.0.9), 5 ms apart.
fn lab() -> (Lab, NodeId, NodeId) {
    let mut lab = Lab::new(7, &[]);
    let host = lab.host("host").address("10.0.0.1/24").add();
    let door = lab.outside("door").at(1, 0).address("10.0.0.9/24").add();
    lab.link(host, door, LinkOptions::default().delay(ms(5)));
    (lab, host, door)
}

#[test]
fn a_ping_from_outside_is_answered_after_arp_and_a_round_trip() {
    let (mut lab, _, door) = lab();
    lab.hand_in(door, ping([10, 0, 0, 1]));
    assert_eq!(lab.next_at(), Some(Time(5_000_000)), "the ARP request arrives");
    lab.advance(Time(19_999_999)).expect("few steps");
    assert_eq!(lab.take_out(door), []);
    assert_eq!(lab.now(), Time(19_999_999));
    lab.advance(Time(30_000_000)).expect("few steps");
    let answers = lab.take_out(door);
    assert_eq!(answers.iter().map(|it| it.at).collect::<Vec<_>>(), [Time(20_000_000)]);
    assert_eq!(answers[0].packet[12..20], [10, 0, 0, 1, 10, 0, 0, 9]);
    assert_eq!(lab.take_out(door), [], "a packet is taken out once");
    assert_eq!(lab.next_at(), None);
    assert_eq!(finish(lab).end, Time(30_000_000));
}

#[test]
fn two_stations_outside_have_the_labs_link_between_them() {
    let mut lab = Lab::new(7, &[]);
    let here = lab.outside("here").address("10.0.0.9/24").add();
    let there = lab.outside("there").at(1, 0).address("10.0.0.2/24").add();
    lab.link(here, there, LinkOptions::default().delay(ms(5)).rate(8_000_000).mtu(600));
    lab.introduce_everybody();
    let packet = ping([10, 0, 0, 2]);
    lab.hand_in(here, packet.clone());
    lab.hand_in(here, packet.clone());
    lab.hand_in(here, vec![0x45; 601]);
    lab.hand_in(here, vec![0x60; 40]);
    lab.hand_in(here, Vec::new());
    lab.advance(Time(6_000_000)).expect("few steps");
    // 84 bytes of IP and 14 of Ethernet are 98 µs at 8 Mbit/s.
    let arrived = |at| crate::lab::Arrived { at: Time(at), packet: packet.clone() };
    assert_eq!(lab.take_out(there), [arrived(5_098_000), arrived(5_196_000)]);
    insta::assert_snapshot!(diary(&finish(lab), "here"), @r"
       0 ns (601 bytes from outside, the link takes 600: dropped)
       0 ns (40 bytes from outside are no IP packet: dropped)
       0 ns (0 bytes from outside are no IP packet: dropped)
    ");
}

#[test]
fn programs_run_while_the_embedder_drives_and_time_never_goes_back() {
    let (mut lab, host, door) = lab();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let (net, log) = (lab.net(host), Rc::clone(&heard));
    lab.net(host).spawn(async move {
        for _ in 0..3 {
            net.sleep(ms(10)).await;
            log.borrow_mut().push(net.now());
        }
        let outcome = net.ping(Ipv4Addr::from(DOOR), ms(50)).await;
        assert!(outcome.is_err(), "nobody outside answers");
    });
    assert_eq!(lab.next_at(), Some(Time::ZERO), "the program is ready");
    lab.advance(Time(15_000_000)).expect("few steps");
    lab.advance(Time(1)).expect("few steps");
    assert_eq!(lab.now(), Time(15_000_000));
    assert_eq!(*heard.borrow(), [Time(10_000_000)]);
    lab.advance(Time(200_000_000)).expect("few steps");
    assert_eq!(heard.borrow().len(), 3);
    let asked = lab.take_out(door);
    assert_eq!(asked.iter().map(|it| it.at).collect::<Vec<_>>(), [Time(45_000_000)]);
}

#[test]
fn packets_nobody_takes_out_do_not_pile_up_for_ever() {
    let mut lab = Lab::new(7, &[]);
    let here = lab.outside("here").address("10.0.0.9/24").add();
    let there = lab.outside("there").at(1, 0).address("10.0.0.2/24").add();
    lab.link(here, there, LinkOptions::default());
    lab.introduce_everybody();
    for _ in 0..17_000 {
        lab.hand_in(here, ping([10, 0, 0, 2]));
    }
    lab.advance(Time(1)).expect("few steps");
    assert_eq!(lab.take_out(there).len(), 16_384);
}
