//! The sender against a path of a few lines: what a learner is to see, and what must never happen.
mod hostile;
mod path;

use std::time::Duration;

use crate::lab::tcp::sender::{Ack, Decision, Phase, Sender, SenderOptions, Turn, Why};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::Congestion;
use crate::lab::tcp::settings::LossDetection;
use crate::recording::Time;
use path::{MSS, PathOptions, Transfer};

const MB: u32 = 1_000_000;

/// 10 Mbit/s, 40 ms, 64 KiB.
fn ten_megabit(bytes: u32) -> PathOptions {
    PathOptions {
        rate: 10_000_000,
        one_way: Duration::from_millis(20),
        queue: 64 * 1024,
        bytes,
        drops: [].into(),
        loss_in: None,
        late: None,
        seed: 1,
        sack: true,
        timestamps: true,
        mark_above: None,
    }
}

fn sender(congestion: Congestion) -> SenderOptions {
    SenderOptions {
        congestion,
        hystart: false,
        initial_window: 10,
        mss: MSS,
        sack: true,
        detection: LossDetection::Rack,
        min_rto: Duration::from_millis(200),
        slow_start_after_idle: true,
        seed: 1,
    }
}

fn run(path: PathOptions, sender: SenderOptions) -> Transfer {
    let mut transfer = Transfer::new(path, sender);
    transfer.run();
    transfer
}

impl Transfer {
    /// The longest time without progress at the receiver.
    fn longest_stall(&self) -> Duration {
        self.progress.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap_or_default()
    }

    /// bit/s of payload from `since` to the end.
    fn goodput(&self, since: Duration) -> f64 {
        let from = self.progress.iter().find(|it| it.0 >= Time(0) + since).expect("it lasts that long");
        let to = self.progress.last().expect("never empty");
        f64::from(to.1 - from.1) * 8.0 / (to.0 - from.0).as_secs_f64()
    }

    fn timeouts(&self) -> usize {
        self.decisions.iter().filter(|it| matches!(it.1, Decision::Timeout { .. })).count()
    }

    fn again(&self) -> Vec<Why> {
        let is_new = |why: &Why| matches!(why, Why::Window | Why::LimitedTransmit);
        self.whys.iter().map(|it| it.2).filter(|why| !is_new(why)).collect()
    }

    fn story(&self) -> String {
        self.decisions.iter().map(|(at, it)| format!("{at}: {it}\n")).collect()
    }
}

#[test]
fn twenty_megabytes_fill_the_link_after_slow_start() {
    for congestion in [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr] {
        let transfer = run(ten_megabit(20 * MB), sender(congestion));
        // 1448 of 1514 bytes are payload.
        let share = transfer.goodput(Duration::from_secs(3)) / (10e6 * 1448.0 / 1514.0);
        assert!(share >= 0.95, "{congestion:?} reaches {share:.3} of the ceiling\n{}", transfer.story());
        assert_eq!(transfer.timeouts(), 0, "{}", transfer.story());
        assert!(transfer.longest_stall() < Duration::from_millis(200), "{:?}", transfer.longest_stall());
    }
}

#[test]
fn bbr_keeps_the_queue_below_half_once_it_is_steady() {
    let transfer = run(ten_megabit(20 * MB), sender(Congestion::Bbr));
    let steady = transfer.queued.iter().filter(|it| it.0 > Time(2_000_000_000)).map(|it| it.1);
    let longest = steady.max().expect("it lasts that long");
    assert!(longest < 32 * 1024, "{longest} bytes");
    assert!(transfer.decisions.iter().any(|it| it.1.to_string().contains("PROBE_RTT")), "{}", transfer.story());
}

#[test]
fn hystart_leaves_slow_start_before_the_queue_overflows() {
    let hystart = SenderOptions { hystart: true, ..sender(Congestion::Cubic) };
    let (with, without) = (run(ten_megabit(2 * MB), hystart), run(ten_megabit(2 * MB), sender(Congestion::Cubic)));
    assert!(with.dropped * 4 < without.dropped, "{} of {}\n{}", with.dropped, without.dropped, with.story());
    assert!(with.story().contains("conservative slow start"), "{}", with.story());
}

#[test]
fn one_lost_segment_costs_one_retransmission() {
    let transfer = run(PathOptions { drops: [20].into(), ..ten_megabit(100_000) }, sender(Congestion::Cubic));
    assert!(matches!(transfer.again()[..], [Why::Rack { .. }]), "{:?}", transfer.again());
    assert_eq!(transfer.timeouts(), 0);
}

#[test]
fn a_lost_retransmission_costs_no_timeout() {
    // The 20th transmission is lost; what repeats it is found by its number in a first run.
    let first = run(PathOptions { drops: [20].into(), ..ten_megabit(300_000) }, sender(Congestion::Cubic));
    let again = first.whys.iter().position(|it| matches!(it.2, Why::Rack { .. })).expect("it was repaired");
    let again = u32::try_from(again).expect("a small number") + 1;
    let second = run(PathOptions { drops: [20, again].into(), ..ten_megabit(300_000) }, sender(Congestion::Cubic));
    assert_eq!(second.timeouts(), 0, "{}", second.story());
    assert!(second.story().contains("was lost as well"), "{}", second.story());
    assert_eq!(second.again().len(), 2, "{:?}", second.again());
}

