//! Captures with TLS in them: the file holds the keys, and tshark reads what was said.
use std::io::Write;
use std::process::Command;

use roundtrip::demos::{self, Setup};
use roundtrip::recording::{Packet, Recording, opened, vantage};
use roundtrip::wire::{Decoded, Field};

fn run(transport: &str) -> Recording {
    let settings = [("transport".to_owned(), transport.to_owned())].into();
    demos::run("dns-trace", &settings, &Setup { seed: 1, ..Setup::default() }).expect("a value of the knob")
}

/// The lines of tshark's fields for the packets a filter holds for, in what the client saw.
fn fields(recording: &Recording, filter: &str, names: &[&str]) -> Vec<String> {
    let place = vantage::find(recording, "client").expect("it has an interface");
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&place.pcapng(recording)).expect("room on the disk");
    let mut command = Command::new("tshark");
    command.args(["-n", "-r"]).arg(file.path()).args(["-Y", filter, "-T", "fields", "-E", "separator=/s"]);
    for name in names {
        command.args(["-e", name]);
    }
    let output = command.output().expect("tshark is needed (Debian and Ubuntu: sudo apt-get install tshark)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|it| it.trim().to_owned()).collect()
}

#[test]
fn tshark_reads_the_dns_messages_inside_tls_and_https_from_the_file_alone() {
    for transport in ["dot", "doh"] {
        let mut recording = run(transport);
        let said = fields(&recording, "dns", &["dns.qry.name", "dns.a"]);
        let exchange = ["www.shop.example", "www.shop.example 203.0.113.80"];
        assert_eq!(said, [exchange, exchange].concat(), "{transport}");
        assert_eq!(fields(&recording, "_ws.malformed", &["frame.number"]), [""; 0], "{transport}");
        let steps = fields(&recording, "tls.handshake", &["tls.handshake.type"]);
        assert_eq!(steps, ["1", "2,8,11,15,20", "20", "4,4"], "{transport}");
        recording.secrets.clear();
        assert_eq!(
            fields(&recording, "dns", &["dns.qry.name"]),
            [""; 0],
            "{transport}: without the keys nobody reads it"
        );
    }
}

#[test]
fn our_words_for_the_hellos_are_at_tsharks_places() {
    let recording = run("doh");
    for (number, name) in [
        ("1", "tls.handshake.extensions_server_name"),
        ("1", "tls.handshake.extensions_alpn_str"),
        ("2", "tls.handshake.extensions.supported_version"),
    ] {
        let theirs = fields(&recording, &format!("tls.handshake.type == {number}"), &["frame.number", name]);
        let [line] = theirs.as_slice() else { panic!("one hello of each kind: {theirs:?}") };
        let (frame, value) = line.split_once(' ').expect("two fields");
        let seen = vantage::find(&recording, "client").expect("it has an interface").seen(&recording);
        let packet = seen[frame.parse::<usize>().expect("a number") - 1].packet;
        let decoded = roundtrip::wire::decode(&packet.bytes);
        assert_eq!(decoded.field(name).map(|it| it.value.as_str()), Some(value), "{name}");
    }
}

/// The values of fields, packet by packet as the client saw them: of a frame first, then of what was opened with it.
fn ours(recording: &Recording, names: &[&str]) -> Vec<Vec<String>> {
    let opened = opened::open(recording);
    let seen = vantage::find(recording, "client").expect("it has an interface").seen(recording);
    let row = |packet: &Packet| -> Vec<String> {
        let frame = roundtrip::wire::decode(&packet.bytes);
        let all: Vec<&Decoded> = std::iter::once(&frame).chain(opened.at(packet).map(|it| &it.decoded)).collect();
        let of = |name: &&str| {
            let mut values = Vec::new();
            all.iter().flat_map(|it| &it.layers).for_each(|layer| gather(&layer.fields, name, &mut values));
            values.join(",")
        };
        names.iter().map(of).collect()
    };
    seen.iter().map(|it| row(it.packet)).collect()
}

fn gather(fields: &[Field], name: &str, values: &mut Vec<String>) {
    for field in fields {
        if field.name == name {
            values.push(field.value.replace(' ', ""));
        }
        gather(&field.parts, name, values);
    }
}

/// The same as tshark has them.
fn theirs(recording: &Recording, names: &[&str]) -> Vec<Vec<String>> {
    let place = vantage::find(recording, "client").expect("it has an interface");
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&place.pcapng(recording)).expect("room on the disk");
    let mut command = Command::new("tshark");
    command.args(["-n", "-r"]).arg(file.path()).args(["-T", "fields", "-E", "separator=|"]);
    for name in names {
        command.args(["-e", name]);
    }
    let output = command.output().expect("tshark is needed (Debian and Ubuntu: sudo apt-get install tshark)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
}

/// What both know of a handshake.
const KNOWN: [&str; 9] = [
    "tls.handshake.type",
    "tls.handshake.extension.type",
    "tls.handshake.ciphersuite",
    "tls.handshake.sig_hash_alg",
    "tls.handshake.session_ticket_lifetime_hint",
    "tls.handshake.session_ticket",
    "tls.handshake.extensions_alpn_str",
    "tls.alert_message.desc",
    "x509ce.dNSName",
];

#[test]
fn tshark_names_the_same_messages_and_values_in_the_same_packets_of_every_handshake() {
    let modes = ["full", "resumed", "early-data", "replay", "hello-retry", "client-certificate"];
    let faults = [
        "unknown-ca",
        "no-version",
        "no-protocol",
        "overfull-record",
        "odd-length",
        "changed-random",
        "no-server-share",
        "compression",
        "foreign-suite",
        "unasked-extension",
        "wrong-order",
        "false-signature",
    ];
    let modes = modes.map(|mode| ("mode", mode)).into_iter().chain(faults.map(|fault| ("fault", fault)));
    let mut messages = 0;
    for (knob, value) in modes {
        for version in ["1.3", "1.2"] {
            let settings = [(knob.to_owned(), value.to_owned()), ("version".to_owned(), version.to_owned())].into();
            let setup = Setup { seed: 1, ..Setup::default() };
            let recording = demos::run("tls-handshake", &settings, &setup).expect("values of the knobs");
            let (ours, theirs) = (ours(&recording, &KNOWN), theirs(&recording, &KNOWN));
            assert_eq!(ours.len(), theirs.len(), "{version} {value}");
            for (n, (ours, theirs)) in (1..).zip(ours.iter().zip(&theirs)) {
                assert_eq!(ours, theirs, "TLS {version}, {value}, frame {n} of the client");
                messages += ours[0].split(',').filter(|it| !it.is_empty()).count();
            }
            assert_eq!(fields(&recording, "_ws.malformed", &["frame.number"]), [""; 0], "{version} {value}");
        }
    }
    assert!(messages > 100, "{messages} messages were compared");
}
