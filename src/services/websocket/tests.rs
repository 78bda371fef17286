//! Both ends in the lab: opening, messages, ends; and clients and servers that keep no rule.
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::Net;
use crate::services::http::Request;
use crate::services::tls::{self, Authority, Ground, HTTP_1_1};
use crate::services::within;

const NAME: &str = "chat.example";

/// Two hosts 40 ms apart, one way.
fn stand<T>(script: impl AsyncFnOnce(LabNet, LabNet, SocketAddr) -> T) -> T {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.0.1/24").add();
    let server = lab.host("server").address("10.0.0.2/24").add();
    lab.link(client, server, LinkOptions::default().delay(Duration::from_millis(40)));
    lab.introduce_everybody();
    let nets = (lab.net(client), lab.net(server));
    let at = SocketAddr::from(([10, 0, 0, 2], 80));
    lab.run(async move { script(nets.0, nets.1, at).await }).expect("it ends")
}

fn opening() -> Opening {
    Opening { host: NAME.to_owned(), path: "/chat".to_owned(), ..Opening::default() }
}

async fn opened(net: &LabNet, at: SocketAddr) -> Result<Socket<<LabNet as Net>::Stream>, WebSocketError> {
    connect(net.connect(at).await?, &opening(), Masks::seeded(7), Options::default()).await
}

#[test]
fn the_proof_is_that_of_rfc_6455() {
    // RFC 6455 §1.3.
    assert_eq!(accepted("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn messages_go_both_ways_in_a_round_trip_each_and_both_ends_close() {
    let times = stand(async |client, server, at| {
        let listener = server.listen(at).await.expect("free");
        server.spawn({
            let net = server.clone();
            async move { drop(serve_echo(net, listener, None, Options::default()).await) }
        });
        let mut socket = opened(&client, at).await.expect("it opens");
        let open = client.now();
        for message in [Message::Text("hällo".to_owned()), Message::Binary(vec![7; 70_000])] {
            socket.send(&message).await.expect("sent");
            assert_eq!(socket.receive().await.expect("it comes back"), message);
        }
        socket.ping(b"there?").await.expect("sent");
        let before = client.now();
        let closed = socket.close(1000, "done").await.expect("the server answers");
        assert_eq!((closed.code, socket.pongs()), (Some(1000), 1));
        [open.0, (client.now() - before).as_nanos() as u64].map(|it| it / 1_000_000)
    });
    assert_eq!(times, [160, 80], "TCP and the handshake are 2 round trips, closing is 1");
}

#[test]
fn it_is_the_same_over_tls() {
    let echoed = stand(async |client, server, at| {
        let ground = Ground::lab(&client, 1);
        let authority = Authority::new(&ground, "the lab's authority").expect("it is made");
        let identity = authority.issue(&[NAME]).expect("made");
        let served = tls::Server::new(&ground, identity, &[HTTP_1_1]).expect("made");
        let trusted = tls::Client::new(&ground, &[authority.certificate()], &[HTTP_1_1]).expect("made");
        let listener = server.listen(at).await.expect("free");
        let own = server.clone();
        server.spawn(async move { drop(serve_echo(own, listener, Some(served), Options::default()).await) });
        let stream = client.connect(at).await.expect("connected");
        let stream = trusted.connect(&client, stream, NAME).await.expect("it is good");
        let options = Options { fragment: 3, ..Options::default() };
        let mut socket = connect(stream, &opening(), Masks::seeded(7), options).await.expect("it opens");
        socket.put(&Message::Text("in four frames".to_owned()));
        socket.put(&Message::Text(String::new()));
        let all = [socket.receive().await.expect("echoed"), socket.receive().await.expect("echoed")];
        socket.close(1000, "").await.expect("answered");
        all
    });
    assert_eq!(echoed, [Message::Text("in four frames".to_owned()), Message::Text(String::new())]);
}

/// What a server of ours answers to bytes, to the end.
fn answer_to(bytes: &'static [u8]) -> String {
    stand(async |client, server, at| {
        let listener = server.listen(at).await.expect("free");
        let own = server.clone();
        let options = Options { limit: 1000, ..Options::default() };
        server.spawn(async move { drop(serve_echo(own, listener, None, options).await) });
        let mut stream = client.connect(at).await.expect("connected");
        stream.write_all(bytes).await.expect("sent");
        let mut all = Vec::new();
        within(&client, Duration::from_secs(60), stream.read_to_end(&mut all))
            .await
            .expect("it ends")
            .expect("in order");
        String::from_utf8_lossy(&all).into_owned()
    })
}

const ASKED: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n";

#[test]
fn a_client_that_asks_for_something_else_is_told_what() {
    assert!(answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 426 "));
    let old = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let told = answer_to(old);
    assert!(told.starts_with("HTTP/1.1 426 ") && told.contains("sec-websocket-version: 13"), "{told}");
    let short = format!("{ASKED}Sec-WebSocket-Key: YWJj\r\n\r\n").leak();
    assert!(answer_to(short.as_bytes()).starts_with("HTTP/1.1 400 "));
    assert!(answer_to(b"\x16\x03\x01").starts_with("HTTP/1.1 400 "), "no HTTP");
}

#[test]
fn a_client_that_breaks_a_rule_is_told_by_a_close_frame() {
    for (frames, code) in [
        // Not masked; 2^62 bytes announced; not UTF-8.
        (&b"\x81\x01a"[..], 1002_u16),
        (b"\x82\xff\x40\0\0\0\0\0\0\0\0\0\0\0", 1009),
        (b"\x81\x81\0\0\0\0\xff", 1007),
        (b"\x88\x82\0\0\0\0\x0b\xb8", 3000),
    ] {
        let mut bytes = format!("{ASKED}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").into_bytes();
        bytes.extend(frames);
        let answer = stand(async |client, server, at| {
            let listener = server.listen(at).await.expect("free");
            let own = server.clone();
            server.spawn(async move {
                drop(serve_echo(own, listener, None, Options { limit: 1000, ..Options::default() }).await)
            });
            let mut stream = client.connect(at).await.expect("connected");
            stream.write_all(&bytes).await.expect("sent");
            let mut all = Vec::new();
            within(&client, Duration::from_secs(60), stream.read_to_end(&mut all))
                .await
                .expect("it ends")
                .expect("read");
            all
        });
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("a head") + 4;
        assert_eq!((answer[end], &answer[end + 2..end + 4]), (0x88, &code.to_be_bytes()[..]), "{frames:x?}");
    }
}

#[test]
fn a_server_that_proves_nothing_is_not_believed() {
    for (answer, word) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..], "answered 200"),
        (b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "another protocol"),
        (
            b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
            "does not answer the key",
        ),
        (b"\0\0\0", "no HTTP"),
        (b"", "no HTTP"),
    ] {
        let error = stand(async |client, server, at| {
            let listener = server.listen(at).await.expect("free");
            server.spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut head = [0; 1000];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer).await;
            });
            within(&client, Duration::from_secs(60), opened(&client, at))
                .await
                .expect("no hang")
                .expect_err("no WebSocket")
        });
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

