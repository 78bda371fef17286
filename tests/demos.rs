//! Every demo, run: its numbers and packets as reviewed text, the same each time, at every end of every knob, and in other futures.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use roundtrip::demos::{self, Demo, KnobKind, Setup};
use roundtrip::recording::{Event, EventKind, Fate, Intervention, Meddling, Recording};

/// What a run may come to at the most, whatever the knobs.
const MOST_PACKETS: usize = 20_000;
/// Each demo is forked at every fifth packet, or at about this many; where a run has more packets than `FORKED` allows them all, at
/// fewer, and never at less than four.
const FORKS: usize = 30;
const FORK_STEP: usize = 5;
/// Packets of the forked runs of a demo, in all.
const FORKED: usize = 10_000;

fn run(demo: &Demo, settings: &[(&str, &str)], setup: &Setup) -> Recording {
    let settings = settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    demos::run(demo.name, &settings, setup).expect("the settings are within the knobs")
}

fn seed(seed: u64) -> Setup {
    Setup { seed, interventions: Vec::new() }
}

/// A run for a person to review.
fn told(recording: &Recording) -> String {
    let mut text = String::new();
    let name = |node: usize| recording.topology.nodes[node].name.as_str();
    for it in &recording.measurements {
        writeln!(text, "{} = {}   {}; {}", it.name, it.value, it.label, it.how).expect("text grows");
    }
    for it in &recording.markers {
        let packet = it.packet.map_or(String::new(), |n| format!(" packet {n}"));
        writeln!(text, "@{} {}{packet}   {}", it.name, it.at, it.label).expect("text grows");
    }
    for it in told_of(&recording.packets, &mut text) {
        let fate = match &it.fate {
            Fate::Delivered => String::new(),
            other => format!("   {other:?}"),
        };
        writeln!(text, "{} {} {} > {}   {}{fate}", it.n, it.at, name(it.from), name(it.to), it.summary)
            .expect("text grows");
    }
    let is_told = |it: &&Event| matches!(it.kind, EventKind::Call { .. } | EventKind::Note { .. });
    let events: Vec<_> = recording.events.iter().filter(is_told).cloned().collect();
    for it in told_of(&events, &mut text) {
        let text_of = match &it.kind {
            EventKind::Call { call, result } => format!("{call} {result}"),
            EventKind::Note { text } => text.clone(),
            EventKind::State { .. } | EventKind::Decision { .. } => continue,
        };
        let until = it.until.map_or(String::new(), |until| format!(" to {until}"));
        writeln!(text, "- {}{until} {}   {text_of}", it.at, name(it.node)).expect("text grows");
    }
    text
}

/// Nobody reviews thousands of lines: the beginning of a long list.
fn told_of<'a, T>(all: &'a [T], text: &mut String) -> &'a [T] {
    const MOST: usize = 240;
    if all.len() > MOST {
        writeln!(text, "the first {MOST} of {}:", all.len()).expect("text grows");
    }
    &all[..all.len().min(MOST)]
}

#[test]
fn defaults_tell_the_reviewed_story() {
    for demo in demos::all() {
        insta::assert_snapshot!(demo.name, told(&run(demo, &[], &seed(1))));
    }
}

#[test]
fn every_script_of_the_echo_tells_its_story() {
    let demo = demos::find("tcp-echo").expect("a demo");
    for script in ["partial-reads", "half-close", "reset", "slow-reader", "two-clients"] {
        insta::assert_snapshot!(format!("tcp-echo_{script}"), told(&run(demo, &[("script", script)], &seed(1))));
    }
}

#[test]
fn the_same_settings_and_seed_give_the_same_run() {
    for demo in demos::all() {
        for number in [0, 1, 7, u64::MAX] {
            assert_eq!(run(demo, &[], &seed(number)), run(demo, &[], &seed(number)), "{}", demo.name);
        }
        let first = run(demo, &[], &seed(3));
        assert_eq!(demos::replay(&first.run).expect("a run knows its demo"), first);
    }
}

/// Text for both ends of a knob, or for each of its words.
fn ends(kind: &KnobKind) -> Vec<String> {
    let number = |value: i64, unit| demos::Value::Quantity(roundtrip::quantity::Quantity::new(value, unit)).as_text();
    match *kind {
        KnobKind::Quantity { unit, min, max, .. } => vec![number(min, unit), number(max, unit)],
        KnobKind::Choice(words) => words.iter().map(|it| (*it).to_owned()).collect(),
        KnobKind::Switch => vec!["off".to_owned(), "on".to_owned()],
        KnobKind::Text { suggestions, .. } => suggestions.iter().map(|it| (*it).to_owned()).collect(),
    }
}

