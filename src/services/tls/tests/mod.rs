//! Both ends of TLS in the lab: round trips, bytes that repeat, and what is refused.
mod options;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::lab::{LabNet, LinkOptions};
use crate::net::Net;
use crate::recording::Recording;
use crate::services::tests::stand::{Pair, between};

const NAME: &str = "server.example";
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// What a test's script gets.
struct Stand {
    client: LabNet,
    server: LabNet,
    at: SocketAddr,
    ground: Ground,
    authority: Authority,
}

/// Two hosts with a round trip of 80 ms.
fn stand<T>(seed: u64, script: impl AsyncFnOnce(Stand) -> T) -> (T, Recording) {
    between(seed, LinkOptions::default(), async |it| {
        let Pair { client, server, ground, authority } = it;
        let at = SocketAddr::from(([10, 0, 0, 2], 853));
        script(Stand { client, server, at, ground, authority }).await
    })
}

impl Stand {
    /// Echoes on every connection, as this identity.
    async fn serve(&self, identity: Identity) {
        self.serve_as(Server::new(&self.ground, identity, &[H2, HTTP_1_1]).expect("key and certificate fit")).await;
    }

    async fn serve_as(&self, tls: Server) {
        let listener = self.server.listen(self.at).await.expect("ports are free");
        let net = self.server.clone();
        self.server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (own, tls) = (net.clone(), tls.clone());
                net.spawn(async move {
                    let Ok(mut stream) = tls.accept(&own, stream).await else { return };
                    let mut buffer = [0; 100];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        drop(stream.write_all(&buffer[..length]).await);
                        drop(stream.flush().await);
                    }
                });
            }
        });
    }

    async fn connect(&self, name: &str) -> Result<Tls<<LabNet as Net>::Stream>, TlsError> {
        let tls = Client::new(&self.ground, &[self.authority.certificate()], &[H2])?;
        let stream = self.client.connect(self.at).await?;
        tls.connect(&self.client, stream, name).await
    }

    /// Why the client does not want this identity.
    async fn refusal(&self, identity: Identity) -> String {
        self.serve(identity).await;
        self.connect(NAME).await.err().expect("it is refused").to_string()
    }
}

async fn exchange(stand: Stand) -> (Vec<u64>, Agreed, String) {
    stand.serve(stand.authority.issue(&[NAME]).expect("a certificate")).await;
    let mut stream = stand.connect(NAME).await.expect("it is good");
    let mut times = vec![stand.client.now().0 / 1_000_000];
    stream.write_all(b"hello").await.expect("it takes it");
    let mut buffer = [0; 5];
    stream.read_exact(&mut buffer).await.expect("it echoes");
    assert_eq!(&buffer, b"hello");
    times.push(stand.client.now().0 / 1_000_000);
    let agreed = stream.agreed();
    stream.shutdown().await.expect("it closes");
    (times, agreed, stand.ground.keys().expect("they are kept").text())
}

#[test]
fn the_handshake_takes_a_round_trip_after_that_of_tcp() {
    let ((times, agreed, keys), _) = stand(1, exchange);
    assert_eq!(times, [160, 240]);
    assert_eq!((agreed.version.as_str(), agreed.group.as_str(), agreed.protocol.as_str()), ("TLS 1.3", "X25519", "h2"));
    assert!(!agreed.resumed && agreed.suite.starts_with("TLS_AES_"), "{agreed:?}");
    for label in ["CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_TRAFFIC_SECRET_0 "] {
        assert_eq!(keys.lines().filter(|it| it.starts_with(label)).count(), 1, "{keys}");
    }
}

#[test]
fn the_seed_decides_every_byte() {
    let run = |seed| stand(seed, exchange);
    let ((_, _, keys), first) = run(7);
    let ((_, _, same), again) = run(7);
    assert_eq!((keys, first), (same, again));
    let frames = |it: Recording| it.packets.into_iter().map(|it| (it.at, it.bytes)).collect::<Vec<_>>();
    let (one, other) = (frames(run(7).1), frames(run(8).1));
    let sizes =
        |it: &[(crate::recording::Time, Vec<u8>)]| it.iter().map(|(at, it)| (*at, it.len())).collect::<Vec<_>>();
    assert_eq!(sizes(&one), sizes(&other), "times and lengths do not hang on chance");
    assert_ne!(one, other);
}

#[test]
fn worlds_beside_each_other_do_not_draw_from_each_other() {
    let (alone, _) = stand(1, exchange);
    let other = stand(2, async |it| it).0;
    assert_eq!(stand(1, exchange).0, alone);
    drop(other);
}

#[test]
fn a_certificate_that_proves_nothing_is_refused_with_the_reason() {
    let wrong_name = stand(1, async |it| it.refusal(it.authority.issue(&["other.example"]).expect("made")).await).0;
    assert_eq!(wrong_name, "the certificate is not good: it is for other.example, and server.example was asked");
    let stranger = stand(1, async |it| {
        let other = Authority::new(&it.ground, "somebody else").expect("made");
        it.refusal(other.issue(&[NAME]).expect("made")).await
    });
    assert_eq!(stranger.0, "the certificate is not good: its signer is nobody this client trusts");
    let early = stand(1, async |it| {
        let tomorrow = it.ground.now() + DAY;
        it.refusal(it.authority.issue_for(&[NAME], tomorrow, 90).expect("made")).await
    });
    assert_eq!(early.0, "the certificate is not good: it is not valid yet");
    let late = stand(1, async |it| {
        let yesterday = it.ground.now() - DAY + HOUR / 4;
        let identity = it.authority.issue_for(&[NAME], yesterday, 1).expect("made");
        it.client.sleep(HOUR / 2).await;
        it.refusal(identity).await
    });
    assert_eq!(late.0, "the certificate is not good: it has expired");
}

