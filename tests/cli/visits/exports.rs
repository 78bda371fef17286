//! What a visit gives out, judged by others: HAR by its schema (har-validator), the curl command by curl.
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::server::{authority, loopback, request, say, say_nothing, secured};
use super::{https, visit};
use crate::tutor::Home;

const JUDGE: &str = "const it = require('har-validator'); const text = require('fs').readFileSync(0, 'utf8');\n\
    it.har(JSON.parse(text)).then(() => console.log('valid'), (no) => console.log(JSON.stringify(no.errors || String(no))));\n";

/// A folder of the tests' own with har-validator, made when it is first needed.
fn judge() -> PathBuf {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("har");
    if !place.join("ready").exists() {
        std::fs::create_dir_all(&place).expect("room on the disk");
        std::fs::write(place.join("judge.js"), JUDGE).expect("room on the disk");
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix", "."]).arg("har-validator@5.1.5");
        let got =
            npm.current_dir(&place).status().expect("npm is needed (Debian and Ubuntu: sudo apt-get install npm)");
        assert!(got.success(), "har-validator is needed, and npm could not get it: is the network there?");
        std::fs::write(place.join("ready"), "").expect("room on the disk");
    }
    place
}

/// The archive, which the judge takes.
#[track_caller]
fn valid(har: &str) -> Value {
    let mut node = Command::new("node");
    node.arg("judge.js").current_dir(judge()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut node = node.spawn().expect("node comes with npm");
    node.stdin.take().expect("piped").write_all(har.as_bytes()).expect("it reads");
    let output = node.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(said.trim(), "valid", "{har}");
    serde_json::from_str(har).expect("JSON")
}

#[test]
fn every_kind_of_visit_is_an_archive_that_its_schema_takes() {
    let home = Home::new();
    for settings in [
        &[][..],
        &["--http", "1.1", "--tls", "none"],
        &["--session", "0-rtt"],
        &["--http", "3", "--session", "resumed"],
        &["--live"],
        &["--live", "--http", "3"],
    ] {
        let line = [&["demo", "handshake-timing", "--export", "har"], settings].concat();
        let har = valid(&home.run(&line).code(0).stdout());
        let entries = har["log"]["entries"].as_array().expect("a list");
        assert_eq!(entries.len(), if settings.contains(&"--session") { 2 } else { 1 }, "{settings:?}");
        for it in entries {
            let timings = it["timings"].as_object().expect("they are there");
            let sum: f64 = timings
                .iter()
                .filter(|(name, _)| *name != "ssl")
                .filter_map(|(_, it)| it.as_f64())
                .filter(|it| *it > 0.0)
                .sum();
            let time = it["time"].as_f64().expect("a number");
            assert!((sum - time).abs() < 1e-6, "{sum} {time}: {it}");
            assert!(it["response"]["status"] == 200, "{it}");
        }
    }
}

#[test]
fn a_visit_that_failed_and_one_that_was_sent_on_are_archived_too() {
    let ca = authority();
    let leads = secured(&loopback(&ca), &[b"http/1.1"], |stream| {
        let asked = request(stream);
        let answer: &[u8] = if asked.starts_with("GET /?a=1&b ") {
            b"HTTP/1.1 301 Moved\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 9\r\n\r\n1234"
        };
        say(stream, answer);
        say_nothing(stream);
    });
    let home = Home::new();
    let file = home.file("ca.pem", ca.pem());
    let page = https(leads) + "?a=1&b";
    let ran =
        home.tutor(&["demo", "handshake-timing", "--live", &page, "--export", "har"]).env("SSL_CERT_FILE", file).run();
    let har = valid(&ran.code(3).stdout());
    let entries = har["log"]["entries"].as_array().expect("a list");
    assert_eq!(entries[0]["request"]["queryString"][0]["value"], "1");
    assert_eq!(
        (&entries[0]["response"]["redirectURL"], entries[0]["response"]["status"].as_u64()),
        (&"/there".into(), Some(301))
    );
    assert_eq!(entries[1]["response"]["status"], 0, "the answer was not whole: {}", entries[1]);
    assert!(entries[1]["comment"].as_str().is_some_and(|it| it.contains("not whole")), "{}", entries[1]);
    assert!(
        entries[1]["timings"]["receive"].as_f64().is_some_and(|it| it > 9_000.0),
        "the time went there: {}",
        entries[1]
    );
}

#[test]
fn curl_runs_the_command_and_says_each_part() {
    let ca = authority();
    let at = secured(&loopback(&ca), &[b"http/1.1"], |stream| {
        request(stream);
        say(stream, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi");
    });
    let home = Home::new();
    let file = home.file("ca.pem", ca.pem());
    let page = https(at);
    for settings in [&["--http", "1.1"][..], &["--http", "1.1", "--session", "resumed"]] {
        assert!(visit(&page, settings, &ca.pem(), &[]).rows().contains(&"wait".to_owned()));
        let line = [&["demo", "handshake-timing", "--live", &page, "--export", "curl"], settings].concat();
        let script = home.tutor(&line).env("SSL_CERT_FILE", &file).run().code(0).stdout();
        let place = home.file("visit.sh", &script);
        let mut sh = Command::new("sh");
        // What stands behind the script's name is curl's.
        sh.arg(place).arg("--cacert").arg(&file).env("no_proxy", "*");
        let output = sh.output().expect("sh is there");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let times = if settings.len() > 2 { 2 } else { 1 };
        for name in
            ["namelookup 0", "connect 0", "appconnect 0", "pretransfer 0", "starttransfer 0", "total 0", "HTTP/1.1 200"]
        {
            assert_eq!(
                said.matches(&format!("\n{name}")).count() + said.matches(&format!(" {name}")).count(),
                times,
                "{name}: {said}\n{script}"
            );
        }
    }
}
