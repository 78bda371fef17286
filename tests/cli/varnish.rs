//! The configuration that http-caching writes for Varnish, given to Varnish's compiler.
use std::collections::BTreeMap;
use std::process::Command;

use roundtrip::demos::{self, KnobKind, Setup, export};

/// What the compiler says of a VCL, and whether it takes it.
fn compiled(text: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("roundtrip.vcl");
    std::fs::write(&file, text).expect("a folder of our own");
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let mut varnish = Command::new("varnishd");
    let done = varnish.env("PATH", path).arg("-C").arg("-f").arg(&file).arg("-n").arg(folder.path()).output();
    let done = done.expect("Varnish is needed (Debian and Ubuntu: sudo apt-get install varnish)");
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[test]
fn varnish_compiles_what_http_caching_writes_for_it() {
    let demo = demos::find("http-caching").expect("a demo");
    let knob = demo.knobs.iter().find(|it| it.name == "cache-control").expect("its knob");
    let KnobKind::Choice(words) = knob.kind else { panic!("it is a choice") };
    for word in words {
        let settings = BTreeMap::from([("cache-control".to_owned(), (*word).to_owned())]);
        let run = demos::run("http-caching", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs");
        let text = export::write("vcl", &run).expect("it has one");
        let (is_good, said) = compiled(&text);
        assert!(is_good, "{word}: {said}\n{text}");
    }
    let (is_good, said) = compiled("vcl 4.1;\nbackend origin { .host = \"127.0.0.1\"; .prot = \"8081\"; }\n");
    assert!(!is_good && said.contains("prot"), "and what is wrong it refuses: {said}");
}
