//! How connections end and pause between the kernel and the lab: half-close, RST, refusal, zero window, keepalive.
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use roundtrip::lab::tcp::{KeepAlive, SocketOptions};
use roundtrip::lab::{HostOptions, LabNet, LabStream, LinkOptions};
use rustix::net::sockopt;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::meeting::{Crossed, Meeting, Segment, kernel, lab};
use crate::programs::{accept, connect, lab_receive, lab_send, listen, receive, send};
use crate::space::{Company, in_a_namespace};

/// More than all buffers of both sides hold.
const MUCH: usize = 8_000_000;

fn meeting() -> Meeting {
    Meeting::new(HostOptions::default(), LinkOptions::default().delay(Duration::from_millis(1)))
}

fn second() -> Duration {
    Duration::from_secs(1)
}

async fn accepted(net: &LabNet) -> LabStream {
    let listener = net.open_listener(lab(80), SocketOptions::default()).expect("a free port");
    listener.accept().await.expect("a listener lasts").0
}

#[test]
fn after_a_half_close_the_other_half_goes_on_both_ways() {
    let name = "endings::after_a_half_close_the_other_half_goes_on_both_ways";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = meeting();
        let net = meeting.net.clone();
        let listener = listen("10.9.0.2:81");
        let in_the_lab = async move {
            // The kernel closes first ...
            let mut stream = accepted(&net).await;
            let first = lab_receive(&mut stream).await.expect("to the FIN");
            lab_send(&mut stream, 300_000).await.expect("our half is open");
            drop(stream);
            // ... then the lab does.
            let mut stream = net.connect(kernel(81)).await.expect("the kernel listens");
            lab_send(&mut stream, 200_000).await.expect("open");
            stream.shutdown().await.expect("connected");
            (first, lab_receive(&mut stream).await.expect("to the FIN"))
        };
        let in_the_kernel = move || {
            let stream = connect(lab(80)).expect("the lab listens");
            send(&stream, 100_000).expect("open");
            stream.shutdown(Shutdown::Write).expect("connected");
            let first = receive(&stream).expect("to the FIN");
            let stream = accept(&listener);
            let second = receive(&stream).expect("to the FIN");
            send(&stream, 400_000).expect("our half is open");
            (first, second)
        };
        let (in_kernel, in_lab, crossed) = meeting.run(in_the_kernel, in_the_lab);
        assert_eq!((in_kernel, in_lab), ((300_000, 200_000), (100_000, 400_000)));
        assert!(!crossed.segments().iter().any(|it| it.rst), "an orderly end has no RST");
        let fins: BTreeSet<_> = crossed.segments().iter().filter(|it| it.fin).map(|it| it.sequence).collect();
        assert_eq!(fins.len(), 4);
    });
}

#[test]
fn a_reset_is_heard_on_the_other_side_and_a_closed_port_refuses() {
    let name = "endings::a_reset_is_heard_on_the_other_side_and_a_closed_port_refuses";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = meeting();
        let net = meeting.net.clone();
        let in_the_lab = async move {
            let mut stream = accepted(&net).await;
            stream.read_exact(&mut [0; 5]).await.expect("five bytes");
            let reset = stream.read(&mut [0; 5]).await.expect_err("the kernel resets").kind();
            accepted(&net).await.abort();
            // Here the program closes with bytes unread: Linux resets, and so does the lab (RFC 9293 §3.6, RFC 2525 §2.17).
            let mut unread = accepted(&net).await;
            unread.read_exact(&mut [0; 1]).await.expect("one byte");
            drop(unread);
            [reset, net.connect(kernel(4444)).await.err().map_or(ErrorKind::Other, |it| it.kind())]
        };
        let in_the_kernel = || {
            let mut stream = connect(lab(80)).expect("the lab listens");
            stream.write_all(b"hello").expect("open");
            thread::sleep(Duration::from_millis(100));
            sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("a socket");
            drop(stream);
            thread::sleep(Duration::from_millis(100));
            let aborted = heard(&connect(lab(80)).expect("the lab listens"));
            thread::sleep(Duration::from_millis(100));
            let mut stream = connect(lab(80)).expect("the lab listens");
            stream.write_all(b"hello").expect("open");
            let unread = heard(&stream);
            [aborted, unread, connect(lab(4444)).expect_err("nobody listens").kind()]
        };
        let (in_kernel, in_lab, _) = meeting.run(in_the_kernel, in_the_lab);
        assert_eq!(in_kernel, [ErrorKind::ConnectionReset, ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused]);
        assert_eq!(in_lab, [ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused]);
    });
}

