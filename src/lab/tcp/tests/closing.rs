//! Closing: in order, half, at once, with a RST; TIME-WAIT and who is in it.
use std::io::ErrorKind;
use std::time::Duration;

use super::{Line, ms};
use crate::lab::tcp::{State, TcpSettings};
use crate::recording::Time;

fn state(line: &Line, host: usize, id: crate::lab::tcp::stack::Id) -> Option<State> {
    line.hosts[host].info(id).ok().map(|it| it.state)
}

#[test]
fn whoever_closes_first_waits_60_seconds() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    let before = line.sent.len();
    line.at(0, |it, now, out| it.close(client, now, out));
    line.run_until(ms(80));
    assert_eq!(line.read(1, server, 10).expect("end of stream").expect("no error"), b"");
    line.at(1, |it, now, out| it.close(server, now, out));
    line.run_until(ms(200));
    assert_eq!(
        line.story(before),
        ["     60 client close(): FIN", "     80 server close(): FIN", "    100 client acknowledges the FIN"]
    );
    assert_eq!(line.states(0)[2..], ["ESTABLISHED>FIN-WAIT-1", "FIN-WAIT-1>FIN-WAIT-2", "FIN-WAIT-2>TIME-WAIT"]);
    assert_eq!(line.states(1)[2..], ["ESTABLISHED>CLOSE-WAIT", "CLOSE-WAIT>LAST-ACK", "LAST-ACK>CLOSED"]);
    line.run_until(ms(60_099));
    assert_eq!(state(&line, 0, client), Some(State::TimeWait));
    line.run_until(ms(60_100));
    assert_eq!((state(&line, 0, client), line.next()), (None, None));
}

#[test]
fn a_side_that_has_ended_still_receives() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.at(0, |it, now, out| it.shutdown(client, now, out)).expect("open");
    line.run_until(ms(200));
    assert_eq!((state(&line, 0, client), state(&line, 1, server)), (Some(State::FinWait2), Some(State::CloseWait)));
    assert_eq!(
        line.story(4),
        ["    120 server acknowledges the FIN: delayed ACK, 40 ms passed without data to ride on"]
    );
    line.write(1, server, b"late");
    line.run_until(ms(300));
    assert_eq!(line.read(0, client, 10).expect("data").expect("no error"), b"late");
    line.at(1, |it, now, out| it.close(server, now, out));
    line.run_until(ms(400));
    assert_eq!(line.read(0, client, 10).expect("end").expect("no error"), b"");
    assert_eq!((state(&line, 0, client), state(&line, 1, server)), (Some(State::TimeWait), None));
}

#[test]
fn both_ends_may_close_at_once() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.at(0, |it, now, out| it.close(client, now, out));
    line.at(1, |it, now, out| it.close(server, now, out));
    line.run_until(ms(300));
    for host in 0..2 {
        assert_eq!(line.states(host)[2..], ["ESTABLISHED>FIN-WAIT-1", "FIN-WAIT-1>CLOSING", "CLOSING>TIME-WAIT"]);
    }
}

#[test]
fn a_lost_last_ack_is_sent_again_and_the_wait_begins_anew() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.at(0, |it, now, out| it.close(client, now, out));
    line.run_until(ms(80));
    line.at(1, |it, now, out| it.close(server, now, out));
    let lost = line.sent.len();
    line.fate = Box::new(move |n, _| if n == lost { Vec::new() } else { vec![super::DELAY] });
    line.run_until(ms(2000));
    assert_eq!(state(&line, 1, server), None);
    let again = line.sent.last().expect("an ACK");
    assert_eq!(again.why(), "ACK again: this FIN had come already");
    let until = again.at + Duration::from_secs(60);
    line.run_until(Time(until.0 - 1));
    assert_eq!(state(&line, 0, client), Some(State::TimeWait));
    line.run_until(until);
    assert_eq!(state(&line, 0, client), None);
}

#[test]
fn a_program_that_closes_unread_data_resets() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.write(0, client, b"never read");
    line.run_until(ms(100));
    line.at(1, |it, now, out| it.close(server, now, out));
    line.run_until(ms(200));
    assert_eq!(line.sent.last().expect("sent").why(), "the program closed with 10 bytes unread: RST");
    assert_eq!(state(&line, 0, client), None);
    let error = line.read(0, client, 10).expect("over").expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(line.next(), None);
}

#[test]
fn data_for_a_program_that_is_gone_is_answered_with_a_reset() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.at(1, |it, now, out| it.close(server, now, out));
    line.run_until(ms(100));
    line.write(0, client, b"too late");
    line.run_until(ms(200));
    assert_eq!(line.sent.last().expect("sent").why(), "data came for a socket the program has closed: RST");
    assert_eq!(state(&line, 0, client), None);
}

#[test]
fn nobody_waits_for_ever_in_fin_wait_2() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.at(0, |it, now, out| it.close(client, now, out));
    line.run_until(ms(60_139));
    assert_eq!(state(&line, 0, client), Some(State::FinWait2));
    line.run_until(ms(60_140));
    assert_eq!((state(&line, 0, client), state(&line, 1, server)), (None, Some(State::CloseWait)));
    let last = line.decisions(0).pop().expect("a decision");
    assert_eq!(last, "the connection is given up: no program holds it and no FIN came in 60 s");
}

#[test]
fn an_abort_resets_in_every_state_where_the_peer_still_believes() {
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.at(0, |it, now, out| it.abort(client, "the program aborted the connection", now, out));
    line.run_until(ms(100));
    assert_eq!(line.sent.last().expect("sent").why(), "the program aborted the connection: RST");
    let error = line.read(1, server, 10).expect("over").expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(line.next(), None);
}

#[test]
fn a_fin_behind_unsent_bytes_is_said_to_wait_there() {
    let mut line = Line::new(TcpSettings::default());
    let (client, _) = line.open();
    let written = line.write(0, client, &[7; 40_000]);
    line.at(0, |it, now, out| it.shutdown(client, now, out)).expect("open");
    let info = line.hosts[0].info(client).expect("open");
    let sent = info.in_flight.expect("the lab says");
    assert!(sent > 0 && (sent as usize) < written, "{info:?}");
    assert_eq!(info.state, State::FinWait1);
    let unsent = written - sent as usize;
    assert_eq!(line.decisions(0), [format!("the FIN is queued behind {unsent} B that are not sent yet")]);
}
