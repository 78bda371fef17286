//! Segments from strangers, from the past and from nowhere: no panic, no unbounded memory, no way to break a connection.
use std::io::ErrorKind;

use proptest::prelude::*;

use super::{AT, CLIENT, Line, SERVER, ms};
use crate::lab::tcp::options::{Blocks, Options};
use crate::lab::tcp::segment::{self, Flags, Segment};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::stack::{Arrival, Id};
use crate::lab::tcp::{SocketOptions, State, TcpSettings};

/// A connection in which the client is about to be attacked, and the server's numbers.
struct Scene {
    line: Line,
    client: Id,
    server: Id,
}

impl Scene {
    fn new(settings: TcpSettings) -> Self {
        let mut line = Line::new(settings);
        let (client, server) = line.open();
        Self { line, client, server }
    }

    /// `SND.NXT` and `RCV.NXT` of the server, as the last segment told them.
    fn numbers(&self) -> (Seq, Seq) {
        let last = self.line.sent.iter().rfind(|it| it.by == 0 && it.read().ack.is_some()).expect("sent").read();
        (last.ack.expect("an ACK"), last.end())
    }

    /// A segment that claims to be the server's reaches the client; what the client says to it.
    fn forge(&mut self, segment: &Segment<'_>) -> Vec<String> {
        let to = self.line.sent[0].segment.from;
        let bytes = segment::write(AT, to, segment, b"");
        let from = self.line.sent.len();
        let arrival = Arrival { from: SERVER, to: CLIENT, ecn: 0, bytes: &bytes };
        self.line.at(0, |it, now, out| it.segment(now, arrival, out));
        self.line.sent[from..].iter().map(super::Sent::why).collect()
    }

    fn client_state(&self) -> Option<State> {
        self.line.hosts[0].info(self.client).ok().map(|it| it.state)
    }
}

/// Without timestamps, which would make every forgery old.
fn plain() -> TcpSettings {
    TcpSettings { timestamps: false, ..TcpSettings::default() }
}

#[test]
fn only_a_reset_at_the_expected_number_is_believed() {
    let mut scene = Scene::new(plain());
    let (seq, ack) = scene.numbers();
    let reset =
        |seq| Segment { seq, ack: Some(ack), flags: Flags { rst: true, ..Flags::default() }, ..Segment::default() };
    assert!(scene.forge(&reset(seq - 1)).is_empty());
    assert!(scene.forge(&reset(seq + 70_000)).is_empty());
    assert_eq!(scene.forge(&reset(seq + 1)), ["challenge ACK: the RST is not at the sequence number expected"]);
    // A second one within half a second is not answered.
    assert!(scene.forge(&reset(seq + 1)).is_empty());
    assert_eq!(scene.client_state(), Some(State::Established));
    scene.forge(&reset(seq));
    assert_eq!(scene.client_state(), None);
    let error = scene.line.read(0, scene.client, 10).expect("over").expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_syn_and_an_impossible_ack_are_challenged() {
    let mut scene = Scene::new(plain());
    let (seq, ack) = scene.numbers();
    let syn = Segment { seq, flags: Flags { syn: true, ..Flags::default() }, ..Segment::default() };
    assert_eq!(scene.forge(&syn), ["challenge ACK: a SYN on an open connection"]);
    scene.line.run_until(ms(1000));
    let future = Segment { seq, ack: Some(ack + 1), payload: b"evil", ..Segment::default() };
    assert_eq!(scene.forge(&future), ["challenge ACK: it acknowledges what was not sent"]);
    let past = Segment { ack: Some(ack - 70_000), ..future };
    assert_eq!(scene.forge(&past), ["challenge ACK: it acknowledges what was not sent"]);
    assert!(scene.line.read(0, scene.client, 10).is_none());
    assert_eq!(scene.client_state(), Some(State::Established));
}

#[test]
fn an_old_timestamp_is_refused() {
    let mut scene = Scene::new(TcpSettings::default());
    let (seq, ack) = scene.numbers();
    let recent =
        scene.line.sent.iter().rfind(|it| it.by == 1).expect("sent").read().options.timestamps.expect("agreed").0;
    let with = |value: u32| Options { timestamps: Some((value, 0)), ..Options::default() };
    let old =
        Segment { seq, ack: Some(ack), options: with(recent.wrapping_sub(1)), payload: b"old", ..Segment::default() };
    assert_eq!(scene.forge(&old), ["the segment's timestamp is older than the last one (PAWS): dropped, ACK"]);
    assert!(scene.forge(&Segment { options: Options::default(), ..old }).is_empty());
    scene.forge(&Segment { options: with(recent), ..old });
    assert_eq!(scene.line.read(0, scene.client, 10).expect("data").expect("no error"), b"old");
}

#[test]
fn a_reset_ends_each_state() {
    let reset = Flags { rst: true, ..Flags::default() };
    for state in [State::FinWait1, State::FinWait2, State::CloseWait, State::LastAck, State::TimeWait, State::Closing] {
        let mut scene = Scene::new(plain());
        let (client, server) = (scene.client, scene.server);
        let line = &mut scene.line;
        let end =
            |line: &mut Line, host: usize, id| line.at(host, |it, now, out| it.shutdown(id, now, out)).expect("open");
        let pause = |line: &mut Line, millis: u64| line.run_until(ms(line.now.0 / 1_000_000 + millis));
        match state {
            State::FinWait1 => end(line, 0, client),
            State::FinWait2 | State::TimeWait => {
                end(line, 0, client);
                pause(line, 200);
                if state == State::TimeWait {
                    end(line, 1, server);
                    pause(line, 200);
                }
            }
            State::CloseWait | State::LastAck => {
                end(line, 1, server);
                pause(line, 200);
                if state == State::LastAck {
                    end(line, 0, client);
                }
            }
            _ => {
                end(line, 0, client);
                end(line, 1, server);
                pause(line, 20);
            }
        }
        assert_eq!(scene.client_state(), Some(state));
        let (seq, ack) = scene.numbers();
        let bytes = Segment { seq, ack: Some(ack), flags: reset, ..Segment::default() };
        scene.forge(&bytes);
        assert_eq!(scene.client_state(), None, "{state}");
    }
}

#[test]
fn two_ends_that_disagree_do_not_answer_each_other_for_ever() {
    let mut scene = Scene::new(plain());
    let (seq, ack) = scene.numbers();
    scene.forge(&Segment { seq: seq + 1_000_000, ack: Some(ack), ..Segment::default() });
    scene.line.run_until(ms(20_000));
    assert!(scene.line.sent.len() < 50, "{} segments", scene.line.sent.len());
}

/// Flags, numbers relative to what is expected, options and payload of a segment.
fn any_segment() -> impl Strategy<Value = (u8, i32, i32, u16, u8, usize)> {
    let near = prop_oneof![-3..3_i32, -70_000..70_000_i32, any::<i32>()];
    (any::<u8>(), near.clone(), near, any::<u16>(), any::<u8>(), 0_usize..1500)
}

fn build<'a>(
    (bits, seq, ack, window, extra, length): (u8, i32, i32, u16, u8, usize),
    (next, una): (Seq, Seq),
    payload: &'a [u8],
) -> Segment<'a> {
    let bit = |n: u8| bits >> n & 1 == 1;
    let flags = Flags { fin: bit(0), syn: bit(1), rst: bit(2), psh: bit(3), ece: bit(6), cwr: bit(7) };
    let at = |from: Seq, offset: i32| Seq(from.0.wrapping_add_signed(offset));
    let mut sack = Blocks::default();
    for n in 0..u32::from(extra >> 6) {
        sack.push((at(una, ack) + n * 1448, at(una, seq) + (n + 1) * 1448));
    }
    let timestamps = (extra & 1 == 1).then_some((u32::from(window).wrapping_mul(70_000), u32::from(extra)));
    let window_scale = (extra & 2 == 2).then_some(extra >> 2);
    let mss = (extra & 4 == 4).then_some(window);
    let options = if flags.syn {
        Options { timestamps, window_scale, mss, sack_permitted: extra & 8 == 8, ..Options::default() }
    } else {
        Options { timestamps, sack, ..Options::default() }
    };
    let ack = bit(4).then(|| at(una, ack));
    Segment { seq: at(next, seq), ack, flags, window, options, payload: &payload[..length] }
}

