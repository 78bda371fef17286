//! Both sides of HTTP/3 in the lab: round trips, parallel streams, refusals.
use std::future::{poll_fn, ready};
use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};

use super::server::{paged, serve_up_to};
use super::*;
use crate::lab::{LabNet, LinkOptions};
use crate::net::Net as _;
use crate::net::host::HostNet;
use crate::recording::Time;
use crate::services::http::{Page, Request, Response};
use crate::services::quic::{Client, Opening, Options, Server};
use crate::services::tests::stand::{Pair, between};
use crate::services::tls::{Authority, Ground, H3};
use crate::services::{both, within};

const NAME: &str = "www.example";

struct Stand {
    net: LabNet,
    client: Client,
    at: SocketAddr,
}

/// A client 80 ms (there and back) from a server of a few pages, which takes so many clients at once.
fn stand<T>(clients: usize, script: impl AsyncFnOnce(Stand) -> T) -> T {
    let outcome = between(1, LinkOptions::default(), async move |it| {
        let Pair { client: net, server, ground, authority } = it;
        let at = SocketAddr::from(([10, 0, 0, 2], 443));
        let (identity, options) = (authority.issue(&[NAME]).expect("made"), Options::default());
        let opened = Server::open(&server, &ground, at, (identity, &[H3], true), &options).await.expect("free");
        let page = |path: &str| {
            let length = path.strip_prefix('/')?.parse().ok()?;
            Some(Page { content_type: "text/plain", body: Bytes::from(vec![b'x'; length]) })
        };
        let answer = move |request: Request, _| {
            ready(match request.path.as_str() {
                "/unchanged" => Response::new(StatusCode::NOT_MODIFIED).with("etag", "\"1\""),
                "/none" => Response::new(StatusCode::NO_CONTENT),
                _ => paged(&request, page),
            })
        };
        server.spawn(serve_up_to(server.clone(), opened, move |_| answer, clients));
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        let client = Client::open(&net, &ground, any, (&[authority.certificate()], &[H3]), &options).await;
        script(Stand { net, client: client.expect("a port is free"), at }).await
    });
    outcome.0
}

impl Stand {
    async fn connect(&self) -> Connection<LabNet> {
        let quic = self.client.connect(self.at, NAME).await.expect("it is good");
        Connection::begin(&self.net, quic).await.expect("it begins")
    }
}

#[test]
fn a_get_takes_two_round_trips_the_next_one_and_with_early_data_the_first_one() {
    let times = stand(10, async |it| {
        let connection = it.connect().await;
        let first = connection.get(NAME, "/100").await.expect("an answer");
        let second = connection.get(NAME, "/100").await.expect("an answer");
        assert_eq!(
            (first.response.status.as_u16(), first.response.body.len(), second.response.body.len()),
            (200, 100, 100)
        );
        drop(connection);
        it.client.closed().await;
        let begun = it.net.now();
        let Ok(Opening::Early(quic, accepted)) = it.client.connect_early(it.at, NAME) else { panic!("a ticket") };
        let connection = Connection::begin(&it.net, quic).await.expect("it begins");
        let early = connection.get(NAME, "/100").await.expect("an answer");
        assert!(accepted.await);
        [first.done - Time::ZERO, second.done - second.asked, early.done - begun]
    });
    assert_eq!(times, [160, 80, 80].map(Duration::from_millis));
}

#[test]
fn requests_side_by_side_come_back_together() {
    let times = stand(10, async |it| {
        let connection = it.connect().await;
        let (one, other) = both(connection.get(NAME, "/2000"), connection.get(NAME, "/3000")).await;
        let (one, other) = (one.expect("an answer"), other.expect("an answer"));
        assert_eq!((one.response.body.len(), other.response.body.len()), (2000, 3000));
        [one.done, other.done].map(|it| it.0 / 1_000_000)
    });
    assert_eq!(times, [160; 2]);
}

#[test]
fn what_is_not_there_is_404_and_the_connection_goes_on() {
    let codes = stand(10, async |it| {
        let connection = it.connect().await;
        let mut codes = Vec::new();
        for path in ["/nothing", "/5", "/0", "/-1"] {
            codes.push(connection.get(NAME, path).await.expect("an answer").response.status.as_u16());
        }
        codes
    });
    assert_eq!(codes, [404, 200, 200, 404]);
}

