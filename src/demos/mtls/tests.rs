//! Who gets in, which alert the others get, and what replacing an authority costs.
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::demos::{Setup, export, run};
use crate::recording::Recording;

fn played(settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> =
        settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    run("mtls", &settings, &Setup { seed: 1, interventions: Vec::new() }).expect("the knobs take it")
}

fn counts(run: &Recording) -> [i64; 3] {
    ["answered", "forbidden", "failed"].map(|it| run.measurement(it).expect("measured").value.value)
}

/// Milliseconds of a measurement.
fn ms(run: &Recording, name: &str) -> Option<i64> {
    run.measurement(name).map(|it| it.value.value / 1_000_000)
}

#[test]
fn each_caller_gets_its_answer_or_its_alert() {
    let cases = [
        ("payments", [4, 0, 0], ""),
        ("wrong-san", [0, 4, 0], ""),
        ("none", [0, 0, 4], "certificate_required"),
        ("wrong-ca", [0, 0, 4], "unknown_ca"),
        ("expired", [0, 0, 4], "certificate_expired"),
        ("wrong-eku", [0, 0, 4], "unsupported_certificate"),
    ];
    for (caller, expected, alert) in cases {
        for tls in ["1.3", "1.2"] {
            let run = played(&[("caller", caller), ("tls", tls)]);
            assert_eq!(counts(&run), expected, "{caller} {tls}");
            if alert.is_empty() {
                continue;
            }
            let row = run.steps.iter().find(|it| it.kind == "refused").expect("refused");
            assert!(row.fact("error").contains(alert), "{caller} {tls}: {}", row.fact("error"));
            // RFC 8446 §4.4.2.4: in 1.3 the caller has taken the handshake for done.
            assert_eq!(ms(&run, "told_time"), (tls == "1.3").then_some(40), "{caller} {tls}");
        }
    }
}

#[test]
fn a_certificate_of_the_caller_costs_bytes_and_no_round_trip() {
    for (tls, trips) in [("1.3", 40), ("1.2", 80)] {
        let run = played(&[("tls", tls)]);
        assert_eq!(["plain_handshake_time", "mutual_handshake_time"].map(|it| ms(&run, it)), [Some(trips); 2], "{tls}");
        let bytes = |name| run.measurement(name).expect("measured").value.value;
        assert!(bytes("mutual_sent_bytes") > bytes("plain_sent_bytes") + 300, "{tls}");
    }
}

#[test]
fn a_gateway_speaks_for_its_callers_and_must_not_let_them_speak_for_themselves() {
    for gateway in ["replaces", "appends"] {
        assert_eq!(counts(&played(&[("gateway", gateway)])), [4, 0, 0], "{gateway}");
        assert_eq!(counts(&played(&[("gateway", gateway), ("caller", "wrong-san")])), [0, 4, 0], "{gateway}");
        assert_eq!(counts(&played(&[("gateway", gateway), ("caller", "none")])), [0, 0, 4], "{gateway}");
    }
    let forged = |gateway| counts(&played(&[("gateway", gateway), ("caller", "wrong-san"), ("forged", "on")]));
    assert_eq!([forged("none"), forged("replaces"), forged("appends")], [[0, 4, 0], [0, 4, 0], [4, 0, 0]]);
}

#[test]
fn an_authority_is_replaced_without_a_failed_call_where_both_are_trusted_meanwhile() {
    for gateway in ["none", "replaces"] {
        for tls in ["1.3", "1.2"] {
            let all = [("rotation", "overlap"), ("calls", "12"), ("gateway", gateway), ("tls", tls)];
            assert_eq!(counts(&played(&all)), [12, 0, 0], "{gateway} {tls}");
            let all = [("rotation", "at-once"), ("calls", "12"), ("gateway", gateway), ("tls", tls)];
            let run = played(&all);
            assert_eq!(counts(&run), [11, 0, 1], "{gateway} {tls}");
            // The caller still trusts the old authority alone: it is the one that breaks off, whatever the version.
            let number = |name| run.measurement(name).map(|it| it.value.value);
            assert_eq!((number("service_refused"), number("caller_refused")), (Some(0), Some(1)), "{gateway} {tls}");
            let row = run.steps.iter().find(|it| it.kind == "refused").expect("refused");
            assert!(
                row.title.contains("the caller refuses") && !row.why.contains("TLS 1.2"),
                "{}: {}",
                row.title,
                row.why
            );
        }
    }
}

#[test]
fn who_is_refused_is_counted_where_the_alert_came_from() {
    for tls in ["1.3", "1.2"] {
        let run = played(&[("caller", "wrong-ca"), ("tls", tls)]);
        let number = |name| run.measurement(name).map(|it| it.value.value);
        assert_eq!((number("service_refused"), number("caller_refused")), (Some(4), Some(0)), "{tls}");
        let row = run.steps.iter().find(|it| it.kind == "refused").expect("refused");
        assert_eq!(row.why.contains("In TLS 1.2"), tls == "1.2", "{tls}: {}", row.why);
    }
}

#[test]
fn calls_that_are_too_few_for_the_rotation_say_so() {
    let noted = |rotation, calls| {
        let run = played(&[("rotation", rotation), ("calls", calls)]);
        format!("{:?}", run.events).contains("the calls end before the authority is replaced")
    };
    for (rotation, calls, says) in [
        ("overlap", "1", true),
        ("overlap", "2", true),
        ("overlap", "12", false),
        ("at-once", "1", true),
        ("at-once", "2", true),
        ("at-once", "4", false),
        ("none", "1", false),
    ] {
        assert_eq!(noted(rotation, calls), says, "{rotation} {calls}");
    }
}

/// Whether the program finds nothing wrong with the exported configuration; `None` where it is not installed.
fn checked(program: &str, arguments: &[&str], name: &str, file: &str) -> Option<String> {
    let run = played(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let put = |file: &str, text: String| write(&folder.path().join(file), &text);
    put("ca.pem", export::write("ca", &run).expect("it has one"));
    put("service.pem", export::write("service", &run).expect("it has one"));
    put(file, export::write(name, &run).expect("it has one"));
    let place = folder.path().to_str().expect("a plain path").to_owned();
    let arguments = arguments.iter().map(|it| it.replace("HERE", &place));
    let done = Command::new(program).args(arguments).current_dir(folder.path()).output().ok()?;
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    // Where nginx has no folders of its own it goes no further than the syntax.
    assert!(done.status.success() || said.contains("syntax is ok"), "{program}: {said}");
    Some(said)
}

fn write(path: &Path, text: &str) {
    use std::io::Write as _;
    let mut file = tempfile::NamedTempFile::new_in(path.parent().expect("in a folder")).expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file.persist(path).expect("named");
}

#[test]
fn nginx_and_haproxy_take_their_configuration() {
    checked(
        "nginx",
        &["-t", "-e", "stderr", "-p", "HERE", "-c", "HERE/nginx.conf", "-g", "pid HERE/nginx.pid;"],
        "nginx",
        "nginx.conf",
    );
    checked("haproxy", &["-c", "-f", "haproxy.cfg"], "haproxy", "haproxy.cfg");
}
