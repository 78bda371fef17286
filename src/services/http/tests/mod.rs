//! HTTP in the lab: versions, kept connections, limits, hints and pushes, peers that misbehave.
mod slow_clients;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::push::{Asker, Heard};
use super::*;
use crate::lab::{LabNet, LinkOptions};
use crate::recording::Recording;
use crate::services::tests::stand::{Pair, between};
use crate::services::tls::{self, Authority, Ground, H2, HTTP_1_1};

const MS: u64 = 1_000_000;
const NAME: &str = "www.example";
const ALL: [Version; 3] = [Version::Http10, Version::Http11, Version::Http2];

/// What a test's script gets: two hosts with a round trip of 80 ms.
struct Stand {
    client: LabNet,
    server: LabNet,
    at: SocketAddr,
    ground: Ground,
    authority: Authority,
    trust: tls::Client,
    tls: tls::Server,
}

fn stand<T>(script: impl AsyncFnOnce(Stand) -> T) -> (T, Recording) {
    between(1, LinkOptions::default(), async |it| {
        let Pair { client, server, ground, authority } = it;
        let identity = authority.issue(&[NAME]).expect("it is made");
        let tls = tls::Server::new(&ground, identity, &[H2, HTTP_1_1]).expect("they fit");
        let trust = tls::Client::new(&ground, &[authority.certificate()], &[H2]).expect("it is read");
        let at = SocketAddr::from(([10, 0, 0, 2], 443));
        script(Stand { client, server, at, ground, authority, trust, tls }).await
    })
}

impl Stand {
    /// Serves with these options, thinking 5 ms for each answer.
    async fn serve(&self, options: ServerOptions) {
        let listener = self.server.listen(self.at).await.expect("ports are free");
        let (net, own) = (self.server.clone(), self.server.clone());
        let handler = move |request: Request| {
            let net = net.clone();
            async move {
                net.sleep(Duration::from_millis(5)).await;
                Response::ok("text/plain", format!("{} {} {}", request.method, request.path, request.body.len()))
            }
        };
        self.server.spawn(async move { drop(serve_with(own, listener, options, handler).await) });
    }

    fn client(&self, version: Version) -> Client {
        Client::new(version, self.at, NAME)
    }

    /// A server that sends these bytes to whoever connects, and closes after what is sent to it.
    async fn serve_bytes(&self, bytes: Vec<u8>, stays: Duration) {
        let listener = self.server.listen(self.at).await.expect("ports are free");
        let net = self.server.clone();
        self.server.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                drop(stream.read(&mut [0; 2000]).await);
                drop(stream.write_all(&bytes).await);
                drop(stream.flush().await);
                net.sleep(stays).await;
            }
        });
    }

    async fn refusal(&self, version: Version) -> HttpError {
        let mut connection = match self.client(version).open(&self.client).await {
            Ok(connection) => connection,
            Err(error) => return error,
        };
        connection.ask(Request::get("/")).await.expect_err("nothing good is served")
    }
}

#[test]
fn every_version_is_spoken_in_cleartext_and_over_tls_at_its_price() {
    for version in ALL {
        let cleartext = stand(async |it| {
            it.serve(ServerOptions::default()).await;
            let mut connection = it.client(version).open(&it.client).await.expect("it listens");
            connection.ask(Request::get("/a?b")).await.expect("it answers")
        });
        assert_eq!(&cleartext.0.response.body[..], b"GET /a?b 0", "{version:?}");
        assert_eq!((cleartext.0.asked.0, cleartext.0.done.0), (80 * MS, 165 * MS), "{version:?}");
        let secured = stand(async |it| {
            it.serve(ServerOptions { tls: Some(it.tls.clone()), ..ServerOptions::default() }).await;
            let mut connection = it.client(version).over(&it.trust).open(&it.client).await.expect("it listens");
            let request = Request::new(Method::POST, "/").body(vec![b'x'; 30_000]);
            (connection.ask(request).await.expect("it answers"), connection.opened().clone())
        });
        let (exchange, opened) = secured.0;
        assert_eq!(&exchange.response.body[..], b"POST / 30000", "{version:?}");
        assert_eq!((opened.connected.0, opened.ready.0), (80 * MS, 160 * MS));
        let protocol = opened.agreed.expect("there is TLS").protocol;
        assert_eq!(protocol, ["", "http/1.1", "h2"][version as usize]);
        assert!(!secured.1.packets.iter().any(|it| it.bytes.windows(5).any(|it| it.eq_ignore_ascii_case(b"date:"))));
    }
}

