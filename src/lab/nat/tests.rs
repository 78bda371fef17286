//! A NAT between two hosts: who gets in, what is translated, and when it forgets.
use std::cell::Cell;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::Net as _;
use crate::recording::{EventKind, Recording, Run};
use crate::wire;

const SERVER: &str = "198.51.100.2:80";

/// `client` (10.0.0.2) ── `nat` (10.0.0.1, 198.51.100.1) ── `server` (198.51.100.2)
fn behind(options: NatOptions) -> (Lab, LabNet, LabNet) {
    let mut lab = Lab::new(5, &[]);
    let client = lab.host("client").at(0, 0).address("10.0.0.2/24").gateway("10.0.0.1").add();
    let nat = lab.router("nat").at(1, 0).interface("10.0.0.1/24").interface("198.51.100.1/24");
    let nat = nat.nat(1, options).add();
    let server = lab.host("server").at(2, 0).address("198.51.100.2/24").add();
    lab.link(client, nat, LinkOptions::default().delay(Duration::from_millis(1)));
    lab.link(nat, server, LinkOptions::default().delay(Duration::from_millis(4)));
    lab.introduce_everybody();
    let (client, server) = (lab.net(client), lab.net(server));
    (lab, client, server)
}

fn done(lab: Lab) -> Recording {
    let recording = lab.finish(Run::default());
    for packet in &recording.packets {
        let decoded = wire::decode(&packet.bytes);
        assert!(decoded.problems.is_empty(), "packet {}: {:?}", packet.n, decoded.problems);
    }
    recording
}

fn decisions(recording: &Recording) -> Vec<String> {
    let text = |kind: &EventKind| match kind {
        EventKind::Decision { text } => text.strip_prefix("NAT: ").map(ToOwned::to_owned),
        _ => None,
    };
    recording.events.iter().filter_map(|it| text(&it.kind)).collect()
}

/// Says hello, is silent for a while, and says it again: what the second one came to, and how long it took.
fn hello_again(options: NatOptions, silence: Duration) -> (Result<usize, ErrorKind>, Recording) {
    let (mut lab, client, server) = behind(options);
    let outcome = lab.run(async move {
        let listener = server.listen(SERVER.parse().expect("an address")).await.expect("free");
        server.spawn(async move {
            let Ok((mut stream, peer)) = listener.accept().await else { return };
            assert_eq!(peer.ip(), Ipv4Addr::new(198, 51, 100, 1), "the server sees the NAT");
            let mut buffer = [0; 64];
            while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..bytes]).await.is_err() {
                    return;
                }
            }
        });
        let mut stream = client.connect(SERVER.parse().expect("an address")).await.expect("through the NAT");
        let mut buffer = [0; 64];
        stream.write_all(b"hello").await.expect("open");
        assert_eq!(stream.read(&mut buffer).await.ok(), Some(5));
        client.sleep(silence).await;
        stream.write_all(b"hello").await.map_err(|it| it.kind())?;
        let outcome = Rc::new(Cell::new(Err(ErrorKind::TimedOut)));
        let told = Rc::clone(&outcome);
        client.spawn(async move { told.set(stream.read(&mut buffer).await.map_err(|it| it.kind())) });
        client.sleep(Duration::from_secs(30)).await;
        outcome.get()
    });
    (outcome.expect("it ends"), done(lab))
}

fn forgetful(forgotten: Forgotten) -> NatOptions {
    NatOptions { tcp_established: Duration::from_secs(60), forgotten, ..NatOptions::default() }
}

#[test]
fn a_connection_goes_through_with_right_checksums_and_another_source() {
    let (again, recording) = hello_again(NatOptions::default(), Duration::from_secs(1));
    assert_eq!(again, Ok(5));
    let told = decisions(&recording);
    assert!(told[0].starts_with("TCP 10.0.0.2:") && told[0].contains(" is 198.51.100.1:"), "{told:?}");
    let outside = recording.link_name(1).to_owned();
    assert_eq!(outside, "nat-server");
    let inside_address =
        |it: &&crate::recording::Packet| it.link == 1 && it.bytes.windows(4).any(|w| w == [10, 0, 0, 2]);
    assert_eq!(recording.packets.iter().find(inside_address), None, "no inside address is seen outside");
}

