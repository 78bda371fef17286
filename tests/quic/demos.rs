//! What quic-vs-tcp and head-of-line measure, against what the protocols say.
use roundtrip::demos::{self, Setup, export};
use roundtrip::recording::{Fate, Recording};

pub(crate) fn run(demo: &str, settings: &[(&str, &str)]) -> Recording {
    let settings = settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    demos::run(demo, &settings, &Setup { seed: 1, ..Setup::default() }).expect("the settings are within the knobs")
}

#[track_caller]
fn value(recording: &Recording, name: &str) -> i64 {
    recording.measurement(name).unwrap_or_else(|| panic!("{name} is measured")).value.value
}

const MS: i64 = 1_000_000;

#[test]
fn the_first_byte_takes_3_2_or_1_round_trips() {
    for (mode, quic, tcp) in [("full", 2, 3), ("resumed", 2, 3), ("0-rtt", 1, 2)] {
        let run = run("quic-vs-tcp", &[("mode", mode), ("rtt", "80ms")]);
        assert_eq!(value(&run, "h3_first_byte"), quic * 80 * MS, "{mode}");
        assert_eq!(value(&run, "h2_first_byte"), tcp * 80 * MS, "{mode}");
        assert_eq!((value(&run, "h3_first_byte_rtts"), value(&run, "h2_first_byte_rtts")), (quic, tcp), "{mode}");
        assert_eq!(run.measurement("h3_early_taken").map(|it| it.value.value), (mode == "0-rtt").then_some(1));
    }
}

#[test]
fn a_quic_connection_outlives_its_clients_address_and_a_tcp_connection_does_not() {
    let run = run("quic-vs-tcp", &[("move", "300ms"), ("size", "100kB")]);
    assert_eq!((value(&run, "h3_survived"), value(&run, "h3_connections")), (1, 1));
    assert_eq!((value(&run, "h2_survived"), value(&run, "h2_connections")), (0, 2));
    assert!(value(&run, "h3_path_challenges") >= 1);
    let silence = value(&run, "h3_silence");
    assert!(
        (80 * MS..=160 * MS).contains(&silence),
        "there and back, and once more where the server may not send more yet"
    );
    assert!(value(&run, "h2_page") - value(&run, "h3_page") > 2500 * MS, "TCP's client waits out its patience");
}

#[test]
fn a_page_comes_over_tcp_where_udp_is_blocked_and_later_by_the_wait_for_quic() {
    for udp in ["dropped", "rejected"] {
        for (wait, nanos) in [("300ms", 300 * MS), ("50ms", 50 * MS)] {
            let run = run("quic-vs-tcp", &[("udp", udp), ("fallback", wait)]);
            assert_eq!(value(&run, "fallback_cost"), nanos, "{udp}");
        }
    }
    assert!(run("quic-vs-tcp", &[]).measurement("fallback_cost").is_none());
}

#[test]
fn one_lost_packet_holds_up_every_stream_of_http_2_and_one_of_http_3() {
    let stalled = |settings: &[(&str, &str)]| {
        let run = run("head-of-line", settings);
        let lost = run.packets.iter().filter(|it| matches!(it.fate, Fate::Lost(_))).count();
        (lost, ["h3_stalled", "h2_stalled", "h1_stalled"].map(|name| value(&run, name)))
    };
    assert_eq!(stalled(&[]), (3, [1, 6, 1]));
    // A larger page goes on while the gap is closed, which hides some of what HTTP/3 waits; HTTP/1.1 has another resource in line.
    let (_, [h3, h2, h1]) = stalled(&[("streams", "12"), ("drop", "3")]);
    assert!(h3 <= 1 && (h2, h1) == (12, 2), "{h3} {h2} {h1}");
    // With one stream there is nobody to hold up.
    assert_eq!(stalled(&[("streams", "1")]), (3, [1, 1, 1]));
    assert_eq!(stalled(&[("drop", "0")]), (0, [0, 0, 0]));
}

#[test]
fn the_log_of_the_quic_client_is_one_json_document_about_this_run() {
    let run = run("quic-vs-tcp", &[]);
    let text = export::write("qlog", &run).expect("it gives one");
    let log: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let events = log["traces"][0]["events"].as_array().expect("a list");
    let received = events.iter().filter(|it| it["name"] == "transport:packet_received").count();
    let came = run.packets.iter().filter(|it| run.node_name(it.to) == "quic-client" && it.arrived.is_some()).count();
    assert!(received >= came, "{received} QUIC packets in {came} datagrams");
    assert_eq!(events.last().map(|it| it["time"].is_number()), Some(true));
}

#[test]
fn runs_with_losses_repeat() {
    for settings in
        [&[("loss", "10%"), ("reorder", "20%")][..], &[("mode", "0-rtt"), ("loss", "5%"), ("move", "100ms")]]
    {
        assert!(run("quic-vs-tcp", settings) == run("quic-vs-tcp", settings), "{settings:?}");
    }
}
