//! Live runs on loopback: how they end, and what they leave.
use std::io::Read;
use std::thread;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::demos::Setup;
use crate::net::Listener;
use crate::recording::{Marker, json, text};

use super::*;

/// A client that says a word and waits for one.
const DEMO: Demo = Demo {
    name: "one-word",
    title: "A word there and back",
    about: "For these tests.",
    chapters: &[],
    live: Some(Live {
        nodes: ["client", "server"],
        port: 9,
        looks_up: false,
        trusts: false,
        words: &[],
        lab: |_| {},
        curves: &[],
        knobs: &["size"],
        limit: Duration::from_millis(1500),
        script,
    }),
    knobs: &[
        Knob::quantity("size", "bytes of the word", crate::quantity::Unit::Bytes, [1, 100, 1, 4]),
        Knob::millis("rtt", "time to the server and back", [0, 10, 1, 1]),
    ],
    exports: &[],
    view: "sequence",
    run: |_: &Knobs, _: &Setup| unreachable!("these tests run it live"),
};

fn script(stand: Stand) -> Script {
    let play = Box::pin(async move {
        let at = match &stand.server {
            None => stand.at,
            Some(server) => {
                let listener = server.listen(stand.at).await?;
                let at = listener.local()?;
                server.spawn(async move {
                    let (mut stream, _) = listener.accept().await.expect("the client comes");
                    let mut word = [0; 100];
                    let length = stream.read(&mut word).await.expect("the word");
                    stream.write_all(&word[..length]).await.expect("the client waits");
                });
                at
            }
        };
        let mut stream = stand.client.connect(at).await?;
        let size = usize::try_from(stand.knobs.number("size")).expect("a hundred at most");
        stream.write_all(&[b'x'; 100][..size]).await?;
        stream.read_exact(&mut [0; 100][..size]).await?;
        Ok(())
    });
    let found = Box::new(|recording: &mut Recording| {
        let marker = Marker { name: "end".into(), label: "the end".into(), at: recording.end, packet: None };
        recording.markers.push(marker);
    });
    Script { play, found }
}

static ONE_WORD: Demo = DEMO;

fn request(target: &str) -> Request {
    Request { knobs: Knobs::defaults(ONE_WORD.knobs), target: target.parse().expect("a host"), seed: 1 }
}

fn to(target: &str) -> Result<Ran, LiveError> {
    run(&ONE_WORD, &request(target), &Stop::default(), &mut |_| {})
}

/// A port on loopback that is closed again.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn a_run_on_loopback_is_a_recording_that_says_it_is_live() {
    let ran = to("").expect("loopback is there");
    assert_eq!(ran.trouble, None);
    let run = &ran.recording.run;
    let live = run.live.as_ref().expect("marked");
    assert!(live.host.is_none() && live.address.ip().is_loopback() && live.address.port() > 0, "{live:?}");
    assert_eq!(run.knobs.keys().collect::<Vec<_>>(), ["size"], "the path is as it is");
    assert!(ran.recording.packets.is_empty() && ran.recording.marker("end").is_some());
    let json: serde_json::Value = serde_json::from_str(&json::json(&ran.recording)).expect("JSON");
    assert_eq!(json["live"]["address"], live.address.to_string());
    let text = text::text(&ran.recording);
    assert!(text.contains("live, with a server of its own on loopback") && text.contains("connect(fd "), "{text}");
    assert!(text.contains(&format!("loopback, port {},", live.address.port())), "{text}");
}

#[test]
fn a_closed_port_refuses_and_the_run_says_so() {
    let ran = to(&format!("127.0.0.1:{}", closed_port())).expect("an address needs no resolver");
    let trouble = ran.trouble.expect("refused");
    assert!(trouble.contains("refused the connection: nothing listens on that port"), "{trouble}");
    assert!(text::text(&ran.recording).contains("ECONNREFUSED"));
}

#[test]
fn a_host_that_resets_closes_or_never_answers_is_told_apart() {
    let server = std::net::TcpListener::bind("[::1]:0").expect("IPv6 on loopback");
    let target = server.local_addr().expect("an address").to_string();
    let serving = thread::spawn(move || {
        let (reset, _) = server.accept().expect("a client");
        // Bytes that came and that nobody read make the close a reset.
        reset.peek(&mut [0; 1]).expect("the word");
        drop(reset);
        let (mut closing, _) = server.accept().expect("a client");
        Read::read(&mut closing, &mut [0; 100]).expect("the word");
        drop(closing);
        server.accept().expect("a client")
    });
    for says in ["reset the connection", "closed the connection before it had answered", "cut off after 1.5 s"] {
        let trouble = to(&target).expect("an address").trouble.expect("trouble");
        assert!(trouble.contains(says), "{trouble}");
    }
    drop(serving.join().expect("it served"));
}

#[test]
fn a_name_that_is_none_is_not_resolved() {
    let error = to("no-such-host.invalid").expect_err("RFC 6761 §6.4: it never is").to_string();
    assert!(error.contains("no-such-host.invalid") && error.contains("resolver"), "{error}");
}

#[test]
fn a_stop_from_another_thread_ends_it_at_once() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let request = request(&server.local_addr().expect("an address").to_string());
    let stop = Stop::default();
    let asked = stop.clone();
    let mut heard = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "how long it takes is the question")]
    let began = Instant::now();
    let ran = run(&ONE_WORD, &request, &stop, &mut |progress| {
        heard.push(progress.clone());
        asked.stop();
    });
    assert_eq!(ran.expect("it began").trouble.as_deref(), Some("the run was stopped before its end"));
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert!(heard[0].calls >= 2 && heard[0].doing.starts_with("recv"), "{heard:?}");
}

#[test]
fn a_knob_of_the_network_is_refused_and_a_demo_without_a_live_side_too() {
    let error = allow(&ONE_WORD, ["size", "rtt"].into_iter()).expect_err("the path is as it is").to_string();
    assert!(error.contains("`rtt` describes the lab's network") && error.contains("`size`"), "{error}");
    assert!(allow(&ONE_WORD, ["size"].into_iter()).is_ok());
    let lab = crate::demos::find("packet-tour").expect("it ships");
    assert!(matches!(allow(lab, std::iter::empty()), Err(LiveError::LabOnly { .. })));
}

#[test]
fn nobody_stands_at_the_address_of_no_host() {
    let of = |address: &str| -> Vec<Vec<IpAddr>> {
        let live =
            recording::Live { host: Some("a.example".to_owned()), address: address.parse().expect("an address") };
        topology(&live, ["client", "server"]).nodes.into_iter().map(|it| it.interfaces[0].addresses.clone()).collect()
    };
    let unknown = of("0.0.0.0:443");
    assert!(unknown.iter().all(Vec::is_empty), "{unknown:?}");
    let known = of("192.0.2.1:443");
    assert_eq!(known, [vec![], vec![IpAddr::from([192, 0, 2, 1])]]);
}
