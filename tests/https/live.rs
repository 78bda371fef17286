//! Our own live visits of the site: `demo handshake-timing --live` by the name `localhost`, trusting the lab's authority.
use serde_json::Value;

use crate::lab::{Lab, Ran, run};

/// A live visit of a page, to its end.
fn visit(page: &str, more: &[&str]) -> Ran {
    let line = [&["demo", "handshake-timing", "--live", page, "--json"], more].concat();
    run((env!("CARGO_BIN_EXE_roundtrip"), "roundtrip"), &line, "")
}

fn names(run: &Value) -> Vec<&str> {
    let bars = run["spans"].as_array().expect("a list").iter();
    bars.filter(|it| it["lane"] == "visit 1").map(|it| it["name"].as_str().expect("a name")).collect()
}

#[test]
fn the_labs_site_is_visited_by_its_name_with_its_authority() {
    let lab = Lab::up();
    let (url, ca) = (lab.url("/connection"), lab.ca());
    for (http, parts) in [
        ("1.1", &["TCP", "TLS", "request and first byte"][..]),
        ("2", &["TCP", "TLS", "request and first byte"]),
        ("3", &["QUIC", "request and first byte"]),
    ] {
        let ran = visit(&url, &["--ca", &ca, "--http", http]);
        assert_eq!(ran.code, Some(0), "HTTP/{http}: {}", ran.err);
        let run: Value = serde_json::from_str(&ran.out).expect("JSON");
        let shown = names(&run).into_iter().filter(|it| *it != "body").collect::<Vec<_>>();
        assert_eq!(shown, parts, "HTTP/{http}: nobody is asked for the name");
        let page = run["steps"].as_array().expect("rows").iter().find(|it| it["kind"] == "wait").expect("an answer");
        assert_eq!((&page["facts"]["status"], &page["facts"]["page"]), (&"200".into(), &url.as_str().into()));
        assert!(ran.out.contains("this machine knows localhost itself"), "{}", ran.out);
    }
}

#[test]
fn without_its_authority_it_is_not_trusted_and_a_wrong_file_is_named() {
    let lab = Lab::up();
    let strange = visit(&lab.url("/"), &[]);
    assert_eq!(strange.code, Some(3), "{}", strange.err);
    assert!(strange.err.contains("its signer is nobody this client trusts"), "{}", strange.err);
    let keys = lab.file("keys");
    for (file, says) in [(keys.as_str(), "holds no certificate"), ("/no/such/file", "cannot be read")] {
        let ran = visit(&lab.url("/"), &["--ca", file]);
        assert_eq!(ran.code, Some(3), "{}", ran.err);
        assert!(ran.err.contains("--ca") && ran.err.contains(says), "{}", ran.err);
    }
    for (line, says) in [
        (&["demo", "handshake-timing", "--live", "--ca", keys.as_str(), "--json"][..], "--live HOST"),
        (
            &["demo", "tcp-echo", "--live", "localhost", "--ca", keys.as_str(), "--json"],
            "asks nobody for a certificate",
        ),
        (&["demo", "handshake-timing", "--ca", keys.as_str(), "--json"], "--live"),
    ] {
        let ran = run((env!("CARGO_BIN_EXE_roundtrip"), "roundtrip"), line, "");
        assert_eq!(ran.code, Some(2), "{line:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{line:?}: {}", ran.err);
    }
}