#[test]
fn http_1_0_closes_http_1_1_is_kept_and_http_2_is_shared() {
    let asked_again = |version| {
        stand(async |it| {
            it.serve(ServerOptions::default()).await;
            let mut connection = it.client(version).open(&it.client).await.expect("it listens");
            connection.ask(Request::get("/")).await.expect("it answers");
            it.client.sleep(Duration::from_millis(200)).await;
            (connection.is_open(), connection.ask(Request::get("/")).await.is_ok())
        })
        .0
    };
    assert_eq!(asked_again(Version::Http10), (false, false));
    assert_eq!(asked_again(Version::Http11), (true, true));
    let both_at_once = stand(async |it| {
        it.serve(ServerOptions::default()).await;
        let mut one = it.client(Version::Http2).open(&it.client).await.expect("it listens");
        let mut other = one.share().expect("HTTP/2 is shared");
        let (a, b) = crate::services::both(one.ask(Request::get("/a")), other.ask(Request::get("/b"))).await;
        (a.expect("it answers").done, b.expect("it answers").done)
    });
    assert_eq!(both_at_once.0.0, both_at_once.0.1);
}

#[test]
fn early_data_asks_in_http_2_before_the_server_has_confirmed_it() {
    let (ready, _) = stand(async |it| {
        let options = tls::ServerOptions { protocols: &[H2], early_data: 16_384, ..tls::ServerOptions::default() };
        let tls = tls::Server::with(&it.ground, it.authority.issue(&[NAME]).expect("made"), options).expect("they fit");
        it.serve(ServerOptions { tls: Some(tls), ..ServerOptions::default() }).await;
        let options = tls::ClientOptions { early_data: true, ..tls::ClientOptions::default() };
        let trust = tls::Client::with(&it.ground, &[it.authority.certificate()], options).expect("it is read");
        let (client, mut times) = (it.client(Version::Http2).over(&trust), Vec::new());
        for _ in 0..2 {
            let begun = it.client.now();
            let mut connection = client.open(&it.client).await.expect("it listens");
            let ready = connection.opened().ready - begun;
            let done = connection.ask(Request::get("/")).await.expect("it answers").done - begun;
            times.push((ready.as_millis(), done.as_millis()));
        }
        times
    });
    assert_eq!(ready, [(160, 245), (80, 165)]);
}

#[test]
fn a_connection_tells_when_it_first_heard_an_answer_whoever_shares_it() {
    let (heard, _) = stand(async |it| {
        it.serve(ServerOptions::default()).await;
        let connection = it.client(Version::Http2).open(&it.client).await.expect("it listens");
        assert_eq!(connection.heard().first(), None);
        let answer = connection.share().expect("it is HTTP/2").ask(Request::get("/")).await.expect("it answers");
        (connection.heard().first(), answer.head)
    });
    assert_eq!(heard.0, Some(heard.1));
    // A head, 1000 bytes of the body, then nothing more: who waits for silence stops 2 s after the last byte.
    let mut half = b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n".to_vec();
    half.extend([b'x'; 1000]);
    let (stopped, _) = stand(async |it| {
        it.serve_bytes(half, Duration::from_secs(600)).await;
        let mut connection = it.client(Version::Http11).open(&it.client).await.expect("it listens");
        let heard = connection.heard().clone();
        let asking = connection.ask(Request::get("/"));
        assert!(heard.or_silence(&it.client, Duration::from_secs(2), asking).await.is_none());
        it.client.now() - heard.first().expect("a head came")
    });
    assert_eq!(stopped, Duration::from_secs(2));
}

