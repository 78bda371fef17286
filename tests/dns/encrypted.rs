//! The resolver over TLS and HTTPS, asked by dig, curl and openssl, and by clients that speak neither.
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::dig::{dig, raw};
use crate::lab::Lab;

/// A program's output, both kinds together.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(std::process::Stdio::null()).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program} is needed (Debian and Ubuntu: sudo apt-get install {program}): {error}")
    });
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn dig_gets_the_same_answers_over_tls_and_https() {
    let lab = Lab::up();
    let ca = format!("+tls-ca={}", lab.ca());
    for (server, how) in [("over-tls", "+tls"), ("over-https", "+https"), ("over-https", "+https-get")] {
        let at = lab.server(server);
        let a = dig(&at, &[how, &ca, "www.shop.example", "A"]);
        assert_eq!((a.status.as_str(), a.flags.as_str()), ("NOERROR", "qr rd ra ad"), "{how}");
        assert_eq!(a.answers, ["www.shop.example. IN A 203.0.113.80"], "{how}");
        assert_eq!(dig(&at, &[how, &ca, "nobody.shop.example", "A"]).status, "NXDOMAIN", "{how}");
        assert_eq!(dig(&at, &[how, &ca, "big.shop.example", "TXT"]).answers.len(), 5, "{how}: no datagram, no limit");
        // Two questions on one connection.
        let two = raw(&at, &[how, &ca, "+keepopen", "www.shop.example", "A", "+keepopen", "shop.example", "MX"]);
        assert_eq!(two.matches("status: NOERROR").count(), 2, "{two}");
    }
}

#[test]
fn dig_refuses_the_certificate_for_another_name_and_of_another_authority() {
    let (lab, other) = (Lab::up(), Lab::up());
    let at = lab.server("over-tls");
    let good = format!("+tls-ca={}", lab.ca());
    let named = dig(&at, &["+tls", &good, "+tls-hostname=dns.isp.example", "www.shop.example", "A"]);
    assert_eq!(named.status, "NOERROR");
    let wrong = raw(&at, &["+tls", &good, "+tls-hostname=dns.example.org", "www.shop.example", "A"]);
    let strange = raw(&at, &["+tls", &format!("+tls-ca={}", other.ca()), "www.shop.example", "A"]);
    for text in [wrong, strange] {
        assert!(text.contains("TLS peer certificate verification") && !text.contains("203.0.113.80"), "{text}");
    }
}

#[test]
fn openssl_verifies_the_certificate_and_agrees_on_tls_1_3() {
    let lab = Lab::up();
    let (at, ca) = (lab.server("over-tls").to_string(), lab.ca());
    let text = output(
        "openssl",
        &[
            "s_client",
            "-connect",
            &at,
            "-alpn",
            "dot",
            "-CAfile",
            &ca,
            "-verify_ip",
            "127.0.0.1",
            "-verify_return_error",
        ],
    );
    for expected in ["Verify return code: 0 (ok)", "TLSv1.3", "ALPN protocol: dot"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

#[test]
fn curl_resolves_by_our_https_and_is_refused_where_it_should_be() {
    let lab = Lab::up();
    let (url, ca) = (format!("https://localhost:{}/dns-query", lab.server("over-https").port()), lab.ca());
    // A name server's address in these zones is on loopback; port 1 refuses.
    let text =
        output("curl", &["-sv", "--max-time", "10", "--cacert", &ca, "--doh-url", &url, "http://ns1.shop.example:1/"]);
    assert!(text.contains("Trying 127.53.0.") || text.contains("connect to 127.53.0."), "{text}");
    let status = |more: &[&str]| {
        let common =
            ["-s", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", "--max-time", "10", "--cacert", &ca];
        output("curl", &[&common[..], more].concat())
    };
    let query = format!("{url}?dns=AAABAAABAAAAAAAAA3d3dwRzaG9wB2V4YW1wbGUAAAEAAQ");
    assert_eq!(status(&[&query]), "200 2");
    assert_eq!(status(&["--http1.1", &query]), "200 1.1");
    assert_eq!(status(&[&url]), "400 2");
    assert_eq!(status(&["-X", "PUT", "--data", "x", &url]), "405 2");
    assert_eq!(status(&["--data", "x", &url]), "415 2");
    let body = "x".repeat(70_000);
    assert_eq!(status(&["-H", "content-type: application/dns-message", "--data", &body, &url]), "413 2");
}

#[test]
fn garbage_on_both_ports_is_answered_with_an_alert_at_the_most_and_hurts_nobody() {
    let lab = Lab::up();
    let (tls, https) = (lab.server("over-tls"), lab.server("over-https"));
    let silent: Vec<TcpStream> = (0..50).map(|_| TcpStream::connect(tls).expect("it listens")).collect();
    for at in [tls, https] {
        for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 5000], &[0x16, 3, 1, 0xff, 0xff, 1, 0], &[0, 12, 1, 2]]
        {
            assert!(thrown(at, garbage).len() < 100);
        }
    }
    let ca = format!("+tls-ca={}", lab.ca());
    assert_eq!(dig(&tls, &["+tls", &ca, "www.shop.example", "A"]).status, "NOERROR");
    assert_eq!(dig(&https, &["+https", &ca, "www.shop.example", "A"]).status, "NOERROR");
    drop(silent);
}

/// What comes back to bytes that are no TLS.
fn thrown(at: SocketAddr, garbage: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time to wait");
    drop(stream.write_all(garbage));
    drop(stream.shutdown(std::net::Shutdown::Write));
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest));
    rest
}
