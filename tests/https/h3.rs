//! aioquic, a client of HTTP/3 that was written elsewhere, against the site.
use serde_json::Value;

use crate::lab::{Lab, run};

const CLIENT: &str = include_str!("../python/h3_client.py");

#[test]
fn aioquic_gets_pages_side_by_side_and_the_next_with_early_data() {
    let python = crate::python::with("aioquic==1.7.2").join("python");
    let lab = Lab::up();
    let (port, ca) = (lab.server("site").port().to_string(), lab.ca());
    let python = python.to_str().expect("plain letters");
    let paths = "/connection,/bytes?n=300000,/etag,/nothing,/bytes?n=0";
    let ran = run((python, "python3-venv"), &["-c", CLIENT, &port, &ca, "localhost", paths, "/connection,/etag"], "");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 8, "{}", ran.all());
    let way = |line: &str| -> Value {
        let at = line.find('{').unwrap_or_else(|| panic!("no object in {line}"));
        serde_json::from_str(&line[at..]).expect("JSON")
    };
    let first = way(lines[0]);
    assert_eq!((&first["http"], &first["tls"], &first["alpn"]), (&"3".into(), &"TLS 1.3".into(), &"h3".into()));
    assert_eq!(first["early"], false);
    assert_eq!(lines[1], "/bytes?n=300000 200 300000");
    assert!(lines[2].starts_with("/etag 200 ") && lines[3].starts_with("/nothing 404 "), "{}", ran.out);
    assert_eq!(lines[4], "/bytes?n=0 200 0");
    assert_eq!((way(lines[5])["early"].clone(), lines[7]), (true.into(), "early data True"), "{}", ran.out);
    // What opens a capture of it: the secrets of both connections, the second's early ones too.
    let keys = lab.keys();
    for label in ["CLIENT_EARLY_TRAFFIC_SECRET ", "SERVER_HANDSHAKE_TRAFFIC_SECRET ", "CLIENT_TRAFFIC_SECRET_0 "] {
        assert!(keys.iter().any(|it| it.starts_with(label)), "{label}: {keys:?}");
    }
}
