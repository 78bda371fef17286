//! What demos write for other programs, run by those: openssl against our site, and a description that its validator takes.
use std::process::Command;

use roundtrip::demos::{self, Setup, export};

use crate::lab::Lab;
use crate::python;

fn written(demo: &str, name: &str, settings: &[(&str, &str)]) -> String {
    let settings = settings.iter().map(|(knob, value)| ((*knob).to_owned(), (*value).to_owned())).collect();
    let run = demos::run(demo, &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs");
    export::write(name, &run).expect("it has one")
}

#[test]
fn the_script_for_openssl_makes_full_and_resumed_handshakes() {
    let lab = Lab::up();
    let script = lab.file("handshakes.sh");
    std::fs::write(&script, written("tls-performance", "openssl", &[])).expect("room on the disk");
    let mut sh = Command::new("sh");
    sh.arg(&script).env("HOST", "localhost").env("AT", lab.at_site()).env("SECS", "1");
    let ran = sh.output().expect("there is a shell");
    let out = String::from_utf8_lossy(&ran.stdout);
    let said = || format!("{out}\n{}", String::from_utf8_lossy(&ran.stderr));
    let count = |word: &str| out.lines().filter(|it| it.starts_with(word)).count();
    assert_eq!((count("New, TLSv1.2"), count("Reused, TLSv1.2")), (1, 5), "{}", said());
    assert_eq!((count("New, TLSv1.3"), count("Reused, TLSv1.3")), (1, 1), "{}", said());
    assert_eq!(out.lines().filter(|it| it.contains("connections in")).count(), 4, "{}", said());
    assert!(out.contains("Ed25519") && ran.status.success(), "{}", said());
}

#[test]
fn the_description_of_an_api_is_valid() {
    let programs = python::with("openapi-spec-validator==0.7.2");
    let folder = tempfile::tempdir().expect("a folder");
    for (number, settings) in
        [&[("cases", "all")][..], &[("cases", "one"), ("authorization", "on")]].into_iter().enumerate()
    {
        let file = folder.path().join(format!("{number}.yaml"));
        let text = written("http-caching", "openapi", settings);
        std::fs::write(&file, &text).expect("room on the disk");
        let judge = Command::new(programs.join("openapi-spec-validator")).arg(&file).output().expect("it is there");
        let said = String::from_utf8_lossy(&[judge.stdout, judge.stderr].concat()).into_owned();
        assert!(judge.status.success() && said.contains(": OK"), "{said}\n{text}");
    }
}
