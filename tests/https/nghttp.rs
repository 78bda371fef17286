//! nghttp and h2load (nghttp2's programs) against the site: frames in the order our view of packets names, and many at once.
use roundtrip::wire::Field;
use roundtrip::wire::opened::Opened;

use crate::lab::{Lab, run};
use crate::tap::Tap;

const PACKAGE: &str = "nghttp2-client";

/// A frame: its kind and its stream.
type Frame = (String, u32);

/// What nghttp says it did: `send SETTINGS frame <length=12, flags=0x00, stream_id=0>`.
fn told(text: &str, direction: &str) -> Vec<Frame> {
    let frame = |line: &str| {
        let (kind, rest) = line.split_once(direction)?.1.split_once(" frame <")?;
        let stream = rest.split("stream_id=").nth(1)?.trim_end_matches('>');
        Some((kind.trim().to_owned(), stream.parse().ok()?))
    };
    text.lines().filter_map(frame).collect()
}

/// What our view names, of one end.
fn named(opened: &Opened, of_server: bool) -> Vec<Frame> {
    let mut frames = Vec::new();
    for layer in opened.units().iter().filter(|it| it.from_server == of_server).flat_map(|it| &it.decoded.layers) {
        let field = |name: &str| find(&layer.fields, name);
        if let (Some(kind), Some(stream)) = (field("http2.type"), field("http2.streamid")) {
            frames.push((kind.meaning.clone(), stream.value.parse().expect("a number")));
        }
    }
    frames
}

/// A field of that name, however deep.
pub(crate) fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find_map(|it| if it.name == name { Some(it) } else { find(&it.parts, name) })
}

#[test]
fn nghttp_names_the_frames_that_our_view_names_in_the_same_order() {
    let lab = Lab::up();
    let tap = Tap::before(lab.server("site"));
    let url = format!("https://localhost:{}/", tap.at.port());
    // `-a` fetches what the page links, beside each other.
    let ran = run(("nghttp", PACKAGE), &["-nva", &url], "");
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let opened = tap.open(&lab.keys().join("\n"));
    for (direction, of_server) in [("send ", false), ("recv ", true)] {
        let theirs = told(&ran.out, direction);
        assert!(theirs.iter().any(|(kind, _)| kind == "HEADERS"), "{}", ran.all());
        let ours = named(&opened, of_server);
        // The server's GOAWAY answers nghttp's, which does not wait for it.
        let (same, rest) = ours.split_at(theirs.len().min(ours.len()));
        assert_eq!(same, theirs, "{direction}: {}", ran.out);
        assert!(rest.iter().all(|(kind, _)| kind == "GOAWAY"), "{rest:?}");
    }
    // The page, its style sheet and its picture: three streams.
    let pages = told(&ran.out, "recv ").into_iter().filter(|(kind, _)| kind == "HEADERS").count();
    assert_eq!((pages, ran.out.matches(":status: 200").count()), (3, 3), "{}", ran.out);
}

#[test]
fn h2load_gets_a_thousand_answers_over_ten_connections_with_ten_streams_each() {
    let lab = Lab::up();
    for path in ["/etag", "/bytes?n=20000"] {
        let ran = run(("h2load", PACKAGE), &["-n", "1000", "-c", "10", "-m", "10", &lab.url(path)], "");
        assert!(ran.out.contains("1000 done, 1000 succeeded, 0 failed, 0 errored"), "{}", ran.all());
        assert!(ran.out.contains("status codes: 1000 2xx"), "{}", ran.out);
        assert_eq!(ran.after("Application protocol: "), Some("h2"));
        assert_eq!(ran.after("TLS Protocol: "), Some("TLSv1.3"));
    }
}
