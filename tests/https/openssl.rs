//! openssl s_client against the site: resumption, early data, what is refused and with which alert, and the same keys on both sides.
use std::fs;

use crate::lab::{Lab, Ran, run};

/// A request that is answered and closes the connection.
const GET: &str = "GET /connection HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

fn s_client(lab: &Lab, arguments: &[&str], input: &str) -> Ran {
    let (at, ca) = (lab.at_site(), lab.ca());
    let common = ["s_client", "-connect", &at, "-servername", "localhost", "-CAfile", &ca];
    run(("openssl", "openssl"), &[&common[..], arguments].concat(), input)
}

#[test]
fn a_tls_1_2_session_is_reused_five_times() {
    let lab = Lab::up();
    let ran = s_client(&lab, &["-tls1_2", "-reconnect"], "");
    let lines = |word: &str| ran.out.lines().filter(|it| it.starts_with(word)).count();
    assert_eq!((lines("New, TLSv1.2"), lines("Reused, TLSv1.2")), (1, 5), "{}", ran.all());
}

#[test]
fn a_tls_1_3_session_is_reused_once_and_its_early_data_is_taken_once() {
    let lab = Lab::up();
    let session = lab.file("session");
    let first = s_client(&lab, &["-tls1_3", "-ign_eof", "-sess_out", &session], GET);
    assert!(first.out.contains("New, TLSv1.3") && first.out.contains("Max Early Data: 16384"), "{}", first.all());
    assert_eq!((&first.json()["resumed"], &first.json()["early"]), (&false.into(), &false.into()));
    let request = lab.file("request");
    fs::write(&request, GET).expect("room on the disk");
    let early = ["-tls1_3", "-sess_in", &session, "-early_data", &request];
    let second = s_client(&lab, &[&early[..], &["-ign_eof"]].concat(), "");
    assert!(second.out.contains("Reused, TLSv1.3"), "{}", second.all());
    assert!(second.out.contains("Early data was accepted"), "{}", second.all());
    assert_eq!(second.json()["early"], true, "the page says so too");
    // The same once more is a replay: the ticket is spent (RFC 8446 §8.1).
    let third = s_client(&lab, &early, "");
    assert!(third.out.contains("Early data was rejected"), "{}", third.all());
}

#[test]
fn early_data_that_is_not_safe_to_repeat_is_answered_with_425() {
    let lab = Lab::up();
    let (session, request) = (lab.file("session"), lab.file("request"));
    s_client(&lab, &["-tls1_3", "-ign_eof", "-sess_out", &session], GET);
    let post = "POST /echo HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
    fs::write(&request, post).expect("room on the disk");
    let ran = s_client(&lab, &["-tls1_3", "-ign_eof", "-sess_in", &session, "-early_data", &request], "");
    assert!(ran.out.contains("Early data was accepted") && ran.out.contains("HTTP/1.1 425 Too Early"), "{}", ran.all());
    let late = s_client(&lab, &["-tls1_3", "-ign_eof"], post);
    assert!(late.out.contains("HTTP/1.1 200 OK"), "{}", late.all());
}

#[test]
fn what_has_nothing_in_common_is_refused_with_its_alert() {
    let lab = Lab::up();
    for (arguments, alert) in [
        // RFC 8446 §D.2, RFC 5246 §E.1
        (&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"][..], "alert protocol version"),
        (&["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"], "alert protocol version"),
        (&["-alpn", "spdy/3.1"], "alert no application protocol"),
        (&["-tls1_2", "-cipher", "AES128-SHA"], "alert handshake failure"),
    ] {
        let ran = s_client(&lab, arguments, "");
        assert!(ran.err.contains(alert), "{arguments:?}: {}", ran.all());
        assert_ne!(ran.code, Some(0), "{arguments:?}");
    }
}

#[test]
fn the_alert_names_what_is_wrong_with_a_client() {
    let lab = Lab::with(&["--client-auth", "demand"]);
    // RFC 8446 §4.4.2.4: certificate_required, which the client hears after its own Finished; RFC 5246 §7.4.6 has
    // handshake_failure for it, and rustls says certificate_required there too.
    for version in ["-tls1_3", "-tls1_2"] {
        let ran = s_client(&lab, &[version, "-ign_eof"], "");
        assert!(ran.err.contains("SSL alert number 116"), "{version}: {}", ran.all());
    }
}

#[test]
fn the_certificate_is_good_for_its_names_and_no_other() {
    let lab = Lab::up();
    for (name, verdict) in [
        ("localhost", "Verify return code: 0 (ok)"),
        ("www.shop.example", "Verify return code: 0 (ok)"),
        ("wrong.example", "Verify return code: 62 (hostname mismatch)"),
    ] {
        let ran = s_client(&lab, &["-servername", name, "-verify_hostname", name], "");
        assert!(ran.out.contains(verdict), "{name}: {}", ran.all());
    }
}

#[test]
fn both_ends_name_the_same_key_exchange() {
    let lab = Lab::up();
    // `X25519, 253 bits`; `ECDH, prime256v1, 256 bits`.
    for (group, theirs, ours) in
        [("X25519", "X25519", "X25519"), ("P-256", "prime256v1", "secp256r1"), ("P-384", "secp384r1", "secp384r1")]
    {
        let ran = s_client(&lab, &["-tls1_3", "-ign_eof", "-groups", group], GET);
        let said = ran.after("Server Temp Key: ").unwrap_or_default();
        assert!(said.contains(theirs), "{said}");
        assert_eq!(ran.json()["group"].as_str(), Some(ours), "{}", ran.out);
    }
}

#[test]
fn both_ends_write_down_the_same_keys() {
    let lab = Lab::up();
    for version in ["-tls1_2", "-tls1_3"] {
        let file = lab.file(version);
        s_client(&lab, &[version, "-ign_eof", "-keylogfile", &file], GET);
        let theirs = fs::read_to_string(&file).expect("openssl wrote it");
        let mut theirs: Vec<&str> = theirs.lines().filter(|it| !it.starts_with('#')).collect();
        theirs.sort_unstable();
        assert!(!theirs.is_empty(), "{version}");
        let of_it = |line: &&str| theirs[0].split(' ').nth(1) == line.split(' ').nth(1);
        let ours = lab.keys();
        let mut ours: Vec<&str> = ours.iter().map(String::as_str).filter(of_it).collect();
        ours.sort_unstable();
        assert_eq!(ours, theirs, "{version}");
    }
}
