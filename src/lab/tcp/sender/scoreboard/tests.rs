//! The scoreboard by itself: what a block, a loss, a timeout and an ACK do to it.
use super::*;

const MSS: u32 = 1000;
const RTT: Duration = Duration::from_millis(40);

fn at(ms: u64) -> Time {
    Time(ms * 1_000_000)
}

#[test]
fn a_segment_that_has_arrived_and_leaves_again_is_not_in_flight() {
    let mut board = board(3);
    board.on_ack(at(40), Seq(0), &[range(2, 3)]);
    board.on_sent_again(at(50), Seq(2000), MSS);
    assert_eq!(board.pipe(), 2000);
    board.on_ack(at(90), Seq(3000), &[]);
    assert_eq!((board.pipe(), board.is_empty()), (0, true));
}

/// Segments of 1000 octets from 0 on, one leaving each millisecond.
fn board(segments: u64) -> Scoreboard {
    let mut board = Scoreboard::new(Seq(0), at(0));
    (0..segments).for_each(|n| board.on_sent(at(n), MSS));
    board
}

fn range(from: u32, to: u32) -> Range {
    (Seq(from * MSS), Seq(to * MSS))
}

fn lost(board: &Scoreboard) -> Vec<u32> {
    board.segments().filter(|it| it.lost.is_some() && !it.sacked).map(|it| it.seq.0 / MSS).collect()
}

#[test]
fn pipe_is_what_is_in_the_network() {
    let mut board = board(10);
    assert_eq!(board.pipe(), 10 * MSS);
    let delivery = board.on_ack(at(50), Seq(2 * MSS), &[range(5, 8)]);
    assert_eq!((delivery.acked, delivery.delivered), (2 * MSS, 5 * MSS));
    assert_eq!(board.pipe(), 5 * MSS, "2, 3, 4, 8 and 9");
    let found = board.mark_by_threshold(MSS);
    assert_eq!((found.lost, lost(&board)), (3 * MSS, vec![2, 3, 4]));
    assert_eq!(board.pipe(), 2 * MSS);
    board.on_sent_again(at(51), Seq(2 * MSS), MSS);
    assert_eq!((board.pipe(), board.due()), (3 * MSS, 2 * MSS));
    assert_eq!(board.next_due().map(|it| it.seq), Some(Seq(3 * MSS)));
    let delivery = board.on_ack(at(91), Seq(3 * MSS), &[range(5, 8)]);
    assert_eq!((delivery.acked, delivery.delivered, delivery.ambiguous), (MSS, MSS, true));
    assert_eq!(board.pipe(), 2 * MSS);
}

#[test]
fn three_ranges_or_more_than_two_segments_above_mean_lost() {
    let mut two = board(10);
    two.on_ack(at(50), Seq(0), &[range(1, 2), range(3, 4)]);
    assert_eq!(two.mark_by_threshold(MSS).lost, 0);
    two.on_ack(at(51), Seq(0), &[range(5, 6)]);
    assert_eq!(two.mark_by_threshold(MSS).lost, MSS);
    assert_eq!(lost(&two), [0], "2 and 4 have fewer than three above them");
    two.on_ack(at(52), Seq(0), &[range(7, 8)]);
    two.mark_by_threshold(MSS);
    assert_eq!(lost(&two), [0, 2]);
}

#[test]
fn what_left_before_an_arrival_and_is_overdue_is_lost_a_retransmission_too() {
    let mut board = board(5);
    board.on_ack(at(43), Seq(0), &[range(3, 4)]);
    let newest = (at(3), Seq(4 * MSS));
    let found = board.mark_overdue(at(43), newest, RTT + Duration::from_millis(2));
    assert_eq!(
        (found.lost, found.wait),
        (2 * MSS, Some(Duration::from_millis(1))),
        "0 and 1; 2 has a millisecond left"
    );
    assert_eq!(board.mark_overdue(at(44), newest, RTT + Duration::from_millis(2)).lost, MSS);
    (0..3).for_each(|n| board.on_sent_again(at(45), Seq(n * MSS), MSS));
    board.on_ack(at(85), Seq(0), &[range(1, 2)]);
    let found = board.mark_overdue(at(86), (at(45), Seq(2 * MSS)), RTT);
    assert_eq!((found.again, found.lost), (Some(Seq(0)), 2 * MSS), "0, which had left again, and 4");
    assert_eq!((lost(&board), board.due()), (vec![0, 2, 4], 2 * MSS));
}

