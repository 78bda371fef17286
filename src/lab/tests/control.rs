//! A network that is changed while it runs: routes, links, power.
use std::net::Ipv4Addr;

use super::{diary, finish, ms};
use crate::lab::{Lab, LabNet, LinkOptions, NodeId};
use crate::recording::Fate;

/// `a` ── `r1` ══ two ways of 1 and 10 ms ══ `r2` ── `b`
fn two_ways() -> (Lab, LabNet, [NodeId; 3]) {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").at(0, 0).address("10.0.1.2/24").gateway("10.0.1.1").add();
    let r1 = lab.router("r1").at(1, 0).interface("10.0.1.1/24").interface("10.1.0.1/30").interface("10.1.0.5/30");
    let r1 = r1.route("10.0.2.0/24", "10.1.0.2").add();
    let r2 = lab.router("r2").at(2, 0).interface("10.0.2.1/24").interface("10.1.0.2/30").interface("10.1.0.6/30");
    let r2 = r2.route("10.0.1.0/24", "10.1.0.1").add();
    let b = lab.host("b").at(3, 0).address("10.0.2.2/24").gateway("10.0.2.1").add();
    let cable = |millis| LinkOptions::default().delay(ms(millis));
    lab.link(a, r1, cable(0));
    lab.link(r2, b, cable(0));
    lab.link(r1, r2, cable(1));
    lab.link(r1, r2, cable(10));
    lab.introduce_everybody();
    let net = lab.net(a);
    (lab, net, [r1, r2, b])
}

const B: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

#[test]
fn a_table_that_is_changed_sends_the_next_packet_another_way() {
    let (mut lab, net, [r1, r2, _]) = two_ways();
    let control = lab.control();
    let rtts = lab.run(async move {
        let before = net.ping(B, ms(1000)).await.ok();
        control.replace_route(r1, "10.0.2.0/24", "10.1.0.6");
        let between = net.ping(B, ms(1000)).await.ok();
        control.replace_route(r2, "10.0.1.0/24", "10.1.0.5");
        let after = net.ping(B, ms(1000)).await.ok();
        control.withdraw_route(r1, "10.0.2.0/24");
        control.show_routes(r1);
        let withdrawn = net.ping(B, ms(1000)).await.map_err(|it| it.kind());
        (before, between, after, withdrawn)
    });
    let there = |millis| Some(ms(millis));
    assert_eq!(rtts, Ok((there(2), there(11), there(20), Err(std::io::ErrorKind::NetworkUnreachable))));
    insta::assert_snapshot!("changed_routes", diary(&finish(lab), "r1"));
}

#[test]
fn a_link_that_is_down_loses_and_one_that_is_up_again_does_not() {
    let (mut lab, net, [r1, r2, _]) = two_ways();
    let control = lab.control();
    let answered = lab.run(async move {
        control.link_down(r2, r1);
        let down = net.ping(B, ms(100)).await.is_ok();
        control.link_up(r1, r2);
        (down, net.ping(B, ms(100)).await.is_ok())
    });
    assert_eq!(answered, Ok((false, true)));
    let lost = finish(lab).packets.into_iter().filter(|it| it.arrived.is_none());
    assert_eq!(lost.map(|it| it.fate).collect::<Vec<_>>(), [Fate::Lost("the link is down".to_owned())]);
}

#[test]
fn a_host_without_power_says_nothing_more() {
    let (mut lab, net, [_, _, b]) = two_ways();
    let control = lab.control();
    let answered = lab.run(async move {
        let before = net.ping(B, ms(100)).await.is_ok();
        control.power_off(b);
        (before, net.ping(B, ms(100)).await.is_ok())
    });
    assert_eq!(answered, Ok((true, false)));
    let recording = finish(lab);
    assert!(diary(&recording, "b").contains("the power fails") && diary(&recording, "b").contains("is not heard"));
    let node = recording.node("b").expect("b");
    assert_eq!(recording.packets.iter().filter(|it| it.from == node).count(), 1);
}

#[test]
fn a_network_that_is_there_twice_knows_its_own_neighbours_only() {
    let mut lab = Lab::new(3, &[]);
    let pair = |lab: &mut Lab, name: &str, row| {
        let host = lab.host(&format!("{name}-host")).at(0, row).address("192.168.1.2/24").gateway("192.168.1.1").add();
        let router = lab.router(name).at(1, row).interface("192.168.1.1/24").add();
        lab.link(host, router, LinkOptions::default().delay(ms(1)));
        lab.net(host)
    };
    let nets = [pair(&mut lab, "first", 0), pair(&mut lab, "second", 1)];
    lab.introduce_everybody();
    let rtts = lab.run(async move {
        let [first, second] = nets;
        let router = Ipv4Addr::new(192, 168, 1, 1);
        [first.ping(router, ms(100)).await.ok(), second.ping(router, ms(100)).await.ok()]
    });
    assert_eq!(rtts, Ok([Some(ms(2)), Some(ms(2))]));
}