#[test]
fn a_silent_connection_is_forgotten_and_its_packets_vanish() {
    let (again, recording) = hello_again(forgetful(Forgotten::Drop), Duration::from_secs(61));
    assert_eq!(again, Err(ErrorKind::TimedOut));
    let told = decisions(&recording);
    assert!(
        told.iter().any(|it| it.starts_with("forgets TCP 10.0.0.2:") && it.ends_with("silent for 60 s")),
        "{told:?}"
    );
    assert!(told.iter().any(|it| it.starts_with("no mapping for 10.0.0.2:") && it.ends_with(": dropped")), "{told:?}");
}

#[test]
fn or_its_sender_gets_a_reset() {
    let (again, _) = hello_again(forgetful(Forgotten::Reset), Duration::from_secs(61));
    assert_eq!(again, Err(ErrorKind::ConnectionReset));
    let (again, _) = hello_again(forgetful(Forgotten::Reset), Duration::from_secs(59));
    assert_eq!(again, Ok(5), "each packet begins the time anew");
}

#[test]
fn nobody_gets_in_who_was_not_spoken_to() {
    let (mut lab, client, server) = behind(NatOptions::default());
    let outcome = lab.run(async move {
        let inside = client.bind("0.0.0.0:5000".parse().expect("an address")).await.expect("free");
        let friend = server.bind("0.0.0.0:7000".parse().expect("an address")).await.expect("free");
        let stranger = server.bind("0.0.0.0:7001".parse().expect("an address")).await.expect("free");
        inside.send_to(b"hi", "198.51.100.2:7000".parse().expect("an address")).await.expect("out");
        let mut buffer = [0; 16];
        let (_, seen) = friend.receive(&mut buffer).await.expect("it came");
        stranger.send_to(b"let me in", seen).await.expect("sent");
        friend.send_to(b"ho", seen).await.expect("sent");
        let (bytes, from) = inside.receive(&mut buffer).await.expect("the friend's answer");
        (seen.to_string(), buffer[..bytes].to_vec(), from.port())
    });
    assert_eq!(outcome, Ok(("198.51.100.1:5000".to_owned(), b"ho".to_vec(), 7000)));
    let told = decisions(&done(lab));
    assert!(
        told.iter().any(|it| it == "no mapping lets 198.51.100.2:7001 in to 198.51.100.1:5000: dropped"),
        "{told:?}"
    );
}

#[test]
fn ping_goes_through_and_the_router_answers_its_own() {
    let (mut lab, client, server) = behind(NatOptions::default());
    let times = lab.run(async move {
        let patience = Duration::from_secs(1);
        let through = client.ping(Ipv4Addr::new(198, 51, 100, 2), patience).await.ok();
        (through, server.ping(Ipv4Addr::new(198, 51, 100, 1), patience).await.ok())
    });
    assert_eq!(times, Ok((Some(Duration::from_millis(10)), Some(Duration::from_millis(8)))));
    done(lab);
}

#[test]
fn an_error_from_outside_reaches_the_program_it_is_about() {
    let (mut lab, client, _) = behind(NatOptions::default());
    let outcome = lab.run(async move {
        let socket = client.bind("0.0.0.0:0".parse().expect("an address")).await.expect("free");
        socket.send_to(b"anybody?", "198.51.100.2:9".parse().expect("an address")).await.expect("out");
        socket.receive(&mut [0; 16]).await.map_err(|it| it.kind())
    });
    assert_eq!(outcome, Ok(Err(ErrorKind::ConnectionRefused)));
    // Quotes and checksums inside the ICMP error are right on both sides of the NAT.
    done(lab);
}

#[test]
fn every_packet_cut_anywhere_is_read_without_a_panic() {
    let (_, recording) = hello_again(NatOptions::default(), Duration::from_secs(1));
    let mut nat = Nat::new(1, Ipv4Addr::new(198, 51, 100, 1), NatOptions::default());
    for packet in &recording.packets {
        for length in 14..packet.bytes.len() {
            let mut cut = packet.bytes[14..length].to_vec();
            nat.outbound(Time::ZERO, &mut cut.clone(), &mut Output::default());
            nat.inbound(Time::ZERO, &mut cut);
        }
    }
}
