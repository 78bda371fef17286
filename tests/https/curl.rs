//! curl against the site: each version, resumption, client certificates, conditions, redirects, and what it refuses.
use std::fs;

use crate::lab::{Lab, Ran, run};

/// curl with the lab's authority trusted.
fn curl(lab: &Lab, arguments: &[&str]) -> Ran {
    let ca = lab.ca();
    plain(&[&["--cacert", ca.as_str()][..], arguments].concat())
}

fn plain(arguments: &[&str]) -> Ran {
    run(("curl", "curl"), &[&["-sS", "--max-time", "30", "--noproxy", "*"][..], arguments].concat(), "")
}

#[test]
fn each_version_is_agreed_on_and_both_ends_name_the_same_suite() {
    let lab = Lab::up();
    for (flags, http, tls, alpn) in [
        (&["--http1.1"][..], "1.1", "TLSv1.3", "http/1.1"),
        (&["--http2"], "2", "TLSv1.3", "h2"),
        (&["--http2", "--tlsv1.3"], "2", "TLSv1.3", "h2"),
        (&["--http2", "--tls-max", "1.2"], "2", "TLSv1.2", "h2"),
        (&["--http1.1", "--tls-max", "1.2"], "1.1", "TLSv1.2", "http/1.1"),
    ] {
        let ran =
            curl(&lab, &[flags, &["-v", "-w", "\n%{http_code} %{http_version}\n", &lab.url("/connection")]].concat());
        let way = ran.json();
        assert!(ran.out.ends_with(&format!("\n200 {http}\n")), "{flags:?}: {}", ran.all());
        assert_eq!(way["tls"].as_str().map(|it| it.replace("TLS ", "TLSv")).as_deref(), Some(tls), "{way}");
        assert_eq!((way["alpn"].as_str(), way["resumed"].as_bool()), (Some(alpn), Some(false)), "{way}");
        // `SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384`, and maybe the group behind it.
        let theirs = ran.after("* SSL connection using ").expect("curl says it");
        let (version, rest) = theirs.split_once(" / ").expect("version and suite");
        assert_eq!(version, tls);
        let suite = rest.split(' ').next().expect("a word");
        assert_eq!(way["suite"].as_str(), Some(registered(suite).as_str()), "{theirs}");
        let chosen = ran.after("* ALPN: server accepted ");
        assert_eq!(chosen, Some(alpn), "{}", ran.err);
    }
}

/// A suite of OpenSSL by its name in IANA's register, as OpenSSL itself knows it.
fn registered(suite: &str) -> String {
    let known = run(("openssl", "openssl"), &["ciphers", "-stdname", "ALL:COMPLEMENTOFALL"], "").out;
    let line = known.lines().find(|it| it.split_whitespace().nth(2) == Some(suite));
    line.and_then(|it| it.split_whitespace().next()).unwrap_or(suite).to_owned()
}

#[test]
fn a_second_connection_resumes_the_session_of_the_first() {
    let lab = Lab::up();
    let url = lab.url("/connection");
    for version in ["1.2", "1.3"] {
        // The server is told to close, so the second request opens a connection of its own.
        let ran = curl(&lab, &["--http1.1", "--tls-max", version, "-v", "-H", "connection: close", &url, &url]);
        let resumed: Vec<bool> = ran
            .out
            .lines()
            .filter_map(|it| serde_json::from_str::<serde_json::Value>(it).ok()?["resumed"].as_bool())
            .collect();
        assert_eq!(resumed, [false, true], "TLS {version}: {}", ran.all());
        assert!(ran.err.contains("SSL re-using session ID") || ran.err.contains("SSL reusing session"), "{}", ran.err);
    }
}

