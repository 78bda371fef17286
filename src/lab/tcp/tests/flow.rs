//! Pace between two willing ends: windows, small segments, delayed ACKs, probes, marks, patience.
use std::io::ErrorKind;
use std::time::Duration;

use super::{CLIENT, DELAY, Line, SERVER, config, ms};
use crate::lab::tcp::stack::Id;
use crate::lab::tcp::{Ecn, KeepAlive, SocketOptions, TcpSettings};
use crate::recording::Time;

/// Reads whatever is there, at this host.
fn drain(line: &mut Line, host: usize, id: Id) -> usize {
    let mut total = 0;
    while let Some(Ok(bytes)) = line.read(host, id, 100_000) {
        if bytes.is_empty() {
            break;
        }
        total += bytes.len();
    }
    total
}

/// A connection that has had a request and an answer, so that no quick ACKs are in the way.
fn talked(settings: TcpSettings) -> (Line, Id, Id) {
    let mut line = Line::new(settings);
    let (client, server) = line.open();
    for _ in 0..2 {
        line.write(0, client, b"request");
        line.run_until(line.now + DELAY);
        drain(&mut line, 1, server);
        line.write(1, server, b"answer");
        line.run_until(line.now + Duration::from_millis(200));
        drain(&mut line, 0, client);
    }
    (line, client, server)
}

#[test]
fn an_answer_carries_the_ack_and_silence_delays_it() {
    let (mut line, client, server) = talked(TcpSettings::default());
    let (began, from) = (line.now, line.sent.len());
    line.write(0, client, b"request");
    line.run_until(began + DELAY);
    drain(&mut line, 1, server);
    line.write(1, server, b"answer");
    line.run_until(began + Duration::from_millis(300));
    let why: Vec<_> = line.sent[from..].iter().map(super::Sent::why).collect();
    // The server answers what it reads, so its ACKs wait for the answer; the client does not.
    let quick = "acknowledges 6 bytes at once: quick ACK while the connection is young, 13 left";
    assert_eq!(why, ["send() of 7 bytes", "send() of 6 bytes", quick]);
    let (began, from) = (line.now, line.sent.len());
    line.write(0, client, b"no answer");
    line.run_until(began + Duration::from_millis(300));
    let ack = &line.sent[from + 1];
    assert_eq!(ack.why(), "acknowledges 9 bytes: delayed ACK, 40 ms passed without data to ride on");
    assert_eq!(ack.at, began + DELAY + Duration::from_millis(40));
}

#[test]
fn the_first_exchange_is_acknowledged_at_once_as_in_linux() {
    let mut line = Line::new(TcpSettings::default());
    let (client, _) = line.open();
    line.write(0, client, b"request");
    line.run_until(line.now + DELAY);
    let last = line.sent.last().expect("an ACK");
    assert_eq!(last.why(), "acknowledges 7 bytes at once: quick ACK while the connection is young, 15 left");
}

#[test]
fn nagle_holds_the_second_small_write_until_the_ack() {
    let settings = TcpSettings { nagle: true, ..TcpSettings::default() };
    let (mut line, client, server) = talked(settings);
    let (began, from) = (line.now, line.sent.len());
    line.write(0, client, b"head");
    line.write(0, client, b"body");
    assert_eq!(line.sent.len(), from + 1);
    line.run_until(began + Duration::from_millis(500));
    assert_eq!(drain(&mut line, 1, server), 8);
    let second = &line.sent[from + 2];
    assert_eq!(second.why(), "held back by Nagle until the ACK came: send() of 4 bytes");
    // The classic stall: a round trip and the other end's delayed ACK.
    assert_eq!(second.at, began + 2 * DELAY + Duration::from_millis(40));
}

#[test]
fn nodelay_sends_each_write() {
    let (mut line, client, _) = talked(TcpSettings::default());
    let from = line.sent.len();
    line.write(0, client, b"head");
    line.write(0, client, b"body");
    assert_eq!(line.sent.len(), from + 2);
}

