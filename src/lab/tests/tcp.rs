//! TCP between two hosts: timings to the nanosecond, the ends of connections, errors as a host's.
use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Pair, at, diary, finish, ms, pair, story, strangers, us};
use crate::lab::{LabNet, LinkOptions};
use crate::net::Net as _;
use crate::recording::Time;

const SERVER: &str = "10.0.0.2:80";

/// Answers every byte it reads on every connection, until its peer is done.
fn serve_echo(net: &LabNet, address: SocketAddr) {
    let server = net.clone();
    net.spawn(async move {
        let listener = server.listen(address).await.expect("a free port");
        while let Ok((mut stream, _)) = listener.accept().await {
            server.spawn(async move {
                let (mut reader, mut writer) = tokio::io::split(&mut stream);
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
                let _ = writer.shutdown().await;
            });
        }
    });
}

#[test]
fn a_handshake_takes_one_round_trip_to_the_nanosecond() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(ms(40)));
    serve_echo(&server, at(SERVER));
    let times = lab.run(async move {
        let net = client;
        let mut stream = net.connect(at(SERVER)).await.expect("it listens");
        let connected = net.now();
        stream.write_all(b"hello").await.expect("it is open");
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.expect("an echo");
        (connected, net.now(), answer)
    });
    assert_eq!(times, Ok((Time(80_000_000), Time(160_000_000), *b"hello")));
}

#[test]
fn one_echo_is_told_packet_by_packet_and_call_by_call() {
    let Pair { mut lab, client, server } = strangers(LinkOptions::default().delay(ms(10)));
    serve_echo(&server, at(SERVER));
    lab.run(async move {
        let mut stream = client.connect(at(SERVER)).await.expect("it listens");
        stream.write_all(b"hello").await.expect("it is open");
        stream.shutdown().await.expect("it is open");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an echo, then the end");
        client.note("done");
    })
    .expect("it ends");
    let recording = finish(lab);
    insta::assert_snapshot!("echo_packets", story(&recording));
    insta::assert_snapshot!("echo_client", diary(&recording, "client"));
    insta::assert_snapshot!("echo_server", diary(&recording, "server"));
}

#[test]
fn a_rate_adds_exactly_the_bits() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(us(1300)).rate(10_000_000));
    serve_echo(&server, at(SERVER));
    let connected = lab.run(async move {
        client.connect(at(SERVER)).await.expect("it listens");
        client.now()
    });
    let recording = finish(lab);
    let bytes: usize = recording.packets.iter().take(2).map(|it| it.bytes.len()).sum();
    assert_eq!(connected, Ok(Time(2 * 1_300_000 + bytes as u64 * 800)));
}

#[test]
fn a_closed_port_refuses_after_a_round_trip_and_a_silent_host_times_out() {
    let Pair { mut lab, client, server: _ } = pair(LinkOptions::default().delay(ms(5)));
    let refused =
        lab.run(async move { (client.connect(at("10.0.0.2:81")).await.err().map(|it| it.kind()), client.now()) });
    assert_eq!(refused, Ok((Some(ErrorKind::ConnectionRefused), Time(10_000_000))));
    insta::assert_snapshot!(story(&finish(lab)));

    let Pair { mut lab, client, server: _ } =
        pair(LinkOptions::default().delay(ms(5)).loss_there(crate::lab::Loss::random(1_000_000)));
    let outcome = lab.run(async move { (client.connect(at(SERVER)).await.err().map(|it| it.kind()), client.now()) });
    assert_eq!(outcome, Ok((Some(ErrorKind::TimedOut), Time(131_000_000_000))));
    insta::assert_snapshot!(story(&finish(lab)));
}