#[test]
fn who_is_not_trusted_or_has_another_name_is_refused_with_60() {
    let lab = Lab::up();
    let strange = plain(&[&lab.url("/")]);
    assert_eq!(strange.code, Some(60), "{}", strange.err);
    assert!(strange.err.contains("unable to get local issuer certificate"), "{}", strange.err);
    let port = lab.server("site").port();
    let resolve = |name: &str| format!("{name}:{port}:127.0.0.1");
    let wrong = curl(&lab, &["--resolve", &resolve("other.example"), &format!("https://other.example:{port}/")]);
    assert_eq!(wrong.code, Some(60), "{}", wrong.err);
    assert!(wrong.err.contains("no alternative certificate subject name matches"), "{}", wrong.err);
    let named =
        curl(&lab, &["--resolve", &resolve("www.shop.example"), &format!("https://www.shop.example:{port}/etag")]);
    assert_eq!((named.code, named.out.is_empty()), (Some(0), false), "{}", named.err);
}

#[test]
fn a_client_certificate_is_demanded_and_the_alert_says_what_is_wrong() {
    let lab = Lab::with(&["--client-auth", "demand"]);
    let url = lab.url("/connection");
    let (certificate, key) = (lab.file("lab-client.pem"), lab.file("lab-client-key.pem"));
    for version in ["1.2", "1.3"] {
        let good = curl(&lab, &["--tls-max", version, "--cert", &certificate, "--key", &key, &url]);
        assert_eq!(good.json()["client"], "learner.shop.example", "TLS {version}");
    }
    // Over TLS 1.3 the client believes that the handshake is over, and writes; the server's RST may be faster than its alert
    // (which the tests with openssl see). Over TLS 1.2 it is refused within the handshake.
    let none = curl(&lab, &["--tlsv1.3", &url]);
    assert!(matches!(none.code, Some(55 | 56)) && none.out.is_empty(), "{}", none.all());
    let none = curl(&lab, &["--tls-max", "1.2", &url]);
    assert!(matches!(none.code, Some(35 | 98)) && none.err.contains("alert certificate required"), "{}", none.all());
    let (strange, strange_key) = (lab.file("strange.pem"), lab.file("strange-key.pem"));
    let made = run(
        ("openssl", "openssl"),
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=somebody",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &strange_key,
            "-out",
            &strange,
        ],
        "",
    );
    assert_eq!(made.code, Some(0), "{}", made.err);
    let strange = curl(&lab, &["--tls-max", "1.2", "--cert", &strange, "--key", &strange_key, &url]);
    assert_eq!(strange.code, Some(35), "{}", strange.err);
    assert!(strange.err.contains("alert unknown ca"), "{}", strange.err);
}

#[test]
fn a_client_certificate_that_is_only_asked_for_may_be_missing() {
    let lab = Lab::with(&["--client-auth", "ask"]);
    let (certificate, key) = (lab.file("lab-client.pem"), lab.file("lab-client-key.pem"));
    let url = lab.url("/connection");
    assert!(curl(&lab, &[&url]).json()["client"].is_null());
    assert_eq!(curl(&lab, &["--cert", &certificate, "--key", &key, &url]).json()["client"], "learner.shop.example");
}

