//! Opening: the three segments, simultaneous open, refusal, silence, and what is agreed.
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use super::{AT, CLIENT, DELAY, Line, SERVER, config, context, ms};
use crate::lab::tcp::output::Pair;
use crate::lab::tcp::stack::{IcmpError, Quoted, Stack};
use crate::lab::tcp::{Ecn, SocketOptions, State, TcpSettings};

#[test]
fn three_segments_open_a_connection_and_measure_its_round_trip() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    let story = line.story(0);
    assert_eq!(
        story,
        [
            "      0 client connect() asked for a connection",
            "     20 server answers the SYN",
            "     40 client acknowledges the SYN-ACK: established",
        ]
    );
    assert_eq!(line.states(0), ["CLOSED>SYN-SENT", "SYN-SENT>ESTABLISHED"]);
    assert_eq!(line.states(1), ["LISTEN>SYN-RECEIVED", "SYN-RECEIVED>ESTABLISHED"]);
    for (host, id) in [(0, client), (1, server)] {
        let info = line.hosts[host].info(id).expect("open");
        assert_eq!((info.state, info.mss, info.srtt), (State::Established, 1448, Some(2 * DELAY)));
        assert_eq!((info.cwnd, info.peer_window), (14_480, Some(65_535)));
    }
}

#[test]
fn what_one_end_does_not_do_is_not_done() {
    let plain = TcpSettings { window_scaling: false, timestamps: false, sack: false, ..TcpSettings::default() };
    for (client, server) in [(plain, TcpSettings::default()), (TcpSettings::default(), plain)] {
        let mut line = Line::between(config(CLIENT, client), config(SERVER, server));
        let (id, _) = line.open();
        line.write(0, id, b"x");
        let last = line.sent.last().expect("sent").read();
        assert_eq!((last.options.timestamps, last.payload), (None, &b"x"[..]));
        let syn_ack = line.sent[1].read();
        assert_eq!((syn_ack.options.window_scale, syn_ack.options.sack_permitted), (None, false));
        assert_eq!(line.hosts[0].info(id).expect("open").mss, 1460);
    }
}

#[test]
fn a_large_buffer_is_offered_whole() {
    let mut line = Line::new(TcpSettings::default());
    let options = SocketOptions { receive_buffer: Some(1_000_000), ..SocketOptions::default() };
    let listener = line.listen(options);
    let client = line.connect(SocketOptions::default());
    line.run_until(ms(60));
    let server = line.accept(listener).expect("open");
    line.write(0, client, &[0; 1000]);
    line.run_until(ms(120));
    line.read(1, server, 1000);
    line.run_until(ms(200));
    let window = line.hosts[0].info(client).expect("open").peer_window.expect("known");
    assert!((998_900..=1_000_000).contains(&window), "{window}");
}

#[test]
fn both_ends_may_open_at_once() {
    let mut line = Line::new(TcpSettings { ephemeral_ports: (5000, 5000), ..TcpSettings::default() });
    let to = |address| SocketAddr::new(address, 5000);
    let options = SocketOptions::default();
    let a = line.at(0, |it, now, out| it.connect(now, (CLIENT, to(SERVER)), options, out)).expect("free");
    let b = line.at(1, |it, now, out| it.connect(now, (SERVER, to(CLIENT)), options, out)).expect("free");
    line.run_until(ms(1000));
    for host in 0..2 {
        assert_eq!(line.states(host), ["CLOSED>SYN-SENT", "SYN-SENT>SYN-RECEIVED", "SYN-RECEIVED>ESTABLISHED"]);
    }
    line.write(0, a, b"hello");
    line.run_until(ms(1100));
    assert_eq!(line.read(1, b, 10).expect("something").expect("data"), b"hello");
}

#[test]
fn a_port_nobody_listens_on_refuses() {
    let mut line = Line::new(TcpSettings::default());
    let client = line.connect(SocketOptions::default());
    line.run_until(ms(100));
    let outcome = line.hosts[0].poll_connected(client, &context());
    assert!(matches!(outcome, Poll::Ready(Err(error)) if error.kind() == ErrorKind::ConnectionRefused));
    assert_eq!(line.story(1), ["     20 server no socket listens on port 80: RST"]);
    assert_eq!(line.now, ms(100));
    assert_eq!(line.next(), None);
}

