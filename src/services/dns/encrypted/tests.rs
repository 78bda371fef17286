//! A client and a resolver's encrypted sides in the lab: round trips, order, refusals, bad input.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::lab::{LabNet, LinkOptions};
use crate::net::Net;
use crate::services::dns::serve::{receive, send};
use crate::services::dns::{Answers, Asker, name, query};
use crate::services::tests::stand::{Pair, between};
use crate::services::tls::{Client, DOT, H2, HTTP_1_1, Server, Tls};

const NAME: &str = "resolver.example";

/// Answers with 192.0.2.1, TTL 300; names that begin with `slow` only after a second.
struct Stub(LabNet);

impl Answers for Stub {
    async fn answer(&self, bytes: Vec<u8>, _: Asker) -> Option<Vec<u8>> {
        let query = Message::from_vec(&bytes).ok()?;
        let name = query.queries.first()?.name.clone();
        if name.to_string().starts_with("slow") {
            self.0.sleep(Duration::from_secs(1)).await;
        }
        let mut reply = Message::response(query.metadata.id, OpCode::Query);
        reply.add_queries(query.queries.clone());
        if name.to_string().starts_with("fail") {
            reply.metadata.response_code = ResponseCode::ServFail;
        } else {
            let address = RData::A(std::net::Ipv4Addr::new(192, 0, 2, 1).into());
            reply.add_answer(Record::from_rdata(name.clone(), 300, address.clone()));
            reply.add_answer(Record::from_rdata(name, 60, address));
        }
        reply.edns = query.edns;
        reply.to_vec().ok()
    }
}

struct Stand {
    client: LabNet,
    tls: Client,
    dot: SocketAddr,
    doh: SocketAddr,
}

/// A client 80 ms (there and back) from a resolver that serves both.
fn stand<T>(script: impl AsyncFnOnce(Stand) -> T) -> T {
    let outcome = between(1, LinkOptions::default(), async move |it| {
        let Pair { client, server, ground, authority } = it;
        let identity = || authority.issue(&[NAME]).expect("made");
        let dot = Server::new(&ground, identity(), &[DOT]).expect("they fit");
        let doh = Server::new(&ground, identity(), &[H2, HTTP_1_1]).expect("they fit");
        let answers = Rc::new(Stub(server.clone()));
        let at = |port| SocketAddr::from(([10, 0, 0, 2], port));
        let dot = serve_tls(&server, at(TLS_PORT), dot, Rc::clone(&answers)).await.expect("ports are free");
        let doh = serve_https(&server, at(HTTPS_PORT), doh, answers).await.expect("ports are free");
        let tls = Client::new(&ground, &[authority.certificate()], &[]).expect("it is a certificate");
        script(Stand { client, tls, dot, doh }).await
    });
    outcome.0
}

impl Stand {
    async fn open(&self, kind: Kind) -> (Connection<LabNet>, Opened) {
        let at = if kind == Kind::Tls { self.dot } else { self.doh };
        let tls = self.tls.speaking(if kind == Kind::Tls { &[DOT] } else { &[H2] });
        Connection::open(&self.client, (kind, &tls), (at, NAME)).await.expect("it opens")
    }

    async fn secured(&self, at: SocketAddr) -> Tls<<LabNet as Net>::Stream> {
        let stream = self.client.connect(at).await.expect("it listens");
        self.tls.connect(&self.client, stream, NAME).await.expect("it is good")
    }

    /// An HTTP/1.1 request, its status, header fields and body.
    async fn http1(&self, request: Request<Full<Bytes>>) -> (u16, String, String) {
        let stream = TokioIo::new(self.secured(self.doh).await);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.expect("it begins");
        self.client.spawn(async move { drop(connection.await) });
        let response = sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        let headers = format!("{:?}", response.headers());
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, headers, String::from_utf8_lossy(&body).into_owned())
    }
}

fn about(text: &str) -> Message {
    query(&name(text).expect("a name"), RecordType::A, 4711)
}