#[test]
fn what_curl_has_already_is_not_sent_again() {
    let lab = Lab::up();
    let (tag, body) = (lab.file("tag"), lab.file("body"));
    let ask = |more: &[&str], path: &str| {
        let ran = curl(&lab, &[more, &["-o", &body, "-w", "%{http_code} %{size_download}", &lab.url(path)]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    let whole = ask(&["--etag-save", &tag], "/etag");
    assert!(whole.starts_with("200 ") && whole != "200 0", "{whole}");
    assert_eq!(fs::read_to_string(&tag).expect("curl wrote it").trim(), "\"1\"");
    assert_eq!(ask(&["--etag-compare", &tag], "/etag"), "304 0");
    assert_eq!(ask(&["-H", "if-none-match: \"2\", W/\"1\""], "/etag"), "304 0");
    assert_eq!(ask(&["-H", "if-none-match: \"2\""], "/etag"), whole);
    // The file has the time of Last-Modified, and curl asks whether there is something newer.
    assert!(ask(&["-R"], "/cacheable").starts_with("200 "));
    assert_eq!(ask(&["-R", "-z", &body], "/cacheable"), "304 0");
    let fields = curl(&lab, &["-I", &lab.url("/cacheable")]).out;
    for field in ["cache-control: public, max-age=60", "etag: \"1\"", "last-modified: ", "date: "] {
        assert!(fields.contains(field), "{field} is not in\n{fields}");
    }
}

#[test]
fn a_head_has_the_fields_of_the_page_and_no_body() {
    let lab = Lab::up();
    for version in ["--http1.1", "--http2"] {
        let told = curl(&lab, &[version, "-I", "-w", "%{size_download}", &lab.url("/bytes?n=5000")]);
        assert_eq!(told.code, Some(0), "{version}: {}", told.all());
        assert!(told.out.contains("content-length: 5000") && told.out.ends_with("\n0"), "{version}: {}", told.out);
    }
}

#[test]
fn redirects_lead_from_the_plain_port_to_the_site_and_no_further_than_curl_goes() {
    let lab = Lab::up();
    let told = "%{http_code} %{num_redirects} %{scheme} %{url_effective}";
    let plain_url = format!("http://localhost:{}/redirect?n=3", lab.server("plain").port());
    let ran = curl(&lab, &["-L", "-o", "/dev/null", "-w", told, &plain_url]);
    assert_eq!(ran.out.to_lowercase(), format!("200 4 https {}", lab.url("/")), "{}", ran.err);
    let many = curl(&lab, &["-L", "--max-redirs", "2", &lab.url("/redirect?n=3")]);
    assert_eq!(many.code, Some(47), "{}", many.err);
}

#[test]
fn curl_hears_of_http_3_at_the_same_port() {
    let lab = Lab::up();
    let file = lab.file("alt-svc");
    let ran = curl(&lab, &["--alt-svc", &file, "-o", "/dev/null", "-D", "-", &lab.url("/")]);
    let port = lab.server("site").port();
    assert!(ran.out.contains(&format!("alt-svc: h3=\":{port}\"; ma=3600")), "{}", ran.all());
}

#[test]
fn bodies_and_waits_are_as_asked() {
    let lab = Lab::up();
    let told = ["-o", "/dev/null", "-w", "%{http_code} %{size_download} %{time_starttransfer}"];
    let ran = curl(&lab, &[&told[..], &[&lab.url("/bytes?n=16777216")]].concat());
    assert!(ran.out.starts_with("200 16777216 "), "{}", ran.all());
    let ran = curl(&lab, &[&told[..], &[&lab.url("/slow?ms=700")]].concat());
    let waited: f64 = ran.out.split(' ').nth(2).and_then(|it| it.parse().ok()).expect("seconds");
    assert!(ran.out.starts_with("200 ") && waited >= 0.7, "{}", ran.out);
    let ran = curl(&lab, &["--data-binary", "there and back", &lab.url("/echo")]);
    assert_eq!(ran.out, "there and back");
    let ran = curl(&lab, &[&told[..], &[&lab.url("/bytes?n=x")]].concat());
    assert!(ran.out.starts_with("400 "), "{}", ran.out);
}

#[cfg(target_os = "linux")]
#[test]
fn the_site_outlives_a_crowd_that_takes_every_descriptor() {
    let lab = Lab::up();
    let limited = run(("prlimit", "util-linux"), &["--pid", &lab.pid(), "--nofile=80:80"], "");
    assert_eq!(limited.code, Some(0), "{}", limited.err);
    let at = lab.server("site");
    let crowd: Vec<std::net::TcpStream> = (0..200).filter_map(|_| std::net::TcpStream::connect(at).ok()).collect();
    assert_eq!(crowd.len(), 200, "the system takes them");
    // A question that finds no room waits for it.
    drop(curl(&lab, &["--max-time", "1", &lab.url("/etag")]));
    drop(crowd);
    let ran = curl(&lab, &["-w", "%{http_code}", "-o", "/dev/null", &lab.url("/etag")]);
    assert_eq!(ran.out, "200", "{}", ran.all());
}