#[test]
fn what_speaks_no_tls_is_named_and_nobody_waits_for_ever() {
    let plain = stand(1, async |it| {
        let listener = it.server.listen(it.at).await.expect("ports are free");
        it.server.spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            drop(stream.write_all(b"220 mail.example ESMTP\r\n").await);
            drop(stream.read(&mut [0; 1000]).await);
        });
        it.connect(NAME).await.err().expect("no TLS").to_string()
    });
    assert!(plain.0.starts_with("the other end sends something else than TLS"), "{}", plain.0);
    let silent = stand(1, async |it| {
        let listener = it.server.listen(it.at).await.expect("ports are free");
        let accepted = it.server.clone();
        it.server.spawn(async move {
            let held = listener.accept().await;
            accepted.sleep(DAY).await;
            drop(held);
        });
        let why = it.connect(NAME).await.err().expect("no TLS").to_string();
        (why, it.client.now().0)
    });
    assert_eq!(silent.0, ("no TLS handshake within 10 s".to_owned(), 10_080_000_000));
    let closed = stand(1, async |it| {
        let listener = it.server.listen(it.at).await.expect("ports are free");
        it.server.spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            drop(stream.read(&mut [0; 1000]).await);
        });
        it.connect(NAME).await.err().expect("no TLS").to_string()
    });
    assert_eq!(closed.0, "the other end closed the connection in the middle of the TLS handshake");
    let unnamed = stand(1, async |it| {
        it.serve(it.authority.issue(&[NAME]).expect("made")).await;
        it.connect("no name\x1b[2J").await.err().expect("no name").to_string()
    });
    assert_eq!(unnamed.0, "`no name\\x1b[2J` is no name of a server");
}

#[test]
fn a_server_lives_through_clients_that_send_garbage_or_nothing() {
    let (outcome, _) = stand(1, async |it| {
        it.serve(it.authority.issue(&[NAME]).expect("made")).await;
        let silent = it.client.connect(it.at).await.expect("it listens");
        for garbage in [&b"GET / HTTP/1.0\r\n\r\n"[..], &[0x16, 3, 1, 0xff, 0xff, 1], &[0x16; 3000], &[0; 100]] {
            let mut stream = it.client.connect(it.at).await.expect("it listens");
            drop(stream.write_all(garbage).await);
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
            assert!(rest.len() < 100, "an alert at the most: {rest:?}");
        }
        it.client.sleep(PATIENCE * 2).await;
        let alive = it.connect(NAME).await.is_ok();
        drop(silent);
        alive
    });
    assert!(outcome);
}

#[test]
fn a_client_that_is_too_old_hears_why_whatever_it_sends_behind_its_hello() {
    let ((alert, end), _) = stand(1, async |it| {
        it.serve(it.authority.issue(&[NAME]).expect("made")).await;
        // TLS 1.1, one suite, no extensions.
        let head = [&[22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2][..], &[7; 32], &[0, 0, 2, 0, 0x2f, 1, 0]].concat();
        let mut stream = it.client.connect(it.at).await.expect("it listens");
        stream.write_all(&head).await.expect("it takes it");
        stream.write_all(&[0; 20_000]).await.expect("it takes it");
        it.client.sleep(Duration::from_secs(1)).await;
        let mut alert = Vec::new();
        let end = stream.read_to_end(&mut alert).await.map_err(|it| it.kind());
        (alert, end)
    });
    // RFC 8446 §6: fatal, protocol_version; then the end in order, and no RST before it was read.
    assert_eq!((alert, end), (vec![21, 3, 1, 0, 2, 2, 70], Ok(7)));
}

#[test]
fn who_asks_for_the_protocol_of_a_proof_is_shown_its_certificate_and_keys_must_fit() {
    let (shown, _) = stand(1, async |stand: Stand| {
        let ground = &stand.ground;
        let leaf = || Leaf::server(&[NAME]).expect("a name").acme_identifier(&[7; 32]);
        let proof = Identity::self_signed(ground, &leaf()).expect("made");
        let mut odd = Identity::self_signed(ground, &leaf()).expect("made");
        odd.chain.clone_from(&proof.chain);
        let usual = || Server::new(ground, stand.authority.issue(&[NAME]).expect("made"), &[H2]).expect("fits");
        assert!(usual().proving(ground, odd, b"acme-tls/1").is_err(), "a key of another certificate");
        stand.serve_as(usual().proving(ground, proof, b"acme-tls/1").expect("they fit")).await;
        assert!(stand.connect(NAME).await.is_ok(), "everybody else is shown the usual one");
        let stream = stand.client.connect(stand.at).await.expect("connected");
        shown_by(ground, &stand.client, stream, (NAME, b"acme-tls/1")).await.expect("it is shown")
    });
    let own = crate::services::x509::Certificate::read(&shown.0[0]).expect("a certificate");
    assert_eq!((own.acme_identifier, shown.1), (Some(vec![7; 32]), b"acme-tls/1".to_vec()));
}
