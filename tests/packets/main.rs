//! Scripted packet tests: `*.txt` beside this file, each the specification of one hard case. `script.rs` says how to read them.
mod fuzz;
mod play;
mod script;
mod segments;
mod settings;

use std::fs;
use std::path::Path;

/// The folder of this file.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packets"))
}

/// Plays one script and says what does not hold.
fn hold(name: &str) {
    let file = folder().join(format!("{name}.txt"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    if let Err(wrong) = play::play(&script::read(&text)) {
        panic!("\ntests/packets/{name}.txt, {wrong}\n");
    }
}

/// A test of the same name for each script.
macro_rules! scripts {
    ($($name:ident)*) => {
        $(#[test] fn $name() { hold(stringify!($name)); })*
        const SCRIPTS: &[&str] = &[$(stringify!($name)),*];
    };
}

scripts! {
    a_closed_port_and_a_listener_reset_strangers
    a_closed_socket_does_not_wait_for_ever_for_the_others_fin
    a_cookie_is_good_for_one_to_two_minutes
    a_duplicate_is_reported_as_dsack
    a_fast_retransmission_says_cwr
    a_full_accept_queue_drops_the_ack
    a_full_accept_queue_may_reset
    a_full_syn_queue_drops_or_sends_cookies
    a_handshake_and_an_orderly_end
    a_lost_window_says_cwr
    a_mark_and_a_loss_in_one_window_reduce_it_once
    a_mark_on_the_segment_that_opens_is_echoed
    a_new_syn_may_end_time_wait
    a_partial_ack_retransmits_the_next_hole
    a_reset_in_every_open_state
    a_reset_in_syn_received_returns_to_listen
    a_reset_in_syn_sent
    a_reset_in_the_window_is_challenged
    a_router_that_names_no_size_is_searched_for
    a_small_number_of_syn_retries_still_ends_early
    a_syn_ack_is_sent_six_times
    a_syn_in_established_is_challenged
    a_syn_is_sent_eleven_times
    a_tail_loss_is_probed
    a_too_small_path_mtu_is_not_believed
    a_window_that_shrinks_is_not_exceeded
    a_wrong_ack_in_syn_sent_is_reset
    a_zero_window_is_offered_and_reopened
    a_zero_window_is_probed_until_it_opens
    abort_resets
    acks_are_delayed_and_every_second_segment_is_acknowledged
    an_ack_of_what_was_never_sent_is_answered_and_ignored
    an_echoed_mark_slows_the_sender
    an_old_timestamp_is_refused
    challenge_acks_are_not_sent_without_end
    closing_with_unread_data_resets
    data_after_close_is_reset
    data_outside_the_window_is_answered_and_dropped
    ecn_is_agreed_when_asked
    ecn_is_asked_for
    ecn_is_not_agreed_when_off
    half_close
    icmp_ends_an_attempt_but_no_connection
    icmp_for_something_else_is_ignored
    icmp_too_big_lowers_the_segment_size
    keepalive_gives_up_a_silent_peer
    keepalive_is_content_with_an_answer
    keepalive_probes_are_answered
    nagle_with_minshall
    old_duplicates_in_time_wait
    out_of_order_data_waits_for_the_missing
    overlapping_segments_are_cut_to_fit
    sack_shows_the_holes
    sequence_numbers_wrap
    simultaneous_close
    simultaneous_open
    simultaneous_open_ends_with_an_ack
    slow_start_doubles
    syn_cookies
    the_fin_is_sent_again
    the_first_acks_are_quick
    the_path_mtu_is_tried_again_after_ten_minutes
    the_receiver_reports_sack_blocks
    the_retransmission_timeout_doubles
    the_sender_avoids_silly_windows
    the_third_duplicate_ack_retransmits
    the_timeout_follows_the_round_trip_time
    the_user_timeout_ends_it
    the_window_shrinks_while_idle
    timestamps_echo_what_advanced_the_window
    urgent_data_is_plain_data
    what_the_syn_does_not_offer_is_not_used
    windows_are_scaled
    without_an_mss_option_536_bytes
    without_keepalive_a_silent_connection_lasts
    without_linear_timeouts_a_syn_is_sent_seven_times
    without_nagle_each_write_is_a_segment
}

#[test]
fn every_script_of_the_folder_is_played() {
    let entries = fs::read_dir(folder()).expect("the folder of this file");
    let names = entries.map(|it| it.expect("an entry").file_name().into_string().expect("UTF-8"));
    let unplayed: Vec<_> = names
        .filter_map(|it| it.strip_suffix(".txt").map(str::to_owned))
        .filter(|it| !SCRIPTS.contains(&&it[..]))
        .collect();
    assert!(unplayed.is_empty(), "not in the list of tests/packets/main.rs: {unplayed:?}");
}

#[test]
fn a_script_that_expects_too_much_too_little_or_at_another_time_fails() {
    let wrong = |text: &str| play::play(&script::read(text)).expect_err("it must not hold");
    assert!(wrong("open <mss 1000>\n> . 1 ack 1").contains("nothing until 0 ns"));
    assert!(wrong("open <mss 1000>\n write 10").contains("nobody expects what was sent at 0 ns: P. 1:11 ack 1"));
    assert!(wrong("open <mss 1000>\n write 10\n> . 1:12 ack 1").contains("the length is 10"));
    assert!(wrong("open <mss 1000>\n write 10\n+1ms > . 1:11 ack 1").contains("sent at 0 ns"));
    assert!(wrong("open <mss 1000>\n read 5").contains("only 0 of 5 bytes"));
    assert!(wrong("open <mss 1000>\n info mss = 7").contains("mss is"));
}