#[test]
fn the_first_answer_takes_three_round_trips_and_the_next_one() {
    for kind in [Kind::Tls, Kind::HttpsGet, Kind::HttpsPost] {
        let times = stand(async |it| {
            let (mut connection, opened) = it.open(kind).await;
            let mut times = vec![opened.connected, opened.secured];
            for _ in 0..2 {
                let answered = connection.ask(about("www.example")).await.expect("an answer");
                assert_eq!(
                    (answered.sent, answered.received, answered.message.answers.len()),
                    (128, 468, 2),
                    "{kind:?}"
                );
                times.push(it.client.now());
            }
            connection.close().await;
            times.iter().map(|it| it.0 / 1_000_000).collect::<Vec<_>>()
        });
        assert_eq!(times, [80, 160, 240, 320], "{kind:?}");
    }
}

#[test]
fn over_tls_a_slow_question_holds_up_no_other() {
    let order = stand(async |it| {
        let mut stream = it.secured(it.dot).await;
        for (id, text) in [(1, "slow.example"), (2, "quick.example")] {
            let mut query = about(text);
            query.metadata.id = id;
            send(&mut stream, &query.to_vec().expect("it encodes")).await.expect("it takes it");
        }
        stream.flush().await.expect("it takes it");
        let mut order = Vec::new();
        for _ in 0..2 {
            let bytes = receive(&mut stream).await.expect("a message").expect("not the end");
            order.push((Message::from_vec(&bytes).expect("it decodes").metadata.id, it.client.now().0 / 1_000_000));
        }
        order
    });
    assert_eq!(order, [(2, 240), (1, 1240)]);
}

#[test]
fn a_connection_without_questions_is_closed() {
    for kind in [Kind::Tls, Kind::HttpsGet] {
        let ended = stand(async |it| {
            let (mut connection, _) = it.open(kind).await;
            connection.ask(about("www.example")).await.expect("an answer");
            it.client.sleep(IDLE * 3).await;
            connection.ask(about("www.example")).await.err().map(|it| it.to_string())
        });
        assert!(ended.is_some(), "{kind:?}");
    }
}

#[test]
fn garbage_inside_tls_ends_its_connection_and_no_other() {
    stand(async |it| {
        for garbage in [&[0xff, 0xff, 1, 2, 3][..], &[0, 0], &[0, 1, 7], b"GET / HTTP/1.1\r\n\r\n"] {
            for at in [it.dot, it.doh] {
                let mut stream = it.secured(at).await;
                drop(stream.write_all(garbage).await);
                drop(stream.flush().await);
                let mut rest = Vec::new();
                drop(stream.read_to_end(&mut rest).await);
                assert!(rest.len() < 1000, "{garbage:?}: {} bytes", rest.len());
            }
        }
        let (mut connection, _) = it.open(Kind::Tls).await;
        assert!(connection.ask(about("www.example")).await.is_ok());
    });
}

#[test]
fn http_1_1_is_served_too_and_the_cache_may_keep_what_the_least_ttl_allows() {
    let path =
        |text: &str| format!("{PATH}?dns={}", BASE64URL_NOPAD.encode(&about(text).to_vec().expect("it encodes")));
    let get = |text: &str| Request::get(path(text)).header("host", NAME).body(Full::default()).expect("a request");
    let (status, headers, _) = stand(async |it| it.http1(get("www.example")).await);
    assert_eq!(status, 200);
    assert!(headers.contains("max-age=60") && headers.contains("application/dns-message"), "{headers}");
    assert!(!headers.contains("\"date\""), "{headers}");
    let (status, headers, _) = stand(async |it| it.http1(get("fail.example")).await);
    assert_eq!(status, 200, "SERVFAIL is an answer of DNS, not of HTTP (RFC 8484 §4.2.1)");
    assert!(headers.contains("max-age=0"), "{headers}");
}

