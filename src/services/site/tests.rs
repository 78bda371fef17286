//! The site in the lab, asked by our own clients over each version.
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::*;
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::services::http::{Client, Connection, Version};
use crate::services::quic::{Client as QuicClient, Opening};
use crate::services::tls::ClientOptions;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// A client 10 ms (there and back) from the site.
struct Stand {
    net: LabNet,
    ground: Ground,
    authority: Authority,
    up: Up,
}

fn stand<T>(clients: fn(&Authority) -> Clients, script: impl AsyncFnOnce(Stand) -> T) -> T {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.0.1/24").add();
    let server = lab.host("server").address("10.0.0.2/24").add();
    lab.link(client, server, LinkOptions::default().delay(Duration::from_millis(5)));
    lab.introduce_everybody();
    let (net, server) = (lab.net(client), lab.net(server));
    let ground = Ground::lab(&net, 1);
    let authority = Authority::new(&ground, "lab").expect("made");
    lab.run(async {
        let (at, clients) = (IpAddr::V4(SERVER), clients(&authority));
        let place = Place { at, also: None, port: 443, plain_port: 80, clients };
        let up = start(&server, (&ground, &authority), &place).await.expect("free");
        script(Stand { net, ground, authority, up }).await
    })
    .expect("it ends")
}

impl Stand {
    fn tls(&self, early_data: bool) -> tls::Client {
        let options = ClientOptions { protocols: &[H2, HTTP_1_1], early_data, ..ClientOptions::default() };
        tls::Client::with(&self.ground, &[self.authority.certificate()], options).expect("made")
    }

    async fn open(&self, version: Version, tls: &tls::Client) -> Connection<LabNet> {
        Client::new(version, self.up.secure, "localhost").over(tls).open(&self.net).await.expect("it opens")
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Request::get(path)).await
    }

    async fn ask(&self, request: Request) -> Response {
        let mut connection = self.open(Version::Http11, &self.tls(false)).await;
        connection.ask(request).await.expect("it answers").response
    }

    /// How `/connection` says that a request came.
    async fn way(&self, version: Version, tls: &tls::Client) -> Value {
        let mut connection = self.open(version, tls).await;
        let response = connection.ask(Request::get("/connection")).await.expect("it answers").response;
        serde_json::from_slice(&response.body).expect("JSON")
    }
}

fn anybody(_: &Authority) -> Clients {
    Clients::Anybody
}