#[track_caller]
fn is_sane(recording: &Recording) {
    let what = &recording.run;
    assert!(recording.packets.len() <= MOST_PACKETS, "{} packets: {what:?}", recording.packets.len());
    assert!(recording.events.len() <= 5 * MOST_PACKETS, "{} events: {what:?}", recording.events.len());
    assert!(!recording.packets.is_empty() && !recording.measurements.is_empty(), "{what:?}");
    // Two hours of keepalive, and then some; certificates are renewed for a year.
    let longest = if what.demo == "acme" { 400 * 86_400_000_000_000 } else { 12_600_000_000_000 };
    assert!(recording.end.0 <= longest, "{}: {what:?}", recording.end);
    assert!(recording.markers.is_sorted_by_key(|it| it.at), "{what:?}");
    assert!(recording.events.is_sorted_by_key(|it| it.at), "{what:?}");
    assert!(recording.markers.iter().all(|it| it.at <= recording.end), "{what:?}");
    assert!(recording.spans.iter().all(|it| it.from <= it.to && it.to <= recording.end), "{what:?}");
    assert!(recording.markers.iter().filter_map(|it| it.packet).all(|n| recording.packet(n).is_some()), "{what:?}");
}

#[test]
fn every_end_of_every_knob_gives_a_sane_run() {
    for demo in demos::all() {
        for knob in demo.knobs {
            for text in ends(&knob.kind) {
                is_sane(&run(demo, &[(knob.name, &text)], &seed(1)));
            }
        }
    }
}

#[test]
fn all_knobs_at_their_ends_together_give_a_sane_run() {
    for demo in demos::all() {
        for pick in [0, 1] {
            let texts: Vec<_> = demo.knobs.iter().map(|knob| (knob.name, ends(&knob.kind)[pick].clone())).collect();
            let settings: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
            is_sane(&run(demo, &settings, &seed(1)));
        }
    }
}

#[test]
fn a_big_echo_is_sane_in_every_script() {
    let demo = demos::find("tcp-echo").expect("a demo");
    for script in ends(&demo.knobs[1].kind) {
        for size in ["100B", "100000B"] {
            let recording = run(demo, &[("script", &script), ("size", size)], &seed(1));
            is_sane(&recording);
            let gave_up = |kind: &EventKind| matches!(kind, EventKind::Note { text } if text.contains("gave up"));
            assert!(!recording.events.iter().any(|it| gave_up(&it.kind)), "{:?}", recording.run);
        }
    }
}

