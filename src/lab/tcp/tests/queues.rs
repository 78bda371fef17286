//! A listener's two queues and what their overflow does; cookies; ports and their end.
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use super::{AT, CLIENT, Line, SERVER, config, context, ms};
use crate::lab::tcp::output::Pair;
use crate::lab::tcp::segment::{self, Flags, Segment};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::stack::{Arrival, Id};
use crate::lab::tcp::{SocketOptions, State, SynCookies, TcpSettings};

fn backlog(backlog: usize) -> SocketOptions {
    SocketOptions { backlog: Some(backlog), ..SocketOptions::default() }
}

fn is_open(line: &Line, id: Id) -> bool {
    line.hosts[0].info(id).is_ok_and(|it| it.state == State::Established)
}

#[test]
fn one_more_than_the_backlog_can_wait_and_the_next_syn_is_dropped() {
    let mut line = Line::new(TcpSettings::default());
    let listener = line.listen(backlog(2));
    let clients: Vec<_> = (0..5)
        .map(|_| {
            let id = line.connect(SocketOptions::default());
            line.run_until(ms(line.now.0 / 1_000_000 + 100));
            id
        })
        .collect();
    let open: Vec<_> = clients.iter().map(|id| is_open(&line, *id)).collect();
    assert_eq!(open, [true, true, true, false, false]);
    assert_eq!(line.decisions(1), vec!["the accept queue is full (backlog 2): SYN dropped"; 2]);
    assert!(line.accept(listener).is_some());
    line.run_until(ms(3000));
    assert!(is_open(&line, clients[3]) && !is_open(&line, clients[4]));
}

#[test]
fn a_full_accept_queue_drops_the_last_ack_and_the_client_believes_it_is_open() {
    let mut line = Line::new(TcpSettings::default());
    let listener = line.listen(backlog(0));
    let clients: Vec<_> = (0..2).map(|_| line.connect(SocketOptions::default())).collect();
    line.run_until(ms(100));
    // listen(0) has one place in each queue: the second SYN found the SYN queue full and got a cookie.
    assert!(clients.iter().all(|id| is_open(&line, *id)));
    let dropped = "the accept queue is full (backlog 0): the handshake's last ACK dropped";
    assert!(line.decisions(1).iter().any(|it| it == dropped), "{:?}", line.decisions(1));
    assert!(line.accept(listener).is_some());
    assert!(line.accept(listener).is_none());
}

#[test]
fn a_dropped_last_ack_is_made_good_when_there_is_room() {
    let settings = TcpSettings { syn_cookies: SynCookies::Never, ..TcpSettings::default() };
    let mut line = Line::new(settings);
    let listener = line.listen(backlog(1));
    let clients: Vec<_> = (0..2).map(|_| line.connect(SocketOptions::default())).collect();
    line.run_until(ms(30));
    // Only as many half-open connections as the backlog: the second SYN is dropped.
    assert_eq!(line.decisions(1), ["the SYN queue is full (1 half-open): SYN dropped"]);
    line.run_until(ms(1500));
    let third = line.connect(SocketOptions::default());
    line.run_until(ms(1600));
    assert!(clients.iter().all(|id| is_open(&line, *id)) && !is_open(&line, third));
    assert!(line.accept(listener).is_some());
    line.run_until(ms(4000));
    assert!(is_open(&line, third));
}

/// Three clients at once towards a backlog of one, without cookies.
fn crowd(abort_on_overflow: bool) -> (Line, Vec<Id>) {
    let settings = TcpSettings { abort_on_overflow, syn_cookies: SynCookies::Always, ..TcpSettings::default() };
    let mut line = Line::new(settings);
    line.listen(backlog(1));
    let clients = (0..3).map(|_| line.connect(SocketOptions::default())).collect();
    line.run_until(ms(100));
    (line, clients)
}