#[test]
fn without_rack_a_lost_retransmission_waits_for_the_timer() {
    let old = SenderOptions { detection: LossDetection::DuplicateAcks, ..sender(Congestion::NewReno) };
    let first = run(PathOptions { drops: [20].into(), ..ten_megabit(300_000) }, old);
    assert_eq!(first.again(), [Why::DupThresh]);
    let again = first.whys.iter().position(|it| it.2 == Why::DupThresh).expect("it was repaired");
    let again = u32::try_from(again).expect("a small number") + 1;
    let second = run(PathOptions { drops: [20, again].into(), ..ten_megabit(300_000) }, old);
    assert_eq!(second.timeouts(), 1, "{}", second.story());
}

#[test]
fn a_lost_tail_is_found_by_a_probe_before_the_timer() {
    // 40 segments: the last two are lost, the probe repeats the last and its SACK shows the other.
    let path = PathOptions { drops: [39, 40].into(), ..ten_megabit(40 * MSS) };
    let transfer = run(path.clone(), sender(Congestion::Cubic));
    assert!(matches!(transfer.again()[..], [Why::TailProbe { .. }, Why::Rack { .. }]), "{:?}", transfer.again());
    assert_eq!(transfer.timeouts(), 0);
    assert!(!transfer.story().contains("probe repaired"), "the recovery has lowered the window");
    let without = SenderOptions { detection: LossDetection::DuplicateAcks, ..sender(Congestion::Cubic) };
    assert_eq!(run(path, without).timeouts(), 1);
}

#[test]
fn a_probe_that_repairs_the_only_loss_lowers_the_window_when_the_next_ack_proves_it() {
    let mut transfer =
        Transfer::new(PathOptions { drops: [40].into(), ..ten_megabit(40 * MSS) }, sender(Congestion::Cubic));
    transfer.run();
    assert!(matches!(transfer.again()[..], [Why::TailProbe { .. }]), "{:?}", transfer.again());
    let before = transfer.sender.cwnd();
    transfer.options.bytes += 10 * MSS;
    transfer.run();
    assert!(transfer.story().contains("the tail loss probe repaired a loss"), "{}", transfer.story());
    assert!(transfer.sender.ssthresh().is_some_and(|it| it < before));
}

#[test]
fn a_lost_flight_is_sent_again_after_one_timeout() {
    let transfer = run(PathOptions { drops: (11..=31).collect(), ..ten_megabit(60_000) }, sender(Congestion::NewReno));
    assert_eq!(transfer.timeouts(), 1, "{}", transfer.story());
    assert!(matches!(transfer.again()[..2], [Why::TailProbe { .. }, Why::Timeout { .. }]), "{:?}", transfer.again());
    let (_, timeout) = transfer.decisions.iter().find(|it| matches!(it.1, Decision::Timeout { .. })).expect("one");
    assert!(matches!(timeout, Decision::Timeout { times: 1, cwnd: MSS, .. }), "{timeout}");
}

#[test]
fn reordering_within_a_quarter_of_the_rtt_costs_nothing_and_a_false_alarm_is_undone() {
    let late = |ms| PathOptions { late: Some((30, Duration::from_millis(ms))), queue: 10 * MB, ..ten_megabit(MB) };
    let little = run(late(3), sender(Congestion::Cubic));
    let much = run(late(60), sender(Congestion::Cubic));
    assert!(little.again().len() <= 3, "until the path is known to reorder: {:?}", little.again());
    assert!(much.story().contains("nothing was lost"), "{}", much.story());
}

#[test]
fn a_mark_shrinks_the_window_once_a_round_trip_and_nothing_is_sent_again() {
    let marks = PathOptions { mark_above: Some(30_000), queue: MB, ..ten_megabit(5 * MB) };
    let transfer = run(marks, SenderOptions { hystart: true, ..sender(Congestion::NewReno) });
    let echoes: Vec<_> = transfer.decisions.iter().filter(|it| matches!(it.1, Decision::EcnEcho { .. })).collect();
    assert!(echoes.len() > 1, "{}", transfer.story());
    assert!(echoes.windows(2).all(|pair| pair[1].0 - pair[0].0 >= Duration::from_millis(40)));
    assert_eq!((transfer.dropped, transfer.again()), (0, vec![]), "{}", transfer.story());
    let goodput = transfer.goodput(Duration::from_secs(1));
    assert!(goodput > 8e6, "{goodput}\n{}", transfer.story());
}