#[test]
fn a_reader_that_sleeps_shuts_the_window_and_probes_ask_for_it() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    let bytes = [7; 100_000];
    let mut written = 0;
    while line.now < ms(30_000) {
        written += line.write(0, client, &bytes[written..]);
        line.run_until(line.now + Duration::from_millis(100));
    }
    assert_eq!(line.hosts[1].info(server).expect("open").receive_queue, Some(65_535));
    assert_eq!(line.hosts[0].info(client).expect("open").peer_window, Some(0));
    assert_eq!(line.decisions(0), ["the peer's window is zero: sending stops"]);
    assert_eq!(line.decisions(1), ["the receive window is zero: 65535 B wait for the program"]);
    let probes: Vec<_> = line.sent.iter().filter(|it| it.why().starts_with("zero-window probe")).collect();
    assert!(probes.len() > 4, "{:#?}", line.story(60));
    assert!(probes.iter().all(|it| it.read().payload.is_empty()));
    let gaps: Vec<_> = probes.windows(2).map(|it| (it[1].at - it[0].at).as_millis()).collect();
    assert!(gaps.windows(2).all(|it| it[1] >= it[0] * 19 / 10), "{gaps:?}");
    // Reading a little tells nothing, reading much opens the window.
    line.read(1, server, 1000);
    let from = line.sent.len();
    line.read(1, server, 3000);
    assert_eq!(line.sent[from].why(), "window update: the program read 4000 bytes, there is room for 4000");
    let mut total = 4000;
    while line.now < ms(40_000) {
        total += drain(&mut line, 1, server);
        line.run_until(line.now + Duration::from_millis(10));
    }
    assert_eq!(total, 100_000);
}

#[test]
fn a_lost_window_update_is_made_good_by_a_probe() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    let bytes = [7; 100_000];
    let mut written = line.write(0, client, &bytes);
    line.run_until(ms(5000));
    let next = line.sent.len();
    line.fate = Box::new(move |n, _| if n == next { Vec::new() } else { vec![DELAY] });
    let mut total = drain(&mut line, 1, server);
    while line.now < ms(60_000) {
        written += line.write(0, client, &bytes[written..]);
        line.run_until(line.now + Duration::from_millis(100));
        total += drain(&mut line, 1, server);
    }
    assert_eq!((written, total), (100_000, 100_000));
}

#[test]
fn a_window_is_never_taken_back() {
    for seed in 0..10 {
        let mut line = Line::new(TcpSettings::default()).rough(seed, 50, 20, 100);
        let (client, server) = line.open_slowly();
        let mut written = 0;
        for _ in 0..300 {
            written += line.write(0, client, &vec![1; 200_000 - written]);
            line.run_until(line.now + Duration::from_millis(20));
            line.read(1, server, 700);
        }
        let mut edge = None;
        for sent in line.sent.iter().filter(|it| it.by == 1) {
            let segment = sent.read();
            let right = segment.ack.expect("the server acknowledges") + u32::from(segment.window);
            assert!(edge.is_none_or(|edge| right.at_or_after(edge)), "{}", sent.why());
            edge = Some(right);
        }
    }
}

#[test]
fn no_tiny_segments_when_the_reader_is_slow() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    let mut written = 0;
    for _ in 0..3000 {
        written += line.write(0, client, &vec![1; 300_000 - written]);
        line.run_until(line.now + Duration::from_millis(10));
        line.read(1, server, 100);
    }
    let sizes: Vec<_> = line.sent.iter().map(|it| it.read().payload.len()).filter(|it| *it > 0).collect();
    let small = sizes.iter().filter(|it| **it < 1448).count();
    assert!(small <= 2, "{small} of {} segments are not full", sizes.len());
}

#[test]
fn keepalive_asks_and_then_gives_up() {
    let second = Duration::from_secs(1);
    let keepalive = KeepAlive { idle: 10 * second, interval: second, probes: 3 };
    let mut line = Line::new(TcpSettings::default());
    line.listen(SocketOptions::default());
    let client = line.connect(SocketOptions { keepalive: Some(keepalive), ..SocketOptions::default() });
    line.run_until(ms(100));
    let from = line.sent.len();
    line.run_until(ms(25_000));
    let probe = "keepalive probe 1 of 3: nothing came for 10 s; does the peer still answer?";
    let answer = "answers a probe: this end is alive";
    let why: Vec<_> = line.sent[from..].iter().map(super::Sent::why).collect();
    assert_eq!(why, [probe, answer, probe, answer]);
    line.fate = Box::new(|_, _| Vec::new());
    line.run_until(ms(60_000));
    let error = line.read(0, client, 10).expect("over").expect_err("dead");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let last = line.sent.last().expect("a RST");
    assert_eq!(last.why(), "3 keepalive probes were not answered: RST");
    assert_eq!(last.at, line.sent[from + 3].at + DELAY + 13 * second);
}

/// Keepalive every second after 10 s, three probes: how many were sent and how long the peer had been silent when the
/// connection was given up, and the words of the RST.
fn given_up_after(user_timeout: Duration) -> (usize, Duration, String) {
    let second = Duration::from_secs(1);
    let keepalive = Some(KeepAlive { idle: 10 * second, interval: second, probes: 3 });
    let mut line = Line::new(TcpSettings::default());
    line.listen(SocketOptions::default());
    let user_timeout = Some(user_timeout);
    let client = line.connect(SocketOptions { keepalive, user_timeout, ..SocketOptions::default() });
    line.run_until(ms(100));
    line.fate = Box::new(|_, _| Vec::new());
    let from = line.sent.len();
    line.run_until(ms(60_000));
    let error = line.read(0, client, 10).expect("over").expect_err("dead");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let last = line.sent.last().expect("a RST");
    // The SYN-ACK was the last that came, after one round trip.
    (line.sent.len() - from - 1, last.at - (Time(0) + 2 * DELAY), last.why())
}

