//! `grade tcp-echo` against servers on this machine.
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use roundtrip::net::host::HostNet;
use roundtrip::net::{Listener, Net};
use roundtrip::services::echo::{self, EchoOptions};

use crate::tutor::Home;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Our own echo service on this machine, for as long as a test lasts; its port.
fn good_server(idle: Duration) -> u16 {
    let (sender, port) = mpsc::channel();
    thread::spawn(move || {
        HostNet::run(|net| async move {
            let listener = net.listen(LOOPBACK).await.expect("a free port");
            sender.send(Listener::local(&listener).expect("it is bound").port()).expect("the test waits");
            let options = EchoOptions { idle, ..EchoOptions::default() };
            net.spawn(async move { drop(echo::serve(net, listener, options).await) });
            net.sleep(Duration::from_secs(120)).await;
        })
    });
    port.recv().expect("the server starts")
}

/// A port on which nobody listens.
fn free_port() -> u16 {
    TcpListener::bind(LOOPBACK).and_then(|it| it.local_addr()).expect("a port").port()
}

#[test]
fn a_good_server_shows_all_seven_behaviours() {
    // Not the shortest: a busy machine makes pauses of its own.
    let port = good_server(Duration::from_secs(3)).to_string();
    let ended = Home::new().run(&["grade", "tcp-echo", "--port", &port, "--idle", "3", "--json"]);
    ended.code(0).warns("Testing the server at 127.0.0.1:");
    let outcomes = ended.json();
    let outcomes = outcomes.as_array().expect("a list");
    assert_eq!(outcomes.len(), 7);
    for outcome in outcomes {
        let fields = ["behaviour", "passed", "sent", "received", "expected", "why", "look_for"];
        assert_eq!(crate::listed::keys(outcome), fields.into());
        assert_eq!(outcome["passed"], true, "{outcome}");
    }
}

#[test]
fn a_server_that_never_lets_go_fails_and_is_told_why() {
    // It agreed to close after three seconds, and waits for an hour.
    let port = good_server(Duration::from_secs(3600)).to_string();
    let ended = Home::new().run(&["grade", "tcp-echo", "--port", &port, "--idle", "3"]);
    ended.code(1).says("7 FAILED  idle-timeout").says("look for:").says("6 of 7 behaviours");
}

#[test]
fn where_nobody_listens_the_message_says_to_start_a_server() {
    let port = free_port();
    let ended = Home::new().run(&["grade", "tcp-echo", "--port", &port.to_string()]);
    ended.code(3).no_result().warns(&format!("no echo server answers at 127.0.0.1:{port}: "));
    ended.warns("efused").warns("Start your server first");
}

const PYTHON: &str = "
import socket
s = socket.create_server(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    try:
        while d := c.recv(1024): c.sendall(d)
    except OSError: pass
    c.close()
";

#[test]
fn a_server_in_another_language_is_graded_the_same() {
    let python = Command::new("python3").args(["-c", PYTHON]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    // No need to have it: the servers above are the proof.
    let Ok(mut python) = python else { return };
    let mut port = String::new();
    let stdout = python.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut port).expect("a port");
    let ended = Home::new().run(&["grade", "tcp-echo", "--port", port.trim(), "--idle", "2"]);
    python.kill().and_then(|()| python.wait()).expect("it ends");
    ended.code(1).says("passed  partial-reads").says("passed  half-close").says("FAILED  idle-timeout");
}

#[test]
fn the_help_names_the_seven_behaviours() {
    let help = Home::new().run(&["grade", "tcp-echo", "--help"]);
    for name in ["partial-reads", "large-transfer", "half-close", "end-of-file", "reset", "concurrent", "idle-timeout"]
    {
        help.says(name);
    }
    help.code(0);
}