#[test]
fn an_idle_connection_is_closed_in_order_and_a_busy_one_is_not() {
    for version in [Version::Http11, Version::Http2] {
        let (closed, recording) = stand(async |it| {
            it.serve(ServerOptions { idle: Duration::from_secs(1), ..ServerOptions::default() }).await;
            let mut connection = it.client(version).open(&it.client).await.expect("it listens");
            for _ in 0..3 {
                connection.ask(Request::get("/")).await.expect("it is not idle");
                it.client.sleep(Duration::from_millis(700)).await;
            }
            it.client.sleep(Duration::from_millis(700)).await;
            !connection.is_open()
        });
        assert!(closed, "{version:?}");
        // The last words of HTTP/2's two ends cross.
        let reset = recording.packets.iter().any(|it| it.summary.contains("RST"));
        assert!(!reset || version == Version::Http2);
    }
}

#[test]
fn a_server_without_keep_alive_says_close_and_does() {
    let (outcome, _) = stand(async |it| {
        it.serve(ServerOptions { keep_alive: false, ..ServerOptions::default() }).await;
        let mut connection = it.client(Version::Http11).open(&it.client).await.expect("it listens");
        let first = connection.ask(Request::get("/")).await.expect("it answers");
        (
            first.response.header("connection"),
            connection.ask(Request::get("/")).await.expect_err("closed").unprocessed(),
        )
    });
    assert_eq!(outcome, ("close".to_owned(), true));
}

#[test]
fn too_much_from_a_client_is_refused_with_its_status() {
    for version in [Version::Http11, Version::Http2] {
        let (statuses, _) = stand(async |it| {
            it.serve(ServerOptions { body: 1000, ..ServerOptions::default() }).await;
            let mut statuses = Vec::new();
            for request in [
                Request::new(Method::POST, "/").body(vec![0; 1000]),
                Request::new(Method::POST, "/").body(vec![0; 1001]),
                Request::get("/").with("x-long", &"x".repeat(40_000)),
            ] {
                let mut connection = it.client(version).open(&it.client).await.expect("it listens");
                statuses.push(connection.ask(request).await.map_or(0, |it| it.response.status.as_u16()));
            }
            statuses
        });
        assert_eq!(statuses, [200, 413, 431], "{version:?}");
    }
}

#[test]
fn a_304_says_no_length_in_any_version_whatever_was_asked() {
    let (said, _) = stand(async |it| {
        let listener = it.server.listen(it.at).await.expect("ports are free");
        let own = it.server.clone();
        let handler = |request: Request| {
            std::future::ready(match request.path.as_str() {
                "/unchanged" => Response::new(StatusCode::NOT_MODIFIED),
                _ => Response::ok("text/plain", "a page"),
            })
        };
        it.server.spawn(async move { drop(serve_with(own, listener, ServerOptions::default(), handler).await) });
        let mut said = Vec::new();
        for version in ALL {
            for path in ["/", "/unchanged"] {
                let mut connection = it.client(version).open(&it.client).await.expect("it listens");
                let head = connection.ask(Request::new(Method::HEAD, path)).await.expect("an answer");
                said.push(head.response.header("content-length"));
            }
        }
        said
    });
    assert_eq!(said, ["6", "", "6", "", "6", ""]);
}

#[test]
fn a_ping_asks_the_server_as_a_whole_in_every_version() {
    let (said, _) = stand(async |it| {
        it.serve(ServerOptions::default()).await;
        let mut said = Vec::new();
        for version in ALL {
            let mut connection = it.client(version).open(&it.client).await.expect("it listens");
            let answer = connection.ask(Request::new(Method::OPTIONS, "*")).await.expect("an answer");
            said.push(String::from_utf8_lossy(&answer.response.body).into_owned());
        }
        said
    });
    assert_eq!(said, ["OPTIONS * 0"; 3]);
}

