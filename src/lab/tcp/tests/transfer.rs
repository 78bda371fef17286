//! Bytes arrive once, in order and all of them, whatever the line does; and nothing stands still for ever.
use super::{CLIENT, Line, SERVER, config, ms};
use crate::lab::random::Dice;
use crate::lab::tcp::stack::Id;
use crate::lab::tcp::{Congestion, State, TcpSettings};
use crate::recording::Time;

/// One end of a conversation: what it still writes, what it has read.
struct End {
    host: usize,
    id: Id,
    out: Vec<u8>,
    written: usize,
    read: Vec<u8>,
    ended: bool,
    over: bool,
}

impl End {
    fn new(host: usize, id: Id, bytes: usize) -> Self {
        let mut dice = Dice::new(7, if host == 0 { "client" } else { "server" });
        let out = (0..bytes).map(|_| u8::try_from(dice.below(256)).expect("a byte")).collect();
        Self { host, id, out, written: 0, read: Vec::new(), ended: false, over: false }
    }

    /// Does all that can be done now.
    fn work(&mut self, line: &mut Line) {
        while self.written < self.out.len() {
            let count = line.write(self.host, self.id, &self.out[self.written..]);
            self.written += count;
            if count == 0 {
                break;
            }
        }
        if self.written == self.out.len() && !self.ended {
            line.at(self.host, |it, now, out| it.shutdown(self.id, now, out)).expect("open");
            self.ended = true;
        }
        while !self.over {
            match line.read(self.host, self.id, 100_000) {
                Some(bytes) => {
                    let bytes = bytes.expect("no error");
                    self.over = bytes.is_empty();
                    self.read.extend(bytes);
                }
                None => break,
            }
        }
    }
}

/// Sends so many bytes each way; the time it took.
fn converse(line: &mut Line, there: usize, back: usize) -> Time {
    let (client, server) = line.open_slowly();
    let mut ends = [End::new(0, client, there), End::new(1, server, back)];
    let limit = Time(line.now.0 + 3_600_000_000_000);
    loop {
        ends.iter_mut().for_each(|end| end.work(line));
        if ends.iter().all(|end| end.over) {
            break;
        }
        assert!(
            line.step(limit),
            "not over after an hour:\n{}",
            line.story(line.sent.len().saturating_sub(20)).join("\n")
        );
    }
    let [client, server] = ends;
    assert!(server.read == client.out, "the server read {} of {} bytes", server.read.len(), client.out.len());
    assert!(client.read == server.out, "the client read {} of {} bytes", client.read.len(), server.out.len());
    let done = line.now;
    for end in [client, server] {
        line.at(end.host, |it, now, out| it.close(end.id, now, out));
    }
    line.run_until(Time(done.0 + 1_000_000_000_000));
    assert_eq!(line.next(), None, "a timer is left without a connection");
    done
}

#[test]
fn a_clean_line_carries_both_ways() {
    let mut line = Line::new(TcpSettings::default());
    let took = converse(&mut line, 300_000, 50_000);
    assert!(took < ms(1000), "{took}");
    let again = line.sent.iter().filter(|it| it.why().contains("retransmits")).count();
    assert_eq!(again, 0);
}

#[test]
fn an_empty_conversation_ends() {
    converse(&mut Line::new(TcpSettings::default()), 0, 0);
}

#[test]
fn loss_repetition_and_reordering_change_nothing_for_the_programs() {
    for congestion in [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr] {
        for seed in 0..12 {
            let settings = TcpSettings { congestion, ..TcpSettings::default() };
            let mut line = Line::new(settings).rough(seed, 50, 20, 100);
            converse(&mut line, 100_000, 30_000);
        }
    }
}

#[test]
fn no_knob_breaks_the_stream() {
    for seed in 0..64_u32 {
        let on = |bit: u32| seed >> bit & 1 == 1;
        let settings = TcpSettings {
            sack: on(0),
            timestamps: on(1),
            window_scaling: on(2),
            nagle: on(3),
            ack_delay: on(4).then(|| std::time::Duration::from_millis(40)),
            hystart: on(5),
            ..TcpSettings::default()
        };
        let other = TcpSettings { ecn: crate::lab::tcp::Ecn::Active, ..TcpSettings::default() };
        let mut line =
            Line::between(config(CLIENT, settings), config(SERVER, other)).rough(u64::from(seed), 80, 30, 150);
        converse(&mut line, 60_000, 20_000);
    }
}

#[test]
fn small_buffers_and_terrible_lines_only_take_longer() {
    for seed in 0..6 {
        let mut small = config(CLIENT, TcpSettings::default());
        (small.receive_buffer, small.send_buffer) = (700, 3000);
        let mut line = Line::between(small, config(SERVER, TcpSettings::default())).rough(seed, 250, 100, 300);
        converse(&mut line, 20_000, 20_000);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = || {
        let mut line = Line::new(TcpSettings::default()).rough(3, 50, 20, 100);
        converse(&mut line, 50_000, 50_000);
        line.sent.into_iter().map(|it| (it.at, it.segment.bytes)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn the_third_duplicate_ack_brings_the_segment_back() {
    let mut line = Line::new(TcpSettings::default()).losing(&[4]);
    let (client, server) = line.open();
    line.write(0, client, &[7; 14_480]);
    line.run_until(ms(400));
    let again: Vec<_> = line.sent.iter().filter(|it| it.why().contains("retransmits")).collect();
    assert_eq!(again.len(), 1, "{:#?}", line.story(3));
    assert_eq!(again[0].at, ms(100));
    assert!(again[0].why().ends_with("retransmits bytes 1449 to 2896"), "{}", again[0].why());
    let info = line.hosts[0].info(client).expect("open");
    assert_eq!((info.retransmissions, info.send_queue), (1, Some(0)));
    assert_eq!(line.hosts[1].info(server).expect("open").state, State::Established);
}

#[test]
fn a_path_that_carries_less_is_learnt_from_icmp() {
    use crate::lab::tcp::stack::{IcmpError, Quoted};
    let mut line = Line::new(TcpSettings::default());
    let (client, server) = line.open();
    line.fate = Box::new(|_, sent| if sent.segment.bytes.len() > 560 { vec![] } else { vec![super::DELAY] });
    line.write(0, client, &[7; 5000]);
    let seq = line.sent[3].read().seq.0;
    let pair = line.hosts[0].pair(client).expect("open");
    let error = IcmpError::FragmentationNeeded { mtu: 580 };
    line.at(0, |it, now, out| it.icmp(now, Quoted { pair, seq }, error, out));
    line.run_until(ms(400));
    assert_eq!(line.decisions(0)[0], "the path carries less: segments of 528 B payload instead of 1448");
    assert_eq!(line.read(1, server, 10_000).expect("data").expect("no error").len(), 5000);
    assert_eq!(line.hosts[0].info(client).expect("open").mss, 528);
}