#[test]
fn requests_that_are_none_are_refused_with_their_code() {
    let message = about("www.example").to_vec().expect("it encodes");
    let seen = Rc::<RefCell<Vec<(u16, String)>>>::default();
    let own = Rc::clone(&seen);
    stand(async move |it| {
        let request = |method, path: &str| Request::builder().method(method).uri(path).header("host", NAME);
        let post = |kind: &str, body: Vec<u8>| {
            request(Method::POST, PATH).header("content-type", kind).body(Full::from(body)).expect("a request")
        };
        let get = |path: String| request(Method::GET, &path).body(Full::default()).expect("a request");
        for request in [
            get("/".to_owned()),
            get(PATH.to_owned()),
            get(format!("{PATH}?dns=!!!")),
            get(format!("{PATH}?dns=AAAA")),
            request(Method::PUT, PATH).body(Full::from(message.clone())).expect("a request"),
            post("text/plain", message.clone()),
            post(MEDIA_TYPE, vec![0; 70_000]),
            post(MEDIA_TYPE, Vec::new()),
            post(MEDIA_TYPE, message.clone()),
        ] {
            let (status, headers, _) = it.http1(request).await;
            own.borrow_mut().push((status, headers));
        }
    });
    let codes: Vec<u16> = seen.borrow().iter().map(|it| it.0).collect();
    assert_eq!(codes, [404, 400, 400, 400, 405, 415, 413, 400, 200]);
    assert!(seen.borrow()[4].1.contains("GET, POST"), "{}", seen.borrow()[4].1);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let (status, after) = stand(async |it| {
        let mut stream = it.secured(it.doh).await;
        let head =
            format!("POST {PATH} HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: 40\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("it takes it");
        stream.flush().await.expect("it takes it");
        let mut answer = vec![0; 100];
        let length = stream.read(&mut answer).await.expect("an answer");
        (String::from_utf8_lossy(&answer[..length.min(12)]).into_owned(), it.client.now().0 / 1_000_000_000)
    });
    assert_eq!((status.as_str(), after), ("HTTP/1.1 408", 10));
}

#[test]
fn a_body_that_comes_slowly_is_waited_for() {
    let (status, after) = stand(async |it| {
        let mut stream = it.secured(it.doh).await;
        let message = about("www.example").to_vec().expect("a message");
        let length = message.len();
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("it takes it");
        for piece in message.chunks(length.div_ceil(4)) {
            stream.flush().await.expect("it takes it");
            it.client.sleep(IDLE * 7 / 10).await;
            stream.write_all(piece).await.expect("it takes it");
        }
        stream.flush().await.expect("it takes it");
        let mut answer = vec![0; 100];
        let length = stream.read(&mut answer).await.expect("an answer");
        (String::from_utf8_lossy(&answer[..length.min(12)]).into_owned(), it.client.now().0 / 1_000_000_000)
    });
    assert_eq!((status.as_str(), after), ("HTTP/1.1 200", 28), "the body took 28 s, and was never silent for 10 s");
}

#[test]
fn a_client_names_what_is_wrong_with_a_server() {
    let words = stand(async |it| {
        let wrong = Connection::open(&it.client, (Kind::Tls, &it.tls), (it.dot, "other.example")).await.err();
        let h1 = it.tls.speaking(&[HTTP_1_1]);
        let old = Connection::open(&it.client, (Kind::HttpsGet, &h1), (it.doh, NAME)).await.err();
        let closed = SocketAddr::from(([10, 0, 0, 2], 54));
        let nobody = Connection::open(&it.client, (Kind::Tls, &it.tls), (closed, NAME)).await.err();
        [wrong, old, nobody].map(|it| it.expect("it fails").to_string())
    });
    assert_eq!(words[0], "the certificate is not good: it is for resolver.example, and other.example was asked");
    assert_eq!(words[1], "the connection broke: the server did not agree to HTTP/2 (ALPN)");
    assert!(words[2].starts_with("no connection: "), "{}", words[2]);
}

#[test]
fn an_empty_get_over_http_2_is_refused_as_well() {
    let status = stand(async |it| {
        let tls = it.tls.speaking(&[H2]);
        let stream = it.client.connect(it.doh).await.expect("it listens");
        let stream = tls.connect(&it.client, stream, NAME).await.expect("it is good");
        let tasks = crate::services::http::Tasks::of(&it.client);
        let began = hyper::client::conn::http2::handshake(tasks, TokioIo::new(stream)).await;
        let (mut sender, connection) = began.expect("it begins");
        it.client.spawn(async move { drop(connection.await) });
        let request = Request::get(format!("https://{NAME}{PATH}")).body(Empty::<Bytes>::new()).expect("a request");
        sender.send_request(request).await.expect("an answer").status().as_u16()
    });
    assert_eq!(status, 400);
}