#[test]
fn a_page_says_how_it_came_over_each_version() {
    stand(anybody, async |it| {
        let tls = it.tls(false);
        for (version, http, alpn, resumed) in
            [(Version::Http11, "1.x", "http/1.1", false), (Version::Http2, "2", "h2", true)]
        {
            let way = it.way(version, &tls).await;
            assert_eq!((way["http"].as_str(), way["alpn"].as_str()), (Some(http), Some(alpn)));
            assert_eq!((&way["tls"], &way["group"]), (&"TLS 1.3".into(), &"X25519".into()));
            // The second connection of the same client has a session of the first.
            assert_eq!((&way["resumed"], &way["early"]), (&resumed.into(), &false.into()), "{way}");
        }
        let trusted = [it.authority.certificate()];
        let free = SocketAddr::from(([10, 0, 0, 1], 0));
        let options = quic::Options::default();
        let quic = QuicClient::open(&it.net, &it.ground, free, (&trusted, &[H3]), &options).await.expect("free");
        for early in [false, true] {
            let connection = match quic.connect_early(it.up.secure, "localhost").expect("it begins") {
                Opening::Early(connection, _) => connection,
                Opening::Full(connecting) => connecting.await.expect("it opens"),
            };
            let h3 = h3::Connection::begin(&it.net, connection).await.expect("it begins");
            let answer = h3.get("localhost", "/connection").await.expect("it answers").response;
            let way: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(
                (&way["http"], &way["alpn"], &way["early"]),
                (&"3".into(), &"h3".into(), &early.into()),
                "{way}"
            );
            // The ticket is on its way.
            it.net.sleep(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn early_data_gets_its_answer_unless_it_is_not_safe_to_repeat() {
    stand(anybody, async |it| {
        let tls = it.tls(true);
        // The handshake of the first is over when it asks; the others ask before.
        for (method, path, status) in
            [(Method::POST, "/echo", 200), (Method::GET, "/headers", 200), (Method::POST, "/echo", 425)]
        {
            let mut connection = it.open(Version::Http11, &tls).await;
            let asked = connection.ask(Request::new(method.clone(), path)).await.expect("it answers");
            assert_eq!(asked.response.status.as_u16(), status, "{method}");
        }
    });
}

#[test]
fn what_the_client_has_already_is_not_sent_again() {
    stand(anybody, async |it| {
        for path in ["/etag", "/cacheable"] {
            let whole = it.get(path).await;
            assert_eq!((whole.status.as_u16(), whole.header("etag").as_str()), (200, "\"1\""));
            for (field, value, status) in
                [("if-none-match", "\"0\", W/\"1\"", 304), ("if-none-match", "*", 304), ("if-none-match", "\"2\"", 200)]
            {
                let answer = it.ask(Request::get(path).with(field, value)).await;
                assert_eq!(answer.status.as_u16(), status, "{path} {value}");
                assert_eq!(answer.body.is_empty(), status == 304);
            }
        }
        let modified = it.get("/cacheable").await.header("last-modified");
        let since = Request::get("/cacheable").with("if-modified-since", &modified);
        assert_eq!(it.ask(since.clone()).await.status.as_u16(), 304);
        assert_eq!(it.ask(since.with("if-none-match", "\"0\"")).await.status.as_u16(), 200, "the tag counts");
    });
}

#[test]
fn queries_are_read_and_bad_ones_refused_in_words() {
    stand(anybody, async |it| {
        let asked_at = it.net.now();
        assert_eq!(it.get("/slow?ms=2000").await.status.as_u16(), 200);
        assert!(it.net.now() - asked_at >= Duration::from_secs(2));
        assert_eq!(it.get("/bytes?n=12345").await.body.len(), 12345);
        assert_eq!(it.get("/redirect?n=3").await.header("location"), "/redirect?n=2");
        assert_eq!(it.get("/redirect").await.header("location"), "/");
        for path in
            ["/bytes?n=16777217", "/bytes?n=-1", "/slow?ms=60001", "/slow?ms=x", "/redirect?n=99999999999999999999"]
        {
            let refused = it.get(path).await;
            assert_eq!(refused.status.as_u16(), 400, "{path}");
            assert!(String::from_utf8_lossy(&refused.body).contains("is a whole number from 0 to"));
        }
        assert_eq!(it.get("/nothing").await.status.as_u16(), 404);
        for version in [Version::Http11, Version::Http2] {
            let mut connection = it.open(version, &it.tls(false)).await;
            let head = Request::new(Method::HEAD, "/bytes?n=5000");
            let answer = connection.ask(head).await.expect("a head alone is an answer").response;
            assert_eq!((answer.header("content-length").as_str(), answer.body.len()), ("5000", 0), "{version:?}");
        }
        let refused = it.ask(Request::new(Method::DELETE, "/etag")).await;
        assert_eq!((refused.status.as_u16(), refused.header("allow").as_str()), (405, "GET, HEAD"));
        let sent = Request::new(Method::POST, "/echo").body("there and back");
        assert_eq!(it.ask(sent).await.body, "there and back");
        let shown = it.ask(Request::get("/headers").with("x-mine", "\u{e9}<b>")).await;
        assert!(String::from_utf8_lossy(&shown.body).contains("x-mine: é<b>"), "{:?}", shown.body);
    });
}

#[test]
fn the_plain_port_sends_nobody_elsewhere() {
    stand(anybody, async |it| {
        for (host, name) in
            [("www.shop.example", "www.shop.example"), ("localhost:80", "localhost"), ("evil.example", "localhost")]
        {
            let client = Client::new(Version::Http11, it.up.plain, host);
            let mut connection = client.open(&it.net).await.expect("it opens");
            let response = connection.ask(Request::get("/a?b=c")).await.expect("it answers").response;
            assert_eq!(response.status, StatusCode::PERMANENT_REDIRECT);
            assert_eq!(response.header("location"), format!("https://{name}:443/a?b=c"));
        }
    });
}

#[test]
fn who_must_show_a_certificate_and_has_none_gets_no_page() {
    stand(
        |authority| Clients::Proven(tls::Trusted { authorities: vec![authority.certificate()], revoked: Vec::new() }),
        async |it| {
            let mut connection = it.open(Version::Http11, &it.tls(false)).await;
            assert!(connection.ask(Request::get("/")).await.is_err(), "certificate_required");
            let identity = it.authority.sign(&tls::Leaf::client(&["learner.shop.example"]).expect("a name"));
            let options = ClientOptions { identity: identity.ok(), ..ClientOptions::default() };
            let trusted = [it.authority.certificate()];
            let proven = tls::Client::with(&it.ground, &trusted, options).expect("made");
            assert_eq!(it.way(Version::Http11, &proven).await["client"], "learner.shop.example");
            let free = SocketAddr::from(([10, 0, 0, 1], 0));
            let options = quic::Options::default();
            let quic = QuicClient::open(&it.net, &it.ground, free, (&trusted, &[H3]), &options).await.expect("free");
            let page = async {
                let connection = quic.connect(it.up.secure, "localhost").await.ok()?;
                let h3 = h3::Connection::begin(&it.net, connection).await.ok()?;
                h3.get("localhost", "/").await.ok()
            };
            assert!(page.await.is_none(), "over QUIC as well");
        },
    );
}
