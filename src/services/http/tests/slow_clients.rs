//! Clients that are slow, and clients that have stopped: the first are waited for, the second are given up.
use std::future::{pending, ready};
use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::{LabNet, LinkOptions};
use crate::net::{Net, SocketOptions};
use crate::recording::Time;
use crate::services::http::{Client, Request, Response, ServerOptions, Version, push, serve_with};
use crate::services::tests::stand::{Pair, between};
use crate::services::tls::{self, H2};

const IDLE: Duration = Duration::from_secs(1);
/// At 100 kbit/s it takes longer than [`IDLE`], and the send buffer holds all of it.
const SIZE: usize = 60_000;

/// A server behind 100 kbit/s that gives a silent client up after [`IDLE`].
fn slow<T>(script: impl AsyncFnOnce(LabNet, SocketAddr) -> T) -> T {
    between(1, LinkOptions::default().rate(100_000), async |Pair { client, server, .. }| {
        let at = SocketAddr::from(([10, 0, 0, 2], 80));
        let listener = server.listen_with(at, SocketOptions::default()).await.expect("ports are free");
        let (own, options) = (server.clone(), ServerOptions { idle: IDLE, ..ServerOptions::default() });
        let page = |request: Request| ready(Response::ok("text/plain", vec![b'x'; SIZE + request.body.len()]));
        server.spawn(async move { drop(serve_with(own, listener, options, page).await) });
        script(client, at).await
    })
    .0
}

/// Reads to the end, and says when the last byte came and when the end.
async fn read_on(net: &LabNet, stream: &mut (impl AsyncReadExt + Unpin)) -> (usize, Time, Time) {
    let (mut all, mut last, mut buffer) = (0, net.now(), vec![0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        (all, last) = (all + length, net.now());
    }
    (all, last, net.now())
}

#[test]
fn an_answer_that_is_on_its_way_for_long_comes_whole_and_then_the_connection_is_idle() {
    for version in [Version::Http11, Version::Http2] {
        slow(async |net, at| {
            let mut connection = Client::new(version, at, "www.example").open(&net).await.expect("it listens");
            let answer = connection.ask(Request::get("/")).await.expect("it comes");
            assert_eq!(answer.response.body.len(), SIZE, "{version:?}");
            assert!(answer.done - answer.asked > IDLE * 4, "{version:?}: it took long");
            assert!(connection.is_open(), "{version:?}");
            net.sleep(IDLE * 2).await;
            assert!(!connection.is_open(), "{version:?}: nothing moves any more");
        });
    }
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    slow(async |net, at| {
        let small = SocketOptions { receive_buffer: Some(8192), ..SocketOptions::default() };
        let mut stream = net.connect_with(at, small).await.expect("it listens");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is open");
        net.sleep(IDLE * 10).await;
        // The system sends what was written; the server has long gone, or the end would come a second after the last byte.
        let (all, last, end) = read_on(&net, &mut stream).await;
        assert!(all > SIZE, "{all} bytes");
        assert!(end - last < IDLE / 2, "the end came {:?} after the last byte", end - last);
    });
}

#[test]
fn a_body_may_take_as_long_as_it_comes_and_no_silence() {
    slow(async |net, at| {
        let ask = async |pieces: usize| {
            let mut stream = net.connect_with(at, SocketOptions::default()).await.expect("it listens");
            stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n").await.expect("it is open");
            for _ in 0..pieces {
                net.sleep(IDLE * 7 / 10).await;
                stream.write_all(b"x").await.expect("it is open");
            }
            let (mut status, asked) = ([0; 12], net.now());
            stream.read_exact(&mut status).await.expect("an answer");
            (String::from_utf8_lossy(&status).into_owned(), net.now() - asked)
        };
        assert_eq!(ask(4).await.0, "HTTP/1.1 200", "the body took 2.8 s, and was never silent for 1 s");
        let (status, after) = ask(3).await;
        assert_eq!(status, "HTTP/1.1 408");
        assert!((IDLE..IDLE * 5 / 4).contains(&after), "{after:?} after the last piece");
    });
}

/// A server of frames asks nobody whether a handler is done: what the client takes is what moves.
#[test]
fn a_client_whose_window_stays_shut_holds_no_connection_of_frames() {
    let (after, _) = between(1, LinkOptions::default(), async |Pair { client, server, ground, authority }| {
        let at = SocketAddr::from(([10, 0, 0, 2], 443));
        let tls = tls::Server::new(&ground, authority.issue(&["www.example"]).expect("made"), &[H2]).expect("they fit");
        let trust = tls::Client::new(&ground, &[authority.certificate()], &[H2]).expect("it is read");
        let listener = server.listen(at).await.expect("ports are free");
        let own = server.clone();
        let handler = |_, reply: push::Reply<LabNet>| async move {
            drop(reply.answer(Response::ok("text/plain", vec![b'x'; SIZE])).await);
        };
        server.spawn(async move { drop(push::serve(own, listener, tls, handler).await) });
        let opened = Client::new(Version::Http2, at, "www.example").over(&trust);
        let (stream, _) = opened.secured(&client).await.expect("it listens");
        let mut builder = h2::client::Builder::new();
        let (mut sender, connection) = builder.initial_window_size(0).handshake::<_, Bytes>(stream).await.expect("h2");
        let asking = async {
            let request = hyper::Request::get("https://www.example/").body(()).expect("a request");
            let (answer, _) = sender.send_request(request, true).expect("it is open");
            // The head needs no window. The body is held on to, and never read.
            let _body = answer.await.expect("a head").into_body();
            pending::<u64>().await
        };
        let began = client.now();
        let open = async {
            drop(connection.await);
            (client.now() - began).as_secs()
        };
        tokio::select! { after = open => after, never = asking => never }
    });
    assert!((60..=180).contains(&after), "it was open for {after} s");
}