#[test]
fn without_sack_partial_acks_show_one_hole_a_round_trip() {
    let plain = SenderOptions { sack: false, ..sender(Congestion::NewReno) };
    let path = PathOptions { sack: false, drops: [31, 35, 39].into(), ..ten_megabit(200_000) };
    let transfer = run(path, plain);
    assert_eq!(transfer.again(), [Why::DuplicateAcks, Why::PartialAck, Why::PartialAck]);
    assert_eq!(transfer.timeouts(), 0);
    let at: Vec<_> = transfer.whys.iter().filter(|it| it.2 == Why::PartialAck).map(|it| it.0).collect();
    assert!(at[1] - at[0] >= Duration::from_millis(40), "a round trip apart");
}

#[test]
fn limited_transmit_answers_the_first_two_duplicate_acks() {
    let transfer = run(PathOptions { drops: [12].into(), ..ten_megabit(200_000) }, sender(Congestion::NewReno));
    assert!(transfer.whys.iter().any(|it| it.2 == Why::LimitedTransmit));
}

#[test]
fn any_loss_and_reordering_ends_and_the_board_is_true_throughout() {
    for seed in 0..60 {
        let congestion = [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr][(seed % 3) as usize];
        let detection = if seed % 5 == 0 { LossDetection::DuplicateAcks } else { LossDetection::Rack };
        let path = PathOptions {
            seed,
            loss_in: Some(3 + seed),
            late: (seed % 2 == 0).then(|| (7, Duration::from_millis(seed))),
            sack: seed % 7 != 0,
            timestamps: seed % 4 != 0,
            mark_above: (seed % 6 == 0).then_some(20_000),
            ..ten_megabit(300_000)
        };
        run(path, SenderOptions { detection, hystart: seed % 8 == 0, seed, ..sender(congestion) });
    }
}

#[test]
fn a_pause_of_the_program_starts_the_window_again() {
    let mut transfer = Transfer::new(ten_megabit(400_000), sender(Congestion::Cubic));
    transfer.run();
    let before = transfer.sender.cwnd();
    transfer.now = transfer.now + Duration::from_secs(60);
    transfer.sender.next(transfer.now, MSS);
    assert!(before > 10 * MSS);
    assert_eq!(transfer.sender.cwnd(), 10 * MSS);
    assert!(matches!(transfer.sender.take_decisions()[..], [Decision::IdleRestart { .. }]));
}

#[test]
fn an_rto_for_nothing_is_undone() {
    // Every segment of one stretch is 400 ms late: the timer expires, then the first ACK echoes the old timestamp.
    let transfer = run(
        PathOptions { late: Some((1, Duration::from_millis(400))), ..ten_megabit(100_000) },
        SenderOptions { min_rto: Duration::from_millis(200), ..sender(Congestion::NewReno) },
    );
    assert!(transfer.timeouts() >= 1, "{}", transfer.story());
    assert!(transfer.story().contains("the echoed timestamp is older"), "{}", transfer.story());
}

/// Sends what may leave now.
fn send_all(sender: &mut Sender, now: Time) {
    loop {
        let (seq, len) = match sender.next(now, 1_000_000) {
            Turn::New { len, .. } => (sender.snd_nxt(), len),
            Turn::Again { seq, len, .. } => (seq, len),
            Turn::Wait(_) | Turn::Nothing => return,
        };
        sender.on_sent(now, seq, len);
    }
}

#[test]
fn a_mark_stands_when_an_older_loss_turns_out_to_be_none() {
    let first = Seq(1000);
    let at = |ms| Time::ZERO + Duration::from_millis(ms);
    let options = SenderOptions { detection: LossDetection::DuplicateAcks, ..sender(Congestion::NewReno) };
    let mut it = Sender::new(options, first, at(0), Some(Duration::from_millis(40)));
    let heard = |it: &mut Sender, ms, ack, sack: &[(Seq, Seq)], ece| {
        let duplicate = !sack.is_empty();
        it.on_ack(&Ack { now: at(ms), ack, sack, echoed: None, duplicate, ece });
        send_all(it, at(ms));
    };
    send_all(&mut it, at(0));
    // The first segment is late, is sent again, and its recovery ends: without timestamps nothing tells that it was for nothing.
    heard(&mut it, 40, first, &[(first + MSS, first + 4 * MSS)], false);
    assert_eq!(it.phase, Phase::FastRecovery);
    let all = it.snd_nxt();
    heard(&mut it, 80, all, &[], false);
    assert_eq!(it.phase, Phase::Open);
    // A mark lowers the window; then the receiver reports the second copy of the first segment.
    heard(&mut it, 120, all + MSS, &[], true);
    let marked = it.ssthresh();
    heard(&mut it, 121, all + MSS, &[(first, first + MSS)], false);
    assert_eq!(it.ssthresh(), marked);
    let undone = it.take_decisions().into_iter().filter(|it| matches!(it, Decision::Undone { .. })).count();
    assert_eq!(undone, 0, "RFC 3168 §6.1.2: the mark is answered");
}