#[test]
fn silence_is_asked_eleven_times_in_131_seconds() {
    let mut line = Line::new(TcpSettings::default());
    line.fate = Box::new(|_, _| Vec::new());
    let client = line.connect(SocketOptions::default());
    line.run_until(ms(130_999));
    assert!(line.hosts[0].poll_connected(client, &context()).is_pending());
    line.run_until(ms(131_000));
    let outcome = line.hosts[0].poll_connected(client, &context());
    assert!(matches!(outcome, Poll::Ready(Err(error)) if error.kind() == ErrorKind::TimedOut));
    let times: Vec<_> = line.sent.iter().map(|it| it.at.0 / 1_000_000_000).collect();
    assert_eq!(times, [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
    assert_eq!(line.sent[1].why(), "retransmission 1 of 10: no answer to the SYN in 1 s");
    assert_eq!(line.sent[10].why(), "retransmission 10 of 10: no answer to the SYN in 32 s");
}

/// The client's timeout for data and its first flight, after the first SYNs were lost.
fn after_lost_syns(settings: TcpSettings, lost: &'static [usize]) -> (Duration, u32) {
    let mut line = Line::new(settings).losing(lost);
    let (client, _) = line.open_slowly();
    let info = line.hosts[0].info(client).expect("open");
    (info.rto, info.cwnd / info.mss)
}

#[test]
fn a_lost_syn_leaves_three_seconds_for_data_unless_timestamps_measure_the_second() {
    let plain = TcpSettings { timestamps: false, ..TcpSettings::default() };
    // SRTT + max(4 * SRTT / 2, 200 ms).
    let measured = 2 * DELAY + Duration::from_millis(200);
    assert_eq!(after_lost_syns(plain, &[]), (measured, 10));
    assert_eq!(after_lost_syns(plain, &[0]), (Duration::from_secs(3), 10));
    assert_eq!(after_lost_syns(plain, &[0, 1]), (Duration::from_secs(3), 1), "two lost SYNs: a single segment");
    assert_eq!(after_lost_syns(TcpSettings::default(), &[0]), (measured, 10));
    assert_eq!(after_lost_syns(TcpSettings::default(), &[0, 1]), (measured, 1));
}

#[test]
fn what_leaves_after_a_lost_syn_leaves_again_after_three_seconds() {
    let mut line = Line::new(TcpSettings { timestamps: false, sack: false, ..TcpSettings::default() }).losing(&[0]);
    let (client, _) = line.open_slowly();
    line.fate = Box::new(|_, _| Vec::new());
    let from = (line.now, line.sent.len());
    line.write(0, client, b"x");
    line.run_until(line.now + Duration::from_secs(4));
    let times: Vec<_> = line.sent[from.1..].iter().map(|it| it.at - from.0).collect();
    assert_eq!(times, [Duration::ZERO, Duration::from_secs(3)]);
}

#[test]
fn syns_that_were_answered_late_were_not_lost() {
    let mut line = Line::new(TcpSettings::default());
    // The first answer takes 2.5 s: three SYNs have left, and it echoes the first.
    line.fate = Box::new(|n, _| vec![if n == 0 { Duration::from_millis(2480) } else { Duration::from_secs(60) }]);
    let client = line.connect(SocketOptions::default());
    line.listen(SocketOptions::default());
    line.run_until(ms(2480));
    let answer = line.sent.last().expect("a SYN-ACK").segment.clone();
    line.run_until(ms(2500));
    line.deliver(0, &answer);
    let info = line.hosts[0].info(client).expect("open");
    assert_eq!((info.srtt, info.cwnd / info.mss), (Some(Duration::from_millis(2500)), 10));
}

#[test]
fn a_lost_syn_ack_is_sent_again() {
    let mut line = Line::new(TcpSettings::default()).losing(&[1]);
    let listener = line.listen(SocketOptions::default());
    line.connect(SocketOptions::default());
    line.run_until(ms(2000));
    assert!(line.accept(listener).is_some());
    let again: Vec<_> = line.story(2).into_iter().filter(|it| it.contains("again") || it.contains("retrans")).collect();
    assert_eq!(
        again,
        [
            "   1000 client retransmission 1 of 10: no answer to the SYN in 1 s",
            "   1020 server retransmission 1 of 5: no ACK of the SYN-ACK in 1 s",
            "   1020 server answers the SYN again: it came again",
            "   1040 client ACK again: this SYN had come already",
        ]
    );
}

#[test]
fn ecn_is_agreed_when_one_asks_and_the_other_does_it() {
    let agreed = |client: Ecn, server: Ecn| {
        let settings = |ecn| TcpSettings { ecn, ..TcpSettings::default() };
        let mut line = Line::between(config(CLIENT, settings(client)), config(SERVER, settings(server)));
        let (id, _) = line.open();
        line.write(0, id, b"x");
        line.sent.last().expect("sent").segment.ecn == 2
    };
    assert!(agreed(Ecn::Active, Ecn::Passive));
    assert!(!agreed(Ecn::Passive, Ecn::Passive) && !agreed(Ecn::Active, Ecn::Off));
}

#[test]
fn an_icmp_error_ends_an_attempt_and_not_what_is_open() {
    let mut line = Line::new(TcpSettings::default());
    line.fate = Box::new(|_, _| Vec::new());
    let client = line.connect(SocketOptions::default());
    let tell = |line: &mut Line, seq: u32, error| {
        let pair = line.hosts[0].pair(client).expect("known");
        line.at(0, |it, now, out| Stack::icmp(it, now, Quoted { pair, seq }, error, out));
    };
    let seq = line.sent[0].read().seq.0;
    tell(&mut line, seq.wrapping_add(9), IcmpError::HostUnreachable);
    assert!(line.hosts[0].poll_connected(client, &context()).is_pending());
    tell(&mut line, seq, IcmpError::HostUnreachable);
    let outcome = line.hosts[0].poll_connected(client, &context());
    assert!(matches!(outcome, Poll::Ready(Err(error)) if error.kind() == ErrorKind::HostUnreachable));

    let mut line = Line::new(TcpSettings::default());
    let (client, _) = line.open();
    line.write(0, client, b"x");
    let (pair, seq) = (Pair { remote: AT, ..line.hosts[0].pair(client).expect("open") }, line.sent[3].read().seq.0);
    line.at(0, |it, now, out| it.icmp(now, Quoted { pair, seq }, IcmpError::HostUnreachable, out));
    assert_eq!(line.hosts[0].info(client).expect("open").state, State::Established);
    assert_eq!(line.decisions(0), ["the host cannot be reached: noted, an established connection goes on"]);
}

#[test]
fn a_user_timeout_cuts_the_attempt_short() {
    let mut line = Line::new(TcpSettings::default());
    line.fate = Box::new(|_, _| Vec::new());
    let client = line.connect(SocketOptions { user_timeout: Some(Duration::from_secs(5)), ..SocketOptions::default() });
    line.run_until(ms(4999));
    assert!(line.hosts[0].poll_connected(client, &context()).is_pending());
    line.run_until(ms(5000));
    assert!(line.hosts[0].poll_connected(client, &context()).is_ready());
}