#[test]
fn a_user_timeout_ends_keepalive_instead_of_the_count_of_probes() {
    let second = Duration::from_secs(1);
    // As Linux: looked at when a probe is due, so that 15.5 s become 16; and never before one probe was sent.
    let (probes, after, why) = given_up_after(Duration::from_millis(15_500));
    assert_eq!((probes, after), (6, 16 * second), "more than the three that keepalive would send");
    assert_eq!(why, "6 keepalive probes were not answered: RST");
    let (probes, after, _) = given_up_after(2 * second);
    assert_eq!((probes, after), (1, 11 * second));
    assert_eq!(given_up_after(Duration::ZERO).1, 13 * second, "0 leaves it to keepalive");
}

#[test]
fn keepalive_without_any_silence_does_not_run_for_ever() {
    let keepalive = Some(KeepAlive { idle: Duration::ZERO, interval: Duration::ZERO, probes: 3 });
    let mut line = Line::new(TcpSettings { keepalive, ..TcpSettings::default() });
    let (client, _) = line.open();
    line.fate = Box::new(|_, _| Vec::new());
    line.run_until(ms(10_000));
    assert!(line.read(0, client, 10).is_some_and(|it| it.is_err()));
}

#[test]
fn unacknowledged_bytes_have_a_patience() {
    let mut line = Line::new(TcpSettings::default());
    line.listen(SocketOptions::default());
    let patience = Some(Duration::from_secs(10));
    let client = line.connect(SocketOptions { user_timeout: patience, ..SocketOptions::default() });
    line.run_until(ms(100));
    line.fate = Box::new(|_, _| Vec::new());
    line.write(0, client, b"anybody there?");
    line.run_until(ms(10_099));
    assert!(line.hosts[0].info(client).is_ok());
    line.run_until(ms(10_100));
    let error = line.read(0, client, 10).expect("over").expect_err("silence");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let timeouts: Vec<_> = line.decisions(0);
    assert!(timeouts.iter().any(|it| it.contains("cwnd") && it.contains("rto")), "{timeouts:?}");
}

#[test]
fn a_congestion_mark_halves_the_window_once_and_nothing_is_sent_again() {
    let settings = TcpSettings { ecn: Ecn::Active, ..TcpSettings::default() };
    let mut line = Line::between(config(CLIENT, settings), config(SERVER, TcpSettings::default()));
    let (client, server) = line.open();
    let mut written = line.write(0, client, &[7; 60_000]);
    let before = line.hosts[0].info(client).expect("open").cwnd;
    // The line cannot mark; the segment is delivered a second time as if it had met a full router.
    let mut marked = line.sent.iter().rfind(|it| it.by == 0).expect("data").segment.clone();
    assert_eq!(marked.ecn, 2);
    line.run_until(line.now + DELAY);
    marked.ecn = 3;
    line.deliver(1, &marked);
    assert!(line.sent.iter().rfind(|it| it.by == 1).expect("an ACK").read().flags.ece);
    for _ in 0..50 {
        drain(&mut line, 1, server);
        written += line.write(0, client, &vec![7; 60_000 - written]);
        line.run_until(line.now + Duration::from_millis(10));
    }
    let info = line.hosts[0].info(client).expect("open");
    assert_eq!(info.retransmissions, 0);
    assert!(info.ssthresh.is_some_and(|it| it < 4 * before), "{info:?}");
    assert!(line.sent.iter().any(|it| it.by == 0 && it.read().flags.cwr && !it.read().flags.syn));
    assert!(!line.sent.iter().rfind(|it| it.by == 1).expect("an ACK").read().flags.ece);
    let echoes = line.decisions(0).iter().filter(|it| it.contains("ECN")).count();
    assert_eq!(echoes, 1, "{:?}", line.decisions(0));
}

#[test]
fn curves_are_told_where_they_are_wanted() {
    use crate::lab::tcp::output::{Measure, TcpOutput};
    let mut traced = config(CLIENT, TcpSettings::default());
    traced.trace = true;
    let mut line = Line::between(traced, config(SERVER, TcpSettings::default()));
    let (client, _) = line.open();
    let mut out = TcpOutput::default();
    let _ = line.hosts[0].poll_write(client, &[1; 3000], &super::context(), Time(ms(100).0), &mut out);
    let told: Vec<_> = out.samples.iter().map(|it| (it.measure, it.value)).collect();
    assert_eq!(told, [(Measure::InFlight, 3000), (Measure::SendQueue, 3000)]);
}