/// What lessons and questions rely on.
const CONTRACT: &[(&str, &str, &str, &str)] = &[
    (
        "encapsulation",
        "",
        "arp-request arp-reply syn syn-ack ack request response fin",
        "http_bytes tcp_header ip_header ethernet_header frame_bytes overhead_share total_bytes payload_share packets connect \
         first_byte",
    ),
    (
        "tcp-vs-udp",
        "",
        "tcp-connected first-udp first-tcp lost-tcp lost-udp retransmission recovered last-tcp last-udp",
        "tcp_connect tcp_first udp_first tcp_arrived udp_arrived tcp_worst_delay udp_worst_delay tcp_waited retransmit_gap \
         tcp_bytes udp_bytes tcp_packets udp_packets",
    ),
    (
        "three-layers-of-address",
        "",
        "arp-request arp-reply request-before request-after reply-before reply-after",
        "ttl_before ttl_after hops arp_packets first_answer second_answer frames_per_request",
    ),
    (
        "packet-tour",
        "",
        "arp-request arp-reply ping ping-reply dns-query dns-answer syn syn-ack request response retransmission refused-syn rst \
         fin",
        "arp_frame dns_rtt handshake_rtt ping_rtt syn_ack_frame retransmission_frame retransmit_gap rst_frame http_bytes frames",
    ),
    ("timeouts", "", "slowest", TIMEOUTS),
    (
        "connection-cost",
        "",
        "waits last-answer",
        "requests answered latency_p50 latency_p99 latency_longest over threads_max waited longest_wait threads_held \
         work_per_thread_time connections_max packets",
    ),
    (
        "keepalive",
        "",
        "connected answered forgotten second-question turned-away noticed",
        "probes_sent probe_bytes forgotten_at turned_away copies given_up noticed server_open packets",
    ),
    ("connection-pool", "", "first-syn first-request first-fin pool-full worst", POOL),
    (
        "flow-control",
        "",
        "syn-ack first-data window-full zero-window probe window-open all-read",
        "handshake bdp window scale peak_flight window_rate best_rate link_share goodput zero_windows shut_time probes \
         first_probe finished",
    ),
    (
        "congestion-window",
        "",
        "first-data flight-1 flight-2 queue-full fast-retransmit done",
        "handshake bdp queue_limit finish flights first_flight goodput link_share retransmissions recoveries timeouts queue_drops \
         codel_drops marks peak_queue mean_queue rtt_least rtt_mean rtt_most rtt_inflation",
    ),
    (
        "nagle",
        "",
        "head held-back ack body answer first-ack",
        "handshake answers fastest slowest held held_requests all segments",
    ),
    (
        "retransmission",
        "",
        "first-data lost duplicate-ack repeat filled",
        "handshake lost noticed hole duplicate_acks repeats needless timeouts repeated_bytes took clean cost",
    ),
    ("tcp-echo", "echo", "connect accept first-recv echo eof close", ECHO),
    ("tcp-echo", "partial-reads", "connect accept first-recv echo eof close", ECHO),
    ("tcp-echo", "half-close", "connect accept first-recv echo half-close eof close", ECHO),
    ("tcp-echo", "reset", "connect accept first-recv echo rst", ECHO),
    ("tcp-echo", "slow-reader", "connect accept first-recv echo zero-window window-update eof close", ECHO),
    (
        "tcp-handshake",
        "",
        "syn syn-at-server syn-ack ack established server-sees-data first-reply fin",
        "client_may_send server_accepts server_sees_data first_reply client_isn server_acks server_isn client_acks syn_header \
         syn_ack_header data_header syns syn_acks",
    ),
    (
        "tcp-damage",
        "",
        "first-payment damaged too-early again",
        "booked altered arrived bad_checksum duplicates out_of_order sent_again sent_again_after worst_delay",
    ),
    (
        "tcp-close",
        "",
        "answer client-fin close-wait fin-wait-2 server-fin time-wait over",
        "closing_segments fins rsts close_took time_wait_client time_wait_server close_wait_server time_wait_time answer_read",
    ),
    (
        "syn-queue",
        "",
        "first-syn answer-to-nobody first-client first-in first-served",
        "got_in shut_out let_down connect_best connect_worst answer_best answer_worst syns syn_acks syn_queue_peak \
         accept_queue_peak half_open_time",
    ),
    ("tcp-echo", "two-clients", "connect accept first-recv echo eof close", ECHO),
];
const TIMEOUTS: &str = "calls answered connect_p50 connect_longest answer_mean answer_p50 answer_p99 answer_p999 answer_longest connect_timeouts \
     request_timeouts errors false_timeouts false_rate worked wasted wasted_share client_gave_up connections syn_repeats \
     packets waiting_max";
const POOL: &str = "handshakes handshakes_per_second latency_mean latency_p50 latency_p99 wait_mean wait_p99 answered failed hold_mean arrival_rate \
     busy_by_little pool_by_little knee utilisation busy_max waiting_max retired stale leaks time_wait_client time_wait_server bytes \
     packets packets_per_request";
const ECHO: &str = "connect_time sends recvs echoed_bytes first_echo zero_window_time";

#[test]
fn every_promised_marker_and_measurement_is_there() {
    for (name, script, markers, measurements) in CONTRACT {
        let demo = demos::find(name).expect("a demo");
        let settings: &[_] = if script.is_empty() { &[] } else { &[("script", *script)] };
        for number in 0..10 {
            let recording = run(demo, settings, &seed(number));
            for marker in markers.split_whitespace() {
                assert!(recording.marker(marker).is_some(), "{name} {script} seed {number}: no marker {marker}");
            }
            for measurement in measurements.split_whitespace() {
                assert!(
                    recording.measurement(measurement).is_some(),
                    "{name} {script} seed {number}: no {measurement}"
                );
            }
        }
    }
}

#[test]
fn a_fork_finishes_and_shares_its_past() {
    let actions = [Meddling::Drop, Meddling::Delay(Duration::from_millis(70)), Meddling::Duplicate];
    for demo in demos::all() {
        let base = run(demo, &[], &seed(1));
        let count = u32::try_from(base.packets.len()).expect("a short run");
        let forks = (FORKED / actions.len() / base.packets.len().max(1)).clamp(4, FORKS);
        for n in (1..=count).step_by(FORK_STEP.max(base.packets.len() / forks)) {
            for action in actions {
                let interventions = vec![Intervention { packet: n, action }];
                let fork = run(demo, &[], &Setup { seed: 1, interventions });
                is_sane(&fork);
                let past = n as usize - 1;
                assert_eq!(fork.packets[..past], base.packets[..past], "{} packet {n} {action:?}", demo.name);
                assert_eq!(fork.packets[past].bytes, base.packets[past].bytes);
                let meddled = matches!(fork.packets[past].fate, Fate::Meddled(it) if it == action);
                let lost_anyway = matches!(base.packets[past].fate, Fate::Lost(_) | Fate::QueueFull);
                assert!(meddled || lost_anyway, "{} packet {n} {action:?}", demo.name);
            }
        }
    }
}

