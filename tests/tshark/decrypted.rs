//! Captures with TLS in them: the file holds the keys, and tshark reads what was said.
use std::io::Write;
use std::process::Command;

use roundtrip::demos::{self, Setup};
use roundtrip::recording::{Recording, vantage};

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
        assert_eq!(steps, ["1", "2", "8,11,15,20", "20", "4,4"], "{transport}");
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
