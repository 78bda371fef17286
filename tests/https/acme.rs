//! certbot and lego, ACME clients of others, get certificates from the lab's authority, and have one revoked.
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::lab::{Lab, Ran, run, run_in};

const NAME: &str = "www.shop.example";
const CERTBOT: &str = "certbot==5.8.0";

/// A port that was free a moment ago, for a client's own server.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("loopback has ports").port()
}

/// A lab with an authority, which looks for proofs at these ports.
fn up(http: u16, tls: u16) -> (Lab, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder of the test's own");
    let records = folder.path().join("records");
    let lab = Lab::with(&[
        "--acme-port",
        "0",
        "--acme-http-port",
        &http.to_string(),
        "--acme-tls-port",
        &tls.to_string(),
        "--acme-records",
        records.to_str().expect("plain letters"),
    ]);
    (lab, folder)
}

fn directory(lab: &Lab) -> String {
    format!("https://localhost:{}/directory", lab.server("acme").port())
}

/// certbot with folders of the test's own.
fn certbot(lab: &Lab, folder: &tempfile::TempDir, arguments: &[&str]) -> Ran {
    let program = crate::python::with(CERTBOT).join("certbot");
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (config, work, logs, server, ca) = (place("config"), place("work"), place("logs"), directory(lab), lab.ca());
    let common =
        ["--config-dir", &config, "--work-dir", &work, "--logs-dir", &logs, "--server", &server, "--non-interactive"];
    let program = program.to_str().expect("plain letters");
    run_in(&[("REQUESTS_CA_BUNDLE", &ca)], (program, "python3-venv"), &[&common[..], arguments].concat(), "")
}

/// The chain in a file, checked by openssl up to the lab's authority.
fn checked(lab: &Lab, chain: &PathBuf) {
    let shown: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(chain).expect("it is there").map(|it| it.expect("a certificate")).collect();
    assert_eq!(shown.len(), 2, "its own, and the authority's between");
    let (ca, chain) = (lab.ca(), chain.to_str().expect("plain letters"));
    let verify = ["verify", "-CAfile", &ca, "-untrusted", chain, "-verify_hostname", NAME, chain];
    let ran = run(("openssl", "openssl"), &verify, "");
    assert_eq!(ran.code, Some(0), "{}", ran.all());
}

#[test]
fn certbot_gets_a_certificate_over_http_and_has_it_revoked() {
    let port = free();
    let (lab, folder) = up(port, free());
    let port = port.to_string();
    let standalone = ["certonly", "--standalone", "--http-01-address", "127.0.0.1", "--http-01-port", &port];
    let account = ["--register-unsafely-without-email", "--agree-tos", "-d", NAME];
    let ran = certbot(&lab, &folder, &[&standalone[..], &account].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let live = folder.path().join("config/live").join(NAME);
    checked(&lab, &live.join("fullchain.pem"));
    let file = live.join("cert.pem").display().to_string();
    let listed = || {
        let list = lab.file("crl.der");
        let url = format!("https://localhost:{}/crl", lab.server("acme").port());
        let got = run(("curl", "curl"), &["-sS", "--noproxy", "*", "--cacert", &lab.ca(), "-o", &list, &url], "");
        assert_eq!(got.code, Some(0), "{}", got.err);
        run(("openssl", "openssl"), &["crl", "-inform", "DER", "-in", &list, "-noout", "-text"], "").out
    };
    let serial = run(("openssl", "openssl"), &["x509", "-in", &file, "-noout", "-serial"], "").out;
    let serial = serial.trim().trim_start_matches("serial=").to_owned();
    assert!(!listed().contains(&format!("Serial Number: {serial}")), "it is good still");
    let revoke = ["revoke", "--cert-path", &file, "--reason", "superseded", "--no-delete-after-revoke"];
    let ran = certbot(&lab, &folder, &revoke);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let list = listed();
    assert!(list.contains(&format!("Serial Number: {serial}")) && list.contains("Superseded"), "{serial}\n{list}");
    let again = certbot(&lab, &folder, &revoke);
    assert!(again.code != Some(0) || again.all().contains("already"), "{}", again.all());
}

#[test]
fn certbot_proves_a_wildcard_by_a_record() {
    let (lab, folder) = up(free(), free());
    let records = folder.path().join("records").display().to_string();
    let hook = format!("echo \"_acme-challenge.$CERTBOT_DOMAIN. TXT \\\"$CERTBOT_VALIDATION\\\"\" >> {records}");
    let manual = ["certonly", "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", &hook];
    let account = ["--register-unsafely-without-email", "--agree-tos", "-d", "*.shop.example"];
    let ran = certbot(&lab, &folder, &[&manual[..], &account].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    checked(&lab, &folder.path().join("config/live/shop.example/fullchain.pem"));
    // Without a record there is none.
    fs::write(&records, "this is no zone\n").expect("room on the disk");
    let none = ["certonly", "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", "true"];
    let ran = certbot(&lab, &folder, &[&none[..], &["-d", "other.example"]].concat());
    assert!(ran.code != Some(0) && ran.all().contains("there is no TXT record"), "{}", ran.all());
}

#[test]
fn lego_gets_a_certificate_over_http_and_over_tls_and_none_for_a_name_of_somebody() {
    let (http, tls) = (free(), free());
    let (lab, folder) = up(http, tls);
    let (ca, server) = (lab.ca(), directory(&lab));
    for (flags, port, name) in [
        (["--http", "--http.port"], http, NAME),
        (["--tls", "--tls.port"], tls, NAME),
        (["--http", "--http.port"], http, "www.iana.org"),
    ] {
        let path = folder.path().join(flags[0]).display().to_string();
        let at = SocketAddr::from(([127, 0, 0, 1], port)).to_string();
        let how = ["--email", "you@shop.example", "--accept-tos", "--domains", name, "--path", &path];
        let arguments = [&["--server", &server, flags[0], flags[1], &at], &how[..], &["run"]].concat();
        let ran = run_in(&[("LEGO_CA_CERTIFICATES", &ca)], ("lego", "lego"), &arguments, "");
        assert_eq!(ran.code == Some(0), name == NAME, "{flags:?}: {}", ran.all());
        if name == NAME {
            checked(&lab, &folder.path().join(flags[0]).join("certificates").join(format!("{NAME}.crt")));
        }
    }
}