#[test]
fn the_origin_is_the_servers_to_judge() {
    let outcome = stand(async |client, server, at| {
        let listener = server.listen(at).await.expect("free");
        server.spawn(async move {
            let (stream, _) = listener.accept().await.expect("a client");
            let own = |request: &Request| match request.header("origin").as_str() {
                "https://chat.example" => Ok(()),
                _ => Err(hyper::StatusCode::FORBIDDEN),
            };
            assert!(accept(stream, Options::default(), own).await.is_err());
        });
        opened(&client, at).await.expect_err("refused").to_string()
    });
    assert!(outcome.contains("403"), "{outcome}");
}

#[test]
fn who_sends_pings_and_reads_no_pongs_is_no_longer_read() {
    let moved = stand(async |client, server, at| {
        let listener = server.listen(at).await.expect("free");
        let own = server.clone();
        server.spawn(async move { drop(serve_echo(own, listener, None, Options::default()).await) });
        let mut stream = client.connect(at).await.expect("connected");
        let asked = format!("{ASKED}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.expect("sent");
        let ping = [&b"\x89\xfd\0\0\0\0"[..], &[b'x'; 125]].concat().repeat(100);
        let mut moved = 0;
        while let Some(Ok(())) = within(&client, Duration::from_secs(5), stream.write_all(&ping)).await {
            moved += ping.len();
            assert!(moved < 30 << 20, "it takes pings without end");
        }
        moved
    });
    assert!(moved > 0);
}
