//! The table of what servers do, and what the screen then says.
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::thread;
use std::time::Duration;

use rustls::ServerConnection;

use super::server::{answers, authority, config, listen, loopback, named, pause, request, say, say_nothing, secured};
use super::{Visited, frames, https, visit};

const ONE: &[&[u8]] = &[b"http/1.1"];
const TWO: &[&[u8]] = &[b"h2"];
const TCP: &[&str] = &["tcp"];
const TLS: &[&str] = &["tcp", "tls"];
const HEAD: &[&str] = &["tcp", "tls", "wait"];
const WAIT: &str = "request and first byte";

/// A server, the rows that stay, the part the visit ends in, and why.
type Case = (SocketAddr, &'static [&'static str], &'static str, &'static str);

/// Visits all at once: most of them wait. Then the outcomes are looked at one by one.
fn all(cases: Vec<Case>, settings: &'static [&'static str], ca: &str) {
    let visits = cases.into_iter().map(|(at, rows, part, why)| {
        let ca = ca.to_owned();
        (thread::spawn(move || visit(&https(at), settings, &ca, &[])), rows, part, why)
    });
    for (visited, rows, part, why) in visits.collect::<Vec<_>>() {
        let visited: Visited = visited.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        visited.failed(rows, part, why);
    }
}