proptest! {
    #[test]
    fn any_segments_in_any_state_do_no_harm(
        segments in prop::collection::vec((any_segment(), 0_u64..2000, 0_u8..8), 1..40),
        timestamps: bool,
        sack: bool,
    ) {
        let mut scene = Scene::new(TcpSettings { timestamps, sack, ..TcpSettings::default() });
        let payload = [7; 1500];
        for (parts, wait, act) in segments {
            let numbers = scene.numbers();
            scene.forge(&build(parts, numbers, &payload));
            let (client, line) = (scene.client, &mut scene.line);
            match act {
                0 => { line.at(0, |it, now, out| it.shutdown(client, now, out)).ok(); }
                1 => line.at(0, |it, now, out| it.close(client, now, out)),
                2 | 3 => { line.at(0, |it, now, out| { let _ = it.poll_write(client, &payload, &super::context(), now, out); }); }
                4 => { line.read(0, client, 2000); }
                _ => {}
            }
            if let Ok(info) = line.hosts[0].info(client) {
                prop_assert!(info.receive_queue.is_some_and(|it| it <= 66_000));
            }
            let until = ms(line.now.0 / 1_000_000 + wait);
            line.run_until(until);
        }
        prop_assert!(scene.line.sent.len() < 20_000, "{} segments", scene.line.sent.len());
    }

    #[test]
    fn any_bytes_at_a_listener_and_a_connector_do_no_harm(
        all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..30),
        mend: bool,
    ) {
        let mut line = Line::new(TcpSettings::default());
        line.listen(SocketOptions::default());
        line.connect(SocketOptions::default());
        let to = line.sent[0].segment.from;
        for mut bytes in all {
            if mend && bytes.len() >= 20 {
                // Ports and checksum that lead somewhere.
                bytes[0..2].copy_from_slice(&80_u16.to_be_bytes());
                bytes[2..4].copy_from_slice(&to.port().to_be_bytes());
                bytes[16..18].copy_from_slice(&[0, 0]);
                let sum = segment::checksum(SERVER, CLIENT, &bytes);
                bytes[16..18].copy_from_slice(&sum.to_be_bytes());
            }
            for (host, from, to) in [(0, SERVER, CLIENT), (1, CLIENT, SERVER)] {
                let arrival = Arrival { from, to, ecn: 0, bytes: &bytes };
                line.at(host, |it, now, out| it.segment(now, arrival, out));
            }
        }
        line.run_until(ms(300_000));
    }
}