/// What ended a kernel socket's reading.
fn heard(mut stream: &TcpStream) -> ErrorKind {
    stream.read(&mut [0; 16]).map_or_else(|error| error.kind(), |_| ErrorKind::UnexpectedEof)
}

#[test]
fn a_kernel_that_does_not_read_closes_its_window_and_the_lab_probes_until_it_opens() {
    let name = "endings::a_kernel_that_does_not_read_closes_its_window_and_the_lab_probes_until_it_opens";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = meeting();
        let net = meeting.net.clone();
        let server = async move {
            let mut stream = accepted(&net).await;
            lab_send(&mut stream, MUCH).await.expect("open");
        };
        let client = || {
            let stream = connect(lab(80)).expect("the lab listens");
            thread::sleep(Duration::from_millis(2500));
            receive(&stream).expect("to the FIN")
        };
        let (got, (), crossed) = meeting.run(client, server);
        assert_eq!(got, MUCH);
        let (closed, probes) = standstill(&crossed, true);
        assert!(closed, "the kernel never closed its window");
        assert!(probes >= 2, "the lab sent {probes} probes in two seconds of a closed window");
    });
}

#[test]
fn a_lab_program_that_does_not_read_closes_its_window_and_the_kernel_probes_until_it_opens() {
    let name = "endings::a_lab_program_that_does_not_read_closes_its_window_and_the_kernel_probes_until_it_opens";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = meeting();
        let net = meeting.net.clone();
        let server = async move {
            let mut stream = accepted(&net).await;
            net.sleep(Duration::from_millis(2500)).await;
            lab_receive(&mut stream).await.expect("to the FIN")
        };
        let client = || {
            let stream = connect(lab(80)).expect("the lab listens");
            send(&stream, MUCH).expect("open");
        };
        let ((), got, crossed) = meeting.run(client, server);
        assert_eq!(got, MUCH);
        let (closed, probes) = standstill(&crossed, false);
        assert!(closed, "the lab never closed its window");
        assert!(probes >= 2, "the kernel sent {probes} probes in two seconds of a closed window");
    });
}

/// Whether a side closed its window, and how many segments the other sent into it in the second half of the pause.
fn standstill(crossed: &Crossed, kernel_reads: bool) -> (bool, usize) {
    let segments = crossed.segments();
    let closed = segments.iter().find(|it| it.from_kernel == kernel_reads && it.ack && !it.rst && it.window == 0);
    let Some(closed) = closed.copied() else { return (false, 0) };
    let open = |it: &&Segment| it.at > closed.at && it.from_kernel == kernel_reads && it.window > 0;
    let opened = segments.iter().find(open).map_or(closed.at, |it| it.at);
    let probes = segments.iter().filter(|it| it.from_kernel != kernel_reads && it.at > closed.at && it.at < opened);
    (true, probes.count())
}

