//! Configurations that demos write for nginx, given to nginx.
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use roundtrip::demos::{self, Setup, export};

/// A demo, its settings, and the directive around what it writes.
type Written = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const ALL: &[Written] = &[
    ("early-hints", &[], "", ""),
    ("mtls", &[], "", ""),
    ("http-caching", &[], "", ""),
    ("http-caching", &[("cache-control", "stale")], "", ""),
    ("timeouts", &[], "upstream upstream { server 127.0.0.1:8081; }\nserver {\nlisten 8080;\n", "}\n"),
    ("tls-handshake", &[], "server {\n", "}\n"),
    ("tls-handshake", &[("mode", "resumed")], "server {\n", "}\n"),
    ("tls-handshake", &[("mode", "early-data"), ("guard", "too-early")], "server {\n", "}\n"),
    ("tls-handshake", &[("mode", "client-certificate"), ("version", "1.2")], "server {\n", "}\n"),
    ("tls-performance", &[], "server {\n", "}\n"),
    ("tls-performance", &[("group", "x25519mlkem768")], "server {\n", "}\n"),
    ("security-headers", &[], "", ""),
    ("security-headers", &[("hsts", "none"), ("referrer", "unsafe-url")], "", ""),
    ("security-headers", &[("hsts", "preloaded")], "", ""),
];

/// The same without what nginx before 1.29, or OpenSSL before 3.5, cannot know, by nginx.org's and openssl.org's documentation.
fn older(text: &str) -> String {
    let kept = text.lines().filter(|it| !it.trim_start().starts_with("early_hints "));
    kept.collect::<Vec<_>>().join("\n").replace("$http3", "").replace("X25519MLKEM768:", "")
}

fn text(name: &str, settings: &[(&str, &str)]) -> String {
    let demo = demos::find(name).expect("a demo");
    // The nearest of a knob's words is enough here.
    let word = |knob: &str, value: &str| match demo.knobs.iter().find(|it| it.name == knob).map(|it| it.kind) {
        Some(demos::KnobKind::Choice(words)) => {
            words.iter().find(|it| it.contains(value)).map_or_else(|| value.to_owned(), |it| (*it).to_owned())
        }
        _ => value.to_owned(),
    };
    let settings: BTreeMap<_, _> =
        settings.iter().map(|(knob, value)| ((*knob).to_owned(), word(knob, value))).collect();
    let run = demos::run(name, &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs");
    export::write("nginx", &run).expect("it has one")
}

/// Whether nginx takes a configuration, and what it says.
fn judged(folder: &Path, text: &str) -> (bool, String) {
    let here = folder.to_str().expect("a plain path");
    let text = text.replace("/etc/ssl/", &format!("{here}/")).replace("/var/cache/nginx/", &format!("{here}/"));
    let ours = format!("pid {here}/nginx.pid;\nerror_log stderr;\n");
    let whole = if text.contains("events {") {
        ours + &text
    } else {
        format!("{ours}events {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n")
    };
    std::fs::write(folder.join("nginx.conf"), whole).expect("a folder of our own");
    let config = format!("{here}/nginx.conf");
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let mut nginx = Command::new("nginx");
    let done = nginx.env("PATH", path).args(["-t", "-e", "stderr", "-p", here, "-c", &config]).output();
    let done = done.expect("nginx is needed (Debian and Ubuntu: sudo apt-get install nginx-light)");
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[test]
fn nginx_takes_what_every_demo_writes_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = demos::run("mtls", &BTreeMap::new(), &Setup { seed: 1, ..Setup::default() }).expect("it runs");
    let pem = export::write("service", &run).expect("it has one");
    for (name, settings, before, behind) in ALL {
        let text = format!("{before}{}{behind}", text(name, settings));
        for word in text.split([' ', ';']).filter(|it| it.ends_with(".pem") || it.ends_with(".key")) {
            let file = Path::new(word).file_name().expect("a name");
            std::fs::write(folder.path().join(file), &pem).expect("a folder of our own");
        }
        let (is_good, said) = judged(folder.path(), &text);
        let (is_good, said) = if is_good { (is_good, said) } else { judged(folder.path(), &older(&text)) };
        // Where nginx has no folders of its own it goes no further than the syntax.
        assert!(is_good || said.contains("syntax is ok"), "{name} {settings:?}: {said}\n{text}");
    }
}