#[test]
fn a_server_lives_through_silence_garbage_and_half_a_request() {
    let (alive, _) = stand(async |it| {
        it.serve(ServerOptions { idle: Duration::from_secs(1), ..ServerOptions::default() }).await;
        let mut held = Vec::new();
        for garbage in
            [&b""[..], b"PRI * HT", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", &[0xff; 300]]
        {
            let mut stream = it.client.connect(it.at).await.expect("it listens");
            drop(stream.write_all(garbage).await);
            held.push(stream);
        }
        it.client.sleep(Duration::from_secs(5)).await;
        for mut stream in held {
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
            assert!(rest.len() < 200, "it is over: {}", String::from_utf8_lossy(&rest));
        }
        let mut connection = it.client(Version::Http11).open(&it.client).await.expect("it listens");
        connection.ask(Request::get("/")).await.is_ok()
    });
    assert!(alive);
}

#[test]
fn what_a_bad_server_does_is_said_and_bounded() {
    let say = |version, bytes: &[u8], stays| {
        let bytes = bytes.to_vec();
        stand(async |it| {
            it.serve_bytes(bytes, Duration::from_secs(stays)).await;
            it.refusal(version).await.to_string()
        })
        .0
    };
    let h1 = |bytes: &[u8]| say(Version::Http11, bytes, 0);
    assert_eq!(h1(b""), "no answer: the server closed the connection before its answer was whole");
    insta::assert_snapshot!(h1(b"SSH-2.0-OpenSSH_9.2\r\n"), @"no answer: what came is no HTTP: invalid HTTP version parsed");
    insta::assert_snapshot!(h1(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"), @"no whole body: error reading a body from connection: end of file before message length reached");
    insta::assert_snapshot!(h1(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\x1b[2J"), @"no whole body: error reading a body from connection: Invalid chunk size line: missing size digit");
    let long = [&b"HTTP/1.1 200 OK\r\nx: "[..], &[b'x'; 1 << 20]].concat();
    assert_eq!(h1(&long), "no answer: its header section is larger than is taken");
    let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'x'; (16 << 20) + 1]].concat();
    assert_eq!(h1(&endless), "no whole body: it is larger than 16 MiB");
    assert_eq!(say(Version::Http11, b"HTTP/1.1 2", 600), "no answer within 30 s");
    insta::assert_snapshot!(say(Version::Http2, b"HTTP/1.1 400 Bad Request\r\n\r\n", 1), @"no answer: this client ended the connection (GOAWAY, FRAME_SIZE_ERROR)");
    // SETTINGS, then GOAWAY with ENHANCE_YOUR_CALM (RFC 9113 §6.8, §7).
    let calm = [&[0, 0, 0, 4, 0, 0, 0, 0, 0][..], &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb]].concat();
    assert_eq!(say(Version::Http2, &calm, 1), "no answer: the server ended the connection (GOAWAY, ENHANCE_YOUR_CALM)");
    // SETTINGS, then RST_STREAM of the first stream with REFUSED_STREAM.
    let refused = [&[0, 0, 0, 4, 0, 0, 0, 0, 0][..], &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7]].concat();
    let (error, _) = stand(async |it| {
        it.serve_bytes(refused, Duration::from_secs(1)).await;
        it.refusal(Version::Http2).await
    });
    assert_eq!(error.to_string(), "no answer: the server reset the stream (RST_STREAM, REFUSED_STREAM)");
    assert!(error.unprocessed());
}

#[test]
fn a_flood_of_reset_streams_ends_the_connection() {
    let (outcome, _) = stand(async |it| {
        it.serve(ServerOptions::default()).await;
        let stream = it.client.connect(it.at).await.expect("it listens");
        let (mut sender, connection) = h2::client::handshake(stream).await.expect("a preface");
        let net = it.client.clone();
        let ended: Rc<RefCell<Option<String>>> = Rc::default();
        let told = Rc::clone(&ended);
        it.client.spawn(async move {
            let error = connection.await.err().map(|it| it.to_string());
            *told.borrow_mut() = Some(error.unwrap_or_default());
        });
        for _ in 0..1000 {
            let request = hyper::Request::get("http://www.example/").body(()).expect("a request");
            let Ok(ready) = sender.ready().await else { break };
            sender = ready;
            let Ok((_, mut stream)) = sender.send_request(request, false) else { break };
            stream.send_reset(h2::Reason::CANCEL);
            net.sleep(Duration::from_micros(100)).await;
        }
        net.sleep(Duration::from_secs(1)).await;
        ended.borrow().clone()
    });
    let why = outcome.expect("the server ended it");
    assert!(
        why.contains("too many resets") || why.contains("too_many_resets") || why.contains("detected excessive"),
        "{why}"
    );
}

#[test]
fn a_hint_comes_before_the_answer_and_a_push_with_it_unless_it_is_not_taken() {
    let play = |pushes: bool| {
        stand(async |it| {
            let listener = it.server.listen(it.at).await.expect("ports are free");
            let (net, own) = (it.server.clone(), it.server.clone());
            let handler = move |_: Request, mut reply: push::Reply<LabNet>| {
                let net = net.clone();
                async move {
                    reply.hint(&["</a.css>; rel=preload; as=style".to_owned()]).expect("it is open");
                    let pushed = reply.push("/a.css", Response::ok("text/css", vec![b'x'; 200_000])).is_ok();
                    net.sleep(Duration::from_millis(100)).await;
                    drop(reply.answer(Response::ok("text/plain", if pushed { "pushed" } else { "not" })).await);
                }
            };
            it.server.spawn(async move { drop(push::serve(own, listener, it.tls, handler).await) });
            let client = Client::new(Version::Http2, it.at, NAME).over(&it.trust);
            let asker = Asker::open(&it.client, &client, pushes).await.expect("it listens");
            let (hints, promised) = (RefCell::<Vec<String>>::default(), RefCell::default());
            let heard = |it: Heard<LabNet>| match it {
                Heard::Hint(links) => hints.borrow_mut().extend(links),
                Heard::Promise(promise) => *promised.borrow_mut() = Some(promise),
                Heard::Head(_) => {}
            };
            let page = asker.ask(Request::get("/"), heard).await.expect("it answers");
            let promise = promised.borrow_mut().take();
            let css = match promise {
                Some(promise) => {
                    Some((promise.path.clone(), promise.take().await.expect("it comes").response.body.len()))
                }
                None => None,
            };
            (hints.into_inner(), String::from_utf8_lossy(&page.response.body).into_owned(), css)
        })
        .0
    };
    let hints: Vec<String> = vec!["</a.css>; rel=preload; as=style".to_owned()];
    assert_eq!(play(true), (hints.clone(), "pushed".to_owned(), Some(("/a.css".to_owned(), 200_000))));
    assert_eq!(play(false), (hints, "not".to_owned(), None));
}

#[test]
fn an_answer_of_frames_may_take_as_long_as_it_comes_and_no_silence() {
    // At 100 kbit/s it takes longer than any connection was once served: 600 s.
    const LARGE: usize = 7_700_000;
    let (outcome, _) = between(1, LinkOptions::default().rate(100_000), async |it| {
        let Pair { client, server, ground, authority } = it;
        let at = SocketAddr::from(([10, 0, 0, 2], 443));
        let tls = tls::Server::new(&ground, authority.issue(&[NAME]).expect("made"), &[H2]).expect("they fit");
        let trust = tls::Client::new(&ground, &[authority.certificate()], &[H2]).expect("it is read");
        let listener = server.listen(at).await.expect("ports are free");
        let (net, own) = (server.clone(), server.clone());
        let handler = move |request: Request, mut reply: push::Reply<LabNet>| {
            let net = net.clone();
            async move {
                if request.path == "/hint" {
                    reply.hint(&["</a.css>; rel=preload".to_owned()]).expect("it is open");
                }
                if request.path != "/" {
                    net.sleep(Duration::from_secs(200)).await;
                }
                drop(reply.answer(Response::ok("text/plain", vec![b'x'; LARGE])).await);
            }
        };
        server.spawn(async move { drop(push::serve(own, listener, tls, handler).await) });
        let opened = Client::new(Version::Http2, at, NAME).over(&trust);
        let asker = Asker::open(&client, &opened, false).await.expect("it listens");
        let page = asker.ask(Request::get("/"), |_| {}).await.expect("it comes");
        assert_eq!(page.response.body.len(), LARGE);
        assert!(page.done - page.asked > Duration::from_secs(600), "{:?}", page.done - page.asked);
        let mut told = Vec::new();
        for path in ["/nothing", "/hint"] {
            let asked = client.now();
            let error = asker.ask(Request::get(path), |_| {}).await.expect_err("nothing comes");
            told.push((error.to_string(), (client.now() - asked).as_secs()));
        }
        // The two are worked on until 200 s after they were asked; after that nothing moves.
        client.sleep(Duration::from_secs(600)).await;
        let closed = asker.ask(Request::get("/"), |_| {}).await.is_err();
        (told, closed)
    });
    let told = [
        ("no answer within 30 s".to_owned(), 30),
        ("the answer began, and then nothing came of it for 30 s".to_owned(), 30),
    ];
    assert_eq!(outcome, (told.to_vec(), true));
}
