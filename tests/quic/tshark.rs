//! tshark reads QUIC and HTTP/3 from the file alone, names the frames that the story needs, and finds nothing malformed.
use std::io::Write;
use std::process::Command;

use roundtrip::recording::{Recording, vantage};

use crate::demos::run;

/// The lines of tshark's fields for the packets a filter holds for, in what a client saw.
fn fields(recording: &Recording, client: &str, filter: &str, names: &[&str]) -> Vec<String> {
    let place = vantage::find(recording, client).expect("it has an interface");
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
fn every_packet_of_quic_is_opened_and_none_is_malformed() {
    let lossy: &[(&str, &str)] = &[("loss", "5%"), ("reorder", "10%")];
    for settings in
        [&[][..], &[("mode", "resumed")], &[("mode", "0-rtt")], &[("move", "300ms"), ("size", "100kB")], lossy]
    {
        let mut recording = run("quic-vs-tcp", settings);
        let all = |recording: &Recording, filter| fields(recording, "quic-client", filter, &["frame.number"]);
        assert_eq!(all(&recording, "_ws.malformed"), [""; 0], "{settings:?}");
        let (quic, opened) = (all(&recording, "quic"), all(&recording, "quic.frame"));
        assert!(quic.len() > 50 && quic == opened, "{settings:?}: {} of {}", opened.len(), quic.len());
        recording.secrets.clear();
        let closed = all(&recording, "http3");
        assert_eq!(closed, [""; 0], "{settings:?}: without the keys nobody reads it");
    }
}

#[test]
fn tshark_sees_the_handshake_the_early_data_and_the_new_path() {
    let early = run("quic-vs-tcp", &[("mode", "0-rtt")]);
    // RFC 9000 §17.2.3, §19.8: packet type 1, and the whole request in a STREAM frame that ends its stream.
    assert!(
        !fields(&early, "quic-client", "quic.long.packet_type == 1 && quic.frame_type == 11", &["frame.number"])
            .is_empty()
    );
    let full = run("quic-vs-tcp", &[]);
    let messages = fields(&full, "quic-client", "tls.handshake", &["tls.handshake.type"]).join(",");
    assert!(messages.starts_with("1,2,") && messages.contains("8,11,15,20"), "{messages}");
    let moved = run("quic-vs-tcp", &[("move", "300ms"), ("size", "100kB")]);
    // RFC 9000 §19.17, §19.18: PATH_CHALLENGE and PATH_RESPONSE.
    for frame in ["26", "27"] {
        let filter = format!("quic.frame_type == {frame} && ip.addr == 10.0.0.77");
        assert!(!fields(&moved, "quic-client", &filter, &["frame.number"]).is_empty(), "frame type {frame}");
    }
}