#[test]
fn an_ack_or_a_block_may_end_inside_a_segment() {
    let mut board = board(5);
    let delivery = board.on_ack(at(50), Seq(500), &[(Seq(1500), Seq(3500))]);
    assert_eq!((delivery.acked, delivery.delivered, board.flight()), (500, 1500, 4500));
    assert_eq!(board.pipe(), 3500);
    let lengths: Vec<_> = board.segments().map(|it| (it.seq.0, it.len, it.sacked)).collect();
    assert_eq!(lengths[..3], [(500, 500, false), (1000, 1000, false), (2000, 1000, true)], "only what is whole");
}

#[test]
fn a_receiver_that_names_single_octets_does_not_cut_the_board_to_pieces() {
    let mut board = board(40);
    for octet in (1..40 * MSS).step_by(2) {
        board.on_ack(at(60), Seq(0), &[(Seq(octet), Seq(octet + 1))]);
    }
    assert_eq!((board.segments().count(), board.ranges.iter().count()), (40, 0));
    for whole in (1..40).step_by(2) {
        board.on_ack(at(61), Seq(0), &[range(whole, whole + 1)]);
    }
    assert_eq!((board.segments().count(), board.ranges.iter().count()), (40, 20));
    board.mark_by_threshold(MSS);
    while let Some(due) = board.next_due() {
        assert_eq!(due.len, MSS, "nothing leaves again in crumbs");
        board.on_sent_again(at(62), due.seq, due.len);
    }
}

#[test]
fn nonsense_is_ignored_and_a_duplicate_is_told() {
    let mut board = board(4);
    let delivery = board.on_ack(at(50), Seq(MSS), &[range(0, 1), (Seq(9000), Seq(9900)), range(3, 2)]);
    assert_eq!(delivery.delivered, MSS);
    assert_eq!(delivery.duplicate, Some(range(0, 1)));
    assert_eq!(board.on_ack(at(51), Seq(MSS), &[range(2, 3), range(2, 4)]).duplicate, Some(range(2, 3)));
    assert_eq!(board.sacked(), 2 * MSS);
}

#[test]
fn a_timeout_takes_all_for_lost_and_a_receiver_that_forgets_is_not_believed() {
    let why = Why::AfterTimeout;
    let mut honest = board(6);
    honest.on_ack(at(50), Seq(0), &[range(3, 4)]);
    honest.mark_on_timeout(at(300), why, why);
    assert_eq!((lost(&honest), honest.pipe()), (vec![0, 1, 2, 4, 5], 0));
    let mut recent = board(6);
    recent.mark_on_timeout(at(2), why, why);
    assert_eq!(lost(&recent), [0, 1, 2], "what left later may still arrive");
    let mut reneging = board(6);
    reneging.on_ack(at(50), Seq(0), &[range(1, 3)]);
    reneging.on_ack(at(51), Seq(MSS), &[]);
    reneging.mark_on_timeout(at(300), why, why);
    assert_eq!((lost(&reneging), reneging.pipe()), (vec![1, 2, 3, 4, 5], 0));
}

#[test]
fn without_sack_each_duplicate_ack_takes_a_segment_out_of_the_pipe() {
    let mut board = board(10);
    let counted: u32 = (0..12).map(|_| board.presume(MSS)).sum();
    assert_eq!(counted, 9 * MSS, "never the one that is missing");
    assert_eq!(board.pipe(), MSS);
    let delivery = board.on_ack(at(90), Seq(4 * MSS), &[]);
    assert_eq!(board.settle(delivery.acked, MSS), MSS, "three of the four were known");
    assert_eq!(board.pipe(), MSS);
}
