//! Both ends of QUIC in the lab and on loopback: round trips to the nanosecond, bytes that repeat, and what is refused.
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::*;
use crate::lab::{LabNet, LinkOptions, Loss};
use crate::net::Net;
use crate::net::host::HostNet;
use crate::recording::{Recording, Time};
use crate::services::tests::stand::{Pair, between};
use crate::services::tls::{Authority, Ground};

const NAME: &str = "server.example";
const ECHO: &[u8] = b"echo";
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// What a test's script gets.
struct Stand<N> {
    client: N,
    server: N,
    at: SocketAddr,
    ground: Ground,
    authority: Authority,
}

/// Two hosts with a round trip of 80 ms.
fn stand<T>(seed: u64, link: LinkOptions, script: impl AsyncFnOnce(Stand<LabNet>) -> T) -> (T, Recording) {
    between(seed, link, async |it| {
        let Pair { client, server, ground, authority } = it;
        let at = SocketAddr::from(([10, 0, 0, 2], 443));
        script(Stand { client, server, at, ground, authority }).await
    })
}

impl<N: Net> Stand<N> {
    /// Echoes whatever comes on a stream; gives where.
    async fn serve(&self, options: &Options) -> SocketAddr {
        let identity = self.authority.issue(&[NAME]).expect("a certificate");
        let server = Server::open(&self.server, &self.ground, self.at, (identity, &[ECHO], true), options).await;
        let server = server.expect("ports are free");
        let (net, at) = (self.server.clone(), server.local().expect("it is open"));
        self.server.spawn(async move {
            while let Some(incoming) = server.accept().await {
                let own = net.clone();
                net.spawn(async move {
                    let Ok((connection, _)) = incoming.accept().expect("a client").into_0rtt() else { unreachable!() };
                    while let Ok((mut send, mut receive)) = connection.accept_bi().await {
                        own.spawn(async move {
                            let Ok(bytes) = receive.read_to_end(1 << 20).await else { return };
                            drop(send.write_all(&bytes).await);
                            drop(send.finish());
                        });
                    }
                });
            }
        });
        at
    }

    async fn client(&self, options: &Options) -> Client {
        let trusted = [self.authority.certificate()];
        let local = if self.at.ip().is_loopback() { SocketAddr::new(self.at.ip(), 0) } else { ANY };
        let opened = Client::open(&self.client, &self.ground, local, (&trusted, &[ECHO]), options).await;
        opened.expect("ports are free")
    }

    /// Why the client does not get a connection.
    async fn refusal(&self, name: &str) -> String {
        self.client(&Options::default()).await.connect(self.at, name).await.expect_err("it is refused").to_string()
    }
}

/// Sends a text on a new stream and reads it back.
async fn echo(connection: &Connection, text: &[u8]) -> Vec<u8> {
    let (mut send, mut receive) = connection.open_bi().await.expect("a stream");
    send.write_all(text).await.expect("it takes it");
    send.finish().expect("it is open");
    receive.read_to_end(1 << 20).await.expect("it comes back")
}

/// A connection, an echo on it, another; then a second connection with early data. The times since the beginning of each.
async fn exchange(stand: Stand<LabNet>) -> [Duration; 5] {
    stand.serve(&Options::default()).await;
    let client = stand.client(&Options::default()).await;
    let now = || stand.client.now();
    let connection = client.connect(stand.at, NAME).await.expect("it is good");
    let shaken = now() - Time::ZERO;
    assert_eq!(echo(&connection, b"hello").await, b"hello");
    let first = now() - Time::ZERO;
    echo(&connection, b"again").await;
    let second = (now() - Time::ZERO) - first;
    connection.close(0_u32.into(), b"");
    client.closed().await;
    let begun = now();
    let Opening::Early(connection, accepted) = client.connect_early(stand.at, NAME).expect("it begins") else {
        panic!("the first connection left a ticket")
    };
    let ready = now() - begun;
    assert_eq!(echo(&connection, b"early").await, b"early");
    let early = now() - begun;
    assert!(accepted.await, "the server takes early data");
    [shaken, first, second, ready, early]
}

#[test]
fn round_trips_come_out_to_the_nanosecond() {
    let (times, _) = stand(1, LinkOptions::default(), exchange);
    // Handshake 1 RTT, first answer 2, next 1; with a ticket keys at once and the answer after 1.
    assert_eq!(times, [80, 160, 80, 0, 80].map(Duration::from_millis));
}

fn frames(recording: Recording) -> Vec<(Time, Vec<u8>)> {
    recording.packets.into_iter().map(|it| (it.at, it.bytes)).collect()
}

#[test]
fn the_seed_decides_every_byte() {
    for link in [LinkOptions::default(), LinkOptions::default().loss(Loss::random(100_000)).rate(2_000_000)] {
        let run = |seed| frames(stand(seed, link.clone(), exchange).1);
        let (one, again, other) = (run(7), run(7), run(8));
        assert!(one == again, "two runs of one seed differ");
        assert_ne!(one, other);
    }
}

