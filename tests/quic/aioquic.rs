//! An HTTP/3 client that was written elsewhere (Python's aioquic) against our server on loopback.
use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use roundtrip::net::Net;
use roundtrip::net::host::HostNet;
use roundtrip::services::http::Page;
use roundtrip::services::tls::{Authority, Ground, H3};
use roundtrip::services::{h3, quic, within};

/// Resources side by side on a new connection, then some with early data on another; a line each.
const CLIENT: &str = include_str!("../python/h3_client.py");

#[test]
fn another_client_gets_pages_from_our_server_and_sends_early_data() {
    let python = crate::python::with("aioquic==1.7.2").join("python");
    let said = HostNet::run(|net| async move {
        let ground = Ground::system();
        let authority = Authority::new(&ground, "a test").expect("it is made");
        let mut ca = tempfile::NamedTempFile::new().expect("a temporary file");
        ca.write_all(authority.pem().as_bytes()).expect("room on the disk");
        let (identity, at) = (authority.issue(&["www.example"]).expect("made"), SocketAddr::from(([127, 0, 0, 1], 0)));
        let opened = quic::Server::open(&net, &ground, at, (identity, &[H3], true), &quic::Options::default()).await;
        let server = opened.expect("ports are free");
        let port = server.local().expect("it is open").port();
        net.spawn(h3::serve(net, server, |path| {
            let length = path.strip_prefix('/')?.parse().ok()?;
            Some(Page { content_type: "text/plain", body: vec![b'x'; length].into() })
        }));
        let path = ca.path().to_owned();
        let client = std::thread::spawn(move || {
            let mut command = Command::new(python);
            command.args(["-c", CLIENT, &port.to_string()]).arg(path);
            command.args(["www.example", "/0,/1,/1000,/300000,/nothing", "/10,/20"]).output().expect("it runs")
        });
        let ended = async {
            while !client.is_finished() {
                net.sleep(Duration::from_millis(20)).await;
            }
        };
        within(&net, Duration::from_secs(60), ended).await.expect("it ends by itself");
        client.join().expect("no panic")
    });
    let output = said.expect("an event queue");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let expected = "/0 200 0\n/1 200 1\n/1000 200 1000\n/300000 200 300000\n/nothing 404 13\n/10 200 10\n/20 200 20\nearly data True\n";
    assert_eq!(out, expected, "{err}");
}