#[test]
fn a_dead_network_still_gives_a_recording_that_says_so() {
    for demo in demos::all() {
        let drop = |packet| Intervention { packet, action: Meddling::Drop };
        let dead = run(demo, &[], &Setup { seed: 1, interventions: (1..5000).map(drop).collect() });
        is_sane(&dead);
        assert!(dead.packets.iter().all(|it| it.arrived.is_none()), "{}", demo.name);
        let word = |kind: &EventKind| matches!(kind, EventKind::Note { text } if text.contains("gave up") || text.contains(" no"));
        assert!(dead.events.iter().any(|it| word(&it.kind)), "{}: {:?}", demo.name, dead.events);
    }
}

#[test]
fn what_cannot_be_run_says_what_can() {
    let setup = seed(1);
    let none = demos::run("tcp-vs-upd", &BTreeMap::new(), &setup).expect_err("no such demo");
    let names: Vec<_> = demos::all().iter().map(|demo| demo.name).collect();
    assert_eq!(none.to_string(), format!("there is no demo `tcp-vs-upd`: the demos are {}", names.join(", ")));
    let wrong = |name: &str, text: &str| {
        let settings = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        demos::run("tcp-echo", &settings, &setup).expect_err("no such setting").to_string()
    };
    insta::assert_snapshot!(wrong("ttr", "1ms"), @"tcp-echo: there is no knob `ttr` here: the knobs are rtt, script, size");
    insta::assert_snapshot!(wrong("rtt", "9s"), @"tcp-echo: `rtt` goes from 0 ns to 500 ms; 9 s lies outside");
    insta::assert_snapshot!(wrong("script", "shout"), @"tcp-echo: `script` is one of echo, partial-reads, half-close, reset, slow-reader, two-clients; `shout` is not");
}

#[test]
fn a_run_that_lost_nothing_measures_no_retransmission() {
    for name in ["tcp-vs-udp", "packet-tour"] {
        let demo = demos::find(name).expect("a demo");
        for number in 0..10 {
            let recording = run(demo, &[("drop", "0")], &seed(number));
            for measurement in ["retransmit_gap", "retransmission_frame"] {
                assert!(recording.measurement(measurement).is_none(), "{name} seed {number}: {measurement}");
            }
        }
    }
}

#[test]
fn a_longer_round_trip_changes_no_count_until_the_timer_of_the_syn_runs_out() {
    let demo = demos::find("encapsulation").expect("a demo");
    let frames = |rtt: &str| run(demo, &[("rtt", rtt)], &seed(1)).measurement("packets").map(|it| it.value.value);
    for rtt in ["0ms", "5ms", "100ms", "300ms", "495ms"] {
        assert_eq!(frames(rtt), Some(12), "{rtt}");
    }
    assert_eq!(frames("500ms"), Some(15));
}

#[test]
fn no_more_is_delivered_than_the_bottleneck_carries() {
    let demo = demos::find("congestion-window").expect("a demo");
    for settings in [&[][..], &[("rtt", "1ms"), ("rate", "2Mbit/s")], &[("drop", "50"), ("queue", "100kB")]] {
        let recording = run(demo, settings, &seed(1));
        let link = if settings.iter().any(|it| it.0 == "rate") { 2_000_000 } else { 10_000_000 };
        let curve = recording.series.iter().find(|it| it.name == "sender delivery rate").expect("a curve");
        let most = curve.points.iter().map(|it| it.1).max().expect("points");
        assert!(most <= link && most > link / 2, "{most} on a link of {link}: {settings:?}");
    }
}

#[test]
fn a_lost_handshake_gives_no_round_trip_and_no_cost() {
    let demo = demos::find("retransmission").expect("a demo");
    for packet in [1, 2] {
        let interventions = vec![Intervention { packet, action: Meddling::Drop }];
        let recording = run(demo, &[("lose", "none")], &Setup { seed: 1, interventions });
        assert!(recording.measurement("took").is_some());
        for name in ["handshake", "cost"] {
            assert!(recording.measurement(name).is_none(), "{name} with packet {packet} lost");
        }
    }
}

#[test]
fn every_hole_is_marked_with_its_number() {
    let demo = demos::find("retransmission").expect("a demo");
    let interventions = vec![Intervention { packet: 12, action: Meddling::Drop }];
    let recording = run(demo, &[], &Setup { seed: 1, interventions });
    let labels: Vec<&str> = recording.markers.iter().map(|it| it.label.as_str()).collect();
    for label in ["hole 1 of 2: the hole is filled", "hole 2 of 2: the hole is filled"] {
        assert!(labels.contains(&label), "{labels:?}");
    }
    assert!(recording.measurement("longest_hole").is_some());
}