#[test]
fn keepalive_probes_of_either_side_are_answered_by_the_other() {
    let name = "endings::keepalive_probes_of_either_side_are_answered_by_the_other";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        for by_kernel in [true, false] {
            let crossed = idle_for_a_while(by_kernel);
            let (probing, answering) = (crossed.sent_by(by_kernel), crossed.sent_by(!by_kernel));
            // A probe is a segment with nothing new: one byte before what was acknowledged (RFC 9293 §3.8.4).
            let is_probe = |it: &&Segment| {
                let acknowledged = answering.iter().rfind(|ack| ack.at < it.at && ack.ack).map(|ack| ack.acknowledged);
                !it.syn && !it.fin && acknowledged == Some(it.sequence.wrapping_add(1))
            };
            let probes: Vec<_> = probing.iter().filter(is_probe).collect();
            assert!(probes.len() >= 2, "three seconds of silence, and {} probes", probes.len());
            let answered = |probe: &Segment| {
                let soon = probe.at + Duration::from_millis(100);
                answering.iter().any(|it| it.at > probe.at && it.at < soon && it.ack && it.payload == 0)
            };
            assert!(probes.iter().all(|it| answered(it)), "a probe of the kernel ({by_kernel}) was not answered");
        }
    });
}

/// A connection on which nobody says anything for three and a half seconds but keepalive, then the client sends.
fn idle_for_a_while(by_kernel: bool) -> Crossed {
    let meeting = meeting();
    let net = meeting.net.clone();
    let keepalive = (!by_kernel).then_some(KeepAlive { idle: second(), interval: second(), probes: 2 });
    let server = async move {
        let listener = net.open_listener(lab(80), SocketOptions { keepalive, ..SocketOptions::default() });
        let (mut stream, _) = listener.expect("a free port").accept().await.expect("a listener lasts");
        lab_receive(&mut stream).await.expect("to the FIN")
    };
    let client = move || {
        let stream = connect(lab(80)).expect("the lab listens");
        if by_kernel {
            alive(&stream);
        }
        thread::sleep(Duration::from_millis(3500));
        send(&stream, 1000).expect("still open");
    };
    let ((), got, crossed) = meeting.run(client, server);
    assert_eq!(got, 1000);
    crossed
}

/// `SO_KEEPALIVE` after a second, each second, twice.
fn alive(stream: &TcpStream) {
    sockopt::set_socket_keepalive(stream, true).expect("a socket");
    sockopt::set_tcp_keepidle(stream, second()).expect("a TCP socket");
    sockopt::set_tcp_keepintvl(stream, second()).expect("a TCP socket");
    sockopt::set_tcp_keepcnt(stream, 2).expect("a TCP socket");
}

#[test]
fn a_peer_that_is_gone_is_noticed_by_keepalive_on_either_side() {
    let name = "endings::a_peer_that_is_gone_is_noticed_by_keepalive_on_either_side";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = meeting();
        let net = meeting.net.clone();
        let keepalive = KeepAlive { idle: second(), interval: second(), probes: 2 };
        let server = async move {
            let options = SocketOptions { keepalive: Some(keepalive), ..SocketOptions::default() };
            let listener = net.open_listener(lab(80), options).expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a listener lasts");
            stream.read_exact(&mut [0; 5]).await.expect("five bytes");
            let began = net.now();
            let kind = stream.read(&mut [0; 5]).await.expect_err("the kernel is gone").kind();
            (kind, net.now().since(began))
        };
        let client = || {
            let mut stream = connect(lab(80)).expect("the lab listens");
            alive(&stream);
            stream.write_all(b"hello").expect("open");
            thread::sleep(Duration::from_millis(200));
            crate::space::ip("link set lab0 down");
            // The device is down: the kernel's probes go nowhere, and the lab's are not answered.
            heard(&stream)
        };
        let (in_kernel, (in_lab, took), _) = meeting.run(client, server);
        assert_eq!(in_lab, ErrorKind::TimedOut);
        assert!(matches!(in_kernel, ErrorKind::TimedOut | ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable));
        // One second of silence, two probes a second apart, one more second: 3 s.
        assert!((2.9..3.3).contains(&took.as_secs_f64()), "noticed after {took:?}");
    });
}