#[test]
fn abort_on_overflow_tells_the_client() {
    let (line, clients) = crowd(false);
    assert!(clients.iter().all(|id| is_open(&line, *id)));
    let (mut line, clients) = crowd(true);
    let open = clients.iter().filter(|id| is_open(&line, **id)).count();
    assert_eq!(open, 2);
    assert!(line.sent.iter().any(|it| it.why() == "the accept queue is full: RST"));
    let error = line.read(0, clients[2], 10).expect("over").expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn syn_acks_are_repeated_and_then_the_half_open_connection_is_forgotten() {
    let mut line = Line::new(TcpSettings::default());
    line.listen(SocketOptions::default());
    line.fate =
        Box::new(|_, sent| if sent.by == 0 && sent.segment.bytes[13] == 2 { vec![super::DELAY] } else { vec![] });
    let id = line.connect(SocketOptions::default());
    line.run_until(ms(10));
    line.at(0, |it, now, out| it.abort(id, "gone", now, out));
    line.run_until(ms(200_000));
    let times: Vec<_> = line.sent.iter().filter(|it| it.by == 1).map(|it| it.at.0 / 1_000_000 - 20).collect();
    assert_eq!(times, [0, 1000, 3000, 7000, 15_000, 31_000]);
    assert_eq!(line.states(1), ["LISTEN>SYN-RECEIVED", "SYN-RECEIVED>CLOSED"]);
    assert_eq!(line.decisions(1), ["the connection is given up: 6 tries, no answer"]);
    assert_eq!(line.next(), None);
}

#[test]
fn a_cookie_opens_a_connection_nobody_remembered() {
    for timestamps in [true, false] {
        let settings = TcpSettings { syn_cookies: SynCookies::Always, timestamps, ..TcpSettings::default() };
        let mut line = Line::new(settings);
        let listener = line.listen(SocketOptions { receive_buffer: Some(500_000), ..SocketOptions::default() });
        let client = line.connect(SocketOptions::default());
        line.run_until(ms(21));
        assert_eq!(line.hosts[1].next_tick(), None, "a cookie needs no timer");
        line.run_until(ms(100));
        let server = line.accept(listener).expect("open");
        line.write(0, client, b"hello");
        line.run_until(ms(200));
        assert_eq!(line.read(1, server, 10).expect("data").expect("no error"), b"hello");
        assert_eq!(line.decisions(1)[1], "the ACK carries a valid SYN cookie: MSS 1460");
        let window = line.hosts[0].info(client).expect("open").peer_window.expect("known");
        // Without timestamps the cookie has no room for the window scale.
        assert_eq!(window > 65_535, timestamps, "{window}");
    }
}

#[test]
fn a_forged_cookie_is_refused() {
    let mut line = Line::new(TcpSettings { syn_cookies: SynCookies::Always, ..TcpSettings::default() });
    line.listen(SocketOptions::default());
    let from = SocketAddr::new(CLIENT, 4000);
    for guess in 0..1000_u32 {
        let forged = Segment { seq: Seq(1), ack: Some(Seq(guess.wrapping_mul(4_294_967))), ..Segment::default() };
        let bytes = segment::write(from, AT, &forged, b"");
        let arrival = Arrival { from: CLIENT, to: SERVER, ecn: 0, bytes: &bytes };
        line.at(1, |it, now, out| it.segment(now, arrival, out));
    }
    assert!(line.sent.iter().all(|it| it.why() == "no such connection here: RST"));
}

#[test]
fn a_flood_of_syns_fills_the_queue_and_no_more() {
    let settings = TcpSettings { syn_cookies: SynCookies::Never, syn_backlog: 16, ..TcpSettings::default() };
    let mut line = Line::new(settings);
    line.listen(SocketOptions::default());
    line.fate = Box::new(|_, _| Vec::new());
    for port in 1000..2000 {
        let flags = Flags { syn: true, ..Flags::default() };
        let syn = Segment { seq: Seq(1), flags, ..Segment::default() };
        let bytes = segment::write(SocketAddr::new(CLIENT, port), AT, &syn, b"");
        let arrival = Arrival { from: CLIENT, to: SERVER, ecn: 0, bytes: &bytes };
        line.at(1, |it, now, out| it.segment(now, arrival, out));
    }
    assert_eq!(line.sent.len(), 16);
    assert_eq!(line.decisions(1).len(), 984);
    line.run_until(ms(100_000));
    assert_eq!((line.sent.len(), line.next()), (16 * 6, None));
}

#[test]
fn closing_a_listener_resets_what_nobody_accepted() {
    let mut line = Line::new(TcpSettings::default());
    let listener = line.listen(SocketOptions::default());
    let client = line.connect(SocketOptions::default());
    line.run_until(ms(100));
    line.connect(SocketOptions::default());
    line.run_until(ms(125));
    line.at(1, |it, now, out| it.close_listener(listener, now, out));
    line.run_until(ms(200));
    assert!(!is_open(&line, client));
    assert!(line.story(0).iter().any(|it| it.ends_with("the listener was closed before accept(): RST")));
    assert_eq!(line.hosts[1].next_tick(), None);
    assert!(line.hosts[1].poll_accept(listener, &context()).is_ready());
}

#[test]
fn ports_run_out_towards_one_destination_and_time_wait_can_be_reused() {
    let settings = TcpSettings { ephemeral_ports: (40_000, 40_003), ..TcpSettings::default() };
    let run = |time_wait_reuse, pause: u64| {
        let mut line = Line::between(
            config(CLIENT, TcpSettings { time_wait_reuse, ..settings }),
            config(SERVER, TcpSettings::default()),
        );
        let listener = line.listen(SocketOptions::default());
        for _ in 0..4 {
            let client = line.connect(SocketOptions::default());
            line.run_until(ms(line.now.0 / 1_000_000 + 100));
            let server = line.accept(listener).expect("open");
            line.at(0, |it, now, out| it.close(client, now, out));
            line.at(1, |it, now, out| it.close(server, now, out));
            line.run_until(ms(line.now.0 / 1_000_000 + 100));
        }
        line.run_until(ms(line.now.0 / 1_000_000 + pause));
        let outcome = line.at(0, |it, now, out| it.connect(now, (CLIENT, AT), SocketOptions::default(), out));
        line.run_until(ms(line.now.0 / 1_000_000 + 200));
        (outcome.map(|id| is_open(&line, id)).map_err(|it| (it.kind(), it.to_string())), line)
    };
    let (outcome, mut line) = run(false, 0);
    let text = "every local port from 40000 to 40003 is taken towards 10.0.0.2:80, 4 of them by TIME-WAIT";
    assert_eq!(outcome, Err((ErrorKind::AddrNotAvailable, text.to_owned())));
    let elsewhere = SocketAddr::new(SERVER, 81);
    assert!(line.at(0, |it, now, out| it.connect(now, (CLIENT, elsewhere), SocketOptions::default(), out)).is_ok());
    assert_eq!(run(false, 60_000).0, Ok(true));
    assert_eq!(run(true, 1000).0, Ok(true));
}

#[test]
fn a_new_syn_takes_over_from_time_wait() {
    let settings = TcpSettings { ephemeral_ports: (40_000, 40_000), ..TcpSettings::default() };
    let mut line = Line::between(config(CLIENT, settings), config(SERVER, TcpSettings::default()));
    let listener = line.listen(SocketOptions::default());
    let client = line.connect(SocketOptions::default());
    line.run_until(ms(100));
    let server = line.accept(listener).expect("open");
    // The server closes first: TIME-WAIT is on its side, and the client's only port is free again.
    line.at(1, |it, now, out| it.close(server, now, out));
    line.run_until(ms(130));
    line.at(0, |it, now, out| it.close(client, now, out));
    line.run_until(ms(3000));
    assert_eq!(line.hosts[1].info(server).map(|it| it.state).ok(), Some(State::TimeWait));
    let again = line.connect(SocketOptions::default());
    line.run_until(ms(3100));
    assert!(is_open(&line, again), "{:#?}", line.story(3));
    assert!(line.accept(listener).is_some());
    assert!(line.decisions(1).iter().any(|it| it == "a new connection takes over the port from TIME-WAIT"));
}

#[test]
fn an_address_can_be_listened_on_once() {
    let mut line = Line::new(TcpSettings::default());
    line.listen(SocketOptions::default());
    let kind = |at| {
        let mut line = Line::new(TcpSettings::default());
        line.listen(SocketOptions::default());
        line.at(1, |it, _, out| it.listen(at, SocketOptions::default(), out)).map_err(|it| it.kind())
    };
    assert_eq!(kind(AT), Err(ErrorKind::AddrInUse));
    let any = std::net::IpAddr::from([0; 4]);
    assert_eq!(kind(SocketAddr::new(any, 80)), Err(ErrorKind::AddrInUse));
    let any_v6 = std::net::IpAddr::from([0; 16]);
    assert_eq!(kind(SocketAddr::new(any_v6, 80)), Err(ErrorKind::AddrInUse));
    assert!(kind(SocketAddr::new(CLIENT, 80)).is_ok(), "each address has ports of its own");
    let chosen = line.at(1, |it, _, out| it.listen(SocketAddr::new(any, 0), SocketOptions::default(), out));
    let chosen = line.hosts[1].listens_at(chosen.expect("free")).expect("open");
    assert!((32_768..=60_999).contains(&chosen.port()));
}

#[test]
fn a_reset_removes_a_half_open_connection() {
    let mut line = Line::new(TcpSettings::default());
    let listener = line.listen(SocketOptions::default());
    let client = line.connect(SocketOptions::default());
    line.run_until(ms(10));
    line.at(0, |it, now, out| it.abort(client, "gone", now, out));
    line.run_until(ms(100));
    assert_eq!(line.states(1), ["LISTEN>SYN-RECEIVED", "SYN-RECEIVED>CLOSED"]);
    assert!(line.accept(listener).is_none());
    assert_eq!(line.hosts[1].next_tick(), None);
    let pair = Pair { local: AT, remote: SocketAddr::new(CLIENT, 1) };
    assert_eq!(pair.local, AT);
    line.run_until(line.now + Duration::from_secs(1));
}