#[test]
fn a_server_that_stalls_is_given_up_in_that_part() {
    let ca = authority();
    let own = loopback(&ca);
    let hello = config(&own, ONE);
    let after_hello = listen(move |mut stream| {
        let mut connection = ServerConnection::new(std::sync::Arc::clone(&hello)).expect("whole");
        drop(connection.read_tls(&mut stream));
        drop(connection.process_new_packets());
        let mut flight = Vec::new();
        connection.write_tls(&mut flight).expect("memory takes all");
        // The ServerHello is the first record: its length stands in the fourth and fifth byte.
        let length = 5 + usize::from(u16::from_be_bytes([flight[3], flight[4]]));
        say(&mut stream, &flight[..length]);
        say_nothing(stream);
    });
    let late = "the answer began, and was not whole within 10 s";
    let trickle = secured(&own, ONE, |stream| {
        request(stream);
        say(stream, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for _ in 0..300 {
            if !say(stream, b"1\r\nx\r\n") {
                return;
            }
            pause(100);
        }
    });
    let cases = vec![
        (listen(say_nothing), TCP, "TLS", "no TLS handshake within 10 s"),
        (after_hello, TCP, "TLS", "no TLS handshake within 10 s"),
        (secured(&own, ONE, |it| say_nothing(it)), TLS, WAIT, "no answer within 10 s"),
        (secured(&own, TWO, |it| say_nothing(it)), TLS, WAIT, "no answer within 10 s"),
        (secured(&own, ONE, answers(b"HTTP/1.1 200 OK\r\nx: y\r\n")), TLS, WAIT, "no answer within 10 s"),
        (secured(&own, ONE, answers(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")), HEAD, "body", late),
        (secured(&own, ONE, answers(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234")), HEAD, "body", late),
        (trickle, HEAD, "body", late),
        (secured(&own, TWO, frames::pings), TLS, WAIT, "no answer within 10 s"),
    ];
    all(cases, &[], &ca.pem());
}

#[test]
fn a_server_that_breaks_off_or_speaks_nonsense_is_understood() {
    let ca = authority();
    let own = loopback(&ca);
    let half_hello = config(&own, ONE);
    let cases = vec![
        (listen(drop), TCP, "TLS", "no TLS: "),
        (
            listen(move |mut stream| {
                let mut connection = ServerConnection::new(std::sync::Arc::clone(&half_hello)).expect("whole");
                drop(connection.read_tls(&mut stream));
                drop(connection.process_new_packets());
                let mut flight = Vec::new();
                connection.write_tls(&mut flight).expect("memory takes all");
                say(&mut stream, &flight[..40]);
            }),
            TCP,
            "TLS",
            "the other end closed the connection in the middle of the TLS handshake",
        ),
        (
            listen(|mut stream| {
                drop(stream.read(&mut [0; 4096]));
                say(&mut stream, b"SSH-2.0-\x1b[2J this is no TLS at all, but something else\r\n");
                say_nothing(stream);
            }),
            TCP,
            "TLS",
            "the other end sends something else than TLS",
        ),
        (
            secured(&own, ONE, |stream| {
                request(stream);
                // A record of 1000 bytes that ends after ten.
                drop(stream.sock.write_all(&[23, 3, 3, 3, 232, 1, 2, 3, 4, 5]));
                drop(stream.sock.shutdown(std::net::Shutdown::Both));
            }),
            TLS,
            WAIT,
            "no answer: ",
        ),
        (secured(&own, ONE, |it| drop(request(it))), TLS, WAIT, "no answer: "),
        (secured(&own, ONE, answers(b"\x1b[2J\x00\xff no HTTP\r\n\r\n")), TLS, WAIT, "what came is no HTTP"),
        (
            secured(&own, ONE, answers(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nxx\r\n")),
            HEAD,
            "body",
            "no whole body",
        ),
        (secured(&own, TWO, frames::goes_away), TLS, WAIT, "GOAWAY"),
        (secured(&own, TWO, frames::resets), TLS, WAIT, "no answer: "),
        (secured(&own, TWO, frames::settles), TLS, WAIT, "no answer"),
    ];
    all(cases, &[], &ca.pem());
}

#[test]
fn what_is_too_large_is_not_taken() {
    let ca = authority();
    let own = loopback(&ca);
    let head = secured(&own, ONE, |stream| {
        request(stream);
        say(stream, b"HTTP/1.1 200 OK\r\n");
        let field = [&b"x-long: "[..], &[b'y'; 1000], b"\r\n"].concat();
        for _ in 0..1000 {
            if !say(stream, &field) {
                return;
            }
        }
        say(stream, b"\r\n");
    });
    let endless = secured(&own, ONE, |stream| {
        request(stream);
        say(stream, b"HTTP/1.1 200 OK\r\n\r\n");
        let piece = [b'.'; 16_000];
        while say(stream, &piece) {}
    });
    let cases = vec![
        (head, TLS, WAIT, "its header section is larger than is taken"),
        (secured(&own, TWO, frames::goes_on), TLS, WAIT, "no answer"),
        (endless, HEAD, "body", "it is larger than 16 MiB"),
    ];
    all(cases, &[], &ca.pem());
}

#[test]
fn a_certificate_that_is_not_good_ends_the_visit_in_tls() {
    let (ca, other) = (authority(), named("somebody else"));
    let expired = ca.issue_for(&["127.0.0.1"], Duration::from_secs(1_600_000_000), 30).expect("made");
    let cases = vec![
        (secured(&expired, ONE, |it| say_nothing(it)), TCP, "TLS", "it has expired"),
        (
            secured(&ca.issue(&["www.example"]).expect("made"), ONE, |it| say_nothing(it)),
            TCP,
            "TLS",
            "it is for www.example, and 127.0.0.1 was asked",
        ),
        (secured(&loopback(&other), ONE, |it| say_nothing(it)), TCP, "TLS", "its signer is nobody this client trusts"),
    ];
    all(cases, &[], &ca.pem());
}

#[test]
fn redirects_end_and_lead_to_pages_only() {
    let ca = authority();
    let own = loopback(&ca);
    let endless = secured(&own, ONE, answers(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"));
    let file =
        secured(&own, ONE, answers(b"HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n"));
    let round = visit(&https(endless), &[], &ca.pem(), &[]);
    let rows: Vec<String> = round.rows();
    round.ended.code(3).warns("it leads from page to page: more than 20 redirects");
    assert_eq!(rows.iter().filter(|it| *it == "wait").count(), 21, "{rows:?}");
    visit(&https(file), &[], &ca.pem(), &[]).failed(HEAD, "redirect", "it leads to what is no page");
    let plain = listen(|mut stream| {
        request(&mut stream);
        say(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
        say_nothing(stream);
    });
    let to_plain = secured(&own, ONE, move |stream| {
        request(stream);
        say(
            stream,
            format!("HTTP/1.1 302 Found\r\nlocation: http://{plain}/x\r\ncontent-length: 0\r\n\r\n").as_bytes(),
        );
        say_nothing(stream);
    });
    let led = visit(&https(to_plain), &[], &ca.pem(), &[]);
    led.ended.code(0);
    let json = led.json();
    let titles: Vec<&str> =
        json["steps"].as_array().expect("rows").iter().filter_map(|it| it["title"].as_str()).collect();
    let sent_on = format!("sent on to http://{plain}/x, in cleartext: TCP opens");
    assert!(titles.contains(&sent_on.as_str()), "{titles:?}");
}

#[test]
fn quic_that_gets_no_answer_is_given_up_with_what_may_be_the_cause() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let garbage = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let (at, other) = (silent.local_addr().expect("bound"), garbage.local_addr().expect("bound"));
    let closed = UdpSocket::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    garbage.set_read_timeout(Some(super::server::PATIENCE)).expect("not zero");
    thread::spawn(move || {
        let mut buffer = [0; 2000];
        while let Ok((_, from)) = garbage.recv_from(&mut buffer) {
            drop(garbage.send_to(b"\xff\x1b[2J no packet of QUIC", from));
        }
    });
    let why = "no QUIC connection within 10 s: nothing came back, UDP may be blocked on the way";
    let cases = vec![(at, &[][..], "QUIC", why), (other, &[], "QUIC", why), (closed, &[], "QUIC", "")];
    all(cases, &["--http", "3"], &authority().pem());
    drop(silent);
}

/// A proxy on loopback; gives what it was asked first.
fn proxy(answer: &'static [u8], to: Option<SocketAddr>) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("bound");
    let asked = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("the visit comes");
        let asked = request(&mut client);
        say(&mut client, answer);
        let Some(to) = to else {
            say_nothing(client);
            return asked;
        };
        let mut host = std::net::TcpStream::connect(to).expect("the page's host");
        let (mut back, mut there) = (client.try_clone().expect("a handle"), host.try_clone().expect("a handle"));
        thread::spawn(move || drop(std::io::copy(&mut there, &mut back)));
        drop(std::io::copy(&mut client, &mut host));
        drop(host.shutdown(std::net::Shutdown::Both));
        asked
    });
    (at, asked)
}

#[test]
fn a_proxy_lets_the_visit_through_and_has_a_part_of_its_own() {
    let ca = authority();
    let host = secured(&loopback(&ca), ONE, answers(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
    let (at, asked) = proxy(b"HTTP/1.1 200 Connection established\r\n\r\n", Some(host));
    let way = format!("http://me:secret@{at}");
    let through = visit(&https(host), &[], &ca.pem(), &[("https_proxy", &way)]);
    through.ended.code(0).says_not("secret");
    assert_eq!(through.rows(), ["tcp", "proxy", "tls", "wait"]);
    let asked = asked.join().expect("it was asked");
    assert!(asked.starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{asked}");
    let around = visit(&https(host), &[], &ca.pem(), &[("https_proxy", &way), ("no_proxy", "127.0.0.1")]);
    assert!(!around.rows().contains(&"proxy".to_owned()));
}

#[test]
fn a_proxy_that_refuses_or_is_of_another_kind_is_named() {
    let ca = authority();
    let host = secured(&loopback(&ca), ONE, answers(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    for (answer, why) in [
        (&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..], "it refused: HTTP/1.1 407"),
        (b"\x1b[2J what\r\n\r\n", "what it says is no HTTP"),
    ] {
        let (at, _asked) = proxy(answer, None);
        let visited = visit(&https(host), &[], &ca.pem(), &[("HTTPS_PROXY", &format!("http://{at}"))]);
        visited.failed(TCP, "proxy", why);
    }
    for (name, value, settings, why) in [
        ("https_proxy", "socks5://127.0.0.1:1", &[][..], "https_proxy is set, and it is one of another kind (socks5)"),
        ("https_proxy", "http://127.0.0.1:1", &["--http", "3"], "CONNECT carries no UDP"),
        ("http_proxy", "http://127.0.0.1:1", &["--tls", "none"], "in another form"),
    ] {
        let page = if name == "http_proxy" { format!("http://{host}/") } else { https(host) };
        visit(&page, settings, &ca.pem(), &[(name, value)]).ended.code(3).warns(why);
    }
}