#[test]
fn an_answer_to_head_says_the_pages_length_and_304_says_none() {
    stand(10, async |it| {
        let connection = it.connect().await;
        for (method, path, status, length) in [
            (Method::GET, "/100", 200, Some("100")),
            (Method::HEAD, "/100", 200, Some("100")),
            (Method::GET, "/unchanged", 304, None),
            (Method::HEAD, "/unchanged", 304, None),
            (Method::GET, "/none", 204, None),
        ] {
            let is_get = method == Method::GET;
            let answer = connection.ask(NAME, Request::new(method, path)).await.expect("an answer");
            let said = answer.response.headers.get("content-length").map(|it| it.to_str().expect("digits"));
            assert_eq!((answer.response.status.as_u16(), said), (status, length), "{path}");
            assert_eq!(answer.response.body.len(), if is_get && path == "/100" { 100 } else { 0 });
        }
    });
}

#[test]
fn a_server_that_goes_away_is_an_error_with_its_reason() {
    let said = stand(10, async |it| {
        let connection = it.connect().await;
        connection.quic().close(0x101_u32.into(), b"enough");
        let error = within(&it.net, Duration::from_secs(60), connection.get(NAME, "/5")).await.expect("not for ever");
        error.expect_err("the connection is over").to_string()
    });
    assert!(said.contains("closed"), "{said}");
}

#[test]
fn a_client_whose_hello_takes_two_packets_is_answered() {
    // On real sockets both ends offer X25519MLKEM768, whose key share alone is larger than a packet.
    let answered = HostNet::run(async |net| {
        let (ground, free) = (Ground::system(), SocketAddr::from(([127, 0, 0, 1], 0)));
        let authority = Authority::new(&ground, "a test").expect("made");
        let (identity, options) = (authority.issue(&["localhost"]).expect("made"), Options::default());
        let server = Server::open(&net, &ground, free, (identity, &[H3], true), &options).await.expect("free");
        let at = server.local().expect("open");
        let page = |_: &str| Some(Page { content_type: "text/plain", body: Bytes::from("hello") });
        net.spawn(serve(net, server, page));
        let trusted = [authority.certificate()];
        let client = Client::open(&net, &ground, free, (&trusted, &[H3]), &options).await.expect("free");
        let asked = async {
            let connection = client.connect(at, "localhost").await.expect("it opens");
            let h3 = Connection::begin(&net, connection).await.expect("it begins");
            h3.get("localhost", "/").await.expect("it answers").response.body
        };
        within(&net, Duration::from_secs(20), asked).await
    });
    assert_eq!(answered.expect("sockets").as_deref(), Some(&b"hello"[..]));
}

#[test]
fn one_client_too_many_is_refused_until_another_has_gone() {
    let (refused, after) = stand(2, async |it| {
        let (first, _second) = (it.connect().await, it.connect().await);
        let refused = it.client.connect(it.at, NAME).await.expect_err("two are there").to_string();
        first.quic().close(0x100_u32.into(), b"");
        it.net.sleep(Duration::from_secs(2)).await;
        (refused, it.connect().await.get(NAME, "/5").await.expect("an answer").response.status.as_u16())
    });
    assert!(refused.contains("CONNECTION_REFUSED") || refused.contains("refused"), "{refused}");
    assert_eq!(after, 200);
}

#[test]
fn a_body_may_take_as_long_as_it_comes_and_no_silence() {
    let ask = |pieces: usize| {
        stand(10, async |it| {
            let quic = it.client.connect(it.at, NAME).await.expect("it is good");
            let (mut driver, mut sender) = h3::client::new(h3_quinn::Connection::new(quic)).await.expect("it begins");
            it.net.spawn(async move { drop(poll_fn(|cx| driver.poll_close(cx)).await) });
            let request = hyper::Request::post(format!("https://{NAME}/")).body(()).expect("a request");
            let mut stream = sender.send_request(request).await.expect("a stream");
            // Something else is asked at times: the connection is not idle, whatever becomes of the body.
            let (net, mut other) = (it.net.clone(), sender.clone());
            it.net.spawn(async move {
                for _ in 0..20 {
                    net.sleep(Duration::from_secs(14)).await;
                    let request = hyper::Request::get(format!("https://{NAME}/5")).body(()).expect("a request");
                    let Ok(mut stream) = other.send_request(request).await else { return };
                    drop((stream.finish().await, stream.recv_response().await));
                }
            });
            for _ in 0..pieces {
                it.net.sleep(Duration::from_secs(50)).await;
                stream.send_data(Bytes::from_static(b"more")).await.expect("it is open");
            }
            let last = it.net.now();
            if pieces == 3 {
                stream.finish().await.expect("it is open");
            }
            let status = stream.recv_response().await.expect("an answer").status().as_u16();
            (status, (it.net.now() - last).as_secs())
        })
    };
    assert_eq!(ask(3), (405, 0), "the body took 150 s, and was never silent for 60 s");
    assert_eq!(ask(2), (408, 60), "after the last piece");
}
