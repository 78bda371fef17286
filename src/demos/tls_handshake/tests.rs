//! The runs against what the RFCs say of them.
use std::collections::BTreeMap;

use crate::demos::{Setup, run};
use crate::recording::Recording;

fn of(settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
    run("tls-handshake", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
}

#[track_caller]
fn number(recording: &Recording, name: &str) -> i64 {
    let all: Vec<_> = recording.measurements.iter().map(|it| &it.name).collect();
    recording.measurement(name).unwrap_or_else(|| panic!("{name} is none of {all:?}")).value.value
}

fn titles(recording: &Recording) -> Vec<String> {
    recording.steps.iter().map(|it| it.title.clone()).collect()
}

#[test]
fn round_trips_before_the_client_may_send_are_those_of_the_rfcs() {
    for (version, mode, rounds) in [
        ("1.3", "full", 1),
        ("1.3", "resumed", 1),
        ("1.3", "early-data", 0),
        ("1.3", "hello-retry", 2),
        ("1.3", "client-certificate", 1),
        ("1.2", "full", 2),
        ("1.2", "resumed", 1),
    ] {
        let run = of(&[("version", version), ("mode", mode)]);
        assert_eq!(number(&run, "tls_rtts"), rounds, "{version} {mode}: {:#?}", titles(&run));
    }
}

#[test]
fn a_box_on_the_way_adds_time_and_no_round_trip_of_tls() {
    for (mode, guard, rounds) in [("replay", "refuse", 1), ("replay", "none", 0), ("early-data", "refuse", 1)] {
        for rtt in ["0ms", "80ms", "500ms"] {
            let run = of(&[("mode", mode), ("guard", guard), ("rtt", rtt)]);
            assert_eq!(number(&run, "tls_rtts"), rounds, "{mode} {guard} {rtt}: {:#?}", titles(&run));
        }
    }
}

#[test]
fn a_replay_is_carried_out_twice_unless_the_server_guards_itself() {
    for (guard, transfers) in [("none", 3), ("single-use", 2), ("too-early", 2), ("refuse", 2)] {
        let run = of(&[("mode", "replay"), ("guard", guard)]);
        assert_eq!(number(&run, "transfers"), transfers, "{guard}: {:#?} {:#?}", titles(&run), run.events);
    }
}

/// The alert that breaks a run off: who sends it, its level, its number, its name, and whether it is in the clear.
fn alert(run: &Recording) -> (&'static str, String, String, String, bool) {
    let row = run.steps.iter().find(|it| it.kind == "failed").expect("it fails");
    let packet = run.packet(*row.packets.last().expect("it has packets")).expect("it is there");
    let (frame, opened) = (crate::wire::decode(&packet.bytes), crate::recording::opened::open(run));
    let open = frame.field("tls.alert_message.desc").is_some();
    let mut all = std::iter::once(&frame).chain(opened.at(packet).map(|it| &it.decoded));
    let decoded = all.find(|it| it.field("tls.alert_message.desc").is_some()).expect("an alert");
    let field = |name| decoded.field(name).expect("both are there");
    let (level, number) = (field("tls.alert_message.level"), field("tls.alert_message.desc"));
    let who = if row.title.starts_with("the client:") { "client" } else { "server" };
    (who, level.value.clone(), number.value.clone(), number.meaning.clone(), open)
}

#[test]
fn each_fault_ends_in_its_alert() {
    // By each version: who says it, its number, its name, whether everybody on the way can read it.
    let rows = [
        ("unknown-ca", [("client", 48, "unknown_ca", false), ("client", 48, "unknown_ca", true)]),
        ("wrong-name", [("client", 42, "bad_certificate", false), ("client", 42, "bad_certificate", true)]),
        ("expired", [("client", 45, "certificate_expired", false), ("client", 45, "certificate_expired", true)]),
        ("no-version", [("server", 70, "protocol_version", true); 2]),
        ("no-group", [("server", 40, "handshake_failure", true); 2]),
        (
            "no-protocol",
            [("server", 120, "no_application_protocol", false), ("server", 120, "no_application_protocol", true)],
        ),
        (
            "no-client-certificate",
            [("server", 116, "certificate_required", false), ("server", 116, "certificate_required", true)],
        ),
        ("unknown-name", [("server", 49, "access_denied", true); 2]),
        ("bad-record", [("server", 20, "bad_record_mac", false); 2]),
        ("overfull-record", [("client", 22, "record_overflow", false); 2]),
        ("long-record", [("server", 50, "decode_error", true); 2]),
        ("odd-length", [("server", 50, "decode_error", true); 2]),
        ("changed-random", [("client", 20, "bad_record_mac", false), ("client", 51, "decrypt_error", true)]),
        ("no-client-share", [("server", 40, "handshake_failure", true); 2]),
        ("no-server-share", [("client", 109, "missing_extension", true); 2]),
        ("compression", [("client", 47, "illegal_parameter", true); 2]),
        ("foreign-suite", [("client", 40, "handshake_failure", true); 2]),
        ("unasked-extension", [("client", 110, "unsupported_extension", true); 2]),
        ("wrong-order", [("client", 10, "unexpected_message", true); 2]),
        ("false-signature", [("client", 51, "decrypt_error", false), ("client", 51, "decrypt_error", true)]),
    ];
    let names: Vec<_> = std::iter::once("none").chain(rows.iter().map(|it| it.0)).collect();
    assert_eq!(names, super::faults::NAMES, "a row for each value of the knob");
    for (fault, versions) in rows {
        for (version, (who, code, name, open)) in ["1.3", "1.2"].into_iter().zip(versions) {
            let what = format!("{fault} {version}");
            let run = of(&[("fault", fault), ("version", version)]);
            let is_13 = version == "1.3";
            let Some(asks) = super::Fault::named(fault).and_then(|it| it.asks(is_13)) else {
                assert!(!is_13 && run.steps.iter().all(|it| it.kind != "failed"), "{what}: {:#?}", titles(&run));
                assert!(format!("{:?}", run.events).contains("has no key share"), "{what}");
                continue;
            };
            assert_eq!(alert(&run), (who, "2".to_owned(), code.to_string(), name.to_owned(), open), "{what}");
            let bars: Vec<_> = run.spans.iter().map(|it| it.name.as_str()).collect();
            assert!(bars.iter().any(|it| it.ends_with(&format!(": {name}"))), "{what}: {bars:?}");
            let why = &run.steps.iter().find(|it| it.kind == "failed").expect("it fails").why;
            assert!(why.contains(&format!("{} has {} for it", asks.source, asks.alert)), "{what}: {why}");
            assert_eq!(
                why.contains(&format!("rustls, the library here, says {name}")),
                asks.alert != name,
                "{what}: {why}"
            );
            // The alert of this one comes when the order is carried out.
            assert_eq!(number(&run, "transfers"), i64::from(fault == "overfull-record"), "{what}");
        }
    }
}

#[test]
fn the_record_of_an_alert_is_longer_where_it_is_sealed() {
    // 5 and 2 bytes; sealed in 1.3 the true type and a tag more, in 1.2 a nonce and a tag (RFC 8446 §5.2, RFC 5288 §3).
    for (version, fault, bytes) in [
        ("1.3", "unasked-extension", 7),
        ("1.3", "changed-random", 5 + 2 + 1 + 16),
        ("1.2", "changed-random", 7),
        ("1.2", "bad-record", 5 + 2 + 8 + 16),
    ] {
        let run = of(&[("version", version), ("fault", fault)]);
        assert_eq!(number(&run, "alert_record_bytes"), bytes, "{version} {fault}");
    }
}

#[test]
fn what_nobody_could_open_is_said_to_be_sealed() {
    for fault in super::faults::NAMES {
        let run = of(&[("fault", fault)]);
        for (title, why) in whys(&run).into_iter().filter(|it| it.0.contains("Application Data")) {
            let words = ["what follows is sealed", "the client cannot open"];
            assert!(words.iter().any(|it| why.contains(it)), "{fault}: {title}: {why}");
        }
    }
}

#[test]
fn every_record_of_every_mode_is_opened_and_nothing_is_wrong_with_it() {
    for version in ["1.3", "1.2"] {
        for mode in super::MODES {
            let run = of(&[("version", version), ("mode", mode)]);
            let opened = crate::recording::opened::open(&run);
            let mut units = run
                .packets
                .iter()
                .flat_map(|it| opened.at(it))
                .filter(|it| it.title.contains("opened with"))
                .peekable();
            assert!(units.peek().is_some(), "{version} {mode}");
            for unit in units {
                assert_eq!(unit.decoded.problems, [], "{version} {mode}: {}", unit.title);
            }
            let sealed = run.packets.iter().find(|it| it.summary.contains("does not open"));
            // The attacker has no key: what the server answers him is not the client's.
            assert!(sealed.is_none() || *mode == "replay", "{version} {mode}: {sealed:?}");
        }
    }
}

/// The reasons of all rows of the last connection, and the title of each.
fn whys(recording: &Recording) -> Vec<(String, String)> {
    recording.steps.iter().map(|it| (it.title.clone(), it.why.clone())).collect()
}

#[test]
fn each_flight_says_only_what_is_in_it() {
    for version in ["1.3", "1.2"] {
        for mode in super::MODES {
            for guard in super::GUARDS {
                let run = of(&[("version", version), ("mode", mode), ("guard", guard)]);
                let (mut shown, mut retried, mut early) = (false, false, false);
                for (title, why) in whys(&run) {
                    let what = format!("{version} {mode} {guard}: {title}: {why}");
                    if title.starts_with("the client:") && title.contains("Client Hello") && !retried {
                        (shown, early) = (false, title.contains("HTTP"));
                    }
                    shown |= title.contains("Certificate,");
                    assert!(!why.contains("checked the server's certificate") || shown, "{what}");
                    assert!(!why.contains("right behind it") || title.contains("HTTP") && !early, "{what}");
                    assert!(!why.contains("on a guess") || !retried, "{what}");
                    assert!(!why.contains("this one round trip") || !retried, "{what}");
                    assert!(!why.contains("ickets") || title.contains("New Session Ticket"), "{what}");
                    assert!(!title.contains("Application Data") || title.contains("does not open"), "{what}");
                    retried |= title.contains("Hello Retry Request");
                }
            }
        }
    }
}

#[test]
fn an_alert_is_said_to_be_readable_where_there_are_no_keys() {
    for (version, fault, open) in [
        ("1.3", "no-group", true),
        ("1.3", "no-version", true),
        ("1.3", "unknown-ca", false),
        ("1.2", "unknown-ca", true),
        ("1.3", "bad-record", false),
        ("1.2", "bad-record", false),
    ] {
        let run = of(&[("version", version), ("fault", fault)]);
        let row = run.steps.iter().find(|it| it.kind == "failed").expect("it fails");
        assert_eq!(row.why.contains("everybody on the way"), open, "{version} {fault}: {}", row.why);
    }
}

#[test]
fn a_hello_that_names_a_session_is_not_told_as_a_first_one() {
    for (version, words) in [("1.3", "pre_shared_key"), ("1.2", "by its number")] {
        let run = of(&[("version", version), ("mode", "resumed")]);
        let hellos: Vec<_> = run.steps.iter().filter(|it| it.title.contains("Client Hello")).collect();
        let told: Vec<_> = hellos.iter().map(|it| (it.why.contains("on a guess"), it.why.contains(words))).collect();
        assert_eq!(told, [(true, false), (false, true)], "{version}: {hellos:#?}");
    }
}

#[test]
fn an_alert_of_another_version_is_said_to_be_one() {
    for version in ["1.3", "1.2"] {
        let run = of(&[("version", version), ("fault", "no-client-certificate")]);
        let row = run.steps.iter().find(|it| it.kind == "failed").expect("it fails");
        assert_eq!(row.why.contains("handshake_failure"), version == "1.2", "{version}: {}", row.why);
        assert_eq!(row.why.contains("RFC 5246 §7.2"), version == "1.2", "{version}: {}", row.why);
    }
}

#[test]
fn what_the_attacker_can_read_is_said_alike_in_note_and_row() {
    let run = of(&[("mode", "replay")]);
    assert!(format!("{:?}", run.events).contains("can read the server's hello in them"));
    let row = run.steps.iter().rfind(|it| it.why.contains("answer to the attacker")).expect("it is answered");
    assert!(row.why.contains("can read its hello alone"), "{}", row.why);
}

#[test]
fn the_first_flight_is_said_to_have_certificates_where_it_has() {
    for (mode, has) in [("full", true), ("resumed", false), ("hello-retry", false), ("early-data", false)] {
        let run = of(&[("mode", mode)]);
        let how = &run.measurement("server_flight_bytes").expect("there is one").how;
        assert_eq!(how.contains("no certificate"), !has, "{mode}: {how}");
    }
}

#[test]
fn what_the_version_does_not_have_is_said() {
    let notes = |settings: &[(&str, &str)]| format!("{:?}", of(settings).events);
    assert!(notes(&[("version", "1.2"), ("mode", "replay")]).contains("TLS 1.2 has no early data"));
    assert!(notes(&[("version", "1.2"), ("mode", "hello-retry")]).contains("TLS 1.2 has no hello-retry"));
    assert!(!notes(&[("version", "1.3"), ("mode", "replay")]).contains("TLS 1.2"));
}
