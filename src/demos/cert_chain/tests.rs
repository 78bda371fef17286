//! Our rows and the library's verdict are two judges of the same chains; OpenSSL and curl are two more.
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::demos::{Setup, export, run};
use crate::net::host::HostNet;
use crate::net::{Listener, Net};
use crate::recording::{EventKind, Recording};
use crate::services::tls::{Fault, Faulty, Ground, Server, pem};

fn played(settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> =
        settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    run("cert-chain", &settings, &Setup { seed: 1, interventions: Vec::new() }).expect("the knobs take it")
}

fn noted(run: &Recording, node: &str) -> String {
    let node = run.node(node).expect("a node");
    let note = |it: &crate::recording::Event| match &it.kind {
        EventKind::Note { text } if it.node == node => Some(text.clone()),
        _ => None,
    };
    run.events.iter().filter_map(note).collect::<Vec<_>>().join("; ")
}

/// The fault, the check that must fail, the alert that must go out.
const CASES: [(&str, Option<(&str, &str)>); 10] = [
    ("none", None),
    ("expired", Some(("validity", "certificate_expired"))),
    ("not-yet-valid", Some(("validity", "certificate_expired"))),
    ("wrong-name", Some(("name", "bad_certificate"))),
    ("unknown-ca", Some(("path", "unknown_ca"))),
    ("self-signed", Some(("anchor", "unknown_ca"))),
    ("missing-intermediate", Some(("path", "unknown_ca"))),
    ("revoked", Some(("revocation", "certificate_revoked"))),
    ("wrong-eku", Some(("purpose", "unsupported_certificate"))),
    ("superfluous", None),
];

#[test]
fn each_fault_fails_one_check_and_the_library_refuses_with_its_alert() {
    for (fault, expected) in CASES {
        for tls in ["1.3", "1.2"] {
            for depth in ["1", "3"] {
                let run = played(&[("fault", fault), ("tls", tls), ("intermediates", depth)]);
                let failed: Vec<&str> = run
                    .steps
                    .iter()
                    .filter(|it| it.kind == "fails")
                    .filter_map(|it| it.title.split(' ').next())
                    .collect();
                let what = format!("{fault} {tls} {depth}: {failed:?} {}", noted(&run, "server"));
                let accepted = run.steps.iter().any(|it| it.kind == "accepted");
                assert_eq!(accepted, expected.is_none(), "{what}");
                let Some((check, alert)) = expected else {
                    assert_eq!(failed.len(), 0, "{what}");
                    continue;
                };
                assert_eq!(failed, [check], "{what}");
                assert!(noted(&run, "server").ends_with(&format!("broke off with an alert: {alert}")), "{what}");
                assert!(run.marker("alert").is_some() && run.marker("request").is_none(), "{what}");
            }
        }
    }
}

#[test]
fn who_asks_nobody_about_revocation_sees_nothing() {
    let run = played(&[("fault", "revoked"), ("revocation", "off")]);
    assert!(run.steps.iter().any(|it| it.kind == "accepted") && run.marker("request").is_some());
    assert!(run.measurement("lists_bytes").is_none());
}

#[test]
fn every_issuer_of_a_long_chain_has_a_list() {
    for depth in 1..=4 {
        let run = played(&[("intermediates", &depth.to_string())]);
        assert_eq!(run.measurement("checks_unknown").map(|it| it.value.value), Some(0), "{depth}");
        let checked = run.steps.iter().filter(|it| it.title.starts_with("revocation of")).count();
        assert_eq!(checked, depth + 1, "the leaf, and each between");
        let row = run.steps.iter().find(|it| it.kind == "list").expect("it gets them");
        assert_eq!(row.fact("lists"), (depth + 1).to_string());
        assert!(noted(&run, "client").contains("every check holds"), "{depth}");
    }
    assert!(noted(&played(&[("revocation", "off")]), "client").contains("about revocation it asks nobody"));
}

/// `openssl verify` of the files a run gives; `None` where there is no openssl.
fn openssl(run: &Recording) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["chain", "root", "crl", "openssl"] {
        let text = export::write(name, run).expect("it has them");
        let path = folder.path().join(if name == "openssl" { "check.sh".into() } else { format!("{name}.pem") });
        tempfile::NamedTempFile::new_in(folder.path())
            .and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file))
            .map(|file| file.persist(path).map(drop))
            .expect("a file")
            .expect("a name");
    }
    let text = export::write("openssl", run).expect("it has one");
    let first: String = text.split("\n\n").next().expect("the first command").to_owned();
    let done = Command::new("sh").arg("-c").arg(first).current_dir(folder.path()).stdin(Stdio::null()).output().ok()?;
    let said = [done.stdout, done.stderr].concat();
    (done.status.code() != Some(127)).then(|| String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn openssl_says_of_each_fault_what_the_run_says_it_says() {
    for (fault, expected) in CASES {
        let run = played(&[("fault", fault)]);
        let Some(said) = openssl(&run) else { return };
        if expected.is_none() {
            assert!(said.trim().ends_with(": OK"), "{fault}: {said}");
            continue;
        }
        let row = run.steps.iter().find(|it| it.kind == "refused").expect("refused");
        let words = row.fact("openssl");
        let (number, words) = words.split_once(" (").expect("a number, then words");
        let words = words.split(')').next().expect("words");
        let line = format!("error {number} at ");
        assert!(said.contains(&line) && said.contains(words), "{fault}: `{line}` `{words}` in {said}");
    }
}

/// What curl says about a server with that fault on this machine's loopback; `None` where there is no curl.
fn curl(fault: Fault) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: String| {
        let mut file = tempfile::NamedTempFile::new_in(folder.path()).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file.persist(folder.path().join(name)).expect("named");
    };
    let played = HostNet::run(async |net: HostNet| {
        let ground = Ground::system();
        let faulty = Faulty::new(&ground, fault, (super::NAME, super::CRL), 1).expect("made");
        put("root.pem", pem("CERTIFICATE", &faulty.root));
        put("crl.pem", faulty.lists.iter().map(|it| pem("X509 CRL", it)).collect());
        let tls = Server::new(&ground, faulty.identity, &[]).expect("fits");
        let listener = net.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let port = listener.local().expect("it listens").port();
        let own = net;
        net.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(tls.accept(&own, stream).await);
            }
        });
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "10", "--cacert", "root.pem", "--noproxy", "*"]).current_dir(folder.path());
        if fault == Fault::Revoked {
            curl.args(["--crlfile", "crl.pem"]);
        }
        curl.args([
            "--resolve",
            &format!("{}:{port}:127.0.0.1", super::NAME),
            &format!("https://{}:{port}/", super::NAME),
        ]);
        let mut child = curl.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()?;
        for _ in 0..150 {
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            net.sleep(Duration::from_millis(100)).await;
        }
        drop(child.kill());
        Some(String::from_utf8_lossy(&child.wait_with_output().expect("a child").stderr).into_owned())
    });
    played.expect("this machine has sockets")
}

#[test]
fn curl_says_of_each_fault_what_the_run_says_it_says() {
    for (word, fault) in Fault::ALL {
        let Some(expected) = super::said::of(fault) else { continue };
        let Some(said) = curl(fault) else { return };
        let words = expected.curl.split(", with").next().expect("words");
        assert!(said.contains(words), "{word}: `{words}` in {said}");
    }
}
