//! A filter between two networks: what begins is judged by rules, what answers is remembered, and the client hears its share.
use std::io::ErrorKind;
use std::time::Duration;

use super::*;
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::Net as _;
use crate::recording::{EventKind, Recording, Run};

/// `client` (10.0.1.2) ── `fw` ── `server` (10.0.2.2)
fn between(firewall: Firewall) -> (Lab, LabNet, LabNet) {
    let mut lab = Lab::new(5, &[]);
    let client = lab.host("client").address("10.0.1.2/24").gateway("10.0.1.1").add();
    let fw = lab.router("fw").interface("10.0.1.1/24").interface("10.0.2.1/24").firewall(firewall).add();
    let server = lab.host("server").address("10.0.2.2/24").gateway("10.0.2.1").add();
    lab.link(client, fw, LinkOptions::default().delay(Duration::from_millis(1)));
    lab.link(fw, server, LinkOptions::default().delay(Duration::from_millis(1)));
    lab.introduce_everybody();
    let (client, server) = (lab.net(client), lab.net(server));
    (lab, client, server)
}

/// What a connection from `from` to port `port` of `to` comes to.
fn connects(firewall: Firewall, port: u16, backwards: bool) -> (Result<(), ErrorKind>, Recording) {
    let (mut lab, client, server) = between(firewall);
    let (from, to, host) = if backwards { (server, client, [10, 0, 1, 2]) } else { (client, server, [10, 0, 2, 2]) };
    let outcome = lab.run(async move {
        let listener = to.listen(([0, 0, 0, 0], port).into()).await.expect("free");
        to.spawn(async move { while listener.accept().await.is_ok() {} });
        let outcome = from.connect((host, port).into()).await;
        outcome.map(drop).map_err(|it| it.kind())
    });
    (outcome.expect("it ends"), lab.finish(Run::default()))
}

fn policy(otherwise: Action) -> Firewall {
    let rules = vec![Rule::new(Action::Allow).from("10.0.1.0/24").tcp(443), Rule::new(Action::Allow).icmp()];
    Firewall { rules, otherwise, stateful: true }
}

fn said(recording: &Recording, words: &str) -> bool {
    recording.events.iter().any(|it| matches!(&it.kind, EventKind::Decision { text } if text.contains(words)))
}

#[test]
fn what_a_rule_allows_gets_through_and_its_answers_with_it() {
    let (outcome, run) = connects(policy(Action::Drop), 443, false);
    assert_eq!(outcome, Ok(()));
    assert!(said(&run, "rule 1 (allow tcp from 10.0.1.0/24 port 443): allowed"));
    assert!(said(&run, "the answer to what was let through: allowed"));
    let curve = run.series.iter().find(|it| it.name == "fw tracked flows").expect("the memory is recorded");
    assert_eq!(curve.points.iter().map(|it| it.1).max(), Some(1));
}

#[test]
fn without_a_memory_the_answers_need_rules_of_their_own() {
    let forgetful = Firewall { stateful: false, ..policy(Action::Drop) };
    assert_eq!(connects(forgetful, 443, false).0, Err(ErrorKind::TimedOut));
}

#[test]
fn a_drop_is_silence_and_a_reject_is_an_answer() {
    assert_eq!(connects(policy(Action::Drop), 80, false).0, Err(ErrorKind::TimedOut));
    let (outcome, run) = connects(policy(Action::Reject), 80, false);
    assert_eq!(outcome, Err(ErrorKind::ConnectionRefused));
    assert!(run.end.0 < 10_000_000_000, "at once: {}", run.end);
    let (outcome, _) = connects(policy(Action::Drop), 443, true);
    assert_eq!(outcome, Err(ErrorKind::TimedOut), "what begins on the other side is no answer");
}

// RFC 1812 §5.2.7.1: code 13
#[test]
fn a_rejected_datagram_comes_back_as_prohibited() {
    let (mut lab, client, _) = between(policy(Action::Reject));
    let outcome = lab.run(async move {
        let socket = client.bind(([0, 0, 0, 0], 0).into()).await.expect("free");
        socket.send_to(b"hello", ([10, 0, 2, 2], 53).into()).await.expect("out");
        let heard = socket.receive(&mut [0; 16]).await.map_err(|it| it.kind());
        (heard, client.ping([10, 0, 2, 2], Duration::from_secs(1)).await.is_ok())
    });
    assert_eq!(outcome, Ok((Err(ErrorKind::HostUnreachable), true)));
    let run = lab.finish(Run::default());
    assert!(run.packets.iter().any(|it| it.bytes.get(34..36) == Some(&[3, 13])), "type 3, code 13");
}

#[test]
fn an_error_about_what_was_let_through_passes() {
    let udp = Firewall { rules: vec![Rule::new(Action::Allow).udp(9)], otherwise: Action::Drop, stateful: true };
    let (mut lab, client, _) = between(udp);
    let outcome = lab.run(async move {
        let socket = client.bind(([0, 0, 0, 0], 0).into()).await.expect("free");
        socket.send_to(b"anybody?", ([10, 0, 2, 2], 9).into()).await.expect("out");
        socket.receive(&mut [0; 16]).await.map_err(|it| it.kind())
    });
    assert_eq!(outcome, Ok(Err(ErrorKind::ConnectionRefused)));
    assert!(said(&lab.finish(Run::default()), "an ICMP error about a flow that was let through"));
}

#[test]
fn a_packet_in_pieces_is_judged_by_its_first() {
    for (rule, passes) in [(Rule::new(Action::Allow).icmp(), true), (Rule::new(Action::Allow).tcp(443), false)] {
        let mut lab = Lab::new(5, &[]);
        let firewall = Firewall { rules: vec![rule], otherwise: Action::Drop, stateful: true };
        let client = lab.host("client").address("10.0.1.2/24").gateway("10.0.1.1");
        let client = client.address("2001:db8:1::2/64").gateway("2001:db8:1::1").add();
        let fw = lab.router("fw").interface("10.0.1.1/24").address("2001:db8:1::1/64").interface("10.0.2.1/24");
        let fw = fw.address("2001:db8:2::1/64").firewall(firewall).add();
        let server = lab.host("server").address("10.0.2.2/24").gateway("10.0.2.1");
        let server = server.address("2001:db8:2::2/64").gateway("2001:db8:2::1").add();
        lab.link(client, fw, LinkOptions::default());
        lab.link(fw, server, LinkOptions::default());
        lab.introduce_everybody();
        let net = lab.net(client);
        let answered = lab.run(async move {
            let mut answered = Vec::new();
            for to in ["10.0.2.2", "2001:db8:2::2"] {
                let to: std::net::IpAddr = to.parse().expect("an address");
                answered.push(net.ping_with(to, 3000, Duration::from_secs(1)).await.is_ok());
            }
            answered
        });
        assert_eq!(answered, Ok(vec![passes; 2]));
    }
}