#[test]
fn worlds_beside_each_other_do_not_draw_from_each_other() {
    let alone = frames(stand(1, LinkOptions::default(), exchange).1);
    let inner = std::cell::Cell::new(false);
    let beside = stand(1, LinkOptions::default(), async |it| {
        let times = exchange(it).await;
        inner.set(stand(2, LinkOptions::default(), exchange).0 == times);
    });
    assert!(inner.get());
    assert_eq!(frames(beside.1), alone);
}

#[test]
fn a_megabyte_crosses_a_link_that_loses_and_reorders() {
    let link = LinkOptions::default().loss(Loss::random(20_000)).rate(10_000_000).queue(64_000);
    let (same, recording) = stand(3, link.reorder(20_000, Duration::from_millis(5)), async |it| {
        it.serve(&Options::default()).await;
        let client = it.client(&Options::default()).await;
        let connection = client.connect(it.at, NAME).await.expect("it is good");
        let sent: Vec<u8> = (0..1_000_000_u32).map(|it| (it % 251) as u8).collect();
        echo(&connection, &sent).await == sent
    });
    assert!(same);
    assert!(recording.packets.iter().any(|it| it.arrived.is_none()), "something was lost");
    // RFC 9000 §14.1: 1200 bytes of UDP payload, and headers of 42.
    assert_eq!(recording.packets.iter().map(|it| it.bytes.len()).max(), Some(1242));
}

#[test]
fn a_connection_outlives_its_clients_address() {
    let (texts, recording) = stand(1, LinkOptions::default(), async |it| {
        it.serve(&Options::default()).await;
        let client = it.client(&Options::default()).await;
        let connection = client.connect(it.at, NAME).await.expect("it is good");
        let before = echo(&connection, b"before").await;
        let [old, new] = [[10, 0, 0, 1], [10, 0, 0, 9]].map(std::net::IpAddr::from);
        it.client.add_address(new, 24, false);
        it.client.remove_address(old);
        client.rebind(&it.client, ANY).await.expect("a port is free");
        [before, echo(&connection, b"after").await]
    });
    assert_eq!(texts, [b"before".to_vec(), b"after".to_vec()]);
    assert!(recording.packets.iter().any(|it| it.summary.contains("10.0.0.9")), "it goes on from the new address");
}

#[test]
fn what_is_wrong_is_named_and_nobody_waits_for_ever() {
    let wrong = stand(1, LinkOptions::default(), async |it| {
        it.serve(&Options::default()).await;
        [it.refusal("other.example").await, it.refusal("not a name").await]
    });
    assert!(wrong.0[0].contains("certificate"), "{:?}", wrong.0);
    assert_eq!(wrong.0[1], "`not a name` is no name of a server");
    let (said, after) = stand(1, LinkOptions::default().loss_there(Loss::random(1_000_000)), async |it| {
        (it.refusal(NAME).await, it.client.now())
    })
    .0;
    assert_eq!(said, "nothing came back, or nothing for too long: UDP may be blocked on the way");
    assert_eq!(after.0 / 1_000_000_000, 30);
}

#[test]
fn garbage_is_not_answered_and_stops_nobody() {
    let (answer, _) = stand(1, LinkOptions::default(), async |it| {
        it.serve(&Options::default()).await;
        let socket = it.client.open_datagrams(ANY).expect("a port is free");
        for garbage in [&[][..], &[0], &[0xff; 1200], &[0xc0, 0, 0, 0, 1, 255], &[0x40; 30]] {
            socket.send_to(garbage, it.at).await.expect("it goes out");
        }
        let client = it.client(&Options::default()).await;
        let connection = client.connect(it.at, NAME).await.expect("it is good");
        echo(&connection, b"hello").await
    });
    assert_eq!(answer, b"hello");
}

#[test]
fn a_log_of_the_run_is_one_document_and_repeats() {
    let log = || {
        stand(1, LinkOptions::default(), async |it| {
            it.serve(&Options::default()).await;
            let qlog = Qlog::new("a test");
            let client = it.client(&Options { qlog: Some(qlog.clone()), ..Options::default() }).await;
            let connection = client.connect(it.at, NAME).await.expect("it is good");
            echo(&connection, b"hello").await;
            qlog.text()
        })
        .0
    };
    let text = log();
    assert_eq!(text, log());
    let document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let events = document["traces"][0]["events"].as_array().expect("a list").clone();
    let sent = |it: &serde_json::Value| it["name"] == "transport:packet_sent";
    assert_eq!(events.iter().find(|it| sent(it)).expect("something was sent")["time"], 0.0);
    assert!(events.len() > 10, "{text}");
}

#[test]
fn the_same_ends_meet_on_this_machine() {
    let run = HostNet::run(|net| async move {
        let ground = Ground::system();
        let authority = Authority::new(&ground, "a test").expect("it is made");
        let at = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut stand = Stand { client: net, server: net, at, ground, authority };
        stand.at = stand.serve(&Options::default()).await;
        let client = stand.client(&Options::default()).await;
        let meeting = async {
            let connection = client.connect(stand.at, NAME).await.expect("it is good");
            let echoed = echo(&connection, &[7; 100_000]).await;
            connection.close(0_u32.into(), b"");
            client.closed().await;
            echoed
        };
        tokio::time::timeout(Duration::from_secs(10), meeting).await.expect("it takes no 10 seconds")
    });
    assert_eq!(run.expect("an event queue"), [7; 100_000]);
}
